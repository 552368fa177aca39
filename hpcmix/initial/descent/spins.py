"""Spinor gases in the search for a ground state: the energy of their spins, and the magnetisation as a second number
that is kept.

On the sphere of a gas, sum_m |phi_m|^2 = 1, the states of magnetisation sum_m m |phi_m|^2 = M have two normals, phi_m
and m phi_m: two Lagrange parameters take the place of the chemical potential,

    (H phi)_m = (mu + m lambda) phi_m,

so that every component has a chemical potential of its own. Along a curve on them whose second derivative is a sum of
normals, E'' is 2 <d|(H - mu - m lambda) d> and what the interactions respond with. Back on them a state is brought by
phi_m -> a b^m phi_m, which is such a sum to second order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.model.components.spin import (
    Spin,
    along_spin,
    parts_of_charges,
    spin_density,
    squared_length,
)
from hpcmix.model.mixture import Mixture

Fields = Sequence[np.ndarray]
"""One field per species."""


class SpinEnergies:
    """c_2/2 integral |F|^2 of all spinor gases, and its derivatives at the fields seen last. Local."""

    def __init__(self, mixture: Mixture) -> None:
        self._spins, self._weights = mixture.rabi.spins, mixture.weights
        self._cell = mixture.grid.cell_volume
        self._field: list[list[np.ndarray]] = [[] for _ in self._spins]  # c_2 F of every gas

    def see(self, fields: Fields) -> float:
        """Take over the fields; this rank's part of their energy."""
        energy = 0.0
        for number, spin in enumerate(self._spins):
            phi, nu = spin.of(fields), self._weight(spin)
            density = [nu * part.real for part in spin_density(phi, phi)]
            energy += 0.5 * spin.strength * float(np.sum(squared_length(density)))
            self._field[number] = [spin.strength * part for part in density]
        return energy * self._cell

    def add_to(self, source: Fields, species: int, target: np.ndarray) -> None:
        """target += c_2 (F.f source)_a for one species a."""
        for spin, field in zip(self._spins, self._field, strict=True):
            if species in spin.members:
                target += along_spin(field, spin.of(source))[spin.members.index(species)]

    def second_variation(self, fields: Fields, vectors: Fields) -> float:
        """This rank's part of nu <d|c_2 F.f d> + c_2/2 integral |F'|^2, half the second derivative of the energy as phi
        moves along d, F' = 2 nu Re phi^+ f d."""
        total = 0.0
        for spin, field in zip(self._spins, self._field, strict=True):
            d, nu = spin.of(vectors), self._weight(spin)
            own = spin_density(d, d)
            total += nu * sum(float(np.sum(part * other.real)) for part, other in zip(field, own, strict=True))
            total += 0.5 * spin.strength * float(np.sum(squared_length(self._change(spin, fields, vectors))))
        return total * self._cell

    def add_responses(self, fields: Fields, vectors: Fields, result: Fields) -> None:
        """result += c_2 F'.f phi."""
        for spin in self._spins:
            change = self._change(spin, fields, vectors)
            turned = along_spin([spin.strength * part for part in change], spin.of(fields))
            for target, addition in zip(spin.of(result), turned, strict=True):
                target += addition

    def _change(self, spin: Spin, fields: Fields, vectors: Fields) -> list[np.ndarray]:
        """F' = 2 nu Re phi^+ f d."""
        factor = 2.0 * self._weight(spin)
        return [factor * part.real for part in spin_density(spin.of(fields), spin.of(vectors))]

    def _weight(self, spin: Spin) -> float:
        return float(self._weights[spin.members[0]])


class Magnetisations:
    """The spinor gases of a mixture whose magnetisation is kept while the ground state is looked for.

    Arguments are numbers of all species, such as <phi_a|phi_a>; all methods change them in place. Local.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._spins = [spin for spin in mixture.rabi.spins if spin.magnetisation is not None]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._spins)

    def combine(self, parts: np.ndarray, norms: np.ndarray, products: np.ndarray) -> None:
        """Put x + m y in the place of the parts of every component m, so that phi_m (x + m y) is what a vector with
        <phi_m|vector> = products has of the two normals."""
        for spin in self._spins:
            members = list(spin.members)
            parts[members] = parts_of_charges(norms[members], products[members])

    def scale(self, factors: np.ndarray, norms: np.ndarray) -> None:
        """Put a b^m in the place of the factors, with which |phi_m|^2 = norms come to the magnetisation and to one."""
        for spin in self._spins:
            if spin.magnetisation is not None:
                plus, zero, minus = (float(norms[a]) for a in spin.members)
                factors[list(spin.members)] = _factors(spin.magnetisation, plus, zero, minus)


def _factors(wanted: float, plus: float, zero: float, minus: float) -> tuple[float, float, float]:
    """a b^m with a^2 (b^2 plus + zero + minus / b^2) = 1 and a^2 (b^2 plus - minus / b^2) = wanted: b^2 is the positive
    root of (1 - M) plus b^4 - M zero b^2 - (1 + M) minus. At M = 1 and -1 a single component is left."""
    if wanted < 0.0:
        last, middle, first = _factors(-wanted, minus, zero, plus)
        return first, middle, last
    if wanted == 1.0:
        return 1.0 / math.sqrt(plus), 0.0, 0.0
    root = math.sqrt((wanted * zero) ** 2 + 4.0 * (1.0 - wanted**2) * plus * minus)
    ratio = (wanted * zero + root) / (2.0 * (1.0 - wanted) * plus) if plus > 0.0 else 1.0
    if not ratio > 0.0:  # no component but m = 0, and M = 0: nothing to be changed
        ratio = 1.0
    whole = 1.0 / (ratio * plus + zero + minus / ratio)
    return math.sqrt(whole * ratio), math.sqrt(whole), math.sqrt(whole / ratio)
