"""The queue of runs, and the Dask workers that train them.

``engine`` queues runs and hands them to workers, ``supervisor`` follows one run to its end,
``cluster`` wraps Dask, and ``software`` checks what a worker has installed. ``worker`` holds the
functions that run in a worker process, and imports none of these.
"""
