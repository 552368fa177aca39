"""Quantum fluctuations of one and two condensates against closed forms, published values, independent integrals."""

import math

import numpy as np
import pytest
from physics.systems import contact, dipolar, evolution, harmonic, problem_text, require_below, species, system

from hpcmix.model.terms.functionals.lee_huang_yang import dipolar_factor
from hpcmix.model.terms.functionals.of_entries import functional_of
from hpcmix.model.terms.functionals.profiles import profile_of
from hpcmix.model.terms.functionals.two_densities import TwoDensities
from hpcmix.model.terms.functionals.zero_point import slopes_of_two
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

UNIT = 8.0 / (15.0 * math.pi**2)
POTASSIUM, RUBIDIUM = 40.96182526, 86.909180531
WAVES = {"kind": "plane-waves", "numbers": 0}


def lee_huang_yang(*names, **keys):
    return {"species": list(names), "kind": "lee-huang-yang", **keys}


def of_two(own, cross, ratio, dimensions):
    """e by Euler; in two dimensions e(c G) = c^2 [e(G) + Q ln c], and Q is in the sum too."""
    by_first, by_second, by_mixing = slopes_of_two(own, cross, ratio, dimensions)
    total = own[0] * by_first + own[1] * by_second + 2.0 * cross * by_mixing
    if dimensions != 2:
        return total / (1.0 + 0.5 * dimensions)
    q = (own[0] ** 2 + ratio * own[1] ** 2 + 4.0 * ratio / (1.0 + ratio) * cross) / (8.0 * math.pi)
    return 0.5 * (total - q)


def f(z, u, x):
    """The function f(z, u, x) of Petrov."""
    return of_two((1.0, x), u * x, z, 3) / UNIT


def term_of(masses, interaction, dimensions=3, grid=None, **keys):
    """The term of a functional of as many species as there are masses, by the file."""
    names = "ab"[: len(masses)]
    every = [species(name, mass=mass, initial=WAVES) for name, mass in zip(names, masses, strict=True)]
    sections = {"functional": [lee_huang_yang(*names, **keys)], **({} if grid is None else {"grid": grid})}
    problem = parse_problem(problem_text([8] * dimensions, [4.0] * dimensions, every, interaction, **sections))
    return functional_of(problem.functional[0], problem)


def energy(term, *densities):
    return float(term.energy_density([np.array([density]) for density in densities])[0])


@pytest.mark.parametrize(
    ("z", "u", "x", "value"),
    [
        (1.0, 1.0, 1.0, 2.0**2.5),
        (RUBIDIUM / POTASSIUM, 1.0, 0.2, 1.91283990806),
        (RUBIDIUM / POTASSIUM, 1.0, 1.0, 10.1370865803),
        (RUBIDIUM / POTASSIUM, 1.0, 3.0, 75.9431362921),
        (2.5, 0.0, 0.7, 1.0 + 2.5**1.5 * 0.7**2.5),
    ],
)
def test_known_values(z, u, x, value):
    """The digits are those of an independent quadrature, twelve of them."""
    assert f(z, u, x) == pytest.approx(value, rel=5e-12)


@pytest.mark.parametrize("u", [0.3, 1.0, 1.4])
def test_names_of_the_species_do_not_matter(u):
    z, x = 2.5, 0.3
    assert f(z, u, x) == pytest.approx(z**1.5 * x**2.5 * f(1.0 / z, u, 1.0 / x), rel=1e-13)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("own", [(1.0, 0.7), (-0.5, 1.0), (0.2, -1.0), (-0.5, -0.7)])
@pytest.mark.parametrize("cross", [0.2, 0.7, 1.1])
def test_the_integral_meets_the_closed_form_of_equal_masses(own, cross, dimensions):
    """At a ratio of the masses that differs from one in the last digits, stable or not; e is smooth in it."""
    exact, integrated = (of_two(own, cross, ratio, dimensions) for ratio in (1.0, 1.0 + 4e-16))
    assert integrated == pytest.approx(exact, rel=1e-13, abs=1e-14)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_integral_of_a_plain_rule(dimensions):
    """Simpson's rule on the definition, cut off where rounding begins: seven digits."""
    (first, second), cross, z = (1.0, 0.6), 0.9, 2.2
    t = np.linspace(-12.0, 7.0, 20001)
    k = np.exp(t)
    one, two = 0.5 * k**2, 0.5 * k**2 / z
    squares = one**2 + 2 * first * one, two**2 + 2 * second * two
    root = np.sqrt(0.25 * (squares[0] - squares[1]) ** 2 + 4 * cross * one * two)
    branches = [np.sqrt(np.maximum(0.5 * sum(squares) + sign * root, 0.0)) for sign in (1, -1)]
    counter = first**2 / (2 * one) + second**2 / (2 * two) + 2 * cross / (one + two)
    counter = {1: 0.0 * k, 2: counter * k**2 / (1.0 + k**2), 3: counter}[dimensions]
    measure = {1: 1.0 / math.pi, 2: k / (2 * math.pi), 3: k**2 / (2 * math.pi**2)}[dimensions]
    values = 0.5 * measure * k * (sum(branches) - one - two - first - second + counter)
    rule = np.full(t.size, 2.0)
    rule[1::2], rule[0], rule[-1] = 4.0, 1.0, 1.0
    plain = float(np.sum(rule * values) * (t[1] - t[0]) / 3.0)
    tail = {1: 3e-3, 2: 1e-5, 3: 5e-3}[dimensions]  # what lies beyond exp(7): exp(-7), exp(-14) in two
    assert of_two((first, second), cross, z, dimensions) == pytest.approx(plain, abs=tail)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("masses", "g"), [((1.0, 1.0), -0.8), ((1.0, 2.3), -0.8), ((1.3, 0.4), -1.6)])
def test_the_profile_is_the_energy(masses, g, dimensions):
    """The tables against the integral itself at densities that are no nodes, down to empty components; the derivatives
    against differences of the energy."""
    extra = {"cutoff": 3.0} if dimensions == 2 else {}
    term = term_of(
        masses, [contact("a", "a", 1.2), contact("b", "b", 0.7), contact("a", "b", g)], dimensions,
        imaginary="drop", **extra,
    )  # fmt: skip
    scale = (3.0**2 / masses[0]) if dimensions == 2 else 1.0
    unit = masses[0] ** (0.5 * dimensions) * scale ** (1.0 + 0.5 * dimensions)
    for densities in ((1.0, 0.37), (0.02, 3.0), (2.0, 1e-5), (1e-9, 1.0), (0.0, 1.0), (1.0, 0.0)):
        own = 1.2 * densities[0], 0.7 * densities[1]
        share = g**2 / (1.2 * 0.7)
        exact = unit * of_two(
            (own[0] / scale, own[1] / scale), share * own[0] * own[1] / scale**2, masses[1] / masses[0], dimensions
        )
        # the polynomials leave 1e-13 of themselves; terms like b^4 ln b of the plane are no polynomials
        assert energy(term, *densities) == pytest.approx(exact, rel=1e-9 if dimensions == 2 else 1e-12, abs=1e-13)
    point = [np.array([0.8]), np.array([0.3])]
    for a in (0, 1):
        h = 1e-3

        def moved(n, a=a, h=h):
            return [value + n * h * (b == a) for b, value in enumerate(point)]

        for order, of in enumerate((lambda x: [term.energy_density(x)], term.derivatives)):
            values = {n: np.array(of(moved(n))) for n in (-2, -1, 1, 2)}
            slope = (8.0 * (values[1] - values[-1]) - values[2] + values[-2]) / (12.0 * h)
            exact = [term.derivatives(point)[a]] if order == 0 else term.second_derivatives(point)[a]
            # differences of fourth order over 1e-3 of densities of order one
            np.testing.assert_allclose(slope, np.array(exact), rtol=2e-9, atol=1e-11)


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("masses", [(1.0, 1.0), (1.0, 2.1), (41.0, 87.0), (87.0, 7.0)])
def test_one_polynomial_holds_all_ratios_of_the_densities(masses, dimensions):
    """Potentials against the integrals at ratios over twelve decades, up to the edge of stability and across it: no
    table is looked up."""
    own, n = (1.2, 0.7), np.logspace(-6.0, 6.0, 25)
    x, y = 1.0 / (1.0 + n), n / (1.0 + n)
    for g in (-0.3, -0.83, -math.sqrt(0.84), -0.94):
        pairs = [contact("a", "a", own[0]), contact("b", "b", own[1]), contact("a", "b", g)]
        term = term_of(masses, pairs, dimensions, imaginary="drop")
        (function,) = term.point_functions(2, dimensions)
        assert function.table.shape[1] == 1
        by_first, by_second, by_mixing = slopes_of_two(
            (own[0] * x, own[1] * y), g**2 * x * y, masses[1] / masses[0], dimensions
        )
        unit = masses[0] ** (0.5 * dimensions)
        exact = unit * np.array([own[0] * by_first + g**2 * y * by_mixing, own[1] * by_second + g**2 * x * by_mixing])
        # what is left out of the polynomials is 1e-13 of their largest coefficient
        np.testing.assert_allclose(term.derivatives([x, y]), exact, rtol=1e-12)
        total = (exact[0] * x + exact[1] * y) / (1.0 + 0.5 * dimensions)
        np.testing.assert_allclose(term.energy_density([x, y]), total, rtol=1e-12)


@pytest.mark.parametrize("own", [0.1, 0.03, 1e-3, 0.0, -0.03])
@pytest.mark.parametrize(("dimensions", "degree", "error"), [(1, 1.5, 1e-6), (3, 2.5, 1e-8)])
def test_the_profile_where_a_coupling_passes_zero(own, dimensions, degree, error):
    """Energy and potentials of equal masses against the closed form. At G_1 = 0 it has the root (G_1 G_2)^((d + 2)/4)
    of the densities, which one polynomial for all ratios held to 6e-3, its derivative to 0.4 in one dimension. Of
    pieces of degree five the one beside that with the root is the worst: 4e-7 in one dimension, 5e-9 in three."""

    def closed(x, y):
        return of_two((own * x, y), 0.9 * x * y, 1.0, dimensions)

    def closed_slopes(x, y):
        by_first, by_second, by_mixing = slopes_of_two((own * x, y), 0.9 * x * y, 1.0, dimensions)
        return own * by_first + 0.9 * y * by_mixing, by_second + 0.9 * x * by_mixing

    term = TwoDensities([0, 1], [1.0, 1.0], 1.0, profile_of(closed_slopes, degree, np.zeros((2, 2))))
    s = np.array([0.02, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98])
    x, y = (1.0 - s) ** 2, s**2
    expected = closed(x, y)
    require_below(np.max(np.abs(term.energy_density([x, y]) - expected)) / np.max(np.abs(expected)), 2e-8, "energy")
    h = 1e-3
    slopes = [
        (8.0 * (e(1.0 + h) - e(1.0 - h)) - e(1.0 + 2.0 * h) + e(1.0 - 2.0 * h)) / (12.0 * h * density)
        for density, e in ((x, lambda c: closed(c * x, y)), (y, lambda c: closed(x, c * y)))
    ]
    for found, slope in zip(term.derivatives([x, y]), slopes, strict=True):
        require_below(np.max(np.abs(found - slope)) / np.max(np.abs(slopes)), error, "potential")


@pytest.mark.parametrize("dimensions", [1, 3])
def test_nothing_is_infinite_where_a_density_is_zero(dimensions):
    pairs = [contact("a", "a", 1.2), contact("b", "b", 0.7), contact("a", "b", -0.8)]
    term = term_of((1.0, 2.0), pairs, dimensions)
    grid = [np.array([0.0, 1.0, 0.0, 1e-300]), np.array([0.0, 0.0, 2.0, 1e-300])]
    assert np.all(np.isfinite(term.derivatives(grid))) and np.all(np.isfinite(term.second_derivatives(grid)))
    assert term.derivatives(grid)[0][0] == 0.0 and term.derivatives(grid)[0][2] != 0.0


def test_one_species_has_the_chemical_potential_of_lee_huang_and_yang():
    """mu = g n [1 + 32/(3 sqrt(pi)) sqrt(n a^3)], by records of a uniform gas; in one and two dimensions as stated."""
    length, number, a = 4.0, 30.0, 0.02
    n, g = number / length**3, 4.0 * math.pi * a
    one = [species("a", particles=number, initial=WAVES)]
    pair = [{"between": ["a", "a"], "kind": "contact", "scattering_length": a}]
    found = system([8] * 3, [length] * 3, one, pair, functional=[lee_huang_yang("a")]).record()
    expected = g * n * (1.0 + 32.0 / (3.0 * math.sqrt(math.pi)) * math.sqrt(n * a**3))
    assert found["species"]["a"]["chemical_potential"] == pytest.approx(expected, rel=1e-13)
    n = number / length
    line = system([8], [length], one, [contact("a", "a", 0.3)], functional=[lee_huang_yang("a")]).record()
    assert line["species"]["a"]["chemical_potential"] == pytest.approx(
        0.3 * n - 0.3**1.5 * math.sqrt(n) / math.pi, rel=1e-13
    )
    n = number / length**2
    flat = [lee_huang_yang("a", cutoff=2.0)]
    plane = system([8] * 2, [length] * 2, one, [contact("a", "a", 0.3)], functional=flat).record()
    expected = 0.3 * n + 0.3**2 * n / (4.0 * math.pi) * (math.log(0.3 * n / 4.0) + 1.0)
    assert plane["species"]["a"]["chemical_potential"] == pytest.approx(expected, rel=1e-12)


def test_dipoles():
    """Q5(0) = 1, Q5(1) = 3^(5/2)/6, 1 + 3 r^2/2 for small r; e with the file's dipoles; real part beyond one."""
    assert dipolar_factor(0.0) == pytest.approx(1.0, rel=1e-14)
    assert dipolar_factor(1.0) == pytest.approx(3.0**2.5 / 6.0, rel=1e-14)
    assert dipolar_factor(1e-3) == pytest.approx(1.0 + 1.5e-6, abs=2e-9)  # terms of r^3
    y = (np.arange(200000) + 0.5) / 200000  # the middle rule has an error of 1e-11, of a root of order 5/2 too
    for ratio in (-0.4, 0.7, 1.4, 3.0):
        plain = float(np.mean(np.maximum(1.0 - ratio + 3.0 * ratio * y**2, 0.0) ** 2.5))
        assert dipolar_factor(ratio) == pytest.approx(plain, rel=1e-9)
    g, strength = 0.9, 0.1
    pairs = [contact("a", "a", g), dipolar("a", "a", strength, [0, 1, 0], boundary="periodic")]
    ratio = 4.0 * math.pi * strength / (3.0 * g)
    assert energy(term_of((1.3,), pairs), 0.7) == pytest.approx(
        UNIT * 1.3**1.5 * (g * 0.7) ** 2.5 * dipolar_factor(ratio), rel=1e-13
    )


def test_two_species_with_dipoles():
    """Species that do not see each other are two with dipoles; equal ones one with the density of both."""
    alone = [contact("a", "a", 0.9), dipolar("a", "a", 0.3, [0, 0, 1], boundary="periodic")]
    pairs = [*alone, contact("b", "b", 0.7), contact("a", "b", 0.0)]
    free = term_of((1.0, 2.0), pairs, imaginary="drop")
    one = term_of((1.0,), alone, imaginary="drop")
    expected = energy(one, 0.8) + UNIT * 2.0**1.5 * (0.7 * 0.5) ** 2.5
    assert energy(free, 0.8, 0.5) == pytest.approx(expected, rel=1e-12)
    same = [
        entry
        for first, second in (("a", "a"), ("a", "b"), ("b", "b"))
        for entry in (contact(first, second, 0.9), dipolar(first, second, 0.3, [0, 0, 1], boundary="periodic"))
    ]
    assert energy(term_of((1.0, 1.0), same, imaginary="drop"), 0.3, 0.5) == pytest.approx(energy(one, 0.8), rel=1e-12)


def test_a_coefficient_of_ones_own():
    """It stands for that of the first species alone; ratios are still the couplings'."""
    pairs = [contact("a", "a", 1.2), contact("b", "b", 0.7), contact("a", "b", -1.0)]
    given, computed = (term_of((1.0, 2.0), pairs, imaginary="drop", **keys) for keys in ({"strength": 0.25}, {}))
    assert energy(given, 1.0, 0.0) == pytest.approx(0.25, rel=1e-13)
    assert energy(given, 0.4, 0.9) / energy(computed, 0.4, 0.9) == pytest.approx(
        0.25 / energy(computed, 1.0, 0.0), rel=2e-11
    )
    assert energy(term_of((1.0,), [], strength=0.25), 2.0) == pytest.approx(0.25 * 2.0**2.5, rel=1e-14)
    flat = term_of((1.0,), [], 2, strength=0.5, density=3.0)
    assert energy(flat, 3.0) == pytest.approx(-0.5 * 9.0, rel=1e-14)
    assert float(flat.derivatives([np.array([3.0])])[0][0]) == pytest.approx(-1.5, rel=1e-14)  # e/n, at its lowest


def test_marginal_is_the_edge_of_stability():
    pairs = [contact("a", "a", 1.2), contact("b", "b", 0.7), contact("a", "b", -1.0)]
    edge = [*pairs[:2], contact("a", "b", -math.sqrt(1.2 * 0.7) * (1.0 - 1e-15))]
    there = energy(term_of((1.0, 2.0), pairs, imaginary="marginal"), 0.4, 0.9)
    assert there == pytest.approx(energy(term_of((1.0, 2.0), edge), 0.4, 0.9), rel=1e-12)
    assert there != pytest.approx(energy(term_of((1.0, 2.0), pairs, imaginary="drop"), 0.4, 0.9), rel=1e-3)


@pytest.mark.parametrize("axes", [1, 2])
def test_across_a_tight_trap(axes):
    """Of two species of one mass (but for the last digits) three dimensions times the integral of the ground state's
    density to the power 5/2, as of one."""
    dimensions, frequency = 3 - axes, 40.0
    length = 1.0 / math.sqrt(frequency)
    grid = {"transverse": {"frequency": frequency, "axes": axes}}
    own = {"between": ["a", "a"], "kind": "contact", "scattering_length": 0.1}
    pairs = [own, own | {"between": ["b", "b"]}, own | {"between": ["a", "b"]}]
    g = 4.0 * math.pi * 0.1
    whole = UNIT * (g * 0.8) ** 2.5 * (math.sqrt(math.pi) * length) ** (-1.5 * axes) * 0.4 ** (0.5 * axes)
    assert energy(term_of((1.0,), [own], dimensions, grid), 0.8) == pytest.approx(whole, rel=1e-13)
    two = term_of((1.0, 1.0), pairs, dimensions, grid, imaginary="marginal")
    assert energy(two, 0.5, 0.3) == pytest.approx(whole, rel=1e-11)


FILE = """
[grid]
points = {points}
lengths = {lengths}
[[species]]
name = "a"
{first}
[[species]]
name = "b"
initial = {{ kind = "gaussian", width = 1.0 }}
{rest}
"""
STRONG = 'kind = "contact"\nstrength = 2.0\n'
OWN = "".join(f'[[interaction]]\nbetween = ["{name}", "{name}"]\nkind = "contact"\nstrength = 1.0\n' for name in "ab")
BOTH = f'{OWN}[[interaction]]\nbetween = ["a", "b"]\n{STRONG}'
ENTRY = '[[functional]]\nkind = "lee-huang-yang"\nspecies = {}\n'
FERMIONS = 'kind = "fermions"\norbitals = 2\ninitial = { kind = "plane-waves" }'
DIPOLES = '[[interaction]]\nbetween = ["{0}", "{0}"]\nkind = "dipolar"\nstrength = 0.1\ndirection = {1}\n'


@pytest.mark.parametrize(
    ("dimensions", "first", "rest", "line", "key", "sentence"),
    [
        (3, "", ENTRY.format('["a"]'), 13, "species", "needs the contact interaction between"),
        (3, "", BOTH + ENTRY.format('["a", "b"]'), 23, "imaginary", "an imaginary branch: say what becomes of it"),
        (3, "", BOTH + ENTRY.format('["a", "c"]'), 25, "species.1", "there is no species"),
        (3, FERMIONS, OWN + ENTRY.format('["a"]'), 23, "species.0", "are fermions"),
        (2, "", OWN + ENTRY.format('["a"]'), 19, "", "needs a cutoff in two dimensions"),
        (2, "", OWN + ENTRY.format('["a"]') + "strength = 1.0\n", 22, "strength", "goes with density"),
        (1, "", OWN + ENTRY.format('["a"]') + "cutoff = 1.0\n", 22, "cutoff", "two dimensions; leave it out"),
        (3, "", OWN.replace("1.0", "-1.0") + ENTRY.format('["a"]'), 21, "species", "needs a repulsive contact"),
        (3, "", OWN + ENTRY.format('["a"]') + 'strength = "1 J m^2"\n', 22, "strength", "needs [units]"),
        (3, "", OWN + ENTRY.format('["a"]') + 'imaginary = "marginal"\n', 22, "imaginary", "of two species"),
        (3, "", BOTH + DIPOLES.format("a", [0, 0, 1]) + DIPOLES.format("b", [0, 1, 0]) + ENTRY.format('["a", "b"]'),
         35, "species", "all point the same way"),
        (3, "", OWN.replace("1.0", "0.1") + DIPOLES.format("a", [0, 0, 1]) + ENTRY.format('["a"]'), 24, "imaginary",
         "its dipoles attract more"),
        (3, "", '[scaling]\nkind = "fractions"\n' + OWN + ENTRY.format('["a"]'), 21, "strength", "beside [scaling]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(dimensions, first, rest, line, key, sentence):
    first = first or 'initial = { kind = "gaussian", width = 1.0 }'
    text = FILE.format(points=[8] * dimensions, lengths=[8.0] * dimensions, first=first, rest=rest)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    complaints = [item for item in caught.value.complaints if sentence in item.message]
    assert len(complaints) == 1, caught.value
    assert complaints[0].key == ".".join(filter(None, ("functional.0", key)))
    assert complaints[0].line == line


def test_droplets_of_one_dimension_by_their_couplings():
    """Two components that attract each other almost as much as they repel themselves are the droplet of one field:
    mu phi = -phi''/2 + dg/2... of Petrov and Astrakharchik, in their units at g = 1, dg = g_12 + g = 2 h."""
    # n_1 = n_2 = n: e = h n^2 - 2/(3 pi) (2 n)^(3/2) with u = 1: the profile of test_functionals, scaled
    h = 0.1
    pairs = [contact("a", "a", 1.0), contact("b", "b", 1.0), contact("a", "b", -1.0 + h)]
    # mu(n) = h n - 2^(1/2)/pi sqrt(n) = (n - sqrt(n/n_0) n_0 ...)/...: with n = n_0 x, n_0 = 2/(pi h)^2
    n_0 = 2.0 / (math.pi * h) ** 2
    energy_unit = h * n_0
    length_unit = 1.0 / math.sqrt(energy_unit)
    number, mu = 2.6643138787, -0.22
    particles = number * n_0 * length_unit
    both = [species(name, particles=particles, initial={"kind": "ground-state", "start": "gaussian"}) for name in "ab"]
    functional = [lee_huang_yang("a", "b", imaginary="marginal")]
    found = system([96], [40.0 * length_unit], both, pairs, functional=functional).record()
    for name in "ab":
        # the ground state's residual
        require_below(abs(found["species"][name]["chemical_potential"] / energy_unit - mu), 1e-8, "chemical potential")


@pytest.mark.parametrize(("integrator", "order"), [("strang", 2), ("blanes-moan-4", 4), ("blanes-moan-rkn-6", 6)])
def test_integrators_keep_their_order(integrator, order):
    """A displaced mixture of unequal masses in a trap, where both components have tails, against short steps."""

    def final(step):
        trap = [harmonic([1.0])]
        both = [
            species("a", particles=4.0, potential=trap, initial={"kind": "gaussian", "width": 1.0}),
            species("b", mass=2.0, particles=2.0, potential=trap,
                    initial={"kind": "gaussian", "width": 0.8, "centre": [0.7]}),
        ]  # fmt: skip
        pairs = [contact("a", "a", 0.4), contact("b", "b", 0.3), contact("a", "b", -0.3)]
        time = evolution(0.8, step, integrator=integrator)
        state = system(
            [36], [16.0], both, pairs, time=time, functional=[lee_huang_yang("a", "b", strength=-0.2)]
        ).evolve()
        return np.array([state.field(a) for a in (0, 1)])

    steps = {2: [0.1, 0.05], 4: [0.04, 0.02], 6: [0.05, 0.04]}[order]
    exact = final(steps[-1] / 8)
    errors = [float(np.linalg.norm(final(step) - exact)) for step in steps]
    assert math.log(errors[0] / errors[1]) / math.log(steps[0] / steps[1]) == pytest.approx(order, abs=0.4), errors


def test_couplings_that_change_take_their_fluctuations_along():
    """A uniform mixture while g_12 is ramped further into the unstable region: phases turn by the integral of the
    chemical potentials at the couplings of every time, and the energy at the end against that of the last couplings.
    """
    n, masses, final = (0.5, 0.8), (1.0, 2.0), 0.5
    both = [species(name, mass=m, particles=4.0 * x, initial=WAVES) for name, m, x in zip("ab", masses, n, strict=True)]
    fixed = [contact("a", "a", 1.0), contact("b", "b", 1.2)]

    def statics(g):
        pairs = [*fixed, contact("a", "b", g)]
        return system([6], [4.0], both, pairs, functional=[lee_huang_yang("a", "b", imaginary="drop")]).record()

    ramped = [*fixed, contact("a", "b", -1.0) | {"factor": "1.2 + t"}]
    functional = [lee_huang_yang("a", "b", imaginary="drop")]
    state = system([6], [4.0], both, ramped, functional=functional, time=evolution(final, 0.05))
    start = [state.field(a).copy() for a in (0, 1)]
    end = state.evolve().record()
    exact = [statics(-1.2 - t) for t in (0.0, 0.25, 0.5)]
    assert end["energy"]["functional"] == pytest.approx(exact[-1]["energy"]["functional"], rel=1e-12)
    for a, name in enumerate("ab"):
        mu = [record["species"][name]["chemical_potential"] for record in exact]
        phase = final / 6.0 * (mu[0] + 4.0 * mu[1] + mu[2])
        # Simpson's rule of two panels for functions like g^(5/2)
        np.testing.assert_allclose(state.field(a), start[a] * np.exp(-1j * phase), rtol=5e-5)
