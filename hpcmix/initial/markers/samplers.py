"""What makes the markers of a species whose f does not depend on potentials, from the problem alone. Imports no MPI."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from hpcmix.initial.markers.given.closed_forms import written_down
from hpcmix.initial.markers.given.expressions import ExpressionSampler
from hpcmix.initial.markers.given.openpmd_file import OpenPMDFile
from hpcmix.initial.markers.setting import Sample, Setting
from hpcmix.model.kinetic.given import free_kinetic_energy
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.distributions import (
    ExpressionDistribution,
    FileDistribution,
    GaussianDistribution,
    OscillatorDistribution,
    PlaneWavesDistribution,
)

SampleOf = Callable[[np.ndarray], Sample]
"""The markers of some indices."""


def classical_species(problem: Problem, index: int) -> Classical:
    """A species that is known to be classical. Raises TypeError for any other."""
    species = problem.species[index]
    if not isinstance(species, Classical):
        raise TypeError(f'"{species.name}" has no markers')
    return species


def setting_of(problem: Problem, index: int) -> Setting:
    """What the markers of a species are sampled with."""
    species = classical_species(problem, index)
    return Setting(
        where=f"species.{species.name}.initial",
        particles=problem.integrals[index],
        kinetic=free_kinetic_energy(species, problem.hbar),
        mass=species.mass,
        lengths=problem.grid.lengths,
        number=species.markers.number,
        seed=species.markers.seed,
    )


def sampler_of(problem: Problem, index: int) -> SampleOf:
    """What makes the markers of some indices of a species, their weights up to a common factor. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where the file's f is no density in phase space, when it is
    made or when it samples; TypeError where f depends on potentials. Local; the same on every rank."""
    return _sampler(classical_species(problem, index).initial, problem, index, setting_of(problem, index))


def _boosted(sample: Sample, momentum: tuple[float, ...]) -> Sample:
    return Sample(sample.position, sample.momentum + np.array(momentum), sample.weight)


@singledispatch
def _sampler(initial: object, problem: Problem, index: int, setting: Setting) -> SampleOf:
    """What makes the markers of some indices, weights up to a factor. Raises :class:`ProblemError`. Local."""
    raise TypeError(f"{type(initial).__name__} depends on potentials")


@_sampler.register(OscillatorDistribution)
@_sampler.register(PlaneWavesDistribution)
@_sampler.register(GaussianDistribution)
def _(
    initial: OscillatorDistribution | PlaneWavesDistribution | GaussianDistribution,
    problem: Problem,
    index: int,
    setting: Setting,
) -> SampleOf:
    return lambda indices: _boosted(written_down(initial, setting, indices), initial.momentum)


@_sampler.register
def _(initial: ExpressionDistribution, problem: Problem, index: int, setting: Setting) -> SampleOf:
    sampler = ExpressionSampler(initial, setting)
    return lambda indices: _boosted(sampler.sample(indices), initial.momentum)


@_sampler.register
def _(initial: FileDistribution, problem: Problem, index: int, setting: Setting) -> SampleOf:
    file = OpenPMDFile(initial.path, setting, problem.scales)
    return lambda indices: file.sample(problem.species[index].name, indices)
