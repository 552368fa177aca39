"""The energy of second order in the interaction of a condensate with a spin-polarised Fermi gas.

The interaction g_bf lifts a fermion of wave vector q out of the Fermi sea, |q + k| > k_F, and makes a phonon of -k:

    e = g_bf^2 n_b integral d3k/(2 pi)^3 integral_{q < k_F} d3q/(2 pi)^3
        [ 2 m_r/(hbar k)^2 - (eps_k/w_k) theta(|q + k| > k_F) / (w_k + hbar^2 (k^2 + 2 k.q)/(2 m_f)) ],

eps_k = hbar^2 k^2/(2 m_b), w_k^2 = eps_k (eps_k + 2 g_bb n_b), m_r the reduced mass; the first part is what a
scattering length has of it already (Viverit and Giorgini, Phys. Rev. A 66 (2002) 063604; Albus, Giorgini, Illuminati
and Viverit, J. Phys. B 35 (2002) L519 without g_bb).

With the wave numbers a = (4 m_b g_bb n_b)^(1/2)/hbar of sound and b = (6 pi^2 n_f)^(1/3) = k_F it is

    e = m_b (g_bf/hbar)^2/(4 pi^4) n_b b^3 F(a, b),      F(a, b) = (a + b) Phi(a/(a + b)),

for F is homogeneous of degree one; Phi of the ratio of the masses is smooth between b = 0, a few fermions as
impurities, and a = 0, bosons without sound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from numpy.polynomial.chebyshev import Chebyshev
from numpy.polynomial.legendre import leggauss

from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.problem.sections.functionals.gas import PointGas

NODES = 40
"""Of the polynomial Phi: its last coefficients are 1e-11 of the first for masses 0.5 to 15 times the fermions'."""

_INSIDE = (0.0, 1e-3, 1e-2, 0.1, 0.3, 1.0, 2.0)
"""Panels of k in units of k_F where the sea is in the way: shorter towards zero, where sound begins."""

_OUTSIDE = (0.0, 0.5, 0.9, 1.0)
"""Of t in k = 2 + max(1, a/b) t/(1 - t)."""

_GAUSS, _WEIGHTS = leggauss(48)
_GAUSS, _WEIGHTS = 0.5 * (_GAUSS + 1.0), 0.5 * _WEIGHTS


def _panel(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    return low + (high - low) * _GAUSS, (high - low) * _WEIGHTS


def _over_the_sea(k: np.ndarray, ratio: float, root: np.ndarray) -> np.ndarray:
    """integral_0^1 q^2 dq integral du theta(|q + k| > 1) / (k root + w k^2 + 2 w k q u), u the cosine of the angle
    between q and k."""
    total, k = np.zeros_like(k), k[:, np.newaxis]
    energy = k * root[:, np.newaxis] + ratio * k**2
    gap = np.clip(np.abs(1.0 - k), 0.0, 1.0)
    partly = gap, np.ones_like(k)  # some directions are free
    wholly = np.zeros_like(k), np.where(k > 1.0, gap, 0.0)  # all are; where k < 1 none
    for low, high in (partly, wholly):
        q, weights = low + (high - low) * _GAUSS, (high - low) * _WEIGHTS
        step = 2.0 * ratio * k * q
        beyond = np.divide(1.0 - q**2 - k**2, 2.0 * k * q, out=np.zeros_like(q), where=q > 0.0)
        lowest = np.clip(beyond, -1.0, 1.0)  # u where |q + k| = 1
        logarithm = np.log1p(step * (1.0 - lowest) / (energy + step * lowest))
        total += np.sum(weights * q / (2.0 * ratio * k) * logarithm, axis=1)
    return total


def excess(ratio: float, sound: float) -> float:
    """F(a, b)/b of the ratio w = m_b/m_f and sound = a/b: integral k^2 dk of 2/(3 k^2 (1 + w)) without what is free."""

    def sum_over(k: np.ndarray, weights: np.ndarray) -> float:
        root = np.sqrt(k**2 + sound**2)
        return float(np.sum(weights * (2.0 / (3.0 * (1.0 + ratio)) - k**3 / root * _over_the_sea(k, ratio, root))))

    total = sum(sum_over(*_panel(*edges)) for edges in pairwise(_INSIDE))
    scale = max(1.0, sound)
    for edges in pairwise(_OUTSIDE):
        t, weights = _panel(*edges)
        total += sum_over(2.0 + scale * t / (1.0 - t), weights * scale / (1.0 - t) ** 2)
    return total


@lru_cache(maxsize=16)
def shape(ratio: float) -> Chebyshev:
    """Phi(s) = (1 - s) F(s/(1 - s), 1) for w = m_b/m_f, as a polynomial on 0 <= s <= 1."""
    places = np.sin(0.5 * np.pi * (np.arange(NODES) + 0.5) / NODES) ** 2
    values = [(1.0 - s) * excess(ratio, s / (1.0 - s)) for s in places]
    return Chebyshev.fit(places, values, NODES - 1, domain=[0.0, 1.0])


class ViveritGiorginiTerm(LocalFunctional):
    """e = C n_b b^3 (a + b) Phi(s), s = a/(a + b), a^2 = A n_b, b^3 = 6 pi^2 n_f.

    species    bosons and fermions, by index.
    amplitude  C = m_b (g_bf/hbar)^2/(4 pi^4).
    sound      A = 4 m_b g_bb/hbar^2, not negative.
    profile    Phi.
    """

    def __init__(self, species: Sequence[int], amplitude: float, sound: float, profile: Chebyshev) -> None:
        super().__init__(species)
        self._amplitude = amplitude
        self._sound = sound
        self._profiles = profile, profile.deriv(), profile.deriv(2)

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        point = self._point(densities)
        return self._given(point.bosons * point.volume * point.total * point.profile, densities)

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        point = self._point(densities)
        by_bosons = point.volume * (point.total * point.profile + 0.5 * point.a * point.by_a)
        by_fermions = 2.0 * math.pi**2 * point.bosons * (3.0 * point.total * point.profile + point.b * point.by_b)
        return [self._given(by_bosons, densities), self._given(by_fermions, densities)]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        """Those of n_b twice grow like n_b^(-1/2), those of n_f twice like n_f^(-2/3): zero where a density is."""
        point = self._point(densities)
        a, b, by_a, by_b = point.a, point.b, point.by_a, point.by_b
        # F_aa = a^-1 (-b F_ab), F_bb = b^-1 (-a F_ab) of a function of degree one, F_ab = -s (1 - s) Phi''/(a + b)
        mixed = np.divide(
            -point.s * (1.0 - point.s) * point.curvature, point.total, out=np.zeros_like(a), where=b + a > 0
        )
        fermi = 2.0 * math.pi**2
        twice_bosons = 0.25 * point.volume * (3.0 * by_a - b * mixed) * self._sound
        twice_bosons = np.divide(twice_bosons, a, out=np.zeros_like(a), where=a > 0.0)
        across = fermi * (3.0 * point.total * point.profile + b * by_b + 0.5 * a * (3.0 * by_a + b * mixed))
        twice_fermions = fermi**2 * point.bosons * (4.0 * by_b - a * mixed)
        twice_fermions = np.divide(twice_fermions, b**2, out=np.zeros_like(b), where=b > 0.0)
        first, cross, second = (self._given(value, densities) for value in (twice_bosons, across, twice_fermions))
        return [[first, cross], [cross, second]]

    def _point(self, densities: Sequence[np.ndarray]) -> _Point:
        bosons, fermions = (density.astype(np.float64) for density in densities)
        return _Point(bosons, np.sqrt(self._sound * bosons), np.cbrt(6.0 * math.pi**2 * fermions), self._profiles)

    def _given(self, value: np.ndarray, densities: Sequence[np.ndarray]) -> np.ndarray:
        return (self._amplitude * value).astype(densities[0].dtype)


class _Point:
    """Points of two densities: F = (a + b) Phi(s) and what is made of it, with the numbers a, b, s."""

    def __init__(self, bosons: np.ndarray, a: np.ndarray, b: np.ndarray, profiles: Sequence[Chebyshev]) -> None:
        self.bosons, self.a, self.b, self._profiles = bosons, a, b, profiles
        self.volume, self.total = b**3, a + b
        self.s = np.divide(a, self.total, out=np.zeros_like(a), where=self.total > 0.0)

    @cached_property
    def profile(self) -> np.ndarray:
        """Phi(s)."""
        return self._profiles[0](self.s)

    @cached_property
    def slope(self) -> np.ndarray:
        """Phi'(s)."""
        return self._profiles[1](self.s)

    @cached_property
    def curvature(self) -> np.ndarray:
        """Phi''(s)."""
        return self._profiles[2](self.s)

    @property
    def by_a(self) -> np.ndarray:
        """dF/da = Phi + (1 - s) Phi'."""
        return self.profile + (1.0 - self.s) * self.slope

    @property
    def by_b(self) -> np.ndarray:
        """dF/db = Phi - s Phi'."""
        return self.profile - self.s * self.slope


def viverit_giorgini_term(gas: PointGas, species: Sequence[int]) -> ViveritGiorginiTerm:
    """The term of an entry of the file that has passed its checks. A coupling of the bosons that is negative on its way
    in time counts as none: they have no sound then."""
    bosons = gas.statistics.index("bosons")
    mass, own, cross = gas.masses[bosons], gas.couplings[bosons][bosons], gas.couplings[0][1]
    amplitude = mass * (cross / gas.hbar) ** 2 / (4.0 * math.pi**4)
    sound = 4.0 * mass * max(own, 0.0) / gas.hbar**2
    ordered = [species[bosons], species[1 - bosons]]
    return ViveritGiorginiTerm(ordered, amplitude, sound, shape(mass / gas.masses[1 - bosons]))
