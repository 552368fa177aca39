"""``grid.transverse``: what scattering lengths and dipoles are where axes are frozen, and what is refused."""

import math

import pytest

from hpcmix.model.terms.entry_kernels import contact_couplings
from hpcmix.problem.checks.expected.warnings import expected_warnings
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

TWO = """
[grid]
points = {points}
lengths = {lengths}
transverse = {{ frequency = 3.0, axes = {axes} }}
[[species]]
name = "light"
mass = 0.5
particles = 10
[species.initial]
kind = "ground-state"
[[species]]
name = "heavy"
mass = 2.0
particles = 10
[species.initial]
kind = "ground-state"
{interactions}
"""


def text_of(dimensions: int, interactions: str, axes: int | None = None) -> str:
    points, lengths = [8] * dimensions, [8.0] * dimensions
    frozen = 3 - dimensions if axes is None else axes
    return TWO.format(points=points, lengths=lengths, axes=frozen, interactions=interactions)


def contact(first: str, second: str, entry: str = "scattering_length = 0.01") -> str:
    return f'[[interaction]]\nkind = "contact"\nbetween = ["{first}", "{second}"]\n{entry}\n'


@pytest.mark.parametrize("dimensions", [1, 2])
def test_couplings_are_those_of_the_frozen_ground_states(dimensions):
    pairs = contact("light", "light") + contact("light", "heavy") + contact("heavy", "heavy", "strength = 0.25")
    problem = parse_problem(text_of(dimensions, pairs))
    found = contact_couplings(problem)
    squares = [1.0 / (3.0 * mass) for mass in (0.5, 2.0)]  # l^2 = hbar / (m omega)
    for (a, b), reduced in {(0, 0): 0.25, (0, 1): 0.4}.items():
        area = math.pi * (squares[a] + squares[b])
        expected = 2.0 * math.pi * 0.01 / reduced / (area if dimensions == 1 else math.sqrt(area))
        assert found[a, b] == pytest.approx(expected, rel=1e-14)
    assert found[1, 1] == 0.25  # a strength is of the grid's dimensions
    assert parse_problem(resolved_toml(problem)) == problem


def complaint_of(text: str) -> str:
    with pytest.raises(ProblemError) as raised:
        parse_problem(text)
    (complaint,) = raised.value.complaints
    return f"{complaint.line} {complaint.key}: {complaint.message}"


@pytest.mark.parametrize("dimensions, axes, advice", [(1, 1, "give axes = 2"), (2, 2, "= 1"), (3, 1, "leave")])
def test_axes_are_three_in_all(dimensions, axes, advice):
    told = complaint_of(text_of(dimensions, "", axes))
    assert told.startswith("5 grid.transverse.axes: ") and advice in told


def test_a_scattering_length_needs_three_axes():
    told = complaint_of(text_of(1, contact("light", "light")).replace("transverse", "# transverse"))
    assert "interaction.0.scattering_length" in told and "grid.transverse" in told


def warnings_of(change: dict[str, str], interactions: str = "", dimensions: int = 1) -> list[str]:
    text = text_of(dimensions, interactions)
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    return [line for line in expected_warnings(parse_problem(text)) if "faces" not in line]


QUIET = contact("light", "light", "scattering_length = 1e-3")


def test_nothing_is_said_of_a_tight_trap():
    assert warnings_of({}, QUIET) == []
    assert warnings_of({}, QUIET, dimensions=2) == []


@pytest.mark.parametrize(
    "change, interactions, words",
    [
        # 2 hbar omega a n = 6 * 0.1 * 10/8 beside hbar omega = 3
        ({}, contact("light", "light", "scattering_length = 0.1"), '"light": its mean field at the densest point'),
        ({'kind = "ground-state"': 'kind = "gaussian"\nwidth = 1.0\nmomentum = 3.0'}, QUIET, "initial momentum"),
        ({"mass = 0.5": 'mass = 0.5\npotential = [{ kind = "harmonic", frequency = 3.5 }]'}, QUIET, "is as tight as"),
        # E_F = 6 hbar omega of the trap along the line
        (
            {
                'name = "heavy"': 'name = "heavy"\nkind = "fermions"\norbitals = 6\n'
                'potential = [{ kind = "harmonic", frequency = 1.0 }]',
                "mass = 2.0\nparticles = 10": "mass = 2.0",
            },
            QUIET,
            "its Fermi energy 6 is beyond hbar omega across the line",
        ),
        ({"particles = 10": "particles = 0.1"}, contact("heavy", "heavy"), "1.4"),
    ],
)
def test_warnings_where_the_reduction_fails(change, interactions, words):
    if words == "1.4":  # 1.46 a/(sqrt 2 w) beyond a tenth: w^2 = 1/6
        interactions = interactions.replace("0.01", "0.06")
        words = "interaction 0: the scattering length, 0.06, is 0.15 of the width"
    told = [line for line in warnings_of(change, interactions) if words in line]
    assert len(told) == 1 and told[0].startswith("warning: ")


def test_energies_and_lengths_are_told_in_units():
    """E/h and micrometres, as everywhere else: h x 3 kHz across, where the file says "3 kHz"."""
    units = {"[grid]": '[units]\nlength = "1 um"\nmass = "87 u"\n\n[grid]', "frequency = 3.0": 'frequency = "3 kHz"'}
    told = "\n".join(warnings_of(units, contact("light", "light", "scattering_length = 0.1")))
    assert "of hbar omega across the line (h x 3 kHz)" in told and "the densest point, about h x " in told
    assert "the scattering length, 0.1 um, is" in told


def test_a_dense_gas_is_judged_in_three_dimensions():
    """n |a|^3 on the axis, 10/8 particles per length within pi l^2 = pi/6: 2.4 a^3 of the heavier species."""
    told = warnings_of({}, contact("heavy", "heavy", "scattering_length = 0.9"))
    assert any("gas parameter" in line and "about 1.7" in line for line in told)


def test_show_says_what_couplings_come_to():
    pair = contact("light", "heavy")
    told = resolved_toml(parse_problem(text_of(1, pair + contact("heavy", "heavy", "strength = 0.25"))))
    coupling = 2.0 * math.pi * 0.01 / 0.4 / (math.pi * (1.0 / 1.5 + 1.0 / 6.0))
    (line,) = [line for line in told.splitlines() if line.startswith("# the contact")]
    assert "of light and heavy has the strength" in line and float(line.split()[-1]) == pytest.approx(coupling)
    assert f"across the grid heavy has l = sqrt(hbar/(m omega)) = {math.sqrt(1.0 / 6.0)!r}" in told
