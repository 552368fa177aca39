"""Columns of numbers from the records of a run, for figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpcmix.io.figures.style import FigureUnits

Records = Sequence[Mapping[str, Any]]


def species_of(records: Records) -> list[str]:
    """The names of all species, in the order of the file."""
    return list(dict.fromkeys(name for record in records for name in record.get("species", {})))


def times_of(records: Records, units: FigureUnits) -> np.ndarray:
    """The times of the records in the unit of the axis; NaN for t = infinity, which files write as null."""
    return column(records, "time") * units.time.factor


def column(records: Records, *path: str | int) -> np.ndarray:
    """The entry at a path of every record, NaN where there is none."""
    return np.array([_entry(record, path) for record in records], dtype=float)


def _entry(node: Any, path: Sequence[str | int]) -> float:
    for key in path:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return np.nan
    return np.nan if node is None else float(node)
