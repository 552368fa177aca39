"""All points of a sweep as one dataset: what every run measured, over the swept keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from hpcmix.io.documents.atomic import OutputError, replacing
from hpcmix.io.documents.summary import read_summary
from hpcmix.studies.sweeps.axes import DIRECTION, Axes
from hpcmix.studies.sweeps.directory import PointRecord, SweepDirectory

_OF_ONE_RUN = ("started", "hosts", "problem", "ranks", "ancestors")
"""Attributes of a run's files that say nothing of the others."""


@dataclass(frozen=True)
class Collected:
    """The dataset, and what there is to say about it.

    data       every variable of ``observables.h5``, over the swept keys first. Where all runs have the same times, over
               time too; else the last record of each, and ``time`` is a variable. NaN where a point has no numbers:
               ``status`` and ``message`` say why.
    axes       the swept keys.
    sentences  on failures, points that are missing, and what was left out.
    """

    data: xarray.Dataset
    axes: Axes
    sentences: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Write the dataset as netCDF. Raises :class:`OutputError`."""
        with replacing(path) as temporary:
            self.data.to_netcdf(temporary, engine="h5netcdf")


@dataclass(frozen=True)
class _Measured:
    """A point: where it stands among the others, what became of it and what it measured."""

    place: tuple[int, ...]
    label: str
    record: PointRecord | None
    data: xarray.Dataset | None


def collected(directory: SweepDirectory) -> Collected:
    """What a sweep has so far. Raises :class:`OutputError`."""
    description = directory.read()
    axes = Axes.of(description)
    points = [_measured(directory, point, description["directions"]) for point in description["points"]]
    found = [point.data for point in points if point.data is not None]
    sentences = [
        f"{point.label}: {point.record.message}"
        for point in points
        if point.record is not None and not point.record.is_done
    ]
    missing = sum(point.record is None for point in points)
    if missing:
        sentences.append(f"{missing} of {len(points)} points are not computed yet")
    if found and not _same_times(found):
        if any(data.sizes["time"] > 1 for data in found):
            sentences.append("the runs have different times: the last record of each is collected")
        found = [data.isel(time=-1) for data in found]
    elif found and found[0].sizes["time"] == 1:
        found = [data.isel(time=0) for data in found]
    of_point = iter(found)
    placed = {point.place: next(of_point) for point in points if point.data is not None}
    data = _standing(axes, points).merge(_combined(axes, placed)).assign_coords(_coordinates(axes, description))
    data.attrs = _attributes(description, found)
    return Collected(data, axes, tuple(sentences))


def _measured(directory: SweepDirectory, point: Mapping[str, Any], directions: list[str]) -> _Measured:
    """A point of sweep.json."""
    name = point["name"]
    place = (*point["place"], *([directions.index(point["direction"])] if point["direction"] else []))
    record, run = directory.record_of(name), directory.run_of(name)
    if record is None or not record.is_done:
        return _Measured(place, point["label"], record, None)
    try:
        with xarray.open_dataset(run.dataset, engine="h5netcdf") as stored:
            data = stored.load()
    except (OSError, ValueError) as error:
        raise OutputError(f"{run.dataset} cannot be read: {error}") from error
    return _Measured(
        place, point["label"], record, data.assign(_of_summary(read_summary(run.summary), run.excitations))
    )


def _of_summary(summary: Mapping[str, Any], excitations: Path) -> dict[str, Any]:
    """What a run keeps beside its records: how its ground state was found, how long it took, and its spectrum."""
    variables: dict[str, Any] = {"wall_seconds": ((), float(summary["wall_seconds"]), {"long_name": "time it took"})}
    search = summary.get("ground_state") or {}
    for name in ("iterations", "residual", "curvature"):
        if isinstance(search.get(name), (int, float)):
            attributes = {"long_name": f"{name} of the search for the ground state"}
            variables[f"ground_state_{name}"] = ((), float(search[name]), attributes)
    if excitations.exists():
        modes = read_summary(excitations)["modes"]
        for name in ("frequency", "growth_rate"):
            values = [mode.get(name, np.nan) for mode in modes]
            if not np.isnan(values).all():
                attributes = {"long_name": f"{name.replace('_', ' ')} of modes", "units": "code unit of frequency"}
                variables[f"mode_{name}"] = (("mode",), np.array(values, float), attributes)
    return variables


def _same_times(found: list[xarray.Dataset]) -> bool:
    """Whether all runs were looked at at the same times."""
    times = found[0]["time"].values
    return all(np.array_equal(data["time"].values, times) for data in found)


def _combined(axes: Axes, placed: Mapping[tuple[int, ...], xarray.Dataset]) -> xarray.Dataset:
    """The variables of all points in arrays over the sweep's dimensions, NaN where a point has none. Coordinates that
    all points share stay coordinates; others become variables of their own, ``<name>_values``."""
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    names = dict.fromkeys(name for data in placed.values() for name in data.variables)
    for name in names:
        given = {place: data.variables[name] for place, data in placed.items() if name in data.variables}
        first = next(iter(given.values()))
        if name in first.dims and all(first.equals(other) for other in given.values()):
            coordinates[str(name)] = first
        elif first.dtype.kind in "fiub":
            label = f"{name}_values" if name in first.dims else str(name)
            variables[label] = _array(axes, given)
    return xarray.Dataset(variables, coordinates)


def _array(axes: Axes, given: Mapping[tuple[int, ...], xarray.Variable]) -> tuple[Any, ...]:
    """Dimensions, values and attributes of a variable; shorter ones end in NaN."""
    first = next(iter(given.values()))
    lengths = np.max([variable.shape for variable in given.values()], axis=0, initial=0).astype(int)
    values = np.full((*axes.shape, *lengths), np.nan)
    for place, variable in given.items():
        within: Any = tuple(slice(length) for length in variable.shape)
        values[(*place, *within)] = variable.values
    return (*axes.names, *map(str, first.dims)), values, first.attrs


def _standing(axes: Axes, points: list[_Measured]) -> xarray.Dataset:
    """What became of every point."""
    status, message = np.full(axes.shape, "missing", object), np.full(axes.shape, "", object)
    for point in points:
        if point.record is not None:
            status[point.place], message[point.place] = point.record.status, point.record.message
    return xarray.Dataset(
        {
            "status": (axes.names, status, {"long_name": "done, failed, or missing: not computed yet"}),
            "message": (axes.names, message, {"long_name": "why a point failed"}),
        }
    )


def _coordinates(axes: Axes, description: Mapping[str, Any]) -> dict[str, Any]:
    """The swept keys with their values, in the units of the file."""
    coordinates: dict[str, Any] = {
        key.key: ((axes.dimension_of(key),), key.coordinate, {"units": key.unit} if key.unit else {})
        for key in axes.keys
    }
    if description["directions"]:
        coordinates[DIRECTION] = ((DIRECTION,), np.array(description["directions"], object))
    return coordinates


def _attributes(description: Mapping[str, Any], found: list[xarray.Dataset]) -> dict[str, Any]:
    """Those that all files have, and what was swept."""
    attributes: dict[str, Any] = {}
    if found:
        shared = set.intersection(*(set(data.attrs) for data in found)) - set(_OF_ONE_RUN)
        attributes = {key: value for key, value in found[0].attrs.items() if key in shared}
        attributes = {
            key: value
            for key, value in attributes.items()
            if all(np.array_equal(data.attrs[key], value) for data in found)
        }
    kind = {"command": description["command"], "order": description["order"], "combine": description["combine"]}
    return {**attributes, "title": description["title"], **{f"sweep_{key}": value for key, value in kind.items()}}
