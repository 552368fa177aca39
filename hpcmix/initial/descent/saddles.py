"""Minima, not saddles: a search that has converged is followed by a look at the lowest curvature, and where that is
negative the search goes on downhill from there.

A symmetric start keeps its symmetry, and conjugate gradients are content wherever the gradient vanishes: one attractive
condensate in a symmetric double well ends in both wells at once, well above the state in one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hpcmix.initial.descent.curvature import Stationary, Vector, lowest_curvature
from hpcmix.problem.times.evolution import Saddles
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords

MOST_SADDLES = 10
"""So many saddles are left behind in one search."""
FIRST_STEP = 0.3
"""How far a saddle is left at first: radians that the state is turned by."""
HALVINGS = 30

Say = Callable[[str], None]
"""Called with sentences for the log."""


@dataclass(frozen=True)
class Saddle:
    """A stationary state that the search went on from: its energy and lowest curvature, in code units."""

    energy: float
    curvature: float


@dataclass(frozen=True)
class Nature:
    """What is known of the state that a search ended at.

    curvature   the lowest curvature that was met; None where nobody looked.
    sure        whether its sign is that of the lowest one.
    saddles     those that were left behind, in order.
    negative    whether the energy falls along it all the same.
    """

    curvature: float | None = None
    sure: bool = False
    saddles: tuple[Saddle, ...] = ()
    negative: bool = False

    def sentence(self, words: MeasureWords) -> str:
        """What to tell about it, with energies in `words`."""
        if self.curvature is None:
            return "whether it is a minimum or a saddle was not looked at"
        if self.negative:
            return f"a saddle: its lowest curvature is {words.energy(self.curvature, 3)}"
        after = f", after {len(self.saddles)} saddles" if len(self.saddles) > 1 else ", after a saddle"
        what = f"a minimum, its lowest curvature is {words.energy(self.curvature, 3)}{after if self.saddles else ''}"
        return what if self.sure else f"{what} or less: the sign was not certain when the look ended"


def minimum(
    state: Stationary,
    start: Vector,
    run: Callable[[int], int],
    workspace: Callable[[], Sequence[Vector]],
    policy: Saddles,
    say: Say,
    alive: Callable[[], None] = lambda: None,
    words: MeasureWords = PLAIN_MEASURES,
) -> tuple[int, Nature]:
    """Search until a minimum is found. Collective. Returns the number of iterations and what the state is.

    start      the fields that the search moves.
    run        searches on to a stationary state; takes the number of iterations that are behind and gives the new one.
    workspace  gives six vectors to work in.
    alive      called between the steps of the look at the curvature.
    policy     "follow" leaves saddles, "report" says them, "ignore" does not look.
    words      how energies are told.
    """
    spent = run(0)
    left: list[Saddle] = []
    while policy != "ignore":
        lowest = lowest_curvature(state, workspace(), alive)
        if lowest is None:
            break
        nature = Nature(lowest.value, lowest.sure, tuple(left))
        if not lowest.negative:
            return spent, nature
        curvature = words.energy(lowest.value, 3)
        what = f"ground state, iteration {spent}: a saddle, the energy's lowest curvature is {curvature}"
        if policy == "report" or len(left) == MOST_SADDLES:
            say(f"{what}; it is kept, and there are lower states beside it")
            return spent, replace(nature, negative=True)
        saddle = Saddle(state.energy, lowest.value)
        if not _fall(state, start, lowest.direction, workspace()[1]):
            return spent, nature  # less than rounding: as good as flat
        left.append(saddle)
        say(f"{what}; followed downhill, by {words.energy(saddle.energy - state.energy, 3)} at first")
        spent = run(spent)
    return spent, Nature(saddles=tuple(left))


def _fall(state: Stationary, fields: Vector, direction: Vector, copy: Vector) -> bool:
    """Leave the saddle along the direction, to the side that is lower; False where no step lowers the energy, and the
    fields are then where they were."""
    energy = state.energy
    for kept, field in zip(copy, fields, strict=True):
        kept[...] = field
    size = max(state.metric(fields, fields) ** 0.5, 1e-300)  # the direction has length one, the state this
    step = FIRST_STEP * size
    for _ in range(HALVINGS):
        energies = []
        for sign in (-1.0, 1.0):
            state.move_to(copy, direction, sign * step)
            energies.append(state.energy)
        if min(energies) < energy - 1e-13 * abs(energy):
            # equal but for rounding where a symmetry is broken: the same side then on any number of ranks
            if energies[0] < energies[1] - 1e-9 * abs(energy):
                state.move_to(copy, direction, -step)
            return True
        step *= 0.5
    state.move_to(copy, direction, 0.0)
    return False
