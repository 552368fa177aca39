"""Markers: what evolves of a classical species."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part, part
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.parallel.process.exact_sums import exact_sums
from hpcmix.parallel.transforms.transform import Transform
from hpcmix.state.cloud import Cloud


@dataclass
class MarkerCloud(Cloud):
    """The markers of a species that this rank holds: f = sum_i w_i delta(x - x_i) delta(p - p_i), sum of all w_i the
    particles of the species.

    orbitals  an array of none, of shape (0, *local grid).
    markers   index, position, momentum and weight of those on this rank. Momenta lack the pending kick between steps,
              as phases of wave functions do.
    layout    which of them are where.
    number    of all markers, on all ranks.
    """

    orbitals: np.ndarray
    markers: Markers
    layout: MarkerLayout
    number: int

    stored: ClassVar[Mapping[str, str]] = {
        "position": "positions of the markers, by their indices",
        "momentum": "momenta of the markers, before the kick that is still due (pending_kick)",
        "weight": "particles that each marker stands for",
    }
    stored_along: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "position": ("marker", "axis"),
        "momentum": ("marker", "axis"),
        "weight": ("marker",),
    }

    @classmethod
    def empty(cls, engine: Engine, layout: MarkerLayout, number: int) -> MarkerCloud:
        """So many markers of any values, dealt to the ranks by their indices: to be filled. Local."""
        communicators = engine.communicators
        decomposition = communicators.decomposition
        first, count = part(number, communicators.size, communicators.rank)
        markers = Markers.empty(count, decomposition.dimensions)
        markers.index[...] = np.arange(first, first + count)
        block = decomposition.position_block(communicators.group.rank)
        return cls(np.empty((0, *block.shape), engine.complex_dtype), markers, layout, number)

    @property
    def index(self) -> NDArray[np.int64]:
        """Number of each marker among all of its species, shape (n,)."""
        return self.markers.index

    @property
    def position(self) -> NDArray[np.float64]:
        """x of the markers here, shape (n, axes)."""
        return self.markers.position

    @property
    def momentum(self) -> NDArray[np.float64]:
        """p of the markers here, shape (n, axes)."""
        return self.markers.momentum

    @property
    def weight(self) -> NDArray[np.float64]:
        """w of the markers here, shape (n,)."""
        return self.markers.weight

    def copy(self) -> MarkerCloud:
        return MarkerCloud(self.orbitals, self.markers.copy(), self.layout.copy(), self.number)

    def laid_out(self, transform: Transform) -> MarkerCloud:
        return self.copy()

    def placed(self, transform: Transform) -> MarkerCloud:
        """Itself: markers are not transformed."""
        return self

    def assign(self, source: MarkerCloud) -> None:
        """The markers of the other cloud come with their homes, which may be other ranks' than before."""
        self.markers.assign(source.markers)
        self.layout.assign(source.layout)

    def take_density(self, engine: Engine, weight: float, density: np.ndarray, axes: int) -> None:
        """rho^S of the markers of all groups, in the first group; zero in the others. Markers are brought to the ranks
        whose part of the grid they are on. Collective over the world."""
        self.layout.density(self.markers, density)
        if weight != 1.0:
            density *= weight

    def squared_distance(self, other: MarkerCloud) -> float:
        """sum_i (N w_i / W) (|dx_i|^2 / X^2 + |dp_i|^2 / P^2) / 2 over all markers, N times a mean, on the first rank;
        zero on the others: dx_i the shortest way on the torus between the two places of a marker, W the sum of the
        weights, X and P the rms widths of this cloud in positions and momenta (X not below a cell's diagonal; where all
        momenta are zero only places count). The sums are exact, so that steps chosen by them are the same on any number
        of ranks. Where the two clouds hold markers in different orders, both are put into that of the indices first.
        Collective over the world.
        """
        communicators, lengths = self.layout.communicators, np.array(self.layout.lengths)
        if communicators.sum_all(not np.array_equal(self.index, other.index)) > 0:
            for cloud in (self, other):
                cloud.layout.put_in_order(cloud.markers, cloud.number)

        def columns(rows: slice) -> np.ndarray:
            position, momentum = self.position[rows], self.momentum[rows]
            way = position - other.position[rows]
            way -= lengths * np.rint(way / lengths)
            vectors = (way, momentum - other.momentum[rows], position, momentum)
            squares = [np.sum(vector * vector, axis=1) for vector in vectors]
            return self.weight[rows] * np.array([np.ones(len(way)), *squares, *position.T, *momentum.T])

        sums = exact_sums(communicators.world, self.markers.count, columns)
        way, change, position, momentum = sums[1:5] / sums[0]
        centre, drift = np.split(sums[5:] / sums[0], 2)
        diagonal = float(np.sum(np.square(self.layout.geometry.spacings)))
        of_positions = max(position - float(np.sum(centre**2)), diagonal)
        # 1e-12: rounding of the difference, where all momenta are the same
        of_momenta = max(momentum - float(np.sum(drift**2)), 1e-12 * momentum)
        relative = way / of_positions + (change / of_momenta if of_momenta > 0.0 else 0.0)
        return 0.5 * self.number * float(relative) if communicators.is_root else 0.0

    def looks_finite(self) -> bool:
        """By sums, which a single number that is none makes none."""
        return _is_finite(self.momentum) and _is_finite(self.position)

    def is_finite(self) -> bool:
        return self.looks_finite() and _is_finite(self.weight)

    def parts(self, communicators: Communicators) -> dict[str, Part]:
        """The markers in the order of their indices, every rank with a contiguous part of them, whatever their places:
        the same arrays on any number of ranks and groups. They are brought into this order here; what is read into them
        is as good as what was there before, because the next use on the grid brings every marker home."""
        first = self.layout.put_in_order(self.markers, self.number)
        d, count = self.markers.dimensions, self.markers.count
        vectors = {"position": self.position, "momentum": self.momentum}
        parts = {name: Part((self.number, d), Block((first, 0), (count, d)), array) for name, array in vectors.items()}
        return {**parts, "weight": Part((self.number,), Block((first,), (count,)), self.weight)}


def marker_cloud(cloud: Cloud) -> MarkerCloud:
    """A cloud that is known to be of markers. Raises TypeError for any other."""
    if not isinstance(cloud, MarkerCloud):
        raise TypeError(f"a cloud of markers is wanted, not {type(cloud).__name__}")
    return cloud


def _is_finite(array: NDArray[np.float64]) -> bool:
    with np.errstate(invalid="ignore"):  # infinities of both signs
        return bool(np.isfinite(np.sum(array)))
