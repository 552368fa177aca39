"""Convolutions with the kernels of single pairs of species, before a scaling multiplies them.

Every kernel is one of the program's own terms for one species (model/terms): the same multipliers on the periodic box,
the same padded convolutions in free space. So the interaction of modes has no error that the mean field on the grid
does not have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture
from hpcmix.model.pair_kernels.scaled_multipliers import BoxMultiplier, PaddedMultiplier
from hpcmix.model.terms.contact import ContactTerm
from hpcmix.model.terms.entry_kernels import coupling_at_a_point, kernel_of
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.kernel_term import KernelShape
from hpcmix.model.terms.periodic import PeriodicTerm
from hpcmix.model.terms.term import Term
from hpcmix.problem.schema import Problem


@dataclass(frozen=True)
class PairKernel:
    """All interactions of one pair of species, as an operator on densities.

    first, second  indices of the species, first <= second
    terms          each of them for one density: its potential is the kernel's convolution
    """

    first: int
    second: int
    terms: tuple[Term, ...]

    def convolved(self, density: np.ndarray) -> np.ndarray:
        """V_ab * density on this rank's block, real, code units of energy for a density of one particle.
        Collective over the group."""
        total = np.zeros_like(density)
        for term in self.terms:
            (potential,) = term.potentials([density])
            if potential is not None:
                total += potential
        return total


def pair_kernels(problem: Problem, mixture: Mixture) -> list[PairKernel]:
    """The kernels of every pair that interacts, without the scaling's factors. Collective.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a scattering problem has no solution.
    """
    terms_of_pairs: dict[tuple[int, int], list[Term]] = {}
    for index, entry in enumerate(problem.interaction):
        terms_of_pairs.setdefault(problem.pair(entry.between), []).append(_term_of(problem, mixture, index))
    return [PairKernel(*pair, tuple(terms)) for pair, terms in sorted(terms_of_pairs.items())]


def _term_of(problem: Problem, mixture: Mixture, index: int) -> Term:
    """The interaction that is number `index` in the file, for one species with itself."""
    entry, grid = problem.interaction[index], mixture.grid
    if entry.kernel_boundary is None:
        return ContactTerm.constant(np.array([[coupling_at_a_point(entry, problem, index)]]))
    kernel = kernel_of(entry, problem, index, _largest_wave_number(grid))
    couplings = np.array([[entry.coefficient(problem)]])
    engine = mixture.engine
    if entry.kernel_boundary == "periodic":
        block = engine.real_transform().wave_block
        wave_numbers, directed = (grid.broadcast_wave_numbers(block, odd=odd, real=True) for odd in (False, True))
        return PeriodicTerm([KernelShape(couplings, BoxMultiplier(kernel, wave_numbers, directed))], engine)
    padded = engine.padded_transform()
    spacings = padded.on_three_axes(grid.spacings, 1.0)
    place = (padded.points, spacings, padded.padded, padded.first, padded.count)
    return FreeSpaceTerm([KernelShape(couplings, PaddedMultiplier(kernel, place, engine.real_dtype))], engine)


def _largest_wave_number(grid: Grid) -> float:
    """|k| of the shortest wave of the grid."""
    return math.sqrt(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))
