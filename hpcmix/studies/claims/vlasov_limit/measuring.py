"""What is measured of a quantum system and its classical twin at one time, for every number of fermions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.observables.always.energies import ENERGIES
from hpcmix.observe.semiclassical.characteristic import Characteristic, Kept
from hpcmix.observe.semiclassical.distance import Search, distance
from hpcmix.observe.semiclassical.of_markers import OfMarkers
from hpcmix.observe.semiclassical.of_orbitals import OfOrbitals
from hpcmix.running.simulation import Simulation
from hpcmix.studies.claims.vlasov_limit.family import FINER, Plan
from hpcmix.studies.measuring.budget import AS_GIVEN
from hpcmix.studies.tracks.track import Track

D, PLACE, INSIDE, OUTERMOST = "D", "|zeta|", "inside", "outermost"
"""|f - f^hbar|_1, |zeta| of the supremum, whether that is well within the range, the largest value at its edge."""
PHI, H1, RHO, ENERGY = "phi", "phi in H1", "rho", "energy per fermion"
LIMIT_ENERGY = "its limit"
QUANTITIES = (D, PLACE, INSIDE, OUTERMOST, PHI, H1, RHO, ENERGY)
SAMPLED = (D, PHI)
"""Those that depend on the markers, measured with every sample."""

RANGE_ON_A_LINE, RANGE = 8.0, 12.0
"""Largest |zeta| of the search, in one dimension in units of hbar^(-2/3): twice and four times where the supremum of
closed shells lies."""


FOLLOWED = 3
"""Ascents where a change of the supremum is asked for, and of the density, which has fewer maxima."""


def range_of(dimensions: int, hbar: float) -> float:
    """The largest |zeta| that is searched."""
    return RANGE_ON_A_LINE * hbar ** (-2.0 / 3.0) if dimensions == 1 else RANGE


def column(quantity: str, number: int, sample: str = AS_GIVEN) -> str:
    """The name of a measured number."""
    return f"{quantity}, M = {number}" + (f", {sample}" if sample != AS_GIVEN else "")


def tracks_of(plan: Plan) -> list[Track]:
    """One track for every variation: the twin beside all quantum problems, so that one twin serves all of them. The
    track as given has the twins with other markers too."""
    tracks = []
    for variation, problems in plan.problems.items():
        given = variation == AS_GIVEN
        samples = plan.samples if given else {}
        measuring = _Measuring(plan, tuple(samples), finer=given)
        together = (problems[0], *samples.values(), *problems[1:])
        tracks.append(Track(variation, together, measuring.names, measuring, optional=not given))
    return tracks


@dataclass(frozen=True)
class _Measuring:
    """Of simulations in the order: the twin, twins with other samples, the quantum systems.

    samples  names of the other samples.
    finer    whether the supremum is sought again from a finer start grid, at the first record and the last.
    """

    plan: Plan
    samples: tuple[str, ...]
    finer: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Of the numbers."""
        names = [LIMIT_ENERGY]
        for number in self.plan.numbers:
            names += [column(quantity, number) for quantity in QUANTITIES]
            names += [column(quantity, number, sample) for sample in self.samples for quantity in SAMPLED]
            names += [column(D, number, FINER)] if self.finer else []
        return tuple(names)

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """Collective."""
        count = 1 + len(self.samples)
        looks = [Look(simulation.mixture, simulation.state) for simulation in simulations]
        markers = [OfMarkers.of(look, self.plan.fermions) for look in looks[:count]]
        twins = list(zip(looks, map(Kept, markers), strict=False))
        values = [energy_per_fermion(looks[0], self.plan)]
        widths = markers[0].widths
        at_an_end = simulations[0].is_finished or simulations[0].state.step == 0
        for look in looks[count:]:
            values += self._compared(look, twins, widths, at_an_end, simulations[0].beat)
        return values

    def _compared(
        self,
        look: Look,
        twins: Sequence[tuple[Look, Characteristic]],
        widths: np.ndarray,
        at_an_end: bool,
        alive: Callable[[], None],
    ) -> list[float]:
        """Of one quantum system; `widths`: of the classical gas."""
        mixture, bosons = look.mixture, self.plan.bosons
        dimensions, radius = mixture.grid.dimensions, range_of(mixture.grid.dimensions, mixture.hbar)
        orbitals = Kept(OfOrbitals.of(look, self.plan.fermions, radius))
        (twin, markers), others = twins[0], twins[1:]
        search = Search.of_widths(dimensions, radius, widths)
        found = distance(orbitals, markers, search, alive)
        density = distance(orbitals, markers, Search(dimensions, radius, search.spacing, density=True, starts=FOLLOWED))
        phi, h1 = wave_function_distances(look, twin, bosons)
        values = [found.value, math.hypot(*found.place), float(found.inside), found.outermost]
        values += [phi, h1, density.value, energy_per_fermion(look, self.plan)]
        again = replace(search, starts=FOLLOWED)
        for other, sample in others:
            values += [distance(orbitals, sample, again, alive).value if at_an_end else math.nan]
            values += [wave_function_distances(look, other, bosons)[0]]
        if self.finer:
            finer = Search.of_widths(dimensions, radius, widths, finer=True, starts=FOLLOWED)
            values.append(distance(orbitals, markers, finer, alive).value if at_an_end else math.nan)
        return values


def wave_function_distances(first: Look, second: Look, species: int) -> tuple[float, float]:
    """||phi - phi'||_L2 and ||phi - phi'||_H1, the square of the second with the gradient's square added, of a
    condensate in two states on the same grid and ranks. Collective over the world."""
    mixture = first.mixture
    grid, transform = mixture.grid, mixture.transform
    squares = np.zeros(2)
    for orbital, counterpart in zip(first.orbitals(species), second.orbitals(species), strict=True):
        spectrum = transform.forward(orbital - counterpart, transform.work)
        power = np.square(np.abs(spectrum), dtype=np.float64)
        weights = sum(np.ix_(*(grid.local_wave_numbers(axis) ** 2 for axis in range(grid.dimensions))), start=0.0)
        squares += [np.sum(power), np.sum(power * weights)]
    squares = mixture.communicators.sum_all(squares) * (grid.cell_volume * transform.inverse_points)
    return math.sqrt(squares[0]), math.sqrt(squares[0] + squares[1])


def energy_per_fermion(look: Look, plan: Plan) -> float:
    """The energy of the whole divided by the fermions, or by the integral of the density that stands for them.
    Collective."""
    fermions: float = look.mixture.species[plan.fermions].particles
    return float(ENERGIES.of_whole(look)["energy"]["total"]) / fermions
