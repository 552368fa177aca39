"""N bodies beside their mean field as a part of a study: what a track (studies/tracks/track.py) is for wave functions.

A track has one problem with its particle numbers, is measured at every record of the file, and stores psi as one file
with all rows, which any number of ranks goes on from.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.system import Hooks, ModeSystem
from hpcmix.observe.reduced.measurement import NORM_DISTANCE, Measurement
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.checks.many_body.size import total_configurations
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.running.schedules.schedule import Schedule
from hpcmix.studies.tracks.following import CHECKPOINT_SECONDS, follow
from hpcmix.studies.tracks.track import Conductor, Record, physics_of

VECTORS = 26
"""Of psi's size that are held: Krylov's basis, psi, and what steps are tried on."""
PRODUCTS = 1000
"""Of an evolution, about: what its cost is told by."""
STATE = "state"
"""Name of what is stored of psi."""


@dataclass(frozen=True)
class ManyBodyTrack:
    """One problem with ``[many_body]`` at its particle numbers.

    label     its name in the log and on the disk.
    problem   with whole particles.
    names     of what is measured (observe/reduced/measurement.py).
    optional  a track of the error budget.
    limit     whether Bogoliubov's equation is solved beside it.
    """

    label: str
    problem: Problem
    names: tuple[str, ...]
    optional: bool = False
    limit: bool = False

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The one."""
        return (self.problem,)

    @property
    def steps(self) -> int:
        """Number of steps of the file."""
        return self.problem.timing.steps

    @property
    def work(self) -> float:
        """What it costs, in millions of amplitudes."""
        return 1e-6 * PRODUCTS * float(total_configurations(self.problem))

    @property
    def bytes(self) -> float:
        """What its vectors take, about."""
        return 16.0 * VECTORS * float(total_configurations(self.problem))

    @property
    def key(self) -> str:
        """Names the track on the disk: a problem that was changed is another track."""
        content = [self.label, list(self.names), self.limit, physics_of(self.problem)]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.label)}-{digest[:10]}"


@follow.register
def _(track: ManyBodyTrack, comm: MPI.Comm, folder: Path | None, conductor: Conductor) -> Record:
    """See :func:`~hpcmix.studies.tracks.following.follow`."""
    begin = time.monotonic()
    with ExitStack() as stack:
        bodies = _made(track, comm, conductor, stack)
        conductor.found()
        conductor.built(track)
        run = _Run(track, comm, None if folder is None else folder / track.key, bodies)
        run.begin()
        conductor.begun(track, bodies.step, time.monotonic() - begin)
        return run.to_the_end(conductor)


def schedule_of_records(problem: Problem) -> Schedule:
    """When N bodies are looked at."""
    records, timing = problem.output.observables, problem.timing
    return Schedule(timing.fixed_steps, records.every, records.interval, timing.frame)


def _made(track: ManyBodyTrack, comm: MPI.Comm, conductor: Conductor, stack: ExitStack) -> ManyBodies:
    """The bodies at time zero; the stack gives their MPI resources back. Collective."""
    hooks = Hooks(report=lambda iteration, residual, energy: conductor.meet(comm))
    try:
        system = ModeSystem.of(track.problem, comm, hooks)
        stack.callback(system.free)
        looked = schedule_of_records(track.problem).due
        bodies = ManyBodies(system, comm, looked=looked, with_limit=track.limit)
        stack.callback(bodies.free)
        bodies.watch(conductor.alive)
    except ProblemError as error:
        raise track.problem.locate(error) from error
    return bodies


class _Run:
    def __init__(self, track: ManyBodyTrack, comm: MPI.Comm, folder: Path | None, bodies: ManyBodies) -> None:
        self.track, self.comm, self.folder, self.bodies = track, comm, folder, bodies
        self.measurement = Measurement(bodies)
        self.record = Record(("clock", *track.names))
        options = track.problem.output.checkpoints
        self.pause = (options.wall or CHECKPOINT_SECONDS) if options.enabled else math.inf
        self.written = time.monotonic()
        self.cost = self.measuring = 0.0

    def begin(self) -> None:
        """Go on from what is stored, else measure time zero. Collective."""
        if not self._resume():
            self._measure()

    def to_the_end(self, conductor: Conductor) -> Record:
        bodies = self.bodies
        while not bodies.is_finished and not self.record.lost:
            begin = time.monotonic()
            try:
                bodies.advance()
            except FloatingPointError as error:
                self.record.lost = str(error)
                break
            needed = 2.0 * (self.cost + time.monotonic() - begin) + self.measuring
            stop, lost, save = self._vote(conductor.stop(needed))
            if lost:
                self.record.lost = f"the wave function is not finite at step {bodies.step} of {bodies.steps}"
                break
            self._measure()
            conductor.progress(self.track, bodies.step)
            if not bodies.is_finished and (stop or save):
                self._save()
            if stop and not bodies.is_finished:
                return self.record
        self.record.done = True
        with together(self.comm):
            if self.folder is not None and self.comm.rank == 0:
                self.record.write(self.folder / "record.json")
                shutil.rmtree(self.folder / STATE, ignore_errors=True)
        return self.record

    def _vote(self, stop: int) -> tuple[int, bool, bool]:
        """What the ranks want, the largest of each."""
        late = time.monotonic() - self.written > self.pause
        ballot = np.array([stop, not self.bodies.is_finite, late], np.float64)
        self.comm.Allreduce(MPI.IN_PLACE, ballot, op=MPI.MAX)
        return int(ballot[0]), bool(ballot[1]), bool(ballot[2])

    def _measure(self) -> None:
        begin = time.monotonic()
        numbers = self.measurement.measure() | self.measurement.judge()
        if NORM_DISTANCE in self.track.names:
            numbers[NORM_DISTANCE] = self.measurement.norm_distance()
        self.record.rows.append((self.bodies.clock, *(float(numbers[name]) for name in self.track.names)))
        self.measuring = max(self.measuring, time.monotonic() - begin)

    # ------------------------------------------------------------ on the disk

    def _save(self) -> None:
        """All rows of psi, what else there is, then the record up to them: it names their step. Collective."""
        folder = self.folder
        if folder is None:
            return
        begin = time.monotonic()
        bodies, place = self.bodies, folder / STATE
        path = place / f"{bodies.step}.npy"
        small: dict[str, Any] = {**bodies.small_arrays()}
        with together(self.comm):
            if self.comm.rank == 0:
                place.mkdir(parents=True, exist_ok=True)
                shape = (bodies.cut.rows, bodies.cut.columns)
                np.lib.format.open_memmap(path, "w+", np.complex128, shape).flush()
        with together(self.comm):
            rows = np.lib.format.open_memmap(path, "r+")
            rows[bodies.cut.first : bodies.cut.last] = bodies.psi
            rows.flush()
        with together(self.comm):
            if self.comm.rank == 0:
                np.savez(place / f"{bodies.step}.npz", **small)
                self.record.write(folder / "record.json")
                for other in place.iterdir():
                    if other.stem != str(bodies.step):
                        other.unlink()
        self.written = time.monotonic()
        self.cost = self.written - begin

    def _resume(self) -> bool:
        """Read the stored state, and the record up to it. Collective."""
        folder = self.folder
        if folder is None:
            return False
        stored: tuple[Record, int] | None = None
        with together(self.comm):
            if self.comm.rank == 0:
                stored = self._candidate(folder)
        stored = self.comm.bcast(stored)
        if stored is None:
            return False
        record, step = stored
        with together(self.comm):
            rows = np.load(folder / STATE / f"{step}.npy", mmap_mode="r")
            with np.load(folder / STATE / f"{step}.npz") as arrays:
                small = {name: arrays[name] for name in arrays.files}
            cut = self.bodies.cut
            mine = np.array(rows[cut.first : cut.last])
        self.bodies.go_on(step, mine, small)
        until = self.bodies.clock * (1.0 + 1e-12)
        self.record.rows = [row for row in record.rows if row[0] <= until]
        return True

    def _candidate(self, folder: Path) -> tuple[Record, int] | None:
        """The stored record, and the newest step that is complete. For one rank."""
        record = Record.read(folder / "record.json")
        if record is None or record.names != self.record.names:
            return None
        shape = (self.bodies.cut.rows, self.bodies.cut.columns)
        steps = sorted((int(path.stem) for path in (folder / STATE).glob("*.npz")), reverse=True)
        for step in steps:
            try:
                rows = np.load(folder / STATE / f"{step}.npy", mmap_mode="r")
            except (OSError, ValueError):
                continue
            if rows.shape == shape:
                return record, step
        return None
