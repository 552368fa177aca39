"""What a camera sees of a snapshot. Needs no MPI."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import h5py
import numpy as np

from hpcmix.camera.columns import Stored
from hpcmix.camera.field_of_view import TooManyPixels, View, pixels_of, widths_of_flight
from hpcmix.camera.flight import FarField, Flight, FreeFlight
from hpcmix.camera.picture import Photographed, Picture, photograph
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.reader import StoredFile
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.images import ImagesOptions


@dataclass(frozen=True)
class OrbitalOf:
    """One wave function of a set in a dataset that has their number as its first axis, read by slices."""

    dataset: Stored
    number: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid."""
        return self.dataset.shape[1:]

    def __getitem__(self, key: tuple[int | slice, ...], /) -> np.ndarray:
        values: np.ndarray = self.dataset[(self.number, *key)]
        return values


def expose(problem: Problem, stored: StoredFile, options: ImagesOptions, flown: bool = False) -> list[Picture]:
    """The pictures along every line of sight of the options of what a run has stored.

    flown  whether the snapshot is that of the end of the flight: nothing flies any more.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError` where the snapshot lacks what has to fly, is one of the time
    infinity, or a picture is too large.
    """
    if math.isinf(stored.time):
        raise OutputError(f"{stored.path} is of the time infinity, when there is no place for a camera any more")
    try:
        with h5py.File(stored.path, "r") as file:
            species = _photographed(problem, file, options, flown or options.time_of_flight == 0.0)
            return [_along(problem, file, species, options, sight, stored.index) for sight in options.axes]
    except TooManyPixels as error:
        raise OutputError(f"{stored.path}: {error}") from error
    except KeyError as error:
        raise OutputError(f"{stored.path} is damaged: {error}") from error


def _photographed(problem: Problem, file: h5py.File, options: ImagesOptions, still: bool) -> list[Photographed]:
    """All species as the file has them."""
    shifts = {displacement.species: displacement.shift for displacement in options.stern_gerlach}
    found = []
    for species in problem.species:
        shift = shifts.get(species.name, (0.0,) * problem.grid.dimensions)
        density, waves = (file.get(f"{species.name}/{field}") for field in ("density", "wave_function"))
        if waves is not None and "weight" not in waves.attrs:
            waves = None
        if waves is None and (density is None or not still):
            wanted = "density" if still else "wave_function"
            raise OutputError(
                f'{file.filename} lacks the {wanted.replace("_", " ")} of "{species.name}", which a camera '
                f'{"looks at" if still else "sees after a flight"}: run with output.snapshots.fields = ["{wanted}"]'
            )
        orbitals: list[Stored] = []
        weight, phase = 1.0, 0.0
        if waves is not None:
            weight, phase = float(waves.attrs["weight"]), float(waves.attrs.get("quadratic_phase", 0.0))
            single = waves.ndim == problem.grid.dimensions
            orbitals = [waves] if single else [OrbitalOf(waves, number) for number in range(waves.shape[0])]
        flight = None if still else _flight(options, species.mass, problem.hbar, phase)
        found.append(Photographed(species.name, weight, orbitals, density if still else None, flight, shift))
    return found


def _flight(options: ImagesOptions, mass: float, hbar: float, quadratic_phase: float) -> Flight:
    kind = FarField if options.expansion == "far-field" else FreeFlight
    return kind(options.time_of_flight, mass, hbar, quadratic_phase)


def _along(
    problem: Problem,
    file: h5py.File,
    species: list[Photographed],
    options: ImagesOptions,
    sight: str,
    index: int,
) -> Picture:
    """The picture along one line of sight."""
    names = "xyz"[: problem.grid.dimensions]
    kept = tuple(axis for axis, name in enumerate(names) if name != sight)
    gone = names.index(sight) if sight in names else None
    points = tuple(file[names[axis]][:] for axis in kept)
    depth = 1.0 if gone is None else float(file[sight][1] - file[sight][0])
    view = View(sight, kept, tuple(names[axis] for axis in kept), gone, depth, points, ())
    return photograph(species, replace(view, pixels=_pixels(problem, species, options, view)), options, index)


def _pixels(
    problem: Problem, species: list[Photographed], options: ImagesOptions, view: View
) -> tuple[np.ndarray, ...]:
    """Along each axis of the picture: the points of the grid where nothing moves and nothing else is asked for."""
    given = options.field_of_view
    moved = [[2.0 * abs(cloud.shift[axis]) for axis in view.kept] for cloud in species]
    flying = any(cloud.flight is not None for cloud in species)
    if given is None and options.pixel is None and not flying and not np.any(moved):
        return view.points
    if given is not None:
        return pixels_of([given] * len(view.points), options.pixel, view)
    widths = [0.0] * len(view.points)
    for cloud, shifts in zip(species, moved, strict=True):
        clear = [points.size * float(points[1] - points[0]) for points in view.points]
        if cloud.flight is not None:
            velocity = problem.hbar / problem.species_named(cloud.name).mass
            clear = widths_of_flight(cloud.flight, cloud.orbitals, view, velocity)
        widths = [max(old, width + shift) for old, width, shift in zip(widths, clear, shifts, strict=True)]
    return pixels_of(widths, options.pixel, view)
