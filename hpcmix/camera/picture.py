"""Pictures of the species of a mixture along one line of sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hpcmix.camera.columns import Stored, column_density, planes
from hpcmix.camera.field_of_view import View
from hpcmix.camera.flight import Flight, kernel
from hpcmix.camera.optics import blurred, counted, optical_density
from hpcmix.problem.sections.calculation.images import ImagesOptions

SAME = 1e-9
"""Of a spacing: pixels that lie so close to the points of the grid have their values."""


@dataclass(frozen=True)
class Photographed:
    """A species before the camera.

    name      of the species.
    weight    particles of an orbital of norm one.
    orbitals  its wave functions on the grid, where they are known.
    density   on the grid, None where wave functions fly or it is not known.
    flight    theirs, None where nothing flies.
    shift     how far it is moved beside, per axis of the grid.
    """

    name: str
    weight: float = 1.0
    orbitals: Sequence[Stored] = ()
    density: Stored | None = None
    flight: Flight | None = None
    shift: tuple[float, ...] = (0.0, 0.0, 0.0)

    def column(self, view: View) -> np.ndarray:
        """Particles per area, or per length where one axis is left, at the centres of the pixels: what is stored where
        these are the points of the grid and nothing flies, otherwise band-limited interpolants of the wave functions,
        or of the density where these are not known."""
        places = [pixels - self.shift[axis] for axis, pixels in zip(view.kept, view.pixels, strict=True)]
        on_grid = all(_same(place, points) for place, points in zip(places, view.points, strict=True))
        if self.density is not None and (on_grid or not self.orbitals):
            parts = (np.sum(part, axis=0, dtype=float) for part in planes(self.density, view.gone))
            column = view.depth * np.sum(list(parts), axis=0)
            return column if on_grid else _interpolated(column, places, view.points)
        matrices = [
            kernel(place, points, 0.0) if self.flight is None else self.flight.matrix(place, points)
            for place, points in zip(places, view.points, strict=True)
        ]
        columns = (column_density(orbital, matrices, view.gone, view.depth) for orbital in self.orbitals)
        return self.weight * np.sum(list(columns), axis=0)


def _same(places: np.ndarray, points: np.ndarray) -> bool:
    """Whether places are the points of the grid, but for rounding."""
    return places.size == points.size and bool(np.max(np.abs(places - points)) <= SAME * (points[1] - points[0]))


def _interpolated(column: np.ndarray, places: Sequence[np.ndarray], points: Sequence[np.ndarray]) -> np.ndarray:
    """A density at other places than the points of its grid, nowhere negative."""
    for axis, (wanted, known) in enumerate(zip(places, points, strict=True)):
        column = np.moveaxis(np.moveaxis(column, axis, -1) @ kernel(wanted, known, 0.0).real.T, -1, axis)
    return np.maximum(column, 0.0)


@dataclass(frozen=True)
class Picture:
    """What is seen along a line of sight.

    sight    the name of its axis.
    axes     positions of the pixels' centres along each axis that is left, by its name.
    columns  particles per area, or per length where one axis is left, by species, blurred.
    optical  optical densities by species, as they are or as counted photons tell them; empty without a cross-section.
    whole    the optical density of all species on one chip; None without a cross-section.
    """

    sight: str
    axes: dict[str, np.ndarray]
    columns: dict[str, np.ndarray]
    optical: dict[str, np.ndarray] = field(default_factory=dict)
    whole: np.ndarray | None = None


def photograph(species: Sequence[Photographed], view: View, options: ImagesOptions, index: int) -> Picture:
    """The picture of the species on a view. `index`: of the snapshot, so that the photons of no two pictures are the
    same random numbers."""
    columns = {cloud.name: blurred(cloud.column(view), view.widths, options.resolution) for cloud in species}
    axes = dict(zip(view.names, view.pixels, strict=True))
    if options.cross_section is None:
        return Picture(view.sight, axes, columns)
    optical = {name: optical_density(column, options.cross_section) for name, column in columns.items()}
    whole = np.sum(list(optical.values()), axis=0)
    if options.shot_noise is not None:
        noise, first = options.shot_noise, (3 * index + "xyz".index(view.sight)) << 16
        whole = counted(whole, noise.photons, noise.seed, first)
        optical = {
            name: counted(density, noise.photons, noise.seed, first + 1 + number)
            for number, (name, density) in enumerate(optical.items())
        }
    return Picture(view.sight, axes, columns, optical, whole)
