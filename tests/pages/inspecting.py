"""What the tests of the Inspect page share: networks, runs that kept them, the page's sentences."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from make_run import add_run
from streamlit.testing.v1 import AppTest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.network import Network
from digitlab.store import DataSetInfo, Run, Store

SAMPLE = DataSetInfo("sample", dataset.SAMPLE_FINGERPRINT, 3_200, 800, 1_000)


def network_of(config: RunConfig, epoch: int, *, scale: float = 0.2, bias: float = 0.0) -> Network:
    """A network with weights drawn for ``epoch``; ``scale`` and ``bias`` are their spreads."""
    rng = np.random.default_rng(epoch)
    weights = {
        layer.name: (
            rng.normal(0, scale, layer.kernel_shape).astype(np.float32),
            rng.normal(0, bias, layer.kernel_shape[-1]).astype(np.float32),
        )
        for layer in layers_of(config)
        if layer.kernel_shape
    }
    return Network(layers_of(config), weights, {"epoch": epoch})


def kept_run(
    home: Path, owner: str, config: RunConfig, networks: Mapping[int, Network], **about: Any
) -> Run:
    """A run of ``owner`` that kept ``networks``, each by its epoch; ``about`` is ``add_run``'s."""
    files = {f"weights-{epoch:03d}.npz": kept.to_bytes() for epoch, kept in networks.items()}
    about = {"digits": SAMPLE, "parameters": parameter_count(layers_of(config))} | about
    files |= about.pop("files", {})
    return add_run(Store(home), config, owner=owner, files=files, **about)


def lab_page(me: str | None = None) -> AppTest:
    """The lab in English, opened by ``me`` or by somebody new."""
    script = Path(__file__).parents[2] / "streamlit_app.py"
    app = AppTest.from_file(str(script), default_timeout=120)
    app.query_params["me"] = me or secrets.token_urlsafe(16)
    app.query_params["lang"] = "en"
    return app


def open_inspect(app: AppTest, **query: str) -> AppTest:
    """The Inspect page with ``query`` in its address."""
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page("pages/inspect.py").run()
    assert not app.exception
    assert "Something went wrong" not in said(app)
    return app


def said(app: AppTest) -> str:
    """All sentences on the page."""
    groups = (app.markdown, app.caption, app.info, app.warning, app.error, app.subheader)
    return "\n".join(element.value for group in groups for element in group).replace("\\", "")
