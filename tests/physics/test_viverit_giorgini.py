"""Bosons and a spin-polarised Fermi gas beyond the mean field: limits in closed form, derivatives, a uniform gas."""

import math

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, harmonic, problem_text, require_below, species, system

from hpcmix.model.terms.functionals.viverit_giorgini import ViveritGiorginiTerm, excess, shape
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

FUNCTIONAL = [{"species": ["b", "f"], "kind": "viverit-giorgini"}]
POINTS = np.array([1e-6, 0.003, 0.2, 1.0, 7.0])


def without_sound(ratio):
    """f(delta) of Albus et al., delta = (m_b - m_f)/(m_b + m_f): e = g n_b n_f [1 + k_F a_bf f/pi]."""
    delta = (ratio - 1.0) / (ratio + 1.0)
    logarithm = math.log((1.0 + delta) / (1.0 - delta))
    return (
        1.0
        - (3.0 + delta) / (4.0 * delta)
        + 3.0 * (1.0 + delta) ** 2 * (1.0 - delta) / (8.0 * delta**2) * logarithm
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [0.3, 0.5, 87 / 40, 87 / 6])
def test_bosons_without_sound(ratio):
    """In these units f = 3 (1 + w) F(0, 1); the panels of the integral leave 1e-9."""
    assert 3.0 * (1.0 + ratio) * excess(ratio, 0.0) == pytest.approx(without_sound(ratio), rel=3e-9)


def test_equal_masses_without_sound():
    assert excess(1.0, 0.0) == pytest.approx(0.25, rel=3e-9)  # f = 3/2


def test_an_impurity_of_equal_mass():
    """That interacts as the bosons do with each other costs what one more of them does: mu of Lee, Huang and Yang,
    g n 32/(3 sqrt pi) (n a^3)^(1/2)."""
    a, density = 0.01, 0.4
    g = 4.0 * math.pi * a
    term = ViveritGiorginiTerm([0, 1], g**2 / (4.0 * math.pi**4), 4.0 * g, shape(1.0))
    _, by_fermions = term.derivatives([np.array([density]), np.array([0.0])])
    expected = g * density * 32.0 / (3.0 * math.sqrt(math.pi)) * math.sqrt(density * a**3)
    assert by_fermions[0] == pytest.approx(expected, rel=1e-9)  # the polynomial's last coefficients


@pytest.mark.parametrize("ratio", [0.5, 87 / 40, 87 / 6])
def test_the_polynomial_is_the_integral(ratio):
    for s in (0.0, 0.01, 0.1, 0.37, 0.8, 0.99):
        assert shape(ratio)(s) == pytest.approx((1.0 - s) * excess(ratio, s / (1.0 - s)), rel=1e-8)


def test_derivatives():
    """Of the energy and of its derivatives, at densities and ratios of many sizes, by central differences of eighth
    order in their logarithms."""
    term = ViveritGiorginiTerm([0, 1], 0.7, 1.3, shape(87 / 40))
    bosons, fermions = (values.ravel() for values in np.meshgrid(POINTS, POINTS))
    rule = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))
    h = 0.02

    def moved(species, s):
        factors = [math.exp(s) if species == each else 1.0 for each in (0, 1)]
        return [bosons * factors[0], fermions * factors[1]]

    def slope(function, species):
        change = sum(c / h * (function(moved(species, n * h)) - function(moved(species, -n * h))) for n, c in rule)
        return change / (bosons, fermions)[species]

    first, second = term.derivatives([bosons, fermions]), term.second_derivatives([bosons, fermions])
    for a in (0, 1):
        np.testing.assert_allclose(slope(term.energy_density, a), first[a], rtol=1e-11)  # rounding over h
        for b in (0, 1):
            measured = slope(lambda densities, a=a: term.derivatives(densities)[a], b)
            # the second derivative of a polynomial of degree 39 has rounding of its own, where it counts least
            np.testing.assert_allclose(measured, second[a][b], rtol=1e-7, err_msg=f"{a}, {b}")


def test_nothing_is_infinite_where_a_density_is_zero():
    term = ViveritGiorginiTerm([0, 1], 0.7, 1.3, shape(2.0))
    densities = [np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])]
    for value in (*term.derivatives(densities), *np.ravel(term.second_derivatives(densities))):
        assert np.all(np.isfinite(value))
    assert np.all(term.energy_density(densities) == 0.0)


def mixture(points=(12, 10, 9), functional=FUNCTIONAL, **changes):
    """A condensate and seven fermions, a full shell of plane waves."""
    both = [
        species("b", mass=2.0, particles=40.0, initial={"kind": "plane-waves", "numbers": 0}),
        {"name": "f", "kind": "fermions", "orbitals": 7, "mass": 1.0, "initial": {"kind": "plane-waves"}},
    ]
    interactions = [contact("b", "b", 0.2), contact("b", "f", 0.3)]
    return system(list(points), [5.0] * 3, both, interactions, functional=functional, **changes)


def test_a_uniform_gas():
    """The density of a full shell of plane waves is uniform: energies and chemical potential by the formula, which says
    the same of a phase that turns."""
    found = mixture(time=evolution(0.4, 0.1))
    volume = 125.0
    bosons, fermions = 40.0 / volume, 7.0 / volume
    record = found.record()
    b = (6.0 * math.pi**2 * fermions) ** (1.0 / 3.0)
    a = math.sqrt(4.0 * 2.0 * 0.2 * bosons)
    density = 2.0 * 0.3**2 / (4.0 * math.pi**4) * bosons * b**4 * excess(2.0, a / b)
    assert record["energy"]["functional"] == pytest.approx(volume * density, rel=1e-8)  # the polynomial
    start = found.field(0).copy()
    found.evolve()
    turned = np.angle(np.vdot(start, found.field(0)))
    h = 1e-4
    slope = sum(
        sign * (bosons + sign * h) * excess(2.0, math.sqrt(8.0 * 0.2 * (bosons + sign * h)) / b) for sign in (1, -1)
    ) / (2.0 * h)  # fmt: skip
    mu = 0.2 * bosons + 0.3 * fermions + 2.0 * 0.3**2 / (4.0 * math.pi**4) * b**4 * slope
    require_below(abs(turned + 0.4 * mu), 1e-9, "phase")  # the difference's h^2


def test_integrators_keep_their_order_and_energy():
    """A condensate that sloshes through a Fermi gas: the error falls by 2^4 when the step is halved."""
    trap = [harmonic([1.0, 1.1, 1.2])]
    both = [
        species("b", mass=2.0, particles=40.0, potential=trap, initial=gaussian(0.8, centre=[0.4, 0.0, 0.0])),
        {"name": "f", "kind": "fermions", "orbitals": 4, "mass": 1.0, "potential": trap,
         "initial": {"kind": "oscillator", "frequency": [1.0, 1.1, 1.2]}},
    ]  # fmt: skip
    interactions = [contact("b", "b", 0.2), contact("b", "f", 1.0)]

    def end(step):
        time = evolution(0.4, step, "blanes-moan-4")
        run = system([12] * 3, [9.0] * 3, both, interactions, functional=FUNCTIONAL, time=time)
        before = run.record()["energy"]
        assert before["functional"] > 1e-3 * abs(before["total"])  # it is seen
        run.evolve()
        require_below(abs(run.record()["energy"]["total"] / before["total"] - 1.0), 2e-5 * (step / 0.1) ** 4, "energy")
        return run.field(0)

    fine = end(0.0125)
    errors = [np.max(np.abs(end(step) - fine)) for step in (0.1, 0.05)]
    assert 3.7 < math.log2(errors[0] / errors[1]) < 4.6


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"functional": [{"species": ["b"], "kind": "viverit-giorgini"}]},
            "one condensate and one species of fermions",
        ),
        ({"interaction": [contact("b", "b", 0.2)]}, 'needs the contact interaction between = ["b", "f"]; add it'),
        ({"interaction": [contact("b", "f", 0.2)]}, 'needs the contact interaction between = ["b", "b"]; add it'),
        ({"interaction": [contact("b", "b", -0.2), contact("b", "f", 1.0)]}, "bosons that do not attract each other"),
        ({"points": [12, 12]}, "known in three dimensions"),
    ],
)
def test_what_is_wrong_is_said(change, sentence):
    entries = {
        "points": [12] * 3,
        "interaction": [contact("b", "b", 0.2), contact("b", "f", 0.3)],
        "functional": FUNCTIONAL,
    } | change
    both = [
        species("b", particles=40.0, initial={"kind": "plane-waves", "numbers": 0}),
        {"name": "f", "kind": "fermions", "orbitals": 1, "initial": {"kind": "plane-waves"}},
    ]
    points = entries.pop("points")
    text = problem_text(points, [5.0] * len(points), both, entries.pop("interaction"), **entries)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert sentence in str(caught.value)
