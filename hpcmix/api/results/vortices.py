"""Vortices and vortex lines of the series, each with a place of its own along one axis for all times."""

from __future__ import annotations

import numpy as np
import xarray as xr

_KINDS = {"vortex": "vortices", "vortex_line": "vortex_lines"}
"""Dimensions of the series along which records list what they found, and the beginning of the names of its entries."""


def vortices_of(series: xr.Dataset) -> xr.Dataset:
    """The tracks: `x`, `y`, `charge` and `filling` over (time, species, vortex), of lines `line_length`,
    `line_closed`, `line_span_x`, .. and `line_filling` over (time, species, vortex_line). The coordinates `vortex` and
    `vortex_line` are the numbers that they keep from birth on
    (:mod:`hpcmix.observe.vortices.tracks`): one that is not there at a time is NaN. `count`, and of a plane
    `total_charge`, are over (time, species). Empty for a series without vortices."""
    variables: dict[str, xr.DataArray] = {}
    for dimension, prefix in _KINDS.items():
        beginning = "" if dimension == "vortex" else "line_"
        if f"{prefix}_number" in series and dimension in series.sizes:
            listed = {
                str(name): entry
                for name, entry in series.data_vars.items()
                if entry.dims == ("time", "species", dimension) and name != f"{prefix}_number"
            }
            tracks = _tracks(listed, series[f"{prefix}_number"], dimension)
            variables |= {beginning + name.removeprefix(f"{prefix}_"): track for name, track in tracks.items()}
        for name in ("count", "total_charge", "total_length"):
            if f"{prefix}_{name}" in series:
                variables[name if name != "total_length" else "line_total_length"] = series[f"{prefix}_{name}"]
    return xr.Dataset(variables, attrs=series.attrs)


def _tracks(listed: dict[str, xr.DataArray], numbers: xr.DataArray, dimension: str) -> dict[str, xr.DataArray]:
    """What records list in any order, at the places of the numbers."""
    known = np.isfinite(numbers.values)
    count = int(np.nanmax(numbers.values)) + 1 if known.any() else 0
    times, species, _ = np.nonzero(known)
    places = numbers.values[known].astype(int)
    coordinates = {**numbers.drop_vars(dimension, errors="ignore").coords, dimension: np.arange(count)}
    tracks = {}
    for name, entry in listed.items():
        values = np.full((*numbers.shape[:2], count), np.nan)
        values[times, species, places] = entry.values[known]
        tracks[name] = xr.DataArray(values, coordinates, numbers.dims, attrs=entry.attrs)
    return tracks
