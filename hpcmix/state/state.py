"""Everything that evolves, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hpcmix.state.cloud import Cloud
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.progress import Progress


class HalfWay(RuntimeError):
    """Somebody looks at fields that are half way between wave numbers and positions: a mistake of the program."""


@dataclass
class State:
    """What evolves of every species on this rank, and how far it has come.

    clouds      one per species in the order of the problem file. With several orbital groups an orbital cloud has those
                orbitals that this rank's group holds (OrbitalGroups.held), which may be none.
    progress    steps, time, and the other numbers that evolve.
    half_way    whether a step left the orbitals half way to position space, where they are no wave functions yet: its
                stepper settles them. A matter of how the arrays lie here at the moment, of which no checkpoint knows.
    fluctuations
                pairs that evolve beside condensates, as far as the orbitals have come; None where none are followed.
    """

    clouds: list[Cloud]
    progress: Progress = field(default_factory=Progress)
    half_way: bool = False
    fluctuations: Fluctuations | None = None

    def require_settled(self) -> None:
        """Raises :class:`HalfWay` where the orbitals are half way to position space."""
        if self.half_way:
            raise HalfWay(f"after step {self.step} the orbitals are half way to position space: settle them first")

    @property
    def orbitals(self) -> list[np.ndarray]:
        """The wave functions of every species, an array (M, *local grid) each; of a species that has none an array of
        none. The arrays are the clouds' own."""
        return [cloud.orbitals for cloud in self.clouds]

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
        fluctuations = None if self.fluctuations is None else self.fluctuations.copy()
        return replace(self, clouds=[cloud.copy() for cloud in self.clouds], fluctuations=fluctuations)
