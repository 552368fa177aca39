"""From the interactions of a problem file to those of the model."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.contact import ContactInteraction
from hpcmix.model.convolution import ConvolutionInteraction, Rescale
from hpcmix.model.entry_kernels import contact_couplings, kernel_of, pair_of
from hpcmix.model.finite_range import FiniteRangeInteraction
from hpcmix.model.free_space import FreeSpaceInteraction
from hpcmix.model.kernel import Kernel
from hpcmix.model.padded_multiplier import padded_multiplier
from hpcmix.model.scaled_multipliers import BoxMultiplier, PaddedMultiplier
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.padded_transform import PaddedTransform
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.transform import Transform
from hpcmix.problem.schema import Problem

Pair = tuple[int, int]


def contact_interaction(problem: Problem) -> ContactInteraction:
    """All contact couplings, those that a scattering problem gives in the limit included."""
    return ContactInteraction(contact_couplings(problem))


def finite_range_interaction(
    problem: Problem, communicators: Communicators, dtype: np.dtype, grid: Grid, timers: Timers, way: str
) -> FiniteRangeInteraction:
    """All kernels: those on the periodic box share one transform, those in free space another; `way` is the exchange
    that both use. Collective."""
    periodic: dict[Pair, list[Kernel]] = {}
    free: dict[Pair, list[Kernel]] = {}
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary is None:
            continue
        kernel = kernel_of(entry, problem, index, _largest_wave_number(grid))
        where = free if entry.kernel_boundary == "free" else periodic
        where.setdefault(pair_of(problem, entry), []).append(kernel)
    species = len(problem.species)
    parts: list[ConvolutionInteraction | FreeSpaceInteraction] = []
    if periodic:
        transform = make_transform(communicators, True, dtype, timers, way, species)
        multipliers, rescale = _on_the_box(periodic, grid, transform, problem)
        parts.append(ConvolutionInteraction(multipliers, species, transform, rescale))
    if free:
        padded = PaddedTransform(communicators, dtype, timers, len({a for pair in free for a in pair}), way)
        multipliers, rescale = _in_free_space(free, grid, padded, problem)
        parts.append(FreeSpaceInteraction(multipliers, species, padded, rescale))
    return FiniteRangeInteraction(species, parts)


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
