"""Sobolev norms, largest values and time derivatives of wave functions, in the laboratory whatever the grid's frame.

In the frame x = b y (frame.py) the integrals of |phi|^2 and |grad phi|^2 over x are those of |chi|^2 and
|D chi / hbar|^2 over y, D of :mod:`hpcmix.observe.measures.motion`; values at a point are b^(-d/2) times those of y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.motion import momentum_field, momentum_fields


@dataclass(frozen=True)
class Place:
    """Where the grid stands in the laboratory.

    clock        what the integrator goes by.
    time         t, possibly infinite.
    contraction  1/b, 0 at infinity.
    speed        db/dt.
    ratio        t/b, which is finite at t = infinity too.
    """

    clock: float
    time: float
    contraction: float
    speed: float
    ratio: float

    @classmethod
    def of(cls, look: Look) -> Place:
        """At the time of a state."""
        frame, clock = look.mixture.grid.frame, look.clock
        time, speed = frame.laboratory_time(clock), frame.speed(clock)
        ratio = speed / frame.rate**2 if frame.expanding else time  # t/b = sin(w s) / w
        return cls(clock, time, frame.contraction(clock), speed, ratio)


def sobolev_square(mixture: Mixture, field: np.ndarray, species: int, clock: float) -> float:
    """The integral of |f|^2 + |grad f|^2 over the laboratory, of a field of one species. Collective over the group."""
    local = kernels.squared_norm(field)
    for component in momentum_fields(mixture, field, mixture.species[species].mass, clock):
        local += kernels.squared_norm(component) / mixture.hbar**2
    return float(mixture.communicators.sum([local])[0]) * mixture.grid.cell_volume


def largest_modulus(mixture: Mixture, *components: np.ndarray) -> float:
    """The largest length of the vector that the components form at a point of the grid. Collective over the group."""
    squares = sum(component.real**2 + component.imag**2 for component in components)
    return float(np.sqrt(mixture.communicators.maximum([float(np.max(squares))])[0]))


def hamiltonian_times(
    mixture: Mixture, field: np.ndarray, momenta: list[np.ndarray], species: int, place: Place, potential: np.ndarray
) -> np.ndarray:
    """(D^2 / 2m + V) of a field: i hbar times the laboratory's time derivative of phi, but for its phase and b^(-d/2).

    momenta    D of the field (:func:`momentum_fields`).
    potential  b^2 V at the state's time (:meth:`Look.potential`, without the frame's confinement). Collective.
    """
    mass = mixture.species[species].mass
    result = (place.contraction**2 * potential) * field
    for axis, momentum in enumerate(momenta):
        result += momentum_field(mixture, momentum, mass, place.clock, axis) / (2.0 * mass)
    return result
