"""[parameters], and units in expressions: values, dimensions, and sentences for what contradicts itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import constants

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.parameters import misnamed
from hpcmix.problem.units.dimensions import ENERGY, LENGTH, MASS, TIME
from hpcmix.problem.units.expressions import ExpressionError
from hpcmix.problem.units.named import Scope, read
from hpcmix.problem.units.units import Constant, units_from_text
from hpcmix.problem.words.show import resolved_dict, resolved_toml

ATOM = 86.909
MASS_SI = ATOM * constants.atomic_mass
"""Kilograms per code unit."""
ENERGY_SI = constants.hbar**2 / (MASS_SI * 1e-12)
"""Joules per code unit, with a unit of length of 1 um."""
TIME_SI = constants.hbar / ENERGY_SI

UNITS = units_from_text("1 um", f"{ATOM} u")
SCOPE = Scope(
    {"x": LENGTH, "z": LENGTH, "t": TIME},
    {
        "mass": Constant(2.0, MASS),
        "f": UNITS.constant("50 Hz"),
        "width": UNITS.constant("3 um"),
        "depth": Constant(-1.5),
    },
    UNITS,
)

TEXT = f"""
[units]
length = "1 um"
mass = "{ATOM} u"
[parameters]
a = "95 a0"
omega = "2 pi 50 Hz"
side = "2*width"     # defined further down
width = "8 um"
N = 50_000
n = 16
[grid]
points = ["n", "n", "2*n"]
lengths = ["side", "side", "2 * side"]
[[species]]
name = "up"
mass = "{ATOM} u"
particles = "N/2"
potential = [
    {{ kind = "harmonic", frequency = ["omega", "1.4*omega", "50 Hz"] }},
    {{ kind = "expression", value = "9.81 m/s^2 * mass * z" }},
]
[[interaction]]
between = ["up", "up"]
kind = "contact"
scattering_length = "a"
"""


def value(text: str, **variables: float) -> float:
    return float(read(text, SCOPE).expression.evaluate(**variables))


# CODATA of scipy and of pint agree to nine digits and better
def close(expected: float) -> object:
    return pytest.approx(expected, rel=1e-8)


def test_gravity_in_one_line() -> None:
    expected = 9.81 * (2.0 * MASS_SI) * 1.5e-6 / ENERGY_SI
    assert value("9.81 m/s^2 * mass * z", z=1.5) == close(expected)
    assert value("9.81 m s^-2*mass*z", z=1.5) == close(expected)
    assert value("9.81 m/s²*mass*z", z=1.5) == close(expected)


def test_magnetic_gradient_in_one_line() -> None:
    moment = 0.5 * constants.physical_constants["Bohr magneton"][0]
    assert value("0.5 mu_B * 12 G/cm * z", z=1.5) == close(moment * 12e-4 / 1e-2 * 1.5e-6 / ENERGY_SI)
    assert value("0.5 mu_B * 0.12 T/m * z", z=1.5) == close(moment * 0.12 * 1.5e-6 / ENERGY_SI)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 nK", constants.k * 1e-7 / ENERGY_SI),
        ("2 kHz", constants.h * 2e3 / ENERGY_SI),
        ("1 hbar * 2 pi 2 kHz", constants.h * 2e3 / ENERGY_SI),
        ("1 planck_constant * 2 kHz", 2.0 * math.pi * constants.h * 2e3 / ENERGY_SI),  # hertz are 2 pi / s each
        ("1 nK + 2 kHz", (constants.k * 1e-9 + constants.h * 2e3) / ENERGY_SI),
        ("0.5*mass*(50 Hz)^2*x**2", (2.0 * math.pi * 50.0 * TIME_SI) ** 2 * 0.25),
        ("0.5*mass*f^2*x^2", (2.0 * math.pi * 50.0 * TIME_SI) ** 2 * 0.25),
        ("1 nK*exp(-x^2/(2*width^2))", constants.k * 1e-9 / ENERGY_SI * math.exp(-0.25 / 18.0)),
        ("1 nK*cos(f*t)", constants.k * 1e-9 / ENERGY_SI * math.cos(2.0 * math.pi * 50.0 * TIME_SI * 0.75)),
        ("1 nK*(x < 2 um)", constants.k * 1e-9 / ENERGY_SI),
        ("1 nK*where(x > 1 um, 0, 1)", constants.k * 1e-9 / ENERGY_SI),
        ("sqrt((1 nK)^2)", constants.k * 1e-9 / ENERGY_SI),
        ("1 nK * sin(2 pi x/width)".replace("pi x", "pi * x"), constants.k * 1e-9 / ENERGY_SI * math.sin(math.pi / 3)),
    ],
)
def test_quantities_become_code_units(text: str, expected: float) -> None:
    written = read(text, SCOPE)
    written.must_be(ENERGY, text)
    values = {name: {"x": 0.5, "t": 0.75}[name] for name in written.expression.variables_used}
    assert float(written.expression.evaluate(**values)) == close(expected)


def test_without_units_nothing_is_judged_and_nothing_changes() -> None:
    for text in ("0.5*x**2 - x", "exp(-x)*t + 3"):
        written = read(text, SCOPE)
        assert written.measure is None and written.expression.text == text
    assert read("depth*x^2", SCOPE).expression.text == "(-1.5)*x**2"
    assert value("(2 um)**(2*depth)") == close(0.125)
    assert value("depth**2", x=0.0) == 2.25, "a negative parameter stands in brackets"
    assert read("0.5*mass*x**2", SCOPE).measure is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9.81 m/s^2 * z", "must be an energy, but"),
        ("9.81 m/s^2 * z", "is the factor mass missing?"),
        ("1 nK + x", "column 1: an energy and a length cannot be added"),
        ("1 nK*exp(-x)", "column 6: exp takes a pure number, but this is a length"),
        ("1 nK*(x > 1 s)", "column 7: a length and a time cannot be compared"),
        ("1 nK*2**x", "column 9: an exponent is a pure number, but this is a length"),
        ("1 nK*x**(x/width)", "column 6: a power of a length needs a number as its exponent"),
        ("1 nK*cos(2*pi*f*t)", "column 10: a frequency in hertz is an angular frequency here"),
        ("1 nK*cos(2*pi*50 Hz*t)", "leave the factor pi out"),
        ("1 nK*max(x, t)", "a length and a time cannot be compared"),
        ("3 kHz x", 'column 7: a product needs its *, before "x"'),
        ("3*kHz", 'column 3: a unit stands behind its number, as in "1 kHz"'),
        ("1 nK*2 um^q", 'column 10: say in brackets what the power is of: "(2 um)^n"'),
        ("1 nK*2 um^2^2", 'say in brackets what the power is of: "(2 um^2)^n"'),
        ("3 kHs", 'column 1: unknown unit "kHs"; did you mean "kHz"?'),
        ("3/widht", 'unknown unit "widht"; did you mean "width"?'),
        ("1 nK + wdth", 'unknown name "wdth"; did you mean "width"?'),
        ("1 A*x", "must be an energy, but"),
        ("1 cd*x", "which no quantity here has"),
    ],
)
def test_what_contradicts_itself(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        read(text, SCOPE).must_be(ENERGY, text)
    assert sentence in str(caught.value)


def test_periods_of_hertz_may_be_divided_by_pi() -> None:
    """What is refused is a factor 2 pi that is there already, not pi beside a frequency."""
    assert value("1 nK*cos(pi*t/(3 s))", t=0.0) == value("1 nK")
    assert value("f/(2*pi)") == close(50.0 * TIME_SI)


def test_units_need_units() -> None:
    with pytest.raises(ExpressionError, match=r'column 3: "1 um" has a unit and needs \[units\]'):
        read("x/1 um", Scope({"x": LENGTH}))


def test_parameters_stand_for_numbers() -> None:
    problem = parse_problem(TEXT)
    assert problem.grid.points == (16, 16, 32) and problem.grid.lengths == (16.0, 16.0, 32.0)
    (up,) = problem.species
    assert up.particles == 25_000.0
    x, y, z = up.potential[0].frequency
    assert x == z and y == pytest.approx(1.4 * x, rel=1e-15)  # one product
    assert (
        problem.interaction[0].scattering_length
        == parse_problem(TEXT.replace('scattering_length = "a"', 'scattering_length = "95 a0"'))
        .interaction[0]
        .scattering_length
    )
    weight = float(up.potential[1].value.evaluate(z=1.0))
    assert weight == close(9.81 * MASS_SI * 1e-6 / ENERGY_SI)


def test_the_resolved_file_needs_no_parameters() -> None:
    problem = parse_problem(TEXT)
    again = parse_problem(resolved_toml(problem))
    assert again == problem and hash(again) == hash(problem)
    assert again.parameters is None and "parameters" not in resolved_dict(problem)
    assert '#     a = "95 a0"' in resolved_toml(problem)
    assert parse_problem(TEXT, ['parameters.a="96 a0"']) != problem


def test_the_mass_is_that_of_the_species() -> None:
    second = TEXT.replace('name = "up"', 'name = "down"').replace(
        f'mass = "{ATOM} u"\nparticles', "mass = 3\nparticles"
    )
    both = TEXT + second[second.index("[[species]]") : second.index("[[interaction]]")]
    problem = parse_problem(both)
    light, heavy = (float(species.potential[1].value.evaluate(z=1.0)) for species in problem.species)
    assert heavy == pytest.approx(3.0 * light, rel=1e-15)  # two products


def complaints(text: str) -> dict[str, str]:
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    return {complaint.key: f"{complaint.line}: {complaint.message}" for complaint in caught.value.complaints}


def test_every_mistake_with_its_line() -> None:
    wrong = ('first = "2*second"', 'second = "first"', "sin = 1", "m = 2", 'Rb = "87Rb"', 'wrong = "2 qq"', "on = true")
    text = TEXT.replace("n = 16\n", "\n".join(["n = 16", *wrong, 'uses = "wrong"', ""]))
    text = text.replace('particles = "N/2"', 'particles = "omega"').replace('"1.4*omega"', '"1.4*omegaa"')
    text = text.replace('["n", "n", "2*n"]', '["n", "n/3", "2*n"]')
    said = complaints(text)
    assert said["parameters.first"] == "12: is defined by itself: first -> second -> first"
    assert said["parameters.second"] == "13: is defined by itself: second -> first -> second"
    assert said["parameters.sin"].startswith("14: means something else in expressions already")
    assert said["parameters.m"].startswith("15: means something else")
    assert said["parameters.Rb"].startswith('16: "87Rb" is the name of an isotope')
    assert said["parameters.wrong"] == '17: column 1: unknown unit "qq"'
    assert said["parameters.on"].startswith("18: must be a number, or text")
    assert "parameters.uses" not in said, "who names a wrong parameter is not blamed"
    assert said["grid.points.1"] == "21: must be a whole number, not 5.333333333333333"
    assert said["species.up.particles"] == '26: must be a plain number, but "omega" is a frequency'
    assert said["species.up.potential.0.frequency.1"].startswith("28: ")
    assert len(said) == 10


def test_a_misspelt_parameter_is_suggested() -> None:
    with pytest.raises(ProblemError, match='did you mean "omega"'):
        parse_problem(TEXT.replace('["omega",', '["omga",'))
    with pytest.raises(ProblemError, match='did you mean "side"'):
        parse_problem(TEXT.replace('["side",', '["sides",'))


def test_a_scaling_sets_masses_after_expressions_are_read() -> None:
    text = """
    [grid]
    points = [32]
    lengths = [10]
    [[species]]
    name = "b"
    potential = { kind = "expression", value = "mass*x**2" }
    [[species]]
    name = "f"
    kind = "fermions"
    orbitals = 2
    initial = { kind = "plane-waves" }
    [scaling]
    kind = "bose-fermi-macro"
    """
    assert 'unknown name "mass"' in complaints(text)["species.b.potential.value"]


def test_rates_of_losses_in_hertz_are_refused_by_name_too() -> None:
    text = TEXT.replace('omega = "2 pi 50 Hz"', 'omega = "50 Hz"')
    said = complaints(text + '[[loss]]\nkind = "one-body"\nrate = "omega/10"\n')
    assert "counts cycles" in said["loss.0.rate"]
    parse_problem(TEXT + '[[loss]]\nkind = "one-body"\nrate = "omega/10"\n')


def test_names() -> None:
    assert misnamed("a") is None and misnamed("g") is None and misnamed("omega_x") is None
    assert misnamed("x") and misnamed("2a") and misnamed("lambda") and misnamed("um")


def test_species_and_parameters_have_different_names_in_functionals() -> None:
    said = complaints(
        TEXT.replace("\na = ", "\nup = 2\na = ")
        + '[[functional]]\nkind = "expression"\nspecies = "up"\nvalue = "up**3"\n'
    )
    assert "is a species and a parameter" in said["functional.0.value"]


def test_functionals_are_energy_densities() -> None:
    functional = '[[functional]]\nkind = "expression"\nspecies = "up"\nvalue = "{}"\n'
    said = complaints(TEXT + functional.format("1 nK um^3 * up"))
    assert '"1 nK um^3 * up" is an energy' in said["functional.0.value"]
    problem = parse_problem(TEXT + functional.format("1 nK um^6 * up**3"))
    assert float(problem.functional[0].value.evaluate(up=np.float64(2.0))) == close(
        8.0 * constants.k * 1e-9 / ENERGY_SI
    )


def test_positions_in_time_know_units_and_names() -> None:
    text = TEXT.replace("omega = ", 'speed = "2 mm/s"\nomega = ')
    text = text.replace('"50 Hz"] }', '"50 Hz"], centre = ["speed*t - 1 um", "width/8", 0] }')
    text += '[time]\nfinal = "1 ms"\nstep = "10 us"\n'
    centre = parse_problem(text).species[0].potential[0].centre_at(0.5)
    assert centre == (close(2e-3 * 0.5 * TIME_SI / 1e-6 - 1.0), 1.0, 0.0)
