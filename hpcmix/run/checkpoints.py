"""When a run writes checkpoints, and what they cost it."""

from __future__ import annotations

import time

import numpy as np

from hpcmix.io.checkpoints.checkpoint import rotate, write_checkpoint
from hpcmix.io.checkpoints.header import Checkpoint
from hpcmix.parallel.together import together
from hpcmix.run.outputs import Outputs
from hpcmix.run.schedules.checkpoints import CheckpointSchedule
from hpcmix.run.simulation import Simulation
from hpcmix.run.stops.guard import BlowUp, Guard
from hpcmix.state.state import State


class Checkpoints:
    """Writes the checkpoints of a run and removes old ones. :meth:`write` is collective over the world.

    last            the newest, None before the first.
    count, bytes    written so far by this job.
    """

    def __init__(self, simulation: Simulation, outputs: Outputs) -> None:
        self._simulation, self._outputs = simulation, outputs
        self._options = simulation.problem.output.checkpoints
        nodes = len(simulation.provenance.hosts)
        self._schedule = CheckpointSchedule(self._options, simulation.schedule(self._options), nodes)
        self._schedule.cost = simulation.loading_seconds
        # of a run whose physics were changed the checkpoint is written anew: with the file that goes on from it
        self.last: Checkpoint | None = None if simulation.renewed else simulation.checkpoint
        self.count = self.bytes = 0

    def due(self, state: State) -> bool:
        """Whether one is due after this step, or at the end. Clocks differ: the ranks vote on it."""
        return self._schedule.due(state.progress) or (self._options.enabled and self._simulation.is_finished)

    @property
    def seconds_needed(self) -> float:
        """Seconds that a checkpoint takes."""
        return self._schedule.cost

    def write(self, state: State, guard: Guard) -> None:
        """Write one and remove the oldest beyond `keep`. Raises :class:`~hpcmix.run.stops.guard.BlowUp` for a state
        that is not finite, and :class:`~hpcmix.io.atomic.OutputError`; the earlier ones then stay."""
        simulation, directory = self._simulation, self._outputs.directory
        if self.last is not None and self.last.path == directory.checkpoint(state.step):
            return  # it is the one that the run went on from
        begin = time.perf_counter()
        simulation.watchdog.beat()
        self._require_finite(state)
        bookmark = self._outputs.bookmark(guard)
        names = [one.name for one in simulation.mixture.species]
        world, timers = simulation.communicators.world, simulation.timers
        with timers.phase("checkpoint"):
            self.last = write_checkpoint(
                directory,
                state,
                names,
                simulation.communicators,
                bookmark,
                self._outputs.metadata,
                timers=timers,
                reference=self._outputs.reference,
            )
            with together(world):
                if simulation.is_root:
                    rotate(directory, self._options.keep)
        self.count, self.bytes = self.count + 1, self.bytes + self.last.seal.size
        self._schedule.written(time.perf_counter() - begin)
        simulation.watchdog.beat()

    def _require_finite(self, state: State) -> None:
        """Every value is looked at: a checkpoint that is not finite would be worth nothing."""
        simulation = self._simulation
        lost_here = np.array([not cloud.is_finite() for cloud in state.clouds])
        lost = np.any(simulation.communicators.world.allgather(lost_here), axis=0)
        for one, bad in zip(simulation.mixture.species, lost, strict=True):
            if bad:
                raise BlowUp(f'the solution is not finite: species "{one.name}" in step {state.step}')
