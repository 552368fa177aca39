"""The flow of coherently coupled components: kinetic energies and the coupling between them, as one."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.kernels.coupled_transforms import Symbol
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.transforms.multipliers import Turn
from hpcmix.parallel.transforms.spectral_matrix import CommonMatrix, LevelMatrix, SpectralMatrix


@dataclass(frozen=True)
class _Made:
    """A matrix in wave-number space, and the coupling matrices of all species that it was made of."""

    constant: np.ndarray
    slope: np.ndarray
    matrix: SpectralMatrix

    def is_of(self, constant: np.ndarray, slope: np.ndarray) -> bool:
        """Whether it was made of these."""
        if self.constant is constant and self.slope is slope:
            return True
        return np.array_equal(self.constant, constant) and np.array_equal(self.slope, slope)


class CoupledDrift:
    """The drift of the species of one coupled group:

        phi_a <- F^-1 sum_b exp(-i duration H(k) / hbar)_ab F phi_b,
        H_ab(k) = T_a(k) delta_ab + E_ab + (T_a(k) - T_b(k)) S_ab,

    with E and S from :meth:`~hpcmix.model.components.rabi.RabiCouplings.effective`. Where all species have one kinetic
    energy T, a sum over axes, T commutes with the coupling: exp(-i duration T / hbar), a product of one-dimensional
    factors, times one p x p matrix. Else H has a matrix of its own at every wave vector.

    group  the coupled species, by index.
    Making one is collective.
    """

    def __init__(self, mixture: Mixture, group: tuple[int, ...]) -> None:
        self._mixture = mixture
        self._group = group
        self._part = np.ix_(group, group)
        self._kinetic = [mixture.species[a].multiplier for a in group]
        self._symbols: list[Symbol] = [one.symbol(mixture.grid, mixture.engine) for one in self._kinetic]
        one_for_all = all(one == self._kinetic[0] for one in self._kinetic)
        self._common = one_for_all and not isinstance(self._symbols[0], np.ndarray)
        # what the kinetic energies differ from their mean by, at most; two components are done in closed form
        self._spread = np.zeros(len(group)) if self._common or len(group) == 2 else self._largest_differences()
        self._made: dict[float, _Made] = {}
        self._factors: dict[float, Sequence[np.ndarray]] = {}

    def forget_factors(self) -> None:
        """Drop what was kept for the durations so far: they do not come again."""
        self._made.clear()
        self._factors.clear()

    def move(self, fields: Mapping[int, np.ndarray], constant: np.ndarray, slope: np.ndarray, duration: float) -> None:
        """Move the group's fields, which are half way, in place. Collective.

        fields           one of every coupled species, by index.
        constant, slope  E and S of all species.
        """
        matrix = self._matrix(constant, slope, duration)
        self._mixture.transform.multiply_matrix([fields[a] for a in self._group], matrix)

    def _matrix(self, constant: np.ndarray, slope: np.ndarray, duration: float) -> SpectralMatrix:
        """Kept for every duration, as long as the coupling does not change."""
        made = self._made.get(duration)
        if made is None or not made.is_of(constant, slope):
            make = self._common_matrix if self._common else self._level_matrix
            made = _Made(constant, slope, make(constant[self._part], slope[self._part], duration))
            self._made[duration] = made
        return made.matrix

    def _common_matrix(self, constant: np.ndarray, slope: np.ndarray, duration: float) -> CommonMatrix:
        """S has no part in it, for it is multiplied by T_a - T_b = 0."""
        mixture = self._mixture
        if duration not in self._factors:
            factors = self._kinetic[0].flow(mixture.grid, duration, mixture.transform.inverse_points, mixture.engine)
            if isinstance(factors, Turn):
                raise TypeError("a kinetic energy that is no sum over axes has a matrix at every wave vector")
            self._factors[duration] = factors
        return CommonMatrix(_exponential(constant, duration / mixture.hbar), self._factors[duration])

    def _level_matrix(self, constant: np.ndarray, slope: np.ndarray, duration: float) -> LevelMatrix:
        angle, scale = duration / self._mixture.hbar, self._mixture.transform.inverse_points
        return LevelMatrix(self._symbols, constant, slope, angle, scale, self._radius(constant, slope))

    def _radius(self, constant: np.ndarray, slope: np.ndarray) -> float:
        """No eigenvalue of H less the mean of its T_a is larger in size: Gershgorin's rows, at the largest differences
        of kinetic energies."""
        spread = self._spread
        differences = spread[:, np.newaxis] + spread
        np.fill_diagonal(differences, 0.0)
        return float(np.max(spread + np.sum(np.abs(constant) + differences * np.abs(slope), axis=1)))

    def _largest_differences(self) -> np.ndarray:
        """max over k of |T_a(k) - mean_b T_b(k)|, over all ranks. Collective."""
        largest = np.zeros(len(self._group))
        for planes in zip(*(one.planes(self._mixture.grid) for one in self._kinetic), strict=True):
            energies = np.stack([energy for _, energy in planes])
            away = np.abs(energies - np.mean(energies, axis=0))
            largest = np.maximum(largest, np.max(away.reshape(len(away), -1), axis=1, initial=0.0))
        return self._mixture.communicators.maximum(largest)


def _exponential(matrix: np.ndarray, angle: float) -> np.ndarray:
    """exp(-i angle matrix) of a Hermitian matrix; for two components as the compiled kernels do it, for a coupling that
    changes asks for it in every drift."""
    if len(matrix) > 2:
        levels, vectors = np.linalg.eigh(matrix)
        return (vectors * np.exp(-1j * angle * levels)) @ vectors.conj().T
    (first, across), (_, second) = matrix.tolist()
    half = 0.5 * (first.real - second.real)
    size = math.hypot(half, abs(across))
    cosine, sine = math.cos(angle * size), math.sin(angle * size) / size if size > 0.0 else angle
    phase = cmath.exp(-0.5j * angle * (first.real + second.real))
    return np.array(
        [
            [phase * (cosine - 1j * sine * half), phase * (-1j * sine * across)],
            [phase * (-1j * sine * across.conjugate()), phase * (cosine + 1j * sine * half)],
        ]
    )


def coupled_drifts(mixture: Mixture) -> list[CoupledDrift]:
    """One for each coupled group. Collective."""
    return [CoupledDrift(mixture, group) for group in mixture.rabi.groups]


def move_coupled(
    drifts: Sequence[CoupledDrift],
    mixture: Mixture,
    moved: Sequence[Mapping[int, np.ndarray]],
    start: Instant,
    duration: float,
) -> None:
    """Move fields of all coupled groups by a drift from `start`, in place: every entry holds one of every coupled
    species, by index. Collective."""
    if drifts:
        constant, slope = mixture.rabi.effective(start, duration)
        for fields in moved:
            for drift in drifts:
                drift.move(fields, constant, slope, duration)
