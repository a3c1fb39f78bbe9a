"""Train: a lesson, its sliders, the network they build, and the run."""

import streamlit as st

from digitlab import dataset
from digitlab.ui import data_view, lab, shell
from digitlab.ui.train import after_run, controls, network_view, run_panel


def main() -> None:
    with shell.page("train") as visit:
        t = visit.t
        lab.engine().warm()
        choice = dataset.current()
        st.title(t("Train a network"))
        config = controls.run_config(t, len(choice.digits.x_train))
        controls.link(config, t)
        data_view.source_line(choice, t)
        possible = network_view.plan(config, choice.digits, t)
        start = st.button(
            t("Start training"), type="primary", icon=":material/play_arrow:", disabled=not possible
        )
        if start:
            st.query_params["run"] = lab.engine().submit(visit.me, config, choice.digits).id
            st.rerun()  # the links at the top were drawn before there was a run to take along
        run = run_panel.asked(visit, st.query_params.get("run"))
        if run is not None:
            run_panel.about_sliders(visit, run, config, choice.digits)
            run_panel.show(visit, run)
            after_run.show(visit, run.id)
        network_view.show(config, run.config if run else None, t)
        data_view.show(choice.digits, config, t)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
