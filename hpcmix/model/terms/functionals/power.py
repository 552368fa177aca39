"""Powers of the density, such as the energy of three-body repulsion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.functionals.local import LocalFunctional


class PowerTerm(LocalFunctional):
    """e = c rho^g, with rho the sum of the densities of some species.

    energy     c integral rho^g
    potential  g c rho^(g-1), the same for all of them
    response   g (g-1) c rho^(g-2) times the change of rho

    Where g < 2 the last factor grows without bound as the density vanishes; the changes there are of the order of
    sqrt(rho), so that the second variation of the energy is finite: it is taken as zero where rho is.
    """

    def __init__(self, species: Sequence[int], strength: float, exponent: float) -> None:
        super().__init__(species, degree=exponent)
        self._strength = strength
        self._exponent = exponent

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        return self._power(densities, self._strength, self._exponent)

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        value = self._power(densities, self._strength * self._exponent, self._exponent - 1.0)
        return [value, *(value.copy() for _ in densities[1:])]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        exponent = self._exponent
        value = self._power(densities, self._strength * exponent * (exponent - 1.0), exponent - 2.0)
        return [[value] * len(densities)] * len(densities)

    def point_functions(
        self, species: int, dimensions: int, instant: Instant = BEFORE_START
    ) -> Sequence[PointFunction] | None:
        """See :class:`~hpcmix.model.terms.term.Term`: of potentials that are whole powers of the root of rho."""
        power = round(2.0 * (self._exponent - 1.0))
        if power < 1 or power != 2.0 * (self._exponent - 1.0):
            return None
        taking_part = np.zeros(species)
        taking_part[list(self._species)] = 1.0
        factor = self._strength * self._exponent * instant.contraction ** (dimensions * (self._exponent - 1.0) - 2.0)
        return [PointFunction(taking_part[np.newaxis], power, factor * taking_part[:, np.newaxis])]

    @staticmethod
    def _power(densities: Sequence[np.ndarray], factor: float, exponent: float) -> np.ndarray:
        """factor rho^exponent; zero where the density is, if the exponent is negative."""
        total = sum(densities[1:], densities[0])
        number = total.dtype.type
        if exponent >= 0.0:
            return number(factor) * total ** number(exponent)
        result = np.zeros_like(total)
        np.power(total, number(exponent), out=result, where=total > 0.0)
        result *= number(factor)
        return result
