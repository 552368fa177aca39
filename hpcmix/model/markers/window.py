"""The window S by which markers of a classical species meet the grid: what a marker puts into the cells around it, and
how it feels a field of the grid.

S(x) is a product over the axes of phi(x_a / h_a), with phi the exponential of a semicircle (Barnett, Magland and af
Klinteberg, SIAM J. Sci. Comput. 41, C479 (2019)) of even width w, in units of the spacing h,

    phi(u) = c exp(beta (sqrt(1 - (2 u / w)^2) - 1)),  |u| < w/2,    beta = 0.976 pi w (1 - 1 / (2 sigma)), sigma = 2,

with integral 1, given as one polynomial for each of its w cells: those polynomials *are* the window, their derivative
is the window's derivative, their transform its transform. The density of markers on the grid is
rho^S(x_g) = sum_i w_i S(x_g - x_i), a field W acts on a marker by sum_g S(x_i - x_g) W(x_g); the transform S^(k) is
divided out of a pair's multiplier for every classical member. What is left is aliasing: a wave of the grid is seen as

    sum_g phi(u - g) exp(i theta g) = phi^(theta) exp(i theta u) (1 + e(u)),     |e(u)| <= err_w(theta), theta = k h.

err_w is zero at theta = 0, 10^(-w) at small theta and stays within a hundred times that up to half the Nyquist wave
number; it is 1 at the Nyquist wave number pi, where a marker cannot tell cosine from sine.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.polynomial import chebyshev, legendre, polynomial
from numpy.typing import ArrayLike, NDArray

SMALLEST_WIDTH, LARGEST_WIDTH = 4, 14
OVERSAMPLING = 2.0
"""sigma: the window is made for wave numbers up to 1/sigma of the Nyquist wave number."""
LARGEST_MODE_ERROR = 1e-2
"""Modes of which err_w is larger are taken out of a pair's multiplier: 1 / S^ would amplify their aliases."""
NODES_IN_A_CELL = 32
"""Of Gauss and Legendre: polynomials of degree 17 times cos(theta u) to rounding for |theta| < 20."""
FRACTIONS = 65
"""Places in a cell, ends included, at which the supremum err_w is looked for: e(u) has wave numbers of 2 pi and 4 pi a
cell, the larger ones are smaller than the accuracy that is asked of it."""


@dataclass(frozen=True)
class Window:
    """phi of one width.

    width  w, in cells: even, 4 to 14.
    """

    width: int

    def __post_init__(self) -> None:
        if self.width % 2 or not SMALLEST_WIDTH <= self.width <= LARGEST_WIDTH:
            raise ValueError(f"a window has an even width from {SMALLEST_WIDTH} to {LARGEST_WIDTH}, not {self.width}")

    @classmethod
    def of_tolerance(cls, tolerance: float) -> Self:
        """The narrowest window with 10^(-w) <= tolerance, which is the size of phi at its edge, exp(-beta), to 5 %:
        the energy of coupled markers and condensates is conserved to it, and forces are right to it times the error of
        their pair. The widest one where none is as good."""
        # 1e-8 must be w = 8 however its logarithm is rounded
        digits = math.ceil(-math.log10(tolerance) - 1e-9)
        return cls(min(max(digits + digits % 2, SMALLEST_WIDTH), LARGEST_WIDTH))

    @property
    def table(self) -> NDArray[np.float64]:
        """Coefficients, shape (w, degree + 1): on its cell j, u = f + w/2 - 1 - j for the fraction f in [0, 1),
        phi(u) = sum_m table[j, m] t^m with t = 2 f - 1. Row j belongs to the grid point j - w/2 + 1 cells above the
        marker's cell. Read only."""
        return _table(self.width)

    def __call__(self, place: ArrayLike) -> NDArray[np.float64]:
        """phi(u) at any places, in cells; zero outside of (-w/2, w/2)."""
        return self._piecewise(place, self.table)

    def derivative(self, place: ArrayLike) -> NDArray[np.float64]:
        """d phi / du at any places, in cells."""
        degrees = np.arange(1, self.table.shape[1])
        return self._piecewise(place, 2.0 * self.table[:, 1:] * degrees)

    def transform(self, theta: ArrayLike) -> NDArray[np.float64]:
        """phi^(theta) = integral phi(u) exp(-i theta u) du = integral phi(u) cos(theta u) du; real, 1 at theta = 0."""
        places, weights = _quadrature(self.width)
        angles = np.asarray(theta, np.float64)
        # row by row: a product of matrices would round a wave number's value by those beside it, and so by the ranks
        return np.sum(np.cos(np.multiply.outer(angles, places)) * weights, axis=-1)

    def error(self, theta: ArrayLike) -> NDArray[np.float64]:
        """err_w(theta), the largest |sum_g phi(u - g) exp(i theta (g - u)) / phi^(theta) - 1| over places u; for
        |theta| up to pi."""
        angles = np.asarray(theta, np.float64)
        fractions = np.linspace(0.0, 1.0, FRACTIONS)
        cells = self.width / 2 - 1 - np.arange(self.width)
        values = polynomial.polyval(2.0 * fractions - 1.0, self.table.T)
        sums = np.zeros((angles.size, FRACTIONS), np.complex128)
        for cell, value in zip(cells, values, strict=True):
            sums += value * np.exp(-1j * np.multiply.outer(angles.ravel(), fractions + cell))
        relative = sums / self.transform(angles).reshape(-1, 1) - 1.0
        return np.max(np.abs(relative), axis=1).reshape(angles.shape)

    def transform_of_modes(self, wave_numbers: Sequence[NDArray], spacings: Sequence[float]) -> NDArray[np.float64]:
        """S^(k) = product over the axes of phi^(k_a h_a).

        Args:
            wave_numbers: k_a along each axis, shaped to broadcast against each other.
            spacings: h_a.
        """
        factors = [self.transform(k * h) for k, h in zip(wave_numbers, spacings, strict=True)]
        return functools.reduce(np.multiply, factors)

    def error_of_modes(self, wave_numbers: Sequence[NDArray], spacings: Sequence[float]) -> NDArray[np.float64]:
        """err_w(k) = product over the axes of (1 + err_w(k_a h_a)) - 1, a bound of the product's error."""
        factors = [1.0 + self.error(k * h) for k, h in zip(wave_numbers, spacings, strict=True)]
        return functools.reduce(np.multiply, factors) - 1.0

    def resolved_modes(self, wave_numbers: Sequence[NDArray], spacings: Sequence[float]) -> NDArray[np.bool_]:
        """Which modes stay in a pair's multiplier: err_w(k) <= 1e-2."""
        return self.error_of_modes(wave_numbers, spacings) <= LARGEST_MODE_ERROR

    def _piecewise(self, place: ArrayLike, table: NDArray[np.float64]) -> NDArray[np.float64]:
        places = np.asarray(place, np.float64)
        below = np.floor(places)
        cells = self.width // 2 - 1 - below.astype(np.int64)
        inside = (cells >= 0) & (cells < self.width)
        chosen = np.moveaxis(table[np.where(inside, cells, 0)], -1, 0)
        return np.where(inside, polynomial.polyval(2.0 * (places - below) - 1.0, chosen, tensor=False), 0.0)


@dataclass(frozen=True)
class PairError:
    """How well markers feel a pair's kernel; sums over modes, so that those of several ranks can be added.

    force    sum_k |k G^(k)|, the size of the pair's force.
    missed   sum_k |k G^(k)| err_w(k), where a mode that is taken out counts as missed altogether.
    dropped  sum of |k G^(k)| over the modes that are taken out.
    """

    force: float
    missed: float
    dropped: float

    def __add__(self, other: PairError) -> PairError:
        return PairError(self.force + other.force, self.missed + other.missed, self.dropped + other.dropped)

    @property
    def relative(self) -> float:
        """The error of the pair, sum_k |k G^(k)| err_w(k) / sum_k |k G^(k)|; 0 of a kernel without force."""
        return self.missed / self.force if self.force > 0.0 else 0.0

    @property
    def share_dropped(self) -> float:
        """Which part of the force has wave numbers that markers cannot feel on this grid."""
        return self.dropped / self.force if self.force > 0.0 else 0.0


def pair_error(
    window: Window,
    multiplier: NDArray,
    wave_numbers: Sequence[NDArray],
    spacings: Sequence[float],
    counts: NDArray | float = 1.0,
) -> PairError:
    """The error of a pair with one or two classical members.

    Args:
        window: of the member; of the narrower one of two.
        multiplier: G^(k), any block of modes.
        wave_numbers: k_a along each axis, shaped to broadcast against each other.
        spacings: h_a.
        counts: how many modes of the whole grid each of these stands for: 2 where a half of conjugate ones is kept.
    """
    modulus = np.sqrt(functools.reduce(np.add, (k**2 for k in wave_numbers)))
    force = np.abs(modulus * multiplier) * counts
    error = window.error_of_modes(wave_numbers, spacings)
    resolved = error <= LARGEST_MODE_ERROR
    return PairError(
        float(np.sum(force)),
        float(np.sum(force * np.where(resolved, error, 1.0))),
        float(np.sum(np.where(resolved, 0.0, force))),
    )


@functools.cache
def _table(width: int) -> NDArray[np.float64]:
    """Chebyshev's interpolation of degree w + 3 in every cell, made even and normalised: sum_g phi(u - g) = 1 to
    rounding at every u, so that the density on the grid has the integral of the markers' weights and a constant field
    exerts no force. What it takes for that is err_w(0) / w, the size of phi at its edge."""
    beta = 0.976 * math.pi * width * (1.0 - 1.0 / (2.0 * OVERSAMPLING))
    degree = width + 3

    def semicircle(u: NDArray) -> NDArray:
        return np.exp(beta * (np.sqrt(np.maximum(1.0 - (2.0 * u / width) ** 2, 0.0)) - 1.0))

    nodes = chebyshev.chebpts1(degree + 1)
    cells = width / 2 - 1 - np.arange(width)[:, np.newaxis]
    values = semicircle(0.5 * (nodes + 1.0) + cells)
    # by orthogonality at these nodes: T_0 has the square sum degree + 1, the others half of it
    series = 2.0 * np.mean(values[:, :, np.newaxis] * chebyshev.chebvander(nodes, degree), axis=1)
    series[:, 0] *= 0.5
    table = np.array([chebyshev.cheb2poly(row) for row in series])
    mirrored = table[::-1] * (-1.0) ** np.arange(degree + 1)
    table = 0.5 * (table + mirrored)
    even = np.arange(0, degree + 1, 2)
    table /= np.sum(table[:, even] / (even + 1.0))  # integral over f of t^m is 1 / (m + 1) for even m, else 0
    # the cells of a marker get all of it, whatever its place: a sum over cells of one for every polynomial in t
    excess = table.sum(axis=0)
    excess[0] -= 1.0
    table -= excess / width
    table.setflags(write=False)
    return table


@functools.cache
def _quadrature(width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places u and weights for integrals phi(u) g(u) du over all cells."""
    nodes, weights = legendre.leggauss(NODES_IN_A_CELL)
    values = polynomial.polyval(nodes, _table(width).T)
    places = 0.5 * (nodes + 1.0) + (width / 2 - 1 - np.arange(width))[:, np.newaxis]
    return places.ravel(), (0.5 * weights * values).ravel()
