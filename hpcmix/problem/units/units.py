"""The code units of a problem: a length, a mass and hbar, and the conversion of quantities with a unit into them.

The unit of time is ``mass length^2 / hbar``, the unit of energy ``hbar / time`` (CONVENTIONS.md, Units). Arithmetic is
rational until the last rounding, so "32 um" in units of "1 um" is 32.0 and not a neighbour of it. The constants are
CODATA's, as pint carries them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from hpcmix.problem.mistakes.hints.units import hint, isotope_hint
from hpcmix.problem.units.dimensions import ENERGY, FREQUENCY, LENGTH, MASS, TEMPERATURE, TIME, Dimension, Power
from hpcmix.problem.units.quantities import TWO_PI, UnitError, constant, parse_quantity, raised

__all__ = ["Constant", "UnitError", "Units", "units_from_text"]


@dataclass(frozen=True)
class Constant:
    """A number that an expression can name, in code units.

    value      whole where the file says a whole number.
    dimension  None of a plain number, which is whatever it is used for.
    hertz      the power of hertz in its spelling: so many factors 2 pi are in the value.
    """

    value: float
    dimension: Dimension | None = None
    hertz: Power = 0


@dataclass(frozen=True)
class Units:
    """Code units. Both fields are None for a problem without ``[units]``; every factor to SI is then None too.

    ``length`` and ``mass`` are exact numbers of metres and kilograms.
    """

    length: Fraction | None = None
    mass: Fraction | None = None

    @property
    def given(self) -> bool:
        """Whether the problem has code units at all."""
        return self.length is not None and self.mass is not None

    def factor_si(self, dimension: Dimension) -> float | None:
        """SI value of the code unit of ``dimension`` (metres, kilograms, seconds), or None without ``[units]``."""
        return float(self._exact(dimension)) if self.given else None

    @property
    def length_si(self) -> float | None:
        """Metres per code unit of length."""
        return self.factor_si(LENGTH)

    @property
    def mass_si(self) -> float | None:
        """Kilograms per code unit of mass."""
        return self.factor_si(MASS)

    @property
    def time_si(self) -> float | None:
        """Seconds per code unit of time, ``mass length^2 / hbar``."""
        return self.factor_si(TIME)

    @property
    def energy_si(self) -> float | None:
        """Joules per code unit of energy, ``hbar / time``."""
        return self.factor_si(ENERGY)

    @property
    def energy_in_hertz(self) -> float | None:
        """The code unit of energy as a frequency E/h in hertz (cycles per second)."""
        return float(self._exact(FREQUENCY) / TWO_PI) if self.given else None

    @property
    def energy_in_nanokelvin(self) -> float | None:
        """The code unit of energy as a temperature E/k_B in nanokelvin."""
        return float(self._exact(ENERGY) / constant("k_B") * 10**9) if self.given else None

    def density_si(self, dimensions: int) -> float | None:
        """Particles per metre^d for one particle per code unit of length^d."""
        return self.factor_si(LENGTH * -dimensions)

    def _exact(self, dimension: Dimension) -> Fraction:
        if self.length is None or self.mass is None:
            raise TypeError("a problem without [units] has no factors to SI")
        time = self.mass * self.length**2 / constant("hbar")
        powers = ((self.length, dimension.length), (self.mass, dimension.mass), (time, dimension.time))
        return math.prod((raised(unit, power) for unit, power in powers), start=Fraction(1))

    def constant(self, text: str) -> Constant:
        """A quantity such as "9.81 m/s^2" as a number of code units that knows its dimension. Temperatures are those
        energies k_B T, hertz count 2 pi radians unless the 2 pi is written out. Raises UnitError."""
        try:
            quantity = parse_quantity(text)
        except UnitError as error:
            raise UnitError(f"{error}{isotope_hint(text)}") from None
        if not quantity.has_unit:
            return Constant(_finite_float(quantity.value, text))
        if not self.given:
            raise UnitError(
                f'"{text}" has a unit and needs [units] (length and mass); without them write a number in code units'
            )
        kelvins = quantity.dimension.temperature
        value = quantity.angular_value() * raised(constant("k_B"), kelvins)
        dimension = quantity.dimension + (ENERGY - TEMPERATURE) * kelvins
        if dimension.other:
            raise UnitError(f'"{text}" is {dimension.described()}, which no quantity here has')
        in_hertz = 0 if quantity.two_pi_written else quantity.hertz_power
        return Constant(_finite_float(value / self._exact(dimension), text), dimension, in_hertz)

    def convert(self, text: str, dimension: Dimension) -> float:
        """A quantity such as "50 Hz" as a number of code units.

        A frequency in hertz is multiplied by 2 pi unless the 2 pi is written out. Where an energy takes part, a
        temperature T stands for k_B T and a frequency f for h f. Raises UnitError if the text is no quantity, has
        another dimension, or there are no code units; it says what was probably meant.
        """
        if dimension == MASS and (isotope := isotope_hint(text)):
            needed = "" if self.given else ", which needs [units] (length and mass)"
            raise UnitError(f'"{text}" is the name of an isotope and no mass{isotope}{needed}')
        try:
            quantity = parse_quantity(text)
        except UnitError as error:
            raise _hinted(text, str(error), dimension) from None
        if not quantity.has_unit:
            raise UnitError(f'"{text}" has no unit; write a number in code units without quotes, or add a unit')
        if not self.given:
            raise UnitError(
                f'"{text}" has a unit and needs [units] (length and mass); without them write a plain number'
            )
        value, given = quantity.angular_value(), quantity.dimension
        if not dimension.accepts(given):
            message = f'must be {dimension.described()}, but "{text}" is {given.described()}'
            raise _hinted(text, message, dimension)
        if dimension - given == ENERGY - TEMPERATURE:
            value *= constant("k_B")
        elif dimension - given == ENERGY - FREQUENCY:
            value *= constant("hbar")
        return _finite_float(value / self._exact(dimension), text)


def _hinted(text: str, message: str, dimension: Dimension) -> UnitError:
    """The error with what was probably meant, unless the message says so already."""

    def fits(repaired: str) -> bool:
        try:
            quantity = parse_quantity(repaired)
        except UnitError:
            return False
        return quantity.has_unit and dimension.accepts(quantity.dimension)

    return UnitError(message if "did you mean" in message else message + hint(text, fits))


def _finite_float(value: Fraction, text: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise UnitError(f'"{text}" is too large a number') from None


_LARGEST_SCALE = 10**40
"""Largest unit of length or mass in SI, and the inverse of the smallest: all derived units are then floats."""


def scale_from_text(text: str, dimension: Dimension) -> Fraction:
    """One entry of ``[units]``, such as "1 um", as an exact positive number of SI units. Raises UnitError."""
    if dimension == MASS and (isotope := isotope_hint(text)):
        raise UnitError(f'"{text}" is the name of an isotope and no mass{isotope}')
    try:
        quantity = parse_quantity(text)
    except UnitError as error:
        raise _hinted(text, str(error), dimension) from None
    if quantity.dimension != dimension:
        expected = dimension.described()
        example = "1 um" if dimension == LENGTH else "86.909 u"
        given = quantity.dimension.described() if quantity.has_unit else "a plain number"
        message = f'must be {expected} with its unit such as "{example}", but "{text}" is {given}'
        raise _hinted(text, message, dimension)
    if quantity.value <= 0:
        raise UnitError(f'must be positive, not "{text}"')
    if not Fraction(1, _LARGEST_SCALE) <= quantity.value <= _LARGEST_SCALE:
        raise UnitError(f'"{text}" is out of all proportion')
    return quantity.value


@lru_cache(maxsize=16)
def units_from_text(length: str, mass: str) -> Units:
    """The code units that ``[units] length = ..., mass = ...`` names. Raises UnitError."""
    return Units(scale_from_text(length, LENGTH), scale_from_text(mass, MASS))
