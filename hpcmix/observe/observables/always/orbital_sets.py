"""What every record holds of a set of orbitals: its highest level, widths along the cloud's own axes in position and
momentum, and orthonormality."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import averages
from hpcmix.observe.measures.moments import principal_widths
from hpcmix.observe.measures.unwrapping import axis_lines, unwrapped
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import ENERGY, LENGTH, MOMENTUM


def orthonormality_defect(mixture: Mixture, orbitals: np.ndarray, species: int) -> float:
    """max_ij |<phi_i|phi_j> - delta_ij|. It bounds ||omega^2 - omega|| in operator norm by M times itself. Collective
    over the world."""
    gram = mixture.algebra(species).gram(orbitals)
    return float(np.max(np.abs(gram - np.eye(len(gram)))))


def highest_level(look: Look, species: int) -> float | None:
    """The largest eigenvalue of <phi_i|T + U + W|phi_j>: of a ground state the highest filled level. Where grid and
    laboratory agree; None where T acts by a Krylov space that may fail. Collective over the world.

    One transform of every orbital forwards and back, and as much algebra as their Gram matrix.
    """
    mixture, orbitals = look.mixture, look.state.orbitals[species]
    if mixture.species[species].kinetic.may_fail:
        return None
    potential = look.potential(species)
    work = np.empty(orbitals.shape[1:], orbitals.dtype)

    def apply(orbital: np.ndarray) -> None:
        np.copyto(work, orbital)
        mixture.apply_kinetic(work, species)
        orbital *= potential
        orbital += work

    apply_between = look.before_pending_kick(species, apply)

    def hamiltonian(piece: np.ndarray) -> np.ndarray:
        result = np.array(piece, order="C")
        for orbital in result:
            apply_between(orbital)
        return result

    matrix = mixture.algebra(species).overlaps(orbitals, orbitals, hamiltonian)
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T))[-1])


def natural_widths(mixture: Mixture, density: np.ndarray) -> list[float]:
    """Root mean square widths along the cloud's principal axes, ascending: roots of the eigenvalues of the covariance
    matrix <(x_a - <x_a>)(x_b - <x_b>)> over the density, with the positions that its centre is taken with. Collective
    over the group."""
    grid = mixture.grid
    lines = axis_lines(mixture, density)
    here = [unwrapped(grid, a, line)[grid.position_block.slices[a]] for a, line in enumerate(lines)]
    return principal_widths(mixture, density, here)[0]


class _HighestLevel(Observable):
    labels = (Label("highest_level", "highest filled level", ENERGY),)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].is_set and not mixture.grid.frame.expanding

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"highest_level": highest_level(look, species)}


class _NaturalWidths(Observable):
    labels = (
        Label("natural_width", "rms widths along the principal axes, ascending", LENGTH),
        Label("natural_momentum_width", "rms widths of the momenta along their principal axes, ascending", MOMENTUM),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].is_set

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        scale = look.mixture.grid.frame.scale(look.clock)
        return {
            "natural_momentum_width": look.once(averages)[species].widths,
            "natural_width": [scale * width for width in natural_widths(look.mixture, look.densities[species])],
        }


class _Orthonormality(Observable):
    labels = (Label("orthonormality_defect", "largest deviation of the orbitals' overlaps from the unit matrix"),)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].is_set

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        # a pending kick is one phase for all orbitals: it leaves their overlaps alone
        return {"orthonormality_defect": orthonormality_defect(look.mixture, look.state.orbitals[species], species)}


HIGHEST_LEVEL = _HighestLevel()
NATURAL_WIDTHS = _NaturalWidths()
ORTHONORMALITY = _Orthonormality()
