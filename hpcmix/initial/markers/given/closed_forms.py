"""Distributions that are written down: every marker has the same weight, particles / N, and its place in phase space is
a function of its index alone, on any rank."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.initial.markers.gases.local_gas import BoltzmannGas
from hpcmix.initial.markers.points.balls import ball_volume, normal, normal_within, phase_space_ball, unit_ball
from hpcmix.initial.markers.setting import Sample, Setting
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.distributions import (
    GaussianDistribution,
    OscillatorDistribution,
    PlaneWavesDistribution,
)


@singledispatch
def written_down(initial: object, setting: Setting, index: np.ndarray) -> Sample:
    """The markers of some indices. Raises :class:`ProblemError` where the box does not hold the cloud. Local."""
    raise TypeError(f"{type(initial).__name__} is not written down")


@written_down.register
def _(initial: OscillatorDistribution, setting: Setting, index: np.ndarray) -> Sample:
    level = oscillator_level(initial.frequency, setting)
    radii = np.sqrt(2.0 * level / setting.mass) / np.array(initial.frequency)
    for axis, (radius, centre, length) in enumerate(zip(radii, initial.centre, setting.lengths, strict=True)):
        if abs(centre) + radius > 0.5 * length:
            raise ProblemError.of(
                f"{setting.where}.frequency",
                f"makes a cloud of radius {radius:.6g} about {centre:.6g} on axis {'xyz'[axis]}, which does not fit "
                f"the box from {-0.5 * length:.6g} to {0.5 * length:.6g}; use a larger box",
            )
    place, motion = phase_space_ball(setting.uniform(index))
    return _alike(initial.centre + radii * place, math.sqrt(2.0 * setting.mass * level) * motion, setting)


@written_down.register
def _(initial: PlaneWavesDistribution, setting: Setting, index: np.ndarray) -> Sample:
    d = setting.dimensions
    uniform = setting.uniform(index)
    filled = setting.particles / (setting.volume * ball_volume(d))
    fermi_momentum = setting.planck_constant * filled ** (1.0 / d)
    return _alike((uniform[:, :d] - 0.5) * setting.lengths, fermi_momentum * unit_ball(uniform[:, d:]), setting)


@written_down.register
def _(initial: GaussianDistribution, setting: Setting, index: np.ndarray) -> Sample:
    d = setting.dimensions
    uniform = setting.uniform(index)
    position = np.empty((len(index), d))
    for axis, (width, centre, length) in enumerate(zip(initial.width, initial.centre, setting.lengths, strict=True)):
        spread = width / math.sqrt(2.0)
        bounds = ((side - centre) / spread for side in (-0.5 * length, 0.5 * length))
        position[:, axis] = centre + spread * normal_within(uniform[:, axis], *bounds)
    if initial.temperature is not None:
        gas = BoltzmannGas(setting.kinetic, d, initial.temperature)
        return _alike(position, gas.momenta(np.zeros(len(index)), uniform[:, d:]), setting)
    widths = initial.momentum_width or tuple(setting.hbar / (math.sqrt(2.0) * width) for width in initial.width)
    return _alike(position, normal(uniform[:, d:]) * widths, setting)


def oscillator_level(frequency: tuple[float, ...], setting: Setting) -> float:
    """mu = hbar (N d! prod omega_i)^(1/d): of the ball of phase space with the volume N (2 pi hbar)^d."""
    d = setting.dimensions
    return setting.hbar * (setting.particles * math.factorial(d) * math.prod(frequency)) ** (1.0 / d)


def _alike(position: np.ndarray, momentum: np.ndarray, setting: Setting) -> Sample:
    return Sample(position, momentum, np.full(len(position), setting.particles / setting.number))
