"""A run of the mean field on the grid, or of its ground state alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.model.ranks import division_request
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.evolution import NEEDS_TIME
from hpcmix.running.courses.course import Course
from hpcmix.running.marching.duties import evolve
from hpcmix.running.output.checkpoints import Checkpoints
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.output.report import finish
from hpcmix.running.planning.preflight import preflight
from hpcmix.running.resuming.occupied import Attendants
from hpcmix.running.resuming.restart import Origin, holds_ground_state
from hpcmix.running.simulation import build_simulation
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop


@dataclass(frozen=True)
class RunTask:
    """``run``: evolve to the final time (:class:`~hpcmix.running.courses.course.Task`)."""

    sections: tuple[str, ...] = ()
    evolves: bool = True

    def taken(self, problem: Problem) -> Problem:
        """As it is; it must have a time to evolve to. Where it has none, what a run would refuse later is said too."""
        if problem.time is None:
            complaints = list(problem.complain("time", NEEDS_TIME).complaints)
            try:
                preflight(problem)
            except ProblemError as error:
                complaints += problem.locate(error).complaints
            raise ProblemError(complaints)
        return problem.without_sweep()

    def course(self, problem: Problem) -> Course:
        """Of the mean field, or of N bodies beside it."""
        if problem.many_body is not None:
            from hpcmix.running.many_body.command import BodiesCourse  # other problems need nothing of it

            return BodiesCourse()
        return FieldsCourse(evolving=True)

    def nothing_left(self, directory: RunDirectory, problem: Problem) -> str:
        """That is for the checkpoints to say."""
        return ""


@dataclass(frozen=True)
class GroundTask:
    """``ground``: the ground state alone (:class:`~hpcmix.running.courses.course.Task`)."""

    sections: tuple[str, ...] = ()
    evolves: bool = False

    def taken(self, problem: Problem) -> Problem:
        """Without what is followed along an evolution, and what acts in it alone."""
        return problem.without_fluctuations().without_losses().without_sweep()

    def course(self, problem: Problem) -> Course:
        """Of the mean field."""
        return FieldsCourse(evolving=False)

    def nothing_left(self, directory: RunDirectory, problem: Problem) -> str:
        """The ground state, if it is there."""
        return "this ground state (--restart never seeks it again)" if holds_ground_state(directory, problem) else ""


@dataclass(frozen=True)
class FieldsCourse:
    """Of the mean field on the grid; not `evolving`: of its ground state alone."""

    evolving: bool

    def require_ranks(self, problem: Problem, comm: MPI.Comm) -> None:
        """See :class:`~hpcmix.running.courses.course.Course`."""
        Communicators.of(division_request(problem), comm).free()

    def follow(
        self, problem: Problem, origin: Origin | None, attendants: Attendants, begin: float
    ) -> Stop | BlowUp | None:
        """See :class:`~hpcmix.running.courses.course.Course`."""
        comm, log, last_words, stops = attendants.comm, attendants.log, attendants.last_words, attendants.stops
        directory = RunDirectory(Path(problem.output.directory))
        simulation = build_simulation(problem, comm, log, origin, attendants.watchdog, stops, directory)
        stops.found()
        last_words.simulation = simulation
        with together(comm):
            if origin is not None and comm.rank == 0:
                origin.prepare()
        attendants.watchdog.beat()
        last_words.outputs = outputs = Outputs(simulation)
        checkpoints = Checkpoints(simulation, outputs) if self.evolving else None
        early_end: Stop | BlowUp | None = None
        try:
            if checkpoints is not None:
                early_end = evolve(simulation, outputs, checkpoints, stops)
            else:
                outputs.write_ground_state()
        except BlowUp as error:
            early_end = error
        last_words.complete()
        finish(simulation, outputs, checkpoints, begin, early_end)
        simulation.free()
        return early_end
