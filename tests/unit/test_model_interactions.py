"""Contact and convolution interactions: values of potentials and energies against integrals done by hand."""

import math

import numpy as np
import pytest
from physics.systems import contact, gaussian, gaussian_kernel, species, system, yukawa
from scipy.special import erfc

from hpcmix.model.pair_kernels.coulomb import yukawa_multiplier
from hpcmix.model.pair_kernels.gaussian import gaussian_multiplier


def clouds(points, lengths, interaction, widths=(1.0,), particles=(1.0,), **options):
    atoms = [
        species(name, particles=n, initial=gaussian(w)) for name, n, w in zip("abc", particles, widths, strict=False)
    ]
    return system(points, lengths, atoms, interaction, **options)


def mean_fields(state):
    return state.mixture.interactions.mean_fields([state.density(a) for a in range(len(state.mixture.species))])


# ---------------------------------------------------------------- contact


def test_contact_couplings_are_symmetric_and_distinct():
    state = clouds(
        *([40], [14.0]),
        [contact("b", "a", 0.3), contact("a", "a", 1.0), contact("c", "c", 0.7), contact("b", "c", -0.2)],
        (1.0, 0.8, 1.2),
        (2.0, 3.0, 5.0),
    )
    np.testing.assert_array_equal(
        state.mixture.interactions.couplings, [[1.0, 0.3, 0.0], [0.3, 0.0, -0.2], [0.0, -0.2, 0.7]]
    )
    a, b, c = (state.density(i) for i in range(3))
    for field, expected in zip(
        mean_fields(state), (1.0 * a + 0.3 * b, 0.3 * a - 0.2 * c, -0.2 * b + 0.7 * c), strict=True
    ):
        np.testing.assert_allclose(field, expected, rtol=1e-14)


def test_contact_energy_of_two_gaussian_clouds():
    """1/2 g_aa N_a^2 / sqrt(2 pi w_a^2) + g_ab N_a N_b / sqrt(pi (w_a^2 + w_b^2)): the energy between species is
    counted once, and with both numbers.
    """
    wa, wb, na, nb = 1.0, 0.7, 2.0, 5.0
    state = clouds([64], [14.0], [contact("a", "a", 0.8), contact("a", "b", 0.3)], (wa, wb), (na, nb))
    within = 0.5 * 0.8 * na**2 / math.sqrt(2 * math.pi * wa**2)
    between = 0.3 * na * nb / math.sqrt(math.pi * (wa**2 + wb**2))
    assert state.energy().terms["interaction"] == pytest.approx(within + between, rel=1e-12)
    assert between > 0.3 * within


@pytest.mark.parametrize(("mass", "other"), [(1.0, 1.0), (1.0, 2.5)])
def test_coupling_of_a_scattering_length(mass, other):
    """g = 2 pi a / m_red; with equal masses 4 pi a / m."""
    state = system(
        *([8, 8, 8], [4.0, 4.0, 4.0]),
        [species("a", mass=mass, initial=gaussian(1.0)), species("b", mass=other, initial=gaussian(1.0))],
        [{"between": ["a", "b"], "kind": "contact", "scattering_length": 0.02}],
    )
    coupling = state.mixture.interactions.couplings[0, 1]
    assert coupling == pytest.approx(2 * math.pi * 0.02 * (mass + other) / (mass * other), rel=1e-14)
    if mass == other:
        assert coupling == pytest.approx(4 * math.pi * 0.02 / mass, rel=1e-14)


def test_couplings_of_zero_are_no_term():
    assert clouds([16], [4.0], [contact("a", "b", 0.0)], (1.0, 1.0), (1.0, 1.0)).mixture.interactions.terms == ()


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize(
    ("points", "lengths"),
    [([64], [16.0]), ([48, 50], [14.0, 15.0]), ([40, 36, 36], [13.0, 12.0, 12.0])],
    ids=["1D", "2D", "3D"],
)
def test_gaussian_kernel_on_a_gaussian_cloud(points, lengths):
    """The convolution of two Gaussians is one: W = strength N (s^2/S^2)^(d/2) exp(-r^2/2S^2), S^2 = s^2 + w^2/2."""
    d, strength, s, w, n = len(points), 0.9, 0.6, 0.9, 3.0
    state = clouds(points, lengths, [gaussian_kernel("a", "a", strength, s)], (w,), (n,))
    total = s**2 + w**2 / 2
    r2 = sum(x**2 for x in state.grid.coordinates)
    expected = strength * n * (s**2 / total) ** (d / 2) * np.exp(-r2 / (2 * total))
    # the images of the cloud, exp(-L^2/8S^2) = 1e-11 at the edge of the box, and the cut of its spectrum
    np.testing.assert_allclose(mean_fields(state)[0], expected, atol=1e-10 * expected.max())
    # the energy: the same once more, 1/2 N W averaged over the cloud
    average = strength * n * (s**2 / (s**2 + w**2)) ** (d / 2)
    assert state.energy().terms["interaction"] == pytest.approx(0.5 * n * average, rel=1e-11)


def test_yukawa_kernel_on_a_gaussian_cloud_in_space():
    """The potential of a screened Gaussian charge, in closed form with the complementary error function."""
    strength, mu, sigma, n = -0.7, 3.0, 0.6, 2.0
    state = clouds([40, 40, 40], [11.0, 11.0, 11.0], [yukawa("a", "a", strength, mu)], (sigma * math.sqrt(2),), (n,))
    r = np.sqrt(sum(x**2 for x in state.grid.coordinates))
    r = np.maximum(r, 1e-6)
    root = math.sqrt(2) * sigma
    expected = (
        strength
        * n
        / (2 * r)
        * math.exp(0.5 * (mu * sigma) ** 2)
        * (
            np.exp(-mu * r) * erfc(mu * sigma / root * sigma - r / root)
            - np.exp(mu * r) * erfc(mu * sigma / root * sigma + r / root)
        )
    )
    near = r < 3.0  # beyond it the images of the cloud count
    assert np.count_nonzero(near) > 1000
    # images: exp(-3 (11 - 3))/8 = 5e-12; cut of the cloud's spectrum: exp(-sigma^2 k^2/2) = 6e-11 at the largest wave
    # number; r = 0 is replaced by 1e-6
    np.testing.assert_allclose(mean_fields(state)[0][near], expected[near], atol=1e-9 * abs(strength) * n)


def test_yukawa_kernel_on_a_gaussian_cloud_in_the_plane():
    """At the centre: 2 pi integral of exp(-mu r) rho(r) dr, the 1/r of the kernel against the r of the plane."""
    strength, mu, sigma, n = 0.7, 3.0, 0.6, 2.0
    state = clouds([48, 48], [11.0, 11.0], [yukawa("a", "a", strength, mu)], (sigma * math.sqrt(2),), (n,))
    centre = (
        strength
        * n
        / sigma
        * math.sqrt(math.pi / 2)
        * math.exp(0.5 * (mu * sigma) ** 2)
        * erfc(mu * sigma / math.sqrt(2))
    )
    # images exp(-33)/11; cut of the spectrum exp(-sigma^2 k^2/2) = 2e-15
    assert mean_fields(state)[0][24, 24] == pytest.approx(centre, rel=1e-12)


def test_kernels_of_one_pair_add_up_and_act_both_ways():
    """Contact, Gaussian and Yukawa between the same two species, in any order of the names, are the sum of the three
    alone.
    """
    terms = [contact("a", "b", 0.5), gaussian_kernel("b", "a", 0.9, 0.6), yukawa("a", "b", -0.4, 1.5)]
    grid, shape = ([24, 20], [10.0, 9.0]), ((1.0, 0.7), (2.0, 3.0))
    together = clouds(*grid, terms, *shape)
    alone = [clouds(*grid, [term], *shape) for term in terms]
    for a in range(2):
        np.testing.assert_allclose(mean_fields(together)[a], sum(mean_fields(one)[a] for one in alone), atol=1e-13)
    whole, *parts = (one.energy().terms["interaction"] for one in (together, *alone))
    assert whole == pytest.approx(sum(parts), rel=1e-12)
    # what a exerts on b is what b exerts on a
    for one in alone:
        first, second = mean_fields(one)
        force = [np.sum(one.density(a) * field) for a, field in enumerate((first, second))]
        assert force[0] == pytest.approx(force[1], rel=1e-12)
        assert abs(force[0]) > 0.01


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_gaussian_multiplier_at_zero_is_the_integral_of_the_kernel(dimensions):
    r = np.linspace(0.0, 12.0, 4001)
    surface = {1: 2.0, 2: 2 * math.pi * r, 3: 4 * math.pi * r**2}[dimensions]
    integral = np.trapezoid(surface * 0.9 * np.exp(-(r**2) / (2 * 0.8**2)), r)
    # trapezoidal rule with 4000 points: 1e-6
    assert gaussian_multiplier(np.zeros(1), 0.9, 0.8, dimensions)[0] == pytest.approx(integral, rel=1e-5)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_yukawa_multiplier_at_zero_is_the_integral_of_the_kernel(dimensions):
    r = np.linspace(0.0, 25.0, 20001)
    # r^(d-1) / r
    surface = {2: 2 * math.pi, 3: 4 * math.pi * r}[dimensions]
    integral = np.trapezoid(surface * 0.9 * np.exp(-1.3 * r), r)
    assert yukawa_multiplier(np.zeros(1), 0.9, 1.3, dimensions)[0] == pytest.approx(integral, rel=1e-5)
