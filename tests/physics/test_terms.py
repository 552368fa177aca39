"""Every term of the interaction: its potential is the derivative of its energy, by the energy that records have and by
the one that ground states minimise; its response is the derivative of its potential.

Along rho(s) = |phi + s delta|^2 these are derivatives of smooth functions of s, taken by central differences of eighth
order: exact for polynomials of degree eight, which all terms but powers that are not whole are.
"""

import numpy as np
import pytest
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    evolution,
    gaussian_kernel,
    harmonic,
    require_below,
    scattering,
    soft_core,
    species,
    system,
    table,
    yukawa,
)

from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.orbitals.landscape import OrbitalLandscape
from hpcmix.model.mean_field.energies import energy
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.orbital_cloud import orbital_clouds

INSTANT = Instant(0.0, 0.0)
POINTS = {1: [15], 2: [8, 11], 3: [6, 9, 8]}
LENGTHS = {1: [5.0], 2: [5.0, 4.0], 3: [5.0, 4.0, 4.4]}
EIGHTH = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))
RADII = np.linspace(0.0, 2.0, 9)
BARRIER = {"kind": "square-barrier", "radius": 1.5, "height": 4.0}


def power(names, strength, exponent):
    """A functional's table."""
    return {"species": list(names), "kind": "power", "strength": strength, "exponent": exponent}


def fluctuations(names, **keys):
    """The table of a functional of quantum fluctuations."""
    return {"species": list(names), "kind": "lee-huang-yang", **keys}


MISCIBLE = [contact("a", "a", 0.7), contact("b", "b", 0.9), contact("a", "b", -0.4)]

TERMS = {
    "contact": (1, [contact("a", "a", 0.7), contact("a", "b", -0.4)], []),
    "gaussian": (2, [gaussian_kernel("a", "b", 0.8, 0.6), gaussian_kernel("b", "b", -0.5, 0.8)], []),
    "yukawa": (3, [yukawa("a", "a", 0.8, 0.6), yukawa("a", "b", 0.8, 0.6)], []),
    "dipolar": (3, [dipolar("a", "b", 0.8, [1, 2, -0.5], boundary="periodic")], []),
    "scattering": (3, [scattering("a", "b", BARRIER, particles=3.0, neumann_radius=0.8)], []),
    "scattering limit": (3, [scattering("a", "b", BARRIER, limit=True)], []),
    "table": (2, [table("a", "b", RADII, np.cos(RADII))], []),
    "free coulomb": (3, [coulomb("a", "a", 0.8), coulomb("a", "b", -0.8)], []),
    "soft core": (2, [soft_core("a", "b", 0.8, 0.9)], []),
    "free soft core": (1, [soft_core("a", "b", -0.6, 0.7, boundary="free")], []),
    "free gaussian": (1, [gaussian_kernel("a", "b", 0.8, 0.6) | {"boundary": "free"}], []),
    "free dipolar": (3, [dipolar("a", "b", 0.8, [1, 2, -0.5])], []),
    "cube of one density": (1, [], [power("a", 0.3, 3.0)]),
    "power of one density": (2, [], [power("b", -0.5, 2.5)]),
    "power of two densities": (3, [], [power("ab", 0.4, 7 / 3)]),
    "trap across, dipolar": (2, [dipolar("a", "b", 0.8, [1, 2, -0.5], boundary="periodic")], []),
    "trap across, free dipolar": (2, [dipolar("a", "b", 0.8, [1, 2, -0.5])], []),
    "trap across, dipoles on a line": (1, [dipolar("a", "b", 0.8, [1, 2, -0.5])], []),
    "trap across, power of a width": (1, [], [{"species": ["a"], "kind": "non-polynomial", "scattering_length": -0.2}]),
    "power, fluctuations of one": (3, [contact("a", "a", 0.7)], [fluctuations("a")]),
    "power, fluctuations of two": (3, [*MISCIBLE], [fluctuations("ab")]),
    "power, fluctuations of two on a line": (1, [*MISCIBLE], [fluctuations("ab")]),
    "power, fluctuations of two in a plane": (2, [*MISCIBLE], [fluctuations("ab", cutoff=3.0)]),
    "power, fluctuations of dipoles": (3, [*MISCIBLE, dipolar("a", "a", 0.1, [0, 0, 1])], [fluctuations("ab")]),
    "several": (2, [contact("a", "b", 0.7), gaussian_kernel("b", "b", 0.5, 0.8)], [power("ab", 0.4, 3.0)]),
}
"""Dimensions, interactions and functionals of a case; "power" is in its name where e is no polynomial
(:func:`tolerance`)."""


def mixture_of(case):
    """Two components of different weights and masses, in a trap, with the terms of a case."""
    dimensions, interaction, functional = TERMS[case]
    waves = {"kind": "plane-waves", "numbers": 0}
    both = [
        species("a", mass=1.0, particles=3.0, initial=waves, potential=[harmonic([1.0, 0.7, 0.4][:dimensions])]),
        species("b", mass=1.7, particles=1.5, initial=waves),
    ]
    every = {"functional": functional} if functional else {}
    if "trap across" in case:
        every["grid"] = {"transverse": {"frequency": 1.3, "axes": 3 - dimensions}}
    return system(POINTS[dimensions], LENGTHS[dimensions], both, interaction, time=evolution(1.0, 0.1), **every).mixture


def random_fields(mixture, seed):
    """Rough random orbitals with norms of order one, around one so that no density vanishes."""
    random = np.random.default_rng(seed)
    shape = (1, *mixture.grid.position_shape)
    scale = mixture.grid.volume**-0.5
    return [
        scale * (1.0 + 0.3 * (random.standard_normal(shape) + 1j * random.standard_normal(shape)))
        for _ in mixture.species
    ]


def derivative(function, h):
    """d/ds of a function of s at zero, and the size of what is subtracted."""
    values = {s: function(s * h) for step, _ in EIGHTH for s in (step, -step)}
    found = sum(factor / h * (values[step] - values[-step]) for step, factor in EIGHTH)
    return found, max(np.max(np.abs(value)) for value in values.values()) / h


def energy_of_records(mixture, orbitals):
    """Of the interaction's terms, as records have it."""
    return sum(energy(mixture, orbital_clouds(orbitals), INSTANT).terms.values())


def tolerance(case):
    """Rounding of eight differences over h; a power that is not whole has an error of h^8 besides."""
    return 1e-13 if "power" not in case else 1e-9


@pytest.mark.parametrize("case", TERMS)
def test_potential_is_the_derivative_of_the_energy(case):
    mixture = mixture_of(case)
    orbitals, direction = random_fields(mixture, 1), random_fields(mixture, 2)
    fields = mixture.interactions.mean_fields(mixture.densities(orbital_clouds(orbitals)))

    def moved(s):
        return [phi + s * delta for phi, delta in zip(orbitals, direction, strict=True)]

    measured, scale = derivative(lambda s: energy_of_records(mixture, moved(s)), 0.02)
    predicted = 2.0 * sum(
        nu * np.sum((delta.conj() * field * phi).real) * mixture.grid.cell_volume
        for nu, delta, field, phi in zip(mixture.weights, direction, fields, orbitals, strict=True)
    )
    assert abs(predicted) > 1e-4 * abs(energy_of_records(mixture, orbitals)) > 0.0  # not 0 == 0
    require_below(abs(measured - predicted) / scale, tolerance(case), case)


@pytest.mark.parametrize("case", TERMS)
def test_ground_states_minimise_the_same_energy(case):
    """Both landscapes: the derivative of the energy that they compare is the operator that they apply."""
    mixture = mixture_of(case)
    orbitals, direction = random_fields(mixture, 1), random_fields(mixture, 2)
    interaction = energy_of_records(mixture, orbitals)
    assert abs(interaction) > 0.0

    def alone(s):
        landscape = Landscape(mixture, [phi[0] + s * d[0] for phi, d in zip(*pair, strict=True)], INSTANT, frozenset())
        landscape.apply_kinetic(landscape.fields, landscape.kinetic)
        landscape.evaluate()
        return landscape

    def in_sets(s):
        landscape = OrbitalLandscape(mixture, [phi + s * d for phi, d in zip(*pair, strict=True)], INSTANT, frozenset())
        landscape.apply_kinetic(landscape.blocks, landscape.kinetic)
        landscape.evaluate()
        return landscape

    pair = orbitals, direction
    for made in (alone, in_sets):
        landscape = made(0.0)
        assert landscape.energy == pytest.approx(energy(mixture, orbital_clouds(orbitals), INSTANT).total, rel=1e-12)
        measured, scale = derivative(lambda s, made=made: made(s).energy, 0.02)
        predicted = 2.0 * sum(
            nu * np.sum((delta.conj() * (kinetic + total * phi)).real) * mixture.grid.cell_volume
            for nu, delta, kinetic, total, phi in zip(
                mixture.weights, direction, landscape.kinetic, landscape.totals, orbitals, strict=True
            )
        )
        require_below(abs(measured - predicted) / scale, tolerance(case), f"{case}, {made.__name__}")


@pytest.mark.parametrize("contraction", [1.0, 0.4])
@pytest.mark.parametrize("case", TERMS)
def test_response_is_the_derivative_of_the_potential(case, contraction):
    mixture = mixture_of(case)
    densities = mixture.densities(orbital_clouds(random_fields(mixture, 1)))
    # in proportion to the densities, some of which are small: none becomes negative
    changes = densities * np.random.default_rng(2).uniform(-0.9, 0.9, densities.shape)
    responses = mixture.interactions.responses(densities, changes, Instant(0.0, 0.0, contraction))

    def potentials(s):
        return np.array(mixture.interactions.mean_fields(densities + s * changes, Instant(0.0, 0.0, contraction)))

    measured, scale = derivative(potentials, 0.02)
    assert np.max(np.abs(responses)) > 1e-4 * np.max(np.abs(potentials(0.0))) > 0.0  # not 0 == 0
    require_below(np.max(np.abs(measured - responses)) / scale, tolerance(case), case)
