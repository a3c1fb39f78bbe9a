"""Exports a run as plain Keras code that a student can read, with the images it used.

The code trains the run again without the lab: same initial weights, same batches, same dropout. For
a run that continues training from another, the weights it started with are a file beside the code.
"""

from digitlab.export.files import (
    OptimizerState,
    StartFile,
    images,
    images_name,
    start_file,
    start_name,
)
from digitlab.export.parts import Part, parts
from digitlab.export.script import notebook, script

__all__ = [
    "OptimizerState",
    "Part",
    "StartFile",
    "images",
    "images_name",
    "notebook",
    "parts",
    "script",
    "start_file",
    "start_name",
]
