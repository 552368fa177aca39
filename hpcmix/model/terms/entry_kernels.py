"""The kernels of the interactions of a problem file, and the couplings of those that act at a point. Imports no MPI."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.model.coulomb_kernel import YukawaKernel
from hpcmix.model.dipolar_kernel import DipolarKernel
from hpcmix.model.gaussian_kernel import GaussianKernel
from hpcmix.model.kernel import Kernel, RadialKernel
from hpcmix.model.radial_functions import radial_function
from hpcmix.model.scattering import NoScatteringSolution, neumann_problem, relative_coefficient, scattering_length
from hpcmix.model.scattering_kernel import ScatteringKernel
from hpcmix.problem import interactions as entries
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.schema import Problem


def contact_couplings(problem: Problem) -> np.ndarray:
    """g_ab of everything that acts at a point, as the file gives it or in the limit of a scattering problem, the
    scaling's factors included. Raises :class:`ProblemError` where a scattering problem has no solution."""
    couplings = np.zeros((len(problem.species),) * 2)
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is not None:
            continue
        a, b = problem.pair(entry.between)
        coupling = entry.coupling(problem) if entry.kind == "contact" else _coupling_in_the_limit(problem, index)
        couplings[a, b] += problem.prefactors.kernel_factor(a, b) * coupling
        couplings[b, a] = couplings[a, b]
    return couplings


@singledispatch
def kernel_of(entry: object, problem: Problem, index: int, largest: float) -> Kernel:
    """The kernel of the interaction `entry`, which is number `index` in the file, with the factor one; `largest` is the
    grid's largest |k|. Raises :class:`ProblemError` where a scattering problem has no solution."""
    raise TypeError(f"{type(entry).__name__} has no kernel")


@kernel_of.register
def _(entry: entries.GaussianInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return GaussianKernel(1.0, entry.width, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.YukawaInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(1.0, entry.screening, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.CoulombInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return YukawaKernel(1.0, 0.0, problem.grid.dimensions)


@kernel_of.register
def _(entry: entries.DipolarInteraction, problem: Problem, index: int, largest: float) -> Kernel:
    return DipolarKernel(1.0, entry.unit_direction)


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
