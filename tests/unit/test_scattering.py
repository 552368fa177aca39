"""Scattering lengths and the Neumann problem: closed forms, an independent integrator, and the rates of Lemma 1.1 of
Chong, Lee and Sun."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from hpcmix.model.pair_kernels.neumann import (
    NoScatteringSolution,
    bound_states,
    neumann_problem,
    relative_coefficient,
    scattering_length,
)
from hpcmix.model.pair_kernels.radial.functions import RadialFunction, radial_function
from hpcmix.model.pair_kernels.radial.transform import RadialTransform
from hpcmix.model.pair_kernels.scattering import ScatteringKernel
from hpcmix.problem.sections.species.radial import GaussianBump, SoftSphere, SquareBarrier, TablePotential

HALF = 0.5
"""kappa of two particles of mass 1/2: the papers' -Laplacian + V/2."""

BARRIER = radial_function(SquareBarrier(kind="square-barrier", height=10.0, radius=1.0))
BUMP = radial_function(GaussianBump(kind="gaussian-bump", height=6.0, width=0.7, radius=1.5))
SPHERE = radial_function(SoftSphere(kind="soft-sphere", height=20.0, radius=1.0))
RADII = np.linspace(0.0, 1.2, 25)
TABLE = radial_function(
    TablePotential(kind="table", radii=tuple(RADII), values=tuple(4.0 * np.exp(-(RADII**2)) * (1.2 - RADII)))
)
POTENTIALS = {"square-barrier": BARRIER, "gaussian-bump": BUMP, "soft-sphere": SPHERE, "table": TABLE}


def barrier_length(height, radius, kappa=HALF):
    """R (1 - tanh(qR)/(qR)), q^2 = kappa V_0; tan for a well; its series where the difference would cancel."""
    x = math.sqrt(abs(kappa * height)) * radius
    if x < 1e-3:
        s = math.copysign(x * x, height)
        return radius * (s / 3.0 - 2.0 * s * s / 15.0)
    return radius * (1.0 - (math.tanh(x) if height > 0 else math.tan(x)) / x)


@pytest.mark.parametrize("height", [1e-8, 0.001, 0.3, 1.0, 10.0, 1e3, 1e6, -1e-8, -0.5, -2.0, -10.0, -100.0])
def test_square_barrier(height):
    """From the Born limit to a hard core, and wells without, with one and with three bound states."""
    measured = scattering_length(RadialFunction((0.0, 1.3), lambda r: np.full_like(r, height)), HALF)
    # measured: below 1e-14, 4e-14 for the hard core, whose solution takes hundreds of panels to decay
    assert measured.value == pytest.approx(barrier_length(height, 1.3), rel=2e-13)
    assert measured.error < 1e-12


@pytest.mark.parametrize(("height", "states"), [(10.0, 0), (-2.0, 0), (-10.0, 1), (-100.0, 3)])
def test_bound_states_of_a_well(height, states):
    """sqrt(kappa |V_0|) R / pi + 1/2, rounded down."""
    assert bound_states(RadialFunction((0.0, 1.3), lambda r: np.full_like(r, height)), HALF) == states


def independent_length(function, kappa):
    """r - u/u' at the support's end by an adaptive Runge-Kutta method of order eight, interval by interval."""
    state = np.array([0.0, 1.0])
    for begin, end in zip(function.edges, function.edges[1:], strict=False):
        solution = solve_ivp(
            lambda r, y: [y[1], kappa * function.evaluate(np.array([r]))[0] * y[0]],
            (begin, end),
            state,
            method="DOP853",
            rtol=1e-13,
            atol=1e-15,
        )
        state = solution.y[:, -1]
    return function.radius - state[0] / state[1]


@pytest.mark.parametrize("sign", [1.0, -0.2])
@pytest.mark.parametrize("name", POTENTIALS)
def test_every_potential_against_another_integrator(name, sign):
    original = POTENTIALS[name]
    function = RadialFunction(original.edges, lambda r: sign * original.evaluate(r))
    measured = scattering_length(function, HALF)
    # the other method's tolerance of 1e-13 per step, some dozens of steps, and the cancellation in r - u/u'
    assert measured.value == pytest.approx(independent_length(function, HALF), rel=1e-10)
    assert measured.error < 1e-12
    assert measured.value * sign > 0.0


def test_refinement_converges_at_high_order():
    """Halving the panels of a table's spline, or of a potential with a cusp, changes nothing any more."""
    for function in POTENTIALS.values():
        assert scattering_length(function, HALF).error < 1e-13


@pytest.mark.parametrize(
    "function",
    [
        RadialFunction((0.0, 1.0), np.zeros_like),
        RadialFunction((0.0, 1.5), lambda r: 8.0 * np.exp(-0.5 * (r / 1e-5) ** 2)),
    ],
)
def test_a_potential_that_is_not_seen_is_refused(function):
    """It was taken for none, and the search for its Neumann problem's eigenvalue had no end."""
    with pytest.raises(NoScatteringSolution, match="radius near its width"):
        scattering_length(function, HALF)
    with pytest.raises(NoScatteringSolution, match="radius near its width"):
        neumann_problem(function, HALF, 10.0)


def test_a_resonance_has_no_scattering_length():
    well = RadialFunction((0.0, 1.0), lambda r: np.full_like(r, -(math.pi**2) / 2.0))
    with pytest.raises(NoScatteringSolution, match="infinite"):
        scattering_length(well, HALF)


@pytest.mark.parametrize(("mass", "other"), [(0.5, 0.5), (1.0, 1.0), (1.0, 3.0)])
def test_masses_enter_through_the_reduced_mass(mass, other):
    """kappa = 2 m_red / hbar^2: two particles of mass 1/2 see V/2, and a heavier pair the barrier so much higher."""
    kappa = relative_coefficient(mass, other)
    assert kappa == pytest.approx(2.0 * mass * other / (mass + other), rel=1e-15)
    assert scattering_length(BARRIER, kappa).value == pytest.approx(barrier_length(10.0, 1.0, kappa), rel=1e-13)


# ---------------------------------------------------------------- the Neumann problem


@pytest.mark.parametrize("radius", [1.01, 2.0, 10.0, 100.0])
def test_neumann_problem_of_the_barrier_in_closed_form(radius):
    """sinh inside, a sine outside; the condition B u'(B) = u(B) by an independent root search."""
    solution = neumann_problem(BARRIER, HALF, radius)

    def condition(eigenvalue):
        q, k, length = math.sqrt(5.0 - eigenvalue), math.sqrt(eigenvalue), radius - 1.0
        value, slope = math.sinh(q), q * math.cosh(q)
        end = value * math.cos(k * length) + slope * math.sin(k * length) / k
        return radius * (slope * math.cos(k * length) - value * k * math.sin(k * length)) - end

    guess = solution.eigenvalue
    root = brentq(condition, 0.9 * guess, min(1.1 * guess, 5.0 - 1e-9), xtol=1e-16, rtol=1e-14)
    # the terms of the closed condition cancel to a/B of them
    assert guess == pytest.approx(root, rel=1e-12)


def gradient(solution):
    """f' at the nodes, from the polynomials for u = r f, which is smooth on every panel: f' = (u' - f)/r."""
    r, f = solution.panels.radii, solution.values
    slopes = [np.polynomial.Legendre.fit(x, x * y, 15).deriv()(x) for x, y in zip(r, f, strict=True)]
    return (np.array(slopes) - f) / r


def test_neumann_solution_satisfies_its_equation():
    """f(B) = 1, f'(B) = 0, and the eigenvalue is the energy of f: lambda = <f'|f'> + kappa <f|V|f> over <f|f>."""
    for function in POTENTIALS.values():
        solution = neumann_problem(function, HALF, 4.0)
        r, weights, f = solution.panels.radii, solution.panels.weights, solution.values
        last = np.polynomial.Legendre.fit(r[-1], r[-1] * f[-1], 15)  # u: f = 1 and f' = 0 are u = B, u' = 1
        assert last(4.0) == pytest.approx(4.0, rel=1e-13)
        # the derivative of a polynomial through 16 nodes, beyond the last of them, loses five digits to rounding, which
        # depends on the processor: 3e-11 where a fit of degree 12 to the same nodes finds 9e-13
        assert last.deriv()(4.0) == pytest.approx(1.0, abs=2e-10)
        slopes = gradient(solution)
        potential = np.where(r < function.radius, function.evaluate(np.minimum(r, function.radius)), 0.0)
        energy = np.sum(weights * r**2 * (slopes**2 + HALF * potential * f**2)) / np.sum(weights * r**2 * f**2)
        assert solution.eigenvalue == pytest.approx(energy, rel=1e-10)
        assert solution.error < 1e-12


@pytest.mark.parametrize("name", ["square-barrier", "gaussian-bump", "soft-sphere", "table"])
def test_rates_of_lemma_1_1(name):
    """lambda_l = 3a/(lN)^3 (1 + O(a/lN)) and | integral V f_l - 8 pi a | <= C a^2/(lN), the exponents fitted; bounds of
    f, w and grad w."""
    function = POTENTIALS[name]
    a = scattering_length(function, HALF).value
    sizes = np.array([20.0, 40.0, 80.0, 160.0, 320.0])
    solutions = [neumann_problem(function, HALF, size) for size in sizes]
    corrections = np.array([s.eigenvalue * b**3 / (3.0 * a) - 1.0 for s, b in zip(solutions, sizes, strict=True)])
    strengths = np.array([abs(s.strength - 8.0 * math.pi * a) for s in solutions])
    for errors in (corrections, strengths):
        exponent = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
        print(f"measured: {name}: exponent {exponent:.4f}")
        # the next order, a/B relative, bends the line by a/(2 B) over the range
        assert exponent == pytest.approx(-1.0, abs=0.05)
    # their constants: 9/5 and 3/2 times 8 pi, from the second order of 1 - a/r on the ball
    assert corrections[-1] * sizes[-1] / a == pytest.approx(1.8, rel=0.05)
    assert strengths[-1] * sizes[-1] / a**2 == pytest.approx(12.0 * math.pi, rel=0.05)
    for solution in solutions:
        r, f = solution.panels.radii, solution.values
        assert f.min() >= 0.0 and f.max() <= 1.0 + 1e-12
        w = 1.0 - f
        # one constant for all N: the bounds with C = 2 max(a, R)
        bound = 2.0 * max(a, function.radius)
        assert np.all(w <= bound / (r + 1.0) + 1e-12)
        assert np.all(np.abs(gradient(solution)) <= bound**2 / (r**2 + 1.0) + 1e-10)


def test_attractive_potentials_without_bound_state():
    well = RadialFunction((0.0, 1.0), lambda r: np.full_like(r, -2.0))
    a = scattering_length(well, HALF).value
    for radius in (3.0, 30.0, 3000.0):
        solution = neumann_problem(well, HALF, radius)
        assert solution.eigenvalue < 0.0
        # the corrections of relative order a/B, as for repulsion
        assert solution.eigenvalue == pytest.approx(3.0 * a / radius**3, rel=2.5 * abs(a) / radius)
        assert solution.strength == pytest.approx(8.0 * math.pi * a, rel=2.0 * abs(a) / radius)


def test_what_has_no_neumann_solution():
    well = RadialFunction((0.0, 1.0), lambda r: np.full_like(r, -10.0))
    with pytest.raises(NoScatteringSolution, match="binds two particles"):
        neumann_problem(well, HALF, 10.0)
    with pytest.raises(NoScatteringSolution, match="must be larger"):
        neumann_problem(BARRIER, HALF, 0.9)


# ---------------------------------------------------------------- the kernel


def test_transform_of_the_modified_kernel():
    """F(|k|/N) by an independent quadrature; F(0) is the integral of V f_l; F is the contact coupling as N grows."""
    solution = neumann_problem(BUMP, HALF, 50.0, largest=40.0)
    kernel = ScatteringKernel(solution, 100.0)
    k = np.array([0.0, 1.0, 57.0, 400.0, 3999.0])
    found = kernel.multiplier([k], [k])
    r, weights, product = solution.support
    direct = [4.0 * math.pi * np.sum(weights * product * r**2 * np.sinc(q / 100.0 * r / math.pi)) for q in k]
    np.testing.assert_allclose(found, direct, rtol=0, atol=1e-14 * found[0])
    assert found[0] == pytest.approx(solution.strength, rel=1e-14)
    assert abs(found[-1]) < 0.1 * found[0]


def test_limit_of_the_kernel():
    """At fixed k and l the multiplier tends to 8 pi a like 1/N."""
    a = scattering_length(BARRIER, HALF).value
    numbers, distances = np.array([100.0, 1000.0, 10000.0]), []
    for number in numbers:
        kernel = ScatteringKernel(neumann_problem(BARRIER, HALF, 0.5 * number, 10.0 / number), number)
        distances.append(abs(kernel.multiplier([np.array([3.0])], [])[0] - 8.0 * math.pi * a))
    exponent = np.polyfit(np.log(numbers), np.log(distances), 1)[0]
    assert exponent == pytest.approx(-1.0, abs=0.05)


# ---------------------------------------------------------------- radial transforms


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_radial_transform_of_a_gaussian(dimensions):
    function = RadialFunction((0.0, 6.3), lambda r: np.exp(-0.5 * (r / 0.7) ** 2))
    k = np.concatenate([[0.0, 100.0], np.random.default_rng(0).uniform(0.0, 100.0, 10000)])
    found = RadialTransform.of(function, dimensions, 100.0)(k)
    expected = (2.0 * math.pi * 0.49) ** (dimensions / 2) * np.exp(-0.5 * 0.49 * k**2)
    # rounding of the quadrature; the Gaussian at nine widths is 3e-18
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 * expected[0])


def test_radial_transform_of_a_ball():
    """A function with a jump: 4 pi (sin x - x cos x)/k^3, x = kR."""
    k = np.random.default_rng(0).uniform(0.5, 500.0, 10000)
    found = RadialTransform.of(RadialFunction((0.0, 1.3), np.ones_like), 3, 500.0)(k)
    x = 1.3 * k
    np.testing.assert_allclose(found, 4.0 * math.pi * (np.sin(x) - x * np.cos(x)) / k**3, rtol=0, atol=2e-13)
