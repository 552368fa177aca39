"""``[[interaction]]``: the kernels G_ab between two species, or of one with itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from hpcmix.problem.dimensions import ENERGY, INVERSE_LENGTH, LENGTH
from hpcmix.problem.section import Section, context_of, wrong
from hpcmix.problem.values import described, quantity

if TYPE_CHECKING:
    from hpcmix.problem.schema import Problem


def _two_names(value: Any) -> tuple:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        raise wrong(f'must be a list of two species names, such as ["up", "down"], not {described(value)}')
    return tuple(value)


class InteractionSection(Section):
    """What every interaction has: the pair it acts between; ``G_ab = G_ba`` is written once."""

    between: Annotated[tuple[str, str], BeforeValidator(_two_names)]


class ContactInteraction(InteractionSection):
    """``G_ab = g delta(x)``, by its coupling ``strength`` = g or by the scattering length (three dimensions)."""

    kind: Literal["contact"]
    strength: Annotated[float, quantity(lambda dimensions: ENERGY + LENGTH * dimensions)] | None = None
    """The coupling g, an energy times length^d."""
    scattering_length: Annotated[float, quantity(LENGTH)] | None = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self, info: ValidationInfo):
        if self.strength is None and self.scattering_length is None:
            raise wrong("needs strength or scattering_length")
        if self.strength is not None and self.scattering_length is not None:
            raise wrong("contradicts strength; give one of the two", key="scattering_length")
        if self.scattering_length is not None and context_of(info).dimensions not in (3, None):
            raise wrong("has a meaning in three dimensions only; give strength here", key="scattering_length")
        return self

    def coupling(self, problem: Problem) -> float:
        """The coupling g in code units: ``2 pi hbar^2 a / m_red`` from a scattering length, ``m_red = m_a m_b / (m_a +
        m_b)``."""
        if self.strength is not None:
            return self.strength
        first, second = (problem.species_named(name).mass for name in self.between)
        reduced_mass = first * second / (first + second)
        return 2.0 * math.pi * problem.hbar**2 * self.scattering_length / reduced_mass


class GaussianInteraction(InteractionSection):
    """``G_ab = strength exp(-r^2 / (2 width^2))``."""

    kind: Literal["gaussian"]
    strength: Annotated[float, quantity(ENERGY)]
    width: Annotated[float, quantity(LENGTH, above=0)]


class YukawaInteraction(InteractionSection):
    """``G_ab = strength exp(-screening r) / r`` in two or three dimensions; in one it is not integrable."""

    kind: Literal["yukawa"]
    strength: Annotated[float, quantity(ENERGY + LENGTH)]
    screening: Annotated[float, quantity(INVERSE_LENGTH, above=0)]
    boundary: Literal["periodic"] = "periodic"

    @model_validator(mode="after")
    def _integrable(self, info: ValidationInfo):
        if context_of(info).dimensions == 1:
            raise wrong("yukawa has no meaning in one dimension: exp(-mu r)/r cannot be integrated there", key="kind")
        return self


Interaction = Annotated[ContactInteraction | GaussianInteraction | YukawaInteraction, Field(discriminator="kind")]
