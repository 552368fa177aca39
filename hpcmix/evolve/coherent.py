"""The flow of coherently coupled components: kinetic energies and the coupling between them, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.kinetic import KineticEnergy


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
    if all(one is kinetic[0] for one in kinetic):
        turn = _of_one_kinetic_energy
    else:
        turn = _two_components if len(spectra) == 2 else _any_components
    for parts in zip(*(one.planes(grid) for one in kinetic), strict=True):
        place, energies = parts[0][0], [symbol for _, symbol in parts]
        planes = [spectrum[place] for spectrum in spectra]
        for spectrum, values in zip(spectra, turn(planes, energies, constant, slope, angle, scale), strict=True):
            spectrum[place] = values


def _of_one_kinetic_energy(planes, energies, constant, slope, angle, scale) -> list[np.ndarray]:
    """The same T for all commutes with the coupling: exp(-i angle T) times a matrix that is the same everywhere."""
    values, vectors = np.linalg.eigh(constant)
    matrix = (vectors * (scale * np.exp(-1j * angle * values))) @ vectors.conj().T
    phase = _complex(np.cos(angle * energies[0]), -np.sin(angle * energies[0]))
    return [
        _times(phase, sum(_times(factor, plane) for factor, plane in zip(row, planes, strict=True))) for row in matrix
    ]


def _two_components(planes, energies, constant, slope, angle, scale) -> list[np.ndarray]:
    """In closed form: exp(-i t (m + d sigma_z + w)) = exp(-i t m) [cos(t s) - i (d sigma_z + w) sin(t s) / s],
    s^2 = d^2 + |w|^2."""
    first, second = (energy + constant[a, a].real for a, energy in enumerate(energies))
    mean, half = 0.5 * (first + second), 0.5 * (first - second)
    difference = energies[0] - energies[1]
    across = _complex(
        constant[0, 1].real + difference * slope[0, 1].real, constant[0, 1].imag + difference * slope[0, 1].imag
    )
    size = np.sqrt(half**2 + across.real**2 + across.imag**2)
    cosine = np.cos(angle * size)
    sine = np.where(size > 0.0, np.sin(angle * size) / np.where(size > 0.0, size, 1.0), angle)
    phase = _complex(scale * np.cos(angle * mean), -scale * np.sin(angle * mean))
    own = _times(phase, _complex(cosine, -sine * half))
    own_back = _times(phase, _complex(cosine, sine * half))
    other = _times(phase, _complex(sine * across.imag, -sine * across.real))  # -i sine w
    other_back = _times(phase, _complex(-sine * across.imag, -sine * across.real))  # -i sine conj(w)
    return [
        _times(own, planes[0]) + _times(other, planes[1]),
        _times(other_back, planes[0]) + _times(own_back, planes[1]),
    ]


def _any_components(planes, energies, constant, slope, angle, scale) -> list[np.ndarray]:
    """By the eigenvectors of H at every wave vector."""
    count = len(planes)
    matrices = np.empty((*np.shape(energies[0]), count, count), np.complex128)
    for a in range(count):
        for b in range(count):
            difference = energies[a] - energies[b]
            matrices[..., a, b].real = constant[a, b].real + difference * slope[a, b].real
            matrices[..., a, b].imag = constant[a, b].imag + difference * slope[a, b].imag
        matrices[..., a, a] += energies[a]
    values, vectors = np.linalg.eigh(matrices)
    levels = []
    for n in range(count):
        level = sum(_times(np.conj(vectors[..., a, n]), planes[a]) for a in range(count))
        phase = _complex(scale * np.cos(angle * values[..., n]), -scale * np.sin(angle * values[..., n]))
        levels.append(_times(phase, level))
    return [sum(_times(vectors[..., a, n], levels[n]) for n in range(count)) for a in range(count)]


def _complex(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    result = np.empty(np.broadcast_shapes(np.shape(real), np.shape(imaginary)), np.complex128)
    result.real, result.imag = real, imaginary
    return result


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The complex product, by real ones: numpy's own is rounded differently at the end of an array than within it
    (fused multiplications), and fields have the same bits however they are divided."""
    return _complex(left.real * right.real - left.imag * right.imag, left.real * right.imag + left.imag * right.real)
