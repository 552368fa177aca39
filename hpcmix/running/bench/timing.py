"""Steps in the loop of a run, timed one by one."""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.process.mpi import MPI
from hpcmix.running.marching.evolution import Evolution
from hpcmix.running.marching.loop import Duties, march
from hpcmix.running.simulation import Simulation


class _Timing(Duties):
    """Takes the time of attempts at a step, so many of them."""

    def __init__(self, simulation: Simulation, attempts: int) -> None:
        self._simulation, self._attempts = simulation, attempts
        self.seconds: list[float] = []

    @property
    def over(self) -> bool:
        """Whether that many were made: the problem's own end does not count."""
        return len(self.seconds) >= self._attempts

    def attempted(self, seconds: float) -> None:
        """Note it."""
        self.seconds.append(seconds)
        self._simulation.beat()


def seconds_of_steps(evolution: Evolution, attempts: int) -> np.ndarray:
    """How long so many attempts at a step took, each on the slowest rank. Collective.

    Raises :class:`~hpcmix.running.stops.guard.BlowUp`.
    """
    simulation, timing = evolution.simulation, _Timing(evolution.simulation, attempts)
    world = simulation.communicators.world
    world.Barrier()
    march([evolution], timing, world, simulation.timers)
    seconds = np.array(timing.seconds)
    world.Allreduce(MPI.IN_PLACE, seconds, op=MPI.MAX)
    return seconds
