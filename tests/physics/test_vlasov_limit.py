"""The claim vlasov-limit: distances of a Fermi gas from its classical twin, at the start in closed form and after an
evolution against converged numbers; and what becomes of a limit that is wrong."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.special import genlaguerre, jv

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.claims.vlasov_limit import family, limit
from hpcmix.studies.claims.vlasov_limit.shells import closed_shell_distance
from tests.physics.claims import setting, verdict

FILE = """
[grid]
points = [{points}]
lengths = [16.0]
[[species]]
name = "bosons"
initial = {{ kind = "gaussian", width = 0.8, centre = 0.6 }}
[[species]]
name = "fermions"
kind = "fermions"
orbitals = 7
potential = [{{ kind = "harmonic", frequency = 1.0, until = 0.0 }}]
initial = {{ kind = "oscillator", frequency = 1.0 }}
[[interaction]]
between = ["bosons", "fermions"]
kind = "gaussian"
strength = 1.0
width = 0.7
[scaling]
kind = "bose-fermi-macro"
[time]
final = 1.0
step = 0.1
integrator = "blanes-moan-4"
check_step = false
[output]
observables = {{ every = 10 }}
"""


def checked(folder, numbers=(5, 8, 14, 24), markers=2**16, points=400, overrides=()):
    wanted = setting(FILE.format(points=points), folder, numbers, overrides)
    return limit.check(dataclasses.replace(wanted, markers=markers))


# ---------------------------------------------------------------- in closed form

EXACT = [
    (1, 10, 1.101217584463e-3),
    (1, 20, 3.413720668818e-4),
    (3, 4, 5.032303139928e-3),
    (3, 10, 2.658658282764e-3),
    (3, 20, 1.655991414187e-3),
]


@pytest.mark.parametrize(("dimensions", "orbitals", "value"), EXACT)
def test_closed_shells(dimensions, orbitals, value):
    assert closed_shell_distance(dimensions, orbitals, 1.0, 60.0) == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("frequency", [0.5, 2.0])
def test_closed_shells_of_another_trap(frequency):
    """In x sqrt(w), p / sqrt(w) the state is that of w = 1: zeta is stretched the other way. By a plain scan, which
    loses 1e-5 of a maximum between its points."""
    angle = np.linspace(0.0, np.pi, 201)
    length = np.arange(0.05, 40.0, 0.01)[:, None]
    z = length * np.sqrt(np.cos(angle) ** 2 / frequency + np.sin(angle) ** 2 * frequency)
    hbar, size = 0.1, math.sqrt(2.0)
    square = hbar * z**2
    difference = genlaguerre(9, 1)(0.5 * square) * np.exp(-0.25 * square) / 10 - 2.0 / (size * z) * jv(1, size * z)
    scanned = np.max(np.abs(difference) / (1.0 + length))
    assert closed_shell_distance(1, 10, frequency, 40.0) == pytest.approx(scanned, rel=1e-4)


def test_open_shells_have_no_closed_form():
    with pytest.raises(ValueError, match="close no shell"):
        closed_shell_distance(3, 5, 1.0, 12.0)


# ---------------------------------------------------------------- the claim


def test_the_limit_and_the_numbers_on_the_way(tmp_path):
    """At M = 10 and t = 1 the distances of a converged computation by direct sums (512 points): D =
    1.8724655543e-3 at (xi, eta) = (6.928, 5.904), phi 1.7009453754e-4. Both fall like hbar^(5/3) and hbar^2."""
    _, finding = checked(tmp_path, (10, 16, 26))
    assert verdict(finding) == "consistent", finding.verdict
    # what 65 536 markers leave of f^ at |zeta| = 9 is 2e-6, and of phi 2e-7: what the budget says, and R1's bar
    assert finding.column("D")[0] == pytest.approx(1.8724655543e-3, abs=2.5e-6)
    assert finding.column("phi")[0] == pytest.approx(1.7009453754e-4, abs=2.5e-7)
    assert finding.column("|zeta|")[0] == pytest.approx(math.hypot(6.928, 5.904), abs=0.05)
    assert finding.column("D(0)")[0] == pytest.approx(1.101217584463e-3, abs=5e-6)
    assert finding.column("phi(0)")[0] < 1e-14
    fits = {fit.quantity: fit for fit in finding.fits}
    assert fits["D"].exponent == pytest.approx(1.69, abs=0.1)
    assert fits["phi"].exponent == pytest.approx(2.0, abs=0.02)
    for name, start in (("Q", "D"), ("Q of phi", "phi")):
        expected = np.array(finding.column(start)) / (
            np.array(finding.column("D(0)")) + np.sqrt(finding.column("hbar"))
        )
        assert np.allclose(finding.column(name), expected, rtol=1e-12)
    (budget,) = (budget for budget in finding.budgets if budget.quantity == "D")
    assert set(budget.changes) == {"time step", "grid", "box", "markers", "seed", "sup search"}
    assert all(max(change) > 0.0 for change in budget.changes.values())
    # kinetic and interaction energies of (2.22) at t = 1, and of the quantum system with M = 10, per fermion
    assert finding.column("energy per fermion")[0] == pytest.approx(1.16832170281, abs=1e-8)
    assert finding.column("its limit")[0] == pytest.approx(1.16826565390, abs=2e-6)
    notes = " ".join(finding.notes)
    assert "Theorem 2 proves hbar^(1/2)" in notes and "hbar^1 is expected" in notes
    assert "known exactly" in notes and "two dimensions and more" in notes


@pytest.mark.parametrize("strength", [1.1, -1.0])
def test_a_wrong_limit(tmp_path, monkeypatch, strength):
    """A classical gas with a force that is 10 % too strong, or of the wrong sign, is no limit: its distance tends to a
    constant, 0.1 for the sign."""
    right = family.as_limit
    wrong = f"interaction.0.strength={strength}"
    monkeypatch.setattr(family, "as_limit", lambda *arguments: [*right(*arguments), wrong])
    _, finding = checked(tmp_path, markers=2**14)
    assert verdict(finding) == "NOT CONSISTENT", finding.verdict
    distances = finding.column("D")
    assert max(distances) / min(distances) < 1.6
    if strength < 0.0:
        assert 0.03 < distances[-1] < 0.3


def test_too_few_markers_decide_nothing(tmp_path):
    """The sampling error is part of the budget."""
    _, finding = checked(tmp_path, markers=2**9)
    assert verdict(finding) == "not resolved", finding.verdict
    assert "markers" in finding.reason or "seed" in finding.reason


# ---------------------------------------------------------------- what it is not about

REFUSED = {
    "two species of fermions": (
        '[[species]]\nname = "others"\nkind = "fermions"\norbitals = 3\n'
        'initial = { kind = "oscillator", frequency = 1.0 }\n[output]',
        "[output]",
        "one species of fermions and one of bosons",
    ),
    "no scaling": ("", '[scaling]\nkind = "bose-fermi-macro"\n', "bose-fermi-macro"),
    "the other scaling": ('kind = "bose-fermi-micro"', 'kind = "bose-fermi-macro"', "bose-fermi-macro"),
    "contact": (
        'kind = "contact"\nstrength = 1.0',
        'kind = "gaussian"\nstrength = 1.0\nwidth = 0.7',
        "smooth kernel",
    ),
    "a force within": (
        '[[interaction]]\nbetween = ["bosons", "bosons"]\nkind = "gaussian"\nstrength = 1.0\nwidth = 0.7\n[scaling]',
        "[scaling]",
        "on each other only",
    ),
    "a trap of the bosons": (
        'name = "bosons"\npotential = [{ kind = "gaussian", height = -1.0, width = 2.0 }]',
        'name = "bosons"',
        "differently for every M",
    ),
    "single precision": ('[parallel]\nprecision = "single"\n[output]', "[output]", "must be double"),
    "no evolution": (
        "",
        '[time]\nfinal = 1.0\nstep = 0.1\nintegrator = "blanes-moan-4"\ncheck_step = false\n',
        "needs a [time]",
    ),
    "no interaction": (
        "",
        '[[interaction]]\nbetween = ["bosons", "fermions"]\nkind = "gaussian"\nstrength = 1.0\nwidth = 0.7\n',
        "needs an interaction",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_it_is_not_about(tmp_path, name):
    new, old, message = REFUSED[name]
    text = FILE.format(points=400)
    assert old in text
    with pytest.raises(ProblemError, match=message.replace("[", r"\[")):
        limit.check(setting(text.replace(old, new), tmp_path, (5, 8, 14)))


@pytest.mark.parametrize(
    ("numbers", "message"), [((5, 8), "at least 3"), ((5, 5, 8, 9), "more than once"), ((1, 4, 9), "too small")]
)
def test_numbers_that_show_no_rate(tmp_path, numbers, message):
    with pytest.raises(ProblemError, match=message):
        limit.check(setting(FILE.format(points=400), tmp_path, numbers))


def test_default_markers_follow_the_supremum():
    """Four times as many waves to the supremum need sixteen times the markers."""
    assert [family.default_markers(1, number) for number in (10, 80, 640)] == [2**17, 2**18, 2**22]
    assert family.default_markers(3, 120) == 2**20
