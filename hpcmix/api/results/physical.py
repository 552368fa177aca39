"""Labelled data in the units of the laboratory: micrometres and powers of them, milliseconds, energies as frequencies
E/h in hertz; all else that has a factor in SI.

What a file holds is in code units, and every variable says its ``si_factor`` and its ``si_unit`` (CONVENTIONS.md,
Units). Where it says none, in a problem without ``[units]``, all stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import xarray as xr

from hpcmix.problem.units.laboratory import Conversion, conversion

UnitChoice = Literal["physical", "code"]
"""Units of what is opened: of the laboratory, or those of the files."""


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
