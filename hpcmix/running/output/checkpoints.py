"""The checkpoints of a simulation, and when a run writes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.io.checkpoints.checkpoint import rotate, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, Checkpoint
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.parallel.process.together import together
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.schedules.checkpoints import CheckpointSchedule
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.guard import PAIRS, BlowUp, Guard
from hpcmix.state.cloud import Cloud
from hpcmix.state.state import State


class CheckpointStore:
    """The checkpoints of a simulation in a directory, of which the newest stay.

    keep       how many.
    metadata   what every file says of the problem.
    reference  the clouds of time zero, where observables compare with them.
    """

    def __init__(
        self,
        simulation: Simulation,
        directory: RunDirectory,
        keep: int,
        metadata: Metadata,
        reference: Sequence[Cloud] = (),
    ) -> None:
        self.directory = directory
        self._simulation, self._keep, self._metadata, self._reference = simulation, keep, metadata, reference

    def write(self, bookmark: Callable[[], Bookmark]) -> Checkpoint:
        """Write one and remove the oldest; `bookmark` is asked once the state is known to be finite. Collective. Raises
        :class:`~hpcmix.running.stops.guard.BlowUp` for a state that is not, and
        :class:`~hpcmix.io.documents.atomic.OutputError`; the earlier ones then stay."""
        simulation = self._simulation
        simulation.beat()
        self._require_finite()
        mark = bookmark()
        names = [species.name for species in simulation.mixture.species]
        with simulation.timers.phase("checkpoint"):
            checkpoint = write_checkpoint(
                self.directory,
                simulation.state,
                names,
                simulation.communicators,
                mark,
                self._metadata,
                timers=simulation.timers,
                reference=self._reference,
                grid=simulation.mixture.grid,
            )
            with together(simulation.communicators.world):
                if simulation.is_root:
                    rotate(self.directory, self._keep)
        simulation.beat()
        return checkpoint

    def _require_finite(self) -> None:
        """Every value is looked at: a checkpoint that is not finite would be worth nothing."""
        simulation, state = self._simulation, self._simulation.state
        names = [f'species "{species.name}"' for species in simulation.mixture.species]
        here = [not cloud.is_finite() for cloud in state.clouds]
        if state.fluctuations is not None:
            names.append(PAIRS)
            here.append(not state.fluctuations.is_finite())
        lost = np.any(simulation.communicators.world.allgather(np.array(here)), axis=0)
        for name, bad in zip(names, lost, strict=True):
            if bad:
                raise BlowUp(f"the solution is not finite: {name} in step {state.step}")


class Checkpoints:
    """Writes the checkpoints of a run. :meth:`write` is collective over the world.

    last            the newest, None before the first.
    count, bytes    written so far by this job.
    """

    def __init__(self, simulation: Simulation, outputs: Outputs) -> None:
        self._simulation, self._outputs = simulation, outputs
        self._options = simulation.problem.output.checkpoints
        self._store = CheckpointStore(
            simulation, outputs.directory, self._options.keep, outputs.metadata, outputs.reference
        )
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
        """Write one and remove the oldest beyond `keep`. Raises :class:`~hpcmix.running.stops.guard.BlowUp` for a state
        that is not finite, and :class:`~hpcmix.io.documents.atomic.OutputError`; the earlier ones then stay."""
        if self.last is not None and self.last.path == self._store.directory.checkpoint(state.step):
            return  # it is the one that the run went on from
        begin = time.perf_counter()
        self.last = self._store.write(lambda: self._outputs.bookmark(guard))
        self.count, self.bytes = self.count + 1, self.bytes + self.last.seal.size
        self._schedule.written(time.perf_counter() - begin)
