"""Vortices and vortex rings as factors of wave functions, on the periodic box and in free space.

A vortex at the origin of a plane (u, v) is a complex function w with a simple zero there, w = u + i v near it. The
factor that imprints `charge` quanta of circulation is

    (w / sqrt(|w|^2 + core^2))^|charge|,        with conj(w) for a negative charge:

its density is one half at the distance `core`, and it is smooth wherever w is.

On the periodic box A x B, A <= B, w is made of Jacobi's theta function (E. T. Whittaker and G. N. Watson, A Course of
Modern Analysis, chapter 21),

    w = (A/pi) theta_1(zeta) / theta_1'(0) exp(-(Im zeta)^2 / (pi B/A)),    zeta = pi (a + i b) / A,  nome exp(-pi B/A),

which the Gaussian gives a periodic modulus. Its phase gains pi from a to a + A, and pi - 2 Re zeta from b to b + B. In
the product over vortices of charges q_j at (a_j, b_j) with sum_j q_j = 0 what is left is 2 pi sum_j q_j a_j / A, which
the plane wave exp(-2 pi i b sum_j q_j a_j / (A B)) takes away. Whole waves of the box may be added; the mean wave
vector, 2 pi / (A B) times (sum_j q_j b_j, -sum_j q_j a_j) without them, is made as small as they can.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FACTORS = 9
"""Of the product for theta_1; each is exp(-2 pi) of the one before or less, and the first left out is rounding."""
TERMS = 12
"""Of the series for the square of a distance on a ring."""


@dataclass(frozen=True)
class PointVortex:
    """A vortex in a plane: its place, charge and core."""

    place: tuple[float, float]
    charge: int
    core: float


def periodic_factor(
    u: np.ndarray, v: np.ndarray, lengths: tuple[float, float], vortices: Sequence[PointVortex]
) -> np.ndarray:
    """The factor of vortices in the plane (u, v) of a box of these lengths, periodic where their charges add up to
    zero; u and v broadcast to the result."""
    swapped = lengths[1] < lengths[0]
    short, long = sorted(lengths)
    # (a, b) is the plane turned by a right angle where its first axis is the longer one
    a, b = (v, -u) if swapped else (u, v)
    factor = np.ones(np.broadcast_shapes(u.shape, v.shape), np.complex128)
    first = second = 0.0
    for vortex in vortices:
        place = (vortex.place[1], -vortex.place[0]) if swapped else vortex.place
        factor *= _with_core(_theta(a - place[0] + 1j * (b - place[1]), short, long), vortex.charge, vortex.core)
        first += vortex.charge * place[0]
        second += vortex.charge * place[1]
    along = -_whole_waves(second / long) / short
    across = -first / (short * long) + _whole_waves(first / short) / long
    return factor * np.exp(2j * np.pi * (along * a + across * b))


def free_factor(u: np.ndarray, v: np.ndarray, vortices: Sequence[PointVortex]) -> np.ndarray:
    """The factor of vortices in an infinite plane."""
    factor = np.ones(np.broadcast_shapes(u.shape, v.shape), np.complex128)
    for vortex in vortices:
        factor *= _with_core(u - vortex.place[0] + 1j * (v - vortex.place[1]), vortex.charge, vortex.core)
    return factor


def ring_factor(
    across: Sequence[np.ndarray],
    lengths: Sequence[float],
    along: np.ndarray,
    length: float,
    radius: float,
    charge: int,
    core: float,
) -> np.ndarray:
    """The factor of a ring of that radius, seen from its centre, with the axis `along`; periodic in the box.

    In a half-plane (r, s) through the axis it is that of a row of vortices with the box's period at r = R and of its
    mirror image at r = -R,

        w = (L/pi) sinh(pi (R - r + i s) / L) times (L/pi) sinh(pi (R + r + i s) / L),

    each with its core. The phase gains 2 pi along the axis through the ring and nothing far outside it. For r^2 stands
    the sum over both axes of a function with the periods of the box (:func:`_periodic_square`).
    """
    r = np.sqrt(sum(_periodic_square(d, period) for d, period in zip(across, lengths, strict=True)))
    factor: np.ndarray = np.ones((), np.complex128)
    for side in (-1.0, 1.0):
        w = (length / np.pi) * np.sinh((np.pi / length) * (radius + side * r + 1j * along))
        factor = factor * _with_core(w, charge, core)
    return factor


def phase_step(x: np.ndarray, length: float, position: float, width: float) -> np.ndarray:
    """A step from zero to one at the position, (1 + tanh((x - position) / width)) / 2, and one more for every length:
    sharp without a width."""
    if width == 0.0:
        return np.where(x >= position, 1.0, 0.0)
    shape = np.zeros_like(x)
    for image in range(-3, 4):
        step = 0.5 * (1.0 + np.tanh((x - position - image * length) / width))
        shape += step - (1.0 if image < 0 else 0.0)
    return shape


def _theta(z: np.ndarray, short: float, long: float) -> np.ndarray:
    """w of this module's head: z near zero, its modulus periodic. For |Im z| <= B."""
    upper = np.where(z.imag < 0.0, -1.0, 1.0)
    zeta = (np.pi / short) * upper * z  # the function is odd, and its factors are small in the upper half-plane
    decay, ratio = 2j * zeta, np.pi * long / short
    value = 0.5j * np.exp(-1j * zeta - zeta.imag**2 / ratio) * (1.0 - np.exp(decay))
    for n in range(1, FACTORS):
        nome = math.exp(-2.0 * n * ratio)
        value *= (1.0 - nome * np.exp(decay)) * (1.0 - np.exp(-2.0 * n * ratio - decay)) / (1.0 - nome) ** 2
    return (short / np.pi) * upper * value


def _with_core(w: np.ndarray, charge: int, core: float) -> np.ndarray:
    shape = w / np.sqrt(w.real**2 + w.imag**2 + core**2)
    return (shape if charge > 0 else shape.conj()) ** abs(charge)


def _whole_waves(displacement: float) -> float:
    """The whole number closest to a displacement in units of the box; of one half the smaller."""
    return math.copysign(math.ceil(abs(displacement) - 0.5 - 1e-9), displacement)


def _periodic_square(d: np.ndarray, length: float) -> np.ndarray:
    """d^2 as a smooth function on a circle of that length: the first terms of

    (pi d / L)^2 = arcsin(S)^2 = 1/2 sum_n (2 S)^(2n) / (n^2 binomial(2n, n)),        S = sin(pi d / L).
    """
    square = 4.0 * np.sin((np.pi / length) * d) ** 2
    total, power = np.zeros_like(square), np.ones_like(square)
    for n in range(1, TERMS + 1):
        power = power * square
        total += power / (n * n * math.comb(2 * n, n))
    return 0.5 * (length / np.pi) ** 2 * total
