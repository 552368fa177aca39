"""``images/NNNNNN.h5``: what a camera sees of a snapshot; writing and reading it on one rank, without MPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from hpcmix.camera.picture import Picture
from hpcmix.io.documents.atomic import OutputError, replacing
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import density_unit
from hpcmix.io.reader import StoredFile
from hpcmix.problem.sections.calculation.images import ImagesOptions
from hpcmix.problem.units.dimensions import LENGTH, TIME


@dataclass(frozen=True)
class Images:
    """The pictures of one snapshot, code units: its time, the time of flight after it, and a picture for every line of
    sight."""

    time: float
    time_of_flight: float
    pictures: list[Picture]


def write_images(
    path: Path, stored: StoredFile, options: ImagesOptions, pictures: Sequence[Picture], metadata: Metadata
) -> None:
    """Write the pictures of a snapshot in the form that :func:`read_images` reads.

    A group for every line of sight has the pixels' centres as its axes, for every species ``column_density`` and, with
    a cross-section, ``optical_density``, and the ``optical_density`` of all. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({**metadata.attributes(), "step": stored.step, "time": stored.time})
        file.attrs.update({"time_units": metadata.unit(TIME)["units"], "snapshot": stored.path.name})
        file.attrs.update(_settings(options))
        file.attrs["sights"] = [picture.sight for picture in pictures]
        for picture in pictures:
            _write_picture(file.create_group(f"along_{picture.sight}"), picture, metadata)


def _settings(options: ImagesOptions) -> dict[str, Any]:
    """How the pictures were taken."""
    noise = options.shot_noise
    return {
        "time_of_flight": options.time_of_flight,
        "expansion": options.expansion,
        "resolution": options.resolution,
        **({} if options.cross_section is None else {"cross_section": options.cross_section}),
        **({} if noise is None else {"photons": noise.photons, "seed": noise.seed}),
    }


def _write_picture(group: h5py.Group, picture: Picture, metadata: Metadata) -> None:
    group.attrs["species"] = list(picture.columns)  # groups of a file come back in alphabetical order
    group.attrs["axes"] = list(picture.axes)
    for name, pixels in picture.axes.items():
        axis = group.create_dataset(name, data=pixels)
        axis.attrs.update({"long_name": f"centres of the pixels along {name}", **metadata.unit(LENGTH)})
        axis.make_scale(name)
    unit = density_unit(metadata, len(picture.axes))
    none: dict[str, str | float] = {"units": "1"}
    views = [(f"{name}/column_density", column, "column density", unit) for name, column in picture.columns.items()]
    views += [(f"{name}/optical_density", seen, "optical density", none) for name, seen in picture.optical.items()]
    if picture.whole is not None:
        views.append(("optical_density", picture.whole, "optical density of all species", none))
    for name, values, words, labels in views:
        dataset = group.create_dataset(name, data=values)
        dataset.attrs.update({"long_name": words, **labels})
        for number, axis in enumerate(picture.axes):
            dataset.dims[number].label = axis
            dataset.dims[number].attach_scale(group[axis])


def read_images(path: Path) -> Images:
    """Read one file. Raises :class:`~hpcmix.io.documents.atomic.OutputError` where it is none or damaged."""
    try:
        with h5py.File(path, "r") as file:
            pictures = [_read_picture(file[f"along_{sight}"], sight) for sight in file.attrs["sights"]]
            return Images(float(file.attrs["time"]), float(file.attrs["time_of_flight"]), pictures)
    except (OSError, KeyError) as error:
        raise OutputError(f"{path} is damaged: {error}") from error


def _read_picture(group: h5py.Group, sight: str) -> Picture:
    species = list(group.attrs["species"])
    seen = "optical_density" in group
    return Picture(
        sight,
        {name: group[name][:] for name in group.attrs["axes"]},
        {name: group[f"{name}/column_density"][:] for name in species},
        {name: group[f"{name}/optical_density"][:] for name in species} if seen else {},
        group["optical_density"][:] if seen else None,
    )
