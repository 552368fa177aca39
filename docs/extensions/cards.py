"""The directive `card`: what an example card is, in the words of its file, and the file itself to unfold.

Its argument is the card's name. A card says in comments before its first key what it computes; indented lines there are
formulas.
"""

from __future__ import annotations

import re
import tomllib
from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from hpcmix.problem.files.cards import find_card

MARKS = re.compile(r"(`[^`]+`|Phys\.\s+Rev\.\s+(?:Lett\.|A|B|D|E)\s+\d+\s+\(\d{4}\)\s+\d+)")
"""Code in backquotes, and papers whose address follows from volume and page."""


def remarks_of(source: str) -> list[str]:
    """The lines of the comment that a file begins with."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" "))
    return lines


def in_words(lines: list[str]) -> list[nodes.Node]:
    """Paragraphs, with code and links to papers in them, and indented lines as they stand."""
    written: list[nodes.Node] = []
    for is_formula, group in groupby(lines, key=lambda line: line.startswith("    ")):
        text = "\n".join(line.removeprefix("    ") if is_formula else line for line in group)
        if is_formula:
            written.append(nodes.literal_block(text, text, language="none"))
        else:
            written.append(nodes.paragraph("", "", *map(marked, MARKS.split(text))))
    return written


def marked(part: str) -> nodes.Node:
    """A part of a sentence: code, a link to a paper, or plain words."""
    if not MARKS.fullmatch(part):
        return nodes.Text(part)
    if part.startswith("`"):
        return nodes.literal(text=part.strip("`"))
    _, _, journal, volume, _, page = part.split()
    return nodes.reference(
        part, part, internal=False, refuri=f"https://doi.org/10.1103/PhysRev{journal.strip('.')}.{volume}.{page}"
    )


def size_of(problem: dict[str, Any]) -> str:
    """The grid and the species of a card in a line."""
    species = [f"{entry['name']} ({entry.get('kind', 'condensate')})" for entry in problem["species"]]
    return f"{' x '.join(map(str, problem['grid']['points']))} points: {', '.join(species)}."


class Card(SphinxDirective):
    """Puts a card where it stands."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """What it is, its size, the commands, its source."""
        name = self.arguments[0]
        path = find_card(name)
        self.env.note_dependency(str(path))
        source = path.read_text()
        problem = tomllib.loads(source)
        command = "excitations" if "excitations" in problem else "run"
        calls = f"hpcmix {command} {name} --plot\nhpcmix new {name} mine.toml"
        return [
            *in_words(remarks_of(source)),
            nodes.paragraph(text=size_of(problem)),
            nodes.literal_block(calls, calls, language="bash"),
            nodes.raw("", f"<details class='card'><summary>The file of {name}</summary>", format="html"),
            nodes.literal_block(source, source, language="toml"),
            nodes.raw("", "</details>", format="html"),
        ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("card", Card)
    return {"parallel_read_safe": True}
