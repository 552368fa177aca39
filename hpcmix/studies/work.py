"""The tracks of a study, shared out over the ranks: several at a time where there are enough ranks, each on a
communicator of its own; a study that is stopped goes on with the tracks that are left."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.parallel.sharing.orbital_groups import MEMORY_SHARE
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.log import Log, Meter
from hpcmix.running.stops.requests import Prospect, Stopped, StopRequests
from hpcmix.running.stops.watchdog import Watchdog
from hpcmix.studies.tracks.following import follow
from hpcmix.studies.tracks.track import Conductor, Part, Record, stored


class StudyStopped(Foreseen):
    """The study was asked to stop; what is done is stored. The text says by whom."""

    status = ExitStatus.STOPPED

    def __init__(self, message: str, status: ExitStatus = ExitStatus.STOPPED) -> None:
        super().__init__(message)
        self.status = status


NOTHING_YET = Prospect("before a part of the study was done: the same command begins again")
_STORED = Prospect("; what is done is stored, the same command goes on", ExitStatus.STOPPED)

GROUPS_GRACE = 20.0
"""Seconds in which a group that is at the beginning of a track leaves the end of the study to the others, who may have
something to store."""

_EXPECTED = (ProblemError, NotConverged, OutputError)
"""Errors with a sentence of their own."""


class Work:
    """Where a study's tracks are followed.

    comm       all ranks.
    log        what people read.
    directory  of the study; None: nothing is stored.
    stops      who may ask the study to stop.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        log: Log,
        directory: Path | None = None,
        stops: StopRequests | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.comm, self.log, self.directory = comm, log, directory
        self._stops, self._watchdog = stops, watchdog

    @property
    def folder(self) -> Path | None:
        """Where tracks are stored."""
        return None if self.directory is None else self.directory / "tracks"

    def follow_all(self, tracks: Sequence[Part]) -> dict[str, Record]:
        """What was measured along every track, by its label. Collective.

        Tracks that are stored are not followed again. Raises on every rank :class:`StudyStopped`, or the first error of
        a track in their order.
        """
        records = self._stored(tracks)
        left = [track for track in tracks if track.label not in records]
        if records:
            self.log.line(f"{len(records)} of {len(tracks)} parts are stored from before")
        if not left:
            return records
        groups = number_of_groups(left, self.comm)
        self.log.line(f"{len(left)} parts to compute, {groups} at a time on {described_ranks(self.comm.size, groups)}")
        colour = self.comm.rank * groups // self.comm.size
        mine = deal([track.work for track in left], groups)[colour]
        group = self.comm.Split(colour, self.comm.rank)
        try:
            outcome = self._follow_mine([left[number] for number in mine], group)
        finally:
            group.Free()
        return records | self._gathered(outcome)

    def _stored(self, tracks: Sequence[Part]) -> dict[str, Record]:
        kept: dict[str, Record] = {}
        with together(self.comm):
            if self.comm.rank == 0 and self.folder is not None:
                for track in tracks:
                    record = stored(track, self.folder)
                    if record is not None:
                        kept[track.label] = record
        return self.comm.bcast(kept)

    def _follow_mine(self, tracks: Sequence[Part], group: MPI.Comm) -> tuple[dict[str, Record], str, Exception | None]:
        """This group's records, why it stopped, and the error that ended it."""
        done: dict[str, Record] = {}
        total = sum(track.work for track in tracks)
        with (
            self._listening(group) as stops,
            self.log.progress("millions of points", max(1, round(total)), 0) as meter,
        ):
            conductor = _Conductor(stops, meter, self._watchdog)
            for track in tracks:
                stops.grace = 0.0 if group.size == self.comm.size else GROUPS_GRACE
                if done and conductor.stops_before_the_next(group):
                    self._tell_others(group)
                    return done, conductor.reason(group), None
                try:
                    record = follow(track, group, self.folder, conductor)
                except Stopped:
                    self._tell_others(group)
                    return done, conductor.reason(group), None
                except _EXPECTED as error:
                    if not track.optional or isinstance(error, OutputError):
                        self._tell_others(group)
                        return done, "", error
                    record = Record(("clock", *track.names), lost=str(error).splitlines()[0], done=True)
                if not record.done:
                    self._tell_others(group)
                    return done, conductor.reason(group), None
                done[track.label] = record
                stops.prospect = _STORED
                conductor.before += track.work
                meter.update(round(conductor.before), track.label)
        return done, "", None

    @contextmanager
    def _listening(self, group: MPI.Comm) -> Iterator[StopRequests]:
        """The requests to stop, as the ranks of a group ask for them: each group's root looks at the clock."""
        with ExitStack() as stack:
            stops = self._stops
            if stops is None:
                stops = stack.enter_context(StopRequests(self.directory, None, group.rank == 0))
            usual = stops.looks, stops.prospect
            stops.looks, stops.file_waits = group.rank == 0, True
            stops.prospect = _STORED if self._anything_stored() else NOTHING_YET
            try:
                yield stops
            finally:
                stops.grace = None  # what other groups have to store is waited for
                stops.looks, stops.prospect = usual

    def _anything_stored(self) -> bool:
        """Whether a study that is stopped now has something to go on from."""
        if self.folder is None:
            return False
        kept = ("*/record.json", "*/*/checkpoints/*.h5", "*/*/ground-state-search.h5")
        return any(any(self.folder.glob(pattern)) for pattern in kept)

    def _tell_others(self, group: MPI.Comm) -> None:
        """Other groups look for the file STOP as well: one that ends early leaves it for them."""
        if self.directory is not None and group.rank == 0 and group.size < self.comm.size:
            with suppress(OSError):
                (self.directory / "STOP").touch()

    def _gathered(self, outcome: tuple[dict[str, Record], str, Exception | None]) -> dict[str, Record]:
        outcomes = self.comm.allgather(outcome)
        stopped = [reason for _, reason, _ in outcomes if reason]
        errors = [error for _, _, error in outcomes if error is not None]
        if (stopped or errors) and self.directory is not None and self.comm.rank == 0:
            with suppress(OSError):
                (self.directory / "STOP").unlink(missing_ok=True)
        if errors:
            raise errors[0]
        if stopped:
            first = next((reason for reason in stopped if "STOP" not in reason), stopped[0])
            stored = self.comm.bcast(self._anything_stored() if self.comm.rank == 0 else None)
            prospect = _STORED if stored else NOTHING_YET
            raise StudyStopped(f"stopped by {first}{prospect.behind}", prospect.status)
        return {label: record for done, _, _ in outcomes for label, record in done.items()}


class _Conductor(Conductor):
    """Asks the usual requests to stop, and tells the study's meter.

    before     work of the tracks that are done.
    beginning  seconds that a track took to begin, at most: meanwhile nobody is asked.
    """

    def __init__(self, stops: StopRequests, meter: Meter, watchdog: Watchdog | None) -> None:
        self.before = self.beginning = 0.0
        self._stops, self._meter, self.watchdog = stops, meter, watchdog
        self._code = 0

    def stop(self, needed: float) -> int:
        self._code = self._stops.code(needed)
        return self._code

    def stops_before_the_next(self, group: MPI.Comm) -> bool:
        """Whether no other track is to be begun. Collective over the group."""
        return group.allreduce(self.stop(self.beginning), op=MPI.MAX) > 0

    def built(self, track: Part) -> None:
        self._stops.grace = None

    def meet(self, world: MPI.Comm) -> None:
        self._beat()
        self._code = self._stops.code()
        self._stops.meet(world)

    def begun(self, track: Part, step: int, seconds: float) -> None:
        self.beginning = max(self.beginning, seconds)
        self._tell(track, step)

    def alive(self) -> None:
        self._beat()

    def progress(self, track: Part, step: int) -> None:
        self._tell(track, step)

    def _tell(self, track: Part, step: int) -> None:
        self._beat()
        share = step / track.steps if track.steps else 1.0
        self._meter.update(round(self.before + track.work * share), f"{track.label}, step {step}")

    def _beat(self) -> None:
        if self.watchdog is not None:
            self.watchdog.beat()

    def reason(self, group: MPI.Comm) -> str:
        """Why the group stopped, in words."""
        code = group.allreduce(self._code, op=MPI.MAX)
        return self._stops.reason(code)


def number_of_groups(tracks: Sequence[Part], comm: MPI.Comm) -> int:
    """How many tracks are followed at a time: as many as there are, or ranks, or room for on a node. A rank by itself
    exchanges nothing, so that many small groups are the quickest. Collective."""
    memory = MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    nodes = comm.size / node.size
    node.Free()
    room = int(memory * nodes / max(track.bytes for track in tracks))
    axes = [min(problem.grid.points) for track in tracks for problem in track.problems]
    fewest = -(-comm.size // max(1, min(axes)))  # a group larger than its grid's planes would not fit
    return comm.bcast(max(1, fewest, min(len(tracks), comm.size, room)))


def deal(costs: Sequence[float], groups: int) -> list[list[int]]:
    """Numbers of the tracks of every group: the dearest first, each to the group that has the least."""
    loads = np.zeros(groups)
    dealt: list[list[int]] = [[] for _ in range(groups)]
    for number in sorted(range(len(costs)), key=lambda number: (-costs[number], number)):
        least = int(np.argmin(loads))
        dealt[least].append(number)
        loads[least] += costs[number]
    return dealt


def described_ranks(ranks: int, groups: int) -> str:
    """The division in words."""
    smallest, largest = ranks // groups, -(-ranks // groups)
    each = f"{smallest}" if smallest == largest else f"{smallest} or {largest}"
    return f"{each} rank{'s' if largest > 1 else ''} each"
