"""The command line with all options of all commands, which the program itself imports one at a time, for sphinx-click.

Help of a command has tables, which click leaves as they are (``\\b``): they become blocks of their own width.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import click
from sphinx.application import Sphinx

from hpcmix.cli import app

commands = click.Group(
    "hpcmix", help=app.help, commands={name: deferred.command() for name, deferred in app.commands.items()}
)

BAR = "| "
"""What sphinx-click writes in front of lines that click leaves as they are."""


def tables_as_they_stand(sphinx: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Make literal blocks of the lines that a description wants left as they are."""
    written: list[str] = []
    for barred, group in groupby(lines, key=lambda line: line.startswith(BAR)):
        if barred:
            written += ["", "::", "", *(f"   {line.removeprefix(BAR)}" for line in group), ""]
        else:
            written += group
    lines[:] = written


def setup(sphinx: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    sphinx.connect("sphinx-click-process-description", tables_as_they_stand)
    return {"parallel_read_safe": True}
