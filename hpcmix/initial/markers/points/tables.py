"""Places from a table of a density: linear between its nodes along every axis, inverted exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

FLOOR = 0.05
"""Part of the mean of its neighbours that is added to a node: what lies between nodes without density is reached, and
no marker there weighs more than about 1/FLOOR of the others."""


class PlaceTable:
    """A density g >= 0 on a box, multilinear between nodes.

    values  at the nodes, ends included, shape (m_1 + 1, ..., m_d + 1); not all zero. Their scale does not matter.
    begin   the box's lower ends.
    lengths its edges.
    """

    def __init__(self, values: np.ndarray, begin: Sequence[float], lengths: Sequence[float]) -> None:
        self._begin, self._lengths = tuple(begin), tuple(lengths)
        # marginals: the density of the first axis, of the first two, ...
        marginals = [values]
        while marginals[0].ndim > 1:
            marginals.insert(0, 0.5 * (marginals[0][..., 1:] + marginals[0][..., :-1]).sum(axis=-1))
        self._marginals = marginals
        cells = [m - 1 for m in values.shape]
        total = float(0.5 * (marginals[0][1:] + marginals[0][:-1]).sum())
        self._scale = float(np.prod([m / length for m, length in zip(cells, lengths, strict=True)])) / total

    def places(self, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places (number, d) for points in the cube (0, 1)^d, and g there, normalised to integral one. Local."""
        places = np.empty(uniform.shape)
        corners: list[tuple[np.ndarray, np.ndarray]] = []  # on each axis so far: node below, fraction of the cell
        density = np.ones(len(uniform))
        for axis, marginal in enumerate(self._marginals):
            rows = _interpolated(marginal, corners)
            cell, fraction, density = _inverse(rows, uniform[:, axis])
            corners.append((cell, fraction))
            cells = marginal.shape[axis] - 1
            places[:, axis] = self._begin[axis] + self._lengths[axis] * ((cell + fraction) / cells)
        return places, density * self._scale


def spread_out(values: np.ndarray) -> np.ndarray:
    """A periodic table, each node without its image at the upper end, with :data:`FLOOR` of the mean of its neighbours
    added, and with the images."""
    mean = np.zeros_like(values)
    for shift in product((-1, 0, 1), repeat=values.ndim):
        mean += np.roll(values, shift, axis=tuple(range(values.ndim)))
    return with_images(values + FLOOR / 3.0**values.ndim * mean)


def with_images(values: np.ndarray) -> np.ndarray:
    """A periodic table with the images of its first nodes at the upper ends."""
    return np.pad(values, [(0, 1)] * values.ndim, mode="wrap")


def _interpolated(marginal: np.ndarray, corners: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Rows along the last axis of a marginal, one for each marker, between the nodes of the axes before."""
    if not corners:
        return marginal[np.newaxis]
    rows = np.zeros((len(corners[0][0]), marginal.shape[-1]))
    for sides in product((0, 1), repeat=len(corners)):
        part = np.ones(len(rows))
        for (_, fraction), side in zip(corners, sides, strict=True):
            part = part * (fraction if side else 1.0 - fraction)
        nodes = tuple(cell + side for (cell, _), side in zip(corners, sides, strict=True))
        rows += part[:, np.newaxis] * marginal[nodes]
    return rows


def _inverse(rows: np.ndarray, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the integral of a piecewise linear density reaches given shares: the cell, the fraction of it, and the
    density. One row for all, or one for each."""
    below = np.cumsum(0.5 * (rows[:, 1:] + rows[:, :-1]), axis=1)
    if len(rows) == 1:
        row = np.zeros(len(uniform), np.intp)
        cell = np.searchsorted(below[0, :-1], uniform * below[0, -1], side="left")
    else:
        row = np.arange(len(uniform))
        cell = np.sum(below[:, :-1] < (uniform * below[:, -1])[:, np.newaxis], axis=1)
    target = uniform * below[row, -1]
    target -= np.where(cell > 0, below[row, cell - 1], 0.0)
    first, step = rows[row, cell], rows[row, cell + 1] - rows[row, cell]
    # first s + step s^2 / 2 = target, in the form that loses no digits where step is small
    root = np.sqrt(np.maximum(first**2 + 2.0 * step * target, 0.0))
    divisor = first + root
    fraction = np.divide(2.0 * target, divisor, out=np.zeros_like(target), where=divisor > 0.0)
    fraction = np.minimum(fraction, 1.0)
    return cell, fraction, first + step * fraction
