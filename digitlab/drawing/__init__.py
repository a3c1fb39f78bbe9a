"""Preprocessing of drawings and pictures to the 28x28 pixels that a network reads.

Pen strokes are redrawn (``from_strokes``), pictures are cleaned and scaled (``from_image``). Both
give what MNIST's own preprocessing gave (Y. LeCun, C. Cortes, C. Burges,
http://yann.lecun.com/exdb/mnist): longest side 20 pixels, centre of mass in the middle of 28x28.
"""

from digitlab.drawing.canvas import strokes_from_canvas
from digitlab.drawing.file import MAX_IMAGE_BYTES
from digitlab.drawing.picture import from_image, from_pixels
from digitlab.drawing.strokes import (
    MAX_POINTS,
    check_strokes,
    digit_from_strokes,
    from_strokes,
)
from digitlab.drawing.types import (
    ALL_STEPS,
    BOX_SIDE,
    CENTRE,
    PEN_WIDTH,
    Drawing,
    DrawingError,
    NothingDrawnError,
    Picture,
    Steps,
    Strokes,
    broken,
    centre_of_mass,
)

__all__ = [
    "ALL_STEPS",
    "BOX_SIDE",
    "CENTRE",
    "MAX_IMAGE_BYTES",
    "MAX_POINTS",
    "PEN_WIDTH",
    "Drawing",
    "DrawingError",
    "NothingDrawnError",
    "Picture",
    "Steps",
    "Strokes",
    "broken",
    "centre_of_mass",
    "check_strokes",
    "digit_from_strokes",
    "from_image",
    "from_pixels",
    "from_strokes",
    "strokes_from_canvas",
]
