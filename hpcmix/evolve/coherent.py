"""The flow of coherently coupled components: kinetic energies and the coupling between them, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.kinetic import KineticEnergy


def unitary(matrix: np.ndarray, angle: float) -> np.ndarray:
    """exp(-i angle matrix) of a Hermitian matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.exp(-1j * angle * values)) @ vectors.conj().T


def mix_points(fields: Sequence[np.ndarray], matrix: np.ndarray) -> None:
    """field_a <- sum_b matrix[a, b] field_b at every point, in place, plane by plane. Local."""
    for place in range(len(fields[0])):
        mixed = _combined([field[place : place + 1] for field in fields], matrix)
        for field, values in zip(fields, mixed, strict=True):
            field[place : place + 1] = values


def mix_spectra(
    spectra: Sequence[np.ndarray],
    kinetic: Sequence[KineticEnergy],
    grid: Grid,
    constant: np.ndarray,
    slope: np.ndarray,
    angle: float,
    scale: float,
) -> None:
    """spectrum_a <- scale sum_b exp(-i angle H(k))_ab spectrum_b in place, with the p x p matrix at every wave vector

        H_ab(k) = T_a(k) delta_ab + constant_ab + (T_a(k) - T_b(k)) slope_ab,

    Hermitian: `constant` is, `slope` anti-Hermitian. Local.
    """
    for parts in zip(*(one.planes(grid) for one in kinetic), strict=True):
        place, energies = parts[0][0], [symbol for _, symbol in parts]
        planes = [spectrum[place] for spectrum in spectra]
        turn = _two_components if len(spectra) == 2 else _any_components
        for spectrum, values in zip(spectra, turn(planes, energies, constant, slope, angle, scale), strict=True):
            spectrum[place] = values


def _two_components(planes, energies, constant, slope, angle, scale) -> list[np.ndarray]:
    """In closed form: exp(-i t (m + d sigma_z + w)) = exp(-i t m) [cos(t s) - i (d sigma_z + w) sin(t s) / s],
    s^2 = d^2 + |w|^2."""
    first, second = (energy + constant[a, a].real for a, energy in enumerate(energies))
    mean, half = 0.5 * (first + second), 0.5 * (first - second)
    across = constant[0, 1] + (energies[0] - energies[1]) * slope[0, 1]
    size = np.sqrt(half**2 + across.real**2 + across.imag**2)
    phase = scale * np.exp(-1j * angle * mean)
    cosine, sine = np.cos(angle * size), angle * np.sinc(angle * size / np.pi)
    own, other = phase * (cosine - 1j * (sine * half)), phase * (-1j * (sine * across))
    own_back, other_back = phase * (cosine + 1j * (sine * half)), phase * (-1j * (sine * np.conj(across)))
    return [own * planes[0] + other * planes[1], other_back * planes[0] + own_back * planes[1]]


def _any_components(planes, energies, constant, slope, angle, scale) -> list[np.ndarray]:
    """By the eigenvectors of H at every wave vector."""
    count = len(planes)
    shape = np.shape(energies[0])
    matrices = np.empty((*shape, count, count), np.complex128)
    for a in range(count):
        for b in range(count):
            matrices[..., a, b] = constant[a, b] + (energies[a] - energies[b]) * slope[a, b]
        matrices[..., a, a] += energies[a]
    values, vectors = np.linalg.eigh(matrices)
    phases = scale * np.exp(-1j * angle * values)
    levels = [sum(np.conj(vectors[..., a, n]) * planes[a] for a in range(count)) for n in range(count)]
    return [sum(vectors[..., a, n] * (phases[..., n] * levels[n]) for n in range(count)) for a in range(count)]


def _combined(fields: Sequence[np.ndarray], matrix: np.ndarray) -> list[np.ndarray]:
    return [sum(complex(factor) * field for factor, field in zip(row, fields, strict=True)) for row in matrix]
