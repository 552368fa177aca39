"""What N bodies need before they run: configurations, memory, files and time. Imports no MPI and allocates nothing.

A rank holds its rows of some vectors, and whole tables: the configurations of every species, and the operators on
columns. Making tables takes more than keeping them. Numbers of configurations and of bytes in vectors are exact; tables
are at most what is told (modes of different symmetry have fewer hops), times are estimates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from hpcmix.evolve.many_body.chebyshev import STEPS as LANCZOS_STEPS
from hpcmix.evolve.many_body.chebyshev import coefficients
from hpcmix.model.many_body.hops import LARGEST_TABLES
from hpcmix.problem.checks.many_body.size import configurations, sizes_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.modes import ModesSection
from hpcmix.problem.sections.species.potentials import PotentialSection
from hpcmix.running.planning.costs.memory import PROGRAM_BYTES, SERIES_BYTES
from hpcmix.running.planning.many_body.configuration_tables import (
    ChannelCounts,
    OwnMatrix,
    Selection,
    Space,
    channel_counts,
    matrix_bytes,
    own_matrix,
)
from hpcmix.running.planning.many_body.spectrum import energy_radius, turning_rate
from hpcmix.running.schedules.schedule import Schedule

COMPLEX_BYTES = 16

VECTORS = 4
"""The state, two of Chebyshev's, and one for what is measured."""

MAGNUS_VECTORS = 24
"""Where something depends on time: the state, two for the estimate of errors, and a Krylov basis of at most 21."""

SPARSE_BYTES = 20_000_000
"""What a rank needs in addition for the libraries of sparse matrices. Measured 18 to 24 MB."""

MEASURED_TOGETHER = 2**22
"""Numbers of the vectors that density matrices are made of at a time (observe/reduced/density_matrices.py)."""

UNITS = 4096
"""Parts that ranks share rows by (parallel/many_body/configurations.py)."""

MAKING_FIXED, MAKING_MOVING = 50, 165
"""Bytes for an entry of a table while it is made, of one whose values stay and of one whose values change in time;
measured."""

KEPT_PER_ENTRY = 31
"""Bytes for an entry of a table whose values change in time, beside the values: its factors; measured."""

SECONDS_PER_HOP = 0.6e-9
"""Of an amplitude in a product of two species, on a core. Measured 0.4 to 1."""

SECONDS_PER_ENTRY = 1.5e-9
"""Of an entry in a product of one species alone, whose matrix comes from memory."""

EXPONENTIALS, DIMENSION = 6, 10
"""Of a step of Magnus' integrator, and of their Krylov spaces, about."""

STEP_PHASE = 0.05
"""Phase that a step of Magnus' integrator takes at the tolerance 1e-12, about; it grows with the fourth root of the
tolerance. Measured on a ring of five waves."""

STEPS_OF_RAMP = 4
"""Of that integrator from look to look where potentials change, about."""


@dataclass(frozen=True)
class BodiesPlan:
    """The needs of N bodies on a number of ranks, and of their mean field beside them.

    spaces     the configurations of every species.
    ranks      how many.
    vectors    of all configurations that are held at the same time, at most.
    largest_part
               rows of the first species that the rank with most of them has.
    table_bytes, setup_bytes
               of a rank: tables while the state evolves, and what is needed in passing when they are made; at most.
    grid_bytes modes and fields of a rank.
    products   of the Hamiltonian with a vector in the whole evolution.
    seconds_per_product
               estimate for this machine, a core per rank.
    """

    spaces: tuple[Space, ...]
    ranks: int
    vectors: int
    largest_part: int
    table_bytes: int
    setup_bytes: int
    grid_bytes: int
    checkpoint_bytes: int
    checkpoints: int
    reduced_bytes: int
    reduced_files: int
    records: int
    looks: int
    products: int
    seconds_per_product: float

    @property
    def total(self) -> int:
        """D, configurations of all species together."""
        return math.prod(space.count for space in self.spaces)

    @property
    def vector_bytes(self) -> int:
        """Of one whole vector."""
        return COMPLEX_BYTES * self.total

    @property
    def rank_bytes(self) -> int:
        """Of all vectors on the rank that has most rows."""
        columns = math.prod(space.count for space in self.spaces[1:])
        return self.vectors * COMPLEX_BYTES * self.largest_part * columns

    @property
    def memory_bytes(self) -> int:
        """Peak of the first rank, program and output included."""
        passing = max(self.setup_bytes, self.rank_bytes)  # tables are made before there are more vectors than one
        program = PROGRAM_BYTES + SERIES_BYTES + SPARSE_BYTES
        return program + self.grid_bytes + self.table_bytes + self.measuring_bytes + passing

    @property
    def measuring_bytes(self) -> int:
        """Of a rank while it measures."""
        pairs = math.prod(space.modes for space in self.spaces[:2])
        columns = math.prod(space.count for space in self.spaces[1:])
        return COMPLEX_BYTES * min(MEASURED_TOGETHER, self.largest_part * columns * pairs)

    @property
    def disk_bytes(self) -> int:
        """All that stays, and one checkpoint more while it is written."""
        return self.reduced_bytes * self.reduced_files + self.checkpoint_bytes * (self.checkpoints + 1)

    @property
    def seconds(self) -> float:
        """Of the evolution."""
        return self.products * self.seconds_per_product


def plan_bodies(problem: Problem, ranks: int, particles: Sequence[int] | None = None) -> BodiesPlan:
    """Plan a run of a problem with ``[many_body]``, of its particle numbers or others."""
    return _Planning(problem, ranks, particles).plan()


def needed_bytes(problem: Problem, ranks: int, particles: Sequence[int] | None = None) -> int:
    """Of the first rank at its peak."""
    planning = _Planning(problem, ranks, particles)
    return planning.memory_only().memory_bytes


@dataclass
class _Planning:
    problem: Problem
    ranks: int
    particles: Sequence[int] | None

    @cached_property
    def moving(self) -> bool:
        """Whether the Hamiltonian of the configurations changes in time."""
        problem = self.problem
        frame = problem.grid.frame.map.expanding and problem.grid.dimensions != 2
        potentials = [entry for species in problem.species for entry in species.potential]
        varying = problem.grid.frame.map.expanding if potentials else False
        return self.turning or frame or varying or any(map(_changes, potentials))

    @property
    def turning(self) -> bool:
        """Whether all of it does."""
        return self.problem.bodies.picture == "excitations"

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        coherent = self.problem.bodies.state == "coherent"
        spaces = []
        for fermions, particles, modes, outside in sizes_of(self.problem, self.particles):
            count = configurations(fermions, particles, modes, outside, coherent)
            # above a coherent state its classical part is one mode more
            spaces.append(Space(fermions, particles, modes + coherent, count, complete=outside is None))
        return tuple(spaces)

    @cached_property
    def entries(self) -> tuple[ModesSection, ...]:
        """What makes the modes of every species."""
        many_body = self.problem.bodies
        return tuple(many_body.entry_of(species.name)[1] for species in self.problem.species)

    @cached_property
    def selections(self) -> tuple[Selection, ...]:
        problem = self.problem
        free = all(entry.kernel_boundary in (None, "periodic") for entry in problem.interaction)
        selections = []
        for species, entry in zip(problem.species, self.entries, strict=True):
            momenta = entry.momenta(problem.grid.dimensions) if free else None
            kept = not species.potential and problem.rotation is None
            selections.append(Selection(momenta, kept, entry.every_point, self.turning))
        return tuple(selections)

    @cached_property
    def pairs(self) -> set[tuple[int, int]]:
        """Species that interact, first <= second."""
        return {
            (min(pair), max(pair)) for pair in (self.problem.pair(entry.between) for entry in self.problem.interaction)
        }

    @cached_property
    def own(self) -> list[OwnMatrix]:
        """Every species' own operator."""
        return [
            own_matrix(space, selection, (number, number) in self.pairs)
            for number, (space, selection) in enumerate(zip(self.spaces, self.selections, strict=True))
        ]

    def channels(self, first: int, second: int) -> tuple[ChannelCounts, ChannelCounts]:
        """Those of two species, on the side of each."""
        a, b = (
            channel_counts(self.selections[first_index], self.spaces[first_index].modes, self.spaces[other].modes)
            for first_index, other in ((first, second), (second, first))
        )
        return a, b

    @cached_property
    def between(self) -> list[tuple[int, int]]:
        return sorted(pair for pair in self.pairs if pair[0] != pair[1])

    @cached_property
    def value_bytes(self) -> int:
        """Of an entry: modes of a trap or a box are real, and sums over waves too."""
        turned = self.problem.rotation is not None or any(species.vector_potential for species in self.problem.species)
        return COMPLEX_BYTES if self.turning or turned else COMPLEX_BYTES // 2

    @cached_property
    def by_pairs(self) -> bool:
        """Whether one species of bosons goes by pairs, without a matrix (model/many_body/make_product.py)."""
        space, own = self.spaces[0], self.own[0]
        if len(self.spaces) > 1 or space.fermions or not space.complete or space.particles < 2 or space.modes < 2:
            return False
        pairs = space.modes * (space.modes + 1) // 2
        return own.of_a_row > 2 * pairs or 12.0 * own.of_a_row * space.count > LARGEST_TABLES

    @property
    def _setup_bytes(self) -> int:
        if self.by_pairs:
            return 0
        return (MAKING_MOVING if self.moving else MAKING_FIXED) * max(own.entries for own in self.own)

    @cached_property
    def largest_part(self) -> int:
        rows = self.spaces[0].count
        unit = max(1, rows // UNITS)
        units = -(-rows // unit)
        return min(rows, unit * -(-units // self.ranks))

    @cached_property
    def table_bytes(self) -> int:
        """Operators as a rank keeps them, and the configurations that they are made from."""
        rows, columns = self.spaces[0].count, math.prod(space.count for space in self.spaces[1:])
        share = self.largest_part / rows
        total = sum(8 * space.count * space.modes for space in self.spaces)
        if self.by_pairs:
            return total
        total += round(share * matrix_bytes(self.own[0].entries, rows, self.value_bytes))
        for number, space in enumerate(self.spaces[1:], 1):
            entries = self.own[number].entries * (columns // space.count)
            total += matrix_bytes(entries, columns, self.value_bytes)
        for first, second in self.between:
            left, right = self.channels(first, second)
            size = matrix_bytes(right.entries(self.spaces[second]), 0, self.value_bytes)
            size += 8 * right.channels * (self.spaces[second].count + 1)
            total += size * (columns // self.spaces[second].count)
            size = matrix_bytes(left.entries(self.spaces[first]), 0, self.value_bytes)
            size += 8 * left.channels * (self.spaces[first].count + 1)
            total += round(share * size) if first == 0 else 0
        if self.moving:
            total += KEPT_PER_ENTRY * sum(own.entries for own in self.own)
        return total

    @cached_property
    def hops(self) -> float:
        """Entries that an amplitude of a product takes."""
        if self.by_pairs:
            return float(self.spaces[0].modes * (self.spaces[0].modes + 1))
        total = sum(own.entries / space.count for own, space in zip(self.own, self.spaces, strict=True))
        for first, second in self.between:
            left, right = self.channels(first, second)
            total += left.entries(self.spaces[first]) / self.spaces[first].count
            total += right.entries(self.spaces[second]) / self.spaces[second].count
        return total

    @property
    def grid_bytes(self) -> int:
        """Modes and what they are made from: every rank has all of a small grid, and its share of a larger one."""
        points = math.prod(self.problem.grid.points)
        fields = sum(space.modes for space in self.spaces) * 3 + 20
        share = 1 if points <= 2**16 else self.ranks
        return COMPLEX_BYTES * fields * points // share

    def memory_only(self) -> BodiesPlan:
        """Without what takes an estimate of the spectrum."""
        return self._made(0, 0, 0, 0)

    def plan(self) -> BodiesPlan:
        """All of it."""
        time, output = self.problem.timing, self.problem.output
        table = time.fixed_steps
        records, snapshots = (
            Schedule(table, options.every, options.interval, time.frame)
            for options in (output.observables, output.snapshots)
        )
        stretches = looks_of(records, snapshots)
        return self._made(records.count(), snapshots.count(), stretches, self._products(time.end, stretches))

    def _made(self, records: int, files: int, looks: int, products: int) -> BodiesPlan:
        per_hop = SECONDS_PER_HOP if len(self.spaces) > 1 else SECONDS_PER_ENTRY
        columns = math.prod(space.count for space in self.spaces[1:])
        grid = math.prod(self.problem.grid.points)
        modes = [space.modes for space in self.spaces]
        return BodiesPlan(
            spaces=self.spaces,
            ranks=self.ranks,
            vectors=MAGNUS_VECTORS if self.moving else VECTORS,
            largest_part=self.largest_part,
            table_bytes=self.table_bytes,
            setup_bytes=self._setup_bytes,
            grid_bytes=self.grid_bytes,
            checkpoint_bytes=COMPLEX_BYTES * (self.spaces[0].count * columns + grid * sum(modes)),
            checkpoints=self.problem.output.checkpoints.keep,
            reduced_bytes=grid * sum(COMPLEX_BYTES * (number + 1) for number in modes),
            reduced_files=files,
            records=records,
            looks=looks,
            products=products,
            seconds_per_product=self.largest_part * columns * self.hops * per_hop,
        )

    def _products(self, end: float, stretches: int) -> int:
        tolerance = self.problem.bodies.tolerance
        problem = self.problem
        if not self.moving:
            phase = energy_radius(problem, self.spaces, self.entries) * end / stretches / problem.hbar
            return LANCZOS_STEPS + stretches * len(coefficients(min(phase, 1e6), tolerance / stretches))
        step = STEP_PHASE * (tolerance / 1e-12) ** 0.25
        rate = turning_rate(problem, self.spaces, self.entries, self._outside)
        steps = max(stretches, math.ceil(rate * end / step)) if self.turning else STEPS_OF_RAMP * stretches
        if self.turning:
            return EXPONENTIALS * DIMENSION * steps
        phase = 1.5 * energy_radius(problem, self.spaces, self.entries) * end / problem.hbar
        return math.ceil(max(2.0 * phase, EXPONENTIALS * DIMENSION * steps))

    @property
    def _outside(self) -> list[int]:
        """The most particles outside, per species."""
        return [outside or 0 for _, _, _, outside in sizes_of(self.problem, self.particles)]


def _changes(entry: PotentialSection) -> bool:
    """Whether a potential changes after the start."""
    if entry.until + entry.ramp <= 0.0:
        return False
    return entry.moves or entry.course is not None or any(time > 0.0 for time in entry.switching_times)


def looks_of(*schedules: Schedule) -> int:
    """At how many steps after the first one somebody looks: at so many the evolution is cut."""
    steps = schedules[0].steps
    if steps > 10**6:
        return max(schedule.count() - 1 for schedule in schedules)
    return sum(any(schedule.due(step) for schedule in schedules) for step in range(1, steps + 1))
