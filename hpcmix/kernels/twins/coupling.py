"""Numpy twins of the compiled drift of coherently coupled components, by the eigenvectors of the matrices.

Arguments are taken as checked and brought to three dimensions by `hpcmix.kernels.coupled_transforms`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins.fourier.library import library


def multiply_lines_by_matrix(fields: Sequence[NDArray], factors: Sequence[NDArray], matrix: NDArray) -> None:
    """Along the first axis of three: forward, one matrix over the fields and one factor for each axis, inverse."""
    if fields[0].size == 0:
        return
    spectra = [library().c2c(field, (0,)) for field in fields]
    for field, row in zip(fields, matrix, strict=True):
        mixed = np.ascontiguousarray(sum(entry * spectrum for entry, spectrum in zip(row, spectra, strict=True)))
        reference.multiply_separable(mixed, factors)
        field[...] = library().c2c(mixed, (0,), forward=False)


def turn_coupled_lines(
    fields: Sequence[NDArray],
    terms: Sequence[Sequence[NDArray]],
    tables: Sequence[NDArray | None],
    constant: NDArray,
    slope: NDArray,
    angle: float,
    scale: float,
    radius: float,
    coefficients: NDArray,
) -> None:
    """Along the first axis of three: forward, exp(-1j * angle * H) at every wave vector, inverse.

    radius, coefficients  of the compiled kernels' series; not used.
    """
    if fields[0].size == 0:
        return
    spectra = [library().c2c(field, (0,)).astype(np.complex128) for field in fields]
    for plane in range(fields[0].shape[0]):
        energies = [
            axes[0][plane] + axes[1][:, np.newaxis] + axes[2] if table is None else table[plane].astype(np.float64)
            for axes, table in zip(terms, tables, strict=True)
        ]
        energy = np.stack(energies, axis=-1)
        matrices = constant + (energy[..., :, np.newaxis] - energy[..., np.newaxis, :]) * slope
        matrices += energy[..., np.newaxis] * np.eye(len(fields))
        values, vectors = np.linalg.eigh(matrices)
        here = np.stack([spectrum[plane] for spectrum in spectra], axis=-1)
        levels = np.einsum("...an,...a->...n", vectors.conj(), here) * (scale * np.exp(-1j * angle * values))
        turned = np.einsum("...an,...n->...a", vectors, levels)
        for a, spectrum in enumerate(spectra):
            spectrum[plane] = turned[..., a]
    for field, spectrum in zip(fields, spectra, strict=True):
        field[...] = library().c2c(spectrum, (0,), forward=False)
