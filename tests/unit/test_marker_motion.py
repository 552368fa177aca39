"""What moves markers: derivatives of expressions, gradients of every kind of potential, velocities."""

from __future__ import annotations

import ast
from typing import get_args

import h5py
import numpy as np
import pytest
from physics.systems import problem_text, species

from hpcmix.evolve.kick import Kick
from hpcmix.evolve.markers.motion import external_gradient
from hpcmix.frame import Frame
from hpcmix.grid import Grid
from hpcmix.model.kinetic.free import NonrelativisticKineticEnergy, SemirelativisticKineticEnergy
from hpcmix.model.markers.forces import MarkerForces
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.markers.splines import PeriodicSpline
from hpcmix.model.markers.window import Window
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.potentials.external import ExternalPotential, make_term
from hpcmix.model.potentials.finite import NotFinite
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.sections.species import potentials as sections
from hpcmix.problem.units import functions
from hpcmix.problem.units.derivatives import derivatives
from hpcmix.problem.units.expressions import Expression

NOW = Instant(0.3, 0.3)

EXPRESSIONS = {
    "sin": "sin(2*x + y)",
    "cos": "cos(x*y)",
    "tan": "tan(0.3*x)",
    "exp": "exp(-x**2 - y)",
    "log": "log(3 + x + y)",
    "sqrt": "sqrt(4 + x*y)",
    "abs": "abs(x - 2*y)*y",
    "sinh": "sinh(x*y)",
    "cosh": "cosh(x - y)",
    "tanh": "tanh(2*x*y)",
    "atan": "atan(x/(2 + y))",
    "arctan": "arctan(x - y)",
    "atan2": "atan2(2 + y, x)",
    "arctan2": "arctan2(x, -2 - y**2)",
    "floor": "floor(3*x)*y",
    "sign": "sign(x)*y**2",
    "erf": "erf(x + 0.5*y)",
    "heaviside": "heaviside(x)*x*y",
    "where": "where(x > y, sin(x), y**3)",
    "min": "min(x, y, 0.5*x*y)",
    "max": "max(x**2, 1.1*y, -x)",
    "Add": "x + y + 1",
    "Sub": "x**2 - y",
    "Mult": "x*y*x",
    "Div": "x/(2 + y)",
    "Pow": "(2 + x)**y + x**3 + 2**x",
    "USub": "-x**2",
    "UAdd": "+x*y",
    "Lt": "(x < 0.2)*y",
    "LtE": "(x <= 0.2)*y",
    "Gt": "(x > y)*x",
    "GtE": "(y >= 0.1)*x",
    "Eq": "(x == y)*x",
    "NotEq": "(x != y)*x*y",
}


def differences(function, places: np.ndarray, length: float) -> np.ndarray:
    """The gradient at places (n, d) by Richardson's extrapolation of central differences, error O(length^4)."""
    gradient = np.empty(places.shape)
    for axis in range(places.shape[1]):
        step = np.zeros(places.shape[1])
        step[axis] = length
        near = (function(places + step) - function(places - step)) / (2.0 * length)
        far = (function(places + 2.0 * step) - function(places - 2.0 * step)) / (4.0 * length)
        gradient[:, axis] = (4.0 * near - far) / 3.0
    return gradient


def random_places(number: int, dimensions: int, size: float) -> np.ndarray:
    return np.random.default_rng(7).uniform(-size, size, (number, dimensions))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_derivative_of_every_function_and_operator(name):
    expression = Expression(EXPRESSIONS[name], ("x", "y"))
    places = random_places(200, 2, 0.9)

    def value(places: np.ndarray) -> np.ndarray:
        return expression.evaluate(x=places[:, 0], y=places[:, 1])

    whole, slopes = derivatives(expression, ("x", "y"), x=places[:, 0], y=places[:, 1])
    assert np.array_equal(whole, value(places))
    # differences of length 1e-4 lose 1e-16/1e-4 = 1e-12 to rounding and err by its fourth power; places where pieces
    # meet are 200 in the unit square and none within 2e-4 of an edge, for this seed
    for slope, difference in zip(slopes, differences(value, places, 1e-4).T, strict=True):
        np.testing.assert_allclose(np.broadcast_to(slope, 200), difference, rtol=0, atol=3e-11)


def test_every_function_and_operator_has_a_case():
    symbols = {symbol.__name__ for symbol in functions.OPERATORS}
    assert set(functions.FUNCTIONS) | symbols == set(EXPRESSIONS)
    for name, text in EXPRESSIONS.items():
        parts = ast.walk(ast.parse(text, mode="eval"))
        assert any(getattr(part, "id", type(part).__name__) == name for part in parts), text


def test_a_constant_power_of_what_is_negative_has_a_slope_and_zero_has_one_too():
    _, (slope,) = derivatives(Expression("x**3", ("x",)), ("x",), x=np.array([-2.0, 0.0]))
    np.testing.assert_array_equal(slope, [12.0, 0.0])
    _, (slope,) = derivatives(Expression("where(x > 0, sqrt(x), 0)", ("x",)), ("x",), x=np.array([-1.0, 4.0]))
    np.testing.assert_array_equal(slope, [0.0, 0.25])
    _, (slope,) = derivatives(Expression("sqrt(x)", ("x",)), ("x",), x=np.array([0.0]))
    assert not np.isfinite(slope[0])


def test_a_variable_that_is_not_asked_for_is_a_constant():
    value, slopes = derivatives(Expression("t*x**2", ("x", "y", "t")), ("x", "y"), x=3.0, y=1.0, t=2.0)
    assert value == 18.0 and slopes == [12.0, 0.0]
    with pytest.raises(ValueError, match="needs a value for t"):
        derivatives(Expression("t*x", ("x", "t")), ("x",), x=1.0)


def entries(dimensions: int) -> dict[str, dict]:
    """An entry of every kind that there is in so many dimensions, but for a file."""
    return {
        "harmonic": {"frequency": [0.7, 1.3, 0.4][:dimensions], "centre": [0.2, -0.1, 0.3][:dimensions]},
        "lattice": {"depth": [1.5, 0.4, 0.0][:dimensions], "period": [2.0, 1.0, 4.0][:dimensions], "phase": 0.4},
        "box": {"height": 3.0, "lengths": [4.0, 3.0, 5.0][:dimensions], "edge": 0.6, "centre": 0.2},
        "gaussian": {"height": -2.0, "width": [0.8, 1.1, 0.5][:dimensions], "centre": 0.3},
        "expression": {"value": " + ".join(["sin(x)**2 + x*t", "x*y**2", "y*cos(z)"][:dimensions])},
    }


CASES = [(kind, dimensions) for dimensions in (1, 2, 3) for kind in (*entries(dimensions), "file")]
POINTS, LENGTHS = (24, 20, 32), (8.0, 8.0, 8.0)


def test_every_kind_has_a_case():
    kinds = [entry.model_fields["kind"].annotation.__args__[0] for entry in get_args(get_args(sections.Potential)[0])]
    assert {kind for kind, _ in CASES} == set(kinds)


def grid_of(dimensions: int, rate: float = 0.0) -> Grid:
    points = POINTS[:dimensions]
    block = Block((0,) * dimensions, points)
    return Grid(points, LENGTHS[:dimensions], block, block, Frame(rate))


def section_of(kind: str, dimensions: int, folder, **others) -> sections.Potential:
    """The entry as a problem file has it."""
    if kind == "file":
        path = folder / "potential.h5"
        waves = [np.cos(2.0 * np.pi * x / 8.0 + 0.3) for x in grid_of(dimensions).coordinates]
        with h5py.File(path, "w") as file:
            file["potential"] = np.broadcast_to(sum(waves), POINTS[:dimensions])
        entry = {"path": str(path)}
    else:
        entry = entries(dimensions)[kind]
    gas = species("gas", potential=[{"kind": kind} | entry | others], initial={"kind": "plane-waves", "numbers": 0})
    return parse_problem(problem_text(POINTS[:dimensions], LENGTHS[:dimensions], [gas])).species[0].potential[0]


def forces_of(section, dimensions: int, rate: float = 0.0) -> MarkerForces:
    return MarkerForces.of("species.gas.potential", [section], 1.7, grid_of(dimensions, rate))


@pytest.mark.parametrize(("kind", "dimensions"), CASES)
def test_gradient_of_every_potential(kind, dimensions, tmp_path):
    forces = forces_of(section_of(kind, dimensions, tmp_path), dimensions)
    places = random_places(60, dimensions, 3.9)
    gradient = forces.gradient(places, NOW)
    assert np.max(np.abs(gradient)) > 0.1
    # lengths of 1e-3: (1e-3)^4 times fifth derivatives of a few hundred (the wall of width 0.6), and 1e-12 of rounding
    np.testing.assert_allclose(gradient, differences(lambda y: forces.value(y, NOW), places, 1e-3), rtol=0, atol=2e-9)


@pytest.mark.parametrize(("kind", "dimensions"), CASES)
def test_markers_and_grid_have_the_same_potential(kind, dimensions, tmp_path):
    section, grid = section_of(kind, dimensions, tmp_path), grid_of(dimensions)
    on_grid = ExternalPotential([make_term("here", section, grid, 1.7)], grid, np.dtype(float)).value(NOW)
    places = np.stack([x.ravel() for x in np.meshgrid(*[grid.axis(a) for a in range(dimensions)], indexing="ij")], 1)
    # both are of rounding; the spline solves for its coefficients
    np.testing.assert_allclose(forces_of(section, dimensions).value(places, NOW), on_grid.ravel(), atol=3e-13)


def test_splines_converge_with_the_sixth_power():
    """Between the points, of a wave of 12 and 24 points a length: the gradient's error by h^5 at least."""
    errors = []
    for points in (12, 24):
        grid = -4.0 + 8.0 / points * np.arange(points)
        spline = PeriodicSpline(np.sin(2.0 * np.pi * grid / 8.0), (8.0,))
        places = random_places(100, 1, 3.99)
        exact = np.pi / 4.0 * np.cos(np.pi / 4.0 * places)
        errors.append(np.max(np.abs(spline.gradient(places) - exact)))
    assert errors[1] < errors[0] / 2**4.5 and errors[1] < 1e-5


def test_a_file_with_too_few_points_is_refused():
    with pytest.raises(ValueError, match="at least 6 points along every axis"):
        PeriodicSpline(np.zeros((8, 5)), (1.0, 1.0))


@pytest.mark.parametrize("kind", ("harmonic", "gaussian", "expression"))
def test_a_frame_that_expands(kind, tmp_path):
    """b^2 U(b y) with its gradient, and the confinement m w^2 y, which has no part in the value."""
    rate, clock = 0.8, 0.5
    section, frame = section_of(kind, 2, tmp_path), Frame(rate)
    forces, instant = forces_of(section, 2, rate), Instant.on_clock(frame, clock, clock)
    scale, places = frame.scale(clock), random_places(40, 2, 2.0)
    at_rest = forces_of(section, 2).value(scale * places, Instant(instant.time, instant.switches))
    np.testing.assert_allclose(forces.value(places, instant), scale**2 * at_rest, rtol=1e-13)

    def acting(places: np.ndarray) -> np.ndarray:
        return forces.value(places, instant) + 0.5 * 1.7 * rate**2 * np.sum(places**2, axis=1)

    np.testing.assert_allclose(forces.gradient(places, instant), differences(acting, places, 1e-3), rtol=0, atol=2e-9)


def test_strength_in_time_and_the_two_parts_of_a_kick(tmp_path):
    section = section_of("gaussian", 1, tmp_path, until=1.0, factor="2 + t")
    forces = forces_of(section, 1)
    places = random_places(5, 1, 1.0)
    plain = forces_of(section_of("gaussian", 1, tmp_path), 1).gradient(places, NOW)
    before, after = Instant(1.0, 0.9), Instant(1.0, 1.1)
    np.testing.assert_allclose(forces.gradient(places, before), 3.0 * plain, rtol=1e-14)
    assert not np.any(forces.gradient(places, after))
    assert forces.may_fail and forces.differ(before, after) and not forces.differ(after, Instant(2.0, 2.0))
    laws = MarkerModel(Window(8), NonrelativisticKineticEnergy(1.7, 1.0), forces, 5)
    both = external_gradient(laws, Kick(0.3, after, 0.1, before), places)
    np.testing.assert_allclose(both, 0.25 * 3.0 * plain, rtol=1e-13)
    assert external_gradient(laws, Kick(0.3, after), places).shape == (5, 1)
    without = MarkerForces.of("here", [], 1.7, grid_of(1))
    assert external_gradient(MarkerModel(Window(8), laws.kinetic, without, 5), Kick(0.3, after), places) is None


def test_what_is_not_finite_is_said_with_its_place():
    section = sections.ExpressionPotential.model_construct(
        kind="expression", value=Expression("sqrt(x - 1)", ("x", "t")), from_time=-np.inf, until=np.inf
    )
    forces = forces_of(section, 1)
    with pytest.raises(NotFinite, match=r"species\.gas\.potential\.0 its gradient is not finite at x = 0\.5, t = 0\.3"):
        forces.gradient(np.array([[2.0], [0.5]]), NOW)
    with pytest.raises(NotFinite, match="its value is not finite"):
        forces.value(np.array([[2.0], [0.5]]), NOW)


@pytest.mark.parametrize(
    "kinetic",
    (
        NonrelativisticKineticEnergy(1.7, 0.3),
        SemirelativisticKineticEnergy(1.7, 0.3, False),
        SemirelativisticKineticEnergy(1.7, 0.3, True),
    ),
    ids=("nonrelativistic", "rest mass included", "rest mass subtracted"),
)
def test_velocity_is_the_slope_of_the_kinetic_energy(kinetic):
    momenta = random_places(50, 3, 4.0)
    # lengths of 1e-3, fifth derivatives below one: rounding of differences, 1e-12
    np.testing.assert_allclose(
        kinetic.velocity(momenta), differences(kinetic.of_momenta, momenta, 1e-3), rtol=0, atol=1e-11
    )
    assert kinetic.of_momenta(np.zeros((1, 3)))[0] == kinetic.rest_energy
    # the same T as that of wave numbers k = p / hbar
    squares = float(np.sum(momenta[0] ** 2)) / 0.3**2
    assert kinetic.of_momenta(momenta[:1])[0] == pytest.approx(kinetic.of_squares(squares), rel=1e-14)
