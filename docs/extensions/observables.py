"""The directive `observables`: a table of what records hold, from the labels that the program itself writes into files.

Its argument is `always` or `on-request`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hpcmix.observe.observable import Label
from hpcmix.observe.registry import ALWAYS, AROUND_FLOW, requested
from hpcmix.problem.sections.calculation.requests import REQUESTS


def dimension_of(label: Label) -> str:
    """The dimension of an entry in words; one that depends on the grid on one of three axes."""
    dimension = label.on_axes(3)
    if dimension is None:
        return ""
    return dimension.described().removeprefix("a quantity of dimension ").removeprefix("an ").removeprefix("a ")


def always() -> Iterable[tuple[str, ...]]:
    """Name, meaning and dimension of what every record holds of the species that it concerns."""
    for observable in (*ALWAYS, *AROUND_FLOW):
        for label in observable.labels:
            yield label.name, label.long_name, dimension_of(label)


def on_request() -> Iterable[tuple[str, ...]]:
    """Word, name, meaning and dimension of what is measured on request."""
    for request in REQUESTS:
        for label in requested([request.word])[0].labels:
            yield request.word, label.name, label.long_name, dimension_of(label)


TABLES = {
    "always": (("entry", "what it is", "dimension"), always),
    "on-request": (("word", "entry", "what it is", "dimension"), on_request),
}


def table_of(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> nodes.table:
    """A table; what stands in front of the meaning are names."""
    group = nodes.tgroup("", *(nodes.colspec() for _ in head), cols=len(head))
    group += nodes.thead("", nodes.row("", *(nodes.entry("", nodes.paragraph(text=word)) for word in head)))
    body = nodes.tbody()
    names = head.index("what it is")
    for row in rows:
        cells = [nodes.literal(text=text) if place < names else nodes.Text(text) for place, text in enumerate(row)]
        body += nodes.row("", *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells))
    group += body
    return nodes.table("", group)


class Observables(SphinxDirective):
    """Puts one of the tables where it stands."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        head, rows = TABLES[directives.choice(self.arguments[0], tuple(TABLES))]
        return [table_of(head, rows())]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("observables", Observables)
    return {"parallel_read_safe": True}
