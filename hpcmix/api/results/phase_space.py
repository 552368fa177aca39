"""Densities over two axes of phase space over time, read where they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from hpcmix.api.results.fields import Contents, Kept, Place, alone, contents_of, opened, times_of
from hpcmix.api.results.physical import UnitChoice, attributes_in_units, in_units
from hpcmix.io.reader import StoredFile


def phase_space_of(stored: Sequence[StoredFile], species: Sequence[str], units: UnitChoice) -> Mapping[str, xr.Dataset]:
    """The densities over phase space in numbered files of slices, by the species and the axes, such as "gas_x_px":
    `density` over (time, x, px), particles per area of phase space. Centres of bins are `x` and `px`, and where they
    move with time `x_at` over (time, x). Those of the last file. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    return {_name(group, axes): _over_time(stored, group, units) for group, axes in _groups(stored, species)}


def _groups(stored: Sequence[StoredFile], species: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The groups of the last file that hold one, with their axes."""
    if not stored:
        return []
    with opened(stored[-1].path) as file:
        groups = [
            f"{name}/phase_space/{number}"
            for name in species
            if f"{name}/phase_space" in file
            for number in sorted(file[f"{name}/phase_space"], key=int)
        ]
        return [(group, [str(axis) for axis in file[group].attrs["axes"]]) for group in groups]


def _name(group: str, axes: Sequence[str]) -> str:
    return "_".join([group.partition("/")[0], *axes])


def _over_time(stored: Sequence[StoredFile], group: str, units: UnitChoice) -> xr.Dataset:
    contents = [contents_of(entry.path, group) for entry in stored]
    last, axes = contents[-1], tuple(contents[-1].axes)
    places = [Place(entry.path, group) for entry in stored]
    density = alone(places, _density(places[-1], axes), units)
    coordinates = times_of(stored, last, units)
    for axis in axes:
        coordinates |= _centres(axis, contents, units)
    return xr.Dataset({"density": density}, coordinates, attributes_in_units(last.attributes, units))


def _density(place: Place, axes: tuple[str, ...]) -> Kept:
    with opened(place.path) as file:
        dataset = file[place.dataset("density")]
        labels = {name: dataset.attrs[name] for name in ("long_name", "units", "si_factor", "si_unit")
                  if name in dataset.attrs}  # fmt: skip
        return Kept("density", "", "density", axes, dataset.shape, dataset.dtype, labels)


def _centres(axis: str, contents: Sequence[Contents], units: UnitChoice) -> dict[str, xr.Variable]:
    centres = [each.axes[axis] for each in contents]
    if all(np.array_equal(each.values, centres[-1].values) for each in centres):
        return {axis: in_units(centres[-1], units)}
    moving = xr.Variable(("time", axis), np.stack([each.values for each in centres]), centres[-1].attrs)
    return {f"{axis}_at": in_units(moving, units)}
