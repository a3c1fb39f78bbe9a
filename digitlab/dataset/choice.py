"""The choice of the data set that all sessions of this process use, and the reason for it."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from digitlab.dataset import loader
from digitlab.dataset.bundled import sample
from digitlab.dataset.digits import MNIST_FINGERPRINT, DigitSet
from digitlab.dataset.download import MNIST_SHA256, MNIST_URL, fetch, mnist_file
from digitlab.dataset.file import DataFileError
from digitlab.dataset.loader import load
from digitlab.messages import LabError, Message, message

Fetching = Literal["no", "running", "failed"]

log = logging.getLogger(__name__)

_lock = threading.Lock()
_download: Future[DigitSet] | None = None


@dataclass(frozen=True)
class Choice:
    """The set in use, and why; how to get the other one, and what was refused.

    ``notes`` has a sentence for each file that was refused. ``fetching`` is the state of the
    download in the background: not started or not needed, running, or failed.
    """

    digits: DigitSet
    reason: Message
    notes: tuple[Message, ...] = ()
    fetching: Fetching = "no"

    @property
    def on_page(self) -> tuple[Message, ...]:
        """The same for a page, without the names of files and settings."""
        if self.digits.fingerprint == MNIST_FINGERPRINT:
            in_use = message("The lab is on full MNIST.")
        elif self.digits.name != "sample":
            in_use = message("The lab is on images of its own, not the original MNIST.")
        elif self.fetching == "running":
            in_use = _wanting(self.fetching)
        elif self.fetching == "failed":
            in_use = message(
                "The lab is on its sample of 5,000 MNIST images: full MNIST could not be "
                "downloaded."
            )
        else:
            in_use = message("The lab is on its sample of 5,000 MNIST images.")
        if not self.notes:
            return (in_use,)
        refused = message(
            "The images that this lab was set up with cannot be used; its terminal tells whoever "
            "runs it why."
        )
        return in_use, refused


def current() -> Choice:
    """The set that new runs use: ``DIGITLAB_MNIST``, else the downloaded MNIST, else the sample.

    Cheap enough to call often: a file is read again only when it has changed.

    Raises:
        LabError: the sample is needed and cannot be cached in the lab's folder.
    """
    asked = os.environ.get("DIGITLAB_MNIST")
    if asked == "sample":
        reason = message(
            "The lab is on its sample of 5,000 MNIST images, because DIGITLAB_MNIST asks for it. "
            "For full MNIST, take that setting away."
        )
        return Choice(sample(), reason)
    notes = []
    if asked:
        try:
            digits = load(asked)
            return Choice(digits, _asked_for_file(digits))
        except DataFileError as error:
            notes.append(error.message)
    fetching = _fetching()  # first, since the download may end while the file is looked at
    if mnist_file().exists():
        try:
            digits = load(mnist_file())
            return Choice(digits, _cached(digits), tuple(notes))
        except DataFileError as error:
            notes.append(error.message)
    return Choice(sample(), _wanting(fetching), tuple(notes), fetching)


def find(wanted: str) -> DigitSet:
    """The set with the fingerprint ``wanted``, for a page that shows a run's images.

    Raises:
        DataFileError: it is neither in use, nor the downloaded MNIST, nor the sample.
    """
    sources: tuple[Callable[[], DigitSet | None], ...] = (
        lambda: loader.known(wanted),
        lambda: load(mnist_file()),
        lambda: current().digits,
        sample,
    )
    for source in sources:
        with contextlib.suppress(LabError):
            digits = source()
            if digits is not None and digits.fingerprint == wanted:
                return digits
    raise DataFileError(
        message(
            "The images of this run are not here any more. Set DIGITLAB_MNIST to the file that "
            "it was trained on."
        ),
        on_page=message("The images of this run are not here any more."),
    )


def fetch_in_background(*, url: str = MNIST_URL, sha256: str = MNIST_SHA256) -> None:
    """Start downloading full MNIST, once, if the sample is in use only because it is missing.

    Returns at once, and raises nothing: see ``current().reason`` and the log for the result.
    """
    global _download
    future: Future[DigitSet] = Future()

    def download() -> None:
        try:
            future.set_result(fetch(url=url, sha256=sha256))
        except Exception as error:
            log.warning("full MNIST was not fetched", exc_info=error)
            future.set_exception(error)

    with _lock, contextlib.suppress(LabError):
        wanting = not os.environ.get("DIGITLAB_MNIST") and current().digits.name == "sample"
        if _download is None and wanting:
            _download = future
            threading.Thread(target=download, name="digitlab-download", daemon=True).start()


def forget() -> None:
    """Clear every cached set, choice and download of this process."""
    global _download
    loader.forget()
    _download = None


def _fetching() -> Fetching:
    if _download is None:
        return "no"
    if not _download.done():
        return "running"
    return "failed" if _download.exception() else "no"


def _asked_for_file(digits: DigitSet) -> Message:
    if digits.original:
        return message(
            "The lab is on the MNIST images of {path}, because DIGITLAB_MNIST names that file. "
            "DIGITLAB_MNIST=sample asks for the sample of 5,000.",
            path=str(digits.path),
        )
    return message(
        "The lab is on the images of {path}, which are not the original MNIST, because "
        "DIGITLAB_MNIST names that file. For MNIST, take that setting away.",
        path=str(digits.path),
    )


def _cached(digits: DigitSet) -> Message:
    if digits.fingerprint == MNIST_FINGERPRINT:
        return message(
            "The lab is on full MNIST, kept in {path}. DIGITLAB_MNIST=sample asks for the sample "
            "of 5,000.",
            path=str(digits.path),
        )
    return message(
        "The lab is on the images of {path}, which are not the original MNIST. For full MNIST, "
        "delete that file and use: python -m digitlab fetch",
        path=str(digits.path),
    )


def _wanting(fetching: Fetching) -> Message:
    if fetching == "running":
        return message(
            "The lab is on its sample of 5,000 MNIST images while full MNIST is downloaded. New "
            "runs use it as soon as it is whole and checked."
        )
    failure = _download.exception() if fetching == "failed" and _download else None
    if isinstance(failure, LabError):
        return message(
            "The lab is on its sample of 5,000 MNIST images. {failure}",
            failure=failure.message,
        )
    return message(
        "The lab is on its sample of 5,000 MNIST images, because full MNIST is not here. Get it "
        "with: python -m digitlab fetch"
    )
