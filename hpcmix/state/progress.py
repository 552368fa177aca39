"""How far a run has come: the numbers that evolve beside the fields."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hpcmix.problem.times.fixed_steps import START, Mark


@dataclass(frozen=True)
class Adaptation:
    """Where adaptive steps have come to, and what the choice of the next one remembers (evolve/stepping/controller.py).

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


@dataclass(frozen=True)
class Lost:
    """What losses have taken so far.

    particles  of every ``[[loss]]``, in the order of the file, those of every species.
    """

    particles: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        # files have lists
        object.__setattr__(self, "particles", tuple(tuple(of_loss) for of_loss in self.particles))

    def and_also(self, taken: np.ndarray) -> Lost:
        """With what was taken since, shape (losses, species)."""
        return Lost(tuple(map(tuple, (np.array(self.particles) + taken).tolist())))


@dataclass(frozen=True)
class Progress:
    """The head of a state, of its checkpoint and of its digest.

    One more number that evolves is one more entry here, with a default that means what states without it mean: the
    checkpoints and the digests of states store every entry by its name (io/checkpoints/progress_entries.py). Whoever
    moves a state changes the entries that move by :func:`dataclasses.replace` and thereby carries all others along.

    step        number of steps taken.
    step_size   length of the next step in code units; of adaptive steps of the next to try, if nothing shortens it.
    pending_kick
                duration of the last kick of the steps taken, where it is still to be done: together with the first kick
                of the next step. A kick leaves densities alone, so that these are those of ``time`` either way; wave
                functions lack its phase (:class:`hpcmix.observe.look.Look` adds it to copies).
    adaptation  of adaptive steps; None where the step is fixed.
    mark        from where fixed steps of this size are counted: the time is ``mark.time + (step - mark.step) *
                step_size``.
    lost        to losses; None where there are none.
    """

    step: int = 0
    step_size: float = 0.0
    pending_kick: float = 0.0
    adaptation: Adaptation | None = None
    mark: Mark = START
    lost: Lost | None = None

    @property
    def time(self) -> float:
        """The time on the clock of the frame, code units."""
        if self.adaptation is not None:
            return self.adaptation.time
        return self.mark.time + (self.step - self.mark.step) * self.step_size

    @property
    def last_step(self) -> float:
        """Length of the step that ended here; 0 at the start."""
        if self.adaptation is not None:
            return self.adaptation.time - self.adaptation.previous
        return self.step_size if self.step != self.mark.step else self.mark.before

    @property
    def previous(self) -> float:
        """The time on the clock at which the last step began; that of the state itself at the start."""
        return self.time - self.last_step if self.adaptation is None else self.adaptation.previous

    def adaptive(self) -> Progress:
        """From where adaptive steps go on: this place, or where fixed steps have come to."""
        if self.adaptation is not None:
            return self
        return replace(self, adaptation=Adaptation(self.time, self.time - self.last_step), mark=START)
