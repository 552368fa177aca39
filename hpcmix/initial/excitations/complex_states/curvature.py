"""The lowest curvatures of the energy around a state with any phase: negative ones, along which the state is no
minimum, and flat ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.descent.curvature import FLAT, RESIDUALS
from hpcmix.initial.excitations.complex_states.pencil import Pencil, Ritz, largest_of_pencil
from hpcmix.initial.excitations.complex_states.preconditioner import AmplitudePreconditioner
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.spectrum import ModesNotFound
from hpcmix.initial.noise.perturbations import complex_noise

VECTORS = 6
"""Directions looked at together: those of a multiplet, and some more."""
SHARPNESS = 0.1
"""Residual, relative to the eigenvalue, at which the sign of a positive curvature is known."""
VALUE_KNOWN = 1e-3
"""The same of a negative one, which is told to people: its error is of the order of the square."""


@dataclass(frozen=True)
class Curvatures:
    """The lowest eigenvalues of H among the amplitudes that are not excluded, ascending, with their vectors."""

    values: np.ndarray
    vectors: np.ndarray


def lowest_curvatures(
    form: QuadraticForm,
    seed: int = 0,
    max_iterations: int = 400,
    alive: Callable[[], None] = lambda: None,
) -> Curvatures:
    """The lowest eigenvalues of H by block conjugate gradients, well enough to know the sign of the lowest; a negative
    one to six digits. Flat directions are excluded from the form as they are met (:meth:`QuadraticForm.exclude`).

    Raises :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound` where the sign stays unknown. Collective.
    """
    flat = flatness(form)
    start = noise(form, VECTORS, seed)
    preconditioner = AmplitudePreconditioner(form)
    pencil = Pencil(form.algebra, lambda x: -form.apply(x), np.array, preconditioner.apply, form.project)

    def known(ritz: Ritz) -> bool:
        alive()
        value, distance = -ritz.values[0], ritz.residuals[0] * abs(ritz.values[0])
        if value < -flat:
            return bool(distance <= VALUE_KNOWN * abs(value))
        return bool(distance <= max(SHARPNESS * abs(value), flat))

    for _ in range(form.psi[0].ndim * VECTORS):  # shifts and rotations are not more
        preconditioner.apply(start)
        ritz = largest_of_pencil(pencil, start, known, max_iterations)
        if not known(ritz):
            raise ModesNotFound(
                f"excitations: the lowest curvature of the energy, {-ritz.values[0]:.3g} in code units, is not known "
                f"well enough after {max_iterations} iterations to say whether the state is a minimum; "
                'excitations.method = "dense" or "tangent-map" does not ask'
            )
        if abs(ritz.values[0]) > flat:
            return Curvatures(-ritz.values, ritz.vectors)
        form.exclude(ritz.vectors[:1])
        start = ritz.vectors
    raise ModesNotFound("excitations: the energy is flat along more directions than a state has shifts and rotations")


def flatness(form: QuadraticForm) -> float:
    """Curvature below which a direction counts as flat."""
    return max(FLAT, RESIDUALS * form.operator.residual) * form.energy_scale


def noise(form: QuadraticForm, count: int, seed: int) -> np.ndarray:
    """Random amplitudes, which have a part of every mode; independent of how the grid is divided. Local."""
    grid = form.mixture.grid
    vectors = np.empty((count, *form.shape), np.complex128)
    species = vectors.shape[2]
    for number, vector in enumerate(vectors):
        for half in range(2):
            for a in range(species):
                stream = (1 << 60) + ((number * 2 + half) << 32) + a
                vector[half, a] = complex_noise(grid, seed, stream)
    return vectors
