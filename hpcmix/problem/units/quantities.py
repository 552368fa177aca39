"""Quantities written as text, "50 Hz" or "1.2e-3 nK um^3", as exact numbers in SI units.

The grammar is a product of numbers, ``pi`` and unit names with powers, read from left to right; a slash divides by the
one factor behind it. A power is a number or, in brackets, a quotient: "um^-3", "um^4.5", "um^(9/2)". Only the meaning
of a unit's name comes from pint, so no text can make it compute for long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.units.dimensions import DIMENSIONLESS, Dimension, Power

if TYPE_CHECKING:
    import pint


class UnitError(ValueError):
    """A quantity that cannot be understood; the message is a sentence for the user."""


PI = Fraction("3.14159265358979323846264338327950288419716939937510")
TWO_PI = 2 * PI

EXPONENT = r"[+-]?\d{1,2}(?:\.\d{0,6})?|\(\s*[+-]?\d{1,2}(?:\.\d{0,6})?(?:\s*/\s*[1-9]\d?)?\s*\)"
"""What a factor may be taken to: "3", "-1.5", "(9/2)"."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)"
    rf"|(?P<power>(?:\*\*|\^)\s*(?P<exponent>{EXPONENT}))"
    r"|(?P<operator>[*/·×])"
    r"|(?P<pi>pi|π)(?![A-Za-z0-9_])"
    r"|(?P<name>[A-Za-zµμΩÅ°ℏħ][A-Za-z0-9_µμ]*))"
)
_SUPERSCRIPTS = str.maketrans({"²": "^2", "³": "^3"})
_COMMON = ("mm", "um", "nm", "a0", "kg", "u", "s", "ms", "us", "Hz", "kHz", "MHz", "rad", "J", "eV", "K", "uK", "nK")
_LARGEST_EXPONENT = 9


@dataclass(frozen=True)
class Quantity:
    """``value`` in SI units (a hertz counts as 1/s here), with what the spelling says about hertz and 2 pi.

    hertz_power  of the hertz that are cycles of an angular frequency: one beside Planck's constant is not, for h f is
                 the energy of f cycles.
    """

    value: Fraction
    dimension: Dimension
    has_unit: bool
    hertz_power: Fraction
    two_pi_written: bool

    def angular_value(self) -> Fraction:
        """The value with every hertz read as 2 pi radians per second, unless the 2 pi stands in the text already."""
        return self.value if self.two_pi_written else self.value * raised(TWO_PI, self.hertz_power)


def parse_quantity(text: str) -> Quantity:
    """Read a quantity. Raises UnitError with a sentence that quotes the text."""
    value, dimension, hertz_power, planck_power = Fraction(1), DIMENSIONLESS, Fraction(0), Fraction(0)
    kinds: list[str] = []
    has_unit = has_pi = False
    sign_of_next = 1
    for kind, content, exponent in _factors(text):
        if kind == "operator":
            if not kinds or kinds[-1] == "operator":
                raise UnitError(f'"{text}" is no quantity: "{content}" stands without a factor before it')
            sign_of_next = -1 if content == "/" else 1
            kinds.append(kind)
            continue
        if kind == "number" and kinds and kinds[-1] not in ("operator", "pi"):
            raise UnitError(f'"{text}" is no quantity: the number {content} stands where a unit was expected')
        power = exponent * sign_of_next
        if kind == "number":
            factor = _number(content, text)
        elif kind == "pi":
            factor, has_pi = PI, True
        else:
            unit, has_unit = _unit(content), True
            factor = unit.value
            dimension = dimension + unit.dimension * power
            hertz_power += power if unit.is_hertz else 0
            planck_power += power if unit.is_planck else 0
        if factor == 0 and power < 0:
            raise UnitError(f'"{text}" divides by zero')
        if factor < 0 and power != int(power):
            raise UnitError(f'"{text}" has the root of a negative number')
        value *= raised(factor, power)
        kinds.append(kind)
        sign_of_next = 1
    if not kinds or kinds[-1] == "operator":
        raise UnitError(f'"{text}" is no quantity; write a number and a unit, such as "1.5 um"')
    if kinds[0] == "unit":
        raise UnitError(f'"{text}" is no quantity: the number before the unit is missing')
    two_pi_written = bool(hertz_power) and has_pi and _starts_with_two_pi(text)
    if hertz_power and has_pi and not two_pi_written:
        raise UnitError(
            f'"{text}" is ambiguous: write "50 Hz" for cycles per second, or "2 pi 50 Hz" for the angular frequency'
        )
    zero = Fraction(0)
    shared = min(hertz_power, planck_power) if hertz_power > 0 else max(hertz_power, planck_power)
    beside = max(zero, shared) if hertz_power > 0 else min(zero, shared)
    return Quantity(value, dimension, has_unit, hertz_power - beside, two_pi_written)


_DIGITS = Context(prec=40)


def raised(value: Fraction, power: Power) -> Fraction:
    """value^power: exact where the power is whole, else of a value that is not negative to forty digits."""
    if power == int(power):
        return value ** int(power)
    base = _DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    exponent = Fraction(power)
    quotient = _DIGITS.divide(Decimal(exponent.numerator), Decimal(exponent.denominator))
    return Fraction(_DIGITS.power(base, quotient))


def _exponent(text: str) -> Fraction:
    """The number that a power is: of "(9/2)" as of "4.5"."""
    numerator, _, denominator = re.sub(r"[()\s]", "", text).partition("/")
    return Fraction(numerator) / int(denominator or 1)


def _factors(text: str) -> Iterator[tuple[str, str, Fraction]]:
    """Yield (kind, content, exponent) for each factor and operator of the text, left to right."""
    source = text.translate(_SUPERSCRIPTS).rstrip()
    pending: tuple[str, str] | None = None
    position = 0
    while position < len(source):
        token = _TOKEN.match(source, position)
        if token is None:
            raise UnitError(f'"{text}" is no quantity: "{source[position:].strip()[:10]}" is not understood')
        position = token.end()
        if token["power"]:
            if pending is None or pending[0] == "operator":
                raise UnitError(f'"{text}" is no quantity: "{token["power"]}" stands without a factor before it')
            exponent = _exponent(token["exponent"])
            if abs(exponent) > _LARGEST_EXPONENT:
                raise UnitError(f'"{text}" has too large an exponent')
            yield *pending, exponent
            pending = None
            continue
        if pending:
            yield *pending, Fraction(1)
        if token["number"]:
            pending = ("number", token["number"])
        elif token["operator"]:
            pending = ("operator", token["operator"])
        elif token["pi"]:
            pending = ("pi", "pi")
        else:
            pending = ("unit", token["name"])
    if pending:
        yield *pending, Fraction(1)


def _number(content: str, text: str) -> Fraction:
    if len(content) > 60:
        raise UnitError(f'"{text[:20]}..." has too many digits')
    return Fraction(content.replace("_", ""))


def _starts_with_two_pi(text: str) -> bool:
    return re.match(r"\s*2(\.0*)?\s*[*·×]?\s*(pi|π)(?![A-Za-z0-9_])", text) is not None


@dataclass(frozen=True)
class _Unit:
    value: Fraction
    dimension: Dimension
    is_hertz: bool
    is_planck: bool


_SPELLINGS = {
    "kB": "boltzmann_constant", "ℏ": "hbar", "ħ": "hbar", "G": "field_gauss", "gauss": "field_gauss",
    "Gauss": "field_gauss", "mG": "millifield_gauss", "uG": "microfield_gauss", "kG": "kilofield_gauss",
}  # fmt: skip
"""Names that pint does not know, or knows for something else: its kB is a kilobyte, and its gauss one of Gaussian
units, which have no dimension of current."""

_BASES = ("length", "mass", "time", "temperature", "current")


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Fraction]:
    """Pint's units in rational arithmetic; made when the first unit is met, because it takes a second."""
    import pint

    registry: pint.UnitRegistry[Fraction] = pint.UnitRegistry(non_int_type=Fraction, cache_folder=None)
    registry.define("field_gauss = 1e-4 * tesla")
    return registry


@lru_cache(maxsize=256)
def _unit(name: str) -> _Unit:
    import pint

    registry = _registry()
    name = _SPELLINGS.get(name, name)
    try:
        base = registry.Quantity(Fraction(1), name).to_base_units()
        origin = registry.Quantity(Fraction(0), name).to_base_units()
        full_name = registry.get_name(name)
    except pint.errors.UndefinedUnitError:
        power = re.fullmatch(r"([^\d_]+)([1-9])", name)
        squared = power and f"{power[1]}^{power[2]}"  # um2 for um^2
        suggestion = squared if power and power[1] in registry else closest(name, _COMMON)
        raise UnitError(f'unknown unit "{name}"' + (f'; did you mean "{suggestion}"?' if suggestion else "")) from None
    except (TypeError, ValueError, ArithmeticError, pint.errors.PintError):
        raise UnitError(f'the unit "{name}" cannot be used here') from None
    if origin.magnitude != 0:
        raise UnitError(f'the unit "{name}" has a shifted zero; temperatures are given in K, mK, uK or nK')
    powers: dict[str, Any] = {key.strip("[]"): power for key, power in base.dimensionality.items()}
    known = {key: int(powers.pop(key)) for key in _BASES if _whole(powers.get(key))}
    other = " ".join(key if power == 1 else f"{key}^{power}" for key, power in powers.items())
    if full_name.endswith(("byte", "bit", "baud", "octet")):
        raise UnitError(f'the unit "{name}" counts information; Boltzmann\'s constant is k_B or kB')
    is_planck = full_name == "planck_constant"
    return _Unit(Fraction(base.magnitude), Dimension(**known, other=other), full_name.endswith("hertz"), is_planck)


def _whole(power: Fraction | None) -> bool:
    return power is not None and power == int(power)


@lru_cache(maxsize=8)
def constant(name: str) -> Fraction:
    """A physical constant by pint's name ("hbar", "k_B") in SI units."""
    return _unit(name).value
