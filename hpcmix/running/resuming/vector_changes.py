"""What of a problem with ``[many_body]`` the vector of a checkpoint depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FREE = ("many_body.measure", "many_body.tolerance", "many_body.lost")
"""What may change: what is measured, how exactly the evolution goes on, and what was asked of the state at time
zero."""


def vector_misfits(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and sentence of every difference with which the vector has no place in the problem.

    before, now  the tables of the checkpoint's problem and of this one, flat, with dotted keys.
    """
    if not (_has_bodies(before) or _has_bodies(now)):
        return
    if _has_bodies(before) != _has_bodies(now):
        stored, wanted = ("N bodies", "the mean field alone") if _has_bodies(before) else ("fields alone", "N bodies")
        yield "many_body", f"many_body: {stored} in the checkpoint, {wanted} now: its arrays do not fit"
        return
    for key in sorted({*before, *now}):
        counts = key.startswith("species.") and key.endswith(".particles")
        shapes = key.startswith("many_body.") and not key.startswith(FREE)
        if (counts or shapes) and before.get(key) != now.get(key):
            old, new = (repr(tables[key]) if key in tables else "absent" for tables in (before, now))
            yield key, f"{key}: {old} in the checkpoint, {new} now: its vector does not fit"


def _has_bodies(tables: Mapping[str, Any]) -> bool:
    return any(key.startswith("many_body.") for key in tables)
