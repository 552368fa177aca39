"""Classical species in a problem file: what is filled in, and what is refused, with key, line and sentence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcmix.grid import Grid as LocalGrid
from hpcmix.model.potentials.shapes import shape_of
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.checks.expected.warnings import expected_warnings, resolution_lines
from hpcmix.problem.checks.markers.stability import fastest_oscillation
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml
from hpcmix.splittings import INTEGRATORS

FILE = """\
[grid]
points = [64]
lengths = [16.0]
[[species]]
name = "bosons"
initial = { kind = "gaussian", width = 0.8 }
[[species]]
name = "fermions"
kind = "classical"
particles = 2.0
markers = 1000
potential = { kind = "harmonic", frequency = 1.0 }
initial = { kind = "oscillator", frequency = 1.0 }
[[interaction]]
between = ["bosons", "fermions"]
kind = "gaussian"
strength = 1.0
width = 0.7
[time]
final = 1.0
step = 0.01
[output]
observables = { every = 10 }
snapshots = { fields = ["density"] }
"""
KIND, PARTICLES, MARKERS, POTENTIAL, INITIAL, INTERACTION, STEP, OUTPUT = 9, 10, 11, 12, 13, 16, 21, 22
"""Lines of the file."""
LINES = FILE.splitlines()


def given(line: int, text: str) -> str:
    """The file with another line."""
    return "\n".join([*LINES[: line - 1], text, *LINES[line:]]) + "\n"


def after(line: int, text: str) -> str:
    """The file with further lines behind one."""
    return "\n".join([*LINES[:line], text, *LINES[line:]]) + "\n"


def initial(text: str) -> str:
    return given(INITIAL, f"initial = {{ {text} }}")


CONTACT = 'between = ["fermions", "fermions"]\nkind = "contact"\nstrength = 1.0'
NEEDLESS_SETS = "is measured of sets of orbitals, and no species has more than one"
NO_FORCE = "has no force that markers could follow"
DIPOLES = f'{FILE}[[interaction]]\nbetween = ["fermions", "fermions"]\nkind = "dipolar"\nstrength = 1.0\n'
IN_SPACE = {"points = [64]": "points = [16, 16, 16]", "lengths = [16.0]": "lengths = [8.0, 8.0, 8.0]"}
SCATTERING = """\
[[interaction]]
between = ["bosons", "fermions"]
kind = "scattering"
limit = true
potential = { kind = "square-barrier", height = 1.0, radius = 1.0 }
"""


def in_space(text: str) -> str:
    for old, new in IN_SPACE.items():
        text = text.replace(old, new)
    return text


REFUSED = [
    # the species itself
    (given(PARTICLES, ""), 7, "species.fermions.particles", "is required for a classical species: the integral of its"),
    (given(PARTICLES, "particles = 0.0"), PARTICLES, "species.fermions.particles", "must be positive, not 0.0"),
    (after(PARTICLES, "orbitals = 10"), 11, "species.fermions.orbitals",
     'belongs to kind = "fermions"; a classical species has no wave functions: give particles, the integral'),
    (given(MARKERS, "markers = 0"), MARKERS, "species.fermions.markers.number", "must be at least 2, but is 0"),
    (given(MARKERS, "markers = 1"), MARKERS, "species.fermions.markers.number", "must be at least 2, but is 1"),
    (given(MARKERS, "markers = -5"), MARKERS, "species.fermions.markers.number", "must be at least 2, but is -5"),
    (given(MARKERS, "markers = 1.5"), MARKERS, "species.fermions.markers.number", "must be a whole number, not 1.5"),
    (given(MARKERS, "markers = 1_000_000_000_001"), MARKERS, "species.fermions.markers.number",
     "is too large: at most 1e+12 markers"),
    (given(MARKERS, 'markers = "many"'), MARKERS, "species.fermions.markers",
     'must be a whole number or a table, such as { number = 65536 }, not "many"'),
    (given(MARKERS, "markers = true"), MARKERS, "species.fermions.markers",
     "must be a whole number or a table, such as { number = 65536 }, not true"),
    (given(MARKERS, "markers = { number = 10, seed = -1 }"), MARKERS, "species.fermions.markers.seed",
     "must be at least 0"),
    (given(MARKERS, "markers = { number = 10, tolerance = 1e-13 }"), MARKERS, "species.fermions.markers.tolerance",
     "must be from 1e-12 to 0.001, not 1e-13"),
    (given(MARKERS, "markers = { number = 10, tolerance = 0.01 }"), MARKERS, "species.fermions.markers.tolerance",
     "must be from 1e-12 to 0.001, not 0.01"),
    (given(MARKERS, "markers = { nmber = 10 }"), MARKERS, "species.fermions.markers.nmber", "unknown key"),
    (after(MARKERS, 'vector_potential = { kind = "uniform", field = 1.0 }'), 12, "species.fermions.vector_potential",
     "acts on wave functions in this version, and a classical species has none"),
    (given(POTENTIAL, 'potential = [{ kind = "box", height = 10.0, lengths = 8.0 }]'), POTENTIAL,
     "species.fermions.potential.0.edge", "must be positive for a classical species: markers follow the gradient"),
    *((given(POTENTIAL, f'potential = [{{ kind = "expression", value = "{step}" }}]'), POTENTIAL,
       "species.fermions.potential.0.value", f"jumps at x = {place}, where a classical species feels no force")
      for step, place in (("where(abs(x) < 4, 0, 100)", "-4"), ("x**2 + 3*heaviside(x - 1)", "1"))),
    # its initial state
    (initial('kind = "thomas-fermi"'), INITIAL, "species.fermions.initial.kind",
     '"thomas-fermi" is "ground-state" for a classical species'),
    (initial('kind = "oscillator", frequency = 1.0, numbers = 2'), INITIAL, "species.fermions.initial.numbers",
     "counts quanta of a wave function"),
    (initial('kind = "gaussian", width = 1.0, noise = { amplitude = 0.1 }'), INITIAL, "species.fermions.initial.noise",
     "another markers.seed is another sample of the same f"),
    (initial('kind = "oscillator", frequency = 1.0, modes = { path = "a.h5", numbers = [0], amplitude = 0.1 }'),
     INITIAL, "species.fermions.initial.modes", "displace a wave function"),
    (initial('kind = "ground-state", start = "gaussian"'), INITIAL, "species.fermions.initial.start",
     "is a first guess of wave functions"),
    (initial("seed = 4"), INITIAL, "species.fermions.initial.seed", "that of the markers is markers.seed"),
    (initial('kind = "expression", value = "exp(-x**2)", momentum_extent = 1.0, amplitude = "x"'), INITIAL,
     "species.fermions.initial.amplitude",
     'a classical species has value = "...", a function of x and px'),
    (initial('kind = "expression", value = "exp(-x**2-px**2)"'), INITIAL, "species.fermions.initial.momentum_extent",
     "is required"),
    (initial('kind = "expression", value = "exp(-x**2-py**2)", momentum_extent = 5.0'), INITIAL,
     "species.fermions.initial.value", '"py" does not exist here (variables: x, px, mass)'),
    (initial('kind = "expression", value = "t*x", momentum_extent = 5.0'), INITIAL, "species.fermions.initial.value",
     '"t" does not exist here (variables: x, px, mass)'),
    (initial('kind = "gaussian", width = 1.0, momentum_width = 1.0, temperature = 1.0'), INITIAL,
     "species.fermions.initial.temperature", "contradicts momentum_width; give one of the two"),
    (initial('kind = "gaussian", width = 1.0, temperature = 0.0'), INITIAL, "species.fermions.initial.temperature",
     "must be positive"),
    (initial('kind = "gaussian", width = 1.0, momentum_width = -1.0'), INITIAL,
     "species.fermions.initial.momentum_width", "must be positive"),
    (initial('kind = "gaussian", width = 17.0'), INITIAL, "species.fermions.initial.width",
     "17 on axis x is larger than the box"),
    (initial('kind = "gaussian", width = 1.0, centre = 9.0'), INITIAL, "species.fermions.initial.centre",
     "9 on axis x is outside the box"),
    (initial('kind = "thermal", temperature = -1.0'), INITIAL, "species.fermions.initial.temperature",
     "must be positive"),
    (initial('kind = "thermal", temperature = 1.0, statistics = "bose-einstein"'), INITIAL,
     "species.fermions.initial.statistics", 'unknown statistics "bose-einstein"'),
    (initial('kind = "file", path = "absent.h5"'), INITIAL, "species.fermions.initial.path", "there is no file"),
    (initial(f'kind = "file", path = "{__file__}", momentum = 1.0'), INITIAL, "species.fermions.initial.momentum",
     "unknown key"),
    (initial('kind = "gaussian", width = 1.0, momentum = 1e12'), INITIAL, "species.fermions.initial",
     'lets markers of "fermions" pass 6.25e+08 lengths of the box along x in a step'),
    # what acts on it
    (f"{FILE}[[interaction]]\n{CONTACT}\n", 27, "interaction.1.kind", f'"contact" {NO_FORCE}'),
    (f"{FILE}[[interaction]]\n{CONTACT}\n".replace('["fermions", "f', '["bosons", "f'), 27, "interaction.1.kind",
     f'"contact" {NO_FORCE}'),
    (in_space(DIPOLES), 27, "interaction.1.kind", f'"dipolar" {NO_FORCE}'),
    (in_space(FILE + SCATTERING), 27, "interaction.1.kind", f'"scattering" {NO_FORCE}'),
    (f'{FILE}[[functional]]\nspecies = ["bosons", "fermions"]\nkind = "power"\nexponent = 2.5\nstrength = 1.0\n', 26,
     "functional.0.species", 'acts at points, where markers have no density, and "fermions" is classical'),
    (f'{FILE}[[coupling]]\nbetween = ["bosons", "fermions"]\nrabi_frequency = 1.0\n', 26, "coupling.0.between.1",
     '"fermions" is of kind "classical"; coherent coupling is for condensates'),
    (FILE.replace("[64]", "[64, 64]").replace("[16.0]", "[16.0, 16.0]") + "[rotation]\nrate = 0.5\n", 25, "rotation",
     'is of wave functions in this version, and "fermions" is classical'),
    (f'{FILE}[scaling]\nkind = "fractions"\n', KIND, "species.fermions.kind",
     "a classical species has its weight in its markers; use bose-fermi-macro or none"),
    (f'{FILE}[scaling]\nkind = "geometric-mean"\n', KIND, "species.fermions.kind",
     "a classical species has its weight in its markers; use bose-fermi-macro or none"),
    (f"{FILE}[fluctuations]\n", KIND, "species.fermions.kind", "[fluctuations] are those around condensates"),
    (f"{FILE}[excitations]\n", KIND, "species.fermions.kind", '"fermions" is none; leave [excitations] or'),
    # time
    (given(POTENTIAL, 'potential = { kind = "harmonic", frequency = 400.0 }'), STEP, "time.step",
     "its markers oscillate with omega = 400, and blanes-moan-4 follows them up to omega step = 3.13 only; the largest "
     "step is 0.00783 in code units"),
    (given(POTENTIAL, 'potential = { kind = "harmonic", frequency = 400.0 }').replace(
        "step = 0.01", "step = { tolerance = 1e-6, largest = 0.02 }"), STEP, "time.step.largest",
     "its markers oscillate with omega = 400, and blanes-moan-4 follows them up to omega step = 3.13 only; the largest "
     "step is 0.0156 in code units"),
    # output
    (given(OUTPUT + 1, 'observables = { every = 10, also = ["determinant-overlap"] }'), OUTPUT + 1,
     "output.observables.also.0", NEEDLESS_SETS),
    (given(OUTPUT + 2, 'snapshots = { fields = ["thomas_fermi"] }'), OUTPUT + 2, "output.snapshots.fields.0",
     NEEDLESS_SETS),
    (given(KIND, "").replace("markers = 1000", "").replace("frequency = 1.0 }\n[[i", "frequency = 1.0 }\n[[i")
     + "markers = { interval = 0.5 }\n", 25, "output.markers", "is of classical species, and there is none"),
    (given(KIND, "").replace("markers = 1000", "")
     + 'phase_space = [{ species = "fermions", axes = ["x", "px"] }]\n', 25, "output.phase_space.0",
     "is of classical species, and there is none"),
    (f'{FILE}phase_space = [{{ species = "fermion", axes = ["x", "px"] }}]\n', 25, "output.phase_space.0.species",
     '"fermion" is no species; did you mean "fermions"?'),
    (f'{FILE}phase_space = [{{ species = "bosons", axes = ["x", "px"] }}]\n', 25, "output.phase_space.0.species",
     '"bosons" is no classical species (classical: fermions)'),
    (f'{FILE}phase_space = [{{ species = "fermions", axes = ["x", "pz"] }}]\n', 25, "output.phase_space.0.axes.1",
     '"pz" does not exist in 1 dimension (axes: x, px)'),
    (f'{FILE}phase_space = [{{ species = "fermions", axes = ["x", "x"] }}]\n', 25, "output.phase_space.0.axes",
     "must be two different axes of phase space"),
    (f'{FILE}phase_space = [{{ species = "fermions", axes = ["x", "p"] }}]\n', 25, "output.phase_space.0.axes.1",
     'unknown axe "p"'),
    (f'{FILE}phase_space = [{{ species = "fermions", axes = ["x", "px"], bins = [0, 3] }}]\n', 25,
     "output.phase_space.0.bins", "must be at least 1"),
    (f'{FILE}phase_space = [{{ species = "fermions", axes = ["x", "px"], bins = 10000 }}]\n', 25,
     "output.phase_space.0.bins", "are 10000 x 10000, more than"),
    (f"{FILE}markers = {{ every_nth = 0 }}\n", 25, "output.markers.every_nth", "must be at least 1"),
    (f"{FILE}markers = {{ every_nth = 3 }}\n", 25, "output.markers.every_nth", "must be a power of two"),
    (f"{FILE}markers = {{ interval = 0.001 }}\n", 25, "output.markers.interval", "is smaller than the step"),
]  # fmt: skip

IDS = [f"{number}-{case[2]}" for number, case in enumerate(REFUSED)]


@pytest.mark.parametrize(("text", "line", "key", "sentence"), REFUSED, ids=IDS)
def test_one_mistake(text, line, key, sentence):
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    found = [(each.line, each.key, str(each)) for each in caught.value.complaints]
    assert len(found) == 1, found
    assert found[0][:2] == (line, key)
    assert sentence in found[0][2]


def test_a_classical_gas_without_waves_has_no_use_for_their_observables():
    alone = "\n".join([*LINES[:3], *LINES[6:13], *LINES[18:]]) + "\n"
    for old, new, key in (
        ('["density"]', '["density", "phase"]', "output.snapshots.fields.1"),
        ("every = 10", 'every = 10, also = ["largest-current"]', "output.observables.also.0"),
    ):
        with pytest.raises(ProblemError, match="all species are classical; leave it out") as caught:
            parse_problem(alone.replace(old, new))
        assert [each.key for each in caught.value.complaints] == [key]


def test_mistakes_are_told_all_at_once():
    text = FILE.replace("markers = 1000", "markers = 0\norbitals = 3\nvector_potential = 1")
    text = text.replace("particles = 2.0", "particles = -2.0").replace("frequency = 1.0 }\n[[", "noise = 0.0 }\n[[")
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert [(each.line, each.key.removeprefix("species.fermions.")) for each in caught.value.complaints] == [
        (10, "particles"), (11, "markers.number"), (12, "orbitals"), (13, "vector_potential"),
        (15, "initial.frequency"), (15, "initial.noise"),
    ]  # fmt: skip
    pair = 'phase_space = [{ species = "fermions", axes = ["y", "pz"] }]\n'
    with pytest.raises(ProblemError) as caught:
        parse_problem(f"{FILE}{pair}[[interaction]]\n{CONTACT}\n")
    assert [each.key for each in caught.value.complaints] == [
        "output.phase_space.0.axes.0", "output.phase_space.0.axes.1", "interaction.1.kind",
    ]  # fmt: skip


# ---------------------------------------------------------------- what loads


def test_what_is_filled_in():
    problem = parse_problem(FILE)
    bosons, fermions = problem.species
    assert problem.classical == (1,) and problem.orbitals == (1, 0) and problem.integrals == (1.0, 2.0)
    assert bosons.has_orbitals and not fermions.has_orbitals and not fermions.is_set
    assert (fermions.weight, fermions.statistics, fermions.mass) == (1.0, "classical", 1.0)
    assert fermions.markers.model_dump() == {"number": 1000, "seed": 0, "tolerance": 1e-8}
    assert fermions.initial.momentum == (0.0,) and fermions.initial.centre == (0.0,)
    assert parse_problem(resolved_toml(problem)) == problem


def test_defaults():
    problem = parse_problem(given(MARKERS, "") + "markers = {}\n")
    assert problem.species[1].markers.number == 262_144
    assert (problem.output.markers.interval, problem.output.markers.every_nth) == (problem.time.final, 1)
    assert parse_problem(given(INITIAL, "")).species[1].initial.kind == "ground-state"
    assert parse_problem(initial("momentum = 0.5")).species[1].initial.momentum == (0.5,)
    assert parse_problem(FILE).output.phase_space == () and parse_problem(FILE).output.markers is None


@pytest.mark.parametrize(
    "text",
    [
        'kind = "plane-waves", momentum = 0.3',
        'kind = "ground-state"',
        'kind = "gaussian", width = 1.0',
        'kind = "gaussian", width = 1.0, momentum_width = 0.4, centre = -1.0',
        'kind = "thermal", temperature = 0.3',
        'kind = "thermal", temperature = 0.3, statistics = "fermi-dirac"',
        'kind = "expression", value = "exp(-px**2/2)*(1 + 0.01*cos(0.5*x))", momentum_extent = 8.0',
        f'kind = "file", path = "{__file__}"',
    ],
)
def test_every_distribution_loads_and_reads_back(text):
    problem = parse_problem(initial(text))
    assert not problem.species[1].has_orbitals
    assert parse_problem(resolved_toml(problem)) == problem


@pytest.mark.parametrize("axes", [["x", "px"], ["x", "y"], ["px", "py"], ["y", "pz"]])
def test_phase_space_of_any_two_axes(axes):
    text = in_space(FILE)
    problem = parse_problem(f'{text}phase_space = [{{ species = "fermions", axes = {axes}, bins = 20 }}]\n')
    assert problem.output.phase_space[0].axes == tuple(axes) and problem.output.phase_space[0].bins == (20, 20)
    assert parse_problem(resolved_toml(problem)) == problem


def test_groups_share_markers_where_there_are_fewer_orbitals():
    assert parse_problem(f"{FILE}[parallel]\norbital_groups = 3\n").orbital_groups == 3


def test_the_macroscopic_scaling_counts_the_fermions_whose_limit_a_classical_species_is():
    """hbar = M^(-1/d), m_B = hbar, N = M^(1+1/d), lambda = 1/N: then lambda N = 1 acts on the markers, and lambda M /
    hbar = 1 on the condensate, whatever M is (2.22)."""
    for dimensions, number in ((1, 20.0), (3, 8.0), (3, 2.5)):
        text = FILE.replace("particles = 2.0", f"particles = {number}").replace("final = 1.0", "final = 0.01")
        text = text.replace("[64]", str([16] * dimensions)).replace("[16.0]", str([8.0] * dimensions))
        problem = parse_problem(f'{text}[scaling]\nkind = "bose-fermi-macro"\n', ["time.step=0.0001"])
        bosons, fermions = problem.species
        assert problem.hbar == pytest.approx(number ** (-1.0 / dimensions), rel=1e-14)
        assert bosons.mass == problem.hbar and fermions.mass == 1.0
        assert bosons.particles == pytest.approx(number ** (1.0 + 1.0 / dimensions), rel=1e-14)
        factor = problem.prefactors.kernel_factor(0, 1)
        assert factor * problem.integrals[0] == pytest.approx(1.0, rel=1e-14)
        assert factor * problem.integrals[1] / problem.hbar == pytest.approx(1.0, rel=1e-14)
        assert parse_problem(resolved_toml(problem)) == problem


def test_the_microscopic_scaling_counts_them_too():
    problem = parse_problem(f'{FILE}[scaling]\nkind = "bose-fermi-micro"\n')
    assert [species.mass for species in problem.species] == [0.5, 0.5] and problem.integrals == (2.0, 2.0)


@pytest.mark.parametrize(
    ("potential", "omega"),
    [
        ('{ kind = "harmonic", frequency = 50.0 }', 50.0),
        ('[{ kind = "harmonic", frequency = 30.0 }, { kind = "harmonic", frequency = 40.0 }]', 50.0),
        ('[{ kind = "harmonic", frequency = 30.0, until = 0.5 }, { kind = "harmonic", frequency = 40.0, from = 0.5 }]',
         40.0),
        ('{ kind = "harmonic", frequency = 50.0, until = 0.0 }', 0.0),
        ('{ kind = "harmonic", frequency = 50.0, factor = "4*cos(t)**2" }', 100.0),
        ('{ kind = "lattice", depth = 2.0, period = 4.0 }', 2.0 * math.pi / 4.0),
        ('{ kind = "gaussian", height = -9.0, width = 0.5 }', 6.0),
        ('{ kind = "gaussian", height = 9.0, width = 0.5 }', 6.0 * math.sqrt(2.0 * math.exp(-1.5))),
        ('{ kind = "box", height = 9.0, lengths = 4.0, edge = 0.5 }', 6.0 * math.sqrt(2.0 / 27.0**0.5)),
    ],
)  # fmt: skip
def test_the_fastest_oscillation_is_the_root_of_the_largest_curvature_over_the_mass(potential, omega):
    for mass in (1.0, 4.0):
        settings = ["time.check_step=false", f"species.fermions.mass={mass}"]
        problem = parse_problem(given(POTENTIAL, f"potential = {potential}"), settings)
        expected = omega if "harmonic" in potential else omega / math.sqrt(mass)
        fastest = fastest_oscillation(problem.species[1], problem.time, problem.grid)
        assert fastest == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("shape", ["lattice", "gaussian", "well", "box"])
def test_curvatures_are_those_of_the_potentials(shape):
    """The largest second difference on a fine grid; h^2/12 U'''' is 1e-5 of U'' at most."""
    entry = {
        "lattice": '{ kind = "lattice", depth = 2.0, period = 4.0, phase = 0.3 }',
        "gaussian": '{ kind = "gaussian", height = 9.0, width = 0.5, centre = 0.2 }',
        "well": '{ kind = "gaussian", height = -9.0, width = 0.5, centre = 0.2 }',
        "box": '{ kind = "box", height = 9.0, lengths = 8.0, edge = 0.5 }',
    }[shape]
    potential = parse_problem(given(POTENTIAL, f"potential = {entry}")).species[1].potential[0]
    points = 2**14
    block = Block((0,), (points,))
    grid = LocalGrid((points,), (16.0,), block, block)
    values = shape_of(potential, 1.0).values(grid.coordinates, 0.0)
    differences = np.diff(values, 2) / (16.0 / points) ** 2
    assert np.max(differences) == pytest.approx(potential.curvature(1.0, 0), rel=1e-4)


def test_adaptive_steps_stay_within_what_is_stable():
    """The largest one is filled in: two steps of the limit, or of that of the grid's fastest mode where it is less."""
    text = given(STEP, "step = { tolerance = 1e-6 }")
    tight = parse_problem(text.replace("frequency = 1.0 }\ninit", "frequency = 400.0 }\ninit")).time.adaptive.largest
    assert tight == pytest.approx(2.0 * INTEGRATORS["blanes-moan-4"].largest_oscillation / 400.0)
    assert parse_problem(text).time.adaptive.largest > tight


def test_in_a_frame_that_expands_the_frame_oscillates_too():
    text = FILE.replace("[16.0]", '[16.0]\nframe = { kind = "expanding", rate = 3.0 }')
    text = text.replace("frequency = 1.0 }\ninit", "frequency = 4.0, until = 0.0 }\ninit")
    problem = parse_problem(text)
    assert fastest_oscillation(problem.species[1], problem.time, problem.grid) == 3.0
    # U is on until t, where b^2 = 1 + (rate t)^2, and b^2 U(b y) has b^4 times its curvature
    problem = parse_problem(text.replace("until = 0.0", "until = 1.0"), ["time.check_step=false"])
    omega = math.sqrt(9.0 + 16.0 * 10.0**2)
    assert fastest_oscillation(problem.species[1], problem.time, problem.grid) == pytest.approx(omega, rel=1e-12)


# ---------------------------------------------------------------- the limit of a quantum file

QUANTUM = FILE.replace("particles = 2.0\nmarkers = 1000", "orbitals = 2").replace('"classical"', '"fermions"')


def test_an_option_turns_a_quantum_file_into_its_limit():
    limit = parse_problem(QUANTUM, ["species.fermions.kind=classical"])
    assert limit == parse_problem(given(MARKERS, "markers = 262_144"))
    limit = parse_problem(QUANTUM, ["species.fermions.orbitals=7", "species.1.kind=classical", "species.1.markers=50"])
    assert (limit.species[1].particles, limit.species[1].markers.number) == (7.0, 50)
    other = parse_problem(QUANTUM, ["species.fermions.kind=classical", "species.fermions.orbitals=7"])
    assert other.species[1].particles == 7.0
    weighed = parse_problem(QUANTUM, ["species.fermions.kind=classical", "species.fermions.particles=0.5"])
    assert weighed.species[1].particles == 0.5


def test_an_option_about_markers_keeps_their_number():
    for given_markers in ("markers = 1000", "markers = { number = 1000 }"):
        problem = parse_problem(given(MARKERS, given_markers), ["species.fermions.markers.seed=3"])
        assert problem.species[1].markers.model_dump() == {"number": 1000, "seed": 3, "tolerance": 1e-8}


def test_what_has_no_limit_is_refused_in_the_option_s_name():
    noisy = QUANTUM.replace("frequency = 1.0 }\n[[", "frequency = 1.0, noise = { amplitude = 0.1 } }\n[[")
    with pytest.raises(ProblemError, match=r"another markers\.seed is another sample of the same f"):
        parse_problem(noisy, ["species.fermions.kind=classical"])
    with pytest.raises(ProblemError) as caught:
        parse_problem(QUANTUM, ["species.fermions.orbitals=-3", "species.fermions.kind=classical"])
    assert str(caught.value.complaints[0]).startswith("--set species.fermions.orbitals=-3: ")
    assert "must be positive" in str(caught.value)


def test_a_condensate_has_a_classical_limit_of_its_own():
    """Its particles stay what they are; without a width of the momenta they are those of the Wigner function."""
    counted = QUANTUM.replace('name = "bosons"', 'name = "bosons"\nparticles = 3.0')
    problem = parse_problem(counted, ["species.bosons.kind=classical"])
    assert problem.classical == (0,) and problem.integrals == (3.0, 2.0)
    with pytest.raises(ProblemError, match="particles: is required for a classical species"):
        parse_problem(QUANTUM, ["species.bosons.kind=classical"])


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # hbar (N d! w)^(1/d) = 2, R = sqrt(2 mu / m) / w = 2
        ('kind = "oscillator", frequency = 1.0', "<= mu = 2, to the radius 2: the limit of the lowest orbitals of an"),
        # 2 pi hbar N / (L v_1) = 2 pi 2 / (16 2)
        ('kind = "plane-waves"', "with |p| <= p_F = 0.392699: the limit of a Fermi sphere of plane waves"),
        ('kind = "ground-state"', "where T(p) + U + W <= mu, in the potentials of time 0-"),
        ('kind = "gaussian", width = 0.5', "places of rms width 0.353553, momenta of rms width 1.41421, "),
        ('kind = "gaussian", width = 0.5, temperature = 4.0', "momenta of rms width 2"),
        ('kind = "thermal", temperature = 0.5', "f ~ exp(-(T(p) + U + W)/0.5), in the potentials"),
        ('kind = "thermal", temperature = 0.5, statistics = "fermi-dirac"', "1/(exp((T(p) + U + W - mu)/0.5) + 1)"),
        ('kind = "expression", value = "exp(-x**2-px**2)", momentum_extent = 6.0', "the expression in value, times"),
        (f'kind = "file", path = "{__file__}"', "of the markers in the file"),
    ],
)  # fmt: skip
def test_show_says_what_a_classical_species_is(text, words):
    shown = resolved_toml(parse_problem(initial(text)))
    comments = " ".join(line.removeprefix("# ") for line in shown.splitlines() if line.startswith("# "))
    assert "carried by 1000 markers, of fermions for hbar -> 0" in comments
    assert "d/dt f + p/m.grad_x f - grad(U + sum_b G_ab * rho_b).grad_p f = 0" in comments
    assert words in comments


def test_show_says_which_system_a_scaling_makes_of_it():
    macro = '[scaling]\nkind = "bose-fermi-macro"\n'
    shown = resolved_toml(parse_problem(FILE + macro))
    assert "# with a classical species this is the Vlasov-Hartree system" in shown
    assert "# density of fermions integrates to 2.0" in shown
    assert "Vlasov" not in resolved_toml(parse_problem(QUANTUM + macro))
    assert "p/sqrt(m^2 + p^2).grad_x f" in resolved_toml(parse_problem(given(MARKERS, 'kinetic = "semirelativistic"')))


def test_a_cloud_that_its_trap_lets_reach_the_faces_is_warned_of():
    """R = sqrt(2 mu / m) / w with mu = hbar N w: 63 for 2000 particles in a box of 16."""
    ground_state = given(INITIAL, 'initial = { kind = "ground-state" }')
    assert expected_warnings(parse_problem(ground_state)) == []
    (warning,) = expected_warnings(parse_problem(ground_state, ["species.fermions.particles=2000"]))
    assert "its trap lets it reach the faces of the box (radius 63.2, half the box 8)" in warning
    _, radius = resolution_lines(parse_problem(ground_state))
    assert radius == '"fermions": Fermi radius 2'


@pytest.mark.parametrize("value", ("abs(x)", "max(x**2, 4.0)", "where(x > 1, x**2 - 1, 0)", "50*tanh(40*(abs(x) - 4))"))
def test_an_expression_that_bends_or_is_steep_is_no_jump(value):
    parse_problem(given(POTENTIAL, f'potential = [{{ kind = "expression", value = "{value}" }}]'))
