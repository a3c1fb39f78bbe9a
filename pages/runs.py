"""Runs: all of a person's runs in a table, and what sets the chosen ones apart."""

import streamlit as st

from digitlab.ui import shell
from digitlab.ui.runs import archive_view, leave, overview


def main() -> None:
    with shell.page("runs") as visit:
        st.title(visit.t("My runs"))
        overview.show(visit)
        archive_view.show(visit)
        leave.show(visit)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
