"""Tells the errors that libraries raise for broken files from mistakes of our own.

An untrusted file is refused in a sentence whatever it makes a library raise. What no broken file is
known to raise is a mistake of ours, and goes into the log with its traceback.
"""

from __future__ import annotations

import logging
import struct
import tokenize
import zipfile
import zlib

log = logging.getLogger(__name__)

# From zipfile (RuntimeError: encrypted, KeyError: no such member), its compressions, NumPy's
# headers, JSON and Pillow.
_KNOWN = (
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    RuntimeError,
    SyntaxError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)


def note(error: Exception, what: str) -> None:
    """Log an error that was raised by reading ``what``, unless broken files are known to do so."""
    if not isinstance(error, _KNOWN):
        log.error("reading %s failed in an unexpected way", what, exc_info=error)
