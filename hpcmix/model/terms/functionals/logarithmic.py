"""The square of a density times its logarithm: quantum fluctuations in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.terms.functionals.local import LocalFunctional


class LogarithmicTerm(LocalFunctional):
    """e = c rho^2 [ln(rho/rho_0) - 1].

    energy     c integral rho^2 [ln(rho/rho_0) - 1]
    potential  c rho [2 ln(rho/rho_0) - 1]
    response   c [2 ln(rho/rho_0) + 1] times the change of rho, zero where rho is: changes vanish faster there
    """

    def __init__(self, species: int, strength: float, density: float) -> None:
        super().__init__([species])
        self._strength = strength
        self._density = density

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        return self._times(densities[0] ** 2, densities[0], 1.0, -1.0)

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        return [self._times(densities[0], densities[0], 2.0, -1.0)]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        return [[self._times(np.ones_like(densities[0]), densities[0], 2.0, 1.0)]]

    def _times(self, factor: np.ndarray, density: np.ndarray, slope: float, constant: float) -> np.ndarray:
        """c factor [slope ln(rho/rho_0) + constant]; zero where the density is."""
        number = density.dtype.type
        result = np.zeros_like(density)
        present = density > 0.0
        np.log(density / number(self._density), out=result, where=present)
        result *= number(slope)
        result[present] += number(constant)
        return np.asarray(number(self._strength) * factor * result)
