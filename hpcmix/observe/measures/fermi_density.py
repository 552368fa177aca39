"""The Thomas-Fermi density of fermions: each point of phase space below the Fermi energy filled once."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.model.mixture import Mixture


def fermi_density(mixture: Mixture, species: int, potential: np.ndarray) -> np.ndarray:
    """rho(x) = v_d k_F(x)^d / (2 pi)^d, T(k_F(x)) = (mu - W(x))_+, with mu such that it integrates to the number of
    fermions; hbar k_F = (2 m (mu - W)_+)^(1/2) for nonrelativistic ones.

    v_d is the volume of the unit ball: the phase-space indicator of T(p) + W(x) <= mu integrated over p, which is
    the minimiser of the Thomas-Fermi energy (Cardenas, Miller and Pavlovic (2.27)) where W holds its mean field.

    potential  W on this rank. The box must hold the cloud. Collective over the group.
    """
    from scipy.optimize import brentq  # here and not above: it takes a tenth of the time a run takes to start

    grid, communicators, model = mixture.grid, mixture.communicators, mixture.species[species]
    d = grid.dimensions
    ball = math.pi ** (d / 2) / math.gamma(d / 2 + 1)
    factor = ball / (2.0 * math.pi) ** d
    depth = np.asarray(potential, np.float64)

    def density(mu: float) -> np.ndarray:
        return factor * model.kinetic.wave_number(np.maximum(mu - depth, 0.0)) ** d

    def excess(mu: float) -> float:
        return float(communicators.sum([np.sum(density(mu))])[0]) * grid.cell_volume - model.particles

    lowest = -float(communicators.maximum([-np.min(depth)])[0])
    # a uniform gas in the whole box over the deepest point, and over the highest one
    squares = (model.particles / (factor * grid.volume)) ** (2.0 / d)
    uniform = model.kinetic.of_squares(squares) - model.kinetic.rest_energy
    highest = float(communicators.maximum([np.max(depth)])[0]) + 2.0 * uniform
    mu = brentq(excess, lowest, highest, xtol=1e-14 * (highest - lowest), rtol=1e-14)
    return density(mu).astype(mixture.real_dtype)
