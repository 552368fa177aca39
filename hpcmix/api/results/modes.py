"""The spectrum of small oscillations: numbers of every mode, and their fields, read where they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from hpcmix.api.results.fields import Place, contents_of, stacked
from hpcmix.api.results.physical import UnitChoice, attributes_in_units, in_units
from hpcmix.io.documents.metadata import Metadata
from hpcmix.problem.units.dimensions import FREQUENCY
from hpcmix.problem.units.units import Units


def modes_of(
    found: Mapping[str, Any], path: Path, species: Sequence[str], scales: Units, units: UnitChoice
) -> xr.Dataset:
    """The modes of a spectrum over (mode): the angular `frequency` omega, with ``[units]`` also `frequency_hertz`,
    omega / 2 pi; `growth_rate`, `residual`, `multiplet`; the strengths `dipole` over (mode, axis) and `monopole`, NaN
    where clouds reach the faces of the box; over (mode, species) the `weight`, integral |u|^2 - |v|^2, and
    `excitations`, integral |v|^2. Over (species, mode, x, ..) the fields `u`, `v` and `density_change`, which are read
    where they are looked at.

    found  ``excitations.json``; path: of ``excitations.h5``.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    contents, places = contents_of(path), [Place(path)]
    fields = [kept for kept in contents.fields if kept.owner in species]
    variables = {
        name: stacked(places, species, [kept for kept in fields if kept.name == name], units).isel(time=0)
        for name in dict.fromkeys(kept.name for kept in fields)
    }
    variables |= {name: in_units(entry, units) for name, entry in _numbers(found["modes"], species, scales).items()}
    coordinates = {name: in_units(axis, units) for name, axis in contents.axes.items()}
    coordinates["species"] = xr.Variable(("species",), np.array(species, dtype=object))
    coordinates["axis"] = xr.Variable(("axis",), np.array(list(contents.axes), dtype=object))
    return xr.Dataset(variables, coordinates, attributes_in_units(contents.attributes, units))


def _numbers(modes: Sequence[Mapping[str, Any]], species: Sequence[str], scales: Units) -> dict[str, xr.Variable]:
    """Code units, and hertz."""
    angular = Metadata(scales=scales).unit(FREQUENCY)
    columns: dict[str, tuple[str, Mapping[str, Any]]] = {
        "frequency": ("angular frequency", angular),
        "frequency_hertz": ("frequency omega / 2 pi", {"units": "Hz"}),
        "growth_rate": ("growth rate", angular),
        "residual": ("residual", {"units": "1"}),
        "monopole": ("monopole strength of the total density", {}),
    }
    numbers = {
        name: xr.Variable(
            ("mode",), [_number(mode.get(name), name) for mode in modes], {"long_name": words, **attributes}
        )
        for name, (words, attributes) in columns.items()
        if name != "frequency_hertz" or scales.given
    }
    numbers["multiplet"] = xr.Variable(("mode",), [mode["group"] for mode in modes], {"long_name": "multiplet"})
    axes = max((len(mode["dipole"]) for mode in modes if mode["dipole"] is not None), default=0)
    if axes:
        dipole = [mode["dipole"] or [np.nan] * axes for mode in modes]
        numbers["dipole"] = xr.Variable(("mode", "axis"), dipole, {"long_name": "dipole strength of the total density"})
    for name, words in (("weight", "integral |u|^2 - |v|^2"), ("excitations", "integral |v|^2")):
        values = [[mode["species"][owner][name] for owner in species] for mode in modes]
        numbers[name] = xr.Variable(("mode", "species"), values, {"long_name": words, "units": "1"})
    return numbers


def _number(value: float | None, name: str) -> float:
    """A number of a mode; one that does not grow has no rate in the file."""
    if value is None:
        return 0.0 if name == "growth_rate" else np.nan
    return float(value)
