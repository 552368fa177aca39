"""Ground states of mixtures of condensates: conjugate gradients on the product of unit spheres.

A sphere is a species, or several that are coherently coupled (landscape.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.initial.descent.conjugate_gradients import ConjugateGradients
from hpcmix.initial.descent.great_circles import GreatCircles
from hpcmix.initial.descent.ground_state import GroundState, Report
from hpcmix.initial.descent.held_phases import FREE, Phases
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.descent.saddles import Say, minimum
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import Saddles
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords

REFRESH = 20
"""Iterations after which T phi is computed anew: in between it follows the rotations of phi, and gathers their rounding
errors."""
RESTART = 1000
"""Iterations after which the direction is forgotten: in the longest searches it goes stale. A lattice of some forty
vortices needs a memory of some 450 iterations near its end (measured on 144^2: 1290 iterations with 1000, 1440 without
end)."""


def minimise_energy(
    mixture: Mixture,
    fields: list[np.ndarray],
    instant: Instant,
    tolerance: float,
    max_iterations: int,
    report: Report = lambda iteration, residual, energy: None,
    held: frozenset[int] = frozenset(),
    phases: Phases = FREE,
    saddles: Saddles = "follow",
    say: Say = lambda sentence: None,
    alive: Callable[[], None] = lambda: None,
    words: MeasureWords = PLAIN_MEASURES,
) -> GroundState:
    """Minimise the energy over the fields, in place, until the residual is at most `tolerance`, and leave saddles as
    `saddles` says (saddles.py). Collective.

    fields: one complex array of this rank per species, of norm one (of coupled species that is the sum's); species in
    `held` stay as they are, and those in `phases` keep these (held_phases.py). Raises :class:`NotConverged`.
    """
    spheres = _Spheres(mixture, fields, instant, held, phases)
    search = ConjugateGradients(spheres, fields)

    def run(spent: int) -> int:
        return search.run(spent, tolerance, max_iterations, report)

    spent, nature = minimum(spheres, fields, run, search.workspace, saddles, say, alive, words)
    return GroundState(
        "conjugate-gradients", spent, spheres.residual, spheres.transforms, spheres.energy, nature=nature
    )


class _Spheres(Landscape):
    """The product of spheres as a manifold that conjugate gradients move on."""

    def __init__(
        self, mixture: Mixture, fields: list[np.ndarray], instant: Instant, held: frozenset[int], phases: Phases
    ) -> None:
        super().__init__(mixture, fields, instant, held, phases)
        self._work = np.empty_like(fields[0])

    def refresh(self, companions: Sequence[list[np.ndarray]] = ()) -> None:
        """Normalise phi and compute T phi and W anew; that turns nothing, and companions stay as they are."""
        super().refresh()

    def is_refreshed(self, iteration: int) -> bool:
        return iteration % REFRESH == 0

    def is_exact(self, iteration: int) -> bool:
        return self.is_refreshed(iteration)

    def begins_anew(self, count: int) -> bool:
        return count % RESTART == 0

    def make_tangent(self, directions: list[np.ndarray]) -> None:
        """d_a - phi_a sum_b Re <phi_b|d_b> over the sphere of a, in place; of magnetisations that are kept both
        normals."""
        along = self.normal_parts(directions)
        for phi, direction, part in zip(self.fields, directions, along, strict=True):
            direction -= direction.real.dtype.type(part) * phi

    def curve(self, directions: list[np.ndarray], kinetic_directions: list[np.ndarray]) -> GreatCircles:
        return GreatCircles(self, directions, kinetic_directions, self._work)
