"""When a run of N bodies writes checkpoints."""

from __future__ import annotations

import time

import numpy as np

from hpcmix.io.checkpoints.checkpoint import rotate
from hpcmix.io.checkpoints.header import Checkpoint
from hpcmix.io.many_body.vector_checkpoint import write_vector_checkpoint
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.running.many_body.guard import BodiesGuard
from hpcmix.running.many_body.outputs import BodiesOutputs
from hpcmix.running.many_body.setup import BodiesRun
from hpcmix.running.schedules.checkpoints import CheckpointSchedule
from hpcmix.running.schedules.schedule import Schedule
from hpcmix.running.stops.guard import BlowUp


class BodiesCheckpoints:
    """Writes the checkpoints of a run. :meth:`write` is collective over the world.

    last          the newest, None before the first.
    count, bytes  written so far by this job.
    """

    def __init__(self, run: BodiesRun, outputs: BodiesOutputs) -> None:
        self._run, self._outputs = run, outputs
        self.options = run.problem.output.checkpoints
        steps = Schedule(run.table, self.options.every, self.options.interval, run.problem.timing.frame)
        self._schedule = CheckpointSchedule(self.options, steps, len(run.provenance.hosts))
        self._schedule.cost = run.loading_seconds
        # of a run whose physics were changed the checkpoint is written anew: with the file that goes on from it
        self.last: Checkpoint | None = None if run.renewed else run.checkpoint
        self.count = self.bytes = 0

    def due(self) -> bool:
        """Whether one is due after this step, or at the end. Clocks differ: the ranks vote on it."""
        return self._schedule.due(self._run.progress) or (self.options.enabled and self._run.is_finished)

    @property
    def seconds_needed(self) -> float:
        """Seconds that a checkpoint takes."""
        return self._schedule.cost

    def write(self, guard: BodiesGuard) -> None:
        """Write one and remove the oldest beyond `keep`. Raises :class:`~hpcmix.running.stops.guard.BlowUp` for a state
        that is not finite, and :class:`~hpcmix.io.documents.atomic.OutputError`; the earlier ones then stay."""
        run, directory = self._run, self._outputs.directory
        if self.last is not None and self.last.path == directory.checkpoint(run.bodies.step):
            return  # it is the one that the run went on from
        begin = time.perf_counter()
        run.beat()
        self._require_finite()
        mark = self._outputs.bookmark(guard)
        with run.timers.phase("checkpoint"):
            self.last = write_vector_checkpoint(
                directory, run.arrays(), run.progress, run.world, mark, self._outputs.metadata, run.timers
            )
            with together(run.world):
                if run.is_root:
                    rotate(directory, self.options.keep)
        run.beat()
        self.count, self.bytes = self.count + 1, self.bytes + self.last.seal.size
        self._schedule.written(time.perf_counter() - begin)

    def _require_finite(self) -> None:
        """Every value is looked at: a checkpoint that is not finite would be worth nothing."""
        lost = not np.isfinite(self._run.bodies.psi).all()
        if self._run.world.allreduce(lost, MPI.LOR):
            raise BlowUp(f"the wave function of the N bodies is not finite in step {self._run.bodies.step}")
