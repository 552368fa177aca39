"""Gases at a point and tables of places: integrals and inverses against quadrature."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

from hpcmix.initial.markers.gases.local_gas import BoltzmannGas, DegenerateGas, FermiDiracGas
from hpcmix.initial.markers.points.sobol import ScrambledSobol
from hpcmix.initial.markers.points.tables import PlaceTable, spread_out
from hpcmix.model.kinetic.free import NonrelativisticKineticEnergy, SemirelativisticKineticEnergy

MASS, HBAR, TEMPERATURE = 1.3, 0.7, 0.4
KINETIC = {
    "nonrelativistic": NonrelativisticKineticEnergy(MASS, HBAR),
    "semirelativistic": SemirelativisticKineticEnergy(MASS, HBAR, True),
}
SURFACE = {1: 2.0, 2: 2.0 * np.pi, 3: 4.0 * np.pi}


def moments(kinetic, dimensions, occupied, highest, edge):
    """Density and mean square momentum of a gas with a given occupation of energies."""

    def shells(p, power):
        return p ** (dimensions - 1 + power) * occupied(float(kinetic.above_rest(np.array((p / HBAR) ** 2))))

    points = sorted(edge * part for part in (0.7, 0.9, 1.0, 1.1, 1.3))
    total, square = (
        quad(shells, 0.0, highest, args=(power,), points=points, epsabs=0, epsrel=1e-11, limit=400)[0]
        for power in (0, 2)
    )
    return SURFACE[dimensions] * total / (2 * np.pi * HBAR) ** dimensions, square / total


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("kinetic", KINETIC)
@pytest.mark.parametrize("level", [-3.03, 0.01, 1.97, 21.3])
def test_fermi_dirac_gas(kinetic, dimensions, level):
    """At levels between the knots of the spline of the density, which is good to 1e-8."""
    energy = KINETIC[kinetic]
    gas = FermiDiracGas(energy, dimensions, TEMPERATURE)
    edge = float(gas.momentum_of(np.array(max(level, 0.2))))
    highest = float(gas.momentum_of(np.array(max(level, 0.0) + 40 * TEMPERATURE)))
    density, square = moments(energy, dimensions, lambda e: expit((level - e) / TEMPERATURE), highest, edge)
    assert gas.density(np.array([level]))[0] == pytest.approx(density, rel=1e-8)
    count = 4000
    uniform = np.full((count, dimensions), 0.3)
    uniform[:, 0] = (np.arange(count) + 0.5) / count
    lengths = np.linalg.norm(gas.momenta(np.full(count, level), uniform), axis=1)
    assert np.mean(lengths**2) == pytest.approx(square, rel=1e-3)  # of equal shares the last one misses the tail


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_boltzmann_gas(dimensions):
    gas = BoltzmannGas(KINETIC["nonrelativistic"], dimensions, TEMPERATURE)
    thermal = (MASS * TEMPERATURE / (2 * np.pi * HBAR**2)) ** (dimensions / 2)
    levels = np.array([-2.0, 0.0, 1.0])
    assert gas.density(levels) == pytest.approx(thermal * np.exp(levels / TEMPERATURE), rel=1e-12)


@pytest.mark.parametrize("kinetic", KINETIC)
def test_far_below_its_level_a_fermi_gas_is_degenerate(kinetic):
    """(pi T / mu)^2 / 8 or so is what the temperature adds."""
    levels = np.array([30.0])
    cold = FermiDiracGas(KINETIC[kinetic], 3, 0.03).density(levels)
    assert cold == pytest.approx(DegenerateGas(KINETIC[kinetic], 3).density(levels), rel=1e-4)


def test_no_particles_below_the_bottom():
    gas = DegenerateGas(KINETIC["nonrelativistic"], 2)
    level = np.array([-1.0, 0.0, 2.0])
    assert gas.density(level)[:2].tolist() == [0.0, 0.0]
    momenta = gas.momenta(level, np.full((3, 2), 0.9))
    assert np.all(momenta[:2] == 0.0)
    assert np.any(momenta[2] != 0.0)
    assert np.all(
        np.isfinite(FermiDiracGas(KINETIC["nonrelativistic"], 2, 0.01).momenta(-level * 50, momenta * 0 + 0.9))
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_places_of_a_table_have_its_density(dimensions):
    """integral F dx = mean of F/g over the places, for a density that fills part of the box; the ball ends between
    nodes, and places reach all of it."""
    nodes, lengths = [64, 32, 24][dimensions - 1], [4.0, 5.0, 6.0][:dimensions]
    axes = [length * (np.arange(nodes) / nodes - 0.5) for length in lengths]
    squares = sum(axis**2 for axis in np.meshgrid(*axes, indexing="ij"))
    table = PlaceTable(spread_out(np.maximum(1.2 - squares, 0.0)), [-0.5 * length for length in lengths], lengths)
    uniform = ScrambledSobol(dimensions, 0).points(np.arange(1 << 14))
    places, density = table.places(uniform)
    inside = np.maximum(1.2 - np.sum(places**2, axis=1), 0.0)
    exact = {1: 4 / 3 * 1.2**1.5, 2: np.pi * 1.2**2 / 2, 3: 8 * np.pi / 15 * 1.2**2.5}[dimensions]
    assert np.mean(inside / density) == pytest.approx(exact, rel=2e-3)
    weight = inside / density / exact
    assert np.sum(weight) ** 2 / np.sum(weight**2) > 0.9 * len(weight)
    assert np.max(weight) < 4.0
    assert np.all(np.abs(places) <= 0.5 * np.array(lengths))


def test_a_table_inverts_its_integral():
    """A straight line and a step down to nothing."""
    table = PlaceTable(np.array([0.0, 2.0, 2.0, 0.0, 0.0]), [0.0], [4.0])
    places, density = table.places(np.array([[0.125], [0.25], [0.5], [0.75], [1.0]]))
    assert places[:, 0] == pytest.approx([0.5**0.5, 1.0, 1.5, 2.0, 3.0], abs=1e-12)
    assert density == pytest.approx([0.5 * 0.5**0.5, 0.5, 0.5, 0.5, 0.0], abs=1e-7)
