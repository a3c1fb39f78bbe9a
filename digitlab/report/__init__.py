"""A run as one printable HTML file to hand in; it needs no network and names nobody."""

from __future__ import annotations

from digitlab.messages import Translator
from digitlab.report import sections
from digitlab.report.data import ReportData, gather
from digitlab.report.templates import render

__all__ = ["ReportData", "gather", "html_of"]


def html_of(data: ReportData, t: Translator) -> str:
    """The report of a run as an HTML page, in the reader's language.

    Pictures are ``data:`` addresses and curves SVG, so the page is complete in itself. All text is
    escaped. A sentence says what the run lacks.
    """
    title = t("Report: {name}", name=sections.name_of(data, t))
    return render(
        "report.html",
        title=title,
        language=t.language,
        head=sections.head(data, t),
        settings=sections.settings(data, t),
        curves=sections.curves(data, t),
        results=sections.metrics_table(data, t),
        first_layer=sections.first_layer(data, t),
        misclassified=sections.misclassified(data, t),
        questions=sections.questions(data, t),
    )
