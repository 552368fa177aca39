"""What of a problem with classical species the markers of a checkpoint depend on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NUMBER = re.compile(r"species\.[^.]*\.markers\.number")


def marker_misfits(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key and sentence of every species with another number of markers. Another seed would have begun at other places,
    and another tolerance is another window: a run may go on with both where they are accepted.

    before, now  the tables of the checkpoint's problem and of this one, flat, with dotted keys.
    """
    for key in sorted(before.keys() & now.keys()):
        if _NUMBER.fullmatch(key) and before[key] != now[key]:
            yield key, f"{key}: {before[key]} in the checkpoint, {now[key]} now: its markers do not fit"
