"""Warnings of cores of vortices and surfaces of droplets that are finer than the grid."""

import math

import pytest
from physics.systems import System, contact, evolution, harmonic, problem_text, species

from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.running.planning.plan_table import warning_lines
from hpcmix.running.planning.resolution.structures import structure_warnings, surface_width
from hpcmix.running.planning.resolution.watch import ResolutionWatch

DIPOLE = [{"position": [-2.0, 1.2], "charge": 1}, {"position": [-2.0, -1.2], "charge": -1}]


def cloud(points, strength=1.0, **entries):
    """A thousand particles in a trap: mu = sqrt(g N / pi), and xi = 1 / sqrt(2 mu) = 0.1674 for g = 1."""
    initial = {"kind": "ground-state"} | entries.pop("initial", {"vortices": DIPOLE})
    gas = species("cloud", particles=1000.0, potential=harmonic(1.0), initial=initial)
    interaction = [contact("cloud", "cloud", strength)]
    return parse_problem(problem_text([points, points], [16.0, 16.0], [gas], interaction, **entries))


def test_cores_below_the_spacing_are_said_with_both_lengths():
    """The spacing is 0.25, then 0.125."""
    (line,) = structure_warnings(cloud(64))
    assert line.startswith('warning: species "cloud": along x and y its healing length, about 0.167, is below the spac')
    assert "spacing of the grid, 0.25: the cores of vortices" in line
    assert line in warning_lines(cloud(64))
    assert structure_warnings(cloud(128)) == []
    assert structure_warnings(cloud(64, output={"directory": "out", "resolution": "ignore"})) == []


def test_clouds_without_cores_may_be_as_coarse():
    """Smooth clouds are resolved by their radius; a rotating one fills with vortices."""
    smooth = {"kind": "ground-state"}
    assert structure_warnings(cloud(64, initial=smooth)) == []
    assert len(structure_warnings(cloud(64, initial=smooth, rotation={"rate": 0.85}))) == 1
    step = {"phase_steps": [{"position": 0.0, "axis": "x", "jump": math.pi}]}
    assert len(structure_warnings(cloud(64, initial=smooth | step))) == 1


class Lines:
    """A log that keeps what is said."""

    def __init__(self):
        self.said = []

    def line(self, text):
        self.said.append(text)


def test_a_state_whose_density_the_file_does_not_tell_is_looked_at():
    """A uniform gas of an expression with g n = 50: xi = 0.1, and a spacing of 0.5."""
    initial = {"kind": "expression", "amplitude": "1", "vortices": DIPOLE}
    gas = species("a", particles=64.0, initial=initial)
    made = System(parse_problem(problem_text([16, 16], [8.0, 8.0], [gas], [contact("a", "a", 50.0)],
                                             time=evolution(0.1, 1e-3))))  # fmt: skip
    assert structure_warnings(made.problem) == []
    log = Lines()
    ResolutionWatch(made.problem, log).look(made.record())
    (line,) = [text for text in log.said if "the cores of vortices" in text]
    healing = made.record()["species"]["a"]["healing_length"]
    assert healing < 0.15 and f"about {healing:.3g}, is below the spacing of the grid, 0.5" in line


DROPLET = "jobs/18_potassium-rubidium-droplet/problem.toml"


def test_the_surface_of_a_droplet_is_petrovs_length():
    """Of equal masses and couplings g, delta g = g_12 + g < 0: n_0 = 25 pi (delta g)^2 / 32768 a^3 g^2 per component
    and xi^2 = 3 / |delta g| n_0 with hbar = m = 1 (Phys. Rev. Lett. 115 (2015) 155302)."""
    g, between = 4.0 * math.pi * 0.01, -4.0 * math.pi * 0.0105
    gases = [species(name, particles=100.0) for name in "ab"]
    couplings = [contact("a", "a", g), contact("b", "b", g), contact("a", "b", between)]
    functional = [{"kind": "lee-huang-yang", "species": ["a", "b"], "imaginary": "marginal"}]
    problem = parse_problem(problem_text([32] * 3, [400.0] * 3, gases, couplings, functional=functional))
    delta = abs(g + between)
    density = 25.0 * math.pi * delta**2 / (32768.0 * 0.01**3 * g**2)
    # e = -delta n^2 of both together: A = delta, K = 1
    assert surface_width(problem, problem.functional[0]) == pytest.approx(math.sqrt(3.0 / (delta * density)), rel=1e-6)


def test_a_droplet_on_a_coarse_grid_is_said_and_the_card_is_not():
    """Its surface is 0.83 um wide, the spacing of the card 0.33 um; of twelve points a side 1.33 um."""
    assert structure_warnings(load_problem(DROPLET)) == []
    (line,) = structure_warnings(load_problem(DROPLET, ["grid.points=[12, 12, 12]"]))
    assert line.startswith('warning: a droplet of "potassium" and "rubidium" has a surface of about 0.827 um')
    assert "along x, y and z" in line and "1.33" in line


@pytest.mark.parametrize("card", ["25_vortex-lattice", "28_vortex-dipole", "29_massive-vortex"])
def test_cards_with_vortices_get_no_warning(card):
    assert structure_warnings(load_problem(f"jobs/{card}/problem.toml")) == []
