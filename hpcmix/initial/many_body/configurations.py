"""Initial states of many bodies on their configurations.

**Factorised.** All bosons in one mode, phi^{(x)N}: the amplitude of n is the root of a multinomial probability,

    psi(n) = sqrt(N! / (n_0! .. n_{m-1}!)) phi_0^{n_0} .. phi_{m-1}^{n_{m-1}},

as a product of binomial ones, which Loader's expansion gives to about 1e-13 for any N (C. Loader, Fast and accurate
computation of binomial probabilities, 2000). Fermions fill orthonormal orbitals phi_j: psi(n) is the determinant of the
rows of phi that n occupies.

**In an excitation frame**, where mode 0 (of fermions the first N modes) is the initial orbital, a factorised state and
a coherent state are one configuration: nothing is excited.

Coherent states exist in the excitation picture only. Of all configurations they would need a family of sectors (N_1,
N_2), some sqrt(N) of each for every digit; the fluctuations above them are one small space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from hpcmix.model.many_body.basis.bosons import BosonConfigurations, ExcitedBosons
from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.basis.fermions import FermionConfigurations
from hpcmix.parallel.many_body.configurations import ConfigurationRows, Vector

PIECE = 2**15
"""Amplitudes that are made at once."""

EXACT = 16
"""Below it Stirling's remainder is taken from the logarithm of the factorial."""


def factorised(
    space: Configurations, orbitals: NDArray, first: int = 0, last: int | None = None
) -> NDArray[np.complex128]:
    """The amplitudes of a species' factorised state, those of the configurations from `first` to `last`; norm 1.

    orbitals  bosons: coefficients of the one orbital, (m,); fermions: orthonormal columns, (m, N).
    Of a part of all configurations (excitations) what lies in it, not normalised. Raises ValueError for fluctuations,
    which begin in the vacuum.
    """
    last = len(space) if last is None else last
    if isinstance(space, FermionConfigurations):
        return _determinant(space, np.asarray(orbitals), first, last)
    if isinstance(space, BosonConfigurations | ExcitedBosons):
        pieces = range(first, last, PIECE)
        parts = [_condensate(space, np.asarray(orbitals), place, min(place + PIECE, last)) for place in pieces]
        return np.concatenate([np.zeros(0, np.complex128), *parts])
    raise ValueError("fluctuations are about a coherent state: their initial state is the vacuum")


def vacuum(space: Configurations) -> NDArray[np.complex128]:
    """The state without excitations: all bosons in mode 0, fermions in the first N modes, no fluctuations."""
    occupations = np.zeros((1, space.columns), np.int64)
    if isinstance(space, FermionConfigurations):
        occupations[0, : space.particles] = 1
    else:
        occupations[0, 0] = space.particles
    psi = np.zeros(len(space), np.complex128)
    psi[space.rank(occupations)] = 1.0
    return psi


def place(rows: ConfigurationRows, species: Sequence[NDArray], psi: Vector | None = None) -> Vector:
    """The product of the species' states, psi[n_1, n_2 ..] = a(n_1) b(n_2) .., on this rank's rows. Collective.

    species  amplitudes of each; of the first one all, or those of this rank's rows.
    psi      where the state is put; a new vector unless given.
    """
    target = rows.vector() if psi is None else psi
    columns = np.ones(1, np.complex128)
    for amplitudes in species[1:]:
        columns = np.multiply.outer(columns, amplitudes).reshape(-1)
    first = species[0]
    if len(first) == rows.rows:
        first = first[rows.first : rows.last]
    np.multiply(first[:, None], columns[None, :], out=target)
    return target


# ---------------------------------------------------------------------- bosons


def _condensate(space: Configurations, orbital: NDArray, first: int, last: int) -> NDArray[np.complex128]:
    occupations = space.numbers(first, last)
    weights = np.abs(orbital) ** 2
    weights = weights / weights.sum()
    logarithm = np.zeros(len(occupations))
    left = np.full(len(occupations), space.particles, np.int64)
    # the sum of the later weights, not one minus the earlier ones: no digits are lost where these are nearly one
    rest = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    for mode in range(space.modes - 1):
        number = occupations[:, mode]
        share = weights[mode] / rest[mode] if rest[mode] > 0.0 else 0.0
        other = rest[mode + 1] / rest[mode] if rest[mode] > 0.0 else 1.0
        logarithm += _log_binomial(number, left, share, other)
        left = left - number
    phases = np.ones(len(occupations), np.complex128)
    for mode in range(space.modes):
        if orbital[mode] != 0.0:
            phases *= np.exp(1j * _turns(np.angle(orbital[mode]), occupations[:, mode]))
    return np.exp(0.5 * logarithm) * phases


def _turns(angle: float, count: NDArray[np.int64]) -> NDArray[np.float64]:
    """angle * count, modulo a full turn."""
    return np.remainder(angle * count, 2.0 * math.pi)


def _log_binomial(k: NDArray, n: NDArray, p: float, q: float) -> NDArray[np.float64]:
    """log of n! / (k! (n-k)!) p^k q^(n-k), p + q = 1."""
    k, n = k.astype(float), n.astype(float)
    other = n - k
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = (
            _stirling_remainder(n)
            - _stirling_remainder(k)
            - _stirling_remainder(other)
            - _deviance(k, n * p)
            - _deviance(other, n * q)
            + 0.5 * (np.log(n) - math.log(2.0 * math.pi) - np.log(k) - np.log(other))
        )
        edge = np.where(k == 0.0, _power(other, q, p), _power(k, p, q))
    return np.where((k == 0.0) | (other == 0.0), np.where(n == 0.0, 0.0, edge), inner)


def _power(count: NDArray, base: float, complement: float) -> NDArray[np.float64]:
    """log base^count, 0^0 = 1; with complement = 1 - base no digits are lost near one."""
    if base > 0.0:
        return count * (math.log1p(-complement) if base > 0.5 else math.log(base))
    return np.where(count == 0.0, 0.0, -np.inf)


def _deviance(x: NDArray, mean: NDArray) -> NDArray[np.float64]:
    """x log(x / mean) + mean - x, without cancellation near x = mean."""
    relative = (x - mean) / mean
    near = mean * ((1.0 + relative) * np.log1p(relative) - relative)
    series = mean * relative**2 * (0.5 - relative / 6.0 + relative**2 / 12.0 - relative**3 / 20.0 + relative**4 / 30.0)
    result = np.where(np.abs(relative) < 1e-3, series, near)
    return np.where(mean > 0.0, result, np.where(x > 0.0, np.inf, 0.0))


def _stirling_remainder(n: NDArray) -> NDArray[np.float64]:
    """log n! - (n + 1/2) log n + n - 1/2 log 2 pi."""
    large = np.maximum(n, float(EXACT))
    inverse = 1.0 / large**2
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - inverse / 1188) * inverse) * inverse) * inverse) / large
    small = np.clip(n, 1.0, float(EXACT))
    exact = gammaln(small + 1.0) - (small + 0.5) * np.log(small) + small - 0.5 * math.log(2.0 * math.pi)
    return np.where(n >= EXACT, series, exact)


# ---------------------------------------------------------------------- fermions


def _determinant(space: FermionConfigurations, orbitals: NDArray, begin: int, end: int) -> NDArray[np.complex128]:
    if orbitals.shape != (space.modes, space.particles):
        raise ValueError(f"orbitals must have shape {(space.modes, space.particles)}, not {orbitals.shape}")
    psi = np.empty(end - begin, np.complex128)
    for first in range(begin, end, PIECE):
        last = min(first + PIECE, end)
        occupied = np.nonzero(space.numbers(first, last))[1].reshape(-1, space.particles)
        psi[first - begin : last - begin] = np.linalg.det(orbitals[occupied])
    return psi
