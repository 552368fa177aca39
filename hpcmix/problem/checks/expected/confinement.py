"""Along which axes a cloud is meant to stay away from the faces of the box."""

from __future__ import annotations

from dataclasses import dataclass

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.species import Species


@dataclass(frozen=True)
class Confinement:
    """What keeps one species away from the faces, per axis. Without any of it the periodic box is meant: uniform gases,
    plane waves, lattices, packets that go round.

    traps    of each entry of ``potential`` whether it is a trap.
    entries  these entries.
    free     whether space is meant to go on beyond the faces: an interaction in free space acts between the particles
             in the box alone, and a frame expands with a released cloud.
    """

    traps: tuple[tuple[bool, ...], ...]
    entries: tuple
    free: bool

    @classmethod
    def of(cls, problem: Problem, species: Species) -> Confinement:
        """Of a species of a problem."""
        lengths = problem.grid.lengths
        axes = range(len(lengths))
        traps = tuple(tuple(entry.confines(axis, lengths) for axis in axes) for entry in species.potential)
        lonely = any(entry.kernel_boundary == "free" and species.name in entry.between for entry in problem.interaction)
        return cls(traps, species.potential, lonely or problem.grid.frame.map.expanding)

    def holds(self, axis: int, time: float, before_start: bool = False) -> bool:
        """Whether a trap acts along an axis at a time, at time 0- with `before_start`."""
        return any(
            trap[axis] and entry.holds(time, before_start) for trap, entry in zip(self.traps, self.entries, strict=True)
        )

    def keeps_apart(self, axis: int) -> bool:
        """Whether the cloud is not meant to meet its periodic images at any time: held by a trap at time 0-, whatever
        becomes of it later, or in free space."""
        return self.free or self.holds(axis, 0.0, before_start=True)
