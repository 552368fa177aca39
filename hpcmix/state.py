"""Everything that evolves, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from hpcmix.problem.times.fixed_steps import START, Mark


@dataclass(frozen=True)
class Adaptation:
    """Where adaptive steps have come to, and what the choice of the next one remembers (evolve/controller.py).

    time      the time that the steps have reached, a plain sum that every step adds its exact length to.
    previous  where the last step began; the same before the first.
    error     of the last step that was not shortened, in units of the largest allowed; None before the first.
    retrying  whether the last attempt was rejected.
    rejected  number of attempts rejected so far.
    smallest, largest
              step taken so far that was not shortened; None before the first.
    estimate  sum of the estimated relative L2 errors of all steps taken.
    """

    time: float = 0.0
    previous: float = 0.0
    error: float | None = None
    retrying: bool = False
    rejected: int = 0
    smallest: float | None = None
    largest: float | None = None
    estimate: float = 0.0

    @classmethod
    def following(cls, state: State) -> Adaptation:
        """Where adaptive steps begin that go on from fixed ones."""
        return cls(state.time, state.time - state.last_step)


class HalfWay(RuntimeError):
    """Somebody looks at fields that are half way between wave numbers and positions: a mistake of the program."""


@dataclass
class State:
    """The orbitals of every species on this rank, and how far they have come.

    orbitals    one array per species in the order of the problem file, shape (M, *local grid), orthonormal
                (CONVENTIONS.md; of coherently coupled species the norms are their parts); M = 1 for a condensate. With
                several orbital groups M is the number that this rank's group holds (OrbitalGroups.held), which may be
                zero.
    step        number of steps taken.
    step_size   length of the next step in code units; of adaptive steps of the next to try, if nothing shortens it.
    pending_kick
                duration of the last kick of the steps taken, where it is still to be done: together with the first kick
                of the next step. A kick leaves densities alone, so that these are those of ``time`` either way; wave
                functions lack its phase (:class:`hpcmix.observe.look.Look` adds it to copies).
    adaptation  of adaptive steps; None where the step is fixed.
    mark        from where fixed steps of this size are counted: the time is ``mark.time + (step - mark.step) *
                step_size``.
    half_way    whether a step left the orbitals half way to position space, where they are no wave functions yet: its
                stepper settles them.
    """

    orbitals: list[np.ndarray]
    step: int = 0
    step_size: float = 0.0
    pending_kick: float = 0.0
    adaptation: Adaptation | None = None
    mark: Mark = START
    half_way: bool = False

    def require_settled(self) -> None:
        """Raises :class:`HalfWay` where the orbitals are half way to position space."""
        if self.half_way:
            raise HalfWay(f"after step {self.step} the orbitals are half way to position space: settle them first")

    @property
    def time(self) -> float:
        """The time this state belongs to, code units."""
        return time_of(self)

    @property
    def last_step(self) -> float:
        """Length of the step that ended here; 0 at the start."""
        if self.adaptation is not None:
            return self.adaptation.time - self.adaptation.previous
        return self.step_size if self.step != self.mark.step else self.mark.before

    def copy(self) -> State:
        """A state that shares no memory with this one."""
        return replace(self, orbitals=[array.copy() for array in self.orbitals])


class Place(Protocol):
    """What says how far a run has come: a state, or a checkpoint of one."""

    step: int
    step_size: float
    adaptation: Adaptation | None
    mark: Mark


def time_of(place: Place) -> float:
    """The time on the clock that a place in a run belongs to."""
    if place.adaptation is not None:
        return place.adaptation.time
    return place.mark.time + (place.step - place.mark.step) * place.step_size
