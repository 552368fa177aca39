"""Everything that evolves, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hpcmix.state.progress import Progress


class HalfWay(RuntimeError):
    """Somebody looks at fields that are half way between wave numbers and positions: a mistake of the program."""


@dataclass
class State:
    """The orbitals of every species on this rank, and how far they have come.

    orbitals    one array per species in the order of the problem file, shape (M, *local grid), orthonormal
                (CONVENTIONS.md; of coherently coupled species the norms are their parts); M = 1 for a condensate. With
                several orbital groups M is the number that this rank's group holds (OrbitalGroups.held), which may be
                zero.
    progress    steps, time, and the other numbers that evolve.
    half_way    whether a step left the orbitals half way to position space, where they are no wave functions yet: its
                stepper settles them. A matter of how the arrays lie here at the moment, of which no checkpoint knows.
    """

    orbitals: list[np.ndarray]
    progress: Progress = field(default_factory=Progress)
    half_way: bool = False

    def require_settled(self) -> None:
        """Raises :class:`HalfWay` where the orbitals are half way to position space."""
        if self.half_way:
            raise HalfWay(f"after step {self.step} the orbitals are half way to position space: settle them first")

    @property
    def step(self) -> int:
        """Number of steps taken."""
        return self.progress.step

    @property
    def time(self) -> float:
        """The time this state belongs to, code units."""
        return self.progress.time

    def copy(self) -> State:
        """A state that shares no memory with this one."""
        return replace(self, orbitals=[array.copy() for array in self.orbitals])
