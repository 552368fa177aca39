"""``initial.noise``: its kinds, and where half a quantum a mode is refused, with key and line."""

from __future__ import annotations

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

TEXT = """
[grid]
points = [32]
lengths = [16.0]
[[species]]
name = "up"
particles = 10.0
initial = { kind = "gaussian", width = 1.0, noise = { kind = "wigner", cutoff = 2.0 } }
[time]
final = 1.0
step = 0.01
"""
LINE = 8


def complaints_of(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    return [(complaint.line, complaint.key, complaint.message) for complaint in caught.value.complaints]


def test_both_kinds_read_back():
    problem = parse_problem(TEXT)
    assert problem.species[0].wave_functions.vacuum_noise is not None
    assert problem.species[0].wave_functions.relative_noise is None
    assert parse_problem(resolved_toml(problem)) == problem
    relative = parse_problem(TEXT.replace('kind = "wigner", cutoff = 2.0', "amplitude = 0.1"))
    assert relative.species[0].wave_functions.vacuum_noise is None
    assert parse_problem(resolved_toml(relative)) == relative


def test_units():
    text = TEXT.replace("[grid]", '[units]\nlength = "1 um"\nmass = "1 u"\n[grid]')
    text = text.replace("particles = 10.0", 'particles = 10.0\nmass = "87 u"')
    text = text.replace("cutoff = 2.0", 'cutoff = "20 nK", temperature = "1 nK"')
    noise = parse_problem(text).species[0].wave_functions.vacuum_noise
    assert noise is not None
    assert noise.cutoff == pytest.approx(20.0 * noise.temperature, rel=1e-14)


@pytest.mark.parametrize(("right", "wrong", "key", "sentence"), [
    ("cutoff = 2.0", "cutoff = 9.0", "cutoff", "9 is beyond what the grid carries: two thirds of its largest wave "
     "number pi/h = 6.28319 are the energy 8.77298"),
    ("cutoff = 2.0", "cutoff = -1.0", "cutoff", "must be positive, not -1.0"),
    ("cutoff = 2.0", "cutoff = 2.0, temperature = -1.0", "temperature", "must not be negative, but is -1.0"),
    (", cutoff = 2.0", "", "cutoff", "is required"),
    ("[time]", "[fluctuations]\n[time]", "kind",
     '"wigner" does not go with [fluctuations], which follow the quanta themselves; take one of the two'),
    ("lengths = [16.0]", 'lengths = [16.0]\nframe = { kind = "expanding", rate = 1.0 }', "kind",
     '"wigner" does not go with an expanding frame; use frame = "fixed"'),
    ("particles = 10.0", "particles = 0.0", "kind", '"wigner" does not go with a species without particles: give it '
     "some"),
    ("particles = 10.0", 'kinetic = "semirelativistic"', "kind",
     '"wigner" does not go with a semi-relativistic species: its modes are those of p^2/2m'),
])  # fmt: skip
def test_refusals(right, wrong, key, sentence):
    found = complaints_of(TEXT.replace(right, wrong, 1))
    line = LINE + wrong.count("\n") * (right != "[time]")
    assert (line, f"species.up.initial.noise.{key}", sentence) in found


OTHER = """
[[species]]
name = "down"
mass = 2.0
particles = 0.0
{}
[[coupling]]
between = ["up", "down"]
rabi_frequency = 1.0
from = 0.0
[time]"""


@pytest.mark.parametrize(("initial", "key", "sentence"), [
    ("", "", 'needs noise of the kind "wigner" as "up" has'),
    ("initial = { noise = { kind = \"wigner\", cutoff = 2.0 } }", ".noise.cutoff", 'needs as many modes as "up" has'),
])  # fmt: skip
def test_species_that_turn_into_each_other_have_as_many_half_quanta(initial, key, sentence):
    """A pi pulse would leave the half quanta that are taken off a species in another one: -M/2 particles."""
    found = complaints_of(TEXT.replace("[time]", OTHER.format(initial)))
    assert [name for _, name, message in found if sentence in message] == [f"species.down.initial{key}"]
    same = 'initial = { noise = { kind = "wigner", cutoff = 1.0 } }'
    assert len(parse_problem(TEXT.replace("[time]", OTHER.format(same))).species) == 2


def test_fermions_have_no_such_noise():
    text = TEXT.replace("particles = 10.0", 'kind = "fermions"\norbitals = 3').replace(
        '"gaussian", width = 1.0', '"oscillator", frequency = 1.0'
    )
    key = "species.up.initial.noise.kind"
    assert (LINE + 1, key, '"wigner" does not go with a set of fermions: it is of bosons') in complaints_of(text)


def test_a_rotating_frame_has_no_such_noise():
    text = TEXT.replace("[32]", "[32, 32]").replace("[16.0]", "[16.0, 16.0]")
    found = complaints_of(text + "[rotation]\nrate = 0.1\n")
    assert any("a rotating frame" in message for _, _, message in found), found
