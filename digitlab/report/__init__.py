"""A run as one printable HTML file to hand in; it needs no network and names nobody."""

from __future__ import annotations

from digitlab.messages import Translator
from digitlab.report import sections
from digitlab.report.material import Material, gather
from digitlab.report.page import document

__all__ = ["Material", "gather", "html_of"]


def html_of(material: Material, t: Translator) -> str:
    """The report of a run as a whole HTML page, in the reader's language.

    Everything is inside the page: pictures as ``data:`` addresses, curves as SVG. What a person
    has typed, the run's name, is escaped. What the run has not got is said in a sentence.
    """
    title = t("Report: {name}", name=sections.name_of(material, t))
    parts = [
        sections.head(title, material, t),
        sections.settings(material, t),
        sections.curves(material, t),
        sections.metrics(material, t),
        sections.first_layer(material, t),
        sections.misclassified(material, t),
        sections.questions(material, t),
    ]
    return document(title, parts, t.language)
