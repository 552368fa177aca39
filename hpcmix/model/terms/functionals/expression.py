"""Energy densities that the file writes as expressions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.problem.units.derivatives import derivatives, second_derivatives
from hpcmix.problem.units.expressions import Expression


class ExpressionTerm(LocalFunctional):
    """e = an expression in the densities of some species, in the order of its variables; its derivatives are taken on
    its syntax tree. A second derivative that is infinite where a density is zero is taken as zero there."""

    def __init__(self, species: Sequence[int], expression: Expression) -> None:
        super().__init__(species)
        self._expression = expression

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        return self._array(self._expression.evaluate(**self._values(densities)), densities)

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        _, slopes = derivatives(self._expression, self._expression.variables, **self._values(densities))
        return [self._array(slope, densities) for slope in slopes]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        rows = second_derivatives(self._expression, self._expression.variables, **self._values(densities))
        return [
            [np.nan_to_num(self._array(value, densities), copy=False, nan=0.0, posinf=0.0, neginf=0.0) for value in row]
            for row in rows
        ]

    def _values(self, densities: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(self._expression.variables, densities, strict=True))

    @staticmethod
    def _array(value: np.ndarray | np.float64, densities: Sequence[np.ndarray]) -> np.ndarray:
        """A new array of the densities' type and shape."""
        return np.broadcast_to(value, densities[0].shape).astype(densities[0].dtype)
