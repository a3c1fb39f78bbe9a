"""Inspect: what a network has learned, and what it misreads."""

import streamlit as st

from digitlab.ui import inside_view, mistakes_view, readers, shell


def main() -> None:
    with shell.page("inspect") as visit:
        st.title(visit.t("Look inside"))
        reader = readers.choose(visit)
        inside_view.show(reader, visit.t)
        mistakes_view.show(reader, visit.t)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
