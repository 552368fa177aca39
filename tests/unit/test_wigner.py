"""f^ of orbitals and of markers, and the distance of two densities in phase space, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.phase_space import Ball, shells
from physics.systems import System, system

from hpcmix.observe.look import Look
from hpcmix.observe.semiclassical.characteristic import Characteristic, Sheet
from hpcmix.observe.semiclassical.distance import Search, distance, value_with_slope
from hpcmix.observe.semiclassical.of_markers import OfMarkers
from hpcmix.observe.semiclassical.of_orbitals import OfOrbitals


def trapped(dimensions: int, orbitals: int, points: int, length: float, **initial) -> System:
    """Oscillator states in the macroscopic scaling, hbar = M^(-1/d)."""
    entries = [
        {"name": "b", "initial": {"kind": "gaussian", "width": 1.0}},
        {"name": "f", "kind": "fermions", "orbitals": orbitals}
        | {"initial": {"kind": "oscillator", "frequency": 1.0} | initial},
    ]
    return system([points] * dimensions, [length] * dimensions, entries, scaling={"kind": "bose-fermi-macro"})


def radius_of(dimensions: int, hbar: float) -> float:
    return 8.0 * hbar ** (-2.0 / 3.0) if dimensions == 1 else 12.0


def of_orbitals(one: System, radius: float) -> OfOrbitals:
    return OfOrbitals.of(Look(one.mixture, one.state), 1, radius)


def random_markers(one: System, dimensions: int, count: int = 200) -> OfMarkers:
    random = np.random.default_rng(3)
    position, momentum = random.normal(size=(2, count, dimensions))
    return OfMarkers(one.mixture.communicators, position, momentum, random.uniform(0.5, 1.0, count))


def largest(values) -> float:
    return float(np.max(np.abs(values)))


# ---------------------------------------------------------------- f^


@pytest.mark.parametrize(("dimensions", "orbitals", "points", "box"), [(1, 30, 240, 12.0), (3, 4, 36, 13.0)])
def test_closed_shells(dimensions, orbitals, points, box):
    """L_(K-1)^(d)(hbar z^2/2) exp(-hbar z^2/4) / M at any zeta, up to the end of the range: the grid of the run, which
    would alias there, is not what f^ is summed over."""
    one = trapped(dimensions, orbitals, points, box)
    radius = radius_of(dimensions, one.mixture.hbar)
    found = of_orbitals(one, radius)
    random = np.random.default_rng(1)
    for length in (0.7, 3.0, 0.5 * radius, radius):
        zeta = random.normal(size=2 * dimensions)
        zeta *= length / np.linalg.norm(zeta)
        # 1e-9: what the run's grids leave of oscillator states beyond their largest wave number
        assert abs(found.with_slope(zeta)[0] - shells(dimensions, orbitals, length)) < 1e-9
    if dimensions == 1:  # density modes alone, far out: of a sum over the run's grid the alias would be 2e-3
        wave = 2.0 * math.pi * points / box - 0.9 * 2.0 * math.sqrt(2.0) / one.mixture.hbar
        assert wave < radius
        assert abs(found.with_slope(np.array([wave, 0.0]))[0] - shells(1, orbitals, wave)) < 1e-9


def test_shifts_longer_than_the_box():
    """hbar eta beyond the box less the orbitals: there is empty space beyond it, and no image of them."""
    one = trapped(3, 4, 26, 8.125)
    found = of_orbitals(one, 12.0)
    for eta in (6.0, 10.0, 12.0):
        zeta = np.array([0.3, 0.0, 0.0, 0.0, eta, 0.0])
        exact = shells(3, 4, float(np.linalg.norm(zeta)))
        # 2e-5: the amplitude of the states at the faces of so small a box; with images f^ would be 0.7 at the end
        assert abs(found.with_slope(zeta)[0] - exact) < 2e-5


def test_plane_waves_are_periodic():
    """Three of them fill the box: f^ at a wave number of the box is that of their overlap, whatever the shift."""
    entries = [
        {"name": "b", "initial": {"kind": "gaussian", "width": 1.0}},
        {"name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "plane-waves"}},
    ]
    one = system([24], [10.0], entries, scaling={"kind": "bose-fermi-macro"})
    found, hbar, k = of_orbitals(one, 4.0), one.mixture.hbar, 2.0 * math.pi / 10.0
    for eta in (0.0, 2.5):  # sum_j exp(-i hbar k_j eta) / 3, k_j = 0, k, -k
        expected = (1.0 + 2.0 * math.cos(hbar * k * eta)) / 3.0
        assert abs(found.with_slope(np.array([0.0, eta]))[0] - expected) < 1e-12


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_coherent_state(dimensions):
    """One orbital, displaced and boosted: f^ is that of a normal distribution with variances hbar/2 about (x, p), and
    its phase says which sign either has."""
    centre, momentum = [0.6, -0.3, 0.2][:dimensions], [0.5, 0.4, -0.7][:dimensions]
    one = trapped(dimensions, 1, 40, 14.0, centre=centre, momentum=momentum)
    found = of_orbitals(one, 6.0)
    random = np.random.default_rng(2)
    for _ in range(4):
        zeta = random.normal(size=2 * dimensions)
        exact = np.exp(-1j * zeta @ [*centre, *momentum] - 0.25 * zeta @ zeta)
        value, slope = found.with_slope(zeta)
        assert abs(value - exact) < 1e-12
        # d/d zeta of the exponent
        assert largest(slope - exact * (-1j * np.array([*centre, *momentum]) - 0.5 * zeta)) < 1e-11


@pytest.mark.parametrize(("dimensions", "fixed"), [(1, ()), (1, (0.4,)), (2, (0.7,)), (3, (0.3, -0.5, 0.8))])
def test_sheets_are_the_values_at_their_points(dimensions, fixed):
    one = trapped(dimensions, 3, 24, 11.0, centre=[0.5] * dimensions, momentum=[0.3] * dimensions)
    sheet = Sheet(dimensions, 0.8, 4, fixed, 3.0)
    # shifted orbitals are in single precision; the lattice sums' tolerance is 1e-8
    for transform, error in ((of_orbitals(one, 3.0), 1e-6), (random_markers(one, dimensions), 1e-7)):
        values = transform.on_sheet(sheet)
        assert values.shape == sheet.shape == sheet.lengths.shape
        inside = np.argwhere(sheet.lengths <= 3.0)
        for index in map(tuple, inside[:: max(1, len(inside) // 7)]):
            zeta = sheet.point(index)
            assert sheet.lengths[index] == pytest.approx(np.linalg.norm(zeta), abs=1e-14)
            assert abs(values[index] - transform.with_slope(zeta)[0]) < error


def test_markers_are_a_plain_sum():
    one = trapped(2, 1, 16, 10.0)
    random = np.random.default_rng(5)
    position, momentum, weight = random.normal(size=(9, 2)), random.normal(size=(9, 2)), random.uniform(1.0, 2.0, 9)
    markers = OfMarkers(one.mixture.communicators, position, momentum, weight)
    zeta = np.array([0.7, -1.1, 0.4, 2.0])
    terms = weight * np.exp(-1j * (position @ zeta[:2] + momentum @ zeta[2:])) / np.sum(weight)
    value, slope = markers.with_slope(zeta)
    assert abs(value - np.sum(terms)) < 1e-14
    assert largest(slope + 1j * terms @ np.concatenate([position, momentum], axis=1)) < 1e-13
    spread = np.average(position[:, 1] ** 2, weights=weight) - np.average(position[:, 1], weights=weight) ** 2
    assert markers.widths[1] == pytest.approx(math.sqrt(spread), rel=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_free_streaming(dimensions):
    """f^(xi, eta; t) = f^_0(xi, eta + xi t / m) of orbitals without potential, and of markers x + p t / m."""
    time, mass = 0.8, 1.0
    one = trapped(dimensions, 3, 64, 16.0, centre=[0.4] * dimensions, momentum=[0.3] * dimensions)
    before = of_orbitals(one, 6.0)
    k2 = sum(np.ix_(*(one.grid.wave_numbers(axis) ** 2 for axis in range(dimensions))), start=0.0)
    axes = tuple(range(1, dimensions + 1))
    moved = np.fft.fftn(one.state.orbitals[1], axes=axes) * np.exp(-0.5j * one.mixture.hbar * time / mass * k2)
    one.state.orbitals[1][...] = np.fft.ifftn(moved, axes=axes)
    after = of_orbitals(one, 6.0)
    random = np.random.default_rng(4)
    position, momentum = random.normal(size=(2, 50, dimensions))
    of = [
        OfMarkers(one.mixture.communicators, x, momentum, np.ones(50)) for x in (position, position + time * momentum)
    ]
    for _ in range(4):
        xi, eta = random.normal(size=(2, dimensions))
        zeta, back = np.concatenate([xi, eta]), np.concatenate([xi, eta + xi * time / mass])
        assert abs(after.with_slope(zeta)[0] - before.with_slope(back)[0]) < 1e-10
        assert abs(of[1].with_slope(zeta)[0] - of[0].with_slope(back)[0]) < 1e-13


# ---------------------------------------------------------------- distances

SHELLS = [
    (1, 10, 160, 12.0, 1.101217584463e-3, 16.5598),
    (1, 20, 240, 12.0, 3.413720668818e-4, 27.7616),
    pytest.param(3, 4, 32, 12.0, 5.032303139928e-3, None, marks=pytest.mark.slow),
]
"""Dimensions, M, a grid, and sup_z |L_(K-1)^(d)(hbar z^2/2) e^(-hbar z^2/4)/M - d! (2/(R z))^d J_d(R z)| / (1 + z) with
the place of the supremum, from that formula alone."""


@pytest.mark.parametrize(("dimensions", "orbitals", "points", "length", "value", "place"), SHELLS)
def test_distance_of_closed_shells_from_their_limit(dimensions, orbitals, points, length, value, place):
    one = trapped(dimensions, orbitals, points, length)
    radius, ball = radius_of(dimensions, one.mixture.hbar), Ball(dimensions)
    search = Search.of_widths(dimensions, radius, ball.widths)
    found = distance(of_orbitals(one, radius), ball, search)
    print(f"d = {dimensions}, M = {orbitals}: {found.value:.12e} at |zeta| = {np.linalg.norm(found.place):.4f}")
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.inside and 0.0 < found.outermost < 0.5 * found.value
    if place is not None:
        assert np.linalg.norm(found.place) == pytest.approx(place, abs=2e-3)


@pytest.mark.parametrize(("dimensions", "orbitals", "value"), [(3, 10, 2.658658282764e-3), (3, 20, 1.655991414187e-3)])
def test_distance_by_the_formula(dimensions, orbitals, value):
    """The same search on the formula itself: the numbers of larger shells."""

    class Shells(Ball):
        def value(self, length):
            return shells(dimensions, orbitals, length)

        def with_slope(self, zeta):
            length, step = float(np.linalg.norm(zeta)), 1e-4
            slope = (self.value(length + step) - self.value(length - step)) / (2.0 * step)
            return complex(self.value(length)), slope / length * zeta + 0j

    ball = Ball(dimensions)
    search = Search.of_widths(dimensions, 12.0, ball.widths)
    assert distance(Shells(dimensions), ball, search).value == pytest.approx(value, rel=1e-9)


class Wave(Characteristic):
    """f^ = A exp(-|zeta - c|^2 / 2) and its mirror image: a supremum at a known place."""

    def __init__(self, centre, height):
        self.centre, self.height = np.array(centre), height

    def value(self, zeta):
        return self.height * np.exp(-0.5 * np.sum((zeta - self.centre) ** 2, axis=-1))

    def on_sheet(self, sheet):
        points = np.array([sheet.point(index) for index in np.ndindex(sheet.shape)])
        return (self.value(points) + 0j).reshape(sheet.shape)

    def with_slope(self, zeta):
        value = self.value(zeta)
        return complex(value), -value * (zeta - self.centre) + 0j


def test_a_supremum_at_the_edge_is_said_to_be_there():
    nothing = Wave([0.0, 0.0], 0.0)
    for length, inside in ((5.0, True), (9.7, False)):
        found = distance(Wave([0.6 * length, 0.8 * length], 1e-3), nothing, Search(1, 10.0, 0.7))
        assert found.inside is inside
        # the maximum of exp(-(z - c)^2 / 2) / (1 + z) lies at z - c = -1 / (1 + z) along the ray
        z = length
        for _ in range(50):
            z = length - 1.0 / (1.0 + z)
        assert found.value == pytest.approx(1e-3 * math.exp(-0.5 * (z - length) ** 2) / (1.0 + z), rel=1e-8)
        assert np.linalg.norm(found.place) == pytest.approx(z, abs=1e-4)
        assert (found.outermost > 0.1 * found.value) is not inside


def test_a_finer_grid_is_finer():
    for dimensions in (1, 2, 3):
        widths = np.full(2 * dimensions, 0.7)
        usual, finer = (Search.of_widths(dimensions, 12.0, widths, finer) for finer in (False, True))
        count = [sum(math.prod(sheet.shape) for sheet in search.sheets()) for search in (usual, finer)]
        assert count[1] > 1.8 * count[0]


def test_densities_alone():
    """eta = 0 throughout: sup over xi of |rho^ - rho'^| / (1 + |xi|)."""
    one, ball = trapped(1, 10, 160, 12.0), Ball(1)
    radius = radius_of(1, one.mixture.hbar)
    search = Search(1, radius, 1.0, density=True)
    found = distance(of_orbitals(one, radius), ball, search)
    assert found.place[1] == 0.0
    assert found.value == pytest.approx(1.101217584463e-3, rel=1e-9)  # f^ depends on |zeta| alone


def test_slopes_of_what_is_maximised():
    one = trapped(1, 5, 64, 12.0, centre=0.4)
    pair = of_orbitals(one, 8.0), Ball(1)
    zeta, step = np.array([1.3, 2.1]), 1e-5
    _, slope = value_with_slope(*pair, zeta)
    for axis in range(2):
        beside = np.eye(2)[axis] * step
        central = (value_with_slope(*pair, zeta + beside)[0] - value_with_slope(*pair, zeta - beside)[0]) / (2 * step)
        assert slope[axis] == pytest.approx(central, abs=1e-9)
