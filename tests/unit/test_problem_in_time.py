"""What a problem file may say of time: tables, ramps of interactions, centres that move, couplings that depend on
place; and what is refused, with its key and line."""

from pathlib import Path

import numpy as np
import pytest

from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

FILE = """[grid]
points = [16, 16, 16]
lengths = [6.0, 6.0, 6.0]
[[species]]
name = "a"
particles = 2
potential = [{ kind = "gaussian", height = 1.0, width = 1.0, centre = CENTRE }]
initial = { kind = "expression", amplitude = "1" }
[[species]]
name = "b"
particles = 2
initial = { kind = "expression", amplitude = "1" }
[[interaction]]
between = ["a", "b"]
INTERACTION
[[coupling]]
between = ["a", "b"]
rabi_frequency = 1.0
COUPLING
[time]
final = 1.0
step = 0.05
"""


def text(interaction='kind = "contact"\nstrength = 1.0', centre='["0.5*t", 0, 0]', coupling='profile = "cos(x)"'):
    return FILE.replace("INTERACTION", interaction).replace("CENTRE", centre).replace("COUPLING", coupling)


CONTACT = 'kind = "contact"\n'
GAUSSIAN = 'kind = "gaussian"\nstrength = 1.0\n'
REFUSED = {
    "width": (text(GAUSSIAN + 'width = "0.5 + t"'), 17, "interaction.0.width", "cannot change in time"),
    "table of widths": (
        text(GAUSSIAN + "width = { times = [0, 1], values = [1, 2] }"), 17, "interaction.0.width",
        "the kernel's range or shape would change",
    ),
    "direction": (
        text('kind = "dipolar"\nstrength = 1.0\ndirection = ["cos(t)", "sin(t)", 0]'), 17, "interaction.0.direction",
        "of a kernel only the strength may",
    ),
    "scattering": (
        text('kind = "scattering"\nlimit = true\npotential = { kind = "square-barrier", height = 1.0, radius = 1.0 }\n'
             'factor = "1 + t"'), 18, "interaction.0.factor", "does not go with scattering",
    ),
    "factor and table": (
        text(CONTACT + 'scattering_length = { times = [0, 1], values = [1, 2] }\nfactor = "t"'), 17,
        "interaction.0.factor", "contradicts the table of scattering_length",
    ),
    "zero at all times": (
        text(CONTACT + "scattering_length = { times = [0, 1], values = [0, 0] }"), 16,
        "interaction.0.scattering_length", "is zero at all times",
    ),
    "never": (text(CONTACT + "strength = 1.0\nfrom = 0.5\nuntil = 0.4"), 18, "interaction.0.until", "which is never"),
    "no such file": (
        text(CONTACT + 'strength = 1.0\nfactor = { path = "none.txt" }'), 17, "interaction.0.factor.path",
        "there is no file",
    ),
    "no columns": (
        text(CONTACT + "strength = 1.0\nfactor = { times = [0, 1] }"), 17, "interaction.0.factor.values",
        "is required",
    ),
    "times that do not increase": (
        text(CONTACT + "strength = 1.0\nfactor = { times = [0, 1, 1], values = [1, 2, 3] }"), 17,
        "interaction.0.factor.times", "must increase, but 1 comes after 1",
    ),
    "a factor that is not finite": (
        text(CONTACT + 'strength = 1.0\nfactor = "1/(t - 0.5)"'), 17, "interaction.0.factor",
        "is not finite at t = 0.5",
    ),
    "a centre outside": (
        text(centre='["4 + t", 0, 0]'), 7, "species.a.potential.0.centre.0", "4 at t = 0 on axis x is outside the box",
    ),
    "a centre that is lost": (
        text(centre='["1/(t - 0.5)", 0, 0]'), 7, "species.a.potential.0.centre.0", "is not finite at t = 0.5",
    ),
    "a centre in place": (text(centre='["x", 0, 0]'), 7, "species.a.potential.0.centre.0", "x"),
    "a momentum between two waves": (
        text(coupling="momentum = [1.0, 0, 0]"), 20, "coupling.0.momentum.0",
        "does not fit the periodic box, which holds 0.95493 waves",
    ),
    "a momentum beyond the grid": (
        text(coupling="momentum = [9.42477796076938, 0, 0]"), 20, "coupling.0.momentum.0",
        "is beyond the grid's largest",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    wrong, line, key, sentence = REFUSED[what]
    with pytest.raises(ProblemError) as caught:
        parse_problem(wrong)
    complaints = [c for c in caught.value.complaints if (c.line, c.key) == (line, key)]
    assert any(sentence in str(one) for one in complaints), [(c.line, c.key, str(c)) for c in caught.value.complaints]


def test_the_rest_is_read_and_shown():
    table = "{ times = [0.0, 0.5, 1.0], values = [100.0, -50.0, 20.0] }"
    problem = parse_problem(text(CONTACT + f"scattering_length = {table}", centre='["0.5*t", "0", 0.25]'))
    assert parse_problem(resolved_toml(problem)) == problem
    (entry,) = problem.interaction
    assert entry.length == 100.0 and entry.coupling(problem) == pytest.approx(400.0 * np.pi, rel=1e-15)
    assert [entry.course.evaluate(t=t) for t in (-1.0, 0.0, 0.5, 2.0)] == pytest.approx(
        [1.0, 1.0, -0.5, 0.2], rel=1e-14
    )
    assert entry.attraction_at_all_times(problem).more_singular
    assert problem.species[0].potential[0].centre_at(1.0) == (0.5, 0.0, 0.25)
    assert problem.coupling[0].depends_on_place
    assert problem.time.switching_times == (1.0,)  # the table ends there


def test_tables_come_from_files_with_units(tmp_path: Path):
    """Milliseconds and Bohr radii become code units, once; the problem does not depend on the file any more."""
    (tmp_path / "ramp.txt").write_text("# ms, a0\n0 100\n10 80\n20 60\n")
    units = '[units]\nlength = "1 um"\nmass = "87 u"\n'
    interaction = CONTACT + 'scattering_length = { path = "ramp.txt", units = ["ms", "a0"] }'
    plain = text(interaction).replace("name =", 'mass = "87 u"\nname =').replace('["0.5*t", 0, 0]', "0")
    (tmp_path / "problem.toml").write_text(units + plain)
    problem = load_problem(tmp_path / "problem.toml")
    (tmp_path / "ramp.txt").unlink()
    entry, scales = problem.interaction[0], problem.scales
    assert entry.scattering_length.times[-1] * scales.time_si == pytest.approx(20e-3, rel=1e-12)
    assert entry.length * scales.length_si == pytest.approx(100 * 5.29177210544e-11, rel=1e-9)  # CODATA 2022
    assert parse_problem(resolved_toml(problem)).interaction == problem.interaction
