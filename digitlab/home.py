"""The folder where the lab keeps its runs, its data and what it has measured."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from platformdirs import user_data_path

from digitlab import disk


def home() -> Path:
    """The lab's folder: ``DIGITLAB_HOME``, else the user's data folder; made when missing.

    Raises:
        StorageError: it cannot be made, or nothing can be written in it.
    """
    named = os.environ.get("DIGITLAB_HOME")
    # A worker may have another working directory, so a relative path is made absolute here.
    folder = Path(os.path.expanduser(named)).absolute() if named else user_data_path("digitlab")
    with disk.as_storage_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return folder
