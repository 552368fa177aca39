"""Local functionals of the densities: E = integral e(rho_1, ..., rho_p) dx.

The potential of a species at a point, de/drho_a, depends on the densities at that point, which a kick leaves alone: the
kick stays exact, and splittings keep their order.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.term import Densities, Fields, Term


class LocalFunctional(Term):
    """A functional of the densities of some species, by their indices. A subclass gives e and its derivatives as
    functions of those densities, in the laboratory; each takes and returns arrays of one shape.

    In a frame x = b y the laboratory's density is n = b^-d rho: the potential is b^2 e_a(n), and the energy b^d times
    the integral of e(n) over y. Of a functional that is homogeneous of degree g these are b^(2 - d (g - 1)) e_a(rho)
    and b^(-d (g - 1)) times the integral of e(rho), which have a limit where the frame expands to infinity.

    species  their indices in the mixture.
    degree   g; None where e is not homogeneous.
    """

    name = "functional"

    def __init__(self, species: Sequence[int], degree: float | None = None) -> None:
        self._species = tuple(species)
        self._degree = degree

    @abstractmethod
    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        """e(n_1, ..., n_p)."""

    @abstractmethod
    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """de/dn_a of every species of the functional: new arrays."""

    @abstractmethod
    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        """d2e/dn_a dn_b, finite where a density is zero (its changes vanish there faster than e_ab may grow)."""

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        fields: Fields = [None] * len(densities)
        chosen, factor = self._in_laboratory(densities, instant, -2.0)
        for a, value in zip(self._species, self.derivatives(chosen), strict=True):
            value *= value.dtype.type(factor)
            fields[a] = value
        return fields

    def energies(
        self, densities: Densities, potentials: Fields, grid: Grid, instant: Instant = BEFORE_START
    ) -> np.ndarray:
        """See :class:`~hpcmix.model.terms.term.Term`: at every point shared in the ratio of the densities."""
        chosen, factor = self._in_laboratory(densities, instant, -grid.dimensions)
        if self._degree is not None:
            factor = instant.contraction ** (grid.dimensions * (self._degree - 1.0))
        values, total = self.energy_density(chosen), np.sum(chosen, axis=0)
        per_particle = np.divide(values, total, out=np.zeros_like(total), where=total > 0.0)
        shares = np.zeros(len(densities))
        for a, density in zip(self._species, chosen, strict=True):
            shares[a] = factor * grid.integrate(density, per_particle)
        return shares

    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> Fields:
        fields: Fields = [None] * len(densities)
        for a, row in zip(self._species, self._second_derivatives(densities, instant), strict=True):
            fields[a] = np.asarray(sum(value * changes[b] for b, value in zip(self._species, row, strict=True)))
        return fields

    @property
    def responds_at_points(self) -> bool:
        return True

    def point_responses(self, densities: Densities, instant: Instant = BEFORE_START) -> list[list[np.ndarray | None]]:
        matrix: list[list[np.ndarray | None]] = [[None] * len(densities) for _ in densities]
        for a, row in zip(self._species, self._second_derivatives(densities, instant), strict=True):
            for b, value in zip(self._species, row, strict=True):
                matrix[a][b] = value
        return matrix

    def _second_derivatives(self, densities: Densities, instant: Instant) -> Sequence[Sequence[np.ndarray]]:
        """b^(2-d) e_ab(n) of the functional's species; b^(2 - d (g - 1)) e_ab(rho) where e is homogeneous."""
        chosen, factor = self._in_laboratory(densities, instant, np.ndim(densities[0]) - 2.0)
        rows = self.second_derivatives(chosen)
        if factor == 1.0:
            return rows
        different = {id(value): value for row in rows for value in row}  # species often share one array
        scaled = {key: value * value.dtype.type(factor) for key, value in different.items()}
        return [[scaled[id(value)] for value in row] for row in rows]

    def _in_laboratory(self, densities: Densities, instant: Instant, power: float) -> tuple[list[np.ndarray], float]:
        """The arguments of e, and what its derivatives are multiplied by: contraction^`power`, with the densities
        diluted; or all at once where e is homogeneous."""
        contraction = instant.contraction
        chosen = [densities[a] for a in self._species]
        axes = chosen[0].ndim
        if self._degree is not None:
            return chosen, contraction ** (axes * (self._degree - 1.0) - 2.0)
        if contraction == 1.0:
            return chosen, 1.0
        dilution = contraction**axes
        return [density.dtype.type(dilution) * density for density in chosen], contraction**power
