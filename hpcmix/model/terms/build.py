"""From the interactions of a problem file to the terms of the model."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.coulomb_kernel import YukawaKernel
from hpcmix.model.dipolar_kernel import DipolarKernel
from hpcmix.model.gaussian_kernel import GaussianKernel
from hpcmix.model.kernel import Kernel, RadialKernel
from hpcmix.model.padded_multiplier import padded_multiplier
from hpcmix.model.radial_functions import radial_function
from hpcmix.model.scaled_multipliers import BoxMultiplier, PaddedMultiplier
from hpcmix.model.scattering import NoScatteringSolution, neumann_problem, relative_coefficient, scattering_length
from hpcmix.model.scattering_kernel import ScatteringKernel
from hpcmix.model.terms.contact import ContactTerm
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.local import LocalFunctional
from hpcmix.model.terms.periodic import PeriodicTerm, Rescale
from hpcmix.model.terms.power import PowerTerm
from hpcmix.model.terms.term import Term
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.padded_transform import PaddedTransform
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transform import Transform
from hpcmix.problem import interactions as entries
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.functionals import PowerFunctional
from hpcmix.problem.schema import Problem

Pair = tuple[int, int]


def terms_of(
    problem: Problem, communicators: Communicators, dtype: np.dtype, grid: Grid, timers: Timers, way: str
) -> tuple[Term, ...]:
    """All terms of the interaction energy: contact couplings, kernels on the periodic box, kernels in free space,
    local functionals. Raises :class:`ProblemError` where a scattering problem has no solution. Collective."""
    return (
        *_contact_terms(problem),
        *_kernel_terms(problem, communicators, dtype, grid, timers, way),
        *(functional_of(entry, problem) for entry in problem.functional),
    )


def _contact_terms(problem: Problem) -> list[Term]:
    """All contact couplings as one term, those that a scattering problem gives in the limit included."""
    couplings = np.zeros((len(problem.species),) * 2)
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is not None:
            continue
        a, b = problem.pair(entry.between)
        coupling = entry.coupling(problem) if entry.kind == "contact" else _coupling_in_the_limit(problem, index)
        couplings[a, b] += problem.prefactors.kernel_factor(a, b) * coupling
        couplings[b, a] = couplings[a, b]
    return [ContactTerm(couplings)] if couplings.any() else []


def _kernel_terms(
    problem: Problem, communicators: Communicators, dtype: np.dtype, grid: Grid, timers: Timers, way: str
) -> list[Term]:
    """All kernels: those on the periodic box share one transform, those in free space another; `way` is the exchange
    that both use. Collective."""
    periodic: dict[Pair, list[Kernel]] = {}
    free: dict[Pair, list[Kernel]] = {}
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is None:
            continue
        kernel = kernel_of(entry, problem, index, _largest_wave_number(grid))
        where = free if entry.kernel_boundary == "free" else periodic
        where.setdefault(problem.pair(entry.between), []).append(kernel)
    species = len(problem.species)
    terms: list[Term] = []
    if periodic:
        transform = make_transform(communicators, True, dtype, timers, way, species)
        multipliers, rescale = _on_the_box(periodic, grid, transform, problem)
        terms.append(PeriodicTerm(multipliers, species, transform, rescale))
    if free:
        padded = PaddedTransform(communicators, dtype, timers, len({a for pair in free for a in pair}), way)
        multipliers, rescale = _in_free_space(free, grid, padded, problem)
        terms.append(FreeSpaceTerm(multipliers, species, padded, rescale))
    return terms


def _largest_wave_number(grid: Grid) -> float:
    return math.sqrt(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))


def _on_the_box(
    kernels: dict[Pair, list[Kernel]], grid: Grid, transform: Transform, problem: Problem
) -> tuple[dict[Pair, np.ndarray], dict[Pair, Rescale]]:
    """The multipliers on this rank's block, kernels of one pair added up, the scaling's factor included; and how they
    change with the frame."""
    wave_numbers, directed = (
        grid.broadcast_wave_numbers(transform.wave_block, odd=odd, real=True) for odd in (False, True)
    )
    multipliers, rescale = {}, {}
    for pair, several in kernels.items():
        factor = problem.prefactors.kernel_factor(*pair)
        values = sum(kernel.multiplier(wave_numbers, directed) for kernel in several)
        multipliers[pair] = (factor * values).astype(transform.position_dtype)
        if grid.frame.expanding:
            rescale[pair] = BoxMultiplier(several, factor, wave_numbers, directed, transform.position_dtype)
    return multipliers, rescale


def _in_free_space(
    kernels: dict[Pair, list[Kernel]], grid: Grid, transform: PaddedTransform, problem: Problem
) -> tuple[dict[Pair, tuple[np.ndarray, bool]], dict[Pair, Rescale]]:
    """The padded multipliers on this rank's planes, kernels of one pair added up, the scaling's factor included; and
    how they change with the frame."""
    spacings = transform.on_three_axes(grid.spacings, 1.0)
    place = (transform.points, spacings, transform.padded, transform.first, transform.count)
    multipliers, rescale = {}, {}
    for pair, several in kernels.items():
        factor = problem.prefactors.kernel_factor(*pair)
        values, folded = padded_multiplier(several, *place)
        values = (factor * values).astype(transform.real_dtype)
        multipliers[pair] = (values, folded)
        if grid.frame.expanding:
            rescale[pair] = PaddedMultiplier(several, factor, place, values)
    return multipliers, rescale


# ---------------------------------------------------------------- one kernel


@singledispatch
def kernel_of(entry: object, problem: Problem, index: int, largest: float) -> Kernel:
    """The kernel of the interaction `entry`, which is number `index` in the file; `largest` is the grid's largest
    |k|. Raises :class:`ProblemError` where a scattering problem has no solution."""
    raise TypeError(f"{type(entry).__name__} has no kernel")


@kernel_of.register
def _(entry: entries.GaussianInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return GaussianKernel(entry.strength, entry.width, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.YukawaInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(entry.strength, entry.screening, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.CoulombInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(entry.strength, 0.0, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.DipolarInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return DipolarKernel(entry.coupling(problem), entry.unit_direction)


@kernel_of.register
def _(entry: entries.TableInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return RadialKernel(radial_function(entry), problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.ScatteringInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    number = entry.particles
    try:
        solution = neumann_problem(
            radial_function(entry.potential),
            _relative_coefficient(problem, entry),
            number * entry.neumann_radius,
            largest / number,
        )
    except NoScatteringSolution as error:
        raise ProblemError.of(f"interaction.{index}.potential", str(error)) from error
    return ScatteringKernel(solution, number)


def _relative_coefficient(problem: Problem, entry) -> float:
    first, second = (problem.species_named(name).mass for name in entry.between)
    return relative_coefficient(first, second, problem.hbar)


def _coupling_in_the_limit(problem: Problem, index: int) -> float:
    """2 pi hbar^2 a / m_red with the scattering length of the potential."""
    entry = problem.interaction[index]
    try:
        length = scattering_length(radial_function(entry.potential), _relative_coefficient(problem, entry)).value
    except NoScatteringSolution as error:
        raise ProblemError.of(f"interaction.{index}.potential", str(error)) from error
    return 2.0 * math.pi * problem.hbar**2 * length / problem.reduced_mass(entry.between)


# ---------------------------------------------------------------- one functional


@singledispatch
def functional_of(entry: object, problem: Problem) -> LocalFunctional:
    """The term of the functional `entry` of the file."""
    raise TypeError(f"{type(entry).__name__} has no term")


@functional_of.register
def _(entry: PowerFunctional, problem: Problem) -> LocalFunctional:
    return PowerTerm(problem.indices(entry.species), entry.strength, entry.exponent)
