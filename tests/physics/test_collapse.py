"""States that shrink to the grid's resolution are found, and narrow ones that the grid resolves are not."""

import math

import numpy as np
import pytest
from physics.systems import contact, coulomb, evolution, gaussian, harmonic, species, system

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.model.concentration import KINETIC_FRACTION, concentration, peak_fraction
from hpcmix.running.stops.guard import BlowUp, Guard


def sentence_about(one, index=0):
    record = one.record()["species"][one.problem.species[index].name]
    peak = record["maximum_density"] * one.mixture.grid.cell_volume
    return concentration(one.mixture, index, record["particles"], peak, record["kinetic_energy"])


def packet(dimensions, deviation, momentum=0.0, **entries):
    """A Gaussian on a grid point whose density has this standard deviation, in grid spacings of one."""
    initial = gaussian(math.sqrt(2.0) * deviation, momentum=momentum)
    one = species("a", mass=0.3, particles=7.0, initial=initial, **entries)
    return system([16] * dimensions, [16.0] * dimensions, [one])


@pytest.mark.parametrize("kinetic", ["nonrelativistic", "semirelativistic"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_threshold(dimensions, kinetic):
    """A standard deviation of one spacing is narrow and resolved; two thirds of a spacing are not."""
    assert sentence_about(packet(dimensions, 1.0, kinetic=kinetic)) is None
    assert sentence_about(packet(dimensions, 0.8, kinetic=kinetic)) is None
    assert "shrunk to the grid's resolution" in sentence_about(packet(dimensions, 0.65, kinetic=kinetic))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_what_the_docstring_says_of_the_gaussian_at_the_threshold(dimensions):
    one = packet(dimensions, 1.0 / math.sqrt(2.0))
    record = one.record()["species"]["a"]
    # sums in place of integrals over a Gaussian this narrow: theta functions, 3e-4 from pi^(-1/2) per axis
    assert record["maximum_density"] / 7.0 == pytest.approx(peak_fraction(dimensions), rel=2e-3)
    share = record["kinetic_energy"] / 7.0 / one.mixture.species[0].kinetic.largest(one.grid)
    assert share == pytest.approx(KINETIC_FRACTION, rel=0.03)  # 1 / (2 pi^2)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_single_point(dimensions):
    one = packet(dimensions, 1.0)
    field = np.zeros([16] * dimensions, complex)
    field[(5,) * dimensions] = math.sqrt(7.0)
    one.put(0, field)
    assert "100 % of it at one grid point" in sentence_about(one)


def test_fast_and_rough_states_are_none():
    """Kinetic energy near the grid's largest without a peak."""
    fast = packet(3, 1.0, momentum=2.8)
    record = fast.record()["species"]["a"]
    assert record["kinetic_energy"] / 7.0 > 0.5 * fast.mixture.species[0].kinetic.largest(fast.grid)
    assert sentence_about(fast) is None
    rough = packet(2, 2.0)
    noise = np.random.default_rng(3).standard_normal((2, 16, 16))
    field = noise[0] + 1j * noise[1]
    rough.put(0, field * math.sqrt(7.0 / np.sum(np.abs(field) ** 2)))
    record = rough.record()["species"]["a"]
    assert record["kinetic_energy"] / 7.0 > 0.25 * rough.mixture.species[0].kinetic.largest(rough.grid)
    assert sentence_about(rough) is None


@pytest.mark.parametrize("dimensions", [2, 3])
def test_collapse_of_an_attractive_condensate(dimensions):
    """Above the critical number (N |g| m / hbar^2 = 5.85 in two dimensions, the Townes soliton's; 7.2 lengths of the
    trap in three) the guard says when; below it nothing."""
    cases = {2: ((-12.0, True), (-3.0, False)), 3: ((-30.0, True),)}
    for strength, collapses in cases[dimensions]:
        one = system(
            [40 - 8 * (dimensions - 1)] * dimensions,
            [8.0] * dimensions,
            [species("a", initial=gaussian(0.8), potential=harmonic(1.0))],
            [contact("a", "a", strength)],
            time=evolution(2.0, 0.004),
        )
        guard, seen = Guard(one.mixture, "double"), None
        start = one.energy()
        while one.state.step < 500 and seen is None:
            for _ in range(5):
                one.stepper.advance(one.state)
            one.stepper.settle(one.state)
            try:
                guard.check(one.record())
            except BlowUp as error:
                seen = error
        if collapses:
            assert str(seen).startswith("collapse in step") and seen.collapse_time == one.time
            assert 0.05 < one.time < 1.0
            # seen before the numbers are worthless
            assert abs(one.record()["energy"]["total"] - start.total) < 0.05 * start.scale
        else:
            assert seen is None


def test_a_ground_state_on_one_point_is_refused():
    """An attraction above the critical number in two dimensions: the energy falls without bound as the state shrinks,
    and on the grid it ends on one point."""
    with pytest.raises(NotConverged, match=r'ground state: species "a" has shrunk to the grid\'s resolution: \d'):
        system([24, 24], [8.0, 8.0], [species("a", potential=harmonic(1.0))], [contact("a", "a", -14.0)])
    # below it there is one
    fine = system([24, 24], [8.0, 8.0], [species("a", potential=harmonic(1.0))], [contact("a", "a", -3.0)])
    assert fine.ground_state.residual <= 1e-10


def test_a_ground_state_in_a_narrow_trap_is_not():
    """An oscillator length of 1.3 spacings: narrow, and resolved to 1e-3."""
    one = system([16, 16, 16], [16.0] * 3, [species("a", potential=harmonic(1 / 1.3**2))])
    assert one.ground_state.energy == pytest.approx(1.5 / 1.3**2, rel=1e-3)


@pytest.mark.parametrize(("number", "bound"), [(1.2, True), (6.0, False)])
def test_boson_star(number, bound):
    """Gravitating semi-relativistic bosons: below 4/pi the star has a ground state, far above the critical number
    (2.7) it shrinks to a point."""
    arguments = (
        [24] * 3,
        [12.0] * 3,
        [
            species(
                "star",
                kinetic="semirelativistic",
                particles=number,
                potential=harmonic(0.5),
                initial={"kind": "ground-state", "start": "gaussian"},
            )
        ],
        [coulomb("star", "star", -1.0)],
    )
    if bound:
        one = system(*arguments, ground_state={"tolerance": 1e-8})
        assert one.ground_state.residual <= 1e-8
        return
    with pytest.raises(NotConverged, match="has shrunk to the grid's resolution"):
        system(*arguments, ground_state={"tolerance": 1e-8})
