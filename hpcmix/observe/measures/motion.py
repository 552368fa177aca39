"""Momenta and kinetic energy in the laboratory of wave functions that are given in a frame that grows.

With phi(x) = b^(-d/2) exp(i m b' x^2 / (2 hbar b)) chi(y), x = b y (docs/methods/expanding-frame.md),

    -i hbar grad_x phi   is the frame's   D chi,     D = -(i hbar / b) grad_y + m b' y

The kinetic energy is taken as the norm of D chi, field by field. Its parts - motion in the frame, the frame's own, and
their product - may cancel each other, and the phase of phi is beyond every grid when b is large; the norm minds
neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.measures.spectrum import tail_of_spectrum


@dataclass
class Motion:
    """Sums over the orbitals of a species, of this rank's part of the grid, weights included.

    kinetic   nu sum <phi|T|phi>.
    momentum  nu sum <phi|-i hbar grad|phi> per axis.
    products  nu sum Re <-i hbar d_i phi|-i hbar d_j phi> for all pairs of axes.
    tails     nu sum of the norms beyond two thirds of the grid's largest wave number per axis, in the frame
              (observe/measures/spectrum.py).
    """

    kinetic: float
    momentum: np.ndarray
    products: np.ndarray
    tails: np.ndarray


@dataclass(frozen=True)
class SetMotion:
    """Of a set of orbitals over all ranks: sums of :class:`Motion`, and the root mean square widths of the momenta
    along the principal axes of their distribution, ascending."""

    kinetic: float
    momentum: np.ndarray
    tails: np.ndarray
    widths: list[float]


def motion(mixture: Mixture, orbitals: Iterable[np.ndarray], species: int, clock: float) -> Motion:
    """Of the given orbitals chi of a species at a time on the clock. Collective over the group; needs room for d + 2
    fields.

    The Nyquist mode of an even axis counts with its square in the kinetic energy, and as zero where a direction is
    asked for (CONVENTIONS.md, Fourier transform).
    """
    model, grid = mixture.species[species], mixture.grid
    factor = model.weight * grid.cell_volume
    zeros = np.zeros(grid.dimensions)
    total = Motion(0.0, zeros.copy(), np.zeros((grid.dimensions,) * 2), zeros.copy())
    for orbital in orbitals:
        spectrum = mixture.transform.forward(orbital, mixture.transform.empty_wave())
        total.tails += model.weight * tail_of_spectrum(mixture, spectrum)
        fields = momentum_fields(mixture, orbital, model.mass, clock)
        for i, field in enumerate(fields):
            total.momentum[i] += factor * _overlap(orbital, field)
            for j in range(i + 1):
                total.products[i, j] += factor * _overlap(fields[j], field)
                total.products[j, i] = total.products[i, j]
        beyond = (grid.frame.contraction(clock) * mixture.hbar) ** 2 * _nyquist(mixture, spectrum)
        total.kinetic += factor * mixture.transform.inverse_points * beyond / (2.0 * model.mass)
    total.kinetic += float(np.trace(total.products)) / (2.0 * model.mass)
    return total


def set_motion(mixture: Mixture, orbitals: Iterable[np.ndarray], species: int, clock: float) -> SetMotion:
    """Of a set of orbitals, those of this rank's group given. Collective over the world."""
    own, particles = motion(mixture, orbitals, species, clock), mixture.species[species].particles
    dimensions = mixture.grid.dimensions
    local = [own.kinetic, *own.momentum, *own.tails, *own.products.ravel()]
    sums = mixture.communicators.sum_all(np.array(local))
    momentum, tails = sums[1 : 1 + dimensions], sums[1 + dimensions : 1 + 2 * dimensions]
    means = momentum / particles
    covariance = sums[1 + 2 * dimensions :].reshape(own.products.shape) / particles - np.outer(means, means)
    widths = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0))
    return SetMotion(float(sums[0]), momentum, tails, widths.tolist())


def momentum_field(mixture: Mixture, orbital: np.ndarray, mass: float, clock: float, axis: int) -> np.ndarray:
    """D chi along one axis. Collective over the group."""
    grid = mixture.grid
    frame = grid.frame
    field = orbital.copy()
    mixture.apply_momentum(field, axis)
    field *= frame.contraction(clock)
    field += ((mass * frame.speed(clock)) * grid.coordinates[axis] * orbital).astype(orbital.dtype, copy=False)
    return field


def momentum_fields(mixture: Mixture, orbital: np.ndarray, mass: float, clock: float) -> list[np.ndarray]:
    """D chi along every axis. Collective over the group."""
    return [momentum_field(mixture, orbital, mass, clock, axis) for axis in range(mixture.grid.dimensions)]


def _overlap(left: np.ndarray, right: np.ndarray) -> float:
    """Re sum conj(left) right, accumulated in double precision."""
    return float(np.sum(left.real * right.real + left.imag * right.imag, dtype=np.float64))


def _nyquist(mixture: Mixture, spectrum: np.ndarray) -> float:
    """sum over axes and modes of k^2 |f^(k)|^2 of the modes that have no direction along the axis."""
    grid, total = mixture.grid, 0.0
    squares = spectrum.real**2 + spectrum.imag**2
    for axis in range(grid.dimensions):
        excess = grid.local_wave_numbers(axis) ** 2 - grid.local_wave_numbers(axis, odd=True) ** 2
        others = tuple(other for other in range(grid.dimensions) if other != axis)
        total += float(np.dot(excess, np.sum(squares, axis=others, dtype=np.float64)))
    return total
