"""The folder where the lab keeps its runs, its data and what it has measured."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from digitlab.messages import LabError, message


def home() -> Path:
    """The lab's folder: ``DIGITLAB_HOME``, else the user's data folder; made when missing.

    Raises:
        LabError: it cannot be made, or nothing can be written in it.
    """
    folder = _wanted()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(folder) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refusal(folder)
    return folder


def _wanted() -> Path:
    named = os.environ.get("DIGITLAB_HOME")
    # A worker may run in another folder, so a relative path is settled here.
    return Path(os.path.expanduser(named)).absolute() if named else user_data_path("digitlab")


def _refusal(folder: Path) -> LabError:
    return LabError(
        message(
            "The lab cannot write in {folder}. Set DIGITLAB_HOME to a folder that it may write in.",
            folder=str(folder),
        )
    )
