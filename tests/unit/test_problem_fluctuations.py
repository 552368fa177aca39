"""``[fluctuations]`` in problem files: read, shown, and every refusal with its line."""

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

GOOD = """\
[grid]
points = [8, 8, 8]
lengths = [8.0, 8.0, 8.0]
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
[time]
final = 1
step = 0.01
[fluctuations]
modes = 5
probes = 4
also = ["density"]
[parallel]
orbital_groups = 2
"""

SCATTERING = (
    'kind = "scattering"\npotential = { kind = "square-barrier", height = 1, radius = 1 }\n'
    "particles = 1000\nneumann_radius = 0.5"
)
CONTACT = 'kind = "contact"\nstrength = 1'
CORRELATED = GOOD.replace("modes = 5", 'initial = "correlated"\nmodes = 5').replace(CONTACT, SCATTERING)
FERMIONS = 'name = "up"\nkind = "fermions"\norbitals = 3'
COUPLED = '[[coupling]]\nbetween = ["up", "down"]\nrabi_frequency = 1\n[time]'
BODIES = '[many_body]\n[[many_body.modes]]\nkind = "grid"\n[time]'

MISTAKES = [
    # text, what is replaced, by what, key, beginning of the line, sentence
    (
        GOOD,
        "modes = 5",
        "modes = 0",
        "fluctuations.modes",
        "modes",
        "must be at least 1, the condensate's own function",
    ),
    (
        GOOD,
        "modes = 5",
        "modes = -3",
        "fluctuations.modes",
        "modes",
        "must be at least 1, the condensate's own function",
    ),
    (GOOD, "modes = 5", "modes = 2.5", "fluctuations.modes", "modes", "must be a positive whole number or"),
    (GOOD, "modes = 5", "modes = true", "fluctuations.modes", "modes", "must be a positive whole number or"),
    (
        GOOD,
        "modes = 5",
        'modes = "every"',
        "fluctuations.modes",
        "modes",
        'must be a positive whole number or "all", not "every"',
    ),
    (GOOD, "modes = 5", 'modes = "al"', "fluctuations.modes", "modes", 'not "al"; did you mean "all"?'),
    (
        GOOD,
        "modes = 5",
        "modes = 513",
        "fluctuations.modes",
        "modes",
        "513 are more than the grid's 512 points can hold; use at most 512",
    ),
    (GOOD, "probes = 4", "probes = 1", "fluctuations.probes", "probes", "must be at least 2, so that their spread"),
    (GOOD, "probes = 4", "probes = -1", "fluctuations.probes", "probes", "must be at least 0, but is -1"),
    (GOOD, "probes = 4", "probes = 0", "fluctuations.probes", "probes", 'must be at least 2, or 0 with modes = "all"'),
    (GOOD, "probes = 4", "seed = -1", "fluctuations.seed", "seed", "must be at least 0, but is -1"),
    (
        GOOD,
        "probes = 4",
        "matrices = true",
        "fluctuations.matrices",
        "matrices",
        'needs modes = "all": a sample of functions makes no matrix',
    ),
    (
        GOOD,
        '["density"]',
        '["densities"]',
        "fluctuations.also.0",
        "also",
        'unknown also "densities"; did you mean "density"?',
    ),
    (GOOD, '["density"]', '["density", "density"]', "fluctuations.also", "also", "names a measurement twice"),
    (GOOD, "modes = 5", "mode = 5", "fluctuations.mode", "mode", 'unknown key; did you mean "modes"?'),
    (
        GOOD.replace("points = [8, 8, 8]", "points = [16, 16, 16]"),
        "modes = 5\nprobes = 4",
        'modes = "all"',
        "fluctuations.modes",
        "modes",
        '"all" are 8192 modes here, whose pairs take 2.15 GB; it is for at most 4096',
    ),
    (GOOD, "step = 0.01", "step = { tolerance = 1e-6 }", "time.step", "step", "must be a number with [fluctuations]"),
    (
        GOOD,
        "orbital_groups = 2",
        'precision = "single"',
        "parallel.precision",
        "precision",
        "is too coarse for [fluctuations]",
    ),
    (
        GOOD,
        'name = "up"\nparticles = 6',
        FERMIONS,
        "species.up.kind",
        "kind",
        '"up" is of kind "fermions"; [fluctuations] are those',
    ),
    (GOOD, "[time]\nfinal = 1\nstep = 0.01\n", "", "fluctuations", "[fluctuations]", "needs a [time] section"),
    (GOOD, "[time]", BODIES, "fluctuations", "[fluctuations]", "does not go with [many_body]"),
    (
        GOOD,
        "orbital_groups = 2",
        "orbital_groups = 15",
        "parallel.orbital_groups",
        "orbital_groups",
        "15 groups cannot share 14 pairs of [fluctuations]",
    ),
    (
        GOOD,
        "modes = 5",
        'initial = "correlated"',
        "fluctuations.initial",
        "initial =",
        'interaction 0 (counted from 0) of up and down is of kind "contact"; use "vacuum"',
    ),
    (
        GOOD.replace("modes = 5", 'initial = "correlated"'),
        f'[[interaction]]\nbetween = ["up", "down"]\n{CONTACT}\n',
        "",
        "fluctuations.initial",
        "initial",
        "there is no [[interaction]]",
    ),
    (
        CORRELATED,
        "particles = 1000\nneumann_radius = 0.5",
        "limit = true",
        "fluctuations.initial",
        "initial",
        "has limit = true; give it particles",
    ),
    (CORRELATED, "[time]", COUPLED, "fluctuations.initial", "initial", "and here is a [[coupling]]"),
    (
        CORRELATED,
        "neumann_radius = 0.5",
        "neumann_radius = 4.5",
        "interaction.0.neumann_radius",
        "neumann_radius",
        "beyond half the box (4): the correlations",
    ),
    (
        CORRELATED,
        "[time]",
        f'[[interaction]]\nbetween = ["down", "up"]\n{SCATTERING}\n[time]',
        "fluctuations.initial",
        "initial",
        "one for down and up, and interactions 0 and 1 (counted from 0) are both theirs",
    ),
    (
        CORRELATED,
        "[time]",
        '[scaling]\nkind = "fractions"\n[time]',
        "fluctuations.initial",
        "initial",
        "[scaling] multiplies the interactions",
    ),
    (
        GOOD.replace("modes = 5\nprobes = 4", 'modes = "all"\nmatrices = true'),
        "[time]",
        '[[functional]]\nkind = "power"\nstrength = 1\nexponent = 2.5\n[time]',
        "fluctuations.matrices",
        "matrices",
        "does not go with a [[functional]]",
    ),
    (GOOD, "modes = 5", 'initial = "vacum"', "fluctuations.initial", "initial", 'did you mean "vacuum"?'),
]


def complaints_of(text):
    with pytest.raises(ProblemError) as refused:
        parse_problem(text)
    return refused.value.complaints


@pytest.mark.parametrize(("text", "old", "new", "key", "beginning", "sentence"), MISTAKES)
def test_every_mistake_has_its_line_and_sentence(text, old, new, key, beginning, sentence):
    assert old in text
    text = text.replace(old, new)
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.startswith(beginning)]
    complaints = [each for each in complaints_of(text) if each.key == key]
    assert len(complaints) == 1
    assert complaints[0].line in lines
    assert sentence in str(complaints[0])


def test_all_mistakes_are_said_at_once():
    text = GOOD.replace("modes = 5", "modes = 0").replace("probes = 4", "probes = 1")
    assert [each.key for each in complaints_of(text)] == ["fluctuations.modes", "fluctuations.probes"]


@pytest.mark.parametrize(
    ("points", "dimensions", "modes"), [([40], 1, 3), ([8, 8], 2, 9), ([8, 8, 8], 3, 27), ([2, 2, 2], 3, "all")]
)
def test_defaults_are_filled_in(points, dimensions, modes):
    lengths = [8.0] * dimensions
    text = GOOD.replace("[8, 8, 8]", str(points)).replace("[8.0, 8.0, 8.0]", str(lengths))
    section = parse_problem(text.replace("modes = 5\nprobes = 4\n", "")).fluctuations
    assert (section.modes, section.probes, section.initial, section.seed, section.matrices) == (
        modes,
        0 if modes == "all" else 16,
        "vacuum",
        0,
        False,
    )
    assert section.pairs(2, points) == (16 if modes == "all" else 2 * modes + 16)


def test_all_modes_leave_nothing_to_sample():
    section = parse_problem(GOOD.replace("modes = 5", 'modes = "all"\nmatrices = true')).fluctuations
    assert (section.modes, section.probes) == ("all", 0)
    assert section.pairs(2, (8, 8, 8)) == 1024


@pytest.mark.parametrize("text", [GOOD, CORRELATED, GOOD.replace("modes = 5\nprobes = 4", 'modes = "all"')])
def test_the_shown_problem_reads_back(text):
    problem = parse_problem(text)
    assert parse_problem(resolved_toml(problem)) == problem


def test_pairs_are_dealt_to_groups_where_species_are_coupled_too():
    assert parse_problem(GOOD.replace("[time]", COUPLED)).parallel.orbital_groups == 2


def test_other_files_have_none():
    text = GOOD[: GOOD.index("[fluctuations]")]
    assert parse_problem(text).fluctuations is None
