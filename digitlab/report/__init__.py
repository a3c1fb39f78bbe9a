"""A run as one printable HTML file to hand in; it needs no network and names nobody."""

from __future__ import annotations

from digitlab.messages import Translator
from digitlab.report import sections
from digitlab.report.data import ReportData, gather
from digitlab.report.page import document

__all__ = ["Material", "gather", "html_of"]


def html_of(data: ReportData, t: Translator) -> str:
    """The report of a run as a whole HTML page, in the reader's language.

    Everything is inside the page: pictures as ``data:`` addresses, curves as SVG. What a person
    has typed, the run's name, is escaped. What the run has not got is said in a sentence.
    """
    title = t("Report: {name}", name=sections.name_of(data, t))
    parts = [
        sections.head(title, data, t),
        sections.settings(data, t),
        sections.curves(data, t),
        sections.metrics_table(data, t),
        sections.first_layer(data, t),
        sections.misclassified(data, t),
        sections.questions(data, t),
    ]
    return document(title, parts, t.language)
