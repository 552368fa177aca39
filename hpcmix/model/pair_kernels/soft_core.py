"""The soft-core interaction G(r) = strength / (1 + (r/radius)^6) of atoms that are dressed with Rydberg states.

N. Henkel, R. Nath and T. Pohl, Phys. Rev. Lett. 104 (2010) 195302.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, modulus, radial_part
from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.transform import RadialTransform
from hpcmix.problem.sections.interactions.soft_core import SOFT_CORE_NEGLIGIBLE

ROOT = np.exp(1j * np.pi / 3.0)
"""1 + s^3 = (s + 1)(s + ROOT^2)(s + ROOT^-2), so that with s = r^2

    1/(1 + r^6) = sum_j c_j / (r^2 + root_j^2),   root = 1, ROOT, 1/ROOT,   c_j = root_j^-4 / 3.
"""

SERIES_TERMS = 22
"""Of the series at kR < 1: those left out are below 1/22! = 9e-22."""

EDGES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
"""In units of the radius: between them, and between doubled radii beyond, the function is smooth enough for the panels
of a quadrature; its poles lie half a radius from the axis."""


def _line(phase: np.ndarray) -> np.ndarray:
    """integral cos(k x)/(1 + x^6) dx = pi sum_j c_j exp(-root_j k)/root_j."""
    return np.pi / 3.0 * (np.exp(-phase) + 2.0 * (ROOT * np.exp(-ROOT * phase)).real)


def _plane(phase: np.ndarray) -> np.ndarray:
    """2 pi integral J_0(kr) r/(1 + r^6) dr = 2 pi sum_j c_j K_0(root_j k); 2 pi^2/(3 sqrt 3) at k = 0."""
    from scipy.special import kv

    result = np.full(phase.shape, 2.0 * np.pi**2 / (3.0 * math.sqrt(3.0)))
    away = phase > 0.0
    k = phase[away]
    result[away] = 2.0 * np.pi / 3.0 * (kv(0, k) + 2.0 * (ROOT**-4 * kv(0, ROOT * k)).real)
    return result


def _space(phase: np.ndarray) -> np.ndarray:
    """4 pi integral sin(kr)/(kr) r^2/(1 + r^6) dr = 2 pi^2 sum_j c_j exp(-root_j k)/k; for k < 1 by its series, for the
    first terms cancel."""
    result = np.empty(phase.shape)
    near = phase < 1.0
    powers = np.arange(1, SERIES_TERMS)
    moments = (1.0 + 2.0 * np.cos((powers - 4.0) * np.pi / 3.0)) / 3.0
    series = [moment * (-1.0) ** n / math.factorial(n) for n, moment in zip(powers, moments, strict=True)]
    result[near] = np.polynomial.polynomial.polyval(phase[near], series)
    k = phase[~near]
    result[~near] = (np.exp(-k) + 2.0 * (ROOT**-4 * np.exp(-ROOT * k)).real) / (3.0 * k)
    return 2.0 * np.pi**2 * result


TRANSFORMS = {1: _line, 2: _plane, 3: _space}


def soft_core_multiplier(wave_number: np.ndarray, strength: float, radius: float, dimensions: int) -> np.ndarray:
    """G^(k) = strength radius^d F_d(k radius), the transform in infinite space at moduli of wave numbers.

    At k = 0: 2 pi/3, 2 pi^2/(3 sqrt 3) and 2 pi^2/3 times strength radius^d in d = 1, 2, 3.
    """
    return strength * radius**dimensions * TRANSFORMS[dimensions](np.asarray(wave_number, float) * radius)


@dataclass(frozen=True)
class SoftCoreKernel(Kernel):
    """The kernel in any number of dimensions.

    contraction  1/b: the kernel is b^2 G(b r).
    """

    strength: float
    radius: float
    dimensions: int
    contraction: float = 1.0

    @property
    def _scaled(self) -> tuple[float, float]:
        """Strength and radius of b^2 G(b r)."""
        return self.strength / self.contraction**2, self.contraction * self.radius

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        """The closed form at the box's wave numbers."""
        return soft_core_multiplier(modulus(wave_numbers), *self._scaled, self.dimensions)

    def profile(self, largest: float) -> Profile:
        """The closed form."""
        return lambda k: soft_core_multiplier(k, *self._scaled, self.dimensions)

    def at_scale(self, contraction: float) -> Kernel:
        """The same with another contraction."""
        return replace(self, contraction=self.contraction * contraction)

    def reach(self, diagonal: float) -> float:
        """Where 1/r^6 is below rounding, or the box ends."""
        return min(diagonal, SOFT_CORE_NEGLIGIBLE * self._scaled[1])

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """By quadrature: what is cut off is never nothing."""
        strength, core = self._scaled
        edges = [0.0, *(core * edge for edge in EDGES if core * edge < radius)]
        while 2.0 * edges[-1] < radius and len(edges) > len(EDGES):
            edges.append(2.0 * edges[-1])
        function = RadialFunction((*edges, radius), lambda r: strength / (1.0 + (r / core) ** 6))
        return radial_part(self.dimensions, RadialTransform.of(function, self.dimensions, largest))
