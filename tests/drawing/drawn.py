"""Strokes drawn as a picture."""

import numpy as np
from PIL import Image, ImageDraw


def picture_of(strokes, pen):
    """Strokes drawn with a round pen, uint8 (280, 280), light on dark."""
    image = Image.new("L", (560, 560))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        draw.line((stroke * 2).ravel().tolist(), fill=255, width=2 * pen)
        for x, y in (stroke * 2).tolist():
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(image.reduce(2))
