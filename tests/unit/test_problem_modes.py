"""What [excitations] and ``initial.modes`` refuse, with a sentence."""

import pytest
from physics.systems import contact, evolution, problem_text, species

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

STEP = {"final": 1.0, "step": 0.01}


def text(excitations, points=(24,), time=STEP, **entries):
    sections = {} if time is None else {"time": time}
    lengths = [8.0] * len(points)
    return problem_text(
        list(points), lengths, [species("a", particles=3.0, **entries)], [contact("a", "a", 0.3)],
        excitations=excitations, **sections,
    )  # fmt: skip


def test_the_method_and_its_duration():
    assert parse_problem(text({})).excitations.method == "minimum"
    section = parse_problem(text({"method": "tangent-map", "duration": 0.4})).excitations
    assert (section.method, section.duration) == ("tangent-map", 0.4)


@pytest.mark.parametrize(
    ("excitations", "more", "sentence"),
    [
        ({"method": "arnoldi"}, {}, r"excitations\.method.*minimum"),
        ({"duration": 0.4}, {}, r'excitations\.duration: is for method = "tangent-map"'),
        ({"method": "tangent-map", "duration": 0.0}, {}, r"excitations\.duration.*above|positive|greater"),
        ({"method": "tangent-map"}, {"time": None}, r"excitations\.method.*\[time\]"),
        (
            {"method": "tangent-map"},
            {"time": {"final": 1.0, "step": {"tolerance": 1e-6}, "integrator": "blanes-moan-4"}},
            r"time\.step.*fixed steps",
        ),
        ({"method": "dense"}, {"points": (72, 64)}, r'excitations\.method.*"dense" is for at most 4096'),
    ],
)
def test_what_is_refused(excitations, more, sentence):
    with pytest.raises(ProblemError, match=sentence):
        parse_problem(text(excitations, **more))


def test_sets_of_orbitals_have_no_modes_added(tmp_path):
    path = tmp_path / "excitations.h5"
    path.touch()
    modes = {"path": str(path), "numbers": [0], "amplitude": 0.1}
    fermions = {
        "name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "plane-waves", "modes": modes},
    }  # fmt: skip
    with pytest.raises(ProblemError, match=r"modes: are those of condensates"):
        parse_problem(problem_text([16], [8.0], [fermions], time=evolution(1.0, 0.1)))


@pytest.mark.parametrize(("numbers", "sentence"), [([], "at least one mode"), ([2, 0, 2], "names a mode twice")])
def test_modes_are_named_once(tmp_path, numbers, sentence):
    path = tmp_path / "excitations.h5"
    path.touch()
    initial = {"kind": "gaussian", "width": 1.0, "modes": {"path": str(path), "numbers": numbers, "amplitude": 0.1}}
    with pytest.raises(ProblemError, match=rf"initial\.modes\.numbers: .*{sentence}"):
        parse_problem(text({}, initial=initial))
