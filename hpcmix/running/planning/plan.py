"""What a problem needs before it runs: memory, files, decomposition and time. Imports no MPI and allocates no field."""

from __future__ import annotations

from dataclasses import dataclass

from hpcmix.model.ranks import division_request
from hpcmix.parallel.decomposition import Decomposition
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.costs.files import (
    checkpoint_file_bytes,
    run_file_bytes,
    series_bytes,
    snapshot_file_bytes,
)
from hpcmix.running.planning.costs.markers import (
    MarkersPlan,
    even_marker_bytes,
    kicks_per_step,
    marker_file_bytes,
    plan_of_markers,
)
from hpcmix.running.planning.costs.memory import evolving_bytes, memory_bytes
from hpcmix.running.planning.costs.pairs import PairsPlan, pair_transforms, plan_of_pairs
from hpcmix.running.planning.costs.steps import convolutions_per_kick, seconds_per_step, transforms_per_step
from hpcmix.running.schedules.schedule import schedule_of


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
    other_bytes             size of the records, the log, the problem and the summary.
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
    other_bytes: int = 0

    @property
    def disk_bytes(self) -> int | None:
        """All snapshots and marker files together, the checkpoints that stay, one more while it is written, records and
        small files; None where the number of snapshots or marker files is not known."""
        if self.snapshots is None or self.marker_files is None:
            return None
        written = self.snapshot_bytes * self.snapshots + self.marker_file_bytes * self.marker_files
        checkpoints = self.checkpoints + (1 if self.checkpoints else 0)
        return written + self.checkpoint_bytes * checkpoints + self.other_bytes


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
        snapshot_bytes=snapshot_file_bytes(problem),
        snapshots=snapshots,
        records=records,
        checkpoint_bytes=checkpoint_file_bytes(problem),
        checkpoints=problem.output.checkpoints.keep if problem.time is not None else 0,
        transforms_per_step=transforms,
        steps=steps,
        seconds_per_step=seconds,
        notes=division.notes,
        pairs=pairs,
        markers=markers,
        marker_file_bytes=marker_file_bytes(problem),
        marker_files=marker_files,
        other_bytes=run_file_bytes(problem) + series_bytes(problem, records or 0),
    )
