"""Where particles do not stay in the ground state across the grid (``grid.transverse``), as far as a file tells it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.frames.transverse import Transverse
from hpcmix.problem.sections.interactions.contact import ContactInteraction
from hpcmix.problem.units.measure_words import MeasureWords

FROZEN = 0.2
"""Mean field at the densest point over hbar omega from which on a cloud widens across the grid: along a line
mu = hbar omega [1 + 2 a n - (3/2) (a n)^2 ...], so that the mean field 2 a n is 8 per cent too large there."""

NARROW = 0.1
"""What the virtual excitation of the trap adds to a coupling, relative to it: along a line g = g_0/(1 - C a/a_perp),
a_perp^2 = hbar / (m_red omega), C = -zeta(1/2) = 1.4603 (Olshanii, Phys. Rev. Lett. 81 (1998) 938)."""

OLSHANII = 1.4603545088095868


def transverse_warnings(problem: Problem) -> Iterator[str]:
    """A sentence for everything that a tight trap across the grid should be tighter for."""
    trap = problem.grid.transverse
    if trap is None:
        return
    where = "the line" if trap.axes == 2 else "the plane"
    yield from _mean_fields(problem, trap, where)
    yield from _scattering(problem)
    quantum = problem.hbar * trap.frequency
    across = _energy(problem, quantum)
    for index, species in enumerate(problem.species):
        if (fermi := expected_lengths(problem, index).fermi) is not None:
            energy = problem.hbar**2 / (2.0 * species.mass * fermi**2)
            if energy > quantum:
                yield (
                    f'species "{species.name}": its Fermi energy {_energy(problem, energy)} is beyond hbar omega '
                    f"across {where}, {across}: fermions fill the next states there too; use a tighter trap or three "
                    "dimensions"
                )
        traps = species.harmonic_traps
        tightest = max((rate for entry in traps for rate in entry.frequency), default=0.0)
        if tightest >= trap.frequency:
            yield (
                f'species "{species.name}": its trap along {where}, hbar omega = '
                f"{_energy(problem, problem.hbar * tightest)}, is as tight as grid.transverse, {across}, so that "
                "nothing freezes the axes across first; use three dimensions"
            )
        momentum = getattr(species.initial, "momentum", ())
        energy = math.fsum(component**2 for component in momentum) / (2.0 * species.mass)
        if energy > quantum:
            yield (
                f'species "{species.name}": at its initial momentum it has the energy {_energy(problem, energy)}, and '
                f"collisions excite the motion across {where} from hbar omega = {across} on"
            )


def _mean_fields(problem: Problem, trap: Transverse, where: str) -> Iterator[str]:
    """Clouds whose mean field would widen them."""
    quantum = problem.hbar * trap.frequency
    peaks = [expected_lengths(problem, index).peak_density or 0.0 for index in range(len(problem.species))]
    fields = [0.0] * len(peaks)
    for entry in problem.interaction:
        if isinstance(entry, ContactInteraction):
            a, b = problem.pair(entry.between)
            coupling = abs(entry.coupling(problem) * problem.prefactors.kernel_factor(a, b))
            fields[a] += coupling * peaks[b]
            fields[b] += coupling * peaks[a] if a != b else 0.0
    for species, field in zip(problem.species, fields, strict=True):
        if field > FROZEN * quantum:
            line = trap.axes == 2 and len(problem.species) == 1
            advice = ', [[functional]] kind = "non-polynomial" in place of the interaction,' if line else ""
            yield (
                f'species "{species.name}": its mean field at the densest point, about {_energy(problem, field)}, is '
                f"{field / quantum:.2g} of hbar omega across {where} ({_energy(problem, quantum)}): the cloud widens "
                f"there and the couplings of grid.transverse are too large; use a tighter trap{advice} or three "
                "dimensions"
            )


def _scattering(problem: Problem) -> Iterator[str]:
    """Scattering lengths that are not small beside the width of the trap."""
    for index, entry in enumerate(problem.interaction):
        pair = problem.transverse(entry.between)
        if pair is None or not isinstance(entry, ContactInteraction) or entry.length is None:
            continue
        shift = OLSHANII * abs(entry.length) / (math.sqrt(2.0) * pair.width)
        if shift > NARROW:
            length = MeasureWords(problem.scales).lengths([entry.length], digits=3)
            yield (
                f"interaction {index}: the scattering length, {length}, is {shift:.2g} of the width of the trap across "
                "the grid, and its coupling is not the one of three dimensions averaged over the ground states (a "
                "resonance is where the two are equal); give the strength itself"
            )


def _energy(problem: Problem, value: float) -> str:
    return MeasureWords(problem.scales).energy(value, 3)
