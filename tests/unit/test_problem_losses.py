"""Wrong ``[[loss]]`` sections: the sentence and the line that each mistake gets; units and what is filled in."""

import pytest

from hpcmix.problem.checks.expected.warnings import expected_warnings
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

GOOD = """\
[grid]
points = [32, 32]
lengths = [16, 16]
[[species]]
name = "rb"
initial = { kind = "gaussian", width = 1 }
[[species]]
name = "k"
initial = { kind = "gaussian", width = 1 }
[[loss]]
kind = "three-body"
channel = ["rb", "rb", "k"]
rate = 1e-3
[[loss]]
kind = "absorber"
width = 4
strength = 2
[[loss]]
kind = "one-body"
rate = 0.1
[time]
final = 1
step = 0.01
"""
CHANNEL = 'channel = ["rb", "rb", "k"]'
LAST = 'kind = "one-body"\nrate = 0.1'
SPECIES = 'name = "k"\ninitial = { kind = "gaussian", width = 1 }'
FERMIONS = 'name = "k"\nkind = "fermions"\norbitals = 3\ninitial = { kind = "plane-waves" }'
CLASSICAL = (
    'name = "k"\nkind = "classical"\nparticles = 3\nmarkers = 64\n'
    'initial = { kind = "gaussian", width = 1, momentum_width = 1 }'
)

MISTAKES = [
    # what is replaced, by what, line, key, sentence
    ('"three-body"', '"four-body"', 11, "loss.0.kind", 'unknown kind "four-body"'),
    (CHANNEL, 'channel = ["rb", "k"]', 12, "loss.0.channel", "must name 3 particles by the species"),
    (CHANNEL, 'channel = ["rb", "rb", "kk"]', 12, "loss.0.channel.2", 'there is no species "kk"'),
    (CHANNEL, "channel = 3", 12, "loss.0.channel", "must be a list of species names"),
    ("rate = 1e-3", "rate = -1", 13, "loss.0.rate", "must not be negative"),
    ("rate = 1e-3", "", 10, "loss.0.rate", "is required"),
    (LAST, 'kind = "one-body"\nrate = "2 Hz"', 20, "loss.2.rate", "a rate of loss is no frequency"),
    (LAST, f'{LAST}\nspecies = ["rb", "rb"]', 21, "loss.2.species", "names a species twice"),
    (LAST, f'{LAST}\nchannel = ["rb"]\nspecies = "k"', 22, "loss.2.species", "contradicts channel"),
    (LAST, f'{LAST}\nprofile = "exp(-q)"', 21, "loss.2.profile", "q"),
    ("width = 4", "width = 9", 16, "loss.1.width", "more than half the box, 8"),
    ("width = 4", "width = [4, 1]", 16, "loss.1.width", "less than 4 spacings of 0.5"),
    ("strength = 2", 'strength = 2\naxes = "xz"', 18, "loss.1.axes", "must name axes of the grid (x, y)"),
    ("strength = 2", "strength = 9000", 17, "loss.1.strength", "in one step"),
    (LAST, 'kind = "one-body"\nrate = 6000', 20, "loss.2.rate", "in one step"),
    # in time
    (LAST, f"{LAST}\nfrom = 2\nuntil = 1", 22, "loss.2.until", "which is never"),
    (LAST, f"{LAST}\nramp = 1", 21, "loss.2.ramp", 'does nothing without "from" or "until"'),
    (LAST, f'{LAST}\nfactor = "1 - 2*t"', 21, "loss.2.factor", "is -0.02 at t = 0.51, and must be at least 0"),
    (LAST, f'{LAST}\nfactor = "1/t"', 21, "loss.2.factor", "is not finite at t = 0"),
    (LAST, 'kind = "one-body"\nrate = 60\nfactor = "1 + 99*t"', 20, "loss.2.rate", "60 times its factor, 100 at most"),
    # what has none
    (SPECIES, FERMIONS, 14, "loss.0.channel.2", '"k" are fermions'),
    (SPECIES, FERMIONS, 20, "loss.2", '"k" are fermions'),
    (SPECIES, CLASSICAL, 15, "loss.0.channel.2", '"k" is classical'),
    # what does not go with them
    (
        "lengths = [16, 16]", 'lengths = [16, 16]\nframe = { kind = "expanding", rate = 1 }', 16, "loss.1.kind",
        "stands still while the points of the grid move",
    ),
    ("[time]", "[fluctuations]\n[time]", 10, "loss.0", "does not go with [fluctuations]"),
    ("[time]", "[many_body]\n[time]", 10, "loss.0", "does not go with [many_body]"),
    ("[time]", '[scaling]\nkind = "mean-field"\n[time]', 10, "loss.0", "does not go with [scaling]"),
    (
        "[time]", '[excitations]\nmethod = "tangent-map"\n[time]', 22, "excitations.method",
        "follows a flow that keeps its particles",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "key", "sentence"), MISTAKES)
def test_a_mistake_is_named_with_key_and_line(right, wrong, line, key, sentence):
    assert right in GOOD
    with pytest.raises(ProblemError) as caught:
        parse_problem(GOOD.replace(right, wrong, 1))
    found = [each for each in caught.value.complaints if each.key == key and sentence in each.message]
    assert found, caught.value
    assert found[0].line == line, found


def test_what_grows_with_an_expanding_frame_does_not_reach_infinity():
    text = GOOD.replace("lengths = [16, 16]", 'lengths = [16, 16]\nframe = { kind = "expanding", rate = 1 }')
    text = text.replace('kind = "absorber"\nwidth = 4\nstrength = 2', 'kind = "one-body"\nrate = 2\nspecies = "k"')
    parse_problem(text)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text.replace("final = 1", 'final = "infinity"'))
    assert [(each.key, each.line) for each in caught.value.complaints] == [("loss.1.kind", 16), ("loss.2.kind", 20)]
    assert all("its rate grows like b^2, b the scale" in each.message for each in caught.value.complaints)


def test_mistakes_are_told_all_at_once():
    text = GOOD.replace("rate = 1e-3", "rate = -1").replace("width = 4", "width = 9").replace("rate = 0.1", "rte = 1")
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert {each.key for each in caught.value.complaints} >= {"loss.0.rate", "loss.2.rte", "loss.2.rate"}


def test_rates_with_units_depend_on_how_many_meet():
    units = '[units]\nlength = "1 um"\nmass = "87 u"\n'
    text = units + GOOD.replace("1e-3", '"1e-3 um^4/s"').replace("rate = 0.1", 'rate = "0.1 / s"')
    text = text.replace("strength = 2", 'strength = "200 / s"').replace('name = "rb"', 'name = "rb"\nmass = "87 u"')
    text = text.replace('name = "k"', 'name = "k"\nmass = "41 u"')
    problem = parse_problem(text)
    second = problem.scales.time_si
    assert problem.loss[0].rate == pytest.approx(1e-3 * second, rel=1e-14)  # areas in two dimensions
    assert problem.loss[1].strength == pytest.approx(200 * second, rel=1e-14)
    assert problem.loss[2].rate == pytest.approx(0.1 * second, rel=1e-14)
    with pytest.raises(ProblemError, match="must be a quantity of dimension length\\^4 time\\^-1"):
        parse_problem(text.replace("um^4/s", "um^6/s"))
    across = text.replace("lengths = [16, 16]", 'lengths = [16, 16]\ntransverse = { frequency = "5 kHz", axes = 1 }')
    assert parse_problem(across.replace("um^4/s", "um^6/s")).loss[0].rate == problem.loss[0].rate


def test_the_complete_problem_reads_back():
    problem = parse_problem(GOOD)
    assert parse_problem(resolved_toml(problem)) == problem
    assert [entry.in_words for entry in problem.loss] == [
        "three-body loss of rb + rb + k", "absorber of all species", "one-body loss of all species",
    ]  # fmt: skip


def test_an_absorber_beside_a_periodic_kernel_gets_a_warning():
    kernel = '[[interaction]]\nbetween = ["rb", "k"]\nkind = "gaussian"\nstrength = 1\nwidth = 1\n'
    assert not expected_warnings(parse_problem(GOOD))
    (sentence,) = expected_warnings(parse_problem(GOOD.replace("[time]", f"{kernel}[time]")))
    assert "loss 1 (counted from 0)" in sentence and "gaussian interaction of rb and k" in sentence
    contact = kernel.replace("gaussian", "contact").replace("width = 1\n", "")
    assert not expected_warnings(parse_problem(GOOD.replace("[time]", f"{contact}[time]")))


def test_losses_of_half_quanta_get_a_warning():
    noise = 'noise = { kind = "wigner", cutoff = 0.5 }'
    noisy = GOOD.replace("initial = {", f"initial = {{ {noise},", 1)
    assert noisy != GOOD
    (sentence,) = expected_warnings(parse_problem(noisy))
    assert 'the noise of the kind "wigner" of "rb" decays with its losses' in sentence


def test_a_loss_that_takes_much_in_a_step_gets_a_warning():
    """At the peak of two Gaussians of one particle each, n = 1/pi in two dimensions: K n^2 step = 0.41 for K = 40."""
    gases = GOOD.replace("step = 0.01", "step = 0.1")
    trapped = gases.replace("initial = {", 'potential = { kind = "harmonic", frequency = 1 }\ninitial = {')
    assert not [each for each in expected_warnings(parse_problem(trapped)) if "second order" in each]
    quick = expected_warnings(parse_problem(trapped.replace("rate = 1e-3", "rate = 40")))
    (sentence,) = [each for each in quick if "second order" in each]
    assert sentence.startswith('warning: loss 0 (counted from 0) would take about 41 % of "rb" at its peak density')
