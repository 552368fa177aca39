"""What has become of the run in a directory, and what to do: from its summary, its lock, its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.locking.lock import Lock


def standing(directory: RunDirectory, summary: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Labels and texts: the status, the reason where the run did not come to its end, and how to go on."""
    summary = summary or {}
    status, message = summary.get("status"), str(summary.get("message", ""))
    holder = Lock(directory.path).holder()
    if holder is not None:
        at_work = f"{holder.in_words} is at work on it"
        return [("status", at_work if not message else f"{at_work}; {message}")]
    told = status is not None
    if status is None:
        status, message = "not finished", "killed, or its machine failed: it left no word"
    elif status == "stopping":
        status, message = "not finished", f"{message}, and killed before it had stopped"
    facts = [("status", str(status))]
    if message:
        facts.append(("reason", message))
    if not told:
        facts += _last_signs(directory)
    if status != "done":
        facts.append(("to go on", _way_on(directory)))
    return facts


def _last_signs(directory: RunDirectory) -> list[tuple[str, str]]:
    """What a run that left no word said last, and when it last wrote something."""
    signs = []
    with suppress(OSError):
        lines = [line for line in directory.log.read_text(encoding="utf-8", errors="replace").splitlines() if line]
        signs += [("last line", f"{lines[-1]} (run.log)")] if lines else []
    written = [path.stat().st_mtime for path in (directory.log, directory.series) if path.exists()]
    if written:
        signs.append(("last sign", f"{datetime.fromtimestamp(max(written)):%Y-%m-%d %H:%M:%S}"))
    return signs


def never_begun(directory: RunDirectory, summary: Mapping[str, Any] | None) -> str:
    """What to say to who wants to go on with a run that has not even left its problem file."""
    told = "; ".join(f"{label}: {text}" for label, text in standing(directory, summary) if label != "to go on")
    return (
        f"{directory.path} holds a run that never began ({told}), and not its problem file: "
        f"{_way_on(directory)} with --set output.directory={directory.path}"
    )


def _way_on(directory: RunDirectory) -> str:
    stored = directory.stored_checkpoints()
    if stored:
        return f"hpcmix restart {directory.path} goes on from step {stored[-1][0]}"
    if directory.holds_results() and not directory.was_cut_short():
        return "there is no checkpoint: hpcmix run FILE --restart never moves what is here aside and begins anew"
    kept = [search.name for search in (directory.modes_search, directory.search) if search.exists()]
    if kept:
        return f"the same command goes on with the search that is kept in {directory.path / kept[0]}"
    if directory.problem.exists():
        return "there is no checkpoint yet: the same command begins anew"
    return "hpcmix run FILE begins it"
