"""A track followed to its end: its problems march side by side and are measured, and go on where a stop left them."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from functools import partial, singledispatch
from pathlib import Path

from hpcmix.io.checkpoints.header import Bookmark
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.calculation.output import CheckpointsOptions
from hpcmix.running.log import Log
from hpcmix.running.marching.evolution import Evolution
from hpcmix.running.marching.loop import Duties, march
from hpcmix.running.output.checkpoints import CheckpointStore
from hpcmix.running.resuming.restart import NoCheckpoint, Origin, common_origins
from hpcmix.running.schedules.checkpoints import CheckpointSchedule
from hpcmix.running.schedules.schedule import ROUNDING
from hpcmix.running.simulation import Simulation, build_simulation
from hpcmix.running.stops.guard import BlowUp
from hpcmix.state.state import State
from hpcmix.studies.tracks.track import Conductor, Part, Record, Track

CHECKPOINT_SECONDS = 600.0
"""From one checkpoint of a track to the next where the file gives no `wall`: what a kill may cost at most."""

KEPT = 2
"""Checkpoints that stay while a track is under way."""


@singledispatch
def follow(track: Part, comm: MPI.Comm, folder: Path | None, conductor: Conductor) -> Record:
    """Evolve a part of a study to its end, or go on with it, and store what was measured. Collective over `comm`.

    folder  where tracks are stored; None: nowhere.
    Stops early after a checkpoint when the conductor says so; the record is then not done. A solution that is lost ends
    the record. Raises :class:`~hpcmix.running.stops.requests.Stopped` where the conductor does so,
    :class:`~hpcmix.problem.mistakes.errors.ProblemError`,
    :class:`~hpcmix.initial.descent.ground_state.NotConverged` and
    :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank.
    """
    raise TypeError(f"nobody knows how to follow a {type(track).__name__}")


@follow.register
def _(track: Track, comm: MPI.Comm, folder: Path | None, conductor: Conductor) -> Record:
    following = _Following(track, comm, None if folder is None else folder / track.key, conductor)
    try:
        following.begin()
        if following.to_the_end():
            following.finish()
        return following.record
    finally:
        following.free()


class _Following(Duties):
    """What is done along a track (:class:`~hpcmix.running.marching.loop.Duties`)."""

    def __init__(self, track: Track, comm: MPI.Comm, folder: Path | None, conductor: Conductor) -> None:
        self.record = Record(("clock", *track.names))
        self._track, self._comm, self._folder, self._conductor = track, comm, folder, conductor
        self._simulations: list[Simulation] = []
        self._evolutions: list[Evolution] = []  # none where nothing evolves
        self._stores: list[CheckpointStore] = []
        self._began = time.monotonic()
        self._measuring = 0.0  # seconds of the longest record

    @property
    def _state(self) -> State:
        """Of the first simulation, by which the clock goes."""
        return self._simulations[0].state

    # ------------------------------------------------------------ beginning and end

    def begin(self) -> None:
        """Go on from the newest checkpoints that are good, else from time zero. Collective."""
        if not self._resume():
            self._build()
            if self._track.prepare is not None:
                self._track.prepare(self._simulations)
        self._conductor.built(self._track)

    def to_the_end(self) -> bool:
        """Measure and evolve; whether nothing is left to do. Collective."""
        try:
            self._begin_to_measure()
            self._conductor.begun(self._track, self._state.step, time.monotonic() - self._began)
            timers = self._simulations[0].timers
            return not self._evolutions or march(self._evolutions, self, self._comm, timers) == 0
        except BlowUp as error:
            self.record.lost = str(error)
            if not self.record.rows:  # every record of a track has a beginning
                self.record.rows.append((self._state.time, *(math.nan for _ in self._track.names)))
            return True

    def finish(self) -> None:
        """Store the record, which is all that is left of the track. Collective."""
        self.record.done = True
        with together(self._comm):
            if self._folder is not None and self._comm.rank == 0:
                self.record.write(self._folder / "record.json")
                for directory in self._directories():
                    shutil.rmtree(directory.path, ignore_errors=True)

    def free(self) -> None:
        """Give MPI resources back. Collective."""
        if self._simulations and self._track.end is not None:
            self._track.end()
        while self._simulations:
            self._simulations.pop().free()
        self._evolutions, self._stores = [], []

    def _build(self, origins: Sequence[Origin | None] = ()) -> None:
        self.free()
        problems = self._track.problems
        for problem, origin, place in zip(problems, origins or [None] * len(problems), self._places(), strict=True):
            try:
                conductor = self._conductor
                simulation = build_simulation(
                    problem, self._comm, Log(speaks=False), origin, conductor.watchdog, conductor, place
                )
            except ProblemError as error:
                raise problem.locate(error) from error
            self._simulations.append(simulation)
        first = self._simulations[0]
        if first.problem.time is None:
            return
        self._evolutions = [Evolution(simulation) for simulation in self._simulations]
        self._records = first.schedule(first.problem.output.observables)
        by_clock = CheckpointsOptions(wall=first.problem.output.checkpoints.wall or CHECKPOINT_SECONDS)
        self._checkpoints = CheckpointSchedule(by_clock, first.schedule(by_clock), len(first.provenance.hosts))
        self._checkpoints.cost = sum(simulation.loading_seconds for simulation in self._simulations)
        for simulation, directory in zip(self._simulations, self._directories(), strict=False):
            metadata = Metadata.of(simulation.problem, simulation.provenance.attributes())
            self._stores.append(CheckpointStore(simulation, directory, KEPT, metadata))

    # ------------------------------------------------------------ between steps

    @property
    def over(self) -> bool:
        """Whether the final time is reached."""
        return self._simulations[0].is_finished

    def wants_checkpoint(self) -> bool:
        """By the clock on the wall."""
        return bool(self._stores) and not self.over and self._checkpoints.due(self._state.progress)

    def wants_stop(self, seconds: float) -> int:
        """As the conductor says, who leaves time for another step, a record and a checkpoint."""
        return self._conductor.stop(2.0 * (self._checkpoints.cost + seconds + self._measuring))

    def attempted(self, seconds: float) -> None:
        """The track is alive."""
        self._conductor.progress(self._track, self._state.step)

    @property
    def due(self) -> bool:
        """Whether a record is."""
        return self._records.due_at(self._state.progress)

    def look(self) -> None:
        """A record. What it is worth the study's error budget says, which knows more than the limits of a run's
        guard."""
        begin = time.monotonic()
        self.record.rows.append((self._state.time, *map(float, self._track.measure(self._simulations))))
        self._measuring = max(self._measuring, time.monotonic() - begin)

    def save(self) -> None:
        """Checkpoints of all simulations, then the record up to them."""
        begin = time.perf_counter()
        for simulation, store in zip(self._simulations, self._stores, strict=False):
            store.write(partial(Bookmark, ground_state=simulation.ground_state))
        with together(self._comm):
            if self._folder is not None and self._comm.rank == 0:
                self.record.write(self._folder / "record.json")
        self._checkpoints.written(time.perf_counter() - begin)

    def _begin_to_measure(self) -> None:
        """The first record; of a track that goes on that of its step, unless it was made before the stop."""
        for evolution in self._evolutions:
            evolution.settle()
        measured = bool(self.record.rows) and self.record.rows[-1][0] >= self._state.time * (1.0 - ROUNDING)
        if not measured and (not self._evolutions or self.due):
            self.look()

    # ------------------------------------------------------------ on the disk

    def _places(self) -> Sequence[RunDirectory | None]:
        """Where searches for the ground states of the problems are kept that do not come to their end."""
        return self._directories() or [None] * len(self._track.problems)

    def _directories(self) -> list[RunDirectory]:
        """Of the checkpoints of every simulation; none where nothing is stored."""
        if self._folder is None:
            return []
        return [RunDirectory(self._folder / str(number)) for number in range(len(self._track.problems))]

    def _resume(self) -> bool:
        """Read the newest step of which every simulation has a good checkpoint, and the record up to it. Collective."""
        record, candidates = None, []
        with together(self._comm):
            if self._folder is not None and self._comm.rank == 0:
                record = Record.read(self._folder / "record.json")
                if record is not None and record.names == self.record.names:
                    candidates = common_origins(self._directories())
        record, candidates = self._comm.bcast((record, candidates))
        for origins in candidates:
            try:
                self._build(origins)
            except NoCheckpoint:
                continue
            with together(self._comm):
                if self._comm.rank == 0:
                    for origin in origins:
                        origin.prepare()
            until = self._state.time * (1.0 + ROUNDING)
            self.record.rows = [row for row in record.rows if row[0] <= until]
            return True
        return False
