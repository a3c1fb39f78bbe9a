"""Sweeps: one or a few settings varied over values, each combination with several seeds.

``planning`` says what a sweep will train and what it takes, ``sweeps`` notes it on disk and queues
its runs, ``measures`` says what came of it.
"""

from digitlab.store.sweeps import Standing, Trial
from digitlab.sweeps.sweeps import Sweep, Sweeps

__all__ = ["Standing", "Sweep", "Sweeps", "Trial"]
