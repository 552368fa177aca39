"""N bodies beside their mean field at one time: everything that a record or a claim's table says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.density_matrices import DensityMatrix, Order, density_matrix
from hpcmix.observe.reduced.distances.indicators import Orbitals, alpha, sobolev_distance, trace_distance
from hpcmix.observe.reduced.distances.inequalities import ROUNDING, Violation, fermion_violations, violations
from hpcmix.observe.reduced.state import BodyState

MOST_TOGETHER = 3
"""Particles up to which a density matrix is made; alpha goes beyond."""


@dataclass(frozen=True)
class Comparison:
    """What was measured.

    alphas     alpha by the order.
    distances  R by the order, of up to three particles.
    sobolev    S by the order and theta.
    single     gamma^(1) of every species, in the modes of the state.
    pair       gamma^(1,1) where it was asked for, of two species.
    violated   inequalities that do not hold.
    """

    alphas: Mapping[Order, float]
    distances: Mapping[Order, float]
    sobolev: Mapping[tuple[Order, float], float] = field(default_factory=dict)
    single: tuple[DensityMatrix, ...] = ()
    pair: DensityMatrix | None = None
    violated: tuple[Violation, ...] = ()

    def columns(self) -> dict[str, float]:
        """The numbers by the names of a claim's columns: "alpha(1,1)", "R(1,0)", "S(1,1;0.5)"."""
        columns = {f"alpha({words(order)})": value for order, value in self.alphas.items()}
        columns |= {f"R({words(order)})": value for order, value in self.distances.items()}
        return columns | {f"S({words(order)};{theta:g})": value for (order, theta), value in self.sobolev.items()}


def compare(
    state: BodyState,
    orbitals: Orbitals,
    orders: Sequence[Order],
    kinetic: Sequence[NDArray] = (),
    thetas: Sequence[float] = (),
    rounding: float = ROUNDING,
) -> Comparison:
    """Measure a state against the orbitals of its mean field, both in the same modes. Collective.

    orders    of alpha, R and S; those of one particle of each species are measured anyway.
    kinetic   T of every species in these modes, needed for `thetas`.
    rounding  that inequalities may be missed by.
    """
    number = len(state.spaces)
    singles = [tuple(int(a == b) for b in range(number)) for a in range(number)]
    wanted = list(dict.fromkeys([*singles, *map(tuple, orders)]))
    made = {order: density_matrix(state, order) for order in wanted if sum(order) <= MOST_TOGETHER}
    alphas = {order: alpha(state, order, orbitals) for order in wanted}
    distances = {order: trace_distance(gamma, orbitals) for order, gamma in made.items()}
    sobolev = {
        (order, theta): sobolev_distance(gamma, orbitals, kinetic, theta)
        for order, gamma in made.items()
        for theta in thetas
    }
    single = tuple(made[order] for order in singles)
    violated: list[Violation] = []
    fermions = [space.statistics is Statistics.FERMIONS for space in state.spaces]
    for space, gamma, own in zip(state.spaces, single, fermions, strict=True):
        if own:
            violated += fermion_violations(gamma.natural_occupations, space.particles, rounding)
    condensed = [
        order for order in wanted if not any(own and count for own, count in zip(fermions, order, strict=True))
    ]
    violated += violations(
        {order: alphas[order] for order in condensed},
        {order: distances[order] for order in condensed if order in distances},
        rounding,
    )
    pair = made.get((1, 1)) if number == 2 else None
    return Comparison(alphas, distances, sobolev, single, pair, tuple(violated))


def words(order: Order) -> str:
    """ "1,1"."""
    return ",".join(map(str, order))


def condensates_at_rest(modes: Sequence[int], occupied: Sequence[int]) -> list[NDArray[np.complex128]]:
    """The orbitals of the mean field in the frame that moves with it: the first modes of every species."""
    return [np.eye(m, count, dtype=np.complex128) for m, count in zip(modes, occupied, strict=True)]
