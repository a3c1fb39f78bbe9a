"""The Runs page: the table, what can be done with its rows, and the chosen ones compared."""
