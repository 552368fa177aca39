"""Labelled data in the units of the laboratory: micrometres and powers of them, milliseconds, energies as frequencies
E/h in hertz; all else that has a factor in SI.

What a file holds is in code units, and every variable says its ``si_factor`` and its ``si_unit`` (CONVENTIONS.md,
Units). Where it says none, in a problem without ``[units]``, all stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import xarray as xr

from hpcmix.problem.units.quantities import constant

UnitChoice = Literal["physical", "code"]
"""Units of what is opened: of the laboratory, or those of the files."""

MICROMETRE, MILLISECOND = 1e-6, 1e-3

_POWER_OF_LENGTH = re.compile(r"m(?:\^\()?(?P<power>-?[0-9]*(?:/2)?)\)?")
"""Units that are powers of a metre: "m", "m-3", "m^(-3/2)"."""

_ENERGY = "J"


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


def converted_attributes(attributes: Mapping[str, Any], by: Conversion | None) -> dict[str, Any]:
    """Attributes of a variable behind the conversion: its unit in place of the code unit, and no factor to SI."""
    if by is None:
        return dict(attributes)
    kept = {key: value for key, value in attributes.items() if key not in ("units", "si_factor", "si_unit")}
    return kept | {"units": by.unit} | ({"comment": by.note} if by.note else {})


def in_units(variable: xr.Variable, units: UnitChoice) -> xr.Variable:
    """A variable of code units in the units that are asked for."""
    by = conversion(variable.attrs) if units == "physical" else None
    if by is None:
        return variable
    return xr.Variable(variable.dims, variable.values * by.factor, converted_attributes(variable.attrs, by))


def all_in_units(dataset: xr.Dataset, units: UnitChoice) -> xr.Dataset:
    """The same with every variable and coordinate."""
    coordinates = {name: in_units(variable.variable, units) for name, variable in dataset.coords.items()}
    variables = {name: in_units(variable.variable, units) for name, variable in dataset.data_vars.items()}
    return xr.Dataset(variables, coordinates, attributes_in_units(dataset.attrs, units))


def attributes_in_units(attributes: Mapping[Any, Any], units: UnitChoice) -> dict[Any, Any]:
    """Attributes of a file: that it is in code units, where what is made of it is not, is left out."""
    given = "length_si" in attributes and units == "physical"
    return {name: value for name, value in attributes.items() if not (given and name == "units")}
