"""A run to take home: as plain Keras code that a student can read, and the images it used.

The code trains the run again without the lab: same first weights, same batches, same dropout.
"""

from digitlab.take_home.images import images, images_name
from digitlab.take_home.notebook import notebook
from digitlab.take_home.parts import Part, parts
from digitlab.take_home.script import script

__all__ = ["Part", "images", "images_name", "notebook", "parts", "script"]
