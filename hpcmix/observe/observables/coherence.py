"""First-order coherence along each axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import particle_spectrum
from hpcmix.observe.measures.spectrum import axis_sums
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH

NOTHING = 1e-12
"""Overlap of a cloud with itself shifted, relative to the unshifted one, below which a quotient is rounding."""


def correlations(mixture: Mixture, modes: list[np.ndarray]) -> list[np.ndarray]:
    """Per axis integral f*(x) f(x + s e) dx at the distances s = j h, j = 0 .. n//2, from how much of |f|^2 is in
    each of this rank's modes along the axis: sum_m n_m exp(i k_m s). Collective over the group."""
    grid, lines = mixture.grid, []
    for axis, own in enumerate(modes):
        line = np.zeros(grid.points[axis])
        line[grid.wave_block.slices[axis]] = own
        points = grid.points[axis]
        lines.append(np.fft.ifft(mixture.communicators.sum(line))[: points // 2 + 1] * points)
    return lines


class _Coherence(Observable):
    """The overlap with the cloud shifted by s, beside what it is without the phase: g1 is of the size one where the
    phase is the same at both ends, whatever the shape of the cloud."""

    labels = tuple(
        label
        for axis in "xyz"
        for label in (
            Label(f"distances_{axis}", f"distance along {axis}", LENGTH, f"distances_{axis}"),
            *(
                Label(
                    f"coherence_{axis}_{part}",
                    f"{words} part of the first-order coherence g1 along {axis}",
                    None,
                    f"distances_{axis}",
                    f"integral nu sum_j phi_j*(x) phi_j(x + s) dx / integral sqrt(rho(x) rho(x + s)) dx, s along "
                    f"{axis}; one at s = 0, and NaN where the cloud and itself shifted by s do not overlap",
                )
                for part, words in (("re", "real"), ("im", "imaginary"))
            ),
            Label(
                f"coherence_{axis}_overlap",
                f"overlap of the cloud and itself shifted along {axis}",
                None,
                f"distances_{axis}",
                "integral sqrt(rho(x) rho(x + s)) dx / N",
            ),
        )
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_whole(self, look: Look) -> dict[str, Any]:
        grid = look.mixture.grid
        distances = zip("xyz", grid.points, grid.spacings, strict=False)
        return {f"distances_{axis}": (h * np.arange(points // 2 + 1)).tolist() for axis, points, h in distances}

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        mixture = look.mixture
        waves = axis_sums(particle_spectrum(look, species))
        found = {}
        for axis, first, second in zip(
            "xyz", correlations(mixture, waves), correlations(mixture, _root_modes(look, species)), strict=False
        ):
            overlap = second.real
            some = np.abs(overlap) > NOTHING * abs(overlap[0])
            g1 = np.divide(first, overlap, out=np.full(first.shape, np.nan + 0j), where=some)
            share = overlap / overlap[0] if overlap[0] > 0.0 else np.full(overlap.shape, np.nan)
            found[axis] = {"re": _numbers(g1.real), "im": _numbers(g1.imag), "overlap": _numbers(share)}
        return {"coherence": found}


def _root_modes(look: Look, species: int) -> list[np.ndarray]:
    """Per axis how much of rho is in this rank's modes of sqrt(rho) along it. Collective over the group."""
    mixture, transform = look.mixture, look.mixture.transform
    root = np.sqrt(np.maximum(look.densities[species], 0.0)).astype(transform.wave_dtype)
    spectrum = transform.forward(root, transform.work)
    squares = spectrum.real.astype(np.float64) ** 2 + spectrum.imag.astype(np.float64) ** 2
    return axis_sums(squares * (mixture.grid.cell_volume * transform.inverse_points))


def _numbers(row: np.ndarray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in row]


OBSERVABLE = _Coherence()
