"""Structures that a file asks for and its grid does not show: cores of vortices, surfaces of droplets.

Imports no MPI.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hpcmix.model.terms.entry_kernels import contact_couplings
from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.model.terms.functionals.of_entries import functional_of
from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.checks.expected.warnings import expected_warnings
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.functionals.lee_huang_yang import LeeHuangYangFunctional
from hpcmix.problem.units.measure_words import MeasureWords


def grid_warnings(problem: Problem) -> list[str]:
    """A sentence for everything that box and grid will not hold or show, as far as the file tells it."""
    return [*expected_warnings(problem), *structure_warnings(problem)]


def structure_warnings(problem: Problem) -> list[str]:
    """A sentence for every structure that is finer than the grid, with its length and the spacing; none where
    ``output.resolution`` is "ignore"."""
    if problem.output.resolution == "ignore":
        return []
    return [f"warning: {sentence}" for sentence in (*_cores(problem), *_surfaces(problem))]


def has_cores(problem: Problem, index: int) -> bool:
    """Whether a species has vortices, rings or steps of the phase from its start, or may be filled with vortices by a
    rotation: places where its density falls to zero within a healing length."""
    species = problem.species[index]
    imprinted = species.has_orbitals and species.wave_functions.is_imprinted
    return not species.is_set and species.has_orbitals and (imprinted or problem.rotation is not None)


def core_sentence(problem: Problem, index: int, healing: float) -> str | None:
    """What to say of cores of a healing length xi = hbar / sqrt(2 m g n): within it the density falls to zero, and of
    the spectrum of so steep a fall, exp(-pi k xi / sqrt 2), a grid with the spacing xi lacks 1e-3 and one with twice
    that 3e-2. None where the grid has more."""
    spacings = problem.grid.spacings
    coarse = [axis for axis, spacing in enumerate(spacings) if healing < spacing]
    if not coarse:
        return None
    largest = max(spacings[axis] for axis in coarse)
    return (
        f'species "{problem.species[index].name}": along {problem.grid.in_words(coarse)} its healing length, about '
        f"{_length(problem, healing)}, is below the spacing of the grid, {_length(problem, largest)}: the cores "
        "of vortices and what else the phase cuts into its density are not resolved; use more points or a smaller box"
    )


def _cores(problem: Problem) -> Iterator[str]:
    for index in range(len(problem.species)):
        healing = expected_lengths(problem, index).healing if has_cores(problem, index) else None
        sentence = None if healing is None else core_sentence(problem, index, healing)
        if sentence is not None:
            yield sentence


def _surfaces(problem: Problem) -> Iterator[str]:
    """Droplets of two condensates whose mean field would let them collapse and whose quantum fluctuations hold them."""
    for entry in problem.functional:
        if not isinstance(entry, LeeHuangYangFunctional) or len(entry.species) != 2:
            continue
        width = surface_width(problem, entry)
        coarse = [] if width is None else [a for a, spacing in enumerate(problem.grid.spacings) if width < spacing]
        if width is None or not coarse:
            continue
        largest = max(problem.grid.spacings[axis] for axis in coarse)
        yield (
            f'a droplet of "{entry.species[0]}" and "{entry.species[1]}" has a surface of about '
            f"{_length(problem, width)}, below the spacing of the grid along {problem.grid.in_words(coarse)}, "
            f"{_length(problem, largest)}: the grid does not resolve it; use more points or a smaller box"
        )


def _length(problem: Problem, value: float) -> str:
    return MeasureWords(problem.scales).lengths([value], digits=3)


def surface_width(problem: Problem, entry: LeeHuangYangFunctional) -> float | None:
    """The length xi over which the density of a droplet falls off, of two species in three dimensions (Petrov, Phys.
    Rev. Lett. 115 (2015) 155302); None where the mean field is stable or this is not known.

    With n_2 = r n_1, r = sqrt(g_11 / g_22), and n_1 = phi^2 the energy is

        K |grad phi|^2 - A phi^4 + C phi^5,    K = (hbar^2 / 2) (1/m_1 + r/m_2),
        A = -(g_11 + 2 r g_12 + r^2 g_22) / 2.

    Its pressure is zero at sqrt(n_0) = 2 A / 3 C, and in units of n_0 and of xi = sqrt(3 K / A n_0) it is
    |grad f|^2 / 2 - 3 f^4 / 2 + f^5, whose surface falls like exp(-x).
    """
    if problem.grid.dimensions != 3 or problem.scaling is not None:
        return None
    term = functional_of(entry, problem)
    if not isinstance(term, LocalFunctional):
        return None
    a, b = problem.indices(entry.species)
    couplings = contact_couplings(problem)
    own, other, between = couplings[a, a], couplings[b, b], couplings[a, b]
    if own <= 0.0 or other <= 0.0:
        return None
    ratio = math.sqrt(own / other)
    attraction = float(-0.5 * (own + 2.0 * ratio * between + ratio**2 * other))
    repulsion = float(term.energy_density([np.ones(1), np.full(1, ratio)])[0])
    if attraction <= 0.0 or repulsion <= 0.0:
        return None
    first, second = (problem.species[index].mass for index in (a, b))
    stiffness = 0.5 * problem.hbar**2 * (1.0 / first + ratio / second)
    return math.sqrt(3.0 * stiffness / attraction) * 3.0 * repulsion / (2.0 * attraction)
