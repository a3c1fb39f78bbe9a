"""A run's code as one Python script."""

from __future__ import annotations

from digitlab.config import RunConfig
from digitlab.export.parts import parts
from digitlab.export.start import StartFile
from digitlab.messages import Translator
from digitlab.progress import ExecutionSettings
from digitlab.scores import Scores


def script(
    config: RunConfig,
    fingerprint: str,
    t: Translator,
    *,
    execution: ExecutionSettings | None = None,
    reached: Scores | None = None,
    start: StartFile | None = None,
) -> str:
    """A Keras script that trains ``config`` again; it imports nothing of the lab.

    Its last line of output is ``test: loss 0.0000, accuracy 0.0000``. The arguments are those of
    ``parts``.
    """
    found = parts(config, fingerprint, t, execution=execution, reached=reached, start=start)
    texts = []
    for part in found:
        comments = "".join(f"# {line}\n" for line in (part.title, *part.remarks))
        texts.append(f"{comments}{part.code}\n")
    return "\n".join(texts)
