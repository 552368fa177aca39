"""Lines over time that all figures of series share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

FEW_POINTS = 12
"""Records up to which a line shows its points."""


def repeated(colours: Sequence[str]) -> list[str]:
    """The colours again and again, for as many lines as there may be."""
    return list(colours) * 8


def draw_line(axes: Axes, time: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line; a short series also shows its points, and one of a single record nothing else."""
    axes.plot(time, values, marker="o" if time.size <= FEW_POINTS else None, markersize=3.0, **style)
