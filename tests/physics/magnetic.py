"""Species in a vector potential on small grids, and their operators as dense matrices."""

import math

import numpy as np
from physics.systems import evolution, species, system

from hpcmix.model.kinetic.free import SemirelativisticKineticEnergy
from hpcmix.model.kinetic.kinetic_momentum import KineticMomentum
from hpcmix.model.kinetic.lanczos import Lanczos
from hpcmix.model.kinetic.magnetic import MagneticSemirelativisticKineticEnergy

POINTS = {1: [16], 2: [6, 7], 3: [4, 5, 6]}
LENGTHS = {1: [5.0], 2: [5.0, 4.0], 3: [5.0, 4.0, 4.4]}
TURNED = {"rate": 0.6, "axis": [0.3, -0.5, 1.0]}

ROUGH = {
    1: ["0.7 + cos(2*pi*x/5)"],
    2: ["-0.9*y", "0.4*x + 0.3*x*y"],
    3: ["-0.9*y + z", "0.4*x", "0.2*x*y - 0.1"],
}
"""Vector potentials that nothing on the grid suits: neither periodic, nor without divergence."""


def turned(dimensions, value=None, rotation=None, **entries):
    """One species with a vector potential, in a rotating frame if asked for."""
    potential = {"vector_potential": {"kind": "expression", "value": value}} if value else {}
    one = species("a", mass=1.3, initial={"kind": "plane-waves", "numbers": 0}, **potential, **entries)
    frame = {} if rotation is None else {"rotation": rotation}
    return system(POINTS[dimensions], LENGTHS[dimensions], [one], time=evolution(1.0, 0.1), **frame)


def dense(kinetic, shape):
    """The matrix of T, from its columns."""
    size = math.prod(shape)
    columns = np.zeros((size, size), complex)
    for number, unit in enumerate(np.eye(size, dtype=complex)):
        target = np.empty(shape, complex)
        kinetic.apply(unit.reshape(shape), target)
        columns[:, number] = target.ravel()
    return columns


def random_field(shape, seed=3):
    random = np.random.default_rng(seed)
    return random.standard_normal(shape) + 1j * random.standard_normal(shape)


def semirelativistic(one, mass=0.8, offset=0.0, stored=None):
    """sqrt(m^2 + Pi^2) - offset in the vector potential of a system."""
    momentum = one.mixture.species[0].kinetic.momentum
    whole = KineticMomentum(
        one.grid,
        one.mixture.transform,
        1.0,
        [None if part is None else part / momentum.scale for part in momentum._potentials],
    )
    lanczos = Lanczos(one.mixture.transform, stored)
    free = SemirelativisticKineticEnergy(mass, 1.0, subtract_rest_mass=offset > 0.0)
    return MagneticSemirelativisticKineticEnergy(whole, lanczos, free, True)
