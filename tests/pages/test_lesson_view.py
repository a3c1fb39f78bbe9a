"""The text of each lesson, as Streamlit draws it."""

import pytest
from streamlit.testing.v1 import AppTest

from digitlab.lessons import TEXTS
from digitlab.presets import PRESETS


def _page(preset: str) -> None:
    from digitlab.messages import Translator
    from digitlab.ui.train import lesson_view

    lesson_view.show(preset, Translator("en"))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_lesson_has_its_question_its_steps_and_what_to_look_at(preset: str) -> None:
    app = AppTest.from_function(_page, args=(preset,), default_timeout=30).run()
    assert not app.exception
    (folded,) = app.expander
    question, steps, look = (part.value for part in folded.markdown)
    text = TEXTS[preset]
    assert question == f"**The question**\n\n{text.question}"
    for number, step in enumerate(text.steps, 1):
        assert f"{number}. {step}" in steps.splitlines()
    assert look.endswith(text.look)


def test_a_name_that_is_no_lesson_has_no_text() -> None:
    app = AppTest.from_function(_page, args=("mine",), default_timeout=30).run()
    assert not app.exception
    assert not app.expander
