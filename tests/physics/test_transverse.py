"""Grids of one and two dimensions across which a tight trap holds all particles, against three dimensions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.systems import contact, dipolar, evolution, expanding, gaussian, harmonic, species, system
from scipy.integrate import quad

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.model.pair_kernels.dipoles.transverse import TransverseDipolarKernel
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.mistakes.errors import ProblemError

FREQUENCY, MASSES = 1.0, (1.0, 2.0)
LENGTHS = [1.0 / math.sqrt(FREQUENCY * mass) for mass in MASSES]
"""l of both species."""


def unit(*direction):
    return tuple(np.array(direction) / np.linalg.norm(direction))


def across(axes):
    return {"transverse": {"frequency": FREQUENCY, "axes": axes}}


# ------------------------------------------------------------------------------------ kernels


@pytest.mark.parametrize("k", [(0.0, 1e-3), (0.5, 0.9), (3.0, -2.0), (20.0, 10.0)])
def test_dipoles_in_a_plane_are_the_average_over_the_third_wave_number(k):
    """integral dk_z/(2 pi) exp(-k_z^2 w^2/2) G^(k) of three dimensions, tilted dipoles."""
    e, width, strength = np.array(unit(3.0, -5.0, 8.0)), 0.7, 1.3

    def integrand(z):
        square = k[0] ** 2 + k[1] ** 2 + z**2
        kernel = strength * 4.0 * math.pi / 3.0 * (3.0 * (e @ [*k, z]) ** 2 / square - 1.0)
        return kernel * math.exp(-0.5 * (z * width) ** 2) / (2.0 * math.pi)

    small = math.hypot(*k)  # where the integrand changes quickly
    exact = sum(quad(integrand, *part, epsabs=1e-13)[0] for part in ((-20, -small), (-small, small), (small, 20)))
    waves = [np.array(value) for value in k]
    found = TransverseDipolarKernel(strength, tuple(e), width, 1).multiplier(waves, waves)
    assert found == pytest.approx(exact, abs=1e-10)  # of the quadrature


@pytest.mark.parametrize("k", [1e-3, 0.3, 2.0, 9.0, 14.2, 14.4, 40.0])
def test_dipoles_on_a_line_are_the_average_over_two_wave_numbers(k):
    """The same over the plane across; 14.3 w is where the asymptotic series takes over."""
    e, width, strength = np.array(unit(3.0, -5.0, 8.0)), 0.7, 1.3

    def integrand(q):
        squared = e[0] ** 2 * k**2 + 0.5 * (1.0 - e[0] ** 2) * q**2  # (e.k)^2, averaged over the angle
        kernel = strength * 4.0 * math.pi / 3.0 * (3.0 * squared / (k**2 + q**2) - 1.0)
        return kernel * q * math.exp(-0.5 * (q * width) ** 2) / (2.0 * math.pi)

    exact = sum(quad(integrand, *part, epsabs=1e-13)[0] for part in ((0.0, k), (k, max(20.0, k))))
    found = TransverseDipolarKernel(strength, tuple(e), width, 2).multiplier([np.array(k)], [np.array(k)])
    assert found == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (1.0, 2.0, 2.0)])
@pytest.mark.parametrize("axes", [1, 2])
def test_interactions_are_those_of_clouds_in_three_dimensions(axes, direction):
    """Clouds in the ground state across the grid have the same energies of contact and free dipolar interaction, each
    with itself and with the other one: the average is exact, and both sides are spectral."""
    dimensions = 3 - axes
    pairs = (("a", "a"), ("a", "b"), ("b", "b"))
    interactions = [dipolar(*pair, 0.3, list(direction)) for pair in pairs]
    interactions += [{"kind": "contact", "between": pair, "scattering_length": 0.02} for pair in pairs]
    points, lengths = [28, 24, 24], [10.0, 9.0, 9.0]
    energies = []
    for grid in (dimensions, 3):
        entries = []
        for name, mass, length, width, centre in (("a", 1.0, LENGTHS[0], 1.0, 0.4), ("b", 2.0, LENGTHS[1], 0.8, -0.5)):
            widths = [width] * dimensions + [length] * axes
            at = [centre] + [0.0] * 2
            initial = gaussian(widths[:grid], centre=at[:grid])
            entries.append(species(name, mass=mass, particles=3.0, initial=initial))
        extra = {"grid": across(axes)} if grid < 3 else {}
        tested = system(points[:grid], lengths[:grid], entries, interactions, **extra)
        energies.append([entry["interaction_energy"] for entry in tested.record()["species"].values()])
    # the density of the narrower cloud has exp(-(pi l/2h)^2) = 1e-4 at the grid's end, its square counts
    assert energies[0] == pytest.approx(energies[1], rel=1e-6)


def test_an_expanding_frame_takes_dipoles_along():
    """At scale b the field of a cloud is b^2 times that of the cloud that is b times as wide, on the box and in free
    space, where dipoles stand across the grid and where they are tilted."""
    for axes, direction in ((1, [0, 0, 1]), (1, [1, 2, 1]), (2, [1, 0, 1])):
        for boundary in ("free", "periodic"):
            force = [dipolar("a", "a", 0.3, direction, boundary=boundary)]
            fields = []
            for width, length, contraction in ((1.0, 12.0, 0.5), (2.0, 24.0, 1.0)):
                entry = [species("a", particles=3.0, initial=gaussian(width))]
                frame = expanding(1.0) if contraction < 1.0 else {}
                points = [32, 24][: 3 - axes]
                tested = system(points, [length] * (3 - axes), entry, force, grid=across(axes) | frame)
                densities = tested.mixture.densities(tested.state.clouds)
                (field,) = tested.mixture.interactions.mean_fields(densities, Instant(0.0, 0.0, contraction))
                fields.append(field * contraction**2)
            assert fields[0] == pytest.approx(fields[1], abs=1e-9 * np.max(np.abs(fields[1])))


def test_ground_states_tend_to_those_of_three_dimensions():
    """A uniform mixture along x: mu of three dimensions less hbar omega is that of one, but for the clouds' widening
    across, which is of second order in a n. Halving the coupling leaves a quarter of the difference."""
    pairs = (("a", "a"), ("a", "b"), ("b", "b"))
    differences = []
    for length in (0.02, 0.01):
        entries = [species(name, particles=4.0, initial={"kind": "ground-state"}) for name in "ab"]
        lengths = zip(pairs, (1.0, 0.4, 0.7), strict=True)
        force = [{"kind": "contact", "between": pair, "scattering_length": part * length} for pair, part in lengths]
        flat = system([4], [2.0], entries, force, grid=across(2)).record()["species"]
        trapped = [entry | {"potential": [harmonic([0.0, FREQUENCY, FREQUENCY])]} for entry in entries]
        full = system([4, 20, 20], [2.0, 9.0, 9.0], trapped, force).record()["species"]
        differences.append(
            [full[name]["chemical_potential"] - FREQUENCY - flat[name]["chemical_potential"] for name in "ab"]
        )
        assert flat["a"]["chemical_potential"] == pytest.approx(2 * FREQUENCY * 1.4 * length * 2.0, rel=1e-9)
    assert np.array(differences[0]) / differences[1] == pytest.approx([4.0, 4.0], rel=0.15)  # the third order


# ------------------------------------------------------------------------------------ a cloud that widens across


def widening(length, names="a", **entries):
    return {"functional": [{"kind": "non-polynomial", "species": list(names), "scattering_length": length, **entries}]}


def soliton(strength, points=96, length=28.0):
    """A bright soliton of 100 particles with N |a|/l = strength."""
    entry = species("a", particles=100.0, initial={"kind": "ground-state"})
    return system([points], [length], [entry], grid=across(2), **widening(-strength / 100.0))


def test_a_bright_soliton_ends_at_two_thirds():
    """(1 - mu)^(3/2) - (3/2) (1 - mu)^(1/2) + 3 gamma/(2 sqrt 2) = 0 with gamma = N |a|/l and mu in units of hbar omega
    (Salasnich, Parola and Reatto, Phys. Rev. A 66 (2002) 043603), which has solutions up to gamma = 2/3."""
    strength = 0.62
    found = soliton(strength).record()["species"]["a"]["chemical_potential"]
    roots = np.roots([1.0, 0.0, -1.5, 3.0 * strength / (2.0 * math.sqrt(2.0))]).real
    root = min(value for value in roots if value > 0.0)
    # the tails at the faces: exp(-sqrt(2 (1 - mu)) L/2)^2 = 1e-9
    assert found == pytest.approx(1.0 - root**2, abs=1e-7)
    with pytest.raises(NotConverged, match="is an attraction too strong"):
        soliton(0.68)


def test_a_wide_cloud_is_found_as_quickly_as_one_with_contact():
    """The search knows how stiff the functional is: without, it takes several times the iterations."""
    entry = species("a", particles=500.0, potential=[harmonic(0.01)], initial={"kind": "ground-state"})
    force = [{"kind": "contact", "between": ["a", "a"], "scattering_length": 0.01}]
    frozen = system([128], [150.0], [entry], force, grid=across(2))
    wide = system([128], [150.0], [entry], grid=across(2), **widening(0.01))
    assert wide.ground_state.iterations < 1.5 * frozen.ground_state.iterations


def test_a_cloud_that_collapses_across_ends_the_run():
    """Beyond 1 + 2 a n = 0 nothing is a number: the guard finds it."""
    entry = species("a", particles=100.0, initial=gaussian(1.0))
    tested = system([32], [10.0], [entry], grid=across(2), time=evolution(1.0, 0.01), **widening(-0.02))
    tested.evolve(1)
    assert not np.isfinite(tested.state.clouds[0].orbitals).any()


def test_a_wide_cloud_is_nearly_that_of_three_dimensions():
    """Uniform along x with a n = 1/2: the Gaussian of any width is above the energy of three dimensions by less than
    a tenth of what the frozen one is, and both are above."""
    entry = species("a", particles=4.0, initial={"kind": "ground-state"})
    trapped = entry | {"potential": [harmonic([0.0, FREQUENCY, FREQUENCY])]}
    force = [{"kind": "contact", "between": ["a", "a"], "scattering_length": 0.25}]
    full = system([4, 24, 24], [2.0, 10.0, 10.0], [trapped], force).record()["energy"]["total"]
    frozen = system([4], [2.0], [entry], force, grid=across(2)).record()["energy"]["total"] + 4.0 * FREQUENCY
    wide = system([4], [2.0], [entry], grid=across(2), **widening(0.25)).record()["energy"]["total"]
    assert wide == pytest.approx(4.0 * FREQUENCY * math.sqrt(2.0), rel=1e-12)
    assert 0.0 < wide - full < 0.1 * (frozen - full)


@pytest.mark.parametrize(
    "words, dimensions, change, species_named",
    [
        ("functional.0.kind: is the equation of a line", 2, {}, "a"),
        ("functional.0.species: has the contact interaction", 1, {"contact": True}, "a"),
        ("functional.0.species: names several species", 1, {}, "ab"),
        ("fermions; leave it out", 1, {"kind": "fermions", "orbitals": 2}, "a"),
    ],
)
def test_what_the_non_polynomial_equation_refuses(words, dimensions, change, species_named):
    entry = species("a", **({} if "kind" in change else {"particles": 2.0}))
    entry |= {key: value for key, value in change.items() if key != "contact"}
    force = [contact("a", "a", 0.1)] if "contact" in change else []
    every = widening(0.1, species_named)
    with pytest.raises(ProblemError, match=words) as raised:
        system(
            [8] * dimensions,
            [8.0] * dimensions,
            [entry, species("b", particles=1.0)],
            force,
            grid=across(3 - dimensions),
            **every,
        )
    assert all(complaint.line is not None for complaint in raised.value.complaints)


@pytest.mark.slow
def test_a_mixture_moves_along_the_line_as_in_three_dimensions():
    """Two species of different masses, out of their trap's middle, collide along x. The line densities of three
    dimensions are those of one within a few times the second order in a n, (0.03)^2, over a quarter of a period; with
    half the scattering lengths within a quarter of that."""
    pairs = (("a", "a", 1.0), ("a", "b", 0.5), ("b", "b", 0.8))
    differences = []
    for length in (0.02, 0.01):
        force = [{"kind": "contact", "between": [a, b], "scattering_length": part * length} for a, b, part in pairs]
        densities = []
        for grid in (1, 3):
            entries = []
            for name, mass, across_it, at in (("a", 1.0, LENGTHS[0], 0.8), ("b", 2.0, LENGTHS[1], -0.8)):
                trap = [0.3 / math.sqrt(mass), FREQUENCY, FREQUENCY][:grid]
                initial = gaussian([1.2, across_it, across_it][:grid], centre=[at, 0.0, 0.0][:grid])
                entries.append(species(name, mass=mass, particles=4.0, potential=[harmonic(trap)], initial=initial))
            extra = {"grid": across(2)} if grid == 1 else {}
            time = evolution(5.0, 0.05, "blanes-moan-4")
            tested = system([48, 20, 20][:grid], [18.0, 9.0, 9.0][:grid], entries, force, time=time, **extra)
            tested.evolve()
            clouds = tested.mixture.densities(tested.state.clouds)
            cell = 1.0 if grid == 1 else math.prod(tested.mixture.grid.spacings[1:])
            densities.append([np.sum(cloud, axis=tuple(range(1, grid))) * cell for cloud in clouds])
        differences.append(np.max(np.abs(np.array(densities[0]) - densities[1])))
    assert differences[0] < 0.01 * np.max(densities[0])
    assert differences[0] / differences[1] == pytest.approx(4.0, rel=0.3)
