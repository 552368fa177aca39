"""``[many_body]`` in problem files: read, shown, and every refusal with its line."""

import math

import pytest

from hpcmix.problem.checks.many_body.numbers import divided_numbers
from hpcmix.problem.checks.many_body.size import (
    configurations,
    total_configurations,
)
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

GOOD = """\
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "up"
particles = 6
potential = [{ kind = "harmonic", frequency = 1 }]
[[species]]
name = "down"
particles = 3
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 1
[scaling]
kind = "fractions"
[time]
final = 1
step = 0.01
[many_body]
picture = "excitations"
excitations = 4
[many_body.measure]
orders = [[1, 0], [2, 1]]
sobolev = [0.5, 1.0]
[[many_body.modes]]
species = ["up"]
kind = "eigenstates"
count = 5
[[many_body.modes]]
species = ["down"]
kind = "plane-waves"
largest = 2
"""

FERMIONS = GOOD.replace('name = "up"\nparticles = 6', 'name = "up"\nkind = "fermions"\norbitals = 3').replace(
    '"fractions"', '"bose-fermi-micro"'
)
OCCUPATIONS = GOOD.replace('picture = "excitations"\nexcitations = 4', 'picture = "occupations"')
FRAME = GOOD.replace("lengths = [8.0]", 'lengths = [8.0]\nframe = { kind = "expanding", rate = 1.0 }')


def complaints_of(text):
    with pytest.raises(ProblemError) as refused:
        parse_problem(text)
    return refused.value.complaints


def line_of(text, beginning):
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(beginning))


MISTAKES = [
    # text, what is replaced, by what, key, beginning of the line, sentence
    (
        GOOD,
        "particles = 6",
        "particles = 6.5",
        "species.up.particles",
        "particles",
        "must be a whole number of bodies with [many_body], but is 6.5; use 6 or 7",
    ),
    (
        GOOD,
        "excitations = 4",
        "excitations = 0",
        "many_body.excitations",
        "excitations",
        "must be at least 1, but is 0: with nobody outside the condensate there is only the mean field",
    ),
    (
        GOOD,
        "excitations = 4",
        "excitations = { up = 4 }",
        "many_body.excitations",
        "excitations",
        'says nothing of "down"',
    ),
    (
        GOOD,
        "excitations = 4",
        "excitations = { up = 4, dawn = 3, down = 2 }",
        "many_body.excitations.dawn",
        "excitations",
        'there is no species "dawn"; did you mean "down"?',
    ),
    (GOOD, "excitations = 4\n", "", "many_body.excitations", "[many_body]", 'is required with picture = "excitations"'),
    (
        GOOD,
        '"excitations"',
        '"occupations"',
        "many_body.excitations",
        "excitations",
        'is for picture = "excitations"; it is "occupations" here',
    ),
    (
        GOOD,
        '"excitations"',
        '"exitations"',
        "many_body.picture",
        "picture",
        'unknown picture "exitations"; did you mean "excitations"?',
    ),
    (GOOD, "[2, 1]", "[7, 1]", "many_body.measure.orders.1", "orders", 'asks for 7 particles of "up", which has 6'),
    (
        GOOD,
        "[2, 1]",
        "[2]",
        "many_body.measure.orders.1",
        "orders",
        "has 1 number, one per species, but there are 2 species",
    ),
    (GOOD, "[2, 1]", "[0, 0]", "many_body.measure.orders.1", "orders", "is of no particle"),
    (
        GOOD,
        "[0.5, 1.0]",
        "[1.5]",
        "many_body.measure.sobolev.0",
        "sobolev",
        "must be at most 1, the power of the whole kinetic energy, but is 1.5",
    ),
    (
        GOOD,
        "largest = 2",
        "largest = 4",
        "many_body.modes.1.largest",
        "largest",
        "differences of waves up to 4 alias on axis x: their interaction needs at least 17 points there",
    ),
    (
        GOOD,
        "count = 5",
        "count = 17",
        "many_body.modes.0.count",
        "count",
        "17 modes are more than the grid's 16 points hold",
    ),
    (
        GOOD,
        'species = ["down"]\nkind = "plane-waves"\nlargest = 2',
        'species = ["down"]\nkind = "oscillator"\ncount = 3',
        "many_body.modes.1.kind",
        'kind = "oscillator"',
        '"oscillator" takes the frequency of an expanding frame or of a harmonic trap, and "down" has neither',
    ),
    (
        GOOD,
        'species = ["up"]\nkind',
        'species = ["up", "sideways"]\nkind',
        "many_body.modes.0.species.1",
        'species = ["up"',
        'there is no species "sideways"',
    ),
    (
        GOOD,
        'species = ["up"]\nkind',
        "kind",
        "many_body.modes.1",
        "[[many_body.modes]]",
        'the modes of "down" are already made by entry 0',
    ),
    (
        GOOD,
        'species = ["up"]\nkind',
        'species = ["down"]\nkind',
        "many_body",
        "[many_body]",
        'the species "up" has no modes; add [[many_body.modes]]',
    ),
    (
        GOOD,
        'kind = "contact"\nstrength = 1',
        'kind = "contact"\nstrength = 1\n[[functional]]\nspecies = ["up"]\nkind = "power"\nexponent = 2\nstrength = 1',
        "functional.0",
        "[[functional]]",
        "N bodies interact in pairs",
    ),
    (GOOD, "step = 0.01", "step = { tolerance = 1e-8 }", "time.step", "step", "must be a number with [many_body]"),
    (
        GOOD,
        "[many_body]\n",
        '[parallel]\nprecision = "single"\n[many_body]\n',
        "parallel.precision",
        "precision",
        "is too coarse for [many_body]",
    ),
    (
        GOOD,
        "[many_body]\n",
        "[parallel]\norbital_groups = 2\n[many_body]\n",
        "parallel.orbital_groups",
        "orbital_groups",
        "ranks share configurations, not orbitals",
    ),
    (GOOD, "[time]\nfinal = 1\nstep = 0.01\n", "", "many_body", "[many_body]", "needs a [time] section"),
    (
        GOOD,
        "[scaling]",
        '[[coupling]]\nbetween = ["up", "down"]\nrabi_frequency = 1\n[scaling]',
        "coupling.0",
        "[[coupling]]",
        "it turns particles of one species into those of another",
    ),
    (
        FRAME,
        'kind = "contact"\nstrength = 1',
        'kind = "gaussian"\nstrength = 1\nwidth = 0.5',
        "interaction.0.kind",
        'kind = "gaussian"',
        '"gaussian" does not go with [many_body] in an expanding frame: it has a length of its own',
    ),
    (
        OCCUPATIONS,
        'picture = "occupations"',
        'state = "coherent"',
        "many_body.state",
        "state",
        '"coherent" has no fixed number of particles, and so needs picture = "excitations"',
    ),
    (
        FERMIONS,
        "excitations = 4",
        'excitations = 4\nstate = "coherent"',
        "many_body.state",
        "state",
        '"coherent" is a state of bosons, and "up" are fermions',
    ),
    (
        FERMIONS,
        "count = 5",
        "count = 3",
        "many_body.modes.0.count",
        "count",
        'every mode is filled by the 3 fermions of "up": nothing can move',
    ),
    (
        FERMIONS,
        "count = 5",
        "count = 2",
        "many_body.modes.0.count",
        "count",
        '3 fermions of "up" do not fit into 2 modes',
    ),
    (
        GOOD,
        'name = "up"\n',
        'name = "up"\nkind = "classical"\n',
        "species.up.kind",
        "kind",
        '"classical" does not go with [many_body]: it is the limit of many particles already',
    ),
    (
        OCCUPATIONS.replace("particles = 3", "particles = 30000"),
        "particles = 6",
        "particles = 60000",
        "many_body",
        "[many_body]",
        "more than can be numbered: at most ",
    ),
    (
        GOOD,
        "[many_body.measure]",
        "tolerance = 2\n[many_body.measure]",
        "many_body.tolerance",
        "tolerance",
        "must be less than 1",
    ),
    (GOOD, "[many_body.measure]", "lost = 1.5\n[many_body.measure]", "many_body.lost", "lost", "must be less than 1"),
    (GOOD, "largest = 2", "count = 2", "many_body.modes.1.largest", "[[many_body.modes]]", "is required"),
    (GOOD, "count = 5", "cuont = 5", "many_body.modes.0.cuont", "cuont", 'unknown key; did you mean "count"?'),
]


@pytest.mark.parametrize(("text", "old", "new", "key", "line", "sentence"), MISTAKES, ids=lambda v: str(v)[:30])
def test_a_mistake_is_refused_with_its_line(text, old, new, key, line, sentence):
    assert old in text
    wrong = text.replace(old, new)
    found = [one for one in complaints_of(wrong) if one.key == key]
    assert found, [str(one) for one in complaints_of(wrong)]
    assert sentence in str(found[0])
    lines = [n for n, content in enumerate(wrong.splitlines(), 1) if content.startswith(line)]
    assert found[0].line in lines


def test_scattering_and_coulomb_are_refused_with_the_reason():
    three = GOOD.replace("points = [16]", "points = [12, 12, 12]").replace(
        "lengths = [8.0]", "lengths = [8.0, 8.0, 8.0]"
    )
    scattering = 'kind = "scattering"\npotential = { kind = "square-barrier", height = 1, radius = 1 }\nlimit = true'
    found = complaints_of(three.replace('kind = "contact"\nstrength = 1', scattering))
    assert any("the Born approximation" in str(one) and one.key == "interaction.0.kind" for one in found)
    frame = three.replace("8.0, 8.0, 8.0]", '8.0, 8.0, 8.0]\nframe = { kind = "expanding", rate = 1.0 }')
    found = complaints_of(frame.replace('kind = "contact"', 'kind = "coulomb"'))
    assert any("grows like the scale b there" in str(one) for one in found)
    parse_problem(frame)  # contact goes


def test_grid_modes_of_too_many_points_are_refused():
    wrong = GOOD.replace("points = [16]", "points = [300]").replace('"eigenstates"\ncount = 5', '"grid"')
    (found,) = [one for one in complaints_of(wrong) if one.key == "many_body.modes.0.kind"]
    assert "a mode of each of the 300 points, more than the 256" in str(found)


def test_bose_fermi_macro_names_the_numbers_that_are_whole():
    text = FERMIONS.replace("bose-fermi-micro", "bose-fermi-macro").replace("particles = 3\n", "")
    parse_problem(text)  # in one dimension M^2 is always whole
    two = text.replace("points = [16]", "points = [16, 16]").replace("lengths = [8.0]", "lengths = [8.0, 8.0]")
    (found,) = complaints_of(two)
    assert found.key == "species.up.orbitals"
    assert "asks for M^(3/2) = 5.19615 bosons, which is not whole at M = 3; M may be a square: 1, 4, 9, 16" in str(
        found
    )
    assert parse_problem(two.replace("orbitals = 3", "orbitals = 4")).species[1].particles == 8.0


def test_all_mistakes_are_told_at_once():
    wrong = (
        GOOD.replace("particles = 6", "particles = 6.5")
        .replace("largest = 2", "largest = 4")
        .replace("step = 0.01", "step = { tolerance = 1e-8 }")
    )
    keys = {one.key for one in complaints_of(wrong)}
    assert {"species.up.particles", "many_body.modes.1.largest", "time.step"} <= keys


@pytest.mark.parametrize("excitations", ["4", "{ up = 4, down = 3 }"])
def test_the_shown_problem_reads_back(excitations):
    problem = parse_problem(GOOD.replace("excitations = 4", f"excitations = {excitations}"))
    shown = resolved_toml(problem)
    assert "[many_body]" in shown
    assert "# up: 6 bosons in 5 modes, 70 configurations\n" in shown
    assert parse_problem(shown) == problem
    hash(problem)
    assert resolved_toml(parse_problem(shown)) == shown


def test_defaults():
    problem = parse_problem(OCCUPATIONS.replace("orders = [[1, 0], [2, 1]]\nsobolev = [0.5, 1.0]\n", ""))
    many_body = problem.many_body
    assert many_body.measure.orders == ((1, 0), (0, 1), (1, 1))
    assert (many_body.tolerance, many_body.lost, many_body.state) == (1e-12, 1e-6, "factorised")
    assert many_body.outside("up", 6) is None
    assert problem.orbital_groups == 1


def test_a_file_without_the_section_has_none():
    plain = GOOD[: GOOD.index("[many_body]")]
    problem = parse_problem(plain)
    assert problem.many_body is None
    assert "many_body" not in resolved_toml(problem)
    assert problem.orbital_groups is None


def test_more_excitations_than_particles_are_all_of_them():
    many_body = parse_problem(GOOD.replace("excitations = 4", "excitations = 50")).many_body
    assert (many_body.outside("up", 6), many_body.outside("down", 3)) == (6, 3)


def test_plane_waves_are_balls():
    one = parse_problem(GOOD).many_body.modes[1]
    assert one.waves(1) == [(0,), (-1,), (1,), (-2,), (2,)]
    numbers = {
        largest: replace_largest(one, largest).number((99,) * dimensions)
        for largest, dimensions in ((1.0, 3), (2.0, 2), (2.3, 2))
    }
    assert numbers == {1.0: 7, 2.0: 13, 2.3: 21}


def replace_largest(entry, largest):
    return entry.model_copy(update={"largest": largest})


def test_numbers_of_configurations():
    assert configurations(False, 16, 5, None) == 4845
    assert configurations(False, 16, 5, 3) == math.comb(7, 4)
    assert configurations(True, 5, 21, None) == math.comb(21, 5)
    assert configurations(True, 5, 21, 5) == math.comb(21, 5)
    assert configurations(False, 10**6, 2, 40, coherent=True) == math.comb(42, 2)
    assert total_configurations(parse_problem(OCCUPATIONS), (16, 8)) == 4845 * 495


def test_numbers_of_a_claim():
    problem = parse_problem(OCCUPATIONS)
    assert divided_numbers(problem, [12, 6, 24]) == [(4, 2), (8, 4), (16, 8)]
    with pytest.raises(ProblemError) as refused:
        divided_numbers(problem, [7, 12, 12, 0, -3])
    text = str(refused.value)
    assert "7 particles cannot be divided in the ratio 2:1 of the file; 9 can" in text
    assert "names 12 more than once" in text
    assert "0 is no number of particles" in text
    assert "-3 is no number of particles" in text
    with pytest.raises(ProblemError, match="at least 3 different numbers"):
        divided_numbers(problem, [6, 12])
    with pytest.raises(ProblemError, match="nothing tends to a limit"):
        divided_numbers(parse_problem(OCCUPATIONS.replace('[scaling]\nkind = "fractions"\n', "")), [6, 12, 24])
    with pytest.raises(ProblemError, match=r'leaves 2 of "up", fewer than measure\.orders asks for: 3'):
        divided_numbers(parse_problem(OCCUPATIONS.replace("[2, 1]", "[3, 1]")), [3, 6, 12])


@pytest.mark.parametrize(
    ("traps", "frequency"),
    [
        ("{ kind = 'harmonic', frequency = 3, from = 0 }, { kind = 'harmonic', frequency = 2, until = 0 }", 2.0),
        ("{ kind = 'harmonic', frequency = 3, from = 0 }, { kind = 'harmonic', frequency = 2, from = 1 }", 3.0),
        ("{ kind = 'box', height = 1, lengths = 4 }", None),
    ],
)
def test_oscillator_states_are_those_of_the_trap_before_the_start(traps, frequency):
    """A quench names the trap after it first as well as last; without a trap at time 0- the first serves as a basis."""
    trap = parse_problem(GOOD.replace('{ kind = "harmonic", frequency = 1 }', traps)).species[0].oscillator
    assert (trap and trap.frequency) == (frequency and (frequency,))
