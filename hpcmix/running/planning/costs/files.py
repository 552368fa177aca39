"""The sizes of the files that a run writes."""

from __future__ import annotations

import math

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.output import numbers_of
from hpcmix.running.planning.costs.fields import real_bytes
from hpcmix.running.planning.costs.markers import checkpoint_bytes_of_markers, phase_space_bytes
from hpcmix.running.planning.costs.pairs import bytes_in_snapshot, fixed_fields, pair_bytes


def snapshot_bytes(problem: Problem) -> int:
    """Size of one snapshot: every field asked for, of every species, on the whole grid."""
    fields = problem.output.fields
    reals = sum(numbers_of(name, orbitals) for orbitals in problem.orbitals for name in fields)
    on_grid = math.prod(problem.grid.points) * reals * real_bytes(problem)
    return on_grid + bytes_in_snapshot(problem) + phase_space_bytes(problem)


def checkpoint_bytes(problem: Problem) -> int:
    """Size of one checkpoint: the orbitals, and where they are compared with those of time zero these too; the markers;
    the pairs of fluctuations and what goes with them."""
    sets = 2 if any(request.from_start for request in problem.output.observables.requests) else 1
    condensates = math.prod(problem.grid.points) * sets * 2 * sum(problem.orbitals) * real_bytes(problem)
    beside = 2 * real_bytes(problem) * math.prod(problem.grid.points) * fixed_fields(problem)
    return condensates + problem.pairs * pair_bytes(problem) + beside + checkpoint_bytes_of_markers(problem)
