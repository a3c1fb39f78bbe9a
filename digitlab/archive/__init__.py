"""All of a person's work in one zip: packed here, and loaded elsewhere, where nothing is trusted.

``form`` says what the zip looks like and ``packing`` writes one. ``opening`` looks at a zip before
it is unpacked, ``record`` and ``files`` at each run in it, ``sweep_record`` at each sweep;
``unpacking`` puts into the store what has passed.
"""

from digitlab.archive.form import LARGEST, ArchiveError
from digitlab.archive.packing import Packed, estimate, pack
from digitlab.archive.unpacking import Unpacked, unpack

__all__ = ["LARGEST", "ArchiveError", "Packed", "Unpacked", "estimate", "pack", "unpack"]
