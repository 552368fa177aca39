"""First guesses without the symmetries that a ground state may break.

A guess tilted by s_a = +1 or -1, phi_a -> phi_a (1 + s_a e tanh(x / w)), changes the interaction energy by a quadratic
form in the signs, e^2 / 2 sum_ab s_a s_b M_ab with M_ab the energy's second derivative along the densities' changes.
Species that repel each other have M_ab > 0 and are tilted to different sides - an immiscible mixture would otherwise
end at the symmetric saddle point, where both overlap -, those that attract each other to the same side, and one that
attracts itself (M_aa < 0) is tilted too: in one well of two its energy may be lower than in both. A state that is
symmetric goes back to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant

ASYMMETRY = 0.1
"""The relative displacement e."""
_MOST_SPECIES = 12
"""All signs are tried for so many species; beyond them one after the other."""


def tilt(mixture: Mixture, guesses: list[np.ndarray], species: Sequence[int]) -> None:
    """Tilt the guesses of some condensates, in place. Collective.

    Species that repel are tilted along the cloud's longest axis; where all go to the same side it is every axis, since
    nothing says along which of them there are two wells. Without any external potential all to the same side would be
    a displacement only, and is left out.
    """
    if not species:
        return
    shapes = {a: _slopes(mixture, guesses[a][0]) for a in species}
    changes = {a: shapes[a][0][shapes[a][1]] * _density(mixture, guesses[a][0], a) * 2.0 for a in species}
    matrix = np.zeros((len(species),) * 2)
    nothing = np.zeros(mixture.grid.position_shape, mixture.real_dtype)
    for column, b in enumerate(species):
        alone = [changes[a].astype(mixture.real_dtype) if a == b else nothing for a in range(len(guesses))]
        felt = mixture.interactions.responses(densities_of(mixture, guesses), alone)
        local = [mixture.grid.integrate(changes[a], felt[a]) for a in species]
        matrix[:, column] = mixture.communicators.sum(local)
    if len(mixture.species) == 1 and matrix[0, 0] >= 0.0:
        return
    signs = best_signs(matrix)
    together = len(set(signs)) == 1
    if together and all(species.external.value(Instant.before_start()) is None for species in mixture.species):
        return
    for a, sign in zip(species, signs, strict=True):
        slopes, longest = shapes[a]
        for axis, slope in enumerate(slopes):
            if axis == longest or together:
                guesses[a][0] *= 1.0 + sign * ASYMMETRY * slope


def best_signs(matrix: np.ndarray) -> tuple[float, ...]:
    """The signs s with the lowest sum_{a < b} s_a s_b M_ab, the first of them positive; of equally good ones those
    that alternate most."""
    count = len(matrix)
    scale = 1e-10 * float(np.max(np.abs(matrix)))
    alternating = tuple((-1.0) ** a for a in range(count))
    if count > _MOST_SPECIES:
        signs = [1.0]
        for a in range(1, count):
            pull = float(np.dot(matrix[a, :a], signs))
            signs.append(alternating[a] if abs(pull) <= scale else -np.sign(pull))
        return tuple(signs)
    best, lowest = alternating, _energy(matrix, alternating)
    for rest in product((1.0, -1.0), repeat=count - 1):
        energy = _energy(matrix, (1.0, *rest))
        if energy < lowest - scale:
            best, lowest = (1.0, *rest), energy
    return best


def _energy(matrix: np.ndarray, signs: Sequence[float]) -> float:
    return float(np.array(signs) @ np.triu(matrix, 1) @ np.array(signs))


def _density(mixture: Mixture, field: np.ndarray, index: int) -> np.ndarray:
    """nu |phi|^2 of a guess whose norm may be anything."""
    density = field.real**2 + field.imag**2
    total = float(mixture.communicators.sum([np.sum(density, dtype=np.float64)])[0]) * mixture.grid.cell_volume
    return density * (mixture.weights[index] / total) if total > 0.0 else density


def densities_of(mixture: Mixture, guesses: list[np.ndarray]) -> list[np.ndarray]:
    """The density of every guess, a condensate's whole in every orbital group."""
    densities = []
    for index, (guess, species) in enumerate(zip(guesses, mixture.species, strict=True)):
        if not species.is_set:
            densities.append(_density(mixture, guess[0], index).astype(mixture.real_dtype))
            continue
        density = species.weight * np.sum(guess.real**2 + guess.imag**2, axis=0, dtype=mixture.real_dtype)
        mixture.communicators.sum_over_groups(density)
        densities.append(density)
    return densities


def _slopes(mixture: Mixture, field: np.ndarray) -> tuple[list[np.ndarray], int]:
    """tanh(x / w) along every axis, w the width of the cloud about the origin, and the axis of the largest width."""
    grid = mixture.grid
    density = field.real**2 + field.imag**2
    spreads = [np.sum(density * x**2, dtype=np.float64) for x in grid.coordinates]
    total, *spreads = mixture.communicators.sum([np.sum(density, dtype=np.float64), *spreads])
    total = total if total > 0.0 else 1.0
    # of equal widths the first: not one that rounding chooses, which depends on the number of ranks
    longest = next(axis for axis, spread in enumerate(spreads) if spread >= max(spreads) * (1.0 - 1e-9))
    widths = [max((spread / total) ** 0.5, h) for spread, h in zip(spreads, grid.spacings, strict=True)]
    return [np.tanh(x / width) for x, width in zip(grid.coordinates, widths, strict=True)], longest
