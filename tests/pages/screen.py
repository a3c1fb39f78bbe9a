"""The lab as somebody opens it, under Streamlit's AppTest, and all that its page says."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

_APP = str(Path(__file__).parents[2] / "streamlit_app.py")


def opened_lab(me: str, lang: str = "en") -> AppTest:
    """The lab, opened by ``me``; nothing has run yet."""
    app = AppTest.from_file(_APP, default_timeout=120)
    app.query_params.update({"me": me, "lang": lang})
    return app


def open_page(app: AppTest, name: str, **query: str) -> AppTest:
    """The page ``name``, whose address has ``query``."""
    app.query_params.update(query)
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """All sentences on the page."""
    groups = (app.markdown, app.caption, app.info, app.warning, app.error, app.title, app.subheader)
    told = "\n".join(element.value for group in groups for element in group)
    return told.replace("\\", "")  # what keeps Markdown from taking a quoted value for its own
