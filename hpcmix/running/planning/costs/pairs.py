"""What the pairs of ``[fluctuations]`` need beside the condensates: memory, files, Fourier pairs. Imports no MPI."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.model.terms.channels import channels_through
from hpcmix.parallel.sharing.division import Division
from hpcmix.problem.schema import Problem

PAIR_SLOWNESS = 1.05
"""Cost of a pair's Fourier pairs beside those of the condensates. Measured (hpcmix bench): a pair takes as long as 1.6
to 2.2 steps of two condensates at 32^3 to 64^3, with kernels 2.2; twice the fields are 2."""

SECONDS_PER_PAIR_DRIFT = 120e-6
"""What the calls of a drift and a kick take for a pair where the grid has hardly a point. Measured 110 to 150 us."""

SECONDS_PER_PAIR_CHANNEL = 100e-6
"""The same of a channel of the kernels; twice as much in one dimension. Measured 100 and 200 us."""


@dataclass(frozen=True)
class PairsPlan:
    """The pairs of a run on a number of ranks.

    pairs       of all replicas: `modes` of every species and `probes`.
    replicas    groups of ranks, each with the condensates and a part of the pairs.
    held        how many pairs the first replica has, which has most.
    fields      complex fields of these.
    """

    pairs: int
    modes: int
    probes: int
    replicas: int
    held: int
    fields: int

    def lines(self, species: int) -> list[str]:
        """What ``hpcmix plan`` says of them."""
        modes = f"{self.modes} modes of each species" if species > 1 else f"{self.modes} modes"
        of_what = f"{modes}, {self.probes} probes" if self.probes else f"{modes}, which are all"
        shared = f", up to {self.held} in each group beside the condensates" if self.replicas > 1 else ""
        return [f"fluctuations   {self.pairs} pairs: {of_what}{shared}"]


def plan_of_pairs(problem: Problem, division: Division) -> PairsPlan | None:
    """The pairs of a problem, None where it has no ``[fluctuations]``."""
    section = problem.fluctuations
    if section is None:
        return None
    points, pairs = problem.grid.points, problem.pairs
    held = -(-pairs // division.replicas)
    return PairsPlan(
        pairs=pairs,
        modes=section.modes_on(points),
        probes=section.sampled,
        replicas=division.replicas,
        held=held,
        fields=2 * len(problem.species) * held,
    )


def passing_fields(problem: Problem) -> int:
    """Complex fields that go with the pairs of a rank: those of the start, and the corrections to condensates; and in
    passing the modes and the probes of one species when they are made, a pair that is completed to be looked at with
    the change of the densities and the fields that it makes, or the matrices of snapshots."""
    section, species, points = problem.fluctuations, len(problem.species), math.prod(problem.grid.points)
    if section is None:
        return 0
    passing = max(4 * species, section.modes_on(problem.grid.points) + section.sampled + 2)
    if section.matrices:
        passing = max(passing, (5 * species**2 + 3 * species) * points)
    return fixed_fields(problem) + passing


def fixed_fields(problem: Problem) -> int:
    """Complex fields of one grid that go with the pairs, and stay: phi(0) of every species, and M where it is
    followed."""
    section = problem.fluctuations
    return 0 if section is None else len(problem.species) * (2 if section.matrices else 1)


def pair_transforms(problem: Problem, convolution: float) -> float:
    """Fourier pairs of complex fields that a step of one pair takes: u and w of every species in each drift; and in
    each kick the convolution of a complex change of the densities, as two real ones.

    convolution  Fourier pairs of the convolutions of a kick of the condensates.
    """
    table = problem.timing.splitting
    return 2.0 * len(problem.species) * len(table.drifts) + 2.0 * convolution * len(table.kicks)


def pair_bytes(problem: Problem) -> int:
    """Bytes of a pair on the whole grid, in memory and in a checkpoint: u and w of every species."""
    return math.prod(problem.grid.points) * 2 * len(problem.species) * 16


def bytes_in_snapshot(problem: Problem) -> int:
    """What a snapshot holds of the fluctuations: the density of what is outside each condensate, where it is asked for;
    U, V, gamma and alpha of all species together and D of each, complex, with ``matrices``."""
    section = problem.fluctuations
    if section is None:
        return 0
    points, species = math.prod(problem.grid.points), len(problem.species)
    densities = 8 * species * points if "density" in section.also else 0
    matrices = 16 * (4 * species**2 + species) * points**2 if section.matrices else 0
    return densities + matrices


def pair_calls(problem: Problem) -> float:
    """Seconds that the calls of a pair take in a step, however small the grid is."""
    drifts = len(problem.timing.splitting.drifts)
    channels = sum(channels_through(problem, boundary).count for boundary in ("periodic", "free"))
    per_channel = SECONDS_PER_PAIR_CHANNEL * (2 if len(problem.grid.points) == 1 else 1)
    return drifts * (SECONDS_PER_PAIR_DRIFT + per_channel * channels)
