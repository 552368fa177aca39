"""What a problem needs before it runs: memory, files, decomposition and time. Imports no MPI and allocates no field."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from hpcmix.kernels import transforms as kernels
from hpcmix.model.ranks import division_request, precision_of
from hpcmix.model.terms.channels import channels_through, shapes_of
from hpcmix.parallel.decomposition import Decomposition
from hpcmix.parallel.sharing.division import Division, divide
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.problem.checks.discretisation.kernel_costs import kernel_cost
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.output import numbers_of
from hpcmix.problem.sections.components.coupling import coupled_groups, dressed_groups
from hpcmix.running.planning.costs.krylov import krylov_fields, pairs_per_drift, turns
from hpcmix.running.planning.costs.losses import loss_fields, loss_pairs
from hpcmix.running.planning.costs.markers import (
    MarkersPlan,
    checkpoint_bytes_of_markers,
    even_marker_bytes,
    kicks_per_step,
    marker_file_bytes,
    phase_space_bytes,
    plan_of_markers,
)
from hpcmix.running.planning.costs.pairs import (
    PAIR_SLOWNESS,
    PairsPlan,
    bytes_in_snapshot,
    fixed_fields,
    pair_bytes,
    pair_calls,
    pair_transforms,
    passing_fields,
    plan_of_pairs,
)
from hpcmix.running.schedules.schedule import schedule_of

PROGRAM_BYTES = 132_000_000
"""Resident memory of a rank with fields of no size at the end of a run: Python, numpy, scipy, HDF5 and MPI with its
buffers. Measured 119 MB at the end of a run of condensates, 143 MB with sets of orbitals and their Thomas-Fermi
densities."""

SERIES_BYTES = 5_000_000
"""What the first rank needs in addition once it writes observables.h5 (h5netcdf). Measured 5 MB."""

FREE_SPACE_PAIRS = 3.5
"""Cost of a convolution in free space in Fourier pairs of the grid (of a complex field). Measured: 4.1 at 64^3, 2.9 at
128^3."""

LEVELS_OUTSIDE = 4
"""States beside a set of orbitals that the search for its ground state may keep (initial/orbitals/complement.py)."""


SECONDS_PER_DRIFT = 70e-6
"""What the calls of a drift and a kick take where the grid has hardly a point; once more for a coupling that changes in
time, whose matrices are made anew. Measured 60 to 90 us."""


SECONDS_PER_LINE = 15e-6
"""What the calls of a field's transforms take in a drift in one dimension, where each is made alone."""


@dataclass(frozen=True)
class Plan:
    """The needs of a run on a number of ranks.

    groups                  number of orbital groups; `decomposition` is that of one group's grid.
    memory_bytes            peak of the first rank, which has the largest block and writes; ground state, evolution,
                            output and program.
    evolution_bytes         the same for the evolution alone.
    snapshot_bytes, snapshots, records
                            size of one snapshot with its slices, number of snapshots and of records; None where they
                            depend on adaptive steps.
    checkpoint_bytes, checkpoints
                            size of one checkpoint, and how many stay at the same time.
    transforms_per_step     Fourier pairs (forward and backward) of one field.
    seconds_per_step        estimate for this machine, or None where the problem has no [time].
    notes                   what the file asks for and does not get on so many ranks.
    pairs                   the pairs of fluctuations beside the condensates, None without.
    markers                 those of classical species, None without.
    marker_file_bytes, marker_files
                            size of one marker file, and how many; None where that depends on adaptive steps.
    """

    groups: int
    decomposition: Decomposition
    memory_bytes: int
    evolution_bytes: int
    snapshot_bytes: int
    snapshots: int | None
    records: int | None
    checkpoint_bytes: int
    checkpoints: int
    transforms_per_step: float
    steps: int | None
    seconds_per_step: float | None
    notes: tuple[str, ...] = ()
    pairs: PairsPlan | None = None
    markers: MarkersPlan | None = None
    marker_file_bytes: int = 0
    marker_files: int | None = 0

    @property
    def disk_bytes(self) -> int | None:
        """All snapshots and marker files together and the checkpoints that stay, one more while it is written; None
        where the number of snapshots or marker files is not known."""
        if self.snapshots is None or self.marker_files is None:
            return None
        written = self.snapshot_bytes * self.snapshots + self.marker_file_bytes * self.marker_files
        return written + self.checkpoint_bytes * (self.checkpoints + 1)


def make_plan(problem: Problem, ranks: int) -> Plan:
    """Plan a run on `ranks` ranks. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when the grid is too
    small for them."""
    division = divide(division_request(problem), ranks)
    decomposition = division.decomposition
    snapshots: int | None = 1
    records: int | None = 1
    steps: int | None = 0
    marker_files: int | None = 0 if problem.output.markers is None else 1
    if problem.time is not None:
        table = problem.time.fixed_steps if problem.time.adaptive is None else None
        steps = None if table is None else table.steps
        snapshots, records = (
            schedule_of(options, problem.time, table).count()
            for options in (problem.output.snapshots, problem.output.observables)
        )
        if problem.output.markers is not None:
            marker_files = schedule_of(problem.output.markers, problem.time, table).count()
    pairs, markers = plan_of_pairs(problem, division), plan_of_markers(problem, division)
    held = 0 if pairs is None else pairs.held
    marker_bytes = 0 if markers is None else markers.rank_bytes - even_marker_bytes(problem, division)
    seconds = None if problem.time is None else seconds_per_step(problem, ranks // division.replicas, held)
    if seconds is not None and markers is not None:
        seconds += kicks_per_step(problem) * markers.seconds_per_kick
    transforms = transforms_per_step(problem)
    if held:
        transforms += held * pair_transforms(problem, convolutions_per_kick(problem))
    return Plan(
        groups=division.groups,
        decomposition=decomposition,
        memory_bytes=memory_bytes(problem, division) + marker_bytes,
        evolution_bytes=evolving_bytes(problem, division) + marker_bytes,
        snapshot_bytes=snapshot_bytes(problem),
        snapshots=snapshots,
        records=records,
        checkpoint_bytes=checkpoint_bytes(problem),
        checkpoints=problem.output.checkpoints.keep if problem.time is not None else 0,
        transforms_per_step=transforms,
        steps=steps,
        seconds_per_step=seconds,
        notes=division.notes,
        pairs=pairs,
        markers=markers,
        marker_file_bytes=marker_file_bytes(problem),
        marker_files=marker_files,
    )


def evolving_bytes(problem: Problem, division: Division) -> int:
    """Peak of the first rank while the problem evolves, markers dealt evenly."""
    points = _largest_block(division)
    pairs = plan_of_pairs(problem, division)
    per_point = evolution_bytes(problem, division.decomposition, division.groups)
    if pairs is not None:
        fields = pairs.fields * resident_share(division.decomposition) + passing_fields(problem)
        per_point += round(2 * real_bytes(problem) * fields)
    return PROGRAM_BYTES + SERIES_BYTES + points * per_point + even_marker_bytes(problem, division)


def memory_bytes(problem: Problem, division: Division) -> int:
    """Peak of the first rank, the ground state and the set-up of the kernels included."""
    points, kernels = _largest_block(division), 0.0
    for entry in problem.interaction:
        if entry.kernel_boundary is not None:
            kernels = max(kernels, kernel_cost(entry, problem.grid).bytes)
    seeking = PROGRAM_BYTES + points * ground_state_bytes(problem, division.decomposition, division.groups)
    seeking += even_marker_bytes(problem, division)
    return max(seeking, evolving_bytes(problem, division), PROGRAM_BYTES + round(kernels))


def _largest_block(division: Division) -> int:
    """Points of the rank that has most."""
    decomposition = division.decomposition
    return max(decomposition.position_block(rank).size for rank in range(min(decomposition.ranks, 64)))


def real_bytes(problem: Problem) -> int:
    """Bytes of a real number of the fields; a complex one takes twice as many."""
    return precision_of(problem).real_bytes


def resident_share(decomposition: Decomposition) -> float:
    """Fields of a rank's size that a rank has in its resident memory for each field in shared memory: its own part, and
    the lines that it transforms in the parts of the others."""
    first = decomposition.pencil_grid[0]
    return 1.0 if decomposition.dimensions == 1 else 1.0 + (first - 1) / first


def transform_fields(decomposition: Decomposition) -> float:
    """Complex fields that a whole transform works in, in units of a rank's block.

    On one rank the spectrum; on several an array to begin in and, for each direction of the pencil grid that has more
    than one rank, a landing array.
    """
    if decomposition.dimensions == 1 or decomposition.ranks == 1:
        return 1.0
    return 1.0 + sum(1.0 + (ranks - 1) / ranks for ranks in decomposition.pencil_grid if ranks > 1)


def kernel_fields(problem: Problem, decomposition: Decomposition) -> float:
    """Real fields that convolutions keep, and a density and a potential per species where there are any.

    Periodic: of each channel (model/terms/channels.py) a half spectrum and the field, of each species that feels one
    the potential, and the multipliers of half size. In free space: per channel a half spectrum along the last axis,
    which is as large as a complex field, and where it is exchanged the others' part of it; the multipliers, four times
    as large where dipoles are tilted against the axes. In a frame that expands every multiplier has beside it what it
    is filled anew from: itself at the start, or the places of its |k| in a list.
    """
    copies = 2.0 if problem.grid.frame.map.expanding else 1.0
    periodic, free = (channels_through(problem, boundary) for boundary in ("periodic", "free"))
    fields = 0.0
    if periodic.count:
        fields += copies * 0.5 * len(periodic.multipliers)
        fields += periodic.count * (1.0 + resident_share(decomposition)) + len(periodic.felt)
    if free.count:
        tilted = {
            number
            for number, shape in enumerate(shapes_of(problem, "free"))
            if not problem.interaction[shape.interaction].even_along_axes
        }
        sizes = [4.0 if any(shape in tilted for _, shape in blend) else 1.0 for blend in free.multipliers]
        second = decomposition.pencil_grid[1]
        fields += copies * sum(sizes) + 2.0 * resident_share(decomposition) * free.count
        fields += 2.0 if decomposition.ranks > 1 else 0.0  # the lines before they are exchanged
        fields += 2.0 * (2.0 - 1.0 / second) if second > 1 else 0.0
    # densities and potentials of their own, where the kick does not take them along
    return fields + (2.0 * len(problem.species) if periodic.count or free.count or problem.functional else 0.0)


def evolution_bytes(problem: Problem, decomposition: Decomposition, groups: int) -> int:
    """Bytes per grid point of a rank's block while the problem evolves and is observed.

    Complex: the orbitals of the first group, what is kept or made of them for further observables, one orbital with its
    pending kick done, and what the transform works in; of adaptive steps also the copies to go back to and to take the
    step by another way from. Real: external potentials, a density and a mean field per species and a product when
    observing, what convolutions keep, and a table of every kinetic energy that is no sum over axes. In a frame that
    expands, when observing, a spectrum and the momentum along each axis.
    """
    species, names = len(problem.species), [species.name for species in problem.species]
    requests = problem.output.observables.requests
    sets = 1 + sum(request.from_start + request.orbital_sets for request in requests)
    orbitals = OrbitalGroups(problem.orbitals, groups).largest
    complex_fields: float = orbitals * (sets - 1 + resident_share(decomposition)) + 1 + transform_fields(decomposition)
    complex_fields += krylov_fields(problem, decomposition, 2 * real_bytes(problem))
    if problem.grid.frame.map.expanding:
        complex_fields += 1 + problem.grid.dimensions
    if problem.time is not None and problem.time.adaptive is not None:
        complex_fields += orbitals * (1 + resident_share(decomposition))
    real_fields: float = 2 * species + 1 + max((request.real_fields for request in requests), default=0)
    real_fields += potential_fields(problem) + kernel_fields(problem, decomposition) + loss_fields(problem)
    # coupled components are completed together, and come to the lines along the first axis together
    exchanges = 1 if decomposition.dimensions == 1 else sum(ranks > 1 for ranks in decomposition.pencil_grid)
    complex_fields += (1 + exchanges) * sum(len(group) for group in coupled_groups(names, problem.exchanges))
    real_fields += len(
        {(species.mass, species.rest_mass) for species in problem.species if species.kinetic == "semirelativistic"}
    )
    return round(real_bytes(problem) * (2 * complex_fields + real_fields))


def ground_state_bytes(problem: Problem, decomposition: Decomposition, groups: int) -> int:
    """Bytes per grid point of a rank's block while the ground state is sought; 0 if no species asks for it.

    Eight complex fields per orbital (phi, T phi, d, T d, the gradient, the gradient before, the preconditioned
    gradient, and one that the look at the curvature needs beside these), one to work in (for sets an eighth per
    orbital: combinations are not made in place, and the lowest levels outside), and what the transform works in;
    condensates are whole in every orbital group; of several starts the best state; with coherent coupling its product
    with a field. Real: density and W, the preconditioner's p (p + 1) / 2
    factors, change and response of the densities, a few in passing, and what convolutions keep.
    """
    if not any(species.initial.is_ground_state for species in problem.species):
        return 0
    species = len(problem.species)
    single = sum(number == 1 for number in problem.orbitals)
    dealt = OrbitalGroups(tuple(number for number in problem.orbitals if number > 1), groups).largest
    looks = problem.ground_state.saddles != "ignore"
    kept = problem.ground_state.starts > 1
    complex_fields = (7.0 + looks + kept) * single + (8 + looks + kept) * dealt + 1 + transform_fields(decomposition)
    complex_fields += 3.0 * any(turns(problem, species) for species in problem.species)
    complex_fields += LEVELS_OUTSIDE * sum(number > 1 for number in problem.orbitals)
    complex_fields += bool(dressed_groups(problem.species, problem.exchanges))
    real_fields: float = 4 * species + species * (species + 1) // 2 + 2 + potential_fields(problem)
    real_fields += kernel_fields(problem, decomposition)
    return round(real_bytes(problem) * (2 * complex_fields + real_fields))


def potential_fields(problem: Problem) -> int:
    """Number of real fields that the external potentials keep; with the confinement of a frame that expands. Species
    whose constant potentials are the same share one (model/potentials.share_equal)."""
    fields = len(problem.species) if problem.grid.frame.map.expanding else 0
    constant = []
    for species in problem.species:
        varying = [entry for entry in species.potential if entry.switched or entry.moves]
        fields += len(varying) + (1 if varying else 0)
        never_changes = [entry for entry in species.potential if not (entry.switched or entry.moves)]
        weighs = any(entry.proportional_to_mass for entry in never_changes)
        turned = problem.rotation is not None  # what the frame adds depends on mass and charge too
        key = (never_changes, species.mass if weighs or turned else 0.0, species.vector_potential if turned else None)
        if (never_changes or turned) and key not in constant:
            constant.append(key)
    return fields + len(constant)


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
    """Estimated seconds of a step on this machine: its Fourier pairs, coherent coupling, losses, what every drift and
    kick costs beside them however small the grid is, and `held` pairs of fluctuations."""
    pairs = transforms_per_step(problem) + mixing_pairs(problem) + loss_pairs(problem)
    if held:
        pairs += held * PAIR_SLOWNESS * pair_transforms(problem, convolutions_per_kick(problem))
    drifts = len(problem.timing.splitting.drifts) * (1 if problem.timing.adaptive is None else 3)
    changing = any(entry.switched for entry in problem.coupling) or any(
        energy.switched for spinor in problem.spinor for energy in spinor.zeeman
    )
    calls = SECONDS_PER_DRIFT * (1.0 + changing) * drifts
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
