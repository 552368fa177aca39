"""The sizes of the files that a run writes: their arrays, and what describes them.

What describes arrays - attributes, axes, dimensions and meshes for other programs, where the file came from - takes
some ten kilobytes a file and some kilobytes an array, which is all that small files are made of. The numbers below
were fitted to runs in one to three dimensions with one to four species, and meet them within a fifth; of arrays nothing
is estimated (tests/system/test_planned_files.py).
"""

from __future__ import annotations

import math

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.output import numbers_of
from hpcmix.running.planning.costs.fields import real_bytes
from hpcmix.running.planning.costs.markers import checkpoint_bytes_of_markers, phase_space_bytes
from hpcmix.running.planning.costs.pairs import bytes_in_snapshot, fixed_fields, pair_bytes

SNAPSHOT_FILE, SNAPSHOT_DIMENSION, SNAPSHOT_FIELD = 12_000, 5_000, 3_200
"""Bytes of a snapshot beside its arrays: of the file, of every dimension and of every field."""

SLICE_FILE, SLICE_SPECIES, SLICE_VIEW = 9_000, 2_000, 1_700
"""The same of a file of slices: of the file, of every species, and of every slice and column density."""

CHECKPOINT_FILE, CHECKPOINT_SPECIES, CHECKPOINT_DIMENSION = 9_500, 4_000, 700
"""The same of a checkpoint."""

XDMF_FILE, XDMF_FIELD, XDMF_TIME = 670, 205, 80
"""Bytes of text beside a snapshot, of every field in it, and of every snapshot in the file of all."""

SERIES_FILE, SERIES_SPECIES = 28_000, 3_500
"""Bytes of ``observables.h5`` beside its numbers."""

RECORD, RECORD_SPECIES, RECORD_DIMENSION = 180, 355, 115
"""Bytes of the text of a record: of its own, of every species, and of every dimension of these."""

DIGITS = 20
"""Bytes of a number in a text."""

RUN_FILES, RUN_SPECIES = 8_000, 2_400
"""Bytes of the log, the problem and the summary together, and of every species in them."""


def snapshot_file_bytes(problem: Problem) -> int:
    """Size of the files of one snapshot: its fields with their description, slices and column densities where they are
    asked for, and the text for ParaView."""
    species, dimensions = len(problem.species), len(problem.grid.points)
    fields = species * len(problem.output.snapshots.fields)
    described = SNAPSHOT_FILE + SNAPSHOT_DIMENSION * dimensions + SNAPSHOT_FIELD * fields
    text = XDMF_FILE + XDMF_FIELD * fields + XDMF_TIME
    return snapshot_bytes(problem) + described + text + slice_file_bytes(problem)


def slice_file_bytes(problem: Problem) -> int:
    """Size of one file of slices and column densities; zero where none are asked for. In three dimensions three planes
    and three columns, in two the plane and two columns, in one the line."""
    if not problem.output.snapshots.slices:
        return 0
    points, dimensions, species = problem.grid.points, len(problem.grid.points), len(problem.species)
    faces = [math.prod(points) // extent for extent in points]
    numbers = {1: sum(points), 2: math.prod(points) + sum(faces), 3: 2 * sum(faces)}[dimensions]
    views = {1: 1, 2: 3, 3: 6}[dimensions]
    return SLICE_FILE + species * (SLICE_SPECIES + SLICE_VIEW * views + real_bytes(problem) * numbers)


def checkpoint_file_bytes(problem: Problem) -> int:
    """Size of the file of one checkpoint."""
    described = CHECKPOINT_SPECIES * len(problem.species) + CHECKPOINT_DIMENSION * len(problem.grid.points)
    return checkpoint_bytes(problem) + CHECKPOINT_FILE + described


def series_bytes(problem: Problem, records: int) -> int:
    """Size of ``observables.jsonl`` and ``observables.h5`` with so many records."""
    species, dimensions = len(problem.species), len(problem.grid.points)
    text = RECORD + species * (RECORD_SPECIES + RECORD_DIMENSION * dimensions)
    numbers = 4 + species * (8 + 3 * dimensions)
    along_axes = sum(request.numbers_per_point for request in problem.output.observables.requests)
    listed = round(along_axes * species * sum(problem.grid.points))
    each = text + 8 * numbers + (DIGITS + 8) * listed
    return SERIES_FILE + SERIES_SPECIES * species + records * each


def run_file_bytes(problem: Problem) -> int:
    """Size of the log, the problem, the summary and what else is written once."""
    return RUN_FILES + RUN_SPECIES * len(problem.species)


def snapshot_bytes(problem: Problem) -> int:
    """Arrays of one snapshot: every field asked for, of every species, on the whole grid."""
    fields = problem.output.fields
    reals = sum(numbers_of(name, orbitals) for orbitals in problem.orbitals for name in fields)
    on_grid = math.prod(problem.grid.points) * reals * real_bytes(problem)
    return on_grid + bytes_in_snapshot(problem) + phase_space_bytes(problem)


def checkpoint_bytes(problem: Problem) -> int:
    """Arrays of one checkpoint: the orbitals, and where they are compared with those of time zero these too; the
    markers; the pairs of fluctuations and what goes with them."""
    sets = 2 if any(request.from_start for request in problem.output.observables.requests) else 1
    condensates = math.prod(problem.grid.points) * sets * 2 * sum(problem.orbitals) * real_bytes(problem)
    beside = 2 * real_bytes(problem) * math.prod(problem.grid.points) * fixed_fields(problem)
    return condensates + problem.pairs * pair_bytes(problem) + beside + checkpoint_bytes_of_markers(problem)
