"""Histograms of markers over two axes of phase space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.markers.averages import marker_averages
from hpcmix.observe.markers.laboratory import LaboratoryMarkers
from hpcmix.observe.markers.phase_space_density import PhaseSpaceDensity
from hpcmix.parallel.process.exact_sums import CHUNK

_ROUND_NUMBERS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_UNITS = 52
"""The histogram counts in units of the whole over 2^52: sums of them are exact in floats, so that the order of markers
and ranks changes no bit."""


def phase_space_density(look: Look, species: int, axes: tuple[str, str], bins: tuple[int, int]) -> PhaseSpaceDensity:
    """Of a classical species in the laboratory: sum_i w_i of the markers in each bin, by its area. Collective over the
    world.

    axes  two of x, y, z, px, py, pz. Positions take the whole box. Momenta take -P to P, P the next round number beyond
          the largest among all markers, so that most of the files of a run have the same bins.
    """
    markers = LaboratoryMarkers(look, species)
    particles = look.once(marker_averages)[species].whole.particles
    grid = look.mixture.grid
    shown = grid.in_laboratory(look.clock)
    scale = shown.lengths[0] / grid.lengths[0]
    halves = []
    for axis in axes:
        number = "xyz".index(axis[-1])
        half = _largest(look, markers, number) if axis.startswith("p") else 0.5 * shown.lengths[number]
        halves.append(half)
    counts = np.zeros(bins)
    for first in range(0, markers.number, CHUNK):
        part = slice(first, first + CHUNK)
        columns = [_column(markers, axis, part, scale) for axis in axes]
        places = [_bins(column, half, count) for column, half, count in zip(columns, halves, bins, strict=True)]
        units = np.rint(np.ldexp(markers.weight[part] / particles, _UNITS))
        flat = np.ravel_multi_index((places[0], places[1]), bins)
        counts += np.bincount(flat, weights=units, minlength=counts.size).reshape(bins)
    counts = look.mixture.communicators.sum_all(counts)
    edges = tuple(np.linspace(-half, half, count + 1) for half, count in zip(halves, bins, strict=True))
    area = math.prod(2.0 * half / count for half, count in zip(halves, bins, strict=True))
    return PhaseSpaceDensity(axes, (edges[0], edges[1]), np.ldexp(counts, -_UNITS) * (particles / area))


def _column(markers: LaboratoryMarkers, axis: str, part: slice, scale: float) -> np.ndarray:
    number = "xyz".index(axis[-1])
    if axis.startswith("p"):
        return markers.momentum(part)[:, number]
    return scale * markers.position(part)[:, number]


def _bins(values: np.ndarray, half: float, count: int) -> np.ndarray:
    """The bin of each value in [-half, half]; the upper end belongs to the last."""
    places = np.floor((values + half) * (count / (2.0 * half))).astype(np.int64)
    return np.clip(places, 0, count - 1)


def _largest(look: Look, markers: LaboratoryMarkers, number: int) -> float:
    """The next round number beyond the largest momentum along an axis, of all ranks; 1 where nothing moves."""
    parts: Sequence[slice] = [slice(first, first + CHUNK) for first in range(0, markers.number, CHUNK)]
    here = max((float(np.max(np.abs(markers.momentum(part)[:, number]))) for part in parts), default=0.0)
    largest = max(look.mixture.communicators.world.allgather(here))
    if largest == 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((number * power for number in _ROUND_NUMBERS if number * power >= largest), 10.0 * power)
