"""The points of a sweep: which entries have which values at each, and from which other point its state is continued."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.words.show import toml_value

_LONGEST_NAME = 120
"""Characters of a directory's name: file systems have 255 bytes, and files within need some of a path."""


@dataclass(frozen=True)
class Setting:
    """A swept key, and the value that it has at a point, as TOML has it."""

    key: str
    value: Any

    @property
    def option(self) -> str:
        """What ``--set`` takes for it."""
        return f"{self.key}={toml_value(self.value)}"

    @property
    def value_in_words(self) -> str:
        """The value for people: text without quotes."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)

    @property
    def words(self) -> str:
        """For the name of a directory."""
        return f"{self.key}={self.value_in_words}"


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    settings   the swept keys with their values, in the order of the file.
    place      the number of its value along every axis of the sweep, from zero.
    direction  the way along which its state is continued; empty where it is not.
    """

    settings: tuple[Setting, ...]
    place: tuple[int, ...]
    direction: str = ""

    @property
    def overrides(self) -> tuple[str, ...]:
        """The entries of ``--set`` with which the single run is this point."""
        return tuple(setting.option for setting in self.settings)

    @property
    def label(self) -> str:
        """For people."""
        words = ", ".join(f"{setting.key} = {setting.value_in_words}" for setting in self.settings)
        return f"{words}, {self.direction}" if self.direction else words

    @property
    def name(self) -> str:
        """Of its directory, within that of all points. The same values have the same name in any sweep of the keys, so
        that a sweep can be made finer and keeps what it has."""
        words = ",".join(setting.words for setting in self.settings)
        plain = re.sub(r"[^\w.+=,-]", "-", words.replace(" ", "_").replace('"', ""), flags=re.ASCII)
        if plain != words.replace(" ", "_") or len(plain) > _LONGEST_NAME:  # other values may be written so too
            plain = f"{plain[:_LONGEST_NAME]}~{hashlib.sha256(words.encode()).hexdigest()[:8]}"
        return f"{self.direction}/{plain}" if self.direction else plain


@dataclass(frozen=True)
class Chain:
    """Points that are computed one after the other, each continued from the last one before it that has a state; of
    points that are computed by themselves each is a chain of its own."""

    points: tuple[Point, ...]


def chains_of(sweep: Sweep) -> list[Chain]:
    """All points of a sweep, the last key varying fastest. Where states are continued a chain runs along the last key,
    and back."""
    points = _all_points(sweep)
    if not sweep.continued:
        return [Chain((point,)) for point in points]
    along = len(points) if sweep.combine == "zip" else len(list(sweep.values.values())[-1])
    rows = [points[first : first + along] for first in range(0, len(points), along)]
    return [Chain(tuple(itertools.chain(*(_directed(row, way) for way in sweep.ways)))) for row in rows]


def _all_points(sweep: Sweep) -> list[Point]:
    values = list(sweep.values.values())
    rows: list[tuple[tuple[Any, ...], tuple[int, ...]]]
    if sweep.combine == "zip":
        rows = [(combined, (place,)) for place, combined in enumerate(zip(*values, strict=True))]
    else:
        places = itertools.product(*(range(len(entries)) for entries in values))
        rows = [(tuple(entries[i] for entries, i in zip(values, place, strict=True)), place) for place in places]
    return [Point(tuple(map(Setting, sweep.keys, combined)), place) for combined, place in rows]


def _directed(row: list[Point], direction: str) -> list[Point]:
    """The points of a row in the order of a direction."""
    ordered = row if direction == "forward" else row[::-1]
    return [Point(point.settings, point.place, direction) for point in ordered]
