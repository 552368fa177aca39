"""The kernels of the interactions of a problem file, and the couplings of those that act at a point. Imports no MPI."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.model.pair_kernels.coulomb import YukawaKernel
from hpcmix.model.pair_kernels.dipoles.in_space import DipolarKernel
from hpcmix.model.pair_kernels.dipoles.transverse import TransverseDipolarKernel
from hpcmix.model.pair_kernels.gaussian import GaussianKernel
from hpcmix.model.pair_kernels.kernel import Kernel, RadialKernel
from hpcmix.model.pair_kernels.neumann import (
    NoScatteringSolution,
    neumann_problem,
    relative_coefficient,
    scattering_length,
)
from hpcmix.model.pair_kernels.radial.functions import radial_function
from hpcmix.model.pair_kernels.scattering import ScatteringKernel
from hpcmix.model.pair_kernels.soft_core import SoftCoreKernel
from hpcmix.model.potentials.envelope import Envelope
from hpcmix.model.terms.contact import SwitchedCouplings
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.contact import ContactInteraction
from hpcmix.problem.sections.interactions.dipolar import DipolarInteraction
from hpcmix.problem.sections.interactions.gaussian import GaussianInteraction
from hpcmix.problem.sections.interactions.inverse_distance import CoulombInteraction, YukawaInteraction
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.problem.sections.interactions.soft_core import SoftCoreInteraction
from hpcmix.problem.sections.interactions.table import TableInteraction


def contact_couplings(problem: Problem) -> np.ndarray:
    """g_ab of everything that acts at a point, as the file gives it or in the limit of a scattering problem, the
    scaling's factors included; without courses in time. Raises :class:`ProblemError` where a scattering problem has no
    solution."""
    return sum((part.couplings for part in contact_parts(problem)), np.zeros((len(problem.species),) * 2))


def contact_parts(problem: Problem) -> list[SwitchedCouplings]:
    """The same, a matrix for each course in time. Raises as :func:`contact_couplings`."""
    parts: dict[Envelope, SwitchedCouplings] = {}
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is not None:
            continue
        a, b = problem.pair(entry.between)
        envelope, none = Envelope.of(entry), np.zeros((len(problem.species),) * 2)
        where = f"interaction.{index}.factor"
        couplings = parts.setdefault(envelope, SwitchedCouplings(none, envelope, where)).couplings
        couplings[a, b] += problem.prefactors.kernel_factor(a, b) * coupling_at_a_point(entry, problem, index)
        couplings[b, a] = couplings[a, b]
    return list(parts.values())


@singledispatch
def coupling_at_a_point(entry: object, problem: Problem, index: int) -> float:
    """The coupling g of the interaction `entry`, which is number `index` in the file and has no kernel. Raises
    :class:`ProblemError` where a scattering problem has no solution."""
    raise TypeError(f"{type(entry).__name__} has no coupling at a point")


@coupling_at_a_point.register
def _(entry: ContactInteraction, problem: Problem, index: int) -> float:
    return entry.coupling(problem)


@coupling_at_a_point.register
def _(entry: ScatteringInteraction, problem: Problem, index: int) -> float:
    """2 pi hbar^2 a / m_red with the scattering length of the potential."""
    try:
        length = scattering_length(radial_function(entry.potential), coefficient_of_pair(problem, entry.between)).value
    except NoScatteringSolution as error:
        raise ProblemError.of(f"interaction.{index}.potential", str(error)) from error
    return 2.0 * math.pi * problem.hbar**2 * length / problem.reduced_mass(entry.between)


@singledispatch
def kernel_of(entry: object, problem: Problem, index: int, largest: float) -> Kernel:
    """The kernel of the interaction `entry`, which is number `index` in the file, with the factor one; `largest` is the
    grid's largest |k|. Raises :class:`ProblemError` where a scattering problem has no solution."""
    raise TypeError(f"{type(entry).__name__} has no kernel")


@kernel_of.register
def _(entry: GaussianInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return GaussianKernel(1.0, entry.width, problem.grid.dimensions)


@kernel_of.register
def _(entry: YukawaInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(1.0, entry.screening, problem.grid.dimensions)


@kernel_of.register
def _(entry: CoulombInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(1.0, 0.0, problem.grid.dimensions)


@kernel_of.register
def _(entry: DipolarInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    pair = problem.transverse(entry.between)
    if pair is None:
        return DipolarKernel(1.0, entry.unit_direction)
    return TransverseDipolarKernel(1.0, entry.unit_direction, pair.width, pair.axes)


@kernel_of.register
def _(entry: SoftCoreInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return SoftCoreKernel(1.0, entry.radius, problem.grid.dimensions)


@kernel_of.register
def _(entry: TableInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return RadialKernel(radial_function(entry), problem.grid.dimensions)


@kernel_of.register
def scattering_kernel(entry: ScatteringInteraction, problem: Problem, index: int, largest: float) -> ScatteringKernel:
    """N^3 (V f_l)(N x), with the solution f_l that it is made of; as :func:`kernel_of`. Raises
    :class:`ProblemError` where there is none."""
    number, neumann_radius = entry.neumann_problem
    try:
        solution = neumann_problem(
            radial_function(entry.potential),
            coefficient_of_pair(problem, entry.between),
            number * neumann_radius,
            largest / number,
        )
    except NoScatteringSolution as error:
        raise ProblemError.of(f"interaction.{index}.potential", str(error)) from error
    return ScatteringKernel(solution, number)


def coefficient_of_pair(problem: Problem, between: tuple[str, str]) -> float:
    """kappa = 2 m_red / hbar^2 of two species."""
    first, second = (problem.species_named(name).mass for name in between)
    return relative_coefficient(first, second, problem.hbar)
