"""What is measured of N bodies beside their mean field at every record, by the names of its columns.

    alpha(1,0), R(1,0), S(1,1;0.5)   of every order and theta that the problem asks for (indicators.py)
    Gamma                            of coherent states of two species (pair_space.py)

and beside these what the numbers are judged by: weights at the edge of the picture of excitations, occupations of
fermions, the theorem's own bound, and the number of excitations in the limit of many particles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.evolve.excitation_frame import turned
from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.model.many_body.configurations import (
    Configurations,
    ExcitedBosons,
    FermionConfigurations,
    Fluctuations,
)
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.density_matrices import DensityMatrix, Order, density_matrix
from hpcmix.observe.reduced.explicit_bound import ExplicitBound
from hpcmix.observe.reduced.indicators import alpha, sobolev_distance, trace_distance
from hpcmix.observe.reduced.pair_space import pair_space_distance, pair_space_matrix
from hpcmix.observe.reduced.references import reference
from hpcmix.observe.reduced.state import SharedState

GAMMA = "Gamma"
BOUND = "bound"


def named(quantity: str, order: Order, theta: float | None = None) -> str:
    """The column of a quantity of an order: "alpha(1,0)", "S(1,1;0.5)"."""
    words = ",".join(map(str, order))
    return f"{quantity}({words})" if theta is None else f"{quantity}({words};{theta:g})"


class Measurement:
    """Measures N bodies at the times of their looks.

    names   of what :meth:`measure` gives, in order.
    beside  of what :meth:`judge` gives.
    """

    def __init__(self, bodies: ManyBodies) -> None:
        self._bodies = bodies
        many_body = bodies.problem.many_body
        self.orders: tuple[Order, ...] = tuple(many_body.with_orders(len(bodies.particles)).measure.orders)
        self.thetas: tuple[float, ...] = many_body.measure.sobolev
        self._coherent = many_body.state == "coherent"
        self._has_gamma = self._coherent and len(bodies.particles) == 2
        self._bound = _bound_of(bodies)
        kinds = bodies.system.model.statistics
        numbers = range(1, len(kinds) + 1)
        self._fermions = [a for a, kind in enumerate(kinds) if kind is Statistics.FERMIONS]
        self.names = (
            *(named("alpha", order) for order in self.orders),
            *(named("R", order) for order in self.orders),
            *(named("S", order, theta) for order in self.orders for theta in self.thetas),
            *((GAMMA,) if self._has_gamma else ()),
        )
        self.beside = (
            *(f"edge_{number}" for number in numbers),
            *(f"{word}_{a + 1}" for a in self._fermions for word in ("least", "largest")),
            *((BOUND,) if self._bound is not None else ()),
            *((f"limit_{number}" for number in numbers) if bodies.limit is not None else ()),
        )

    @property
    def state(self) -> SharedState:
        """The N bodies as density matrices are made of them."""
        bodies = self._bodies
        return SharedState(bodies.picture.spaces, bodies.cut, bodies.psi)

    def measure(self) -> dict[str, float]:
        """The distances from the mean field, by name. Collective."""
        bodies, state = self._bodies, self.state
        orbitals = bodies.orbitals()
        gammas = {order: density_matrix(state, order) for order in self.orders}
        numbers = {named("alpha", order): self._alpha(state, gammas[order], orbitals) for order in self.orders}
        numbers |= {named("R", order): trace_distance(gamma, orbitals) for order, gamma in gammas.items()}
        if self.thetas:
            kinetic = [
                turned(own.kinetic, unitary)
                for own, unitary in zip(bodies.system.model.one_body, bodies.unitaries(), strict=True)
            ]
            for order, gamma in gammas.items():
                for theta in self.thetas:
                    numbers[named("S", order, theta)] = sobolev_distance(gamma, orbitals, kinetic, theta)
        if self._has_gamma:
            numbers[GAMMA] = pair_space_distance(pair_space_matrix(state), orbitals, bodies.particles)
        return numbers

    def judge(self) -> dict[str, float]:
        """What those are judged by, by name. Collective."""
        bodies, state = self._bodies, self.state
        numbers = {f"edge_{a + 1}": weight for a, weight in enumerate(edge_weights(bodies))}
        for a in self._fermions:
            order = tuple(int(a == b) for b in range(len(bodies.particles)))
            occupations = bodies.particles[a] * density_matrix(state, order).natural_occupations
            numbers[f"least_{a + 1}"], numbers[f"largest_{a + 1}"] = float(occupations[-1]), float(occupations[0])
        if self._bound is not None:
            numbers[BOUND] = self._bound.at(bodies.time)
        limit = bodies.excitations_of_limit()
        if limit is not None:
            numbers |= {f"limit_{a + 1}": float(number) for a, number in enumerate(limit)}
        return numbers

    def _alpha(self, state: SharedState, gamma: DensityMatrix, orbitals: Sequence[np.ndarray]) -> float:
        if self._coherent and max(gamma.order) > 1:  # numbers are not sharp: divided by what gamma is divided by
            return 1.0 - float(np.vdot(reference(gamma.few, orbitals), gamma.matrix).real)
        return alpha(state, gamma.order, orbitals)


def _bound_of(bodies: ManyBodies) -> ExplicitBound | None:
    """Where the theorem has a constant: two condensates with geometric means, at rest, in a product state."""
    problem = bodies.problem
    scaling = problem.scaling
    applies = scaling is not None and scaling.kind == "geometric-mean" and len(bodies.particles) == 2
    if not applies or problem.many_body.state != "factorised" or bodies.system.frame.expanding:
        return None
    return ExplicitBound.of(bodies.model(0.0))


def edge_weights(bodies: ManyBodies) -> list[float]:
    """Per species the weight of psi on the configurations with as many particles outside as the picture has room for:
    what is missing beyond is about as much. 0 where nothing is missing. Collective."""
    cut, psi, spaces = bodies.cut, bodies.psi, bodies.picture.spaces
    at_edges = [at_edge(space) for space in spaces]
    if not any(edge.any() for edge in at_edges):
        return [0.0] * len(spaces)
    density = psi.real**2 + psi.imag**2
    rows = float(cut.sum_rows((density.sum(axis=1) * at_edges[0][cut.first : cut.last])[:, None])[0])
    found = [rows]
    if len(spaces) > 1:
        columns = cut.sum_rows(density).reshape([len(space) for space in spaces[1:]])
        for axis, edge in enumerate(at_edges[1:]):
            others = tuple(other for other in range(columns.ndim) if other != axis)
            found.append(float(np.sum(columns.sum(axis=others) * edge)))
    return found


def at_edge(space: Configurations) -> np.ndarray:
    """Which configurations have as many particles outside as there may be, where there could be more."""
    occupations = space.occupations
    if isinstance(space, Fluctuations):
        return occupations[:, 1:].sum(axis=1) == space.excitations
    if isinstance(space, ExcitedBosons) and space.excitations < space.particles:
        return occupations[:, 0] == space.particles - space.excitations
    if isinstance(space, FermionConfigurations) and space.excitations < min(
        space.particles, space.modes - space.particles
    ):
        return occupations[:, space.particles :].sum(axis=1) == space.excitations
    return np.zeros(len(occupations), bool)
