"""The part of the box where the clouds are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from hpcmix.io.fields.slice_file import Slices

SEEN = 1e-3
"""Of a species' largest density: what is fainter is beyond the cloud. Of a Gaussian that is 3.7 widths."""

ROOM = 0.15
"""Of the cloud, left at either side of it."""

WHOLE = 0.8
"""Of the box: a cloud that takes as much is shown with all of it."""

Crop = Mapping[str, slice]
"""Axis -> the points that are shown."""


def crop_of(stored: Sequence[Slices]) -> dict[str, slice]:
    """Of every axis the points that hold the clouds of all species at all the given times, with some room; of a cloud
    that lies across the faces of the box all points."""
    return {
        name: slice_of((profile for slices in stored for profile in _profiles(slices, name)), positions.size)
        for name, positions in stored[0].axes.items()
    }


def slice_of(profiles: Iterable[np.ndarray], points: int) -> slice:
    """The points along an axis where any of the profiles, largest densities along it, is no less than :data:`SEEN` of
    its peak."""
    first, last = points, -1
    for profile in profiles:
        peak = float(np.nanmax(profile, initial=0.0))
        places = np.flatnonzero(profile > SEEN * peak) if peak > 0.0 else np.empty(0, int)
        if places.size:
            first, last = min(first, int(places[0])), max(last, int(places[-1]))
    if last < 0:
        return slice(0, points)
    room = max(2, round(ROOM * (last - first + 1)))
    first, last = max(first - room, 0), min(last + room, points - 1)
    return slice(0, points) if last - first + 1 >= WHOLE * points else slice(first, last + 1)


def cropped(values: np.ndarray, axes: str, crop: Crop) -> np.ndarray:
    """The part of an array over axes such as "xz" that is shown."""
    return values[tuple(crop[name] for name in axes)]


def _profiles(slices: Slices, axis: str) -> Iterator[np.ndarray]:
    """The largest values along an axis, of every species: of integrals along lines of sight, where there are three
    axes, so that a cloud beside the planes through the origin counts too."""
    for views in (slices.columns if len(slices.axes) == 3 else slices.slices).values():
        for names, values in views.items():
            if axis in names:
                others = tuple(place for place, name in enumerate(names) if name != axis)
                yield np.nanmax(values, axis=others)
