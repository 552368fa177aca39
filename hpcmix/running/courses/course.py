"""What a command that computes a state asks of a problem, and the way from there to its files."""

from __future__ import annotations

from typing import Protocol

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.schema import Problem
from hpcmix.running.resuming.occupied import Attendants
from hpcmix.running.resuming.restart import Origin
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop


class Course(Protocol):
    """What a run does of one kind of problem between its first and its last line."""

    def require_ranks(self, problem: Problem, comm: MPI.Comm) -> None:
        """Raise :class:`~hpcmix.problem.mistakes.errors.ProblemError` where the ranks are too many or too few.
        Collective."""

    def follow(
        self, problem: Problem, origin: Origin | None, attendants: Attendants, begin: float
    ) -> Stop | BlowUp | None:
        """Set up, evolve, write and report; why it ended before the final time, None where it did not. Collective.

        origin  what is gone on from; None: the beginning.
        begin   when the run began, by time.perf_counter.
        """


class Task(Protocol):
    """What a command wants of a problem.

    sections  those of the file that are there with their defaults where it leaves them out.
    evolves   whether it evolves in time, and goes on from checkpoints.
    """

    @property
    def sections(self) -> tuple[str, ...]: ...
    @property
    def evolves(self) -> bool: ...

    def taken(self, problem: Problem) -> Problem:
        """The problem as the command takes it. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""

    def course(self, problem: Problem) -> Course:
        """The way it goes with a problem that it took."""

    def nothing_left(self, directory: RunDirectory, problem: Problem) -> str:
        """What the directory holds already, in words; empty where there is something to do. For the root."""
