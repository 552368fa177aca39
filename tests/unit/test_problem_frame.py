"""``grid.frame``: the map between the laboratory and the grid, and what it cannot be combined with."""

from __future__ import annotations

import math
import pickle

import pytest

from hpcmix.frame import Frame
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.problem.words.show import resolved_dict, resolved_toml
from hpcmix.running.schedules.schedule import Schedule

TEXT = """
[grid]
points = [16, 16]
lengths = [8.0, 8.0]
frame = { kind = "expanding", rate = 2.0 }
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1.0 }
[time]
final = "infinity"
step = 0.01
"""


@pytest.mark.parametrize("time", [-0.3, 0.0, 0.2, 5.0, 3e5])
def test_the_map(time):
    frame = Frame(2.0)
    clock = frame.clock(time)
    scale = math.hypot(1.0, 2.0 * time)
    # rounding of the clock is 2e-16 of it, and b times that in b and t
    assert frame.laboratory_time(clock) == pytest.approx(time, rel=1e-15 * scale)
    assert frame.scale(clock) == pytest.approx(scale, rel=1e-15 * scale)
    assert frame.contraction(clock) == pytest.approx(1.0 / scale, rel=1e-15 * scale)
    assert frame.speed(clock) == pytest.approx(4.0 * time / scale, rel=1e-14)


def test_the_end_of_the_clock():
    frame = Frame(2.0)
    end = frame.clock(math.inf)
    assert end == math.pi / 4
    for steps in (7, 33, 1000):
        assert (
            frame.contraction(steps * (end / steps)) == 0.0 and frame.laboratory_time(steps * (end / steps)) == math.inf
        )
    assert frame.contraction(end + 0.01) == 0.0 and frame.scale(end) == math.inf and frame.speed(end) == 2.0
    assert frame.contraction(frame.clock(0.5e6)) > 0.0


def test_at_rest_nothing_changes():
    frame = Frame()
    for time in (0.1, 1e300, math.inf):
        assert frame.clock(time) == frame.laboratory_time(time) == time
        assert frame.contraction(time) == frame.scale(time) == 1.0 and frame.speed(time) == 0.0


def test_a_problem_says_its_frame():
    problem = parse_problem(TEXT)
    assert problem.grid.frame.map == problem.time.frame == Frame(2.0)
    assert problem.time.final == math.inf and problem.time.end == math.pi / 4
    assert problem.time.steps == 79 and problem.time.step_size == math.pi / 4 / 79
    assert resolved_dict(problem)["time"]["final"] == "infinity"
    assert resolved_dict(problem)["grid"]["frame"] == {"kind": "expanding", "rate": 2.0}
    again = parse_problem(resolved_toml(problem))
    assert again == problem and again.time.steps == 79
    assert "79 steps of" in resolved_toml(problem)
    assert pickle.loads(pickle.dumps(problem)).time.end == math.pi / 4


def test_the_default_is_at_rest():
    text = TEXT.replace('frame = { kind = "expanding", rate = 2.0 }', "").replace('"infinity"', "1.0")
    problem = parse_problem(text)
    assert not problem.grid.frame.map.expanding and problem.time.end == 1.0
    assert resolved_dict(problem)["grid"]["frame"] == "fixed"
    assert parse_problem(resolved_toml(problem)) == problem


def test_a_rate_with_a_unit():
    text = '[units]\nlength = "1 um"\nmass = "87 u"\n' + TEXT.replace("rate = 2.0", 'rate = "2 pi 50 Hz"')
    text = text.replace('name = "a"', 'name = "a"\nmass = "87 u"')
    problem = parse_problem(text)
    assert problem.grid.frame.rate == pytest.approx(2.0 * math.pi * 50.0 * problem.scales.time_si, rel=1e-14)


def test_intervals_are_the_laboratorys():
    """Of 10 steps to infinity those that pass multiples of 1 in t."""
    frame = Frame(1.0)
    schedule = Schedule(FixedSteps.uniform(10, math.pi / 20), interval=1.0, frame=frame)
    passed = [step for step in range(11) if schedule.due(step)]
    assert passed == [0, 5, 8, 9, 10]  # t = tan(9 degrees * 2 step): 1 at 5, 3.08 at 8, 6.3 at 9
    assert schedule.count() == 5


REFUSED = [
    ('rate = 2.0', 'rate = "fast"', "grid.frame.rate", "fast"),
    ('frame = { kind = "expanding", rate = 2.0 }', "", "time.final", "in the expanding frame only"),
    ('"infinity"', "1e7", "time.final", "the frame has grown by 2e+07"),
    ('"infinity"', '"infinty"', "time.final", 'did you mean "infinity"?'),
    ("step = 0.01", "step = 1.0", "time.step", "0.785398 of the frame's clock"),
    ("[time]", '[[interaction]]\nbetween = ["a", "a"]\nkind = "coulomb"\nstrength = 1\n[time]', "interaction.0.kind",
     "grows like the scale b"),
    ("[[species]]", '[[interaction]]\nbetween = ["a", "a"]\nkind = "contact"\nstrength = 1\n[[species]]',
     "interaction.0.kind", "dilutes too slowly in one dimension"),
    ('name = "a"', 'name = "a"\npotential = [{ kind = "harmonic", frequency = 1.0 }]', "species.a.potential.0.until",
     "never ends"),
    ('name = "a"', 'name = "a"\npotential = [{ kind = "file", path = "FILE", until = 1.0 }]',
     "species.a.potential.0.path", "known at the grid's points only"),
    ('name = "a"', 'name = "a"\nkinetic = "semirelativistic"', "species.a.kinetic", "does not go with the expanding"),
    ("[time]", '[[species]]\nname = "b"\ninitial = "gaussian"\n[[coupling]]\nbetween = ["a", "b"]\n'
     'rabi_frequency = 1.0\n[time]', "coupling.0.rabi_frequency", "does not go with the expanding frame"),
    ("[time]", '[[species]]\nname = "f"\nkind = "fermions"\norbitals = 3\n[output]\n'
     'observables = { also = ["momentum-distribution"] }\n[time]', "output.observables.also.0", "no grid resolves"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "key", "sentence"), REFUSED)
def test_what_is_refused(right, wrong, key, sentence, tmp_path):
    text = TEXT
    if "one dimension" in sentence:
        text = text.replace("[16, 16]", "[16]").replace("[8.0, 8.0]", "[8.0]")
    (tmp_path / "potential.h5").touch()
    assert right in text
    with pytest.raises(ProblemError) as caught:
        parse_problem(text.replace(right, wrong.replace("FILE", str(tmp_path / "potential.h5"))))
    found = [complaint for complaint in caught.value.complaints if complaint.key == key]
    assert any(sentence in str(complaint) for complaint in found), caught.value.complaints


@pytest.mark.parametrize("kind", ["contact", "gaussian"])
def test_what_is_taken_to_infinity_in_the_plane(kind):
    width = "width = 1.0\n" if kind == "gaussian" else ""
    entry = f'[[interaction]]\nbetween = ["a", "a"]\nkind = "{kind}"\nstrength = 1.0\n{width}'
    assert parse_problem(TEXT + entry).time.final == math.inf


def test_an_adaptive_step_is_shown():
    shown = resolved_toml(parse_problem(TEXT.replace("step = 0.01", "step = { tolerance = 1e-6 }")))
    assert "steps are adaptive; the frame has grown by inf then" in shown
    assert parse_problem(shown).time.adaptive.tolerance == 1e-6
