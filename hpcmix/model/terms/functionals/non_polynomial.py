"""A condensate along a line that its own density widens across (the non-polynomial equation)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.terms.functionals.local import LocalFunctional


class NonPolynomialTerm(LocalFunctional):
    """e = E n sqrt(1 + 2 a n), E = hbar omega the quantum of the trap across and a the scattering length.

    energy     integral E n sqrt(1 + 2 a n) dx, what the trap across takes without interaction, E for each particle,
               included
    potential  E (1 + 3 a n) / sqrt(1 + 2 a n)
    response   E a (2 + 3 a n) / (1 + 2 a n)^(3/2) times the change of n

    It is the lowest energy of a Gaussian across of any width, l^2 sqrt(1 + 2 a n) in place of l^2 (Salasnich, Parola
    and Reatto, Phys. Rev. A 65 (2002) 043614). Where a is negative and 1 + 2 a n is not positive there is no such width
    and the cloud collapses: the energy is infinite, which keeps searches away, and the derivatives are no numbers,
    which ends runs.
    """

    def __init__(self, species: int, quantum: float, scattering_length: float) -> None:
        super().__init__([species])
        self._quantum = quantum
        self._length = scattering_length

    def dilute_couplings(self, species: int) -> np.ndarray | None:
        """See :class:`~hpcmix.model.terms.term.Term`: 2 E a, that of the contact interaction across the trap."""
        couplings = np.zeros((species, species))
        (own,) = self._species
        couplings[own, own] = 2.0 * self._quantum * self._length
        return couplings

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        (density,) = densities
        number = density.dtype.type
        root = np.sqrt(self._square(density))
        return np.asarray(np.where(np.isnan(root), number(np.inf), number(self._quantum) * density * root))

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        (density,) = densities
        number, square = density.dtype.type, self._square(density)
        return [number(self._quantum) * (1 + number(3.0 * self._length) * density) / np.sqrt(square)]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        (density,) = densities
        number, square = density.dtype.type, self._square(density)
        factor = number(self._quantum * self._length)
        return [[factor * (2 + number(3.0 * self._length) * density) / (square * np.sqrt(square))]]

    def _square(self, density: np.ndarray) -> np.ndarray:
        """1 + 2 a n, the fourth power of the width over l; no number where it is not positive."""
        number = density.dtype.type
        square = 1 + number(2.0 * self._length) * density
        return np.asarray(np.where(square > 0, square, number(np.nan)))
