"""``summary.json``: what a run came to, for people and scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.plain_json import page_of


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Replace the summary in one step; keys keep their order, NaN and infinity become null.

    For the root rank. Raises :class:`OutputError`, TypeError for a value that JSON has no form for.
    """
    write_text(path, page_of(summary))


def read_summary(path: Path) -> dict[str, Any]:
    """The summary as dictionaries. Raises FileNotFoundError when there is none, :class:`OutputError` when it
    is not JSON.
    """
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OutputError(f"{path} is damaged, it is not JSON: {error}") from error
    if not isinstance(summary, dict):
        raise OutputError(f"{path} is no summary of a run")
    return summary
