"""Everything that evolves, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class State:
    """The orbitals of every species on this rank, and how far they have come.

    orbitals    one array per species in the order of the problem file, shape (M, *local grid), orthonormal
                (CONVENTIONS.md; of coherently coupled species the norms are their parts); M = 1 for a condensate. With
                several orbital groups M is the number that this rank's group holds (OrbitalGroups.held), which may be
                zero.
    step        number of steps taken.
    step_size   length of a step in code units; the time is ``step * step_size``.
    pending_kick
                duration of the last kick of the steps taken, where it is still to be done: together with the first kick
                of the next step. A kick leaves densities alone, so that these are those of ``time`` either way; wave
                functions lack its phase (:func:`hpcmix.evolve.completion.completed_orbitals` adds it to copies).
    """

    orbitals: list[np.ndarray]
    step: int = 0
    step_size: float = 0.0
    pending_kick: float = 0.0

    @property
    def time(self) -> float:
        """The time this state belongs to, code units."""
        return self.step * self.step_size

    def copy(self) -> State:
        """A state that shares no memory with this one."""
        return State([array.copy() for array in self.orbitals], self.step, self.step_size, self.pending_kick)
