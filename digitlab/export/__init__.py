"""A run to take home: as plain Keras code that a student can read, and the images it used.

The code trains the run again without the lab: same first weights, same batches, same dropout. A
run that goes on from another takes the weights that it began with along as a file.
"""

from digitlab.export.images import images, images_name
from digitlab.export.notebook import notebook
from digitlab.export.parts import Part, parts
from digitlab.export.script import script
from digitlab.export.start import Memory, Start, start_file, start_name

__all__ = [
    "Memory",
    "Part",
    "Start",
    "images",
    "images_name",
    "notebook",
    "parts",
    "script",
    "start_file",
    "start_name",
]
