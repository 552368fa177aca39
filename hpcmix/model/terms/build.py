"""From the interactions of a problem file to the terms of the model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.markers.multipliers import box_multiplier, padded_multiplier
from hpcmix.model.pair_kernels.kernel import Kernel
from hpcmix.model.pair_kernels.pair_correlations import PairCorrelations
from hpcmix.model.terms.channels import PairShape, by_envelope, channels_of, shapes_of
from hpcmix.model.terms.contact import ContactTerm
from hpcmix.model.terms.entry_kernels import contact_parts, kernel_of, scattering_kernel
from hpcmix.model.terms.free_space import FreeSpaceTerm
from hpcmix.model.terms.functionals.of_entries import functional_of
from hpcmix.model.terms.kernel_term import KernelShape, KernelTerm
from hpcmix.model.terms.periodic import PeriodicTerm
from hpcmix.model.terms.switched import SwitchedKernels
from hpcmix.model.terms.term import Term
from hpcmix.parallel.engine import Engine
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction


def terms_of(problem: Problem, engine: Engine, grid: Grid) -> tuple[Term, ...]:
    """All terms of the interaction energy: contact couplings, kernels on the periodic box, kernels in free space,
    local functionals. Raises :class:`ProblemError` where a scattering problem has no solution. Collective."""
    return (
        *_contact_terms(problem),
        *_spinor_terms(problem),
        *_kernel_terms(problem, engine, grid),
        *(functional_of(entry, problem) for entry in problem.functional),
    )


def correlations_of(problem: Problem, engine: Engine, grid: Grid) -> PairCorrelations | None:
    """The correlations of all pairs where the fluctuations of the file begin with them; their interactions are then
    scattering potentials, one for a pair (problem/checks). Raises as :func:`terms_of`."""
    if problem.fluctuations is None or problem.fluctuations.initial != "correlated":
        return None
    largest = _largest_wave_number(grid)
    kernels = {
        problem.pair(entry.between): scattering_kernel(entry, problem, index, largest)
        for index, entry in enumerate(problem.interaction)
        if isinstance(entry, ScatteringInteraction)
    }
    transform = engine.complex_transform()
    return PairCorrelations(kernels, grid.broadcast_wave_numbers(transform.wave_block))


def _contact_terms(problem: Problem) -> list[Term]:
    """All contact couplings as one term, those that a scattering problem gives in the limit included."""
    parts = [part for part in contact_parts(problem) if part.couplings.any()]
    return [ContactTerm(parts)] if parts else []


def _spinor_terms(problem: Problem) -> list[Term]:
    """c_0/2 n^2 of every spinor gas, n the density of its three components."""
    terms: list[Term] = []
    for entry in problem.spinor:
        strength, _ = entry.couplings(problem)
        members = problem.indices(entry.species)
        couplings = np.zeros((len(problem.species),) * 2)
        couplings[np.ix_(members, members)] = strength
        if strength != 0.0:
            terms.append(ContactTerm.constant(couplings))
    return terms


def _kernel_terms(problem: Problem, engine: Engine, grid: Grid) -> list[Term]:
    """All kernels: those on the periodic box share one transform, those in free space another; a term for each course
    in time. Collective."""
    terms: list[Term] = []
    for boundary, make in (("periodic", _periodic_term), ("free", _free_term)):
        for envelope, shapes in by_envelope(shapes_of(problem, boundary)).items():
            term = make(problem, engine, grid, shapes)
            where = f"interaction.{shapes[0].interaction}.factor"
            terms.append(term if envelope.constant else SwitchedKernels(term, envelope, where))
    return terms


def _periodic_term(problem: Problem, engine: Engine, grid: Grid, pairs: Sequence[PairShape]) -> KernelTerm:
    channels = channels_of([pair.couplings for pair in pairs], len(problem.species))
    transform = engine.real_transform(channels.count)
    wave_numbers, directed = (
        grid.broadcast_wave_numbers(transform.wave_block, odd=odd, real=True) for odd in (False, True)
    )
    largest = _largest_wave_number(grid)
    shapes = [
        KernelShape(
            pair.couplings,
            box_multiplier(
                _kernel_of(problem, pair.interaction, largest), wave_numbers, directed, pair.windows, grid.spacings
            ),
        )
        for pair in pairs
    ]
    return PeriodicTerm(shapes, engine)


def _free_term(problem: Problem, engine: Engine, grid: Grid, pairs: Sequence[PairShape]) -> KernelTerm:
    channels = channels_of([pair.couplings for pair in pairs], len(problem.species))
    padded = engine.padded_transform(channels.count)
    spacings = padded.on_three_axes(grid.spacings, 1.0)
    place = (padded.points, spacings, padded.padded, padded.first, padded.count)
    largest = _largest_wave_number(grid)
    shapes = [
        KernelShape(
            pair.couplings,
            padded_multiplier(
                _kernel_of(problem, pair.interaction, largest), place, engine.real_dtype, pair.windows, grid.spacings
            ),
        )
        for pair in pairs
    ]
    return FreeSpaceTerm(shapes, engine)


def _largest_wave_number(grid: Grid) -> float:
    return math.sqrt(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))


# ---------------------------------------------------------------- one kernel


def _kernel_of(problem: Problem, index: int, largest: float) -> Kernel:
    return kernel_of(problem.interaction[index], problem, index, largest)
