"""Runs are trained one after another by worker processes, over Dask.

``engine`` takes runs and ends them, ``supervisor`` sees one through, ``cluster`` is what the lab
asks of Dask, and ``software`` says what a worker lacks to train. ``worker`` is what a worker
process does: it is called by name, and imports none of these.
"""
