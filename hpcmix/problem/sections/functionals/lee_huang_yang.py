"""``kind = "lee-huang-yang"``: the zero-point energy of the Bogoliubov modes, at every point that of a uniform gas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import context_of, wrong
from hpcmix.problem.reading.taken import Value
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.section import STRENGTH_OF_POWER, FunctionalSection, strength_of_power
from hpcmix.problem.units.dimensions import INVERSE_LENGTH, LENGTH

Imaginary = Literal["drop", "marginal", "refuse"]
"""What becomes of a branch of the spectrum that is imaginary: its real part counts; g_12^2 is taken as g_11 g_22, where
the branch begins to be; or the file is refused."""

DIRECTIONS = 33
"""Of k, between the plane across the dipoles and their own, in which stability is looked at."""


def degree(dimensions: int) -> float:
    """Of e in the densities: 1 + d/2, in two dimensions up to a logarithm."""
    return 1.0 + 0.5 * dimensions


def _strength(value: Any, info: ValidationInfo) -> float | None:
    context = context_of(info)
    exponent = 2.5 if context.dimensions is None or context.transverse else degree(context.dimensions)
    return None if value is None else strength_of_power(value, info, exponent)


class LeeHuangYangFunctional(FunctionalSection):
    """The energy of quantum fluctuations of one or two condensates.

    Its numbers are those of the species' contact and dipolar interactions; or ``strength`` is the coefficient itself,
    of rho^(5/2) in three dimensions and rho^(3/2) in one, of two species the coefficient of the first one's density
    where the other one's is zero. In two dimensions the couplings belong to a momentum ``cutoff``, or
    e = strength rho^2 [ln(rho/density) - 1] with the ``density`` at which e/rho is lowest.
    """

    kind: Literal["lee-huang-yang"]
    strength: Annotated[float | None, Value(_strength, taken=STRENGTH_OF_POWER)] = None
    """The coefficient of the power of the density. Left out: from the interactions of the file.
    Example: ``0.5``."""
    imaginary: Imaginary = "refuse"
    """What becomes of a branch of the spectrum that is imaginary: its real part counts, g_12^2 is taken as g_11 g_22,
    or the file is refused."""
    cutoff: Annotated[float, quantity(INVERSE_LENGTH, above=0)] | None = None
    """kappa: a coupling of two dimensions is that of the energy hbar^2 kappa^2 / m."""
    density: Annotated[float, quantity(lambda dimensions: LENGTH * -dimensions, above=0)] | None = None
    """In two dimensions, with ``strength``: where the energy per particle is lowest.
    Example: ``10.0``."""

    of_condensates: ClassVar[bool] = True

    @model_validator(mode="after")
    def _whole(self, info: ValidationInfo) -> Self:
        if len(self.species) > 2:
            raise wrong(
                f"names {len(self.species)} species; the energy is known of one and of two, and none can be in "
                "two entries: name the two whose fluctuations matter most",
                key="species",
            )
        context = context_of(info)
        flat = context.dimensions == 2 and not context.transverse
        if context.dimensions is None:
            return self  # the grid is wrong, or the entry has been judged
        if not flat:
            for key in ("cutoff", "density"):
                if getattr(self, key) is not None:
                    raise wrong("belongs to the logarithm of two dimensions; leave it out", key=key)
        elif self.strength is None and self.cutoff is None:
            raise wrong(
                "needs a cutoff in two dimensions: the momentum at which the couplings are given, over hbar; or "
                "strength and density"
            )
        elif self.strength is None and self.density is not None:
            raise wrong("goes with strength; couplings go with a cutoff", key="density")
        elif self.strength is not None and (self.density is None or self.cutoff is not None):
            raise wrong("goes with density, the one at which the energy per particle is lowest, alone", key="strength")
        elif self.strength is not None and len(self.species) == 2:
            raise wrong("is for one species in two dimensions; of two give a cutoff", key="strength")
        return self

    @property
    def from_couplings(self) -> bool:
        """Whether it needs the interactions of the file: always of two species, whose ratios the couplings set."""
        return self.strength is None or len(self.species) == 2

    @property
    def energies(self) -> tuple[tuple[str, ...], ...]:
        """Of two species the fluctuations of each alone are in it, where the other one's density is zero."""
        return tuple((name,) for name in self.species)

    def misfits(self, gas: PointGas) -> Iterator[Misfit]:
        if not self.from_couplings:
            return
        if gas.scaled:
            yield (
                ("strength",),
                "must be given beside [scaling], whose densities and couplings are not those of the particles"
                if len(self.species) == 1
                else "means nothing beside [scaling], whose densities and couplings are not those of the particles",
            )
            return
        missing = [(a, b) for a, b in gas.pairs if math.isnan(gas.couplings[a][b])]
        for a, b in missing:
            pair = f'["{self.species[a]}", "{self.species[b]}"]'
            advice = "add it" if len(self.species) == 2 else "add it, or give a strength"
            yield ("species",), f"needs the contact interaction between = {pair}; {advice}"
        if missing:
            return
        for a, name in enumerate(self.species):
            if gas.couplings[a][a] <= 0.0:
                yield (
                    ("species",),
                    f'needs a repulsive contact interaction of "{name}" with itself, not {gas.couplings[a][a]:.6g}: '
                    "a uniform gas of it has no sound",
                )
                return
        yield from self._instabilities(gas)

    def _instabilities(self, gas: PointGas) -> Iterator[Misfit]:
        if gas.directions > 1:
            yield ("species",), "need dipoles that all point the same way: the energy is that of one angle with them"
            return
        if self.imaginary == "marginal" and (len(self.species) == 1 or gas.directed):
            yield ("imaginary",), '"marginal" is g_12^2 = g_11 g_22 of two species without dipoles; use "drop"'
        if self.imaginary != "refuse":
            return
        if gas.changing:
            yield (
                ("imaginary",),
                "is needed, because couplings change in time and a branch of the spectrum may become imaginary on the "
                'way: say what becomes of it; imaginary = "drop" leaves it out',
            )
            return
        reason = imaginary_branch(gas)
        if reason is not None:
            at_once = ', "marginal" takes g_12^2 = g_11 g_22' if len(self.species) == 2 and not gas.directed else ""
            yield (
                ("imaginary",),
                f"a uniform gas is not stable ({reason}), and its spectrum has an imaginary branch: say what becomes "
                f'of it; imaginary = "drop" leaves it out{at_once}',
            )

    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        power = 0.5 * gas.dimensions
        try:
            if not self.from_couplings and self.strength is not None:
                return abs(self.strength) * (power + 1.0) * sum(densities) ** power
            couplings = [abs(gas.couplings[a][a]) for a in range(len(gas.masses))]
            if any(map(math.isnan, couplings)):
                return 0.0  # refused for another reason
            energy = sum(g * density for g, density in zip(couplings, densities, strict=True))
            scale = (math.sqrt(max(gas.masses)) / gas.hbar) ** gas.dimensions
            return scale * max(couplings) * energy**power
        except OverflowError:
            return math.inf

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions * (degree(dimensions) - 1.0)

    def bounded_below(self, dimensions: int) -> bool:
        return dimensions == 3 and (self.strength is None or self.strength >= 0.0)


def imaginary_branch(gas: PointGas) -> str | None:
    """Why a uniform gas has an imaginary branch, in words with numbers; None where it has none."""
    for step in range(DIRECTIONS if gas.directed else 1):
        cosine = step / (DIRECTIONS - 1)
        own = [gas.coupling(a, a, cosine) for a in range(len(gas.masses))]
        if gas.directed and min(own) < 0.0:
            a = own.index(min(own))
            ratio = 4.0 * math.pi * gas.dipoles[a][a] / (3.0 * gas.couplings[a][a])
            return f"its dipoles attract more than contacts repel, a_dd/a = {ratio:.6g}"
        if len(own) == 2 and gas.coupling(0, 1, cosine) ** 2 > own[0] * own[1]:
            quotient = gas.coupling(0, 1, cosine) ** 2 / (own[0] * own[1])
            return f"g_12^2 = {quotient:.8g} g_11 g_22" + (" in a direction of k" if gas.directed else "")
    return None
