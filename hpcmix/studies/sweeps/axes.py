"""The swept keys as axes of arrays: numbers where values are numbers, their unit, and text for everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.problem.reading.values import is_number
from hpcmix.problem.sections.sweep import measured

TOGETHER = "point"
"""The dimension of keys that take their values together."""

DIRECTION = "direction"
"""The dimension of states that are continued: the way along which they were."""


@dataclass(frozen=True)
class SweptKey:
    """A key with its values.

    numbers   as numbers; where they are none (words, lists), their places from zero.
    words     every value for people.
    unit      of the numbers, as the file has it; empty where it has none.
    numeric   whether the numbers are the values.
    """

    key: str
    numbers: np.ndarray
    words: tuple[str, ...]
    unit: str
    numeric: bool

    @classmethod
    def of(cls, key: str, values: Sequence[Any]) -> SweptKey:
        """The key of values as TOML has them."""
        words = tuple(value if isinstance(value, str) else json.dumps(value) for value in values)
        read = [measured(value) if isinstance(value, str) else None for value in values]
        units = {found[1] for found in read if found is not None}
        if all(is_number(value) for value in values):
            return cls(key, np.array(values, float), words, "", True)
        if None not in read and len(units) == 1:
            return cls(key, np.array([found[0] for found in read if found is not None]), words, units.pop(), True)
        return cls(key, np.arange(float(len(values))), words, "", False)

    @property
    def coordinate(self) -> np.ndarray:
        """The values of the dataset: numbers where there are some, else text."""
        return self.numbers if self.numeric else np.array(self.words, object)

    @property
    def label(self) -> str:
        """Of an axis of a figure."""
        return f"{self.key} ({self.unit})" if self.unit else self.key


@dataclass(frozen=True)
class Axes:
    """What the arrays of a sweep have as their first dimensions, with their lengths, and the keys along them."""

    lengths: Mapping[str, int]
    keys: tuple[SweptKey, ...]
    together: bool

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Axes:
        """Of a sweep.json."""
        keys = tuple(SweptKey.of(key, values) for key, values in description["keys"].items())
        together = description["combine"] == "zip"
        lengths = {TOGETHER: len(keys[0].words)} if together else {key.key: len(key.words) for key in keys}
        if description["directions"]:
            lengths[DIRECTION] = len(description["directions"])
        return cls(lengths, keys, together)

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions."""
        return tuple(self.lengths)

    @property
    def shape(self) -> tuple[int, ...]:
        """Their lengths."""
        return tuple(self.lengths.values())

    def dimension_of(self, key: SweptKey) -> str:
        """The dimension along which a key has its values."""
        return TOGETHER if self.together else key.key
