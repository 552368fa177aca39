"""Losses that are allowed and probably not meant."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.schema import Problem

MUCH_IN_A_STEP = 0.2
"""Part of the densest place that a loss may take in a step: phases are then off by 3e-3 of what they turn meanwhile."""


def loss_warnings(problem: Problem) -> Iterator[str]:
    """Sentences about losses."""
    yield from _images_beyond_absorbers(problem)
    yield from _quick_losses(problem)
    yield from _losses_of_half_quanta(problem)


def _quick_losses(problem: Problem) -> Iterator[str]:
    """Collisions that take much of the densest part of a cloud in one fixed step, in which the kicks see its density
    twice."""
    time = problem.time
    if time is None or time.adaptive is not None or not problem.loss:
        return
    names, trap = [species.name for species in problem.species], problem.grid.transverse
    peaks = {name: expected_lengths(problem, index).peak_density for index, name in enumerate(names)}
    for number, entry in enumerate(problem.loss):
        for reaction in entry.reactions(names):
            densities = [peak for name in reaction.channel if (peak := peaks[name]) is not None]
            if len(reaction.channel) < 2 or len(densities) < len(reaction.channel):
                continue
            masses = [problem.species_named(name).mass for name in reaction.channel]
            rate = reaction.rate * entry.largest_until(time.final)
            rate *= 1.0 if trap is None else trap.meeting(masses, problem.hbar)
            share = rate * math.prod(densities[1:]) * time.fixed_steps.largest
            if share > MUCH_IN_A_STEP:
                yield (
                    f"loss {number} (counted from 0) would take about {100.0 * min(share, 1.0):.0f} % of "
                    f'"{reaction.channel[0]}" at its peak density in one step, and steps are of second order in '
                    "losses: use a smaller time.step, and check rate, particles and lengths"
                )


def _losses_of_half_quanta(problem: Problem) -> Iterator[str]:
    """A loss takes half quanta with the particles, and quantum mechanics puts noise in their place: without it the
    number N + M/2 of a field of M modes decays to zero, and N to -M/2."""
    names = [species.name for species in problem.species]
    losing = {name for entry in problem.loss for reaction in entry.reactions(names) for name in reaction.channel}
    for species in problem.species:
        if species.name in losing and species.has_orbitals and species.wave_functions.vacuum_noise is not None:
            yield (
                f'the noise of the kind "wigner" of "{species.name}" decays with its losses, and noise of the losses '
                "is not added: its number of particles falls towards minus half its modes; believe it while "
                "the particles that are left are many more than the modes"
            )


def _images_beyond_absorbers(problem: Problem) -> Iterator[str]:
    """Kernels on the periodic box beside an edge that stands for open space."""
    absorbers = [number for number, entry in enumerate(problem.loss) if entry.absorbs]
    periodic = [entry for entry in problem.interaction if entry.kernel_boundary == "periodic"]
    if absorbers and periodic:
        between = " and ".join(dict.fromkeys(periodic[0].between))
        yield (
            f"loss {absorbers[0]} (counted from 0) lets waves leave the box, and the {periodic[0].kind} interaction of "
            f'{between} acts across its faces all the same, on periodic images: use boundary = "free" where the '
            "kernel has one, or a box that is large beside its range"
        )
