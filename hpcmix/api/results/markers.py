"""Markers of classical species as labelled arrays over time that are read where they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from xarray.core.indexing import LazilyIndexedArray

from hpcmix.api.results.fields import Kept, Place, StackedField, contents_of, opened, times_of
from hpcmix.api.results.physical import UnitChoice, attributes_in_units, converted_attributes
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.markers.openpmd import species_path
from hpcmix.io.reader import StoredFile
from hpcmix.problem.units.dimensions import LENGTH, MOMENTUM
from hpcmix.problem.units.laboratory import conversion
from hpcmix.problem.units.units import Units

_VECTORS = {"position": ("position of a marker", LENGTH), "momentum": ("momentum of a marker", MOMENTUM)}
_SCALARS = {
    "weight": ("weighting", "particles that a marker stands for"),
    "number": ("id", "number of a marker among all of its species"),
}


def markers_of(stored: Sequence[StoredFile], scales: Units, units: UnitChoice) -> Mapping[str, xr.Dataset]:
    """By species the markers of numbered files: `position` and `momentum` over (time, axis, marker), `weight` and
    `number` over (time, marker). Times are read, the rest is not. Species are those of the last file. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    if not stored:
        return {}
    return {name: _of_species(stored, name, scales, units) for name in _species_in(stored[-1])}


def _species_in(stored: StoredFile) -> list[str]:
    with opened(stored.path) as file:
        return sorted(map(str, file[species_path(stored.index, "")]))


def _of_species(stored: Sequence[StoredFile], name: str, scales: Units, units: UnitChoice) -> xr.Dataset:
    places = [Place(entry.path, species_path(entry.index, name)) for entry in stored]
    contents = contents_of(stored[-1].path)
    axes = _axes_in(places[-1])
    variables = {}
    for record, (words, dimension) in _VECTORS.items():
        attributes = {"long_name": words, **Metadata(scales=scales).unit(dimension)}
        by = conversion(attributes) if units == "physical" else None
        kept = _kept(places[-1], f"{record}/{axes[0]}")
        field = StackedField(places, [f"{record}/{axis}" for axis in axes], kept, 1.0 if by is None else by.factor)
        variables[record] = xr.Variable(
            ("time", "axis", "marker"), LazilyIndexedArray(field), converted_attributes(attributes, by)
        )
    for variable, (record, words) in _SCALARS.items():
        field = StackedField(places, [record], _kept(places[-1], record))
        whole = xr.Variable(("time", "one", "marker"), LazilyIndexedArray(field), {"long_name": words, "units": "1"})
        variables[variable] = whole.isel(one=0)
    coordinates = {"axis": xr.Variable(("axis",), np.array(axes, dtype=object))} | times_of(stored, contents, units)
    return xr.Dataset(variables, coordinates, attributes_in_units(contents.attributes, units))


def _axes_in(place: Place) -> list[str]:
    with opened(place.path) as file:
        return [axis for axis in "xyz" if place.dataset(f"position/{axis}") in file]


def _kept(place: Place, record: str) -> Kept:
    """The dataset of a record. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""
    with opened(place.path) as file:
        dataset = file[place.dataset(record)]
        return Kept(record, "", record, ("marker",), dataset.shape, dataset.dtype, {})
