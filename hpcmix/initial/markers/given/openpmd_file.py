"""Markers from a file in the form of openPMD, https://github.com/openPMD/openPMD-standard: hpcmix's own or that of
another particle code."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h5py
import numpy as np

from hpcmix.initial.markers.setting import Sample, Setting
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.units.dimensions import LENGTH, MOMENTUM
from hpcmix.problem.units.units import Units

AT_THE_FACES = 1e-12
"""Of the box's length by which positions may be beyond its faces: units are converted in floating point."""


class Unusable(ValueError):
    """What is wrong with a file, without its name."""


@dataclass(frozen=True)
class OpenPMDFile:
    """The markers of one species in the last iteration of a file.

    A value is what stands in the file times the unitSI of its component, in the code units of the problem; of a problem
    without [units] as it comes. Positions are position + positionOffset; a momentum that the file counts of all
    particles that a marker stands for (macroWeighted) is divided by their number to the weightingPower.
    """

    path: str
    setting: Setting
    units: Units

    def sample(self, species: str, index: np.ndarray) -> Sample:
        """The markers of a range of indices, which are the rows of the file; weights as the file has them. Raises
        :class:`ProblemError`. Local."""
        rows = slice(int(index[0]), int(index[-1]) + 1) if len(index) else slice(0, 0)
        try:
            with h5py.File(self.path, "r") as file:
                particles = _particles(file, species)
                self._require_number(particles)
                sample = self._read(particles, rows)
        except (Unusable, KeyError) as error:
            raise ProblemError.of(self.setting.where, f"{self.path} {error.args[0]}") from error
        except OSError as error:
            raise ProblemError.of(self.setting.where, f"{self.path} cannot be read as HDF5 ({error})") from error
        self._require_inside(sample)
        return sample

    def _read(self, particles: h5py.Group, rows: slice) -> Sample:
        count = rows.stop - rows.start
        axes = "xyz"[: self.setting.dimensions]
        position, momentum = np.empty((count, len(axes))), np.empty((count, len(axes)))
        length, momenta = self.units.factor_si(LENGTH), self.units.factor_si(MOMENTUM)
        weight = _values(particles["weighting"], rows, None)
        scale = _per_particle(particles["momentum"], weight)
        for place, axis in enumerate(axes):
            position[:, place] = _values(particles[f"position/{axis}"], rows, length)
            if f"positionOffset/{axis}" in particles:
                position[:, place] += _values(particles[f"positionOffset/{axis}"], rows, length)
            momentum[:, place] = scale * _values(particles[f"momentum/{axis}"], rows, momenta)
        return Sample(position, momentum, weight)

    def _require_number(self, particles: h5py.Group) -> None:
        """Raise where the file does not have what is needed, or another number of markers."""
        axes = "xyz"[: self.setting.dimensions]
        if "weighting" not in particles:
            raise Unusable(
                'has no record "weighting": how many particles a marker stands for must be known; write it, the same '
                "number everywhere if they are alike"
            )
        for record in ("position", "momentum"):
            if record not in particles:
                raise Unusable(f'has no record "{record}"')
            there = "".join(sorted(name for name in particles[record] if name in ("x", "y", "z")))
            if there != axes:
                raise Unusable(
                    f'has the components {", ".join(there) or "none"} of "{record}", and the grid has the axes '
                    f"{', '.join(axes)}"
                )
        number = _length(particles[f"position/{axes[0]}"])
        if number != self.setting.number:
            raise Unusable(f"has {number} markers, the species {self.setting.number}; write markers = {number}")

    def _require_inside(self, sample: Sample) -> None:
        """Raise for markers that are not in the box or not numbers, and for weights below zero."""
        where, path = self.setting.where, self.path
        for name, values in (("position", sample.position), ("momentum", sample.momentum), ("weight", sample.weight)):
            if not np.all(np.isfinite(values)):
                raise ProblemError.of(where, f"{path} has a marker whose {name} is not finite")
        if np.any(sample.weight < 0.0):
            raise ProblemError.of(where, f"{path} has a marker of negative weight")
        for axis, length in enumerate(self.setting.lengths):
            x = sample.position[:, axis]
            outside = np.abs(x) > 0.5 * length * (1.0 + AT_THE_FACES)
            if np.any(outside):
                name = "xyz"[axis]
                raise ProblemError.of(
                    where,
                    f"{path} has markers outside of the box, at {name} = {x[np.argmax(outside)]:.6g} for one, and axis "
                    f"{name} goes from {-0.5 * length:.6g} to {0.5 * length:.6g}",
                )


def _particles(file: h5py.File, species: str) -> h5py.Group:
    """The group of a species' particles: that of its name, or the only one there is."""
    base = _text(file.attrs.get("basePath", b"/data/%T/"))
    iterations = file.get(base.split("%T")[0])
    if "openPMD" not in file.attrs or not isinstance(iterations, h5py.Group):
        raise Unusable("is no file of openPMD: it has no attribute openPMD, or no iterations")
    numbers = [name for name in iterations if re.fullmatch(r"\d+", name)]
    if not numbers:
        raise Unusable("has no iterations")
    place = f"{max(numbers, key=int)}/{_text(file.attrs.get('particlesPath', b'particles/')).strip('/')}"
    groups = iterations.get(place)
    if not isinstance(groups, h5py.Group) or not len(groups):
        raise Unusable(f'has no particles in "{place}"')
    named = [name for name in groups if species in (name, _text(groups[name].attrs.get("species", b"")))]
    if not named and len(groups) > 1:
        raise Unusable(f'has no species "{species}"; there are {", ".join(groups)}')
    return groups[named[0] if named else next(iter(groups))]


def _length(component: h5py.Dataset | h5py.Group) -> int:
    """The number of values of a component, which may be constant."""
    if isinstance(component, h5py.Dataset):
        return len(component)
    return int(np.ravel(component.attrs["shape"])[0])


def _values(component: h5py.Dataset | h5py.Group, rows: slice, unit: float | None) -> np.ndarray:
    """Some values in code units, `unit` the SI value of one."""
    if isinstance(component, h5py.Dataset):
        if rows.stop > len(component):
            raise Unusable(f'has {len(component)} values in "{component.name}", fewer than markers')
        values = np.asarray(component[rows], np.float64)
    else:
        values = np.full(rows.stop - rows.start, float(component.attrs["value"]))
    factor = float(component.attrs.get("unitSI", 1.0)) / (1.0 if unit is None else unit)
    return values if factor == 1.0 else factor * values


def _per_particle(record: h5py.Group, weight: np.ndarray) -> np.ndarray | float:
    """What turns values of a record into those of one particle."""
    if not int(record.attrs.get("macroWeighted", 0)):
        return 1.0
    power = float(record.attrs.get("weightingPower", 1.0))
    return np.where(weight > 0.0, weight, 1.0) ** -power


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
