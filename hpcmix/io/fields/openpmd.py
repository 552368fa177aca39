"""The openPMD standard 1.1.0, https://github.com/openPMD/openPMD-standard: what it asks of every file, and names and
attributes that make fields on the grid its meshes. Needs no MPI.

A mesh is a dataset under ``data/<iteration>/meshes``; of a field that stands elsewhere in the file that is a virtual
dataset, which stores nothing: readers of the standard do not understand the labels of netCDF that the field has.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.problem.units.dimensions import LENGTH, Dimension
from hpcmix.problem.units.units import Units

FILE_FORMAT = "%06T.h5"


def annotate_file(
    file: h5py.File, iteration: int, time: float, step: float, scales: Units, version: str, paths: Mapping[str, str]
) -> None:
    """Attributes of the file and of its only iteration; of files without [units] the factors to SI are one.

    step   the size of a time step.
    paths  attributes that say where in an iteration its records are.
    """
    texts = {
        "openPMD": "1.1.0",
        "basePath": "/data/%T/",
        "iterationEncoding": "fileBased",
        "iterationFormat": FILE_FORMAT,
        "software": "hpcmix",
        "softwareVersion": version,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S +0000"),
        **paths,
    }
    for name, text in texts.items():
        file.attrs[name] = np.bytes_(text)  # readers of the standard want texts of fixed length
    file.attrs["openPMDextension"] = np.uint32(0)
    base = file[f"data/{iteration}"]
    base.attrs["time"], base.attrs["dt"] = np.float64(time), np.float64(step)
    base.attrs["timeUnitSI"] = np.float64(1.0 if scales.time_si is None else scales.time_si)


def write_meshes(
    file: h5py.File,
    iteration: int,
    fields: Mapping[str, Dimension],
    grid: Grid,
    scales: Units,
) -> None:
    """Make meshes of datasets of the grid's shape, ``up/density`` as ``up_density``; `fields`: their names and of what
    dimension they are."""
    meshes = file.require_group(f"data/{iteration}/meshes")
    length = scales.factor_si(LENGTH)
    for name, dimension in fields.items():
        dataset, factor = _seen_as(meshes, name.replace("/", "_"), file[name]), scales.factor_si(dimension)
        dataset.attrs["geometry"] = np.bytes_("cartesian")
        dataset.attrs["dataOrder"] = np.bytes_("C")
        dataset.attrs["axisLabels"] = np.array(list("xyz"[: grid.dimensions]), "S1")
        dataset.attrs["gridSpacing"] = np.array(grid.spacings, np.float64)
        dataset.attrs["gridGlobalOffset"] = np.array([grid.axis(axis)[0] for axis in range(grid.dimensions)])
        dataset.attrs["gridUnitSI"] = np.float64(1.0 if length is None else length)
        dataset.attrs["position"] = np.zeros(grid.dimensions)
        dataset.attrs["timeOffset"] = np.float64(0.0)
        powers = [dimension.length, dimension.mass, dimension.time, 0, 0, 0, 0]
        dataset.attrs["unitDimension"] = np.array(powers, np.float64)
        dataset.attrs["unitSI"] = np.float64(1.0 if factor is None else factor)


def _seen_as(group: h5py.Group, name: str, dataset: h5py.Dataset) -> h5py.Dataset:
    """A virtual dataset that is another one of the same file."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)  # the same data leave the same bytes
    space = h5py.h5s.create_simple(dataset.shape)
    properties.set_virtual(space, b".", dataset.name.encode(), space)
    return h5py.Dataset(h5py.h5d.create(group.id, name.encode(), dataset.id.get_type(), space, properties))
