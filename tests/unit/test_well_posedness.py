"""Condition (SR): both sides, on both sides."""

import math

import pytest
from physics.systems import contact, coulomb, dipolar, problem_text, species, yukawa

from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
from hpcmix.problem.files.load import parse_problem

LIMIT = 4.0 / math.pi


def condition(everything, interactions, **sections):
    text = problem_text([8, 8, 8], [4.0, 4.0, 4.0], everything, interactions, **sections)
    return semirelativistic_condition(parse_problem(text))


def relativistic(name, particles, **entries):
    return species(name, kinetic="semirelativistic", particles=particles, **entries)


@pytest.mark.parametrize(("number", "holds"), [(1.27, True), (1.28, False)])
def test_one_species(number, holds):
    found = condition([relativistic("a", number)], [coulomb("a", "a", -1.0)])
    assert found.holds is holds
    assert found.margin == pytest.approx(LIMIT - number, rel=1e-12)
    assert f"= {number} {'<' if holds else '>='} 4/pi = 1.273" in found.sides()
    assert ("warning" in found.lines()[0]) is not holds


def test_two_species_with_both_numbers():
    """Just inside and just outside of lambda_12^2 < (4/pi - lambda_11)(4/pi - lambda_22)."""
    n, m = 2.0, 0.5
    own = 0.3 * n, 0.8 * m
    right = (LIMIT - own[0]) * (LIMIT - own[1])
    critical = math.sqrt(right / (n * m))
    for factor, holds in ((0.999, True), (1.001, False)):
        kernels = [yukawa("a", "a", -0.3, 1.0), coulomb("b", "b", -0.8), yukawa("a", "b", -critical * factor, 2.0)]
        found = condition([relativistic("a", n), relativistic("b", m)], kernels)
        assert found.holds is holds
        assert f"lambda_12^2 = {right * factor**2:.4g} {'<' if holds else '>='} " in found.sides()
        assert found.sides().endswith(f"= {right:.4g}")


def test_the_papers_scaling():
    """In AHH's own scaling lambda_ab are the coefficients as the paper writes them, whatever the numbers are."""
    found = condition(
        [relativistic("a", 300.0), relativistic("b", 100.0)],
        [coulomb("a", "a", -0.4), coulomb("b", "b", 0.7), coulomb("a", "b", -0.9)],
        scaling={"kind": "geometric-mean"},
    )
    assert found.couplings[0, 0] == pytest.approx(0.4) and found.couplings[1, 1] == 0.0  # repulsion is none
    assert found.couplings[0, 1] == pytest.approx(0.9)


def test_three_species_need_a_positive_matrix():
    """Every pair for itself satisfies the condition, the three together do not."""
    everything = [relativistic(name, 1.0) for name in "abc"]
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    weak = condition(everything, [coulomb(*pair, -0.63) for pair in pairs])
    strong = condition(everything, [coulomb(*pair, -0.64) for pair in pairs])  # 2 * 0.64 > 4/pi
    assert weak.holds and not strong.holds
    assert "largest eigenvalue of lambda = 1.28" in strong.sides()


def test_fermions_count_with_all_their_orbitals():
    fermions = relativistic("f", 4, kind="fermions", orbitals=4, initial={"kind": "plane-waves"})
    assert condition([fermions], [coulomb("f", "f", -0.25)]).couplings[0, 0] == pytest.approx(1.0)


def test_where_it_says_nothing():
    assert condition([species("a")], [coulomb("a", "a", -9.0)]) is None
    assert condition([relativistic("a", 1.0)], [coulomb("a", "a", 9.0)]) is None
    assert condition([relativistic("a", 1.0)], [contact("a", "a", 1.0)]) is None
    mixed = [coulomb("a", "b", -9.0), coulomb("b", "b", -9.0)]
    assert condition([relativistic("a", 1.0), species("b")], mixed) is None


def test_a_well_of_a_scattering_problem_may_attract_at_a_point():
    """Its scattering length may be negative; for a finite N the kernel is bounded."""

    def found(height, **entries):
        well = {"kind": "square-barrier", "height": height, "radius": 0.5}
        return condition(
            [relativistic("a", 1.0)], [{"between": ["a", "a"], "kind": "scattering", "potential": well, **entries}]
        )

    assert found(-1.0, limit=True).beyond == ("scattering",)
    assert found(1.0, limit=True) is None
    assert found(-1.0, particles=10.0, neumann_radius=1.0) is None


@pytest.mark.parametrize("interaction", [contact("a", "a", -0.1), dipolar("a", "a", 0.1, [0, 0, 1])])
def test_other_attractions_are_beyond_it(interaction):
    found = condition([relativistic("a", 1.0)], [interaction])
    assert not found.holds and "is beyond condition (SR)" in found.lines()[0]
