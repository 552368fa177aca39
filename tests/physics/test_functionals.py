"""Local functionals of the densities against closed forms: uniform gases, droplets, orders of the integrators."""

import math

import numpy as np
import pytest
from physics.systems import NOW, contact, evolution, harmonic, require_below, species, system
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from hpcmix.initial.descent.search import minimise_energy
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

DROPLET = [{"species": ["a"], "kind": "power", "strength": -2.0 / 3.0, "exponent": 1.5}]
"""With a contact coupling of one the droplet of one dimension, mu phi = -phi''/2 + |phi|^2 phi - |phi| phi (Petrov and
Astrakharchik, Phys. Rev. Lett. 117 (2016) 100401)."""


def droplet_particles(mu):
    """The integral of the density of the profile below, by Gauss-Legendre panels fine enough for all digits."""
    x, weight = np.polynomial.legendre.leggauss(400)
    length = 60.0
    return float(np.sum(weight * droplet_profile(mu, 0.5 * length * (x + 1.0)) ** 2) * length)


def droplet_profile(mu, x):
    """phi = -3 mu / [1 + sqrt(1 + 9 mu/2) cosh(sqrt(-2 mu) x)]."""
    return -3.0 * mu / (1.0 + math.sqrt(1.0 + 4.5 * mu) * np.cosh(math.sqrt(-2.0 * mu) * x))


@pytest.mark.parametrize(("mu", "particles"), [(-0.2, 1.1596842149), (-0.22, 2.6643138787)])
def test_droplet_in_one_dimension(mu, particles):
    """Its profile and chemical potential; the second variation of this functional grows without bound in the tails."""
    number = droplet_particles(mu)
    assert number == pytest.approx(particles, abs=2e-10)  # the published digits
    one = [species("a", particles=number, initial={"kind": "ground-state", "start": "gaussian"})]
    found = system([256], [80.0], one, [contact("a", "a", 1.0)], functional=DROPLET)
    # a droplet is where it likes: its own centre
    density = found.density()
    x = found.grid.axis(0)
    centre = float(np.sum(x * density) / np.sum(density))
    exact = droplet_profile(mu, x - centre) ** 2
    record = found.record()
    # the ground state's residual of 1e-10; the energy is quadratic in it
    require_below(abs(record["species"]["a"]["chemical_potential"] - mu), 1e-9, "chemical potential")
    require_below(float(np.max(np.abs(density - exact))), 1e-8, "profile")
    # the virial-like sum of the terms: mu N = E_kin + 2 E_contact + 3/2 E_functional
    energy = record["energy"]
    total = energy["kinetic"] + 2.0 * energy["interaction"] + 1.5 * energy["functional"]
    assert total == pytest.approx(mu * number, abs=1e-9)
    assert record["species"]["a"]["functional_energy"] == pytest.approx(energy["functional"], rel=1e-14)


def test_droplet_in_three_dimensions():
    """-lap/2 phi - 3 |phi|^2 phi + 5/2 |phi|^3 phi = mu phi, dimensionless as Petrov writes it (Phys. Rev. Lett. 115
    (2015) 155302): at mu = -0.2 it has N = 33.58751311 and E = -1.88660508."""
    one = [species("a", particles=33.58751311, initial={"kind": "gaussian", "width": 2.0})]
    repulsion = [{"species": ["a"], "kind": "power", "strength": 1.0, "exponent": 2.5}]
    found = system([48] * 3, [26.0] * 3, one, [contact("a", "a", -3.0)], functional=repulsion)
    # the gas that fills the box is a minimum too: the search begins near the droplet
    fields = [found.state.orbitals[0][0]]
    minimise_energy(found.mixture, fields, NOW, 1e-8, 200, saddles="ignore")  # the grid's hold on a free droplet
    record = found.record()
    # images: the density's tails are exp(-1.26 r), 1e-7 at the faces
    require_below(abs(record["energy"]["total"] + 1.88660508), 4e-6, "energy")
    require_below(abs(record["species"]["a"]["chemical_potential"] + 0.2), 1e-6, "chemical potential")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mu", "particles", "energy", "points", "length"),
    [(-0.1, 19.91939871, 0.31032891, 64, 36.0), (-0.3, 88.46611066, -16.28722292, 64, 26.0)],
)
def test_droplets_in_three_dimensions(mu, particles, energy, points, length):
    """Other sizes of the droplet above; the first is metastable, E > 0. The box lets tails fall to 1e-6."""
    one = [species("a", particles=particles, initial={"kind": "gaussian", "width": 2.0})]
    repulsion = [{"species": ["a"], "kind": "power", "strength": 1.0, "exponent": 2.5}]
    found = system([points] * 3, [length] * 3, one, [contact("a", "a", -3.0)], functional=repulsion)
    minimise_energy(found.mixture, [found.state.orbitals[0][0]], NOW, 1e-8, 400, saddles="ignore")
    record = found.record()
    require_below(abs(record["energy"]["total"] - energy), 2e-5, "energy")
    require_below(abs(record["species"]["a"]["chemical_potential"] - mu), 2e-5, "chemical potential")


def radial_droplet(mu, points=300, radius=70.0):
    """The same equation for u = r phi, sine waves up to a radius and Newton's method: r, phi, N, E. It finds droplets
    that are no minima too, N growing with mu."""
    r, k = np.arange(1, points) * radius / points, np.arange(1, points) * np.pi / radius
    waves = np.sin(np.outer(k, r))
    kinetic = 2.0 / points * waves.T @ (0.5 * k[:, np.newaxis] ** 2 * waves)
    phi = 0.8 / np.cosh(r / 1.5)
    for _ in range(20):
        defect = kinetic @ (r * phi) + r * (-3.0 * phi**3 + 2.5 * phi**4 - mu * phi)
        phi -= np.linalg.solve(kinetic + np.diag(-9.0 * phi**2 + 10.0 * phi**3 - mu), defect) / r
    cell = 4.0 * np.pi * radius / points
    energy = r * phi @ (kinetic @ (r * phi)) + np.sum(r**2 * (-1.5 * phi**4 + phi**5))
    return r, phi, cell * float(np.sum((r * phi) ** 2)), cell * float(energy)


def test_the_smallest_droplet_and_one_that_is_no_minimum():
    """None has fewer particles than 18.65006, at mu = -0.061277; at -0.05 there is one that is no minimum, with
    N = 18.80807666 and E = 0.41155279; E is zero at N = 22.55614 (numbers of the same equation by another program)."""
    smallest, more, fewer = (radial_droplet(-0.061277 + shift)[2] for shift in (0.0, 2e-3, -2e-3))
    assert smallest == pytest.approx(18.65006, abs=6e-6) and smallest < min(more, fewer)
    _, _, number, energy = radial_droplet(-0.05)
    assert (number, energy) == pytest.approx((18.80807666, 0.41155279), abs=6e-9)
    bound = brentq(lambda mu: radial_droplet(mu)[3], -0.15, -0.1, xtol=1e-12)
    assert radial_droplet(bound)[2] == pytest.approx(22.55614, abs=6e-6)


@pytest.mark.parametrize("mu", [-0.05, -0.061277])
def test_the_energy_of_a_droplet_that_no_search_finds(mu):
    """Its wave function on the grid, from the radial equation: particles, energy and chemical potential."""
    r, phi, number, energy = radial_droplet(mu)
    one = [species("a", particles=number, initial={"kind": "gaussian", "width": 2.0})]
    repulsion = [{"species": ["a"], "kind": "power", "strength": 1.0, "exponent": 2.5}]
    found = system([80] * 3, [56.0] * 3, one, [contact("a", "a", -3.0)], functional=repulsion)
    places = np.meshgrid(*(np.ravel(found.grid.axis(axis)) for axis in range(3)), indexing="ij")
    distance = np.sqrt(sum(place**2 for place in places))
    profile = CubicSpline(np.concatenate([-r[4::-1], r]), np.concatenate([phi[4::-1], phi]))
    found.state.orbitals[0][0][...] = profile(np.minimum(distance, r[-1])) / math.sqrt(number)
    record = found.record()
    # a cubic spline over a radial step of 0.23: 4e-6 of the norm, quadratically of what is stationary
    assert record["species"]["a"]["particles"] == pytest.approx(number, abs=1e-5)
    require_below(abs(record["energy"]["total"] - energy), 1e-6, "energy")
    require_below(abs(record["species"]["a"]["chemical_potential"] - mu), 1e-7, "chemical potential")


def test_surface_tension():
    """A slab of the droplet's liquid, n = 1 and mu = -1/2 at no pressure, costs two surfaces of 3 (1 + sqrt 3)/35 each:
    E + N/2, up to what is exponentially small in the slab's width."""
    number = 24.0
    one = [species("a", particles=number, initial={"kind": "ground-state", "start": "gaussian"})]
    liquid = [{"species": ["a"], "kind": "power", "strength": 1.0, "exponent": 2.5}]
    found = system([192], [60.0], one, [contact("a", "a", -3.0)], functional=liquid).record()
    # rounding of an energy of 12, and the ground state's residual squared
    require_below(abs(found["energy"]["total"] + 0.5 * number - 2.0 * 3.0 * (1.0 + math.sqrt(3.0)) / 35.0), 1e-9, "E")


def test_an_expression_is_what_it_says():
    """A sum of powers as one expression, against the powers: fields after a flow, and energies."""
    both = [
        species("a", particles=2.0, potential=harmonic([1.0]), initial={"kind": "gaussian", "width": 1.0}),
        species("b", particles=1.0, potential=harmonic([1.0]), initial={"kind": "gaussian", "width": 0.6}),
    ]
    powers = [
        {"species": ["a"], "kind": "power", "strength": 0.3, "exponent": 2.5},
        {"species": ["a", "b"], "kind": "power", "strength": 0.2, "exponent": 3.0},
    ]
    text = [{"species": ["a", "b"], "kind": "expression", "value": "0.3*a**2.5 + 0.2*(a + b)**3"}]
    time = evolution(0.5, 0.05)
    states = [system([48], [14.0], both, [], functional=entry, time=time).evolve() for entry in (powers, text)]
    np.testing.assert_allclose(states[0].field(0), states[1].field(0), atol=1e-12)  # rounding of ten steps
    np.testing.assert_allclose(states[0].field(1), states[1].field(1), atol=1e-12)
    assert states[0].record()["energy"]["functional"] == pytest.approx(
        states[1].record()["energy"]["functional"], rel=1e-12
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_uniform_gas(dimensions):
    """mu = g n + exponent c n^(exponent - 1) of the total density, on any number of axes; the phase turns by it."""
    volume, numbers, c, exponent = 4.0**dimensions, (3.0, 2.0), 0.7, 7.0 / 3.0
    waves = {"kind": "plane-waves", "numbers": 0}
    both = [species(name, particles=n, initial=waves) for name, n in zip("ab", numbers, strict=True)]
    functional = [{"species": ["a", "b"], "kind": "power", "strength": c, "exponent": exponent}]
    state = system(
        [8] * dimensions, [4.0] * dimensions, both, [contact("a", "b", 0.9)], functional=functional,
        time=evolution(0.5, 0.1),
    )  # fmt: skip
    density = sum(numbers) / volume
    expected = [0.9 * other / volume + exponent * c * density ** (exponent - 1.0) for other in reversed(numbers)]
    start = [state.field(a).copy() for a in (0, 1)]
    record = state.record()
    assert record["energy"]["functional"] == pytest.approx(volume * c * density**exponent, rel=1e-13)
    state.evolve()
    for a, mu in enumerate(expected):
        assert record["species"]["ab"[a]]["chemical_potential"] == pytest.approx(mu, rel=1e-13)
        np.testing.assert_allclose(state.field(a), start[a] * np.exp(-0.5j * mu), rtol=1e-12)


@pytest.mark.parametrize(("integrator", "order"), [("strang", 2), ("blanes-moan-4", 4), ("blanes-moan-rkn-6", 6)])
def test_integrators_keep_their_order(integrator, order):
    """A displaced cloud of two components in a trap, against a run with a quarter of the smallest step."""

    def final(step):
        both = [
            species("a", particles=2.0, potential=harmonic([1.0]), initial={"kind": "gaussian", "width": 1.0}),
            species("b", particles=1.0, potential=harmonic([1.0]),
                    initial={"kind": "gaussian", "width": 0.8, "centre": [0.7]}),
        ]  # fmt: skip
        functional = [{"species": ["a", "b"], "kind": "power", "strength": 0.4, "exponent": 3.0}]
        time = evolution(0.8, step, integrator=integrator)
        state = system([36], [16.0], both, [contact("a", "b", 0.5)], functional=functional, time=time).evolve()
        return np.array([state.field(a) for a in (0, 1)])

    steps = {2: [0.1, 0.05], 4: [0.04, 0.02], 6: [0.1, 0.05]}[order]
    exact = final(steps[-1] / 8)
    errors = [float(np.linalg.norm(final(step) - exact)) for step in steps]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35), errors


def test_expanding_frame_agrees_with_a_fixed_one():
    """A released cloud with three-body repulsion: energies and widths in the laboratory are the same in both frames."""

    def released(**grid):
        one = [species("a", particles=3.0, potential=[harmonic([1.0]) | {"until": 0.0}],
                       initial={"kind": "gaussian", "width": 1.0})]  # fmt: skip
        functional = [{"species": ["a"], "kind": "power", "strength": 0.3, "exponent": 3.0}]
        time = evolution(1.5, 0.005, integrator="blanes-moan-4")
        state = system([256], [40.0], one, [contact("a", "a", 0.4)], functional=functional, time=time, grid=grid)
        return state.evolve().record()

    fixed, moving = released(), released(frame={"kind": "expanding", "rate": 1.0})
    for name in ("total", "kinetic", "interaction", "functional"):
        assert moving["energy"][name] == pytest.approx(fixed["energy"][name], rel=1e-8), name
    assert moving["species"]["a"]["rms_width"] == pytest.approx(fixed["species"]["a"]["rms_width"], rel=1e-9)


MIXTURE = """
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "up"
initial = {{ kind = "gaussian", width = 1.0 }}
[[functional]]
{}
"""


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ('species = ["dwon"]\nkind = "power"\nexponent = 3\nstrength = 1.0', "there is no species"),
        ('species = ["up", "up"]\nkind = "power"\nexponent = 3\nstrength = 1.0', "names a species twice"),
        ('species = []\nkind = "power"\nexponent = 3\nstrength = 1.0', "list of species names"),
        ('species = ["up"]\nkind = "power"\nexponent = 1\nstrength = 1.0', "greater than 1"),
        ('species = ["up"]\nkind = "power"\nexponent = 11\nstrength = 1.0', "at most 10"),
        ('species = ["up"]\nkind = "power"\nexponent = 3', "strength"),
        ('species = ["up"]\nkind = "powre"\nexponent = 3\nstrength = 1.0', "powre"),
        ('species = ["up"]\nkind = "power"\nexponent = 3\nstrength = 1e58', "rounding leaves nothing"),
        ('species = ["up"]\nkind = "power"\nexponent = 3\nstrength = "1 J m^2"', "needs [units]"),
        ('species = ["up"]\nkind = "expression"\nvalue = "up*down"', "unknown name"),
        ('species = ["up"]\nkind = "expression"\nvalue = "sqrt(up)"', "no finite value or derivative"),
        ('species = ["up-1"]\nkind = "expression"\nvalue = "1"', "give species names of letters"),
        ('species = ["up"]\nkind = "expression"\nvalue = 3', "expression in quotes"),
    ],
)
def test_what_is_wrong_is_said(entry, sentence):
    with pytest.raises(ProblemError, match=sentence.replace("[", r"\[")):
        parse_problem(MIXTURE.format(entry))


@pytest.mark.parametrize(
    ("exponent", "unit"), [("3", "um^2"), ("2.5", "um^1.5"), ("2.5", "um^(3/2)"), ("2.37", "um^1.37")]
)
def test_strength_has_a_unit_whatever_the_exponent(exponent, unit):
    """c of c n^gamma on a line is an energy times length^(gamma - 1), and as a functional of its own it is the same
    number: 2 nK um^1.5 is twice nK um^1.5, not (2 nK um)^1.5."""
    file = '\n[units]\nlength = "3 um"\nmass = "87 u"\n' + MIXTURE.replace('name = "up"', 'name = "up"\nmass = "87 u"')
    power = file.format(f'species = ["up"]\nkind = "power"\nexponent = {exponent}\nstrength = "2 nK {unit}"')
    problem = parse_problem(power)
    in_code_units = 2.0 / problem.scales.energy_in_nanokelvin / 3.0 ** (float(exponent) - 1.0)
    assert problem.functional[0].strength == pytest.approx(in_code_units, rel=1e-12)  # roundings
    written = parse_problem(
        file.format(f'species = ["up"]\nkind = "expression"\nvalue = "2 nK {unit} * up^{exponent}"')
    )
    value = float(written.functional[0].value.evaluate(up=1.0))
    assert value == pytest.approx(in_code_units, rel=1e-12)


TWO_SPECIES = MIXTURE.replace(
    "[[functional]]", '[[species]]\nname = "down"\ninitial = {{ kind = "gaussian", width = 1.0 }}\n[[functional]]'
)


@pytest.mark.parametrize("second", ['"up"', '["up", "down"]', '["down", "up"]'])
def test_fluctuations_of_a_species_count_once(second):
    """The energy of two species has that of each alone in it: a second entry with one of them would count it twice."""
    entry = 'species = {}\nkind = "lee-huang-yang"\nstrength = 1.0'
    with pytest.raises(ProblemError) as caught:
        parse_problem(TWO_SPECIES.format(entry.format('"up"') + "\n[[functional]]\n" + entry.format(second)))
    (complaint,) = [item for item in caught.value.complaints if "twice" in item.message]
    assert complaint.key == "functional.1.species"
    powers = 'species = "up"\nkind = "power"\nexponent = 3\nstrength = 1.0'
    assert len(parse_problem(TWO_SPECIES.format(powers + "\n[[functional]]\n" + powers)).functional) == 2
