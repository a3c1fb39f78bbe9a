"""All of a person's work in one zip: packed here, and loaded elsewhere, where nothing is trusted.

``form`` says what the zip looks like and ``packing`` writes one. ``opening`` looks at a zip before
it is unpacked, ``record`` and ``files`` at each run in it, ``sweep_record`` at each sweep;
``unpacking`` puts into the store what has passed.
"""

from digitlab.luggage.form import LARGEST, LuggageError
from digitlab.luggage.packing import Packed, estimate, pack
from digitlab.luggage.unpacking import Unpacked, unpack

__all__ = ["LARGEST", "LuggageError", "Packed", "Unpacked", "estimate", "pack", "unpack"]
