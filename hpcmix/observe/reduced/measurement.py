"""What is measured of N bodies beside their mean field at every record, by the names of its columns.

    alpha(1,0), R(1,0), S(1,1;0.5)   of every order and theta that the problem asks for (indicators.py)
    Gamma                            of coherent states of two species (pair_space.py)

and beside these what the numbers are judged by: weights at the edge of the picture of excitations, occupations of
fermions, the theorem's own bound, and the number of excitations in the limit of many particles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.excitation_frame import turned
from hpcmix.model.many_body.basis.bosons import ExcitedBosons, Fluctuations
from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.basis.fermions import FermionConfigurations
from hpcmix.observe.reduced.density_matrices import Order, density_matrix
from hpcmix.observe.reduced.distances.comparison import MOST_TOGETHER, Comparison, compare, words
from hpcmix.observe.reduced.distances.explicit_bound import ExplicitBound
from hpcmix.observe.reduced.distances.inequalities import Violation, violations
from hpcmix.observe.reduced.distances.limit_state import limit_distance
from hpcmix.observe.reduced.distances.references import reference
from hpcmix.observe.reduced.pair_space import pair_space_distance, pair_space_matrix
from hpcmix.observe.reduced.state import SharedState
from hpcmix.problem.schema import Problem

GAMMA = "Gamma"
BOUND = "bound"
NORM_DISTANCE = "norm_distance"
"""Of psi from the state of infinitely many particles (distances/limit_state.py): measured for who asks."""


@dataclass(frozen=True)
class Columns:
    """What is measured of a problem, known before anything is.

    names     distances from the mean field.
    beside    what these are judged by.
    fermions  species of fermions, by index.
    """

    names: tuple[str, ...]
    beside: tuple[str, ...]
    fermions: tuple[int, ...]

    @classmethod
    def of(cls, problem: Problem, with_limit: bool = False) -> Columns:
        """Of a problem with ``[many_body]``; `with_limit`: Bogoliubov's equation is solved beside it."""
        count = len(problem.species)
        numbers = range(1, count + 1)
        fermions = tuple(a for a, species in enumerate(problem.species) if species.statistics == "fermions")
        orders = list(dict.fromkeys([*(single(a, count) for a in range(count)), *orders_of(problem)]))
        small = [order for order in orders if sum(order) <= MOST_TOGETHER]
        names = (
            *(f"alpha({words(order)})" for order in orders),
            *(f"R({words(order)})" for order in small),
            *(f"S({words(order)};{theta:g})" for order in small for theta in problem.bodies.measure.sobolev),
            *((GAMMA,) if has_gamma(problem) else ()),
        )
        beside = (
            *(f"edge_{number}" for number in numbers),
            *(f"{word}_{a + 1}" for a in fermions for word in ("least", "largest")),
            *((BOUND,) if has_bound(problem) else ()),
            *((f"limit_{number}" for number in numbers) if with_limit and not fermions else ()),
        )
        return cls(names, beside, fermions)


def orders_of(problem: Problem) -> tuple[Order, ...]:
    """Those that a problem asks for, or the usual ones."""
    return tuple(problem.bodies.with_orders(len(problem.species)).measure.orders or ())


def single(species: int, count: int) -> Order:
    """One particle of a species."""
    return tuple(int(species == other) for other in range(count))


def has_gamma(problem: Problem) -> bool:
    """Whether superpositions of particle numbers make one density matrix of both species."""
    return problem.bodies.state == "coherent" and len(problem.species) == 2


def has_bound(problem: Problem) -> bool:
    """Whether the theorem has a constant: two condensates with geometric means, at rest, in a product state."""
    scaled = problem.scaling is not None and problem.scaling.kind == "geometric-mean"
    at_rest = not problem.grid.frame.map.expanding
    return scaled and at_rest and len(problem.species) == 2 and problem.bodies.state == "factorised"


class Measurement:
    """Measures N bodies at the times of their looks.

    columns  what of.
    """

    def __init__(self, bodies: ManyBodies) -> None:
        self._bodies = bodies
        problem = bodies.problem
        self.columns = Columns.of(problem, bodies.limit is not None)
        self._orders = orders_of(problem)
        self._thetas: tuple[float, ...] = problem.bodies.measure.sobolev
        self._coherent = problem.bodies.state == "coherent"
        self._bound = ExplicitBound.of(bodies.model(0.0)) if has_bound(problem) else None

    @property
    def state(self) -> SharedState:
        """The N bodies as density matrices are made of them."""
        bodies = self._bodies
        return SharedState(bodies.picture.spaces, bodies.cut, bodies.psi)

    def compare(self) -> Comparison:
        """Everything that density matrices say. Collective."""
        bodies = self._bodies
        kinetic = [
            turned(own.kinetic, unitary)
            for own, unitary in zip(bodies.system.model.one_body, bodies.unitaries(), strict=True)
        ]
        comparison = compare(self.state, bodies.orbitals(), self._orders, kinetic, self._thetas)
        return self._of_coherent(comparison) if self._coherent else comparison

    def measure(self, comparison: Comparison | None = None) -> dict[str, float]:
        """The distances from the mean field, by name. Collective. `comparison`: of :meth:`compare`, where
        that is known."""
        numbers = (comparison or self.compare()).columns()
        if GAMMA in self.columns.names:
            matrix = pair_space_matrix(self.state)
            numbers[GAMMA] = pair_space_distance(matrix, self._bodies.orbitals(), self._bodies.particles)
        return {name: numbers[name] for name in self.columns.names}

    def judge(self) -> dict[str, float]:
        """What those are judged by, by name. Collective."""
        bodies, state = self._bodies, self.state
        numbers = {f"edge_{a + 1}": weight for a, weight in enumerate(edge_weights(bodies))}
        for a in self.columns.fermions:
            gamma = density_matrix(state, single(a, len(bodies.particles)))
            occupations = bodies.particles[a] * gamma.natural_occupations
            numbers[f"least_{a + 1}"], numbers[f"largest_{a + 1}"] = float(occupations[-1]), float(occupations[0])
        if self._bound is not None:
            numbers[BOUND] = self._bound.at(bodies.time)
        limit = bodies.excitations_of_limit()
        if limit is not None:
            numbers |= {f"limit_{a + 1}": float(number) for a, number in enumerate(limit)}
        return numbers

    def norm_distance(self) -> float:
        """min over phases of |psi - Phi|, Phi the state that psi tends to; NaN where there is none
        (:meth:`ManyBodies.pairs_of_limit`). Collective."""
        pairs = self._bodies.pairs_of_limit()
        return math.nan if pairs is None else limit_distance(self.state, pairs)

    def _of_coherent(self, comparison: Comparison) -> Comparison:
        """Numbers of particles are not sharp: alpha of several is 1 - Tr(P gamma), gamma with trace one, and only
        inequalities about one order hold."""
        orbitals, alphas = self._bodies.orbitals(), dict(comparison.alphas)
        for order in alphas:
            if sum(order) > 1:
                gamma = density_matrix(self.state, order)
                alphas[order] = 1.0 - float(np.vdot(reference(gamma.few, orbitals), gamma.matrix).real)
        violated: list[Violation] = []
        for order, value in alphas.items():
            distances = {order: comparison.distances[order]} if order in comparison.distances else {}
            violated += violations({order: value}, distances)
        return replace(comparison, alphas=alphas, violated=tuple(violated))


def edge_weights(bodies: ManyBodies) -> list[float]:
    """Per species the weight of psi on the configurations with as many particles outside as the picture has room for:
    what is missing beyond is about as much. 0 where nothing is missing. Collective."""
    cut, psi, spaces = bodies.cut, bodies.psi, bodies.picture.spaces
    at_edges = [at_edge(space) for space in spaces]
    if not any(edge.any() for edge in at_edges):
        return [0.0] * len(spaces)
    density = psi.real**2 + psi.imag**2
    rows = float(cut.sum_rows((density.sum(axis=1) * at_edges[0][cut.first : cut.last])[:, None])[0])
    tables = [rows]
    if len(spaces) > 1:
        columns = cut.sum_rows(density).reshape([len(space) for space in spaces[1:]])
        for axis, edge in enumerate(at_edges[1:]):
            others = tuple(other for other in range(columns.ndim) if other != axis)
            tables.append(float(np.sum(columns.sum(axis=others) * edge)))
    return tables


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
