"""Sweep: what a setting does, shown by many runs that differ in it alone."""

import streamlit as st

from digitlab import dataset
from digitlab.ui import data_view, lab, shell
from digitlab.ui.sweep import mine, panel, planning


def main() -> None:
    with shell.page("sweep") as visit:
        lab.engine().warm()
        choice = dataset.current()
        st.title(visit.t("Run a sweep"))
        st.markdown(
            visit.t("Train the same network many times and let one setting vary: what does it do?")
        )
        mine.undo(visit)
        if sweep := st.query_params.get("sweep"):
            panel.show(visit, sweep)
        planning.show(visit, choice.digits)
        data_view.source_line(choice, visit.t)
        mine.show(visit)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
