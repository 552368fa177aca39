"""The little HTML that notebooks show of problems and runs."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

_SHOWN = {".png": "image/png", ".svg": "image/svg+xml", ".gif": "image/gif"}
"""Types of pictures that browsers show, by the endings of files."""


def table(rows: Iterable[Sequence[str]], title: str = "", header: Sequence[str] = ()) -> str:
    """A table with its title above it; cells are text, and are escaped."""
    head = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    heading = f"<p><strong>{escape(title)}</strong></p>" if title else ""
    inside = (f"<thead><tr>{head}</tr></thead>" if head else "") + (f"<tbody>{body}</tbody>" if body else "")
    return heading + (f"<table>{inside}</table>" if inside else "")


def progress_bar(title: str, share: float | None, words: str) -> str:
    """A bar that is filled by a share between 0 and 1 (None: nobody knows), with a title before and words behind."""
    value = "" if share is None else f" value='{share:.4f}' max='1'"
    return f"<div>{escape(title)} <progress{value} style='vertical-align:middle'></progress> {escape(words)}</div>"


def picture(path: Path) -> str:
    """A picture with the file in it; of a file that browsers do not show as one, its name."""
    kind = _SHOWN.get(path.suffix)
    if kind is None:
        return f"<p>{escape(str(path))}</p>"
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<p><img alt='{escape(path.stem)}' style='max-width:100%' src='data:{kind};base64,{content}'></p>"
