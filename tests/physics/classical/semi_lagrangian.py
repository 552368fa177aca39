"""A classical gas on a grid of phase space in one dimension: a reference without markers.

    d/dt f + (p/m) d/dx f - d/dx (G * rho) d/dp f = 0,    rho = int f dp

on the torus in x and in a box of momenta beyond which f vanishes. Both directions are moved along their characteristics
and interpolated by trigonometric polynomials, which is exact for what the grid resolves. Filaments that become finer
than the grid of momenta end it, so times are short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PhaseSpace:
    """``points`` of the grid in x and p, ``length`` of the torus, |p| up to ``extent``, G^ as a function of k."""

    points: tuple[int, int]
    length: float
    extent: float
    transform: Callable[[np.ndarray], np.ndarray]
    mass: float = 1.0

    @property
    def x(self) -> np.ndarray:
        """Positions."""
        return -0.5 * self.length + self.length / self.points[0] * np.arange(self.points[0])

    @property
    def p(self) -> np.ndarray:
        """Momenta."""
        return -self.extent + 2 * self.extent / self.points[1] * np.arange(self.points[1])

    @property
    def k(self) -> np.ndarray:
        """Wave numbers of x."""
        return 2 * np.pi * np.fft.fftfreq(self.points[0], self.length / self.points[0])

    def density(self, f: np.ndarray) -> np.ndarray:
        """rho(x)."""
        return np.sum(f, axis=1) * 2 * self.extent / self.points[1]

    def force(self, f: np.ndarray) -> np.ndarray:
        """-d/dx (G * rho)."""
        odd = np.where(np.abs(self.k) < np.max(np.abs(self.k)), self.k, 0.0)  # the highest mode has no sign
        return np.fft.ifft(-1j * odd * self.transform(np.abs(self.k)) * np.fft.fft(self.density(f))).real

    def _shift(self, f: np.ndarray, distance: np.ndarray, axis: int, period: float) -> np.ndarray:
        """f moved by a distance that depends on the other coordinate."""
        n = f.shape[axis]
        modes = 2 * np.pi * np.fft.rfftfreq(n, period / n)
        phase = np.exp(-1j * (np.multiply.outer(modes, distance) if axis == 0 else np.multiply.outer(distance, modes)))
        return np.fft.irfft(phase * np.fft.rfft(f, axis=axis), n, axis=axis)

    def evolve(self, f: np.ndarray, time: float, steps: int) -> np.ndarray:
        """Strang steps: kick, drift, kick."""
        step = time / steps
        for _ in range(steps):
            f = self._shift(f, 0.5 * step * self.force(f), 1, 2 * self.extent)
            f = self._shift(f, step * self.p / self.mass, 0, self.length)
            f = self._shift(f, 0.5 * step * self.force(f), 1, 2 * self.extent)
        return f

    def mode(self, f: np.ndarray, number: int) -> complex:
        """int rho(x) exp(-i k x) dx of the mode k = 2 pi number / length."""
        k = 2 * np.pi * number / self.length
        return complex(np.sum(self.density(f) * np.exp(-1j * k * self.x)) * self.length / self.points[0])

    def kinetic_energy(self, f: np.ndarray) -> float:
        """int f p^2 / 2m."""
        cell = self.length / self.points[0] * 2 * self.extent / self.points[1]
        return float(np.sum(f * self.p**2) / (2 * self.mass) * cell)
