"""Fields that a run has left in many files, one for each time, as one labelled array over time that is read where it is
looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core.indexing import ExplicitIndexer, IndexingSupport, LazilyIndexedArray, explicit_indexing_adapter

from hpcmix.api.endings import RunFailed
from hpcmix.api.results.physical import UnitChoice, attributes_in_units, converted_attributes, in_units
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.reader import StoredFile
from hpcmix.problem.units.laboratory import conversion


@dataclass(frozen=True)
class Kept:
    """One dataset of a file, as it is described there.

    path        in the file, or within the group of it that was looked at: "up/density".
    owner       the species; empty for what belongs to all of them.
    name        what it is: "density", "slice_xy".
    dimensions  names of the axes of the array.
    """

    path: str
    owner: str
    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    attributes: Mapping[str, Any]

    @property
    def is_like(self) -> tuple[Any, ...]:
        """What is the same for datasets that stand in one array, species beside species."""
        return self.dimensions, self.shape


@dataclass(frozen=True)
class Place:
    """A file, and the group in it that holds what is looked at; empty for the whole file."""

    path: Path
    within: str = ""

    def dataset(self, name: str) -> str:
        """Path of a dataset in the file."""
        return f"{self.within}/{name}" if self.within else name


class StackedField(BackendArray):
    """Datasets of the same shape in many files, over (time, species, ...): a part is read from the files when it is
    asked for, and nothing is kept.

    places  the files, one for each time.
    names   of the datasets in each of them, one for each species; None: it has no such field, and NaN in its place.
    factor  that numbers are multiplied by.
    """

    def __init__(self, places: Sequence[Place], names: Sequence[str | None], kept: Kept, factor: float = 1.0) -> None:
        self._places, self._names, self._factor = tuple(places), tuple(names), factor
        self.shape = (len(places), len(names), *kept.shape)
        self.dtype = kept.dtype

    def __getitem__(self, key: ExplicitIndexer) -> np.typing.ArrayLike:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.BASIC, self._read)

    def _read(self, key: tuple[int | slice, ...]) -> np.ndarray:
        """Of whole numbers and slices with steps forwards; axes of whole numbers are gone in the result."""
        times, species, *rest = key
        files, names = _chosen(self._places, times), _chosen(self._names, species)
        shape = _shape_of(self.shape[2:], tuple(rest))
        parts = np.empty((len(files), len(names), *shape), self.dtype)
        for part, place in zip(parts, files, strict=True):
            if names:
                part[...] = self._of_file(place, names, tuple(rest))
        result = parts if isinstance(species, slice) else parts[:, 0]
        return result if isinstance(times, slice) else result[0]

    def _of_file(self, place: Place, names: Sequence[str | None], rest: tuple[int | slice, ...]) -> np.ndarray:
        shape = tuple(_shape_of(self.shape[2:], rest))
        try:
            with h5py.File(place.path, "r") as file:
                stacked = np.stack(
                    [np.full(shape, np.nan) if name is None else file[place.dataset(name)][rest] for name in names]
                )
        except (OSError, KeyError) as error:
            raise RunFailed(f"{place.path} is damaged or gone: {error}", place.path.parent.parent) from error
        return stacked if self._factor == 1.0 else stacked * stacked.dtype.type(self._factor)


def _chosen(entries: Sequence[Any], key: int | slice) -> list[Any]:
    return list(entries[key]) if isinstance(key, slice) else [entries[key]]


def _shape_of(shape: Sequence[int], key: tuple[int | slice, ...]) -> list[int]:
    return [
        len(range(*part.indices(length))) for length, part in zip(shape, key, strict=True) if isinstance(part, slice)
    ]


def over_time(stored: Sequence[StoredFile], species: Sequence[str], units: UnitChoice, within: str = "") -> xr.Dataset:
    """The fields of numbered files of a run as one dataset over (time, species, axes): positions and times are read,
    fields are not.

    within  the group of each file that is looked at; the whole file unless given.

    A field that species have in the same shape is one variable over (time, species, ...), with NaN where a species has
    none; one that differs from species to species, such as the orbitals of sets, is a variable for each,
    ``wave_function_<species>``. There is what the last file has. Positions of an expanding frame change with time: they
    are ``position_x`` over (time, x). Raises :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    if not stored:
        return xr.Dataset()
    contents = contents_of(stored[-1].path, within)
    places = [Place(entry.path, within) for entry in stored]
    fields = [each for each in contents.fields if each.owner in species]
    variables: dict[str, xr.Variable] = {}
    for name in dict.fromkeys(each.name for each in fields):
        alike = [each for each in fields if each.name == name]
        if len({each.is_like for each in alike}) == 1:
            variables[name] = stacked(places, species, alike, units)
        else:
            variables |= {f"{name}_{each.owner}": alone(places, each, units) for each in alike}
    coordinates = {"species": xr.Variable(("species",), np.array(species, dtype=object))}
    coordinates |= times_of(stored, contents, units) | _positions(stored, contents, units)
    return xr.Dataset(variables, coordinates, attributes_in_units(contents.attributes, units))


def stacked(places: Sequence[Place], species: Sequence[str], alike: Sequence[Kept], units: UnitChoice) -> xr.Variable:
    """A field that species have in the same shape, over (time, species, ...)."""
    by = conversion(alike[0].attributes) if units == "physical" else None
    names = {each.owner: each.path for each in alike}
    field = StackedField(places, [names.get(name) for name in species], alike[0], 1.0 if by is None else by.factor)
    attributes = converted_attributes(alike[0].attributes, by)
    return xr.Variable(("time", "species", *alike[0].dimensions), LazilyIndexedArray(field), attributes)


def alone(places: Sequence[Place], kept: Kept, units: UnitChoice) -> xr.Variable:
    """Over (time, ...) without the axis of species."""
    return stacked(places, [kept.owner], [kept], units).isel(species=0)


def times_of(stored: Sequence[StoredFile], contents: Contents, units: UnitChoice) -> dict[str, xr.Variable]:
    attributes: dict[str, Any] = {"long_name": "time", "units": contents.time_units}
    if contents.time_si is not None:
        attributes |= {"si_factor": contents.time_si, "si_unit": "s"}
    times = xr.Variable(("time",), [entry.time for entry in stored], attributes)
    steps = xr.Variable(("time",), [entry.step for entry in stored], {"long_name": "number of the step"})
    return {"time": in_units(times, units), "step": steps}


def _positions(stored: Sequence[StoredFile], contents: Contents, units: UnitChoice) -> dict[str, xr.Variable]:
    """Positions along the axes; of a frame that expands those of every time."""
    if not contents.expands:
        return {name: in_units(variable, units) for name, variable in contents.axes.items()}
    everywhere = [contents_of(entry.path).axes for entry in stored]
    return {
        f"position_{name}": in_units(
            xr.Variable(("time", name), np.stack([axes[name].values for axes in everywhere]), variable.attrs), units
        )
        for name, variable in contents.axes.items()
    }


@dataclass(frozen=True)
class Contents:
    """What a file of fields holds, but for the fields themselves.

    axes        positions along the axes, by their names.
    attributes  of the file that are the same for all of them.
    expands     whether positions are others at other times.
    time_si     seconds in a code unit of time, None without [units].
    """

    fields: tuple[Kept, ...]
    axes: Mapping[str, xr.Variable]
    attributes: Mapping[str, Any]
    expands: bool
    time_units: str
    time_si: float | None


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file of a run to look at. Raises :class:`~hpcmix.io.documents.atomic.OutputError` where it cannot be
    read, or lacks what is looked for inside."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError) as error:
        raise OutputError(f"{path} is damaged or gone: {error}") from error


def contents_of(path: Path, within: str = "") -> Contents:
    """Read what a file of fields holds, or a group of it. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    with opened(path) as file:
        group = file[within] if within else file
        axes = {str(name): _axis(group[name], str(name)) for name in group.attrs["axes"] if name in group}
        fields: list[Kept] = []

        def note(name: str, entry: h5py.Group | h5py.Dataset) -> None:
            if isinstance(entry, h5py.Dataset) and "/" in name and (kept := _kept(name, entry)) is not None:
                fields.append(kept)

        group.visititems(note)
        return Contents(
            tuple(fields),
            axes,
            {name: value for name, value in _attributes(file).items() if name in _SAME_IN_ALL},
            "frame_rate" in file.attrs,
            str(file.attrs.get("time_units", "")),
            float(file.attrs["time_si"]) if "time_si" in file.attrs else None,
        )


def _axis(dataset: h5py.Dataset, name: str) -> xr.Variable:
    return xr.Variable((name,), dataset[:], _attributes(dataset))


def _kept(path: str, dataset: h5py.Dataset) -> Kept | None:
    """A field over axes that bear names; None for what is described in another way, such as bins of phase space."""
    owner, _, rest = path.partition("/")
    labels = tuple(str(dimension.label) for dimension in dataset.dims)
    if not all(labels) or rest.startswith("phase_space/"):
        return None
    return Kept(path, owner, rest.replace("/", "_"), labels, dataset.shape, dataset.dtype, _attributes(dataset))


_OF_THE_FORMAT = ("CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST", "_FillValue", "coordinates")


_SAME_IN_ALL = ("title", "units", "length_si", "mass_si", "time_si", "energy_si", "hpcmix_version")
"""Attributes of a file that those of other times have too."""


def _attributes(dataset: h5py.Dataset | h5py.Group) -> dict[str, Any]:
    """What a dataset or a file says of itself to people."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in dataset.attrs.items()
        if name not in _OF_THE_FORMAT and not name.startswith("_Netcdf4")
    }
