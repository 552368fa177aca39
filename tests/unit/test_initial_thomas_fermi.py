"""Thomas-Fermi densities: one species in closed form, mixtures by their own equations."""

import numpy as np
import pytest
from physics.systems import contact, harmonic, species, system

from hpcmix.initial.trial.repulsion import NoThomasFermiDensity
from hpcmix.initial.trial.thomas_fermi import thomas_fermi_densities
from hpcmix.model.potentials.envelope import Instant

BEFORE = Instant.before_start()
THOMAS_FERMI = {"kind": "thomas-fermi"}


def single(d, points, length, g=40.0, n=3.0, mass=1.3, omega=(1.0, 1.2, 0.9), **potential):
    return system(
        [points] * d,
        [length] * d,
        [species("a", mass=mass, particles=n, potential=harmonic(list(omega[:d]), **potential), initial=THOMAS_FERMI)],
        [contact("a", "a", g)],
    )


def analytic_mu(d, g, n, mass, omega):
    """N = c_d (2 mu / m)^(d/2) mu / (g product of omegas), c_1 = 4/3, c_2 = pi/2, c_3 = 8 pi/15, solved for mu."""
    factor = {1: 4 / 3, 2: np.pi / 2, 3: 8 * np.pi / 15}[d]
    return (n * g * np.prod(omega[:d]) / factor * (mass / 2) ** (d / 2)) ** (2 / (d + 2))


@pytest.mark.parametrize(("d", "points"), [(1, 400), (2, 120), (3, 60)])
def test_one_species(d, points):
    g, n, mass, omega = 40.0, 3.0, 1.3, (1.0, 1.2, 0.9)
    mu = analytic_mu(d, g, n, mass, omega)
    radii = np.sqrt(2 * mu / mass) / np.array(omega[:d])
    state = single(d, points, 2.2 * max(radii))
    density = thomas_fermi_densities(state.mixture, BEFORE)[0]
    trap = sum(0.5 * mass * (w * x) ** 2 for w, x in zip(omega, state.grid.coordinates, strict=False))
    # sums over the grid instead of integrals: the kink at the edge costs the square of the spacing
    h = max(state.grid.spacings) / min(radii)
    np.testing.assert_allclose(density, np.maximum(0, mu - trap) / g, atol=0.5 * h**2 * mu / g)
    assert np.sum(density) * state.grid.cell_volume == pytest.approx(n, rel=1e-13)
    # no density beyond the radius, some just inside
    for axis in range(d):
        x = state.grid.axis(axis)
        line = density[tuple(slice(None) if a == axis else points // 2 for a in range(d))]
        assert not np.any(line[np.abs(x) > radii[axis] * (1 + h**2)])
        assert np.all(line[np.abs(x) < radii[axis] * (1 - h**2)] > 0)
    # the state is its root
    np.testing.assert_allclose(state.density(), density, rtol=1e-12, atol=1e-14)
    # rms width R/sqrt(d + 4)
    np.testing.assert_allclose(state.record()["species"]["a"]["rms_width"], radii / np.sqrt(d + 4), rtol=h**2)


def test_it_takes_the_potentials_of_the_time_before_zero():
    here = single(1, 100, 12.0, until=0.0)
    away = single(1, 100, 12.0, **{"from": 0.0})
    radius = np.sqrt(2 * analytic_mu(1, 40.0, 3.0, 1.3, (1.0,)) / 1.3)
    assert here.record()["species"]["a"]["rms_width"][0] == pytest.approx(radius / np.sqrt(5), rel=1e-2)  # 100 points
    # no trap: a uniform density over the box, L/sqrt(12)
    assert away.record()["species"]["a"]["rms_width"][0] == pytest.approx(12.0 / np.sqrt(12), rel=1e-3)


@pytest.mark.parametrize(
    "couplings", [(10.0, 8.0, 4.0), (10.0, 8.0, 8.5), (10.0, 8.0, -3.0)], ids=["weak", "strong", "attractive"]
)
def test_mixture_solves_its_equations(couplings):
    """U_a + sum_b g_ab n_b = mu_a wherever n_a > 0, and at least mu_a elsewhere."""
    state = system(
        *([96], [16.0]),
        [
            species("a", mass=1.0, particles=6.0, potential=harmonic(1.0), initial=THOMAS_FERMI),
            species("b", mass=1.5, particles=4.0, potential=harmonic(0.9, centre=0.5), initial=THOMAS_FERMI),
        ],
        [contact("a", "a", couplings[0]), contact("b", "b", couplings[1]), contact("a", "b", couplings[2])],
    )
    densities = thomas_fermi_densities(state.mixture, BEFORE)
    g = state.mixture.interactions.couplings
    for a, density in enumerate(densities):
        felt = state.mixture.species[a].external.value(BEFORE) + g[a, 0] * densities[0] + g[a, 1] * densities[1]
        inside = density > 0
        mu = np.mean(felt[inside])
        # the iteration ends when no density changes by more than 1e-8
        np.testing.assert_allclose(felt[inside], mu, rtol=1e-6)
        assert np.all(felt[~inside] > mu * (1 - 1e-6))
        assert np.sum(density) * state.grid.cell_volume == pytest.approx(state.mixture.weights[a], rel=1e-12)
        assert 10 < np.count_nonzero(inside) < 90
    np.testing.assert_allclose(state.density(1), densities[1], rtol=1e-10, atol=1e-12)


def test_two_species_with_one_trap_and_equal_couplings_share_their_density():
    """n_a : n_b = N_a : N_b is one solution; the sum is that of one species with all particles."""
    pair = system(
        *([96], [16.0]),
        [
            species(name, particles=n, potential=harmonic(1.0), initial=THOMAS_FERMI)
            for name, n in (("a", 6.0), ("b", 4.0))
        ],
        [contact("a", "a", 8.0), contact("b", "b", 8.0), contact("a", "b", 7.9)],
    )
    n_a, n_b = thomas_fermi_densities(pair.mixture, BEFORE)
    mu = analytic_mu(1, 8.0, 10.0, 1.0, (1.0,))
    alone = np.maximum(0.0, mu - 0.5 * pair.grid.axis(0) ** 2) / 8.0
    # g_ab differs from the others by 1.25 %, and the spacing
    np.testing.assert_allclose(n_a + n_b, alone, atol=0.03 * alone.max())


def test_a_species_without_repulsion_has_none():
    state = system(
        *([32], [12.0]),
        [
            species("a", potential=harmonic(1.0), initial={"kind": "gaussian", "width": 1.0}),
            species("b", initial={"kind": "gaussian", "width": 1.0}),
        ],
        [contact("a", "a", 1.0), contact("b", "b", -1.0)],
    )
    with pytest.raises(NoThomasFermiDensity, match='"b"'):
        thomas_fermi_densities(state.mixture, BEFORE)
