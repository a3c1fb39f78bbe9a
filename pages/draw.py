"""Draw: a digit by hand or in a picture, and what a network reads in it."""

import streamlit as st

from digitlab.ui import selected_model, shell
from digitlab.ui.draw import draw_view


def main() -> None:
    with shell.page("draw") as visit:
        st.title(visit.t("Draw a digit"))
        draw_view.show(selected_model.choose(visit), visit)


if __name__ == "__main__":  # a worker process runs this file again, under another name
    main()
