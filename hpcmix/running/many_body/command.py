"""A run of N bodies beside their mean field, from its problem to the last line."""

from __future__ import annotations

from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.schema import Problem
from hpcmix.running.many_body.checkpoints import BodiesCheckpoints
from hpcmix.running.many_body.guard import BodiesGuard
from hpcmix.running.many_body.march import evolve
from hpcmix.running.many_body.outputs import BodiesOutputs
from hpcmix.running.many_body.report import finish
from hpcmix.running.many_body.setup import build_bodies_run, require_room
from hpcmix.running.resuming.occupied import Attendants
from hpcmix.running.resuming.restart import Origin
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop


class BodiesCourse:
    """Of N bodies beside their mean field (:class:`hpcmix.running.courses.course.Course`)."""

    def require_ranks(self, problem: Problem, comm: MPI.Comm) -> None:
        """Refuse what the ranks have no room for. Collective."""
        require_room(problem, comm)

    def follow(
        self, problem: Problem, origin: Origin | None, attendants: Attendants, begin: float
    ) -> Stop | BlowUp | None:
        """Set up, evolve, write and report; why it ended before the final time, None where it did not. Collective."""
        comm, last_words, stops = attendants.comm, attendants.last_words, attendants.stops
        run = build_bodies_run(problem, origin, attendants)
        stops.found()
        last_words.simulation = run
        with together(comm):
            if origin is not None and comm.rank == 0:
                origin.prepare()
        attendants.watchdog.beat()
        last_words.outputs = outputs = BodiesOutputs(run)
        checkpoints = BodiesCheckpoints(run, outputs)
        memory = run.checkpoint.bookmark.conserved if run.checkpoint else None
        guard = BodiesGuard(problem, run.log, run.words, memory)
        early_end: Stop | BlowUp | None = None
        try:
            early_end = evolve(run, outputs, checkpoints, guard, stops)
        except BlowUp as error:
            early_end = error
        last_words.complete()
        finish(run, outputs, checkpoints, guard, begin, early_end)
        run.free()
        return early_end
