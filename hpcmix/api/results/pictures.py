"""Pictures of a camera over the times of their snapshots, read where they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from hpcmix.api.results.fields import Kept, Place, alone, contents_of, opened, over_time
from hpcmix.api.results.physical import UnitChoice, in_units
from hpcmix.io.reader import StoredFile

_SETTINGS = ("time_of_flight", "expansion", "resolution", "cross_section", "photons", "seed", "sights")
_WHOLE = "optical_density"


def pictures_of(stored: Sequence[StoredFile], species: Sequence[str], units: UnitChoice) -> Mapping[str, xr.Dataset]:
    """By line of sight the pictures: `column_density` and `optical_density` over (time, species, the two other axes),
    the optical density of all species as `optical_density_of_all`, and the `time_of_flight`. Those are here that were
    taken as the last one was, with as many pixels: pictures of another camera are no further times of these. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    if not stored:
        return {}
    settings = {entry.path: _settings(entry) for entry in stored}
    last = settings[stored[-1].path]
    alike = [entry for entry in stored if settings[entry.path] == last]
    return {sight: _along(sight, alike, last, species, units) for sight in last["sights"]}


def _settings(stored: StoredFile) -> dict[str, Any]:
    """How the pictures of a file were taken, and how many pixels they have."""
    with opened(stored.path) as file:
        settings = {name: file.attrs[name] for name in _SETTINGS if name in file.attrs}
        settings["sights"] = [str(sight) for sight in file.attrs["sights"]]
        pixels = {
            f"{sight}{axis}": file[f"along_{sight}/{axis}"][:].tolist()
            for sight in settings["sights"]
            for axis in file[f"along_{sight}"].attrs["axes"]
        }
        return {**settings, "pixels": pixels, "time_si": file.attrs.get("time_si")}


def _along(
    sight: str,
    alike: Sequence[StoredFile],
    settings: Mapping[str, Any],
    species: Sequence[str],
    units: UnitChoice,
) -> xr.Dataset:
    """Those along one line of sight, of files whose pictures were taken alike."""
    within, last = f"along_{sight}", alike[-1]
    dataset = over_time(alike, species, units, within)
    attributes: dict[str, Any] = {"long_name": "time of flight after the snapshot"}
    if settings["time_si"] is not None:
        attributes |= {"si_factor": settings["time_si"], "si_unit": "s"}
    flight = xr.Variable((), np.float64(settings["time_of_flight"]), attributes)
    if _is_there(last, f"{within}/{_WHOLE}"):
        axes = tuple(contents_of(last.path, within).axes)
        shape = tuple(dataset.sizes[axis] for axis in axes)
        words = {"long_name": "optical density of all species", "units": "1"}
        kept = Kept(_WHOLE, "", _WHOLE, axes, shape, np.dtype(np.float64), words)
        places = [Place(entry.path, within) for entry in alike]
        dataset = dataset.assign({f"{_WHOLE}_of_all": alone(places, kept, units)})
    return dataset.assign_coords(time_of_flight=in_units(flight, units))


def _is_there(stored: StoredFile, name: str) -> bool:
    with opened(stored.path) as file:
        return name in file
