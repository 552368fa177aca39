"""Free flight of a wave function from the points of a grid to any other places, axis by axis.

A field that is known at points x_j with spacing h stands for its band-limited interpolant, zero beyond the box. Without
a potential it moves along every axis by itself,

    phi(t, x) = sum_j K_t(x - x_j) phi(0, x_j),
    K_t(u) = (h / 2 pi) integral_{-pi/h}^{pi/h} exp(i k u - i hbar k^2 t / 2m) dk,

so that a flight is one matrix for each axis. K_0 is sin(pi u / h) / (pi u / h); nothing wraps around and no time is too
long: K_t is a difference of Fresnel's integrals,

    K_t(u) = (h / 2 pi) sqrt(pi / 2 alpha) exp(i u^2 / 4 alpha) [C(s) - i S(s)]_{s(-pi/h)}^{s(pi/h)},
    alpha = hbar t / 2m,    s(k) = sqrt(2 alpha / pi) (k - u / 2 alpha).

At long times phi(t, x) -> sqrt(m / 2 pi i hbar t) exp(i m x^2 / 2 hbar t) phi^(m x / hbar t): momenta are places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import fresnel

SHORT = 1e-2
"""alpha (pi/h)^2 below which K_t is integrated numerically: the closed form divides by sqrt(alpha) and rounds."""

NODES = 16
"""Of Gauss and Legendre on a piece of the band on which exp(iku) turns by at most one full turn: exact to rounding."""


class Flight(Protocol):
    """Where a wave function goes along one axis."""

    @property
    def scale(self) -> float:
        """How many times its size a cloud has whose particles stood still but for the motion of a frame."""
        ...

    def shift(self, velocity: float) -> float:
        """How far a particle of that velocity comes."""
        ...

    def matrix(self, places: np.ndarray, points: np.ndarray) -> np.ndarray:
        """What takes values at the points of the grid to those at the places, shape (places, points)."""
        ...


@dataclass(frozen=True)
class _Ballistic:
    """Flight without forces of a wave function that carries a phase exp(i q x^2) beside its values on the grid.

    duration         t, not negative.
    mass, hbar       of the species, and the constant.
    quadratic_phase  q, of a frame that has expanded (:meth:`hpcmix.frame.Frame.quadratic_phase`).
    """

    duration: float
    mass: float
    hbar: float
    quadratic_phase: float = 0.0

    def shift(self, velocity: float) -> float:
        """v t, v that of the values on the grid."""
        return velocity * self.duration


@dataclass(frozen=True)
class FreeFlight(_Ballistic):
    """Flight for a finite time. A wave with a quadratic phase is one without it, seen through a lens: at the time t / M
    and magnified by M = 1 + 2 hbar q t / m."""

    @property
    def scale(self) -> float:
        """M."""
        return 1.0 + 2.0 * self.hbar * self.quadratic_phase * self.duration / self.mass

    def matrix(self, places: np.ndarray, points: np.ndarray) -> np.ndarray:
        """M^(-1/2) K_{t/M}(x/M - x_j), but for a phase of the place."""
        alpha = 0.5 * self.hbar * self.duration / (self.scale * self.mass)
        return kernel(places / self.scale, points, alpha) / math.sqrt(self.scale)


@dataclass(frozen=True)
class FarField(_Ballistic):
    """Flight in the limit of long times: at x is what had the momentum m x / t; with a quadratic phase q what is far
    away is the picture at the time m / 2 hbar q without it."""

    @property
    def scale(self) -> float:
        """2 hbar q t / m; what was at rest stays where all of it has the place zero."""
        return 2.0 * self.hbar * self.quadratic_phase * self.duration / self.mass

    def matrix(self, places: np.ndarray, points: np.ndarray) -> np.ndarray:
        """sqrt(m / 2 pi hbar t) h exp(-i m x x_j / hbar t), zero beyond the momenta of the grid, but for a phase of the
        place."""
        if self.quadratic_phase > 0.0:
            alpha = 0.25 / self.quadratic_phase
            return kernel(places / self.scale, points, alpha) / math.sqrt(self.scale)
        spacing = points[1] - points[0]
        wave_numbers = self.mass * places / (self.hbar * self.duration)
        carried = np.abs(wave_numbers) <= math.pi / spacing
        factor = spacing * math.sqrt(self.mass / (2.0 * math.pi * self.hbar * self.duration))
        waves: np.ndarray = np.exp(-1j * np.outer(wave_numbers, points))
        return factor * carried[:, None] * waves


def kernel(places: np.ndarray, points: np.ndarray, alpha: float) -> np.ndarray:
    """K_t(x - x_j) for places x and evenly spaced points x_j, alpha = hbar t / 2m, shape (places, points)."""
    spacing = float(points[1] - points[0])
    edge = math.pi / spacing
    if alpha * edge**2 < SHORT:
        return _integrated(places, points, alpha, edge)
    u = places[:, None] - points[None, :]
    to_argument = math.sqrt(2.0 * alpha / math.pi)
    sine_right, cosine_right = fresnel(to_argument * (edge - u / (2.0 * alpha)))
    sine_left, cosine_left = fresnel(to_argument * (-edge - u / (2.0 * alpha)))
    between = (cosine_right - cosine_left) - 1j * (sine_right - sine_left)
    result: np.ndarray = 0.5 / edge * math.sqrt(0.5 * math.pi / alpha) * np.exp(0.25j * u**2 / alpha) * between
    return result


def _integrated(places: np.ndarray, points: np.ndarray, alpha: float, edge: float) -> np.ndarray:
    """The same by quadrature over the band."""
    farthest = max(abs(places[-1] - points[0]), abs(places[0] - points[-1]))
    pieces = 1 + math.ceil(farthest * edge / math.pi)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = edge / pieces
    middles = half * (2.0 * np.arange(pieces) - pieces + 1.0)
    wave_numbers = (middles[:, None] + half * nodes).ravel()
    amounts = np.tile(0.5 * half / edge * weights, pieces) * np.exp(-1j * alpha * wave_numbers**2)
    waves: np.ndarray = np.exp(1j * np.outer(places, wave_numbers)) * amounts
    return waves @ np.exp(-1j * np.outer(wave_numbers, points))
