"""Whether the grid carries the markers of a problem, and how well they feel its kernels, from the file alone. Imports
no MPI.

The error of a pair is that of its forces between points, sum_k |k G^(k)| err_w(k) / sum_k |k G^(k)| over the modes of
the grid (window.py). Modes with err_w > 1e-2 are not in the pair's multiplier at all: their part of the force is
missing. Of a kernel with a pole, 1/r, some of it always is, as the grid cuts the pole off; of a smooth kernel it means
that the grid does not resolve it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.markers.window import PairError, Window, pair_error
from hpcmix.model.markers.windows import windows_of
from hpcmix.model.terms.entry_kernels import kernel_of
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem

LARGEST_SHARE_DROPPED = 1e-2
"""Of the force of a smooth kernel."""

MODES_LOOKED_AT = 2**18
"""Of a larger grid every mode stands for its neighbours: sums of smooth functions of k need no more."""


@dataclass(frozen=True)
class MarkedPair:
    """A pair of species of which markers carry one or both.

    between  their indices, the lower one first.
    error    of the sum of its kernels.
    """

    between: tuple[int, int]
    error: PairError


def marked_pairs(problem: Problem, contraction: float = 1.0) -> list[MarkedPair]:
    """All pairs with a classical member that interact through kernels; `contraction` is 1/b of a frame that has
    expanded. Raises ProblemError where a scattering problem has no solution."""
    windows = windows_of(problem)
    if not any(windows):
        return []
    sums: dict[tuple[int, int], NDArray] = {}
    waves, counts = _modes(problem)
    for index, between, factor in _marked_entries(problem, windows):
        multiplier = factor * _multiplier(problem, index, waves, contraction)
        sums[between] = sums.get(between, 0.0) + multiplier
    return [
        MarkedPair(between, _error(problem, windows, between, multiplier, waves, counts))
        for between, multiplier in sums.items()
    ]


def unresolved_kernels(problem: Problem) -> Iterator[tuple[str, str]]:
    """Key and sentence for every smooth kernel of which markers would miss more than :data:`LARGEST_SHARE_DROPPED`."""
    windows = windows_of(problem)
    if not any(windows):
        return
    waves, counts = _modes(problem)
    for index, between, _ in _marked_entries(problem, windows):
        entry = problem.interaction[index]
        if entry.has_pole:
            continue
        error = _error(problem, windows, between, _multiplier(problem, index, waves), waves, counts)
        if error.share_dropped > LARGEST_SHARE_DROPPED:
            yield (
                f"interaction.{index}",
                f"the grid does not resolve the kernel for markers: {error.share_dropped:.3g} of its force has wave "
                f"numbers that they cannot feel at spacings of {_in_words(problem.grid.spacings)}, and at most "
                f"{LARGEST_SHARE_DROPPED:g} may be missing; use more points, or a kernel that is wider",
            )


def narrow_axes(problem: Problem) -> Iterator[tuple[str, str]]:
    """Key and sentence for every axis with fewer points than the window of a species has cells."""
    for species, window in zip(problem.species, windows_of(problem), strict=True):
        for axis, points in enumerate(problem.grid.points if window is not None else ()):
            if window is not None and points < window.width:
                yield (
                    f"grid.points.{axis}",
                    f"{points} points along {problem.grid.axes[axis]} are fewer than the {window.width} cells that a "
                    f'marker of "{species.name}" meets; use at least {window.width}, or a larger markers.tolerance',
                )


def require_grid_for_markers(problem: Problem) -> None:
    """Raise :class:`ProblemError` with all of :func:`narrow_axes`, and of :func:`unresolved_kernels`."""
    findings = list(narrow_axes(problem)) or list(unresolved_kernels(problem))
    if findings:
        raise ProblemError([complaint for where in findings for complaint in ProblemError.of(*where).complaints])


def _marked_entries(
    problem: Problem, windows: tuple[Window | None, ...]
) -> Iterator[tuple[int, tuple[int, int], float]]:
    """Index, pair and scaling factor of all kernels that markers feel."""
    for index, entry in enumerate(problem.interaction):
        between = problem.pair(entry.between)
        if entry.kernel_boundary is not None and any(windows[a] is not None for a in between):
            yield index, between, problem.prefactors.kernel_factor(*between) * entry.coefficient(problem)


def _multiplier(problem: Problem, index: int, waves: list[NDArray], contraction: float = 1.0) -> NDArray:
    largest = math.hypot(*(math.pi / spacing for spacing in problem.grid.spacings))
    kernel = kernel_of(problem.interaction[index], problem, index, largest)
    if contraction != 1.0:
        kernel = kernel.at_scale(contraction)
    return kernel.multiplier(waves, waves)


def _error(
    problem: Problem,
    windows: tuple[Window | None, ...],
    between: tuple[int, int],
    multiplier: NDArray,
    waves: list[NDArray],
    counts: NDArray,
) -> PairError:
    narrowest = min((window for a in between if (window := windows[a]) is not None), key=lambda window: window.width)
    return pair_error(narrowest, multiplier, waves, problem.grid.spacings, counts)


def _modes(problem: Problem) -> tuple[list[NDArray], NDArray]:
    """Wave numbers k >= 0 along each axis, shaped to broadcast, and how many modes of the grid each stands for: those
    of the other signs, all kernels here being even along every axis, and on large grids its neighbours."""
    grid = problem.grid
    most = int(MODES_LOOKED_AT ** (1.0 / grid.dimensions))
    numbers, counts = zip(*(_along(points, most) for points in grid.points), strict=True)
    waves = [2.0 * math.pi / length * number for length, number in zip(grid.lengths, numbers, strict=True)]
    shaped = list(np.ix_(*waves))
    product = np.ones(())
    for axis in np.ix_(*counts):
        product = product * axis
    return shaped, product


def _along(points: int, most: int) -> tuple[NDArray, NDArray]:
    """Some m of 0 .. n/2, and how many modes of -n/2 .. n/2 have |m| nearest to each."""
    last = points // 2
    chosen = np.unique(np.round(np.linspace(0, last, min(last + 1, most))).astype(int))
    present = np.full(last + 1, 2.0)
    present[0] = 1.0
    if points % 2 == 0:
        present[last] = 1.0
    nearest = np.searchsorted(0.5 * (chosen[1:] + chosen[:-1]), np.arange(last + 1))
    return chosen.astype(float), np.bincount(nearest, weights=present, minlength=len(chosen))


def _in_words(spacings: tuple[float, ...]) -> str:
    texts = [f"{spacing:.4g}" for spacing in spacings]
    return texts[0] if len(set(texts)) == 1 else " x ".join(texts)
