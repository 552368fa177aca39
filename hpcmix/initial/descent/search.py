"""Ground states of mixtures of condensates: preconditioned nonlinear conjugate gradients on the product of unit
spheres.

Antoine, Levitt and Tang, J. Comput. Phys. 343 (2017) 92, extended to components: one search direction for all species,
one step length. A sphere is a species, or several that are coherently coupled (landscape.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.descent.saddles import Nature, Say, minimum
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.problem.times.evolution import Saddles

REFRESH = 20
"""Iterations after which T phi is computed anew: in between it follows the rotations of phi, and gathers their rounding
errors."""
RESTART = 200
"""Iterations after which the direction is forgotten: in long searches, those for vortices, it goes stale (measured on
96^2, five cases: two to three times fewer iterations than without; 100 and 150 are no better)."""


@dataclass(frozen=True)
class Levels:
    """The filled levels of a set of orbitals: energies in ascending order, the residual of each orbital, and the
    distance from the highest to the lowest level outside, zero where no shell is closed."""

    energies: list[float]
    residuals: list[float]
    gap: float


@dataclass(frozen=True)
class GroundState:
    """How a minimisation ended.

    method       name of the method, as in the problem file.
    iterations   number of iterations.
    residual     largest of |H phi - mu phi| / |mu phi| over the species, coupled ones together.
    transforms   number of Fourier pairs (forward and backward) of one field.
    energy       total energy, code units.
    levels       of the species with sets of orbitals, by name; None where there are none.
    nature       minimum or saddle: the lowest curvature, and the saddles that the search left.
    starts       energies of all starts where there were several, None for those that did not converge.
    """

    method: str
    iterations: int
    residual: float
    transforms: int
    energy: float
    levels: dict[str, Levels] | None = None
    nature: Nature = field(default_factory=Nature)
    starts: tuple[float | None, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What summary.json says of it."""
        found: dict[str, Any] = {
            "method": self.method,
            "iterations": self.iterations,
            "residual": self.residual,
            "transforms": self.transforms,
        }
        if self.nature.curvature is not None:
            found |= {"curvature": self.nature.curvature, "curvature_is_sure": self.nature.sure}
        if self.nature.saddles:
            found["saddles"] = [asdict(saddle) for saddle in self.nature.saddles]
        if self.starts:
            found["starts"] = list(self.starts)
        if self.levels:
            found["levels"] = {name: asdict(levels) for name, levels in self.levels.items()}
        return found

    def counted_with(self, at_rest: Sequence[float] | np.ndarray, mixture: Mixture) -> GroundState:
        """The same with what energies were counted from: `at_rest`, of one particle of every species."""
        lowest = {species.name: level for species, level in zip(mixture.species, at_rest, strict=True)}
        levels = {
            name: replace(found, energies=[energy + lowest[name] for energy in found.energies])
            for name, found in (self.levels or {}).items()
        }
        of_all = sum(mixture.species[sphere[0]].particles * at_rest[sphere[0]] for sphere in mixture.spheres)
        saddles = tuple(replace(saddle, energy=saddle.energy + of_all) for saddle in self.nature.saddles)
        return replace(
            self,
            energy=self.energy + of_all,
            levels=levels or self.levels,
            nature=replace(self.nature, saddles=saddles),
            starts=tuple(None if energy is None else energy + of_all for energy in self.starts),
        )


class NotConverged(RuntimeError, Foreseen):
    """The tolerance was not reached; the text says how far the iteration came and what to change."""


class OutOfIterations(NotConverged):
    """The iterations that were allowed are spent; the state is as good as they made it, and can be gone on from."""

    def __init__(self, residual: float, best: float, iterations: int, tolerance: float) -> None:
        self._how_far = (
            f"ground state: residual {residual:.1e} after {iterations} iterations (best {best:.1e}), asked for "
            f"{tolerance:.1e}; "
        )
        super().__init__(self._how_far + "raise ground_state.max_iterations or ground_state.tolerance")

    def keeping(self, place: str) -> NotConverged:
        """The same with what there is to do when the state is kept at a place."""
        return NotConverged(
            f"{self._how_far}the state is kept in {place}: the same command again goes on from it, for "
            "ground_state.max_iterations more (--set ground_state.max_iterations=...), and --set "
            "ground_state.tolerance=... takes it sooner"
        )


Report = Callable[[int, float, float], None]
"""Called after every iteration with its number, the residual and the energy."""


def minimise_energy(
    mixture: Mixture,
    fields: list[np.ndarray],
    instant: Instant,
    tolerance: float,
    max_iterations: int,
    report: Report = lambda iteration, residual, energy: None,
    held: frozenset[int] = frozenset(),
    saddles: Saddles = "follow",
    say: Say = lambda sentence: None,
    alive: Callable[[], None] = lambda: None,
) -> GroundState:
    """Minimise the energy over the fields, in place, until the residual is at most `tolerance`, and leave saddles as
    `saddles` says (saddles.py). Collective.

    fields: one complex array of this rank per species, of norm one (of coupled species that is the sum's); species in
    `held` stay as they are. Raises :class:`NotConverged`.
    """
    search = _Search(mixture, fields, instant, held)

    def run(spent: int) -> int:
        return search.run(spent, tolerance, max_iterations, report)

    spent, nature = minimum(search, fields, run, search.workspace, saddles, say, alive)
    return GroundState("conjugate-gradients", spent, search.residual, search.transforms, search.energy, nature=nature)


class _Search(Landscape):
    """The iterate phi_a and the tangent direction d_a.

    A step turns phi and the unit direction e = d/|d| against each other, phi -> phi cos(theta) + e sin(theta),
    e -> e cos(theta) - phi sin(theta): phi stays on the sphere, and e is transported along. T phi and T e turn with
    them and cost no transform.
    """

    def __init__(self, mixture: Mixture, fields: list[np.ndarray], instant: Instant, held: frozenset[int]) -> None:
        super().__init__(mixture, fields, instant, held)
        self.directions = [np.zeros_like(f) for f in fields]  # d
        self.kinetic_directions = [np.zeros_like(f) for f in fields]  # T d
        self.previous = [np.zeros_like(f) for f in fields]  # the gradients of the iteration before
        self.steepest = [np.zeros_like(f) for f in fields]  # P r
        self.work = np.empty_like(fields[0])
        self.previous_product = 0.0
        self.fresh = True  # no earlier direction to combine with

    def run(self, spent: int, tolerance: float, max_iterations: int, report: Report) -> int:
        """Iterate to the tolerance; `spent` iterations are behind. The number of iterations afterwards."""
        best = math.inf
        for iteration in range(spent, max_iterations + 1):
            if iteration == spent or iteration % REFRESH == 0:
                self.refresh()
            if (iteration - spent) % RESTART == 0:
                self.fresh = True
            self.differentiate()
            if self.residual <= tolerance and iteration % REFRESH:
                self.refresh()  # say "converged" only of a residual free of gathered rounding errors
                self.differentiate()
            report(iteration, self.residual, self.energy)
            if not math.isfinite(self.residual):
                raise NotConverged(
                    f"ground state: the energy is not finite after {iteration} iterations; is an attraction too strong?"
                )
            if self.residual <= tolerance:
                return iteration
            best = min(best, self.residual)
            if iteration < max_iterations:
                self.move()
        raise OutOfIterations(self.residual, best, max_iterations, tolerance)

    def workspace(self) -> list[list[np.ndarray]]:
        """Six vectors to work in while the search does not move; it forgets its direction."""
        self.fresh = True
        own = [self.directions, self.kinetic_directions, self.previous, self.steepest, self.gradients]
        return [*own, [np.empty_like(field) for field in self.fields]]

    def move(self) -> None:
        """Choose the direction, find the step length along it, take the step."""
        self._choose_direction()
        lengths = np.sqrt(self.sphere_products(self.directions, self.directions))
        slope, curvature = self._derivatives()
        if slope >= 0.0:  # not downhill: forget the past
            self.fresh = True
            self._choose_direction()
            lengths = np.sqrt(self.sphere_products(self.directions, self.directions))
            slope, curvature = self._derivatives()
        longest = float(np.max(lengths))
        if not (longest > 0.0 and math.isfinite(longest)):
            raise NotConverged(
                "ground state: the energies leave the range of double precision; "
                "are particles, strengths and potentials of the size you mean?"
            )
        largest = 0.5 * math.pi / longest  # a quarter of a great circle
        step = min(-slope / curvature, largest) if curvature > 0.0 else 0.1 * largest
        self._search_along(slope, step, largest, lengths)

    def _choose_direction(self) -> None:
        """d = -P r + beta d (Polak and Ribiere, not negative), tangent to the spheres; then T d."""
        self.linearised()
        for steepest, gradient in zip(self.steepest, self.gradients, strict=True):
            steepest[...] = gradient
        self.precondition(self.steepest)
        product = self.metric(self.gradients, self.steepest)
        beta = 0.0
        if not self.fresh:
            overlap = self.metric(self.previous, self.steepest)
            beta = max(0.0, (product - overlap) / self.previous_product)
        for direction, steepest in zip(self.directions, self.steepest, strict=True):
            direction *= direction.real.dtype.type(beta)
            direction -= steepest
        along = self.sphere_products(self.fields, self.directions)
        for phi, direction, part in zip(self.fields, self.directions, along, strict=True):
            direction -= direction.real.dtype.type(part) * phi
        for previous, gradient in zip(self.previous, self.gradients, strict=True):
            previous[...] = gradient
        self.apply_kinetic(self.directions, self.kinetic_directions)
        self.previous_product = product
        self.fresh = False

    def _derivatives(self) -> tuple[float, float]:
        """First and second derivative of the energy along the great circles, with respect to their common parameter,
        where it is zero.

        E' = 2 sum_a nu_a Re <d_a|r_a>,
        E'' = 2 sum_a nu_a (<d_a|(H d)_a> - mu_a |d_a|^2) + sum_a integral rho'_a response_a(rho'),  rho'_a = 2 nu_a
        Re(conj(phi_a) d_a).
        """
        mixture = self.mixture
        slope = 2.0 * self.metric(self.directions, self.gradients)
        changes = self.density_changes(self.directions)
        responses = mixture.responses(self.densities, changes)
        local = np.zeros(len(self.fields))
        for a, (direction, total) in enumerate(zip(self.directions, self.totals, strict=True)):
            local[a] = 2.0 * self.weights[a] * mixture.grid.integrate(
                direction.real**2 + direction.imag**2, total
            ) + mixture.grid.integrate(changes[a], responses[a])
        local[0] += 2.0 * self.coupling_energy(self.directions)
        kinetic = self.products(self.directions, self.kinetic_directions)
        curvature = float(np.sum(mixture.communicators.sum(local))) + 2.0 * float(
            np.dot(self.weights, kinetic - self.chemical_potentials * self.products(self.directions, self.directions))
        )
        return slope, curvature

    def _search_along(self, slope: float, step: float, largest: float, lengths: np.ndarray) -> None:
        """Turn by `step`, then improve it by secants until the slope has fallen to a fifth and the energy has not
        risen."""
        start_energy, position, slope_behind, behind = self.energy, 0.0, slope, 0.0
        for _ in range(8):
            self._turn((step - position) * lengths, lengths)
            position = step
            self.evaluate()
            here = self._slope_here()
            risen = self.energy > start_energy + 1e-12 * abs(start_energy)
            if not risen and abs(here) <= 0.2 * abs(slope):
                return
            if risen or here > 0.0:  # too far: the minimum lies between
                fall = slope_behind - here
                secant = slope_behind / fall if fall else 0.5
                step = behind + (position - behind) * min(0.9, max(0.1, secant))
            else:
                behind, slope_behind, step = position, here, min(largest, position + 2.0 * (position - behind))
                if step <= position:
                    return

    def _slope_here(self) -> float:
        """dE/dt at the present fields along the transported direction: 2 sum_a nu_a Re <d_a|(H phi)_a>."""
        local = []
        for a, (direction, kinetic, total) in enumerate(zip(self.directions, self.kinetic, self.totals, strict=True)):
            np.multiply(self.fields[a], total, out=self.work)
            self.work += kinetic
            self.add_coupling(self.fields, a, self.work)
            local.append(kernels.inner_product(direction, self.work).real)
        products = self.mixture.communicators.sum(local) * self.mixture.grid.cell_volume
        return 2.0 * float(np.dot(self.weights, products))

    def _turn(self, angles: np.ndarray, lengths: np.ndarray) -> None:
        """Turn phi and d (and T phi, T d) against each other by the angles, in place."""
        for a, (angle, length) in enumerate(zip(angles, lengths, strict=True)):
            if length == 0.0:
                continue
            number = self.fields[a].real.dtype.type
            cosine, sine = math.cos(angle), math.sin(angle)
            for first, second in (
                (self.fields[a], self.directions[a]),
                (self.kinetic[a], self.kinetic_directions[a]),
            ):
                np.multiply(first, number(cosine), out=self.work)
                self.work += number(sine / length) * second
                second *= number(cosine)
                second -= number(sine * length) * first
                first[...] = self.work
