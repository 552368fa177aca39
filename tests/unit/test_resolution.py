"""What tells whether box and grid hold a cloud: from the file alone, and at a run's records."""

from __future__ import annotations

import math
import re
import tomllib

import pytest
from physics.systems import contact, coulomb, expression, gaussian, harmonic, problem_text, species

from hpcmix.problem.checks.expected.confinement import Confinement
from hpcmix.problem.checks.expected.lengths import expected_lengths
from hpcmix.problem.checks.expected.warnings import expected_warnings, resolution_lines
from hpcmix.problem.files.cards import cards
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.running.planning.resolution.watch import ResolutionWatch
from hpcmix.running.stops.guard import BlowUp


def problem(points, lengths, entries, interaction=(), **sections):
    return parse_problem(problem_text(points, lengths, entries, interaction, **sections))


class Lines(list):
    """A log that keeps its lines."""

    def line(self, text=""):
        self.append(text)


# ------------------------------------------------------------------------------------ confinement


@pytest.mark.parametrize(
    ("potential", "expected"),
    [
        (harmonic([1.0, 0.0]), (True, False)),
        ({"kind": "lattice", "depth": [1.0, 1.0], "period": 2.0}, (False, False)),
        ({"kind": "box", "height": 9.0, "lengths": [12.0, 16.0]}, (True, False)),
        ({"kind": "box", "height": -9.0, "lengths": [12.0, 12.0]}, (False, False)),
        ({"kind": "gaussian", "height": -9.0, "width": 2.0}, (False, False)),
        ({"kind": "expression", "value": "0.5*x**2"}, (True, False)),
        ({"kind": "expression", "value": "abs(x - 1) + (y + 1)**4 + 3*sin(5*x)**2"}, (True, True)),
        ({"kind": "expression", "value": "0.1*x*y + x**2 + y**2"}, (True, True)),
        ({"kind": "expression", "value": "(x - 6)**2 + 2*cos(y)"}, (True, False)),
        ({"kind": "expression", "value": "sin(0.05*x)**2 + sin(3*y)**2"}, (False, False)),
        ({"kind": "expression", "value": "-x"}, (False, False)),  # a slope
        ({"kind": "expression", "value": "2*cos(2*pi*x/16)"}, (False, False)),  # highest at the faces, and periodic
        ({"kind": "expression", "value": "-2*cos(2*pi*x/16)"}, (False, False)),
        ({"kind": "expression", "value": "sin(0.37*x)**2"}, (False, False)),
        ({"kind": "expression", "value": "3*t"}, (False, False)),
    ],
)
def test_what_is_a_trap(potential, expected):
    one = problem([16, 16], [16.0, 16.0], [species("a", potential=[potential], initial=gaussian(1.0))])
    confinement = Confinement.of(one, one.species[0])
    assert tuple(confinement.holds(axis, 0.0) for axis in range(2)) == expected


def test_when_a_trap_holds():
    potential = [harmonic(1.0, until=2.0, ramp=1.0), harmonic(1.0, **{"from": 5.0}, factor="exp(-(t - 5))")]
    one = problem([16], [16.0], [species("a", potential=potential, initial=gaussian(1.0))])
    confinement = Confinement.of(one, one.species[0])
    times = {-1.0: True, 1.9: True, 2.0: False, 4.9: False, 5.1: True, 6.0: False}
    assert {time: confinement.holds(0, time) for time in times} == times
    assert confinement.holds(0, 0.0, before_start=True) and confinement.keeps_apart(0)


@pytest.mark.parametrize(("option", "before", "after"), [("until", True, False), ("from", False, True)])
def test_a_trap_that_is_switched_at_time_zero(option, before, after):
    one = problem([16], [16.0], [species("a", potential=[harmonic(1.0, **{option: 0.0})], initial=gaussian(1.0))])
    confinement = Confinement.of(one, one.species[0])
    assert (confinement.holds(0, 0.0, before_start=True), confinement.holds(0, 0.0)) == (before, after)
    assert confinement.keeps_apart(0) == before  # released: it is not meant to meet its images


def test_free_space_keeps_apart():
    entries = [species("a", initial=gaussian(1.0)), species("b", initial=gaussian(1.0))]
    one = problem([8] * 3, [16.0] * 3, entries, [coulomb("a", "a", -1.0)])
    free = [Confinement.of(one, each) for each in one.species]
    assert [each.keeps_apart(0) for each in free] == [True, False] and not free[0].holds(0, 0.0)


# ------------------------------------------------------------------------------------ lengths


@pytest.mark.parametrize("trapped", [1, 2, 3])
def test_thomas_fermi_lengths(trapped):
    """Against the textbook's mu of c trapped and 3 - c uniform directions, and the integral of its density."""
    frequency = [1.0, 1.3, 0.7][:trapped] + [0.0] * (3 - trapped)
    strength, number, length = 0.7, 4000.0, 40.0
    one = problem(
        [64] * 3,
        [length] * 3,
        [species("a", mass=1.5, particles=number, potential=[harmonic(frequency)])],
        [contact("a", "a", strength)],
    )
    found = expected_lengths(one, 0)
    radii = found.radii[:trapped]
    assert found.radii[trapped:] == (None,) * (3 - trapped)
    level = 0.5 * 1.5 * (frequency[0] * radii[0]) ** 2
    shape = {1: 4.0 / 3.0, 2: math.pi / 2.0, 3: 8.0 * math.pi / 15.0}[trapped]  # integral of 1 - r^2 over the ball
    content = level / strength * shape * math.prod(radii) * length ** (3 - trapped)
    assert content == pytest.approx(number, rel=1e-12)
    assert found.peak_density == pytest.approx(level / strength, rel=1e-12)
    assert found.healing == pytest.approx(1.0 / math.sqrt(2.0 * 1.5 * level), rel=1e-12)
    assert found.oscillator[0] == pytest.approx(math.sqrt(1.0 / 1.5), rel=1e-12)


def test_weak_clouds_are_gaussian_and_others_press():
    entries = [species(name, particles=10.0, potential=[harmonic(1.0)]) for name in "ab"]
    free = expected_lengths(problem([32], [20.0], entries), 0)
    assert free.radii is None and free.healing is None
    assert free.peak_density == pytest.approx(10.0 / math.sqrt(math.pi))
    alone = expected_lengths(problem([32], [20.0], entries, [contact("a", "a", 1.0)]), 0)
    pressed = expected_lengths(problem([32], [20.0], entries, [contact("a", "a", 1.0), contact("a", "b", 1.0)]), 0)
    assert pressed.radii[0] == pytest.approx(2.0 ** (1.0 / 3.0) * alone.radii[0])


def test_fermions_in_a_trap():
    """N = (E_F / hbar omega)^3 / 6, and k_F of that energy in the middle."""
    entry = species("f", kind="fermions", orbitals=36, mass=2.0, potential=[harmonic(1.0)])
    found = expected_lengths(problem([32] * 3, [16.0] * 3, [entry]), 0)
    energy = 6.0  # (6 * 36)^(1/3)
    assert found.radii == pytest.approx((math.sqrt(2.0 * energy / 2.0),) * 3)
    assert found.fermi == pytest.approx(1.0 / math.sqrt(2.0 * 2.0 * energy))


def test_what_the_file_does_not_tell():
    entries = [
        species("a", kinetic="semirelativistic", potential=[harmonic(1.0)]),
        species("b", initial=expression("exp(-x**2)")),
        species("c", potential=[{"kind": "expression", "value": "x**4"}]),
    ]
    one = problem([32], [20.0], entries, [contact("b", "b", 1.0), contact("c", "c", 1.0)])
    for index in range(3):
        found = expected_lengths(one, index)
        assert (found.oscillator, found.radii, found.healing, found.peak_density) == ((None,), *(None,) * 3)
    assert resolution_lines(one) == []


# ------------------------------------------------------------------------------------ warnings of the file


@pytest.mark.parametrize("size", ["full", "small"])
@pytest.mark.parametrize("name", sorted(cards()))
def test_no_card_is_suspected(name, size):
    """But for the mean field of equal fermions, which one card has as a load to measure."""
    overrides = ()
    if size == "small":
        overrides = tomllib.loads((cards()[name].parent / "expected.toml").read_text(encoding="utf-8"))["set"]
    found = expected_warnings(load_problem(name, overrides))
    if name == "scaling-orbitals":
        assert len(found) == 1 and "Pauli" in found[0]
        return
    assert found == []


UNITS = """
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [32, 32, 32]
lengths = [20.0, 20.0, 20.0]
[[species]]
name = "a"
mass = "86.909 u"
particles = 10000.0
potential = [{ kind = "harmonic", frequency = "50 Hz" }]
[[interaction]]
between = ["a", "a"]
kind = "contact"
scattering_length = 100
"""


def test_a_hundred_micrometres_for_a_hundred_bohr_radii():
    one = parse_problem(UNITS)
    dense, wide = expected_warnings(one)
    assert "gas parameter n |a|^3" in dense and '"1 um": ' not in dense and 'was "a0" meant?' in dense
    assert "along x, y and z its trap lets it reach the faces of the box (radius 38.2" in wide
    assert expected_warnings(parse_problem(UNITS.replace("= 100\n", '= "100 a0"\n'))) == []
    ignored = parse_problem(UNITS + '[output]\nresolution = "ignore"\n')
    assert expected_warnings(ignored) == [dense]  # not a matter of resolution
    lines = plan_lines(one, make_plan(one, 1), 1)
    assert sum(line.startswith("warning: ") for line in lines) == 2
    assert any(line.startswith("resolution     spacing 0.625 um, half the box 10 um") for line in lines)


def test_lengths_are_told_in_micrometres_whatever_the_code_unit():
    """Without units, or with a code unit of 1 um, a number alone could be read as one of micrometres: it was not."""
    half = UNITS.replace('length = "1 um"', 'length = "2 um"').replace(
        "[20.0, 20.0, 20.0]", '["20 um", "20 um", "30 um"]'
    )
    first, second = resolution_lines(parse_problem(half.replace("= 100\n", '= "100 a0"\n')))
    assert first == "spacing 0.625 x 0.625 x 0.938 um, half the box 10 x 10 x 15 um"
    assert second.startswith('"a": oscillator length 1.53 um, Thomas-Fermi radius ')
    _, wide = expected_warnings(parse_problem(half))
    assert "oscillator length 1.53 um, half the box 10, 10, 15 um" in wide


@pytest.mark.parametrize(
    ("entry", "sections", "words"),
    [
        (species("a", potential=[harmonic([1.0, 30.0])]), {}, "along y the trap is narrower than a spacing"),
        (species("a", potential=[harmonic([0.05, 1.0])]), {}, "along x its trap lets it reach the faces"),
        (species("a", potential=[harmonic(1.0, centre=[0.0, 7.5])]), {}, "along y its trap lets it reach the faces"),
        (species("a", initial=gaussian([0.4, 1.0])), {}, "along x its Gaussian is narrower than a spacing"),
        (
            species("f", kind="fermions", orbitals=300, potential=[harmonic(1.0)]),
            {},
            "its Fermi wave number 6.999 is beyond two thirds",
        ),
    ],
)
def test_clouds_that_box_or_grid_will_not_hold(entry, sections, words):
    interaction = sections.pop("interaction", ())
    one = problem([32, 32], [16.0, 16.0], [entry], interaction, **sections)
    found = expected_warnings(one)
    assert any(words in line for line in found), found
    assert all(line.startswith("warning: species ") for line in found)


def test_equal_fermions_in_contact():
    entry = species("f", kind="fermions", orbitals=1, potential=[harmonic(1.0)])
    other = species("g", kind="fermions", orbitals=2, potential=[harmonic(1.0)])
    (line,) = expected_warnings(problem([32], [16.0], [entry], [contact("f", "f", 1.0)]))
    assert line.startswith('warning: "f" are fermions of one kind') and "Pauli" in line
    spins = problem([32], [16.0], [entry, other], [contact("f", "g", 1.0)])
    assert expected_warnings(spins) == []
    smooth = {"between": ["f", "f"], "kind": "gaussian", "strength": 1.0, "width": 1.0}
    assert expected_warnings(problem([32], [16.0], [entry], [smooth])) == []


# ------------------------------------------------------------------------------------ at the records


def record(step=1, time=1.0, faces=0.0, tail=0.0, momentum=0.0, particles=1.0):
    found = {"particles": particles, "momentum": [momentum], "face_density": [faces], "spectral_tail": [tail]}
    return {"step": step, "time": time, "species": {"a": found}}


TRAP = (harmonic(1.0),)


def watch(potential=TRAP, resolution="check", **sections):
    entries = [species("a", potential=list(potential), initial=gaussian(1.0))]
    one = problem([32], [16.0], entries, output={"resolution": resolution}, **sections)
    log = Lines()
    return ResolutionWatch(one, log), log


def test_warnings_come_once():
    one, log = watch()
    one.look(record(faces=0.005, tail=0.02))
    assert len(log) == 1 and log[0].startswith('found: "a" has 5.0e-03 of its largest density at the faces')
    for _ in range(3):
        one.look(record(faces=0.05, tail=0.05))
    assert [line[:22] for line in log[1:]] == ['warning: species "a": '] * 2
    assert "the density at the faces of the box along x is 0.05 of its largest" in log[1]
    assert "0.05 of its spectrum beyond two thirds" in log[2]


def test_times_of_warnings_have_units_where_the_file_has_them():
    entries = [species("a", mass=1.0, potential=list(TRAP), initial=gaussian(1.0))]
    log = Lines()
    units = {"length": "1 um", "mass": "1 u"}
    ResolutionWatch(problem([32], [16.0], entries, units=units), log).look(record(faces=0.05, time=2.0))
    assert re.search(r"in step 1, t = 0\.031492\d* ms the density at the faces", log[1])  # u um^2 / hbar = 15.7461 us


@pytest.mark.parametrize(
    ("found", "words"), [({"faces": 0.98}, 'the box does not hold species "a"'), ({"tail": 0.3}, "does not resolve")]
)
def test_a_lost_cloud_ends_the_run(found, words):
    one, log = watch()
    with pytest.raises(BlowUp, match=words) as caught:
        one.look(record(**found))
    assert 'resolution = "warn"' in str(caught.value)
    warned, log = watch(resolution="warn")
    warned.look(record(**found))
    assert len(log) == 2 and log[1].startswith("warning: ")
    ignoring, log = watch(resolution="ignore")
    ignoring.look(record(**found))
    assert log == []


def test_the_ring_is_meant():
    """Without a trap the faces are nowhere; with one that was switched off they are seen, and no reason to stop."""
    one, log = watch(potential=())
    one.look(record(faces=1.0))
    assert len(log) == 1
    released, log = watch(potential=[harmonic(1.0, until=0.0)])
    released.look(record(faces=0.9))
    assert len(log) == 2 and "meets its periodic images" in log[1]
    with pytest.raises(BlowUp):  # the trap of time 0-, in which the ground state is
        released.look(record(step=0, time=0.0, faces=0.9))


def test_fast_packets_are_resolved():
    """All of the spectrum in the tail, on one side: a plane wave. On both: a cloud that the grid does not resolve."""
    beyond = math.pi / 0.5
    one, log = watch()
    one.look(record(tail=1.0, momentum=0.9 * beyond))
    assert len(log) == 2  # a warning all the same
    with pytest.raises(BlowUp):
        one.look(record(tail=1.0, momentum=0.1 * beyond))


def test_what_is_empty_or_nearly():
    one, log = watch(potential=())
    one.look(record(particles=0.0, faces=0.0, tail=math.nan))
    assert log == ['found: "a" is empty']
