"""Docstrings of the house as Sphinx reads them: parameters and attributes in two columns, a name and its text, become a
list of definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sphinx.application import Sphinx

_ENTRY = re.compile(r"(?P<names>[a-z_]+(?:, [a-z_]+)*) {2,}(?P<text>\S.*)")
"""The first line of an entry: ``ranks     1 computes in this process``."""


def defined(lines: Sequence[str]) -> Iterator[str]:
    """The lines with their columns as definitions, a blank line around every list."""
    in_list = False
    for line in lines:
        if entry := _ENTRY.fullmatch(line):
            if not in_list:
                yield ""
            yield f"**{entry['names']}**"
            yield f"    {entry['text']}"
            in_list = True
        elif in_list and line.startswith("  "):
            yield f"    {line.strip()}"
        else:
            if in_list and line:
                yield ""
            in_list = False
            yield line


def _process(app: Sphinx, what: str, name: str, entity: Any, options: Any, lines: list[str]) -> None:
    lines[:] = defined(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Listen to what autodoc reads."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}
