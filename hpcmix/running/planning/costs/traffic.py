"""What a step has to do at least: operations of its Fourier transforms, and bytes that must pass through memory.

Imports no MPI.

A time over these numbers says how near a step comes to what the machine allows, and does not depend on how the step is
done.
"""

from __future__ import annotations

import math

from hpcmix.model.terms.channels import channels_through
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.costs.fields import real_bytes
from hpcmix.running.planning.costs.kicks import Functionals
from hpcmix.running.planning.costs.markers import marker_step_bytes
from hpcmix.running.planning.costs.pairs import pair_transforms
from hpcmix.running.planning.costs.steps import convolutions_per_kick, transforms_per_step


def transform_operations(problem: Problem) -> float:
    """Floating-point operations of the transforms of a step by the usual count, 5 N log2 N for each direction of a
    complex field; the pair of a real field counts half."""
    points = math.prod(problem.grid.points)
    return all_transforms_per_step(problem) * 2.0 * 5.0 * points * math.log2(points)


def all_transforms_per_step(problem: Problem) -> float:
    """Fourier pairs of one complex field in a step of the condensates, counted once however many groups repeat them,
    and of all pairs of fluctuations."""
    pairs = problem.pairs
    transforms = transforms_per_step(problem)
    return transforms + pairs * pair_transforms(problem, convolutions_per_kick(problem)) if pairs else transforms


def step_bytes(problem: Problem) -> float:
    """Bytes that a step moves between memory and processor if nothing is read or written twice, over all ranks.

    For each drift and the kick before it, per grid point: a field passes twice, once plane by plane (back from the last
    drift, kicked, and on towards the next) and once along the lines of the first axis, read and written each time; a
    potential is read. The field of a species that kernels act on is read once more, for its density. A channel of the
    kernels (model/terms/channels.py) is the spectrum of a real field: written once, changed once along the lines, read
    once; a multiplier is read once. Of a local functional that a kick does not take along the density is written and
    read, and the potential written. In one dimension everything is one sweep. The fields u and w of a pair of
    fluctuations pass as those of a species do, and what kernels do with a density is done with the real and the
    imaginary part of a pair's. Of markers see
    :func:`~hpcmix.running.planning.costs.markers.marker_step_bytes`.
    """
    if problem.time is None:
        return 0.0
    size = real_bytes(problem)
    sweeps = 1 if len(problem.grid.points) == 1 else 2
    fields = 2 * sweeps * 2 * size * sum(problem.orbitals)
    potentials = size * sum(1 for species in problem.species if species.potential)
    channels = [channels_through(problem, boundary) for boundary in ("periodic", "free")]
    felt = {int(a) for each in channels for a in each.felt}
    local = set(problem.indices(tuple(Functionals.of(problem).species_apart)))
    pairs = problem.pairs
    fields *= 1 + 2 * pairs
    densities = 2 * size * sum(problem.orbitals[a] for a in felt | local) * (1 + 2 * pairs)
    densities += 4 * size * sum(each.count for each in channels) * (1 + 2 * pairs)
    densities += 3 * size * len(local)  # a density written and read, a potential written
    multipliers = 0.5 * size * sum(len(each.multipliers) for each in channels)
    per_point = fields + potentials + densities + multipliers
    on_grid = len(problem.time.splitting.drifts) * math.prod(problem.grid.points) * per_point
    return on_grid + marker_step_bytes(problem)
