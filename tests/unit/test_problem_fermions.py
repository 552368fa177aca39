"""Fermions and scalings in a problem file: what is filled in, and what the prefactors come to."""

import math

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml

BOSE_FERMI = """
[grid]
points = {points}
lengths = {lengths}
[[species]]
name = "bosons"
[[species]]
name = "fermions"
kind = "fermions"
orbitals = 20
[[interaction]]
between = ["bosons", "fermions"]
kind = "gaussian"
strength = 2.0
width = 1.0
[scaling]
kind = "{kind}"
"""
TWO = """
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "a"
particles = 3000.0
[[species]]
name = "b"
particles = 1000.0
[scaling]
kind = "{kind}"
"""


def bose_fermi(kind: str, dimensions: int = 3, extra: str = ""):
    points, lengths = [24 if dimensions == 1 else 8] * dimensions, [4.0] * dimensions
    return parse_problem(BOSE_FERMI.format(kind=kind, points=points, lengths=lengths) + extra)


def test_fermions_hold_one_particle_per_orbital() -> None:
    text = "grid = { points = [8], lengths = [4] }\nspecies = [{ name = 'f', kind = 'fermions', orbitals = 3 }]"
    problem = parse_problem(text)
    assert problem.species[0].particles == 3.0 and problem.orbitals == (3,)
    assert problem.prefactors.weights == (1.0,) and problem.hbar == 1.0
    assert parse_problem(resolved_toml(problem)) == problem


def test_microscopic_regime() -> None:
    """CMP (2.18): N = M, lambda = 1/N, hbar = 1; (2.19) is the equation with m = 1/2."""
    problem = bose_fermi("bose-fermi-micro")
    assert [one.mass for one in problem.species] == [0.5, 0.5]
    assert problem.species[0].particles == 20.0 and problem.prefactors.weights == (20.0, 1.0)
    assert problem.hbar == 1.0 and problem.prefactors.kernel_factor(0, 1) == 1.0 / 20.0


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_macroscopic_regime(dimensions: int) -> None:
    """CMP (2.20): hbar = M^(-1/d) = m_B, m_F = 1, N = M^(1+1/d), lambda = 1/N; lambda M = hbar follows."""
    problem = bose_fermi("bose-fermi-macro", dimensions)
    assert problem.hbar == pytest.approx(20.0 ** (-1.0 / dimensions), rel=1e-15)
    assert problem.species[0].mass == problem.hbar and problem.species[1].mass == 1.0
    assert problem.species[0].particles == pytest.approx(20.0 ** (1.0 + 1.0 / dimensions), rel=1e-14)
    assert problem.prefactors.coupling * 20.0 == pytest.approx(problem.hbar, rel=1e-14)
    assert f"# hbar = {problem.hbar!r}" in resolved_toml(problem)
    assert parse_problem(resolved_toml(problem)) == problem


def test_fractions_give_the_papers_mean_field() -> None:
    """MO (2.8): V_1 * |u|^2 + c_2 V_12 * |v|^2 in the first equation, c_1 for the second."""
    found = parse_problem(TWO.format(kind="fractions")).prefactors
    c1, c2 = found.weights
    assert (c1, c2) == (0.75, 0.25)
    assert found.kernel_factor(0, 0) * c1 == 1.0 and found.kernel_factor(0, 1) * c2 == c2
    assert found.kernel_factor(1, 1) * c2 == 1.0 and found.kernel_factor(1, 0) * c1 == c1


def test_geometric_mean_gives_the_papers_mean_field() -> None:
    """AHH (7) with R^2 = N_1/N_2: u_11 * |psi|^2 + (1/R) u_12 * |phi|^2, and R u_12 for the other."""
    found = parse_problem(TWO.format(kind="geometric-mean")).prefactors
    ratio, (nu1, nu2) = math.sqrt(3.0), found.weights
    assert found.kernel_factor(0, 0) * nu1 == 1.0 and found.kernel_factor(1, 1) * nu2 == 1.0
    # three roundings of exp and log of the mean
    assert found.kernel_factor(0, 1) * nu2 == pytest.approx(1.0 / ratio, rel=1e-14)
    assert found.kernel_factor(1, 0) * nu1 == pytest.approx(ratio, rel=1e-14)


@pytest.mark.parametrize(
    ("old", "new", "key", "sentence"),
    [
        ('name = "bosons"', 'name = "bosons"\nmass = 2.0', "species.bosons.mass", "is 0.5 in the scaling"),
        ('name = "bosons"', 'name = "bosons"\nparticles = 7', "species.bosons.particles", "is 20.0 in the scaling"),
        ("[grid]", '[units]\nlength = "1 um"\nmass = "1 u"\n[grid]', "scaling.kind", "leave [units] out"),
        ('kind = "fermions"\norbitals = 20', "", "scaling.kind", "there are none"),
        ("[scaling]", '[[species]]\nname = "more"\n[scaling]', "scaling.kind", "is for one condensate; here are 2"),
        ('"bose-fermi-micro"', '"fractions"', "species.fermions.kind", "weighs condensates"),
    ],
)
def test_what_a_scaling_contradicts(old: str, new: str, key: str, sentence: str) -> None:
    text = BOSE_FERMI.format(kind="bose-fermi-micro", points=[8, 8, 8], lengths=[4.0] * 3)
    assert text.count(old) == 1
    with pytest.raises(ProblemError) as caught:
        parse_problem(text.replace(old, new))
    assert any(c.key == key and sentence in c.message for c in caught.value.complaints), caught.value


def test_largest_step_counts_hbar() -> None:
    """The fastest mode turns at T/hbar = hbar k^2 / (2 m): with m_B = hbar it does not depend on M."""
    h = 0.5
    limit = math.pi / (0.5 * 3 * (math.pi / h) ** 2)  # one drift of Strang's a step
    for orbitals, expected in ((4, limit), (20, limit)):
        text = BOSE_FERMI.format(kind="bose-fermi-macro", points=[8, 8, 8], lengths=[4.0] * 3)
        text = text.replace("orbitals = 20", f"orbitals = {orbitals}")
        time = '[time]\nfinal = 10\nintegrator = "strang"\nstep = '
        assert parse_problem(text + time + repr(0.99 * expected))
        with pytest.raises(ProblemError, match="too large for this grid"):
            parse_problem(text + time + repr(1.01 * expected))
