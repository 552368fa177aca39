"""Physical dimensions as powers of length, mass, time, temperature and electric current."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Power = int | Fraction
"""Whole of most quantities; halves and thirds appear where densities are taken to such powers, and under roots."""


@dataclass(frozen=True)
class Dimension:
    """``length^a mass^b time^c temperature^d current^e``; ``other`` names anything beyond, such as a luminous
    intensity, which no quantity of ours has."""

    length: Power = 0
    mass: Power = 0
    time: Power = 0
    temperature: Power = 0
    current: Power = 0
    other: str = ""

    def __add__(self, right: Dimension) -> Dimension:
        """The dimension of a product."""
        return Dimension(
            self.length + right.length,
            self.mass + right.mass,
            self.time + right.time,
            self.temperature + right.temperature,
            self.current + right.current,
            " ".join(part for part in (self.other, right.other) if part),
        )

    def __mul__(self, power: Power) -> Dimension:
        """The dimension of a power."""
        other = self.other if power == 1 or not self.other else f"({self.other})^{power}"
        return Dimension(
            self.length * power,
            self.mass * power,
            self.time * power,
            self.temperature * power,
            self.current * power,
            other,
        )

    def __sub__(self, right: Dimension) -> Dimension:
        """The dimension of a quotient."""
        return self + right * -1

    @property
    def counts_energy(self) -> bool:
        """Whether this is an energy times a power of length, from the density of energy on, so that temperatures and
        frequencies may stand for the energy."""
        others = (self.temperature, self.current, self.other)
        return (self.mass, self.time, *others) == (1, -2, 0, 0, "") and self.length >= -1

    def accepts(self, given: Dimension) -> bool:
        """Whether a quantity of dimension `given` can be given for one of this: temperatures and frequencies stand for
        energies, by k_B T and h f."""
        equivalents = (ENERGY - TEMPERATURE, ENERGY - FREQUENCY) if self.counts_energy else ()
        return given == self or self - given in equivalents

    def described(self) -> str:
        """The dimension in words with its article, for a sentence."""
        if self in _NAMES:
            return _NAMES[self]
        if self.counts_energy:
            return f"an energy times {_power('length', self.length - 2)}"
        parts = [("length", self.length), ("mass", self.mass), ("time", self.time), ("temperature", self.temperature)]
        parts.append(("current", self.current))
        words = [_power(name, power) for name, power in parts if power]
        return "a quantity of dimension " + " ".join(words + ([self.other] if self.other else []))


def _power(name: str, power: Power) -> str:
    return name if power == 1 else f"{name}^{power}" if power == int(power) else f"{name}^({power})"


DIMENSIONLESS = Dimension()
LENGTH = Dimension(length=1)
MASS = Dimension(mass=1)
TIME = Dimension(time=1)
TEMPERATURE = Dimension(temperature=1)
FREQUENCY = Dimension(time=-1)
ENERGY = Dimension(length=2, mass=1, time=-2)
MOMENTUM = Dimension(length=1, mass=1, time=-1)
INVERSE_LENGTH = Dimension(length=-1)
ACTION = Dimension(length=2, mass=1, time=-1)
MASS_RATE = Dimension(mass=1, time=-1)

_NAMES = {
    DIMENSIONLESS: "a plain number",
    LENGTH: "a length",
    MASS: "a mass",
    TIME: "a time",
    TEMPERATURE: "a temperature",
    FREQUENCY: "a frequency",
    ENERGY: "an energy",
    MOMENTUM: "a momentum",
    INVERSE_LENGTH: "an inverse length",
    ACTION: "an action",
    MASS_RATE: "a mass times a frequency",
    Dimension(length=1, time=-1): "a velocity",
    Dimension(length=1, time=-2): "an acceleration",
    Dimension(length=1, mass=1, time=-2): "a force",
    Dimension(length=2): "an area",
    Dimension(length=3): "a volume",
}
