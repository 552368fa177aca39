"""Commands as manual pages, in the language of ``man``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

import click

from hpcmix import __version__

SECTION = 1
"""Of the manual: commands of users."""

EXIT_STATUSES = {
    0: "done",
    1: "any other failure",
    2: "bad input: every mistake is said, with file and line",
    3: "the solution blew up: not finite, or a conserved quantity lost",
    4: "no usable checkpoint, or a directory that is taken",
    75: "stopped early after a good checkpoint: run it again",
}
"""What the process ends with, in words."""


def page_of_command(name: str, command: click.Command, context: click.Context) -> str:
    """The page of a command; `context`: one in which it is called by its whole name."""
    summary, paragraphs = _help_of(command)
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [
        _head(f"hpcmix-{name}"),
        ".SH NAME",
        f"hpcmix\\-{_plain(name)} \\- {_plain(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f"\\fBhpcmix {_plain(name)}\\fR {_plain(usage)}",
        ".SH DESCRIPTION",
        _text(summary),
        *paragraphs,
        ".SH OPTIONS",
        *_options(command, context),
        *(_section("MORE", command.epilog) if command.epilog else []),
        ".SH SEE ALSO",
        "\\fBhpcmix\\fR(1)",
    ]
    return "\n".join(parts) + "\n"


def page_of_all(group: click.Group, summaries: Mapping[str, str]) -> str:
    """The page of the program, with all its commands."""
    summary, paragraphs = _help_of(group)
    parts = [
        _head("hpcmix"),
        ".SH NAME",
        "hpcmix \\- mixtures of quantum gases on large grids, in parallel",
        ".SH SYNOPSIS",
        "\\fBhpcmix\\fR COMMAND [OPTIONS] ...",
        ".br",
        "\\fBmpirun \\-n 4 hpcmix run\\fR FILE",
        ".SH DESCRIPTION",
        _text(summary),
        *paragraphs,
        ".SH COMMANDS",
        *(line for name, text in summaries.items() for line in (".TP", f"\\fB{_plain(name)}\\fR", _text(text))),
        ".SH EXIT STATUS",
        *(line for number, text in EXIT_STATUSES.items() for line in (".TP", f"\\fB{number}\\fR", _text(text))),
        ".SH SEE ALSO",
        ", ".join(f"\\fBhpcmix\\-{_plain(name)}\\fR(1)" for name in summaries),
    ]
    return "\n".join(parts) + "\n"


def _head(name: str) -> str:
    return f'.TH "{name.upper()}" {SECTION} "" "hpcmix {__version__}" "hpcmix"'


def _help_of(command: click.Command) -> tuple[str, list[str]]:
    """The first paragraph of a command's help, and the others as lines of the page."""
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    first, *rest = re.split(r"\n\s*\n", text)
    return " ".join(first.split()), [line for paragraph in rest for line in _paragraph(paragraph)]


def _section(title: str, text: str) -> list[str]:
    return [f".SH {title}", *(line for part in re.split(r"\n\s*\n", text) for line in _paragraph(part))]


def _paragraph(text: str) -> list[str]:
    """A paragraph; its lines stay as they are where the help says so."""
    if text.startswith("\b"):
        lines = text.lstrip("\b").strip("\n").splitlines()
        return [".PP", ".nf", *(_text(line) for line in lines), ".fi"]
    return [".PP", _text(" ".join(text.split()))]


def _options(command: click.Command, context: click.Context) -> list[str]:
    records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
    return [line for record in records if record for line in (".TP", f"\\fB{_plain(record[0])}\\fR", _text(record[1]))]


def _text(text: str) -> str:
    """A line of text, which may begin with what would be a request."""
    return ("\\&" if text.startswith((".", "'")) else "") + _plain(text)


def _plain(text: str) -> str:
    """Characters as they are: backslashes and hyphens mean something to man."""
    return text.replace("\\", "\\e").replace("-", "\\-")


def pages(program: click.Context) -> dict[str, str]:
    """Every page by the name of its file; `program`: the context of the group of all commands."""
    group = program.command
    if not isinstance(group, click.Group):
        raise TypeError("pages are of a group of commands")
    summaries = {name: command.help or "" for name, command in group.commands.items()}
    found = {f"hpcmix.{SECTION}": page_of_all(group, summaries)}
    above = click.Context(group, info_name="hpcmix", **group.context_settings)
    for name, listed in group.commands.items():
        context = listed.make_context(name, [], parent=above, resilient_parsing=True)  # of the command itself
        found[f"hpcmix-{name}.{SECTION}"] = page_of_command(name, context.command, context)
    return found
