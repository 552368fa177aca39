"""The clouds of markers of classical species at time zero."""

from __future__ import annotations

import numpy as np

from hpcmix.initial.markers.samplers import sampler_of, setting_of
from hpcmix.initial.markers.setting import Setting
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers.arrays import pieces
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.state.marker_cloud import MarkerCloud

ADD_UP = 1e-12
"""Relative difference of the sum of weights from the particles that is rounding: such weights, from a file of hpcmix
for example, keep their bits."""


def given_cloud(problem: Problem, mixture: Mixture, index: int) -> MarkerCloud:
    """The markers of a species whose f does not depend on potentials. Raises :class:`ProblemError` on every rank where
    the file's f is none. Collective."""
    world, setting = mixture.communicators.world, setting_of(problem, index)
    cloud = MarkerCloud.empty(mixture.engine, mixture.marker_layout(index), setting.number)
    with together(world):
        sample_of = sampler_of(problem, index)
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
    for axis, length in enumerate(cloud.layout.lengths):
        places = cloud.position[:, axis]
        places[places >= 0.5 * length] -= length
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
    held = (np.rint(cloud.weight[rows] / unit).astype(np.int64) for rows in pieces(cloud.markers.count))
    total = sum(world.allgather(sum(int(np.sum(units)) for units in held)))
    factor = setting.particles / (total * unit)
    if abs(factor - 1.0) > ADD_UP:
        cloud.weight[...] *= factor
