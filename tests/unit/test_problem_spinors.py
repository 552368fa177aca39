"""What ``[[spinor]]`` refuses, each with its key and line, and what it means."""

from __future__ import annotations

import math

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

GOOD = """\
[grid]
points = [8, 8, 8]
lengths = [4.0, 4.0, 4.0]
[[species]]
name = "plus"
particles = 1
mass = 2.0
[[species]]
name = "zero"
particles = 1
mass = 2.0
[[species]]
name = "minus"
particles = 1
mass = 2.0
[[species]]
name = "other"
particles = 1
[[interaction]]
between = ["other", "plus"]
kind = "contact"
strength = 0.1
[[interaction]]
between = ["other", "zero"]
kind = "contact"
strength = 0.1
[[interaction]]
between = ["other", "minus"]
kind = "contact"
strength = 0.1
[[spinor]]
species = ["plus", "zero", "minus"]
scattering_lengths = { a0 = 0.02, a2 = 0.01 }
quadratic_zeeman = [{ energy = 0.3, until = 0 }, { energy = 0.1, from = 0 }]
linear_zeeman = 0.2
magnetisation = 0.1
[time]
step = 0.001
final = 0.01
integrator = "blanes-moan-4"
"""


def refused(old: str, new: str) -> dict[str, tuple[int | None, str]]:
    assert GOOD.count(old) == 1, old
    with pytest.raises(ProblemError) as caught:
        parse_problem(GOOD.replace(old, new))
    return {complaint.key: (complaint.line, complaint.message) for complaint in caught.value.complaints}


def test_what_the_file_means() -> None:
    """c_0 = 4 pi (a_0 + 2 a_2) / 3m, c_2 = 4 pi (a_2 - a_0) / 3m; a bare energy always acts."""
    problem = parse_problem(GOOD)
    (spinor,) = problem.spinor
    unit = 4.0 * math.pi / 6.0
    assert spinor.couplings(problem) == pytest.approx((0.04 * unit, -0.01 * unit), rel=1e-14)
    assert [zeeman.energy for zeeman in spinor.quadratic_zeeman] == [0.3, 0.1]
    assert not spinor.linear_zeeman[0].switched and spinor.zeeman[1].until == 0.0
    assert problem.orbital_groups == 1
    assert parse_problem(GOOD.replace("final = 0.01", "final = 0.02")).spinor == problem.spinor


LAST = 'integrator = "blanes-moan-4"\n'
MISTAKES = [
    (
        'species = ["plus", "zero", "minus"]',
        'species = ["plus", "zero"]',
        "spinor.0.species",
        32,
        "must name the species",
    ),
    (
        'species = ["plus", "zero", "minus"]',
        'species = ["plus", "zero", "zero"]',
        "spinor.0.species",
        32,
        "names a species twice",
    ),
    (
        'species = ["plus", "zero", "minus"]',
        'species = ["plus", "zero", "minos"]',
        "spinor.0.species.2",
        32,
        'there is no species "minos"',
    ),
    ("scattering_lengths = { a0 = 0.02, a2 = 0.01 }", "", "spinor.0", 31, "needs spin_interaction or"),
    (
        "linear_zeeman = 0.2",
        "linear_zeeman = 0.2\nspin_interaction = 1.0",
        "spinor.0.spin_interaction",
        36,
        "contradicts scattering_lengths",
    ),
    ("magnetisation = 0.1", "magnetisation = 1.5", "spinor.0.magnetisation", 36, "between -1 and 1"),
    (
        'name = "zero"\nparticles = 1\nmass = 2.0',
        'name = "zero"\nparticles = 1\nmass = 2.5',
        "species.zero.mass",
        11,
        'the mass of "zero" must be that of "plus"',
    ),
    (
        'name = "minus"\nparticles = 1\nmass = 2.0',
        'name = "minus"\nmass = 2.0\nkind = "fermions"\norbitals = 2',
        "spinor.0.species.2",
        33,
        "are condensates",
    ),
    (
        'name = "minus"\nparticles = 1',
        'name = "minus"\nparticles = 1\npotential = { kind = "harmonic", frequency = 1.0 }',
        "species.minus.potential",
        15,
        'the potential of "minus" must be that of "plus"',
    ),
    (
        'between = ["other", "zero"]\nkind = "contact"\nstrength = 0.1',
        'between = ["other", "zero"]\nkind = "contact"\nstrength = 0.2',
        "spinor.0.species",
        32,
        "the interactions of other and zero must be those of other and plus",
    ),
    (
        LAST,
        LAST + '[[interaction]]\nbetween = ["zero", "zero"]\nkind = "contact"\nstrength = 0.2\n',
        "spinor.0.species",
        32,
        "of zero and zero",
    ),
    (
        LAST,
        LAST + '[[functional]]\nkind = "power"\nspecies = ["plus", "zero"]\nexponent = 3\nstrength = 0.1\n',
        "functional.0.species",
        43,
        "name all three",
    ),
    (
        LAST,
        LAST + '[[functional]]\nkind = "expression"\nspecies = ["plus", "zero", "minus"]\nvalue = "plus*zero*minus"\n',
        "functional.0.kind",
        42,
        "sees the components of spinor 0 apart",
    ),
    (
        LAST,
        LAST + '[ground_state]\nkernel_factors = [{ between = ["plus", "other"], factor = 2.0 }]\n',
        "ground_state.kernel_factors.0.between",
        42,
        "belong together",
    ),
    (LAST, LAST + '[ground_state]\nmethod = "imaginary-time"\n', "ground_state.method", 42, "does not know the spins"),
    (LAST, LAST + "[rotation]\nrate = 0.1\n", "spinor.0", 31, "does not go with [rotation]"),
    (LAST, LAST + "[fluctuations]\nmodes = 2\n", "spinor.0", 31, "does not go with [fluctuations]"),
    (LAST, LAST + "[many_body]\n", "spinor.0", 31, "does not go with [many_body]"),
    (LAST, LAST + '[excitations]\nmethod = "tangent-map"\n', "excitations.method", 42, "does not follow the spins"),
    (LAST, LAST + "[parallel]\norbital_groups = 2\n", "parallel.orbital_groups", 42, "must be 1 with [[spinor]]"),
    (LAST, 'integrator = "blanes-moan-rkn-6"\n', "time.integrator", 40, "here is a [[spinor]] too"),
    (
        LAST,
        LAST + '[[coupling]]\nbetween = ["plus", "zero"]\nrabi_frequency = 1.0\n',
        "spinor.0.magnetisation",
        36,
        "cannot be given where a [[coupling]]",
    ),
    (
        "lengths = [4.0, 4.0, 4.0]",
        'lengths = [4.0, 4.0, 4.0]\nframe = { kind = "expanding", rate = 1.0 }',
        "spinor.0.linear_zeeman",
        36,
        "does not go with the expanding frame",
    ),
    (
        'name = "minus"\nparticles = 1',
        'name = "minus"\nparticles = 1\ninitial = { kind = "plane-waves", numbers = 0 }',
        "species.minus.initial",
        15,
        "give all three another state",
    ),
    (
        LAST,
        LAST + '[[spinor]]\nspecies = ["other", "zero", "minus"]\nspin_interaction = 1.0\n',
        "spinor.1.species.1",
        42,
        "is already a component of spinor 0",
    ),
    ("{ energy = 0.3, until = 0 }", "{ energie = 0.3 }", "spinor.0.quadratic_zeeman.0.energy", 34, "is required"),
]


@pytest.mark.parametrize(("old", "new", "key", "line", "sentence"), MISTAKES)
def test_refusals(old: str, new: str, key: str, line: int, sentence: str) -> None:
    complaints = refused(old, new)
    assert key in complaints, complaints
    assert sentence in complaints[key][1]
    assert complaints[key][0] == line, complaints


def test_a_magnetisation_without_a_search_is_refused() -> None:
    """It would be ignored: states that are given have their own."""
    given = 'particles = 1\nmass = 2.0\ninitial = { kind = "gaussian", width = 0.3 }\n'
    text = GOOD.replace("particles = 1\nmass = 2.0\n", given)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    (complaint,) = caught.value.complaints
    assert complaint.key == "spinor.0.magnetisation"
    assert complaint.line == 1 + text[: text.index("magnetisation = 0.1")].count("\n")
    assert "is that of a ground state" in complaint.message
    parse_problem(text.replace("magnetisation = 0.1\n", ""))


def test_a_flight_in_the_frame_takes_no_zeeman_energies() -> None:
    """Known from the file, before the run, and not when its pictures are taken."""
    images = '[output]\nimages = { time_of_flight = 1.0, expansion = "frame", rate = 1.0 }\n'
    with pytest.raises(ProblemError) as caught:
        parse_problem(GOOD + images)
    (complaint,) = caught.value.complaints
    assert complaint.key == "output.images.expansion"
    assert "takes no Zeeman energies" in complaint.message
    parse_problem(GOOD + images.replace(', expansion = "frame", rate = 1.0', ""))
