"""Ground states with sets of orbitals: preconditioned conjugate gradients on the product of Stiefel manifolds.

The energy of all species is lowered at once: orbitals in a given potential, or together with the condensates whose mean
field they feel and make (Cardenas, Miller and Pavlovic (2.26) with the bosons' mean field). There is no outer loop over
densities that could oscillate: the energy falls in every step. After convergence the lowest states outside every set
tell whether the set fills the lowest levels (else the search goes on with them) and whether it closes a shell.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcmix.initial.descent.conjugate_gradients import ConjugateGradients
from hpcmix.initial.descent.ground_state import GroundState, Levels, NotConverged, Report
from hpcmix.initial.descent.saddles import Say, minimum
from hpcmix.initial.orbitals.complement import lowest_outside
from hpcmix.initial.orbitals.landscape import OrbitalLandscape, SoftLevels
from hpcmix.initial.orbitals.retraction import Retraction
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import Saddles
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords

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
    words: MeasureWords = PLAIN_MEASURES,
) -> GroundState:
    """Minimise the energy over the blocks, in place, until every orbital's residual is at most `tolerance`, and leave
    saddles as `saddles` says (saddles.py). Collective over the world.

    blocks  one array per species, shape (M held here, *grid); a condensate's in every orbital group. Orthonormal and in
            ascending order of energy afterwards. Species in `held` stay as they are.
    Raises :class:`NotConverged`.
    """
    sets = _Sets(mixture, blocks, instant, held)
    search = ConjugateGradients(sets, blocks)

    def run(spent: int) -> int:
        for _ in range(SWAPS + 1):
            spent = search.run(spent, tolerance, max_iterations, report)
            if not sets.fill_lower_levels():
                return spent
        raise NotConverged(
            "ground state: a level below the highest filled one turns up again and again, so no filling of the lowest "
            "levels is stationary; choose a number of orbitals that closes a shell"
        )

    spent, nature = minimum(sets, blocks, run, search.workspace, saddles, say, alive, words)
    levels = {
        mixture.species[a].name: Levels(sets.energies[a].tolist(), sets.residuals[a].tolist(), gap)
        for a, gap in sets.gaps.items()
    }
    return GroundState("conjugate-gradients", spent, sets.residual, sets.transforms, sets.energy, levels, nature)


class _Sets(OrbitalLandscape):
    """The product of Stiefel manifolds as one that conjugate gradients move on, and the levels outside the sets.

    gaps  by species with a set that is sought, from its highest level to the lowest outside; zero where no shell is
          closed. As of the last :meth:`fill_lower_levels`.
    """

    def __init__(self, mixture: Mixture, blocks: list[np.ndarray], instant: Instant, held: frozenset[int]) -> None:
        super().__init__(mixture, blocks, instant, held)
        self.gaps: dict[int, float] = {}

    def is_refreshed(self, iteration: int) -> bool:
        return iteration % REFRESH == 0

    def is_exact(self, iteration: int) -> bool:
        """Eigenfunctions are called converged only when they have been turned once more."""
        return False

    def begins_anew(self, count: int) -> bool:
        """Where the preconditioner learns the lowest levels outside the sets as they are now; a search begins without
        any."""
        if count == 0:
            self.soft = {}
        if count % SOFTEN != SOFTEN - 1:
            return False
        self.soft = {a: SoftLevels(*self._levels_outside(a)) for a in self.block_preconditioners if a not in self.held}
        return True

    def make_tangent(self, directions: list[np.ndarray]) -> None:
        self.project(directions)

    def curve(self, directions: list[np.ndarray], kinetic_directions: list[np.ndarray]) -> Retraction:
        return Retraction(self, directions, kinetic_directions)

    def fill_lower_levels(self) -> bool:
        """Put the lowest level outside every set in the place of the highest inside where it lies below; whether it did
        anywhere, and the search has to go on."""
        swapped = False
        for a in self.block_preconditioners:
            if a in self.held:
                continue
            levels, states = self._levels_outside(a)
            gap = float(levels[0] - self.energies[a][-1])
            width = max(float(np.ptp(self.energies[a])), float(self.lowest_energies[a]))
            if gap < -OPEN_SHELL * width:
                self._replace_highest(a, states[0])
                self.soft.pop(a, None)
                swapped = True
            self.gaps[a] = 0.0 if abs(gap) <= OPEN_SHELL * width else gap
        return swapped

    def _levels_outside(self, a: int) -> tuple[np.ndarray, np.ndarray]:
        """The lowest levels outside a set and their states, from those that are known."""
        known = self.soft[a].states if a in self.soft else None
        highest = float(self.levels[a].diagonal().real.max())
        return lowest_outside(self.mixture, a, self.blocks[a], self.totals[a], highest, known)

    def _replace_highest(self, a: int, state: np.ndarray) -> None:
        """Put a state in the place of the highest orbital of a block."""
        mine = self.algebra[a].mine
        if self.mixture.species[a].orbitals - 1 in mine:
            self.blocks[a][-1] = state
