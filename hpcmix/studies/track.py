"""Problems that are evolved side by side while something is measured of them; what was measured survives a stop."""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from hpcmix.evolve.stepper import Stepper
from hpcmix.io.atomic import OutputError, write_text
from hpcmix.io.checkpoints.checkpoint import read_state, rotate, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, Checkpoint, read_header
from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directory import RunDirectory
from hpcmix.io.metadata import Metadata
from hpcmix.io.plain_json import page_of
from hpcmix.model.ranks import precision_of
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.together import together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.reading.section import Context
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.initial import Initial
from hpcmix.problem.show import resolved_dict
from hpcmix.run.log import Log
from hpcmix.run.schedules.schedule import Schedule
from hpcmix.run.simulation import Simulation, build_simulation

CHECKPOINT_SECONDS = 600.0
"""From one checkpoint of a track to the next where the file gives no `wall`: what a kill may cost at most."""

KEPT = 2
"""Checkpoints that stay while a track is under way."""

Measure = Callable[[Sequence[Simulation]], Sequence[float]]
Prepare = Callable[[Sequence[Simulation]], None]


@dataclass(frozen=True)
class Track:
    """One or several problems with the same clock, and what is measured of them together.

    label     its name in the log and on the disk.
    problems  with one [time] and one schedule of observables: those of the first count. Without a [time] the beginning
              is all that is measured.
    names     of the numbers that `measure` returns.
    measure   called at every record with the simulations, whose orbitals lie in position space. Collective.
    prepare   called once with the simulations at time zero.
    optional  a track of the error budget: where its problem has no solution, that is its outcome and no error.
    end       called when the track is left, to give back what `measure` made. Collective.
    """

    label: str
    problems: tuple[Problem, ...]
    names: tuple[str, ...]
    measure: Measure
    prepare: Prepare | None = None
    optional: bool = False
    end: Callable[[], None] | None = None

    @property
    def steps(self) -> int:
        """Number of steps."""
        timing = self.problems[0].time
        return 0 if timing is None else timing.steps

    @property
    def work(self) -> float:
        """What it costs, in millions of points moved by a stage of the integrator; the beginning counts as a stage."""
        points = sum(math.prod(one.grid.points) * sum(one.orbitals) for one in self.problems)
        stages = self.steps * len(self.problems[0].time.splitting.drifts) if self.steps else 0
        return 1e-6 * points * (1 + stages)

    @property
    def bytes(self) -> float:
        """What its fields take, set-up included, about."""
        size = 2 * precision_of(self.problems[0]).real_bytes
        return sum(6.0 * size * math.prod(one.grid.points) * sum(one.orbitals) for one in self.problems)

    @property
    def key(self) -> str:
        """Names the track on the disk: a problem that was changed is another track."""
        content = [self.label, list(self.names), [_physics(one) for one in self.problems]]
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.label)}-{digest[:10]}"


def _physics(problem: Problem) -> dict[str, Any]:
    """What of a problem the numbers depend on."""
    described = resolved_dict(problem)
    observables = described.pop("output").get("observables")
    described.pop("title"), described.pop("parallel")
    time = problem.time
    # what was stored when steps did not end at switching times yet is another track
    ends = [] if time is None or time.adaptive is not None else time.fixed_steps.switching_times
    steps = {"steps_end_at": ends} if ends else {}
    return described | {"observables": observables, "precision": problem.parallel.precision} | steps


@dataclass
class Record:
    """What was measured along a track.

    names  of the columns; the first is the time on the clock.
    rows   one for every record.
    lost   why the solution was lost, empty where it was not; the rows end there.
    done   whether the track came to its end.
    """

    names: tuple[str, ...]
    rows: list[tuple[float, ...]] = field(default_factory=list)
    lost: str = ""
    done: bool = False

    def column(self, name: str) -> np.ndarray:
        """The numbers of a column."""
        place = self.names.index(name)
        return np.array([row[place] for row in self.rows])

    def write(self, path: Path) -> None:
        """Store it. Raises :class:`OutputError`."""
        write_text(path, page_of({"names": self.names, "rows": self.rows, "lost": self.lost, "done": self.done}))

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """What is stored; None where nothing is, or nothing that can be read."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            rows = [tuple(math.nan if value is None else float(value) for value in row) for row in content["rows"]]
            return cls(tuple(content["names"]), rows, str(content["lost"]), bool(content["done"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


class Conductor:
    """What a track asks while it is under way: whether to stop, and where it tells how far it is."""

    def begun(self, track: Track, step: int, seconds: float) -> None:
        """The track has its state, of a step; with what is measured of it, that took so long."""

    def built(self, track: Track) -> None:
        """The track has its models and states; what is measured of the first is stored if the study stops from now
        on."""

    def meet(self, world: MPI.Comm) -> None:
        """Between the iterations of a search for a ground state: :class:`~hpcmix.run.stops.requests.Meeting`."""

    def found(self) -> None:
        """A state was found: of one of the problems of the track, which is not stored before all have begun."""

    def stop(self, needed: float) -> int:
        """Why this rank wants to stop, 0 to go on; `needed`: seconds that a step and a checkpoint take."""
        return 0

    def progress(self, track: Track, step: int) -> None:
        """A step was made."""


def stored(track: Track, folder: Path) -> Record | None:
    """The record of a track that came to its end before. For the root of the study."""
    record = Record.read(folder / track.key / "record.json")
    return record if record is not None and record.done and record.names == ("clock", *track.names) else None


def follow(track: Track, comm: MPI.Comm, folder: Path | None, conductor: Conductor) -> Record:
    """Evolve a track to its end, or go on with it, and store what was measured. Collective over `comm`.

    folder  where tracks are stored; None: nowhere.
    Stops early after a checkpoint when the conductor says so; the record is then not done. Raises
    :class:`~hpcmix.run.stops.requests.Stopped` where the conductor does so,
    :class:`~hpcmix.problem.errors.ProblemError`, :class:`~hpcmix.initial.descent.search.NotConverged` and
    :class:`~hpcmix.io.atomic.OutputError`, the same on every rank.
    """
    run = _Run(track, comm, folder)
    try:
        begin = time.monotonic()
        run.begin(conductor)
        conductor.begun(track, run.step, time.monotonic() - begin)
        return run.to_the_end(conductor)
    finally:
        run.free()


def holding_place(problem: Problem) -> Problem:
    """The problem with the quickest initial state there is, to be overwritten by another one."""
    context, initial = Context(dimensions=problem.grid.dimensions), TypeAdapter(Initial)
    quick = [
        initial.validate_python(species.quick_initial(problem.grid.lengths), context=context)
        for species in problem.species
    ]
    species = (
        one.model_copy(update={"initial": state}) for one, state in zip(problem.species, quick, strict=True)
    )
    return problem.model_copy(update={"species": tuple(species)})


class _Run:
    def __init__(self, track: Track, comm: MPI.Comm, folder: Path | None) -> None:
        self.track, self.comm = track, comm
        self.folder = None if folder is None else folder / track.key
        self.record = Record(("clock", *track.names))
        self.simulations: list[Simulation] = []
        self.steppers: list[Stepper] = []
        options, self.timing = track.problems[0].output, track.problems[0].time
        records = options.observables
        if self.timing is not None:
            every, interval = records.every, records.interval
            self.schedule = Schedule(self.timing.fixed_steps, every, interval, self.timing.frame)
        self.pause = options.checkpoints.wall or CHECKPOINT_SECONDS
        self.written = time.monotonic()
        self.cost = 0.0  # seconds that the last checkpoint took
        self.measuring = 0.0  # and the longest record

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self.simulations[0].state.step

    def begin(self, conductor: Conductor) -> None:
        """Go on from the newest checkpoints that are good, else from time zero."""
        if self._resume():
            conductor.built(self.track)
            return
        self._build(self.track.problems, conductor)
        if self.track.prepare is not None:
            self.track.prepare(self.simulations)
        conductor.built(self.track)
        self._measure()

    def _build(self, problems: Sequence[Problem], conductor: Conductor | None = None) -> None:
        self.free()
        for one in problems:
            try:
                self.simulations.append(build_simulation(one, self.comm, Log(speaks=False), stops=conductor))
            except ProblemError as error:
                raise one.locate(error) from error
        if self.timing is not None:
            self.steppers = [Stepper(one.mixture, self.timing.splitting, one.table) for one in self.simulations]

    def free(self) -> None:
        """Give MPI resources back (collective)."""
        if self.simulations and self.track.end is not None:
            self.track.end()
        while self.simulations:
            self.simulations.pop().free()

    def to_the_end(self, conductor: Conductor) -> Record:
        state = self.simulations[0].state
        while state.step < self.track.steps and not self.record.lost:
            begin = time.monotonic()
            for stepper, simulation in zip(self.steppers, self.simulations, strict=True):
                self._advance(stepper, simulation)
            if self.record.lost:
                break
            due = self.schedule.due(state.step)
            if due:
                self._measure()
            conductor.progress(self.track, state.step)
            late = time.monotonic() - self.written > self.pause
            needed = 2.0 * (self.cost + time.monotonic() - begin) + self.measuring
            stop, lost, save = self._vote(conductor.stop(needed), late)
            if lost:
                self.record.lost = f"the solution is not finite in step {state.step} of {self.track.steps}"
                break
            if state.step < self.track.steps and (stop or save):
                self._save()
            if stop and state.step < self.track.steps:
                return self.record
        self.record.done = True
        with together(self.comm):
            if self.folder is not None and self.comm.rank == 0:
                self.record.write(self.folder / "record.json")
                self._remove_checkpoints()
        return self.record

    def _advance(self, stepper: Stepper, simulation: Simulation) -> None:
        try:
            stepper.advance(simulation.state)
        except FloatingPointError as error:
            self.record.lost = str(error)

    def _vote(self, stop: int, late: bool) -> tuple[int, bool, bool]:
        """What the ranks want, the largest of each."""
        lost = not all(cloud.looks_finite() for simulation in self.simulations for cloud in simulation.state.clouds)
        ballot = np.array([stop, lost, late], np.float64)
        self.comm.Allreduce(MPI.IN_PLACE, ballot, op=MPI.MAX)
        return int(ballot[0]), bool(ballot[1]), bool(ballot[2])

    def _measure(self) -> None:
        begin, state = time.monotonic(), self.simulations[0].state
        if self.timing is not None:
            self._settle()
        with np.errstate(over="ignore", invalid="ignore"):  # a solution that is lost is noticed in the vote
            values = self.track.measure(self.simulations)
        self.record.rows.append((state.time, *map(float, values)))
        self.measuring = max(self.measuring, time.monotonic() - begin)

    def _settle(self) -> None:
        """Do the kicks that are pending."""
        for stepper, simulation in zip(self.steppers, self.simulations, strict=True):
            stepper.settle(simulation.state)

    # ------------------------------------------------------------ on the disk

    def _directories(self) -> list[RunDirectory]:
        return [RunDirectory(self.folder / str(number)) for number in range(len(self.track.problems))]

    def _save(self) -> None:
        """Checkpoints of all simulations, then the record up to them: it names their step. Collective."""
        if self.folder is None:
            return
        begin = time.monotonic()
        self._settle()
        for simulation, directory in zip(self.simulations, self._directories(), strict=True):
            metadata = Metadata.of(simulation.problem, simulation.provenance.attributes())
            names = [one.name for one in simulation.problem.species]
            write_checkpoint(directory, simulation.state, names, simulation.communicators, Bookmark(), metadata)
            with together(self.comm):
                if self.comm.rank == 0:
                    rotate(directory, KEPT)
        with together(self.comm):
            if self.comm.rank == 0:
                self.record.write(self.folder / "record.json")
        self.written = time.monotonic()
        self.cost = self.written - begin

    def _resume(self) -> bool:
        """Read the newest step of which every simulation has a good checkpoint, and the record up to it. Collective."""
        if self.folder is None:
            return False
        record, found = None, []
        with together(self.comm):
            if self.comm.rank == 0:
                record, found = self._candidates()
        record, found = self.comm.bcast((record, found))
        if not found:
            return False
        self._build([holding_place(one) for one in self.track.problems])
        for _, checkpoints in found:
            try:
                for simulation, checkpoint in zip(self.simulations, checkpoints, strict=True):
                    names = [one.name for one in simulation.problem.species]
                    clouds = simulation.state.clouds
                    simulation.state = read_state(checkpoint, clouds, names, simulation.communicators)
            except (Damaged, OutputError):
                continue
            until = checkpoints[0].progress.time * (1.0 + 1e-12)
            self.record.rows = [row for row in record.rows if row[0] <= until]
            return True
        return False

    def _candidates(self) -> tuple[Record | None, list[tuple[int, list[Checkpoint]]]]:
        """The stored record, and the steps that every simulation has a checkpoint of, newest first. For one rank."""
        record = Record.read(self.folder / "record.json")
        if record is None or record.names != self.record.names:
            return None, []
        stored = [dict(directory.stored_checkpoints()) for directory in self._directories()]
        found = []
        for step in sorted(set.intersection(*map(set, stored)), reverse=True):
            with suppress(OutputError):
                found.append((step, [read_header(files[step]) for files in stored]))
        return record, found

    def _remove_checkpoints(self) -> None:
        for directory in self._directories():
            shutil.rmtree(directory.path, ignore_errors=True)
