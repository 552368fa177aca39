"""Markers of a density in phase space that the file writes as an expression.

They are drawn from a product of one-dimensional densities g, one for every coordinate, and weigh f/g. The g follow the
marginals of f, found as importance sampling finds them (Lepage, J. Comput. Phys. 27 (1978) 192): from a uniform g
on, the weights of the points that g has are the next one's marginals. The points are the same on every rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.markers.points.sobol import ScrambledSobol
from hpcmix.initial.markers.points.tables import PlaceTable
from hpcmix.initial.markers.setting import Sample, Setting
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.distributions import ExpressionDistribution

POINTS = 1 << 17
"""At which f is looked at to find its marginals, each time."""
SWEEPS = 5
"""Times: a Gaussian whose width is a tenth of the box along six axes is found by four."""
CELLS = 64
"""Of the table of a marginal."""
UNIFORM = 0.02
"""Part of every g that is uniform: what none of the points has met is reached too."""
SMALLEST_SHARE = 1e-3
"""Of markers that count, (sum w)^2 / (N sum w^2). A Gaussian of any width that the marginals follow has 0.5 or more; f
that is far narrower than their cells, or a thin sheet across the axes, is carried by the few points that meet it."""
LARGEST_AT_EDGE = 1e-6
"""Of f at the ends of the momenta, in units of its largest value."""


class ExpressionSampler:
    """f of an expression, and the g that its markers are drawn from.

    Raises :class:`ProblemError` where f is negative, not finite or zero everywhere, so narrow that few markers meet
    it, or not over at the ends of the momenta. Local; the same on every rank.
    """

    def __init__(self, initial: ExpressionDistribution, setting: Setting) -> None:
        self._expression, self._setting = initial.value, setting
        half = (*(0.5 * length for length in setting.lengths), *initial.momentum_extent)
        self._begin, self._lengths = [-end for end in half], [2.0 * end for end in half]
        self._marginals = [np.ones(CELLS + 1) for _ in half]
        points = ScrambledSobol(2 * setting.dimensions, 0)
        largest = 0.0
        for sweep in range(SWEEPS):
            uniform = points.points(np.arange(sweep * POINTS, (sweep + 1) * POINTS))
            places, density = self._draw(uniform)
            values = self._values(places)
            largest = max(largest, float(values.max()))
            if sweep == 0 and largest == 0.0:
                largest = self._look_everywhere()
            self._learn(places, values / density)
        self._require_met(points.points(np.arange(SWEEPS * POINTS, (SWEEPS + 1) * POINTS)))
        self._require_end(points.points(np.arange(POINTS)), largest)

    def sample(self, index: np.ndarray) -> Sample:
        """The markers of some indices, their weights up to a factor. Local."""
        d = self._setting.dimensions
        places, density = self._draw(self._setting.uniform(index))
        weight = self._values(places) / density
        return Sample(np.ascontiguousarray(places[:, :d]), np.ascontiguousarray(places[:, d:]), weight)

    def _draw(self, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places in phase space, (number, 2 d), and g there."""
        places, density = np.empty(uniform.shape), np.ones(len(uniform))
        for axis, marginal in enumerate(self._marginals):
            table = PlaceTable(marginal, [self._begin[axis]], [self._lengths[axis]])
            drawn, part = table.places(uniform[:, axis : axis + 1])
            places[:, axis] = drawn[:, 0]
            density = density * part
        return places, density

    def _learn(self, places: np.ndarray, weight: np.ndarray) -> None:
        """Take the marginals of weighted points for the next g."""
        if not weight.any():
            return
        for axis, length in enumerate(self._lengths):
            node = (places[:, axis] - self._begin[axis]) * (CELLS / length)
            cell = np.minimum(node.astype(np.intp), CELLS - 1)
            fraction = node - cell
            marginal = np.bincount(cell, weight * (1.0 - fraction), CELLS + 1)
            marginal += np.bincount(cell + 1, weight * fraction, CELLS + 1)
            marginal[[0, -1]] = 2.0 * marginal[[0, -1]]  # half a cell belongs to them
            self._marginals[axis] = marginal / marginal.mean() + UNIFORM

    def _values(self, places: np.ndarray) -> np.ndarray:
        """f, which must be finite and not negative."""
        names = _names(self._setting.dimensions)
        columns = {name: np.ascontiguousarray(places[:, axis]) for axis, name in enumerate(names)}
        values = np.broadcast_to(self._expression.evaluate(**columns), len(places))
        for wrong, sentence in ((~np.isfinite(values), "is not finite"), (values < 0.0, "is negative")):
            if np.any(wrong):
                first = int(np.argmax(wrong))
                place = ", ".join(f"{name} = {places[first, axis]:.6g}" for axis, name in enumerate(names))
                message = f"{sentence} at {place}; f is a density in phase space, a finite number not below zero"
                raise ProblemError.of(f"{self._setting.where}.value", message)
        return values

    def _look_everywhere(self) -> float:
        """The largest f at many more points, where a first look has met none that is not zero."""
        points, largest = ScrambledSobol(2 * self._setting.dimensions, 1), 0.0
        for part in range(32):
            places, density = self._draw(points.points(np.arange(part * POINTS, (part + 1) * POINTS)))
            values = self._values(places)
            if values.any():
                self._learn(places, values / density)
                largest = max(largest, float(values.max()))
        if largest == 0.0:
            raise ProblemError.of(
                f"{self._setting.where}.value",
                "is zero everywhere in the box and for all momenta up to momentum_extent, as far as "
                f"{32 * POINTS} points tell",
            )
        return largest

    def _require_met(self, uniform: np.ndarray) -> None:
        """Raise where f is so narrow that hardly any of the points that are drawn for it meet it."""
        places, density = self._draw(uniform)
        weight = self._values(places) / density
        weight = weight / (float(weight.max()) or 1.0)
        squares = float(np.sum(weight**2))
        share = float(np.sum(weight)) ** 2 / (len(weight) * squares) if squares > 0.0 else 0.0
        if share < SMALLEST_SHARE:
            raise ProblemError.of(
                f"{self._setting.where}.value",
                f"is too narrow for markers: {share:.1e} of them would carry f, and at least {SMALLEST_SHARE:g} must; "
                f"make f wider than 1/{CELLS} of the box and of momentum_extent, and no thin sheet across the axes, or "
                'use kind = "gaussian" or "file"',
            )

    def _require_end(self, uniform: np.ndarray, largest: float) -> None:
        """Raise where f has not ended at the largest momenta."""
        d = self._setting.dimensions
        places, _ = self._draw(uniform)
        for axis in range(d):
            for end in (self._begin[d + axis], -self._begin[d + axis]):
                at_end = places.copy()
                at_end[:, d + axis] = end
                share = float(self._values(at_end).max()) / largest
                if share > LARGEST_AT_EDGE:
                    name = _names(d)[d + axis]
                    raise ProblemError.of(
                        f"{self._setting.where}.momentum_extent",
                        f"is too small: at {name} = {end:.6g} f is {share:.1e} of its largest value, and may be "
                        f"{LARGEST_AT_EDGE:g}; markers have no momenta beyond",
                    )


def _names(dimensions: int) -> Sequence[str]:
    axes = "xyz"[:dimensions]
    return [*axes, *(f"p{axis}" for axis in axes)]
