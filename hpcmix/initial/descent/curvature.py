"""The lowest curvature of the energy at a stationary state: is it a minimum, or a saddle?

Along a tangent vector d of the manifold of states (spheres, or Stiefel manifolds for sets of orbitals)

    E = E_0 + t^2 <d, A d> + ...,        <d, d'> = sum_a nu_a Re <d_a|d'_a>

with A the second variation as the landscape applies it. The lowest eigenvalue of A is looked for by the locally optimal
conjugate gradients of Knyazev (SIAM J. Sci. Comput. 23 (2001) 517) with a single vector: the lowest Ritz value in the
span of the vector, its preconditioned residual and the last direction. A is linear over the real numbers only, because
densities change by real parts; the coefficients are real. Rotations of phases and of orbitals among themselves, along
which nothing changes, are projected out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Vector = list[np.ndarray]
"""One array per species."""

MOST_STEPS = 80
"""Steps after which the search for the lowest curvature ends, sure or not."""
SHARPNESS = 0.1
"""Residual of the eigenvector, relative to its eigenvalue, at which the eigenvalue's sign is known: some eigenvalue
lies that close to it, and from a random vector it is the lowest."""
FLAT = 1e-6
"""Curvature relative to the energies per particle below which a direction counts as flat: displacements of a cloud that
nothing holds and rotations of a lattice of vortices have no curvature but what the grid gives them."""
RESIDUALS = 10.0
"""A state of some residual has curvatures that are wrong by about as much; so many times it is flat."""


class Stationary(Protocol):
    """A stationary state and the manifold around it; what Landscape and OrbitalLandscape offer. All methods are
    collective."""

    @property
    def energy(self) -> float: ...
    @property
    def residual(self) -> float: ...
    @property
    def energy_scale(self) -> float: ...

    def linearised(self) -> None: ...
    def noise(self) -> Vector: ...
    def project(self, vectors: Vector) -> None: ...
    def precondition(self, vectors: Vector) -> None: ...
    def apply_second_variation(self, vectors: Vector, result: Vector) -> None: ...
    def metric(self, left: Vector, right: Vector) -> float: ...
    def move_to(self, start: Vector, vectors: Vector, step: float) -> None: ...
    def differentiate(self) -> None: ...


@dataclass(frozen=True)
class Curvature:
    """What was found.

    value      the lowest curvature that was met, energy per particle moved: an upper bound of the lowest there is.
    sure       whether its sign is that of the lowest one.
    negative   whether the energy falls along it, beyond rounding and flatness.
    direction  of unit length in the metric; a view of the work space.
    """

    value: float
    sure: bool
    negative: bool
    direction: Vector


def lowest_curvature(
    state: Stationary,
    workspace: Sequence[Vector],
    alive: Callable[[], None] = lambda: None,
    most_steps: int = MOST_STEPS,
) -> Curvature | None:
    """The lowest eigenvalue of the second variation, well enough to know its sign; None where rounding leaves nothing
    of a direction to move in. Collective.

    workspace  six vectors, overwritten.
    alive      called before every step.
    """
    x, applied_x, w, applied_w, p, applied_p = workspace
    state.linearised()
    flat = max(FLAT, RESIDUALS * state.residual) * state.energy_scale
    for target, numbers in zip(x, state.noise(), strict=True):
        target[...] = numbers
    state.project(x)
    # smooth noise within the cloud: what the preconditioner makes of white noise
    state.precondition(x)
    state.precondition(x)
    state.project(x)
    length = state.metric(x, x) ** 0.5
    if not length > 0.0:
        return None
    _scale(x, 1.0 / length)
    state.apply_second_variation(x, applied_x)
    value, sure, moving = state.metric(x, applied_x), False, False
    for _ in range(most_steps):
        alive()
        for residual, applied, part in zip(w, applied_x, x, strict=True):
            np.multiply(part, -part.real.dtype.type(value), out=residual)
            residual += applied
        distance = state.metric(w, w) ** 0.5
        sure = distance <= max(SHARPNESS * abs(value), flat) or (value < -flat and distance <= 0.5 * abs(value))
        if sure:
            break
        state.precondition(w)
        state.project(w)
        _add(w, -state.metric(x, w), x)
        length = state.metric(w, w) ** 0.5
        if not length > 0.0:
            break
        _scale(w, 1.0 / length)
        state.apply_second_variation(w, applied_w)
        basis = [x, w, p] if moving else [x, w]
        images = [applied_x, applied_w, applied_p] if moving else [applied_x, applied_w]
        value, (keep, along, before) = _lowest_ritz(state, basis, images)
        for direction, addition, vector in ((p, w, x), (applied_p, applied_w, applied_x)):
            if moving:
                _scale(direction, before)
            else:  # whatever is in the work space
                _clear(direction)
            _add(direction, along, addition)
            _scale(vector, keep)
            _add(vector, 1.0, direction)
        size, length = state.metric(x, x) ** 0.5, state.metric(p, p) ** 0.5
        moving = length > 0.0
        for vector, norm in ((x, size), (applied_x, size), (p, length or 1.0), (applied_p, length or 1.0)):
            _scale(vector, 1.0 / norm)
    return Curvature(value, sure, value < -flat, x)


def _lowest_ritz(state: Stationary, basis: Sequence[Vector], images: Sequence[Vector]) -> tuple[float, np.ndarray]:
    """The lowest Ritz value in the span of two or three vectors of unit length, and its three coefficients."""
    from scipy.linalg import eigh

    count = len(basis)
    gram, energy = np.eye(count), np.zeros((count, count))
    for i in range(count):
        energy[i, i] = state.metric(basis[i], images[i])
        for j in range(i):
            gram[i, j] = gram[j, i] = state.metric(basis[i], basis[j])
            energy[i, j] = energy[j, i] = state.metric(basis[i], images[j])
    sizes, turns = np.linalg.eigh(gram)
    kept = sizes > 1e-12 * sizes[-1]  # directions that depend on each other carry nothing but rounding
    turns = turns[:, kept] / np.sqrt(sizes[kept])
    values, vectors = eigh(turns.T @ energy @ turns)
    coefficients = np.zeros(3)
    coefficients[:count] = turns @ vectors[:, 0]
    return float(values[0]), coefficients


def _scale(vector: Vector, factor: float) -> None:
    for part in vector:
        part *= part.real.dtype.type(factor)


def _clear(vector: Vector) -> None:
    for part in vector:
        part.fill(0.0)


def _add(target: Vector, factor: float, addition: Vector) -> None:
    for part, added in zip(target, addition, strict=True):
        part += part.real.dtype.type(factor) * added
