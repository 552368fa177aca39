"""``initial.noise``: random numbers on a state of wave functions, by the seed and places in the grid or mode numbers,
never by the rank (CONVENTIONS.md, Ranks)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import Section
from hpcmix.problem.reading.taken import Widened
from hpcmix.problem.reading.values import integer, quantity, real
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.units.dimensions import ENERGY

CARRIED = 2.0 / 3.0
"""Of the grid's largest wave number: up to here a cutoff leaves room for what interactions make of the modes, and
records do not see the noise as a sign of a grid that is too coarse."""


class RelativeNoise(Section):
    """phi -> phi (1 + amplitude * complex normal numbers), and normalised again."""

    kind: Literal["relative"] = "relative"
    amplitude: Annotated[float, real(above=0)]
    """Relative size of the noise.
    Example: ``1e-3``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the random numbers; the same at every number of ranks."""

    @property
    def relative(self) -> RelativeNoise | None:
        """What multiplies a state before it is normalised."""
        return self

    @property
    def vacuum(self) -> WignerNoise | None:
        """What is added to a state after it is normalised."""
        return None

    def unfit_for(self, grid: Grid, hbar: float, mass: float) -> Iterator[Misfit]:
        """What the grid does not carry."""
        return iter(())


class WignerNoise(Section):
    """A sample of the Wigner function of the modes exp(i k x) with hbar^2 k^2 / 2m up to the cutoff: in each a complex
    normal amplitude of mean square 1/2, above zero temperature coth(hbar^2 k^2 / 4 m T) / 2 (k = 0 apart)."""

    kind: Literal["wigner"]
    cutoff: Annotated[float, quantity(ENERGY, above=0)]
    """Kinetic energy up to which modes get noise, at most what two thirds of the largest wave number have.
    Example: ``"50 nK"``."""
    temperature: Annotated[float, quantity(ENERGY, at_least=0)] = 0.0
    """k_B T of the modes.
    Example: ``"20 nK"``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the random numbers; another seed is another sample."""

    @property
    def relative(self) -> RelativeNoise | None:
        """What multiplies a state before it is normalised."""
        return None

    @property
    def vacuum(self) -> WignerNoise | None:
        """What is added to a state after it is normalised."""
        return self

    def unfit_for(self, grid: Grid, hbar: float, mass: float) -> Iterator[Misfit]:
        """A cutoff beyond two thirds of the grid's largest wave number along an axis."""
        largest = CARRIED * math.pi / max(grid.spacings)
        limit = hbar**2 * largest**2 / (2.0 * mass)
        if self.cutoff > limit:
            yield (
                ("cutoff",),
                f"{self.cutoff:.6g} is beyond what the grid carries: two thirds of its largest wave number pi/h = "
                f"{math.pi / max(grid.spacings):.6g} are the energy {limit:.6g}",
            )


def _with_kind(value: Any) -> Any:
    """A table without a kind is relative noise."""
    return {"kind": "relative", **value} if isinstance(value, dict) and "kind" not in value else value


Noise = Annotated[
    Annotated[RelativeNoise | WignerNoise, Field(discriminator="kind")],
    Widened(_with_kind),
]
