"""Frequencies of small waves in a uniform classical gas and its condensate, from dispersion relations: a reference.

With the susceptibility of a Maxwellian gas of density n, temperature T, mass m along the wave,

    chi(w) = -(n/T) [1 + z Z(z)],    z = (w/k - u) / sqrt(2 T / m),    Z(z) = i sqrt(pi) w(z), w Faddeeva's function,

a gas with kernel G^ of itself has 1 - G^ chi(w) = 0, and a condensate of density n_B and kernel G_BB^ coupled to it by
V^ has  w^2 - (hbar k^2 / 2 m)^2 - n_B G_BB^ k^2 / m - (n_B k^2 / m) V^2 chi(w) = 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import wofz


def gaussian_transform(strength: float, width: float, k: float, dimensions: int = 1) -> float:
    """G^(k) of strength exp(-r^2 / (2 width^2))."""
    return strength * (np.sqrt(2 * np.pi) * width) ** dimensions * np.exp(-0.5 * (k * width) ** 2)


def yukawa_transform(strength: float, screening: float, k: float) -> float:
    """G^(k) of strength exp(-screening r) / r in three dimensions."""
    return 4 * np.pi * strength / (k**2 + screening**2)


def maxwell_susceptibility(
    w: complex, k: float, density: float = 1.0, temperature: float = 1.0, mass: float = 1.0, stream: float = 0.0
) -> complex:
    """chi(w) of the module's head, continued into the lower half plane; u is the velocity ``stream``."""
    z = (w / k - stream) / np.sqrt(2 * temperature / mass)
    return -density / temperature * (1.0 + z * 1j * np.sqrt(np.pi) * wofz(z))


def root(equation: Callable[[complex], complex], start: complex) -> complex:
    """A zero near ``start``, by secants."""
    before, now = start, start * (1.0 + 1e-4) + 1e-4
    for _ in range(100):
        values = equation(before), equation(now)
        if abs(now - before) <= 1e-14 * abs(now) or values[0] == values[1]:
            return now
        before, now = now, now - values[1] * (now - before) / (values[1] - values[0])
    raise RuntimeError(f"no zero near {start}")


def damped_wave(transform: float, k: float, start: complex, **gas: float) -> complex:
    """The wave of a gas with kernel G^(k) of itself."""
    return root(lambda w: 1.0 - transform * maxwell_susceptibility(w, k, **gas), start)


def growing_streams(transform: float, k: float, velocity: float, temperature: float, start: complex) -> complex:
    """Two streams of half the density each, with velocities +-velocity."""

    def equation(w: complex) -> complex:
        streams = [maxwell_susceptibility(w, k, 0.5, temperature, 1.0, u) for u in (velocity, -velocity)]
        return 1.0 - transform * sum(streams)

    return root(equation, start)


def damped_phonon(bosons: float, mixed: float, k: float, start: complex, hbar: float = 1.0) -> complex:
    """A phonon of a uniform condensate (n = 1, m = 1) in a Maxwellian gas (n = 1, m = 1, T = 1)."""

    def equation(w: complex) -> complex:
        return w**2 - (hbar * k**2 / 2) ** 2 - bosons * k**2 - k**2 * mixed**2 * maxwell_susceptibility(w, k)

    return root(equation, start)


def zero_sound(transform: float, k: float, density: float = 1.0, mass: float = 1.0, hbar: float = 1.0) -> float:
    """w^2 = k^2 v_F^2 + n G^ k^2 / m of the uniform Fermi sea on a line, |p| <= p_F = pi hbar n."""
    return float(np.sqrt((k * np.pi * hbar * density / mass) ** 2 + density * transform * k**2 / mass))
