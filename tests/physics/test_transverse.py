"""Grids of one and two dimensions across which a tight trap holds all particles, against three dimensions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.systems import dipolar, expanding, gaussian, harmonic, species, system
from scipy.integrate import quad

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
    space; a frame that expands refuses dipoles that are tilted into the plane."""
    for axes in (1, 2):
        for boundary in ("free", "periodic"):
            force = [dipolar("a", "a", 0.3, [0, 0, 1], boundary=boundary)]
            fields = []
            for width, length, contraction in ((1.0, 12.0, 0.5), (2.0, 24.0, 1.0)):
                entry = [species("a", particles=3.0, initial=gaussian(width))]
                frame = expanding(1.0) if contraction < 1.0 else {}
                points = [32, 24][: 3 - axes]
                tested = system(points, [length] * (3 - axes), entry, force, grid=across(axes) | frame)
                densities = tested.mixture.densities(tested.state.clouds)
                (field,) = tested.mixture.mean_fields(densities, Instant(0.0, 0.0, contraction))
                fields.append(field * contraction**2)
            assert fields[0] == pytest.approx(fields[1], abs=1e-9 * np.max(np.abs(fields[1])))
    with pytest.raises(ProblemError, match=r"direction: is tilted into the plane"):
        system([8, 8], [8.0, 8.0], [species("a")], [dipolar("a", "a", 0.3, [1, 0, 1])], grid=across(1) | expanding(1.0))


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
