"""From the interactions of a problem file to those of the model."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.channels import channels_of, pair_of, shapes_of
from hpcmix.model.contact import ContactInteraction
from hpcmix.model.convolution import ConvolutionInteraction
from hpcmix.model.coulomb_kernel import YukawaKernel
from hpcmix.model.dipolar_kernel import DipolarKernel
from hpcmix.model.finite_range import FiniteRangeInteraction
from hpcmix.model.free_space import FreeSpaceInteraction
from hpcmix.model.gaussian_kernel import GaussianKernel
from hpcmix.model.kernel import Kernel, RadialKernel
from hpcmix.model.kernel_interaction import KernelInteraction, KernelShape
from hpcmix.model.radial_functions import radial_function
from hpcmix.model.scaled_multipliers import BoxMultiplier, PaddedMultiplier
from hpcmix.model.scattering import NoScatteringSolution, neumann_problem, relative_coefficient, scattering_length
from hpcmix.model.scattering_kernel import ScatteringKernel
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.padded_transform import PaddedTransform
from hpcmix.parallel.timers import Timers
from hpcmix.problem import interactions as entries
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.schema import Problem


def contact_interaction(problem: Problem) -> ContactInteraction:
    """All contact couplings, those that a scattering problem gives in the limit included."""
    couplings = np.zeros((len(problem.species),) * 2)
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is not None:
            continue
        a, b = pair_of(problem, entry)
        coupling = entry.coupling(problem) if entry.kind == "contact" else _coupling_in_the_limit(problem, index)
        couplings[a, b] += problem.prefactors.kernel_factor(a, b) * coupling
        couplings[b, a] = couplings[a, b]
    return ContactInteraction(couplings)


def finite_range_interaction(
    problem: Problem, communicators: Communicators, dtype: np.dtype, grid: Grid, timers: Timers, way: str
) -> FiniteRangeInteraction:
    """All kernels: those on the periodic box share one transform, those in free space another; `way` is the exchange
    that both use. Collective."""
    species, largest = len(problem.species), _largest_wave_number(grid)
    parts: list[KernelInteraction] = []
    if periodic := shapes_of(problem, "periodic"):
        channels = channels_of([couplings for _, couplings in periodic], species)
        transform = make_transform(communicators, True, dtype, timers, way, max(1, channels.count))
        wave_numbers, directed = (
            grid.broadcast_wave_numbers(transform.wave_block, odd=odd, real=True) for odd in (False, True)
        )
        shapes = [
            KernelShape(couplings, BoxMultiplier(_kernel_of(problem, index, largest), wave_numbers, directed))
            for index, couplings in periodic
        ]
        parts.append(ConvolutionInteraction(shapes, transform))
    if free := shapes_of(problem, "free"):
        channels = channels_of([couplings for _, couplings in free], species)
        padded = PaddedTransform(communicators, dtype, timers, max(1, channels.count), way)
        spacings = padded.on_three_axes(grid.spacings, 1.0)
        place = (padded.points, spacings, padded.padded, padded.first, padded.count)
        shapes = [
            KernelShape(couplings, PaddedMultiplier(_kernel_of(problem, index, largest), place, padded.real_dtype))
            for index, couplings in free
        ]
        parts.append(FreeSpaceInteraction(shapes, padded))
    return FiniteRangeInteraction(species, parts)


def _largest_wave_number(grid: Grid) -> float:
    return math.sqrt(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))


# ---------------------------------------------------------------- one kernel


def _kernel_of(problem: Problem, index: int, largest: float) -> Kernel:
    return kernel_of(problem.interaction[index], problem, index, largest)


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
