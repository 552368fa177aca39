"""Ground states with sets of orbitals: preconditioned conjugate gradients on the product of Stiefel manifolds.

The energy of all species is lowered at once: orbitals in a given potential, or together with the condensates whose mean
field they feel and make (Cardenas, Miller and Pavlovic (2.26) with the bosons' mean field). There is no outer loop over
densities that could oscillate: the energy falls in every step. After convergence the lowest states outside every set
tell whether the set fills the lowest levels (else the search goes on with them) and whether it closes a shell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hpcmix.initial.descent.saddles import Say, minimum
from hpcmix.initial.descent.search import GroundState, Levels, NotConverged, OutOfIterations, Report
from hpcmix.initial.orbitals.complement import lowest_outside
from hpcmix.initial.orbitals.landscape import OrbitalLandscape, SoftLevels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.orbital_algebra import cholesky_inverse
from hpcmix.problem.times.evolution import Saddles

REFRESH = 15
"""Iterations after which blocks are orthonormalised, turned to eigenfunctions and T Phi is computed anew: in between
they follow combinations, and gather rounding errors."""
SOFTEN = 25
"""Iterations after which the lowest levels outside are looked for, to precondition with; closed shells are done by
then. Measured for 10 + 7 fermions, g = -1, 24^3: 98 iterations in place of 220, 5.0 seconds in place of 7.6; 40: 127,
6.2."""
SWAPS = 6
"""How often levels found below the highest filled one may take its place before the search gives up."""
OPEN_SHELL = 1e-4
"""Gap above the highest level, relative to the width of the filled ones, below which a shell counts as not closed."""


def minimise_sets(
    mixture: Mixture,
    blocks: list[np.ndarray],
    instant: Instant,
    tolerance: float,
    max_iterations: int,
    report: Report = lambda iteration, residual, energy: None,
    held: frozenset[int] = frozenset(),
    saddles: Saddles = "follow",
    say: Say = lambda sentence: None,
    alive: Callable[[], None] = lambda: None,
) -> GroundState:
    """Minimise the energy over the blocks, in place, until every orbital's residual is at most `tolerance`, and leave
    saddles as `saddles` says (saddles.py). Collective over the world.

    blocks  one array per species, shape (M held here, *grid); a condensate's in every orbital group. Orthonormal and in
            ascending order of energy afterwards. Species in `held` stay as they are.
    Raises :class:`NotConverged`.
    """
    search, gaps = _OrbitalSearch(mixture, blocks, instant, held), {}

    def run(spent: int) -> int:
        spent, found = search.fill_lowest_levels(spent, tolerance, max_iterations, report)
        gaps.update(found)
        return spent

    spent, nature = minimum(search, blocks, run, search.workspace, saddles, say, alive)
    sets = {species.name: a for a, species in enumerate(mixture.species) if species.orbitals > 1 and a not in held}
    return GroundState(
        "conjugate-gradients",
        spent,
        search.residual,
        search.transforms,
        search.energy,
        {
            name: Levels(search.energies[a].tolist(), search.residuals[a].tolist(), gaps[name])
            for name, a in sets.items()
        },
        nature,
    )


class _OrbitalSearch(OrbitalLandscape):
    """The iterate Phi and the tangent direction D, Phi^+ D = 0. A step is Phi <- (Phi + t D) C with the inverse
    Cholesky factor C of 1 + t^2 D^+ D; T Phi goes along and costs no transform."""

    def __init__(self, mixture: Mixture, blocks: list[np.ndarray], instant: Instant, held: frozenset[int]) -> None:
        super().__init__(mixture, blocks, instant, held)
        self.directions = [np.zeros_like(block) for block in blocks]  # D
        self.kinetic_directions = [np.zeros_like(block) for block in blocks]  # T D
        self.previous = [np.zeros_like(block) for block in blocks]  # R of the iteration before
        self.steepest = [np.zeros_like(block) for block in blocks]  # P R
        self.previous_product = 0.0
        self.fresh = True

    def fill_lowest_levels(
        self, spent: int, tolerance: float, max_iterations: int, report: Report
    ) -> tuple[int, dict[str, float]]:
        """:meth:`run`, and again while a level outside a set lies below the highest inside. The number of iterations,
        and for every set, by name, the distance to the lowest level outside (zero where no shell is closed)."""
        gaps: dict[str, float] = {}
        for _ in range(SWAPS + 1):
            spent = self.run(spent, tolerance, max_iterations, report)
            swapped = False
            for a, species in enumerate(self.mixture.species):
                if a in self.held or species.orbitals == 1:
                    continue
                levels, states = self.levels_outside(a)
                gaps[species.name] = float(levels[0] - self.energies[a][-1])
                width = max(float(np.ptp(self.energies[a])), float(self.lowest_energies[a]))
                if gaps[species.name] < -OPEN_SHELL * width:
                    self.replace_highest(a, states[0])
                    self.soft.pop(a, None)
                    swapped = True
                elif gaps[species.name] <= OPEN_SHELL * width:
                    gaps[species.name] = 0.0
            if not swapped:
                return spent, gaps
        raise NotConverged(
            "ground state: a level below the highest filled one turns up again and again, so no filling of the lowest "
            "levels is stationary; choose a number of orbitals that closes a shell"
        )

    def workspace(self) -> list[list[np.ndarray]]:
        """Six vectors to work in while the search does not move; it forgets its direction."""
        self.fresh = True
        own = [self.directions, self.kinetic_directions, self.previous, self.steepest, self.gradients]
        return [*own, [np.empty_like(block) for block in self.blocks]]

    def run(self, spent: int, tolerance: float, max_iterations: int, report: Report) -> int:
        """Iterate to the tolerance; `spent` iterations are behind. The number of iterations afterwards."""
        self.fresh, best = True, math.inf
        self.soft = {}
        self.refresh()
        for iteration in range(spent, max_iterations + 1):
            if iteration > spent and iteration % REFRESH == 0:
                self.refresh()
            self.differentiate()
            if (iteration - spent) % SOFTEN == SOFTEN - 1:
                self.soften()
            if self.residual <= tolerance:
                self.refresh()  # say "converged" only of eigenfunctions free of gathered rounding errors
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

    def soften(self) -> None:
        """Look for the lowest levels outside the sets as they are now: from here on the preconditioner knows them."""
        found = {a: SoftLevels(*self.levels_outside(a)) for a in self.block_preconditioners if a not in self.held}
        self.soft = found
        self.fresh = True

    def levels_outside(self, a: int) -> tuple[np.ndarray, np.ndarray]:
        """The lowest levels outside a set and their states, from those that are known."""
        known = self.soft[a].states if a in self.soft else None
        highest = float(self.levels[a].diagonal().real.max())
        return lowest_outside(self.mixture, a, self.blocks[a], self.totals[a], highest, known)

    def companions(self, a: int) -> list[np.ndarray]:
        """The direction and the gradient before turn with the block: conjugacy is kept."""
        return [] if self.fresh else [self.directions[a], self.kinetic_directions[a], self.previous[a]]

    def replace_highest(self, a: int, state: np.ndarray) -> None:
        """Put a state in the place of the highest orbital of a block."""
        mine = self.algebra[a].mine
        if self.mixture.species[a].orbitals - 1 in mine:
            self.blocks[a][-1] = state

    def move(self) -> None:
        """Choose the direction, find the step length along it, take the step."""
        self._choose_direction()
        grams = [self.algebra[a].gram(direction) for a, direction in enumerate(self.directions)]
        slope, curvature = self._derivatives(grams)
        if slope >= 0.0:  # not downhill: forget the past
            self.fresh = True
            self._choose_direction()
            grams = [self.algebra[a].gram(direction) for a, direction in enumerate(self.directions)]
            slope, curvature = self._derivatives(grams)
        # an orbital turns by arctan(t |d|): beyond a right angle's half nothing is left of what it was
        largest = 1.0 / math.sqrt(max(max(float(np.linalg.eigvalsh(gram)[-1]) for gram in grams), 1e-300))
        step = min(-slope / curvature, largest) if curvature > 0.0 else 0.3 * largest
        self._step_downhill(slope, step, grams)

    def _choose_direction(self) -> None:
        """D = -P R + beta D (Polak and Ribiere, not negative), tangent to the manifolds; then T D."""
        self._precondition()
        product = self.metric(self.gradients, self.steepest)
        beta = 0.0
        if not self.fresh:
            overlap = self.metric(self.previous, self.steepest)
            beta = max(0.0, (product - overlap) / self.previous_product)
        for a, (block, direction) in enumerate(zip(self.blocks, self.directions, strict=True)):
            if a in self.held:
                continue
            direction *= direction.real.dtype.type(beta)
            direction -= self.steepest[a]
            self.algebra[a].project_out(block, direction)
            self.previous[a][...] = self.gradients[a]
        self.apply_kinetic(self.directions, self.kinetic_directions)
        self.previous_product = product
        self.fresh = False

    def _precondition(self) -> None:
        """steepest = P R."""
        for steepest, gradient in zip(self.steepest, self.gradients, strict=True):
            steepest[...] = gradient
        self.linearised()
        self.precondition(self.steepest)

    def _derivatives(self, grams: list[np.ndarray]) -> tuple[float, float]:
        """First and second derivative of the energy along the step, with respect to t, at t = 0.

        E' = 2 sum_a nu_a Re tr D^+ R,
        E'' = 2 sum_a nu_a tr(D^+ H D - D^+ D Lambda) + sum_a integral rho'_a response_a(rho'),
        rho'_a = 2 nu_a sum_j Re(conj(phi_j) d_j).
        """
        mixture = self.mixture
        slope = 2.0 * self.metric(self.directions, self.gradients)
        changes = self.densities_of(self.blocks, self.directions)
        responses = mixture.responses(self.densities, changes)
        response = float(
            mixture.communicators.sum(
                [sum(mixture.grid.integrate(rho, field) for rho, field in zip(changes, responses, strict=True))]
            )[0]
        )
        kinetic = self.traces(self.directions, self.kinetic_directions)
        potential = self._summed(
            np.array(
                [
                    sum(float(np.sum((d.real**2 + d.imag**2) * total, dtype=np.float64)) for d in direction)
                    for direction, total in zip(self.directions, self.totals, strict=True)
                ]
            )
        )
        levels = np.array([np.sum(gram * level.T).real for gram, level in zip(grams, self.levels, strict=True)])
        return slope, response + 2.0 * float(np.dot(self.weights, kinetic + potential - levels))

    def _step_downhill(self, slope: float, step: float, grams: list[np.ndarray]) -> None:
        """Step by t, and by less while the energy has risen (by more than its rounding)."""
        start = self.energy
        undo = [np.eye(len(gram), dtype=complex) for gram in grams]
        position = 0.0
        for _ in range(10):
            undo = self._move_to(step, position, undo, grams)
            position = step
            self.evaluate()
            if self.energy <= start + 1e-12 * abs(start):
                return
            # the parabola through the start, its slope and the energy here has its minimum before half the step
            excess = self.energy - start - slope * step
            step *= min(0.5, max(0.1, -0.5 * slope * step / excess)) if excess > 0.0 else 0.5
        self.fresh = True

    def _move_to(
        self, step: float, position: float, undo: list[np.ndarray], grams: list[np.ndarray]
    ) -> list[np.ndarray]:
        """From (Phi + position D) C_old to (Phi + step D) C_new, in place; `undo` holds the inverses of C_old and those
        of C_new come back."""
        inverses = []
        for a, gram in enumerate(grams):
            if a in self.held:
                inverses.append(undo[a])
                continue
            back = np.eye(len(gram)) + step**2 * gram
            factor = cholesky_inverse(back)
            inverses.append(np.linalg.inv(factor))
            number = self.blocks[a].real.dtype.type(step - position)
            for moving, direction in (
                (self.blocks[a], self.directions[a]),
                (self.kinetic[a], self.kinetic_directions[a]),
            ):
                if position:
                    moving[...] = self.algebra[a].combined(moving, undo[a])
                moving += number * direction
                moving[...] = self.algebra[a].combined(moving, factor)
        return inverses
