"""What a step costs: its Fourier pairs, and the seconds that they take on this machine."""

from __future__ import annotations

import math
import time

import numpy as np

from hpcmix.kernels import transforms as kernels
from hpcmix.model.terms.channels import channels_through
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import coupled_groups
from hpcmix.running.planning.costs.kicks import functional_pairs, turning_calls, turning_pairs
from hpcmix.running.planning.costs.krylov import pairs_per_drift
from hpcmix.running.planning.costs.losses import loss_pairs
from hpcmix.running.planning.costs.pairs import PAIR_SLOWNESS, pair_calls, pair_transforms

FREE_SPACE_PAIRS = 3.5
"""Cost of a convolution in free space in Fourier pairs of the grid (of a complex field). Measured: 4.1 at 64^3, 2.9 at
128^3."""

SECONDS_PER_DRIFT = 70e-6
"""What the calls of a drift and a kick take where the grid has hardly a point; once more for a coupling that changes in
time, whose matrices are made anew. Measured 60 to 90 us."""

SECONDS_PER_LINE = 15e-6
"""What the calls of a field's transforms take in a drift in one dimension, where each is made alone."""


def transforms_per_step(problem: Problem) -> float:
    """Fourier pairs of one complex field per step; a real field's pair counts half, one in free space as many as it
    costs. An adaptive step is taken twice, as two and as one."""
    if problem.time is None:
        return 0.0
    table = problem.time.splitting
    drifts = sum(species.number_of_orbitals * pairs_per_drift(problem, species) for species in problem.species)
    transforms = len(table.drifts) * drifts + convolutions_per_kick(problem) * len(table.kicks)
    return transforms if problem.time.adaptive is None else 3.0 * transforms


def convolutions_per_kick(problem: Problem) -> float:
    """Fourier pairs of complex fields that the convolutions of a kick take."""
    periodic, free = (channels_through(problem, boundary).count for boundary in ("periodic", "free"))
    return 0.5 * periodic + FREE_SPACE_PAIRS * free


def mixing_pairs(problem: Problem) -> float:
    """What the matrices of coherent coupling cost in a step, in Fourier pairs.

    Measured at 256^2 and 64^3 (scripts/benchmark/coupling.py): of a step without coupling, up to 5 % more where all
    have one kinetic energy, 13 to 23 % for two that differ, 45 to 54 % for three.
    """
    if problem.time is None:
        return 0.0
    pairs = 0.0
    sweep = 0.5 if len(problem.grid.points) == 1 else 0.0  # in one dimension mixing is a sweep of its own
    for group in coupled_groups([species.name for species in problem.species], problem.exchanges):
        members = [problem.species[a] for a in group]
        kinetic = {(species.kinetic, species.mass, getattr(species, "rest_mass", None)) for species in members}
        if len(kinetic) == 1 and members[0].kinetic == "nonrelativistic":
            pairs += (sweep + 0.04) * len(group)
        else:
            pairs += (sweep + (0.2 if len(group) == 2 else 0.5)) * len(group)
    pairs *= len(problem.time.splitting.drifts)
    return pairs if problem.time.adaptive is None else 3.0 * pairs


def seconds_per_step(problem: Problem, ranks: int, held: int = 0) -> float:
    """Estimated seconds of a step on this machine: its Fourier pairs, coherent coupling, functionals, spins, losses,
    what every drift and kick costs beside them however small the grid is, and `held` pairs of fluctuations."""
    pairs = transforms_per_step(problem) + mixing_pairs(problem) + loss_pairs(problem)
    pairs += functional_pairs(problem) + turning_pairs(problem)
    if held:
        pairs += held * PAIR_SLOWNESS * pair_transforms(problem, convolutions_per_kick(problem))
    drifts = len(problem.timing.splitting.drifts) * (1 if problem.timing.adaptive is None else 3)
    changing = any(entry.switched and not entry.depends_on_place for entry in problem.coupling) or any(
        energy.switched for spinor in problem.spinor for energy in spinor.zeeman
    )
    calls = SECONDS_PER_DRIFT * (1.0 + changing) * drifts + turning_calls(problem)
    if len(problem.grid.points) == 1:
        calls += SECONDS_PER_LINE * drifts * sum(problem.orbitals)
    if held:
        calls += held * pair_calls(problem)
    return pairs * seconds_per_pair(problem.grid.points, ranks) + calls


def seconds_per_pair(points: tuple[int, ...], ranks: int) -> float:
    """Estimated seconds of one Fourier pair on this machine, kick included: the rate of a small drift and kick by the
    kernels that a run uses, measured on the spot, scaled.

    A pair costs N log2 N. Grids out of cache run at 1 / 1.2 of the rate of the small one; densities, potentials and
    exchange add 15 % (measured from 64^2 to 1024^2 and from 64^3 to 128^3); ranks are taken to have cores of their own.
    """
    shape = (48, 48, 48)
    sample, potential = kernels.empty(shape, np.complex128), np.zeros(shape)
    sample[...] = 1.0
    factors = [np.full(extent, 1.0 / extent, np.complex128) for extent in shape]
    durations = []
    for _ in range(6):
        begin = time.perf_counter()
        kernels.kick([sample], [[potential]], np.zeros((1, 1)), 0.1, axes=2, inverse_before=True, forward_after=True)
        kernels.multiply_lines(sample, factors)
        durations.append(time.perf_counter() - begin)
    rate = min(durations) / (sample.size * math.log2(sample.size))
    total = math.prod(points)
    out_of_cache = 1.2 if total > sample.size * 4 else 1.0
    apart = 1.5 if len(points) == 1 else 1.0  # transforms, drift and kick in sweeps of their own
    return 1.15 * apart * out_of_cache * rate * total * math.log2(total) / ranks
