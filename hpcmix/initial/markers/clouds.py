"""The clouds of markers of classical species at time zero."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

import numpy as np

from hpcmix.initial.markers.closed_forms import written_down
from hpcmix.initial.markers.expressions import ExpressionSampler
from hpcmix.initial.markers.openpmd_file import OpenPMDFile
from hpcmix.initial.markers.setting import Sample, Setting
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers.arrays import pieces
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.distributions import (
    ExpressionDistribution,
    FileDistribution,
    GaussianDistribution,
    OscillatorDistribution,
    PlaneWavesDistribution,
)
from hpcmix.state.marker_cloud import MarkerCloud

SampleOf = Callable[[np.ndarray], Sample]
"""The markers of some indices."""


def classical_species(problem: Problem, index: int) -> Classical:
    """A species that is known to be classical. Raises TypeError for any other."""
    species = problem.species[index]
    if not isinstance(species, Classical):
        raise TypeError(f'"{species.name}" has no markers')
    return species


def setting_of(problem: Problem, mixture: Mixture, index: int) -> Setting:
    """What the markers of a species are sampled with."""
    species, laws = classical_species(problem, index), mixture.species[index].markers
    if laws is None:
        raise TypeError(f'"{species.name}" has no markers')
    return Setting(
        where=f"species.{species.name}.initial",
        particles=mixture.species[index].particles,
        kinetic=laws.kinetic,
        mass=species.mass,
        lengths=mixture.grid.lengths,
        number=laws.number,
        seed=species.markers.seed,
    )


def given_cloud(problem: Problem, mixture: Mixture, index: int) -> MarkerCloud:
    """The markers of a species whose f does not depend on potentials. Raises :class:`ProblemError` on every rank where
    the file's f is none. Collective."""
    world, setting = mixture.communicators.world, setting_of(problem, mixture, index)
    cloud = MarkerCloud.empty(mixture.engine, mixture.marker_layout(index), setting.number)
    with together(world):
        sample_of = _sampler(classical_species(problem, index).initial, problem, index, setting)
        for rows in pieces(cloud.markers.count):
            sample = sample_of(cloud.index[rows])
            cloud.position[rows] = sample.position
            cloud.momentum[rows] = sample.momentum
            cloud.weight[rows] = sample.weight
    arrive(cloud)
    normalise_weights(cloud, setting, mixture.communicators)
    return cloud


def arrive(cloud: MarkerCloud) -> None:
    """Take note that positions were made anew, wrapped into [-L/2, L/2): a distribution that touches a face may have
    some at L/2."""
    lengths = np.array(cloud.layout.lengths)
    cloud.position[...] -= np.where(cloud.position >= 0.5 * lengths, lengths, 0.0)
    cloud.layout.scattered()


def normalise_weights(cloud: MarkerCloud, setting: Setting, communicators: Communicators) -> None:
    """Make weights add up to the particles, in place. Their sum is one of whole numbers, and the factor therefore the
    same on any number of ranks. Raises :class:`ProblemError` where all are zero. Collective over the world."""
    world = communicators.world
    largest = max(world.allgather(float(cloud.weight.max(initial=0.0))))
    if not largest > 0.0:
        raise ProblemError.of(setting.where, "is zero at every marker; use more markers, or another density")
    # as many bits as the sum of all has room for
    unit = 2.0 ** (np.frexp(largest)[1] - 62 + setting.number.bit_length())
    total = sum(world.allgather(int(np.sum(np.rint(cloud.weight / unit).astype(np.int64)))))
    cloud.weight[...] *= setting.particles / (total * unit)


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
