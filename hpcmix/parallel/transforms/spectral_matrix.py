"""Matrices in wave-number space: what a drift of coherently coupled components multiplies their spectra with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from hpcmix.kernels.coupled_transforms import Symbol


class SpectralMatrix(ABC):
    """A p x p matrix at every wave vector, spectrum_a <- sum_b M_ab(k) spectrum_b for the spectra of p fields.

    A factor 1/n_points is the matrix's to hold; `kernels` are those that the transform works with. Local.
    """

    @abstractmethod
    def multiply_lines(self, kernels: ModuleType, fields: Sequence[np.ndarray]) -> None:
        """Transform along the first axis, multiply, transform back, in place: for spectra in which that axis is the
        only one not yet transformed."""

    @abstractmethod
    def of_plane(self, place: int) -> SpectralMatrix:
        """The matrix on one plane of the first axis, which it keeps with the extent one."""

    def multiply_spectra(self, kernels: ModuleType, spectra: Sequence[np.ndarray]) -> None:
        """Multiply whole spectra, in place: plane by plane, for a transform along an axis of one point does nothing."""
        for place in range(len(spectra[0])):
            self.of_plane(place).multiply_lines(kernels, [spectrum[place : place + 1] for spectrum in spectra])


@dataclass(frozen=True)
class CommonMatrix(SpectralMatrix):
    """One matrix for all wave vectors, times a factor that is a product of one table for each axis."""

    matrix: np.ndarray
    factors: Sequence[np.ndarray]

    def multiply_lines(self, kernels: ModuleType, fields: Sequence[np.ndarray]) -> None:
        kernels.multiply_lines_by_matrix(fields, self.matrix, self.factors)

    def of_plane(self, place: int) -> CommonMatrix:
        return CommonMatrix(self.matrix, [self.factors[0][place : place + 1], *self.factors[1:]])

    def multiply_spectra(self, kernels: ModuleType, spectra: Sequence[np.ndarray]) -> None:
        """See :meth:`SpectralMatrix.multiply_spectra`; a line at once, as the second axis of a plane."""
        if spectra[0].ndim > 1:
            super().multiply_spectra(kernels, spectra)
            return
        of_row = CommonMatrix(self.matrix, [np.ones(1, np.complex128), *self.factors])
        of_row.multiply_lines(kernels, [spectrum[np.newaxis] for spectrum in spectra])


@dataclass(frozen=True)
class LevelMatrix(SpectralMatrix):
    """scale exp(-i angle H(k)) with H_ab = T_a delta_ab + constant_ab + (T_a - T_b) slope_ab, Hermitian.

    symbols  T_a(k) of every field.
    constant, slope
             Hermitian and anti-Hermitian matrices.
    radius   as large as any eigenvalue of H less the mean of its T_a, at any wave vector of any rank.
    """

    symbols: Sequence[Symbol]
    constant: np.ndarray
    slope: np.ndarray
    angle: float
    scale: float
    radius: float

    def multiply_lines(self, kernels: ModuleType, fields: Sequence[np.ndarray]) -> None:
        kernels.turn_coupled_lines(fields, self.symbols, self.constant, self.slope, self.angle, self.scale, self.radius)

    def of_plane(self, place: int) -> LevelMatrix:
        here = slice(place, place + 1)
        return self._with(
            [
                symbol[here] if isinstance(symbol, np.ndarray) else [symbol[0][here], *symbol[1:]]
                for symbol in self.symbols
            ]
        )

    def multiply_spectra(self, kernels: ModuleType, spectra: Sequence[np.ndarray]) -> None:
        """See :meth:`SpectralMatrix.multiply_spectra`; a line at once, as the second axis of a plane."""
        if spectra[0].ndim > 1:
            super().multiply_spectra(kernels, spectra)
            return
        of_row = self._with(
            [
                symbol[np.newaxis] if isinstance(symbol, np.ndarray) else [np.zeros(1), *symbol]
                for symbol in self.symbols
            ]
        )
        of_row.multiply_lines(kernels, [spectrum[np.newaxis] for spectrum in spectra])

    def _with(self, symbols: Sequence[Symbol]) -> LevelMatrix:
        return LevelMatrix(symbols, self.constant, self.slope, self.angle, self.scale, self.radius)
