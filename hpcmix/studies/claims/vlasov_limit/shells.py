"""The initial distance of closed shells of an isotropic oscillator from their limit, in closed form."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import eval_genlaguerre, jv

PER_PERIOD = 40
"""Points of the scan to a period of f^."""


def closed_shell_distance(dimensions: int, orbitals: int, frequency: float, radius: float) -> float:
    """sup over |zeta| <= radius of |f^ - f^_hbar| / (1 + |zeta|) for M orbitals that fill K shells of the oscillator
    (mass one, hbar = M^(-1/d)) and the ball that they tend to.

    With frequency one

        M = C(K + d - 1, d),    f^_hbar = L_(K-1)^(d)(hbar z^2/2) exp(-hbar z^2/4) / M,
        f^ = d! (2/(R z))^d J_d(R z),    R^2 = 2 (d!)^(1/d),    z = |zeta|;

    with another one z^2 = xi^2/w + w eta^2, of which the largest for a given |zeta| is max(1/w, w) |zeta|^2. Raises
    :class:`ValueError` where M closes no shell.
    """
    hbar, shells = orbitals ** (-1.0 / dimensions), 1
    while math.comb(shells + dimensions - 1, dimensions) < orbitals:
        shells += 1
    if math.comb(shells + dimensions - 1, dimensions) != orbitals:
        raise ValueError(f"{orbitals} orbitals close no shell in {dimensions} dimensions")
    size = math.sqrt(2.0) * math.factorial(dimensions) ** (0.5 / dimensions)
    stretch = math.sqrt(max(frequency, 1.0 / frequency))

    def weighed(z: np.ndarray | float) -> np.ndarray:
        square = hbar * np.square(z)
        quantum = eval_genlaguerre(shells - 1, dimensions, 0.5 * square) * np.exp(-0.25 * square) / orbitals
        classical = math.factorial(dimensions) * (2.0 / (size * np.asarray(z))) ** dimensions * jv(dimensions, size * z)
        return np.abs(quantum - classical) / (1.0 + np.asarray(z) / stretch)

    step = 2.0 * math.pi / (size * PER_PERIOD)
    scan = np.arange(step, stretch * radius, step)
    best = scan[int(np.argmax(weighed(scan)))]
    found = minimize_scalar(
        lambda z: -float(weighed(z)), bounds=(best - step, best + step), method="bounded", options={"xatol": 1e-10}
    )
    return -float(found.fun)
