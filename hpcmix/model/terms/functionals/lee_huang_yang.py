"""From the couplings of one or two condensates to the term of their quantum fluctuations.

One species in three dimensions: e = 8/(15 pi^2 hbar^3) m^(3/2) (g rho)^(5/2) Q5(a_dd/a) with
Q5(r) = integral_0^1 (1 - r + 3 r y^2)^(5/2) dy for dipoles (Lima and Pelster, Phys. Rev. A 84 (2011) 041604); in one
e = -2/(3 pi hbar) m^(1/2) (g rho)^(3/2) (Petrov and Astrakharchik, Phys. Rev. Lett. 117 (2016) 100401); in two
e = m (g rho)^2/(8 pi hbar^2) [ln(m g rho/(hbar kappa)^2) + 1/2].

Two species: e = 8/(15 pi^2 hbar^3) m_1^(3/2) (g_11 rho_1)^(5/2) f(m_2/m_1, g_12^2/(g_11 g_22), g_22 rho_2/(g_11 rho_1))
(Petrov, Phys. Rev. Lett. 115 (2015) 155302; Minardi et al., Phys. Rev. A 100 (2019) 063636), as a profile of one angle;
with dipoles its mean over the directions of k, for which contact couplings become
g_ab + (4 pi/3) C_ab (3 cos^2 - 1).

Across a tight trap, of which the species are in their ground states, e is that of three dimensions, integrated over the
frozen axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.model.terms.functionals.logarithmic import LogarithmicTerm
from hpcmix.model.terms.functionals.power import PowerTerm
from hpcmix.model.terms.functionals.profiles import Profile, Slopes, profile_of
from hpcmix.model.terms.functionals.two_densities import TwoDensities
from hpcmix.model.terms.functionals.zero_point import panel, single, slopes_of_two
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.lee_huang_yang import LeeHuangYangFunctional, degree

EDGE, ACROSS = 5.0, 64
"""Of the ground states across the grid, in their lengths: a density to the power 5/2 is below rounding there; and the
nodes of Gauss and Legendre up to it, with which the integral of a Gaussian is exact to rounding."""


def lee_huang_yang_term(
    entry: LeeHuangYangFunctional, gas: PointGas, species: Sequence[int], scale: Sequence[float] = ()
) -> LocalFunctional:
    """The term of an entry of the file that has passed its checks.

    scale  positive couplings in whose units those of two species with themselves are counted: their own unless these
           may be zero or negative on the way.
    """
    if len(species) == 1:
        return _of_one(entry, gas, species[0])
    return _of_two(entry, gas, tuple(species), tuple(scale or [gas.couplings[a][a] for a in (0, 1)]))


def _of_one(entry: LeeHuangYangFunctional, gas: PointGas, species: int) -> LocalFunctional:
    strength, dimensions = entry.strength, gas.dimensions
    if dimensions == 2:
        if strength is not None and entry.density is not None:
            return LogarithmicTerm(species, strength, entry.density)
        if entry.cutoff is None:
            raise TypeError("a functional in two dimensions has passed its checks without cutoff")
        mass, coupling = gas.masses[0], abs(gas.couplings[0][0])
        if coupling == 0.0:
            return LogarithmicTerm(species, 0.0, 1.0)
        # ln(m g rho/(hbar kappa)^2) + 1/2 = ln(rho/rho_0) - 1
        density = (gas.hbar * entry.cutoff) ** 2 / (mass * coupling) * math.exp(-1.5)
        return LogarithmicTerm(species, mass * coupling**2 / (8.0 * math.pi * gas.hbar**2), density)
    if strength is None:
        energy = float(single(gas.couplings[0][0], gas.masses[0], dimensions)) / gas.hbar**dimensions
        strength = energy * (_dipolar_factor(gas) if gas.directed else 1.0)
        if gas.frozen:
            strength *= (math.sqrt(math.pi) * gas.lengths[0]) ** (-1.5 * gas.frozen) * 0.4 ** (0.5 * gas.frozen)
    return PowerTerm([species], strength, 2.5 if gas.frozen else degree(dimensions))


def dipolar_factor(ratio: float) -> float:
    """Q5 of a_dd/a: the mean of (1 - r + 3 r y^2)^(5/2) over the directions of k, its real part where r > 1."""
    zero = (ratio - 1.0) / (3.0 * ratio) if ratio != 0.0 else 0.0
    y, weights = _cosines([zero])
    return float(np.sum(weights * np.maximum(1.0 - ratio + 3.0 * ratio * y**2, 0.0) ** 2.5))


def _dipolar_factor(gas: PointGas) -> float:
    return dipolar_factor(4.0 * math.pi * gas.dipoles[0][0] / (3.0 * gas.couplings[0][0]))


def _cosines(squares: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the integral over y from 0 to 1, of a function that has roots where y^2 is one of these."""
    breaks = [0.0, *sorted(math.sqrt(square) for square in squares if 0.0 < square < 1.0), 1.0]
    panels = [panel(low, high) for low, high in pairwise(breaks) if high > low]
    return np.concatenate([y for y, _ in panels]), np.concatenate([weights for _, weights in panels])


@lru_cache(maxsize=8)  # its polynomials take milliseconds, and plans, warnings and the run ask for the same ones
def _of_two(
    entry: LeeHuangYangFunctional, gas: PointGas, species: tuple[int, ...], scale: tuple[float, ...]
) -> LocalFunctional:
    dimensions, ratio = gas.dimensions, gas.masses[1] / gas.masses[0]
    # singularities of heavy and light species are then as far from both ends of the profile
    scale = (scale[0], scale[1] * ratio ** (0.25 * (dimensions - 1)))
    # G_1 = first x, G_2 = second y, H = share x y with x, y = scale_a rho_a
    first, second = (gas.couplings[a][a] / scale[a] for a in (0, 1))
    share = gas.couplings[0][1] ** 2 / (scale[0] * scale[1])
    if entry.imaginary == "marginal":
        share = max(first * second, 0.0)

    def slopes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if gas.directed:
            return _over_directions(gas, scale, x, y, ratio)
        by_first, by_second, by_mixing = slopes_of_two((first * x, second * y), share * x * y, ratio, dimensions)
        return first * by_first + share * y * by_mixing, second * by_second + share * x * by_mixing

    logarithm, amplitude = np.zeros((2, 2)), gas.masses[0] ** (0.5 * dimensions) / gas.hbar**dimensions
    averaged: Slopes = slopes
    if gas.frozen:
        averaged = _across(profile_of(slopes, degree(dimensions), logarithm), gas)
    elif dimensions == 2:
        if entry.cutoff is None:
            raise TypeError("a functional in two dimensions has passed its checks without cutoff")
        both = 4.0 * ratio / (1.0 + ratio) * share
        logarithm = np.array([[first**2, 0.5 * both], [0.5 * both, ratio * second**2]]) / (8.0 * math.pi)
        averaged = _at_cutoff(slopes, logarithm, (gas.hbar * entry.cutoff) ** 2 / gas.masses[0])
    profile = profile_of(averaged, degree(dimensions), logarithm)
    if entry.strength is not None:
        unit = TwoDensities(species, scale, 1.0, profile)
        amplitude = entry.strength / float(unit.energy_density([np.ones(1), np.zeros(1)])[0])
    return TwoDensities(species, scale, amplitude, profile)


def _over_directions(
    gas: PointGas, scale: Sequence[float], x: np.ndarray, y: np.ndarray, ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """The mean over the directions of k at densities x/scale_1 and y/scale_2 of the two species."""
    # g_ab = p + q c^2 of the cosine c: where one of a species with itself is zero, or the determinant of all is
    lines = {(a, b): np.polynomial.Polynomial([gas.coupling(a, b), _slope(gas, a, b)]) for a, b in gas.pairs}
    determinant = lines[0, 0] * lines[1, 1] - lines[0, 1] ** 2
    roots = np.concatenate([line.trim().roots() for line in (lines[0, 0], lines[1, 1], determinant)])
    real = np.abs(np.imag(roots)) <= 1e-12 * np.abs(roots)
    cosines, weights = _cosines(np.real(roots[real]).tolist())
    one, cross, two = (np.array([gas.coupling(a, b, cosine) for cosine in cosines]) for a, b in gas.pairs)
    one, two, share = one / scale[0], two / scale[1], cross**2 / (scale[0] * scale[1])
    own = np.multiply.outer(x, one), np.multiply.outer(y, two)
    by_first, by_second, by_mixing = slopes_of_two(own, np.multiply.outer(x * y, share), ratio, gas.dimensions)
    mixed = by_mixing @ (share * weights)
    return by_first @ (one * weights) + y * mixed, by_second @ (two * weights) + x * mixed


def _slope(gas: PointGas, a: int, b: int) -> float:
    return gas.coupling(a, b, 1.0) - gas.coupling(a, b)


def _at_cutoff(slopes: Slopes, logarithm: np.ndarray, scale: float) -> Slopes:
    """Those in two dimensions for couplings of another energy than one: e(c G) = c^2 [e(G) + Q ln c]."""

    def scaled(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.array(slopes(x, y)) - 2.0 * math.log(scale) * (logarithm @ np.array([x, y]))

    return scaled


def _across(profile: Profile, gas: PointGas) -> Slopes:
    """Those of the integral over the frozen axes, where the densities are exp(-r^2/l_a^2)/(sqrt(pi) l_a)^axes, of a
    profile of three dimensions."""
    half = float(0.5 * EDGE * max(gas.lengths))
    nodes, weights = np.polynomial.legendre.leggauss(ACROSS)
    r = half * (np.asarray(nodes, dtype=float) + 1.0)
    around = np.full(ACROSS, 2.0) if gas.frozen == 1 else 2.0 * math.pi * r
    shells = half * np.asarray(weights) * around
    one, two = (np.exp(-np.square(r / x)) / (math.sqrt(math.pi) * x) ** gas.frozen for x in gas.lengths)

    def integrals(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b = np.sqrt(np.multiply.outer(x, one)), np.sqrt(np.multiply.outer(y, two))
        power = (a + b) ** (2.0 * profile.degree - 2.0)
        first, second = profile.values(b / (a + b))
        return (power * first) @ (shells * one), (power * second) @ (shells * two)

    return integrals
