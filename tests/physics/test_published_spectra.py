"""Spectra of ground states against numbers and formulas that others have printed."""

import math

import numpy as np
import pytest
from physics.systems import NOW, contact, dipolar, harmonic, species, system

from hpcmix.initial.descent.search import minimise_energy
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.modes import spectrum_of
from hpcmix.problem.sections.excitations import ExcitationsSection


def frequencies(state, modes, tolerance=1e-8):
    """The lowest frequencies of a system that stands in its ground state; their error is the square of the
    tolerance."""
    orbitals = [held[0] for held in state.state.orbitals]
    section = ExcitationsSection(modes=modes, tolerance=tolerance, max_iterations=400)
    return spectrum_of(BogoliubovOperator(state.mixture, orbitals, NOW), section).frequencies.real


def threshold(state):
    """-mu of a cloud that nothing holds: the energy above which excitations leave it."""
    return -state.record()["species"]["a"]["chemical_potential"]


def test_breathing_of_a_droplet_without_a_mean_field():
    """-phi''/2 - |phi| phi = mu phi in one dimension: the breathing mode lies at 0.8904 of the particle-emission
    threshold, whatever the number of particles (Tylutki, Astrakharchik, Malomed, Petrov, Phys. Rev. A 101 (2020)
    051601, abstract)."""
    attraction = [{"species": ["a"], "kind": "power", "strength": -2.0 / 3.0, "exponent": 1.5}]
    for particles, length in ((6.0, 40.0), (1.5, 64.0)):
        droplet = [species("a", particles=particles, initial={"kind": "ground-state", "start": "gaussian"})]
        state = system([192], [length], droplet, functional=attraction)
        assert frequencies(state, 1)[0] / threshold(state) == pytest.approx(0.8904, abs=5e-5)  # its printed digits


def droplet(particles):
    """Petrov's droplet, -lap/2 phi - 3 |phi|^2 phi + 5/2 |phi|^3 phi = mu phi, on 48^3 points."""
    cloud = [species("a", particles=particles, initial={"kind": "gaussian", "width": 2.0})]
    repulsion = [{"species": ["a"], "kind": "power", "strength": 1.0, "exponent": 2.5}]
    state = system([48] * 3, [20.0] * 3, cloud, [contact("a", "a", -3.0)], functional=repulsion)
    minimise_energy(state.mixture, [state.state.orbitals[0][0]], NOW, 1e-9, 600, saddles="ignore")
    return state


@pytest.mark.slow
def test_surface_modes_of_a_droplet():
    """Below N = 94.2 the quadrupole mode of a droplet lies above the threshold, and no surface mode is left (Petrov,
    Phys. Rev. Lett. 115 (2015) 155302, text). At N = 200 a radial solver of its own (sine basis, sphere of radius 30)
    finds omega_2 = 0.618362 |mu|, and no breathing mode below the threshold."""
    state = droplet(200.0)
    levels = frequencies(state, 6) / threshold(state)
    # images of the droplet in the periodic box: its tails are exp(-0.84 r), 1e-4 of psi at the middle of a face
    np.testing.assert_allclose(levels[:5], 0.618362, rtol=3e-3)
    assert levels[5] > 0.97  # octupole or the gas in the box
    state = droplet(94.2)
    assert frequencies(state, 5) / threshold(state) == pytest.approx(1.0, abs=0.01)  # the box, as above


@pytest.mark.parametrize("ratio", [0.5, 0.7, -0.5])
def test_spin_dipole_mode(ratio):
    """Two equal components with g_12 = ratio g in a trap: in the Thomas-Fermi limit the spin-dipole mode lies at
    omega sqrt((g - g_12) / (g + g_12)) (Bienaime et al., Phys. Rev. A 94 (2016) 063652); the centre moves at omega."""
    clouds = [
        species(name, particles=1.0, potential=harmonic([1.0]), initial={"kind": "ground-state"}) for name in "ab"
    ]
    pairs = [contact("a", "a", 2000.0), contact("b", "b", 2000.0), contact("a", "b", 2000.0 * ratio)]
    found = frequencies(system([640], [44.0], clouds, pairs), 6, 1e-6)
    expected = math.sqrt((1.0 - ratio) / (1.0 + ratio))
    nearest = found[np.argmin(np.abs(found - expected))]
    assert nearest == pytest.approx(expected, rel=0.03)  # the edge of the clouds
    assert np.min(np.abs(found - 1.0)) < 1e-8


@pytest.mark.slow
def test_breathing_of_a_dipolar_gas():
    """In a spherical trap a dipolar gas breathes at sqrt 5 omega in the Thomas-Fermi limit, however strong the
    dipoles are (Sapina, Dahm, Schopohl, Phys. Rev. A 82 (2010) 053620); without dipoles this cloud is at 2.22476."""
    strength = 400.0 * np.pi
    cloud = [species("a", particles=1.0, potential=harmonic([1.0] * 3), initial={"kind": "ground-state"})]
    forces = [contact("a", "a", strength), dipolar("a", "a", 3.0 * 0.6 * strength / (4.0 * np.pi), [0, 0, 1])]
    state = system([40] * 3, [14.0] * 3, cloud, forces)
    found = frequencies(state, 24)
    assert np.min(np.abs(found - math.sqrt(5.0))) < 0.02
    assert np.sum(np.abs(found - 1.0) < 2e-6) == 3  # the centre, to the images that the grid's spacing leaves
