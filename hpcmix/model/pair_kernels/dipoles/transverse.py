"""The interaction of dipoles along a direction e where a tight trap freezes one or two axes.

The kernel is that of three dimensions (in_space.py),

    strength (1 - 3 cos^2 theta)/r^3 = -strength [(e.grad)^2 1/r + (4 pi/3) delta]

averaged over the distances across the grid, which are distributed like exp(-s^2/(2 w^2))/(sqrt(2 pi) w) along every
frozen axis. With U the average of 1/r, and A = (sqrt(2 pi) w)^(-axes) that of delta: with one frozen axis (k in the
plane, e_z across; Fischer, Phys. Rev. A 73 (2006) 031602, for e_z = 1)

    U^(k) = 2 pi erfcx(k w / sqrt 2) / k,        U(r) = exp(q) K_0(q) / (sqrt(2 pi) w),  q = r^2/(4 w^2)
    G^(k) = strength [((e.k)^2 - e_z^2 k^2) U^(k) + 4 pi A (e_z^2 - 1/3)]

and with two of them, where the average over the angle around the line leaves (3 e_x^2 - 1)/2 of the interaction of
dipoles along it (Sinha and Santos, Phys. Rev. Lett. 99 (2007) 140406),

    U^(k) = exp(s) E_1(s),  s = k^2 w^2 / 2,        U(x) = sqrt(pi/2) erfcx(|x| / (sqrt 2 w)) / w
    G^(k) = strength (3 e_x^2 - 1)/2 [k^2 U^(k) - (4 pi/3) A]

At k = 0 both are the coupling of a contact interaction, unlike in three dimensions. In free space U is cut at a radius
R, and its transform made by quadrature: what the derivatives add at R itself nobody in the box notices.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, modulus
from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.transform import RadialTransform

FINEST = 2.0**-40
"""In units of w: where the panels of the quadrature begin that halve towards the logarithm of K_0 at r = 0; what lies
below has 1e-22 of the integral."""

LARGE = 50.0
"""Of s, from which on exp(s) E_1(s) is taken from its asymptotic series: both are right to rounding there."""


def scaled_exponential_integral(s: np.ndarray) -> np.ndarray:
    """exp(s) E_1(s) for s > 0; beyond LARGE the series sum_n (-1)^n n!/s^(n+1)."""
    from scipy.special import exp1

    small = np.minimum(s, LARGE)
    inverse, term, series = 1.0 / np.maximum(s, LARGE), np.ones_like(s), np.zeros_like(s)
    for order in range(1, 21):
        series += term
        term = term * (-order * inverse)
    return np.where(s > LARGE, series * inverse, np.exp(small) * exp1(small))


@dataclass(frozen=True)
class TransverseDipolarKernel(Kernel):
    """The kernel in one or two dimensions.

    strength   of the kernel in three dimensions, an energy times length^3.
    direction  e, a unit vector: first its components along the axes of the grid, then those across.
    width      w.
    axes       how many are frozen, 1 or 2.
    """

    strength: float
    direction: tuple[float, float, float]
    width: float
    axes: int

    @property
    def dimensions(self) -> int:
        """Of the grid."""
        return 3 - self.axes

    @property
    def in_plane(self) -> tuple[float, ...]:
        """The components of e along the grid's axes."""
        return self.direction[: self.dimensions]

    @property
    def _contact(self) -> float:
        """4 pi A strength (|e across the grid|^2/axes - 1/3): the coupling at k = 0."""
        density = (math.sqrt(2.0 * math.pi) * self.width) ** -self.axes
        across = sum(component**2 for component in self.direction[self.dimensions :])
        return 4.0 * math.pi * self.strength * density * (across / self.axes - 1.0 / 3.0)

    def _squares(self) -> list[float]:
        """What every k_i^2 is multiplied by beside U^."""
        if self.axes == 2:
            return [0.5 * (3.0 * self.direction[0] ** 2 - 1.0)]
        return [component**2 - self.direction[2] ** 2 for component in self.in_plane]

    def _potential(self, k: np.ndarray) -> np.ndarray:
        """U^ at |k| > 0."""
        from scipy.special import erfcx

        if self.axes == 2:
            return np.asarray(scaled_exponential_integral(0.5 * (k * self.width) ** 2))
        return np.asarray(2.0 * np.pi * erfcx(k * self.width / math.sqrt(2.0)) / k)

    def _potential_at(self, r: np.ndarray) -> np.ndarray:
        """U at distances r > 0."""
        from scipy.special import erfcx, k0e

        if self.axes == 2:
            return np.asarray(math.sqrt(0.5 * np.pi) * erfcx(r / (math.sqrt(2.0) * self.width)) / self.width)
        return np.asarray(k0e((0.5 * r / self.width) ** 2) / (math.sqrt(2.0 * np.pi) * self.width))

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        values = self._even(self._safe_potential, wave_numbers)
        if self._tilted:
            first, second = directed
            x, y = self.in_plane
            values = values + 2.0 * self.strength * x * y * first * second * self._safe_potential(modulus(wave_numbers))
        return np.asarray(values)

    @property
    def _tilted(self) -> bool:
        """Whether e has components along two axes of the grid."""
        return self.axes == 1 and self.direction[0] != 0.0 and self.direction[1] != 0.0

    def _safe_potential(self, k: np.ndarray) -> np.ndarray:
        """U^, and zero at k = 0, where it is multiplied by k^2."""
        return np.where(k > 0.0, self._potential(np.where(k > 0.0, k, 1.0)), 0.0)

    def _even(self, potential: Callable[[np.ndarray], np.ndarray], wave_numbers: WaveNumbers) -> np.ndarray:
        """The part that is even along every axis, from U^ or that of a cut U."""
        squares = sum(factor * k**2 for factor, k in zip(self._squares(), wave_numbers, strict=True))
        return np.asarray(self._contact + self.strength * squares * potential(modulus(wave_numbers)))

    @property
    def radial(self) -> bool:
        return self.axes == 2 or not any(self.in_plane)

    def profile(self, largest: float) -> Profile:
        """See :meth:`Kernel.profile`: of dipoles on a line, or across the plane."""
        if not self.radial:
            raise TypeError("dipoles that are tilted into the plane have a kernel that is no function of |k|")
        factor = self.strength * self._squares()[0]
        return lambda k: self._contact + factor * k**2 * self._safe_potential(np.asarray(k))

    def at_scale(self, contraction: float) -> Kernel:
        """See :meth:`Kernel.at_scale`: b^2 G(b y), G being strength/w^3 times a function of x/w."""
        return replace(self, strength=self.strength * contraction, width=self.width * contraction)

    def reach(self, diagonal: float) -> float:
        return diagonal

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        edges = [0.0, *(self.width * size for size in _doubling(FINEST if self.axes == 1 else 1.0))]
        function = RadialFunction((*edges, math.inf), self._potential_at).cut(radius)
        potential = RadialTransform.of(function, self.dimensions, largest)
        parts = [CutPart((False,) * self.dimensions, partial(self._even, potential))]
        if self._tilted:
            parts.append(CutPart((True, True), partial(self._odd, potential)))
        return parts

    def _odd(self, potential: Callable[[np.ndarray], np.ndarray], wave_numbers: WaveNumbers) -> np.ndarray:
        """The part that is odd along both axes of a plane."""
        (x, y), (first, second) = self.in_plane, wave_numbers
        return np.asarray(2.0 * self.strength * x * y * first * second * potential(modulus(wave_numbers)))


def _doubling(first: float) -> list[float]:
    """first, 2 first, 4 first, ... up to one, and on to 2^40: edges of panels on which U is smooth."""
    return [first * 2.0**power for power in range(round(-math.log2(first)) + 41)]
