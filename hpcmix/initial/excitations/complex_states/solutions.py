"""From solutions of hbar omega Sigma x = H x to the modes that are shown."""

from __future__ import annotations

import numpy as np

from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm, partners, signed
from hpcmix.initial.excitations.spectrum import Spectrum

GROWS = 1e-7
"""Imaginary part of a frequency, relative to the frequency or to the state's energies over hbar where those are larger,
from which on a mode grows: two modes of one frequency are torn apart by rounding into the complex plane by its root."""


def grows_of(frequencies: np.ndarray, scale: float) -> np.ndarray:
    """Which of the frequencies have an imaginary part beyond rounding; `scale` of energies over hbar."""
    return np.abs(frequencies.imag) > GROWS * np.maximum(np.abs(frequencies), scale)


def spectrum_of_solutions(
    form: QuadraticForm,
    frequencies: np.ndarray,
    vectors: np.ndarray,
    method: str,
    iterations: int,
    residuals: np.ndarray | None = None,
    curvature: float | None = None,
    negative_directions: int | None = None,
) -> Spectrum:
    """The modes that solutions stand for, in their order. Collective.

    frequencies, vectors
               omega and complete x = (u, v); growing where the imaginary part is positive, steady where it is zero.
    residuals  |L x - omega x| / |omega x|, L = Sigma H / hbar; computed unless they are given.

    With x and omega also (conj v, conj u) and -conj(omega) are a solution. A steady mode is the one of the two with
    the positive norm sum_a integral |u_a|^2 - |v_a|^2, which becomes one: its frequency is negative where its
    excitation lowers the energy. A growing one, whose norm is zero, is that with a real part that is not negative; of
    it sum_a integral |u_a|^2 + |v_a|^2 becomes one.
    """
    algebra = form.algebra
    frequencies, vectors = np.array(frequencies, complex), np.array(vectors)
    lengths = algebra.lengths(vectors) ** 2
    norms = algebra.products(vectors, signed(vectors)).real
    grows = frequencies.imag > 0.0
    turned = np.where(grows, frequencies.real < 0.0, norms < 0.0)
    vectors[turned] = partners(vectors[turned])
    frequencies[turned] = -frequencies[turned].conj()
    sizes = np.where(grows, lengths, np.abs(norms))
    vectors /= np.sqrt(sizes).reshape(-1, *[1] * (vectors.ndim - 1))
    outside = vectors.copy()
    form.project(outside)
    shares = np.sum(np.abs(outside[:, 1]) ** 2, axis=tuple(range(2, outside.ndim - 1)))
    return Spectrum(
        frequencies=frequencies,
        u=np.ascontiguousarray(vectors[:, 0]),
        v=np.ascontiguousarray(vectors[:, 1]),
        residuals=form.residuals(frequencies, vectors) if residuals is None else residuals,
        excitations=form.mixture.communicators.sum(shares) * form.mixture.grid.cell_volume,
        method=method,
        iterations=iterations,
        transforms=form.operator.transforms,
        symmetries=tuple(form.symmetries),
        curvature=curvature,
        negative_directions=negative_directions,
    )


def vectors_of(spectrum: Spectrum) -> np.ndarray:
    """The modes as a block of amplitudes (modes, 2, species, *grid)."""
    return np.stack([spectrum.u, spectrum.v], axis=1)
