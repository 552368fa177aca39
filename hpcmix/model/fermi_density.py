"""The Thomas-Fermi density of fermions: each point of phase space below the Fermi energy filled once."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from hpcmix.model.mixture import Mixture


def fermi_density(mixture: Mixture, species: int, potential: np.ndarray) -> np.ndarray:
    """rho(x) = v_d (2 m (mu - W(x))_+)^(d/2) / (2 pi hbar)^d with mu such that it integrates to the number of fermions.

    v_d is the volume of the unit ball: the phase-space indicator of p^2 / 2m + W(x) <= mu integrated over p, which is
    the minimiser of the Thomas-Fermi energy (Cardenas, Miller and Pavlovic (2.27)) where W holds its mean field.

    potential  W on this rank. The box must hold the cloud. Collective over the group.
    """
    grid, communicators, one = mixture.grid, mixture.communicators, mixture.species[species]
    d = grid.dimensions
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    factor = ball * (math.sqrt(2.0 * one.mass) / (2.0 * math.pi * mixture.hbar)) ** d
    depth = np.asarray(potential, np.float64)

    def density(mu: float) -> np.ndarray:
        return factor * np.maximum(mu - depth, 0.0) ** (d / 2)

    def excess(mu: float) -> float:
        return float(communicators.sum([np.sum(density(mu))])[0]) * grid.cell_volume - one.orbitals

    lowest = -float(communicators.maximum([-np.min(depth)])[0])
    # a uniform gas in the whole box over the deepest point, and over the highest one
    uniform = (one.orbitals / (factor * grid.volume)) ** (2.0 / d)
    highest = float(communicators.maximum([np.max(depth)])[0]) + 2.0 * uniform
    mu = brentq(excess, lowest, highest, xtol=1e-14 * (highest - lowest), rtol=1e-14)
    return density(mu).astype(mixture.real_dtype)
