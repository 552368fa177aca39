"""The first Fourier modes of a density along each axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.laboratory import LaboratoryMarkers
from hpcmix.observe.measures.unwrapping import axis_lines
from hpcmix.observe.observable import Label, Observable
from hpcmix.parallel.process.exact_sums import exact_sums
from hpcmix.problem.units.dimensions import LENGTH

MODES = 8


def modes_of_density(mixture: Mixture, density: np.ndarray) -> np.ndarray:
    """integral rho exp(-2 pi i m x_a / L_a) dx for m = 1 .. MODES along every axis a, shape (axes, MODES), complex; NaN
    beyond what the grid carries: at and above its Nyquist mode. Collective over the group."""
    grid = mixture.grid
    modes = np.full((grid.dimensions, MODES), np.nan + 0j)
    for axis, line in enumerate(axis_lines(mixture, density)):
        number = np.arange(1, min(MODES, (grid.points[axis] - 1) // 2) + 1)
        # the first point lies at -L/2: exp(i pi m)
        modes[axis, : number.size] = np.fft.fft(line)[number] * (1 - 2 * (number % 2)) * grid.cell_volume
    return modes


def modes_of_markers(look: Look, species: int) -> np.ndarray:
    """The same of markers, sum_i w_i exp(-2 pi i m x_i / L): theirs, and not those of their density on the grid, from
    which the window takes something. Collective over the world."""
    markers, grid = LaboratoryMarkers(look, species), look.mixture.grid
    wave_numbers = 2.0 * np.pi / np.array(grid.lengths)[:, None]

    def columns(part: slice) -> np.ndarray:
        angles = wave_numbers * markers.position(part).T
        cosine, sine = np.cos(angles), -np.sin(angles)
        real, imaginary = np.empty((2, grid.dimensions, MODES, angles.shape[1]))
        real[:, 0], imaginary[:, 0] = markers.weight[part] * cosine, markers.weight[part] * sine
        # products cost a fraction of cosines and sines and round a little more; products of complex arrays would round
        # by a marker's place in the array
        for mode in range(1, MODES):
            real[:, mode] = real[:, mode - 1] * cosine - imaginary[:, mode - 1] * sine
            imaginary[:, mode] = real[:, mode - 1] * sine + imaginary[:, mode - 1] * cosine
        return np.concatenate([numbers.reshape(grid.dimensions * MODES, -1) for numbers in (real, imaginary)])

    real, imaginary = exact_sums(look.mixture.communicators.world, markers.number, columns).reshape(2, -1)
    return (real + 1j * imaginary).reshape(grid.dimensions, MODES)


class _DensityModes(Observable):
    """On a grid that grows the modes are those of its box, which grows with it."""

    labels = (
        *(
            Label(
                f"density_modes_{axis}_{part}",
                f"{words} part of the integral of rho exp(-2 pi i m x / L) along {axis}",
                list_of=f"density_wave_numbers_{axis}",
            )
            for axis in "xyz"
            for part, words in (("re", "real"), ("im", "imaginary"))
        ),
        *(
            Label(
                f"density_wave_numbers_{axis}",
                f"wave numbers 2 pi m / L along {axis}",
                LENGTH * -1,
                f"density_wave_numbers_{axis}",
                definition="in a frame that expands those of time zero: divided by b they are those of a time",
            )
            for axis in "xyz"
        ),
    )

    def of_whole(self, look: Look) -> dict[str, Any]:
        numbers = 2.0 * np.pi * np.arange(1, MODES + 1)
        return {
            f"density_wave_numbers_{axis}": (numbers / length).tolist()
            for axis, length in zip("xyz", look.mixture.grid.lengths, strict=False)
        }

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        if look.mixture.species[species].markers is not None:
            modes = modes_of_markers(look, species)
        else:
            modes = modes_of_density(look.mixture, look.densities[species])
        return {
            "density_modes": {
                axis: {"re": row.real.tolist(), "im": row.imag.tolist()}
                for axis, row in zip("xyz", modes, strict=False)
            }
        }


OBSERVABLE = _DensityModes()
