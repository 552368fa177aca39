"""Point after point of a sweep: what is there is left alone, what another job computes is left to it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.locking.lock import Locked
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.plain_json import plain
from hpcmix.io.documents.summary import read_summary
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.units.units import Units
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.courses.course import Task
from hpcmix.running.courses.excitations.command import ExcitationsTask
from hpcmix.running.courses.fields import GroundTask, RunTask
from hpcmix.running.launch import Request, launch
from hpcmix.running.log import Log
from hpcmix.running.stops.requests import Stopped, program_start
from hpcmix.running.stops.signals import SIGNALS, STOPPING
from hpcmix.studies.sweeps.directory import PointRecord, SweepDirectory, is_of
from hpcmix.studies.sweeps.points import Chain, Point
from hpcmix.studies.sweeps.reading import State, SweptFile
from hpcmix.studies.sweeps.tally import OTHERS, Tally

TASKS: dict[str, Callable[[], Task]] = {"run": RunTask, "ground": GroundTask, "excitations": ExcitationsTask}
"""What is computed at a point, by the word of ``sweep.command``."""

_TELLING_SECONDS = 1.0
"""Between the end of a run and the file that says what became of its point there are milliseconds, as a rule."""


class Turn(Enum):
    """What is to be done about a point."""

    THERE = "there"
    """It has its numbers, or its sentence."""
    BUSY = "busy"
    """Another job computes it."""
    OURS = "ours"
    """It is to be computed here."""
    STOP = "stop"
    """Nothing more is to be begun."""


class _Listener:
    """The audience of a point's run: its lines are in its own log, and only how it ends is heard here."""

    def __init__(self) -> None:
        self.error: Foreseen | None = None

    def say(self, text: str) -> None:
        """Nothing."""

    def complain(self, error: Foreseen) -> None:
        """Keep the error."""
        self.error = error

    def bar(self, title: str, total: float | None, done: float, place: str) -> None:
        """No bar."""


@dataclass
class Sweeping:
    """The work on a sweep. For all ranks of a communicator; what is decided is decided by its root.

    retry     points that failed and are to be computed once more, by their names: when what became of them was
              written (:func:`failures`). What was written later is an answer.
    max_wall  seconds that the program may run.
    beside    where others of this job work on the sweep too, the file by which who stops asks them to.
    """

    swept: SweptFile
    directory: SweepDirectory
    comm: MPI.Comm
    log: Log
    retry: Mapping[str, int] = field(default_factory=dict)
    max_wall: float | None = None
    beside: Path | None = None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._numbers = {point.name: number for number, point in enumerate(self.swept.points, 1)}
        self._task = TASKS[self.swept.command]()

    def run(self) -> Tally:
        """Compute what is left. Where other jobs compute points of the sweep too, those of a job that has died
        meanwhile are taken over. Raises :class:`OutputError` where files cannot be written. Collective; the root has
        the tally."""
        while True:
            before = len(self.tally.ended)
            self.tally.there = self.tally.busy = 0
            for chain in self.swept.chains:
                if not self._follow(chain):
                    self._tell_others()
                    return self.tally
            if not self.comm.bcast(self.tally.busy > 0 and len(self.tally.ended) > before):
                return self.tally

    def _follow(self, chain: Chain) -> bool:
        """The points of a chain, each from the state of the last one before it that has one; whether to go on."""
        states: list[State | None] = [None]
        for place, point in enumerate(chain.points):
            turn, problem = self._turn(point, states)
            if turn is Turn.STOP:
                return False
            if turn is Turn.BUSY:
                self.tally.busy += len(chain.points) - place
                return True
            if turn is Turn.OURS and not self._compute(point, problem):
                return False
            if not self._has_ended(point):  # another job was quicker, or it could not be computed: the rest waits
                self.tally.busy += 0 if point.label in self.tally.troubled else len(chain.points) - place - 1
                return True
            if state := self._state(point, problem):
                states.append(state)
        return True

    def _has_ended(self, point: Point) -> bool:
        """Whether it is known what became of a point. Collective."""
        return self.comm.bcast(self.comm.rank == 0 and self.directory.record_of(point.name) is not None)

    def _state(self, point: Point, problem: Problem | None) -> State | None:
        """The state that the next point begins with, where this one has one. The root knows."""
        if problem is None or not self.swept.sweep.continued:
            return None
        record, stored = self.directory.record_of(point.name), self._run_of(point).stored_snapshots()
        if record is None or not record.is_done or not stored:
            return None
        found = read_summary(self._run_of(point).summary)["species"]
        return State(problem, stored[-1][1], {name: entries["particles"] for name, entries in found.items()})

    def _run_of(self, point: Point) -> RunDirectory:
        return self.directory.run_of(point.name)

    # ------------------------------------------------------------------------------------------------- decisions

    def _turn(self, point: Point, states: Sequence[State | None]) -> tuple[Turn, Problem | None]:
        """What is to be done about a point; for the root with its problem."""
        asked = max(self.comm.allgather(SIGNALS.number))
        turn, problem = Turn.OURS, None
        with together(self.comm):
            if self.comm.rank == 0:
                turn, problem = self._judged(point, states, asked)
        return self.comm.bcast(turn), problem

    def _judged(self, point: Point, states: Sequence[State | None], asked: int) -> tuple[Turn, Problem]:
        """For the root."""
        problem = self._problem_of(point, states[-1])
        record = self._record_of(point)
        if record is not None:
            # A point that began before its neighbour was computed on request (--retry) has an earlier state's start.
            earlier = (self._problem_of(point, state) for state in reversed(states[:-1]))
            if not (is_of(record, problem) or any(is_of(record, each) for each in earlier)):
                raise self._another(point, problem)
            if record.is_done or not self._is_tried_again(point):
                if not record.is_done:
                    self.tally.failed[point.label] = record.message
                self.tally.there += point.name not in self.tally.ended
                return Turn.THERE, problem
        if self.directory.is_busy(point.name):
            return Turn.BUSY, problem
        if reason := self._reason_to_stop(asked):
            self.tally.stopped = reason
            return Turn.STOP, problem
        return Turn.OURS, problem

    def _record_of(self, point: Point) -> PointRecord | None:
        """What became of a point. Of a run that has just ended who computed it may be about to tell: that is waited
        for, a moment."""
        deadline = time.monotonic() + _TELLING_SECONDS
        while (record := self.directory.record_of(point.name)) is None:
            if time.monotonic() > deadline or self.directory.is_busy(point.name) or not _has_ended(self._run_of(point)):
                return None
            time.sleep(0.05)
        return record

    def _problem_of(self, point: Point, before: State | None) -> Problem:
        """That of a point whose search begins with a state."""
        return self._task.taken(self.swept.problem_of(point, self._run_of(point).path, before))

    def _another(self, point: Point, problem: Problem) -> ProblemError:
        """A point that is there is not that of the file."""
        return problem.complain(
            "",
            f"{self.directory.path} holds points of another problem than this ({point.label} is one); "
            "--restart never moves them aside, or choose another directory with --set output.directory=...",
        )

    def _reason_to_stop(self, asked: int) -> str:
        """Why no point is to be begun; empty where nothing speaks against it."""
        if asked:
            return STOPPING[signal.Signals(asked)]
        if self.directory.stop.exists():
            if self.beside is None:
                self.directory.stop.unlink(missing_ok=True)
            return f"the file {self.directory.stop}"
        if self.beside is not None and self.beside.exists():
            return OTHERS
        if self.max_wall is not None and self._seconds_left <= 0.0:
            return "--max-wall"
        return ""

    @property
    def _seconds_left(self) -> float:
        """Of the time that the program may run."""
        return (self.max_wall or 0.0) - (time.time() - program_start())

    # --------------------------------------------------------------------------------------------------- a point

    def _compute(self, point: Point, problem: Problem | None) -> bool:
        """Run a point and keep what became of it; whether to go on. Collective."""
        begin, listener = time.monotonic(), _Listener()
        request = Request(
            self.swept.file,
            problem=problem,
            task=self._task,
            restart=self._restart_of(point),
            max_wall=None if self.max_wall is None else max(self._seconds_left, 0.1),
            is_guest=True,
        )
        status = launch(request, listener)
        goes_on = True
        with together(self.comm):
            if self.comm.rank == 0 and problem is not None:
                ending = _Ending(ExitStatus(status), listener.error, time.monotonic() - begin)
                goes_on = self._keep(point, problem, ending)
        return self.comm.bcast(goes_on)

    def _is_tried_again(self, point: Point) -> bool:
        """Whether a point failed before this job, which computes it once more."""
        return point.name in self.retry and self.retry[point.name] == self.directory.written_at(point.name)

    def _tell_others(self) -> None:
        """Others that work on the sweep stop before their next point, too."""
        if self.beside is not None and self.comm.rank == 0:
            self.beside.touch()

    def _restart_of(self, point: Point) -> str:
        """A point that failed is gone on with where its search was kept, and else computed anew."""
        run, failed = self._run_of(point), self._is_tried_again(point)
        return "never" if failed and not run.search.exists() and not run.modes_search.exists() else "auto"

    def _keep(self, point: Point, problem: Problem, ending: _Ending) -> bool:
        """Write what became of a point; whether to go on. For the root."""
        error, tally = ending.error, self.tally
        tally.failed.pop(point.label, None)
        tally.troubled.pop(point.label, None)
        if ending.status == ExitStatus.DONE:
            tally.done.add(point.name)
            self._record(point, problem, ending, "done", "")
            self._say(point, f"done in {ending.seconds:.3g} s{_energy(self._run_of(point).path, problem.scales)}")
        elif error is not None and error.of_the_problem:
            tally.failed[point.label] = str(error)
            self._record(point, problem, ending, "failed", str(error))
            self._say(point, f"failed: {error}")
        elif ending.status == ExitStatus.STOPPED or SIGNALS.number:
            tally.stopped = error.reason if isinstance(error, Stopped) else _message(self._run_of(point))
            return False
        elif isinstance(error, Locked):
            tally.busy += 1
        elif isinstance(error, OutputError):
            raise error
        else:
            tally.troubled[point.label] = str(error)
            self._say(point, f"not computed: {error}")
        return True

    def _record(self, point: Point, problem: Problem, ending: _Ending, status: str, message: str) -> None:
        self.tally.ended.add(point.name)
        record = PointRecord(status, message, plain(resolved_dict(problem)), ending.seconds)
        self.directory.write_record(point.name, record)

    def _say(self, point: Point, what: str) -> None:
        self.log.line(f"{self._numbers[point.name]} of {len(self._numbers)}: {point.label}: {what}")


def failures(swept: SweptFile, directory: SweepDirectory) -> dict[str, int]:
    """Points that have no answer, by their names: when that was written. For the root."""
    names = [point.name for point in swept.points]
    records = {name: directory.record_of(name) for name in names}
    return {name: directory.written_at(name) for name, record in records.items() if record and not record.is_done}


@dataclass(frozen=True)
class _Ending:
    """How a point's run ended: its status, the error that was told, and how long it took."""

    status: ExitStatus
    error: Foreseen | None
    seconds: float


def _has_ended(run: RunDirectory) -> bool:
    """Whether a run has come to an end that is an answer."""
    try:
        return read_summary(run.summary)["status"] in ("done", "failed")
    except (OSError, OutputError, KeyError):
        return False


def _message(run: RunDirectory) -> str:
    """Why a run was stopped that has written what it had."""
    try:
        return str(read_summary(run.summary)["message"])
    except (OSError, KeyError):
        return "a request"


def _energy(path: Path, scales: Units) -> str:
    """The energy that a run came to, as the end of a sentence."""
    try:
        energy = read_summary(RunDirectory(path).summary)["energy"]["total"]
    except (OSError, KeyError, TypeError):
        return ""
    return f", energy {MeasureWords(scales).energy(energy, 10)}" if isinstance(energy, float) else ""
