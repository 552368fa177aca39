"""Gradients of wave functions and Sobolev norms, in the laboratory whatever the frame of the grid.

In the frame x = b y (EQUATIONS section 4) phi = b^(-d/2) exp(i m (b'/b) x^2 / (2 hbar)) chi(y), and

    -i hbar grad_x phi = b^(-d/2) exp(...) P chi,      P = -i hbar grad_y / b + m b' y

so that integrals of |phi|^2 and |grad phi|^2 over x are those of |chi|^2 and |P chi / hbar|^2 over y, and the largest
values b^(-d/2) times those of y. With b = 1, b' = 0 the two are the same. At t = infinity P is m b' y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.state import State


@dataclass(frozen=True)
class Place:
    """Where the grid stands in the laboratory.

    time         t, possibly infinite.
    contraction  1/b.
    speed        b'.
    ratio        t/b, finite at t = infinity too.
    """

    time: float
    contraction: float = 1.0
    speed: float = 0.0
    ratio: float = 0.0


def place_of(mixture: Mixture, state: State) -> Place:
    """Where the grid stands at the time of a state."""
    clock = state.step * state.step_size
    return Place(clock, ratio=clock)


def gradient(mixture: Mixture, field: np.ndarray) -> list[np.ndarray]:
    """The derivatives of a complex field along the axes of the grid; the Nyquist mode of an even axis counts as zero.
    Collective over the group."""
    grid, transform = mixture.grid, mixture.transform
    spectrum = transform.forward(field, transform.empty_wave())
    product, results = transform.empty_wave(), []
    for axis in range(grid.dimensions):
        factors = [np.ones(n, np.complex128) for n in grid.wave_block.shape]
        factors[axis] = 1j * transform.inverse_points * grid.local_wave_numbers(axis, odd=True)
        np.copyto(product, spectrum)
        kernels.multiply_separable(product, factors)
        results.append(transform.backward(product, np.empty_like(field), normalise=False))
    return results


def momentum_fields(mixture: Mixture, field: np.ndarray, species: int, place: Place) -> list[np.ndarray]:
    """P chi along every axis of a field of one species. Collective over the group."""
    push = mixture.species[species].mass * place.speed
    results = []
    for derivative, y in zip(gradient(mixture, field), mixture.grid.coordinates, strict=True):
        derivative *= -1j * mixture.hbar * place.contraction
        if push:
            derivative += (push * y) * field
        results.append(derivative)
    return results


def sobolev_square(mixture: Mixture, field: np.ndarray, species: int, place: Place) -> float:
    """The integral of |f|^2 + |grad f|^2 over the laboratory, of a field of one species. Collective over the group."""
    local = kernels.squared_norm(field)
    for component in momentum_fields(mixture, field, species, place):
        local += kernels.squared_norm(component) / mixture.hbar**2
    return float(mixture.communicators.sum([local])[0]) * mixture.grid.cell_volume


def largest_modulus(mixture: Mixture, *components: np.ndarray) -> float:
    """The largest length of the vector that the components form at a point. Collective over the group."""
    squares = sum(component.real**2 + component.imag**2 for component in components)
    return float(np.sqrt(mixture.communicators.maximum([float(np.max(squares))])[0]))
