"""Centres and widths on the periodic box: of a cloud across its faces, and of what has no place on the ring."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.systems import expression, gaussian, harmonic, species, system

from hpcmix.observe.measures.moments import density_moments
from hpcmix.observe.observables.always.orbital_sets import natural_widths

LENGTHS = [16.0, 12.0, 10.0]


def periodic(centre, width, dimensions):
    """A Gaussian and its images on both sides, about a centre that may be anywhere."""
    factors = [
        "(" + " + ".join(f"exp(-({name} - ({c + shift * length}))**2/{2 * width**2})" for shift in (-1, 0, 1)) + ")"
        for name, c, length in zip("xyz"[:dimensions], centre, LENGTHS, strict=False)
    ]
    return expression("*".join(factors))


def moments(points, initial, comm):
    one = system(points, LENGTHS[: len(points)], [species("a", particles=3.0, initial=initial)], comm=comm)
    density = one.density()
    return one, density, density_moments(one.mixture, density)


@pytest.mark.parametrize("points", [[64], [32, 27], [24, 25, 26]])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.46, 0.4999, -0.5, -0.47])
def test_a_cloud_anywhere_on_the_ring(comm, points, place):
    """The circular mean: its centre is where it is, its width what it is. Sums of a Gaussian over a periodic grid are
    exact to the tail of its spectrum."""
    centre = [place * length for length in LENGTHS[: len(points)]]
    width = 1.1
    _, _, found = moments(points, periodic(centre, width, len(points)), comm)
    for axis, length in enumerate(LENGTHS[: len(points)]):
        away = (found["centre"][axis] - centre[axis] + 0.5 * length) % length - 0.5 * length
        assert abs(away) < 1e-6  # the cut opposite to the centre, or a tail of 1e-6 at the faces
        assert -0.5 * length <= found["centre"][axis] < 0.5 * length
        assert found["rms_width"][axis] == pytest.approx(width / math.sqrt(2.0), rel=1e-5)
    assert found["particles"] == pytest.approx(3.0, rel=1e-13)


def test_natural_widths_across_a_corner(comm):
    one, density, found = moments([40, 40], periodic([7.9, -5.95], 0.8, 2), comm)
    assert natural_widths(one.mixture, density) == pytest.approx(sorted(found["rms_width"]), rel=1e-6)


def test_in_the_middle_nothing_changes(comm):
    """The mean of the coordinates, to the bit on one rank, also of wide clouds and of two that fly apart."""
    for initial in (gaussian(1.0, centre=2.5), gaussian(4.0, centre=1.0), expression("exp(-(abs(x) - 5)**2)")):
        one, density, found = moments([48], initial, comm)
        x = one.grid.coordinates[0]
        total, first = one.mixture.communicators.sum([np.sum(density), np.dot(x, density)])
        expected = float(first) * (1.0 / float(total))
        assert found["centre"][0] == expected if comm.size == 1 else pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    "amplitude", ["1", "cos(pi*x/2)", "1 + 1e-9*sin(2*pi*(x - 3)/16)", "exp(-(abs(x) - 4)**2) + 0.3"]
)
def test_what_has_no_place_keeps_the_mean_of_the_coordinates(comm, amplitude):
    """A uniform gas, a lattice, two clouds on opposite sides: their circular mean points anywhere."""
    one, density, found = moments([48], expression(amplitude), comm)
    x = one.grid.coordinates[0]
    total, first = one.mixture.communicators.sum([np.sum(density), np.dot(x, density)])
    assert found["centre"][0] == pytest.approx(first / total, abs=1e-13)


def test_a_packet_that_goes_round(comm):
    """Free motion on the ring, of a heavy particle that hardly spreads: the centre is p t / m but for whole lengths, at
    every instant."""
    mass, momentum = 8.0, 2.0 * math.pi * 40 / 16.0
    initial = gaussian(1.0, momentum=momentum)
    one = system(
        [128], [16.0], [species("a", mass=mass, initial=initial)], time={"final": 12.0, "step": 0.5}, comm=comm
    )
    centres = []
    for _ in range(24):
        one.evolve(1)
        found = one.record()["species"]["a"]
        centres.append(found["centre"][0])
        away = (centres[-1] - momentum / mass * one.time + 8.0) % 16.0 - 8.0
        spread = math.hypot(1.0, one.time / mass) / math.sqrt(2.0)
        # a millionth of the density may be on the other side of the cut
        assert abs(away) < 2e-5 and found["rms_width"][0] == pytest.approx(spread, rel=1e-5)
    assert min(centres) < -7.0 and max(centres) > 7.0  # and it did go round


def test_a_trapped_cloud_in_the_middle_of_its_swing(comm):
    """A harmonic trap keeps the cloud inside: nothing of this is seen."""
    one = system(
        [48],
        [16.0],
        [species("a", potential=[harmonic(1.0)], initial=gaussian(1.0, centre=2.0))],
        time={"final": 1.0, "step": 0.02, "integrator": "blanes-moan-6"},
        comm=comm,
    )
    one.evolve()
    assert one.record()["species"]["a"]["centre"][0] == pytest.approx(2.0 * math.cos(1.0), abs=1e-9)
