"""What of a problem with ``[fluctuations]`` the pairs of a checkpoint depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MATRICES = "fluctuations.matrices"
FREE = ("fluctuations.also", MATRICES)
"""What may change: what is measured of the pairs; and what is not followed any more."""

_BEGINNING = ("initial", "modes", "probes", "seed")
"""What the pairs were made by."""


def pair_misfits(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and sentence of every difference with which the pairs are not those that the problem asks for. One that asks
    for none can go on without them.

    before, now  the tables of the checkpoint's problem and of this one, flat, with dotted keys.
    """
    if not _has_pairs(now):
        return
    if not _has_pairs(before):
        yield "fluctuations", "fluctuations: absent in the checkpoint, which has no pairs to go on with"
        return
    for entry in _BEGINNING:
        key = f"fluctuations.{entry}"
        old, new = before.get(key), now.get(key)
        if old != new:
            yield key, f"{key}: {old!r} in the checkpoint, {new!r} now: its pairs began as others"
    if now.get(MATRICES) and not before.get(MATRICES):
        yield MATRICES, f"{MATRICES}: false in the checkpoint, which lacks the corrections that began with it"


def _has_pairs(tables: Mapping[str, Any]) -> bool:
    return any(key.partition(".")[0] == "fluctuations" for key in tables)
