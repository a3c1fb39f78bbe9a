"""Inspect: what a network has learned, where it fails, and how it got there."""

import streamlit as st

from digitlab.ui import selected_model, shell
from digitlab.ui.inspect import questions


def main() -> None:
    with shell.page("inspect") as visit:
        st.title(visit.t("Look inside"))
        questions.show(selected_model.choose(visit), visit)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
