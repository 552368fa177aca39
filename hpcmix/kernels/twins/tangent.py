"""Numpy twins of the compiled kicks of pairs: the same functions, slower, and the yardstick of their tests.

Arguments are taken as checked and brought to three dimensions by `hpcmix.kernels.tangent`; fields of several pairs,
their sources and their half spectra stand in one row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels.twins import transforms


def kick_pairs(
    fields: Sequence[NDArray],
    orbitals: Sequence[NDArray],
    amplitudes: NDArray,
    factors: Sequence[NDArray],
    couplings: NDArray,
    responses: Sequence[NDArray | None],
    sources: Sequence[NDArray | None],
    spectra: Sequence[NDArray],
    weights: NDArray,
    angle: float,
    inverse_before: bool,
    forward_after: bool,
    columns_too: bool,
) -> None:
    """Inverse transform of planes (columns_too) or of their rows, kick of every pair, forward transform, in place."""
    p, channels = len(orbitals), weights.shape[1]
    psi = [amplitude * orbital for amplitude, orbital in zip(amplitudes, orbitals, strict=True)]
    for number, (u, w) in enumerate(_pairs(fields, p)):
        densities = _turned_densities(u, w, psi, factors, inverse_before, columns_too)
        seen = []
        for spectrum in spectra[2 * channels * number : 2 * channels * (number + 1)]:
            seen.append(np.empty(psi[0].shape))
            transforms.transform_real_inverse(spectrum, seen[-1], columns_too, 1.0)
        for a in range(p):
            response = sum(
                (couplings[a, b] * densities[b] for b in range(p)), start=np.zeros(psi[0].shape, np.complex128)
            )
            for b, local in enumerate(responses[p * a : p * (a + 1)]):
                if local is not None:
                    response += local * densities[b]
            source = sources[p * number + a] if sources else None
            if source is not None:
                response += source
            for c in range(channels):
                response += weights[a, c] * (seen[c] + 1j * seen[channels + c])
            u[a] -= 1j * angle * psi[a] * response
            w[a] -= 1j * angle * psi[a] * np.conj(response)
        if forward_after:
            for field in (*u, *w):
                _transform_planes(field, True, columns_too)


def pair_density_spectra(
    fields: Sequence[NDArray],
    orbitals: Sequence[NDArray],
    amplitudes: NDArray,
    factors: Sequence[NDArray],
    weights: NDArray,
    spectra: Sequence[NDArray],
    inverse_before: bool,
    columns_too: bool,
) -> None:
    """Inverse transform of planes (columns_too) or of their rows and products with the factors in place, then half
    spectra of weighted sums of every pair's density, real parts before imaginary parts."""
    channels = len(weights)
    psi = [amplitude * orbital for amplitude, orbital in zip(amplitudes, orbitals, strict=True)]
    for number, (u, w) in enumerate(_pairs(fields, len(orbitals))):
        densities = _turned_densities(u, w, psi, factors, inverse_before, columns_too)
        halves = spectra[2 * channels * number : 2 * channels * (number + 1)]
        for c, row in enumerate(weights):
            total = np.zeros(psi[0].shape, np.complex128)
            for weight, density in zip(row, densities, strict=True):
                total += weight * density
            for part, half in ((total.real, halves[c]), (total.imag, halves[channels + c])):
                transforms.transform_real(np.ascontiguousarray(part), half, columns_too, 1.0)


def pair_densities(
    fields: Sequence[NDArray],
    orbitals: Sequence[NDArray],
    amplitudes: NDArray,
    factors: Sequence[NDArray],
    densities: Sequence[NDArray],
    inverse_before: bool,
    columns_too: bool,
) -> None:
    """The same with the densities themselves."""
    p = len(orbitals)
    psi = [amplitude * orbital for amplitude, orbital in zip(amplitudes, orbitals, strict=True)]
    for number, (u, w) in enumerate(_pairs(fields, p)):
        made = _turned_densities(u, w, psi, factors, inverse_before, columns_too)
        for density, values in zip(densities[p * number : p * (number + 1)], made, strict=True):
            density[...] = values


def _pairs(fields: Sequence[NDArray], p: int) -> Iterator[tuple[Sequence[NDArray], Sequence[NDArray]]]:
    """u and w of every pair."""
    for first in range(0, len(fields), 2 * p):
        yield fields[first : first + p], fields[first + p : first + 2 * p]


def _turned_densities(
    u: Sequence[NDArray],
    w: Sequence[NDArray],
    psi: Sequence[NDArray],
    factors: Sequence[NDArray],
    inverse_before: bool,
    columns_too: bool,
) -> list[NDArray]:
    """d_a = conj(psi_a) u_a + psi_a conj(w_a), with u and w brought back and multiplied by their factors in place."""
    if inverse_before:
        for field in (*u, *w):
            _transform_planes(field, False, columns_too)
    for a, factor in enumerate(factors):
        u[a][...] *= factor
        w[a][...] *= factor
    return [psi_a.conj() * u_a + psi_a * w_a.conj() for psi_a, u_a, w_a in zip(psi, u, w, strict=True)]


def _transform_planes(field: NDArray, forward: bool, columns_too: bool) -> None:
    if columns_too:
        transforms.transform_planes(field, forward, 1.0)
    else:
        transforms.transform_lines(field.reshape(-1, field.shape[-1], 1), forward, 1.0)
