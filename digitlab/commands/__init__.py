"""The command line, one file a command: the same engine and store as the pages."""
