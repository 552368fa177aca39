"""The openPMD standard 1.1.0 for particles, https://github.com/openPMD/openPMD-standard: names and attributes that make
an HDF5 file of markers one that its readers open. Needs no MPI.

A species is a group; a record is a group with a component per axis or, of a scalar, the dataset itself. Records carry
their dimension as powers of seven SI units, components the factor to SI. In less than three dimensions there are the
components that there are, and no empty ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import h5py
import numpy as np

from hpcmix.problem.units.dimensions import DIMENSIONLESS, LENGTH, MASS, MOMENTUM, Dimension
from hpcmix.problem.units.units import Units


@dataclass(frozen=True)
class Record:
    """What the standard asks of a record of particles.

    macro_weighted   whether a value belongs to all particles that a marker stands for, or to one of them.
    weighting_power  the power of the weighting that turns one into the other.
    """

    dimension: Dimension
    macro_weighted: bool
    weighting_power: float


RECORDS = {
    "position": Record(LENGTH, False, 0.0),
    "positionOffset": Record(LENGTH, False, 0.0),
    "momentum": Record(MOMENTUM, False, 1.0),
    "mass": Record(MASS, False, 1.0),
    "weighting": Record(DIMENSIONLESS, True, 1.0),
    "id": Record(DIMENSIONLESS, False, 0.0),
}


def species_path(iteration: int, species: str) -> str:
    """Of the species in the file of an iteration."""
    return f"data/{iteration}/particles/{species}"


def annotate_species(group: h5py.Group, number: int, mass: float, lengths: Mapping[str, float], scales: Units) -> None:
    """Attributes of records whose datasets are there, and what needs no datasets: the mass, offsets of zero, and one
    patch that is the whole box.

    number   of markers in the file.
    lengths  of the box by the names of its axes.
    """
    _constant(group.create_group("mass"), mass, number, scales.factor_si(MASS))
    for axis in lengths:
        _constant(group.create_group(f"positionOffset/{axis}"), 0.0, number, scales.factor_si(LENGTH))
    for name, record in RECORDS.items():
        place, factor = group[name], scales.factor_si(record.dimension)
        powers = [record.dimension.length, record.dimension.mass, record.dimension.time, 0, 0, 0, 0]
        place.attrs["unitDimension"] = np.array(powers, np.float64)
        place.attrs["timeOffset"] = np.float64(0.0)
        place.attrs["macroWeighted"] = np.uint32(record.macro_weighted)
        place.attrs["weightingPower"] = np.float64(record.weighting_power)
        for component in [place[axis] for axis in lengths] if f"{name}/{next(iter(lengths))}" in group else [place]:
            component.attrs["unitSI"] = np.float64(1.0 if factor is None else factor)
    _one_patch(group.create_group("particlePatches"), number, lengths, scales.factor_si(LENGTH))


def _constant(component: h5py.Group, value: float, number: int, factor: float | None) -> None:
    component.attrs["value"] = np.float64(value)
    component.attrs["shape"] = np.array([number], np.uint64)
    component.attrs["unitSI"] = np.float64(1.0 if factor is None else factor)


def _one_patch(patches: h5py.Group, number: int, lengths: Mapping[str, float], factor: float | None) -> None:
    unit = np.float64(1.0 if factor is None else factor)
    for name, count in (("numParticles", number), ("numParticlesOffset", 0)):
        patches.create_dataset(name, data=np.array([count], np.uint64)).attrs["unitSI"] = np.float64(1.0)
    for axis, length in lengths.items():
        for name, value in (("offset", -0.5 * length), ("extent", length)):
            patches.create_dataset(f"{name}/{axis}", data=np.array([value])).attrs["unitSI"] = unit
    for name in ("offset", "extent"):
        patches[name].attrs["unitDimension"] = np.array([1.0, 0, 0, 0, 0, 0, 0])
