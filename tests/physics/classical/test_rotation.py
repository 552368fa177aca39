"""In the trap of frequency one and without interaction, quantum and classical gases rotate in phase space alike: their
distance does not change."""

import numpy as np
import pytest
from physics.classical.gases import classical, oscillator
from physics.systems import evolution, harmonic, system

from hpcmix.observe.semiclassical.distance import Search, distance
from hpcmix.observe.semiclassical.of_markers import OfMarkers
from hpcmix.observe.semiclassical.of_orbitals import OfOrbitals

RADIUS = 12.0


def gases(dimensions, count, time, markers, centre):
    """The same file with fermions and with a classical species, displaced from the middle of the trap."""
    points, length = {1: (160, 20.0), 2: (64, 16.0)}[dimensions]
    entry = {"name": "gas", "potential": [harmonic(1.0)], "initial": oscillator(1.0, centre=centre)}
    quantum = entry | {"kind": "fermions", "orbitals": count}
    limit = classical("gas", count, markers, entry["initial"], potential=entry["potential"])
    timing = evolution(time, time / 40, "blanes-moan-6")
    return [system([points] * dimensions, [length] * dimensions, [who], time=timing) for who in (quantum, limit)]


def transforms(quantum, limit):
    return OfOrbitals.of(quantum.look(), 0, RADIUS), OfMarkers.of(limit.look(), 0)


@pytest.mark.parametrize(("dimensions", "count"), [(1, 5), (2, 3)])
def test_transforms_rotate(dimensions, count):
    """f^(xi, eta; t) = f^(cos t xi - sin t eta, sin t xi + cos t eta; 0) of orbitals, to what
    box and grid hold, and of markers, to the steps."""
    time, centre = 0.9, [0.7, -0.4][:dimensions]
    quantum, limit = gases(dimensions, count, time, 4096, centre)
    xi, eta = np.array([1.1, -0.5])[:dimensions], np.array([0.4, 0.8])[:dimensions]
    turned = np.concatenate([np.cos(time) * xi - np.sin(time) * eta, np.sin(time) * xi + np.cos(time) * eta])
    before = [one.with_slope(turned)[0] for one in transforms(quantum, limit)]
    after = [one.with_slope(np.concatenate([xi, eta]))[0] for one in transforms(quantum.evolve(), limit.evolve())]
    assert abs(after[0] - before[0]) < 1e-8
    assert abs(after[1] - before[1]) < 1e-8
    assert abs(before[0]) > 0.02


def test_distance_stays():
    """D(t) = D(0), by the search itself, a third of a turn later; to what it finds of a supremum."""
    quantum, limit = gases(1, 5, 2.1, 65_536, [0.0])
    search = Search.of_widths(1, RADIUS, OfMarkers.of(limit.look(), 0).widths)
    before = distance(*transforms(quantum, limit), search).value
    after = distance(*transforms(quantum.evolve(), limit.evolve()), search).value
    assert after == pytest.approx(before, rel=2e-3)  # 65 536 markers rotate their noise with them, but not on the torus
    assert before > 1e-3
