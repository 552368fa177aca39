"""What takes numbers of files to the units of the laboratory: micrometres and powers of them, milliseconds, energies as
frequencies E/h in hertz; all else that has a factor in SI.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpcmix.problem.units.quantities import constant

MICROMETRE, MILLISECOND = 1e-6, 1e-3

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}
"""Units of time, the longest first."""

_HERTZ = {"THz": 1e12, "GHz": 1e9, "MHz": 1e6, "kHz": 1e3, "Hz": 1.0}
"""Units of frequency, the largest first."""

_POWER_OF_LENGTH = re.compile(r"m(?:\^\()?(?P<power>-?[0-9]*(?:/2)?)\)?")
"""Units that are powers of a metre: "m", "m-3", "m^(-3/2)"."""


def micrometres(metres: float | None) -> tuple[float, str]:
    """What lengths in a code unit of so many metres are multiplied by for people, and the unit to put behind them;
    one and nothing where the file has no units."""
    return (1.0, "") if metres is None else (metres / MICROMETRE, " um")


def energy_of_frequency(hertz: float, digits: int) -> str:
    """The energy h times a frequency for people, in the largest unit of frequency that it is one of at least."""
    unit = next((unit for unit, size in _HERTZ.items() if abs(hertz) >= size), "Hz")
    return f"h x {hertz / _HERTZ[unit]:.{digits}g} {unit}"


@dataclass(frozen=True)
class Conversion:
    """From code units to the laboratory's.

    factor  that numbers are multiplied by.
    unit    its name.
    note    what is to be known of it; empty for nothing.
    """

    factor: float
    unit: str
    note: str = ""


def conversion(attributes: Mapping[str, Any]) -> Conversion | None:
    """What takes a variable with such attributes from code units to the laboratory's; None where it stays as it is."""
    factor, unit = attributes.get("si_factor"), attributes.get("si_unit")
    if factor is None or unit is None:
        return None
    factor, unit = float(factor), str(unit)
    if (match := _POWER_OF_LENGTH.fullmatch(unit)) is not None:
        power = match["power"] or "1"
        numerator, _, denominator = power.partition("/")
        exponent = float(numerator) / float(denominator or 1)
        return Conversion(factor * MICROMETRE**-exponent, unit.replace("m", "um", 1))
    match unit:
        case "s":
            return Conversion(factor / MILLISECOND, "ms")
        case "rad s-1":
            return Conversion(factor * MILLISECOND, "rad ms-1")
        case "J":
            planck = 2.0 * math.pi * float(constant("hbar"))
            return Conversion(factor / planck, "Hz", "an energy divided by h")
    return Conversion(factor, unit)


def suitable_unit(seconds: float) -> str:
    """The largest unit that a time is one of at least, but for rounding."""
    return next((name for name, size in SECONDS.items() if seconds * (1.0 + 1e-12) >= size), "fs")
