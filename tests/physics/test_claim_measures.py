"""What the claims measure, against closed forms and direct sums: Sobolev norms, time derivatives, angular momentum, the
Morawetz action, the correlation of two particles and the Hilbert-Schmidt norms of the pair kernel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.model.pair_kernels.correlation import Correlation
from hpcmix.model.pair_kernels.neumann import neumann_problem
from hpcmix.model.pair_kernels.radial.functions import radial_function
from hpcmix.observe.look import Look
from hpcmix.observe.measures.derivatives import (
    Place,
    hamiltonian_times,
    largest_modulus,
    sobolev_square,
)
from hpcmix.observe.measures.motion import momentum_fields
from hpcmix.observe.morawetz import Distance, morawetz
from hpcmix.observe.record import observe
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.sections.species.radial import SoftSphere, SquareBarrier
from hpcmix.running.log import Log
from hpcmix.running.simulation import build_simulation
from hpcmix.studies.claims.conservation import TURNING, columns, measure
from hpcmix.studies.claims.pair_excitation import PairKernel

FREE = """
[grid]
points = [{points}, {points}, {points}]
lengths = [{length}, {length}, {length}]
frame = {frame}
[[species]]
name = "a"
mass = 0.8
particles = 2.5
initial = {{ kind = "gaussian", width = 1.0, centre = {centre}, momentum = {momentum} }}
[time]
final = {final}
step = {step}
[output]
observables = {{ every = 1 }}
"""
AT_REST, EXPANDING = '"fixed"', '{ kind = "expanding", rate = 1.1 }'


def free_gaussian(frame, final, step, points=40, length=16.0, centre="[0, 0, 0]", momentum="[0, 0, 0]"):
    """A free Gaussian, evolved to its final time; drifts and confinement of the frame are exact enough at this step."""
    options = {"points": points, "length": length, "centre": centre, "momentum": momentum}
    problem = parse_problem(FREE.format(frame=frame, final=final, step=step, **options))
    simulation = build_simulation(problem, MPI.COMM_SELF, Log(speaks=False))
    stepper = Stepper(simulation.mixture, problem.time.splitting)
    for _ in range(problem.time.steps):
        stepper.advance(simulation.state)
    stepper.settle(simulation.state)
    return simulation


MASS, NUMBER = 0.8, 2.5


def spread(time):
    """Width s(t) of |phi|^2 ~ exp(-x^2/s^2): s^2 = 1 + (t/m)^2."""
    return np.sqrt(1.0 + (time / MASS) ** 2)


@pytest.mark.parametrize(("frame", "step"), [(AT_REST, 0.8), (EXPANDING, 0.02)])
def test_norms_and_time_derivative_of_a_free_gaussian(frame, step):
    """|phi| = (pi s^2)^(-3/4) at the centre; int |grad phi|^2 = 3/2; i d/dt phi = -Laplacian phi / 2m, at the centre
    3/(2 m s^2) (1 - i t/m) ... whose modulus is 3/(2 m s) of |phi|."""
    simulation = free_gaussian(frame, 0.8, step)
    mixture, state = simulation.mixture, simulation.state
    look = Look(mixture, state)
    place = Place.of(look)
    (orbital,) = look.orbital_set(0)
    assert sobolev_square(mixture, orbital, 0, state.time) == pytest.approx(1.0 + 1.5, rel=1e-6)
    height = (np.pi * spread(0.8) ** 2) ** -0.75
    factor = place.contraction**1.5
    assert factor * largest_modulus(mixture, orbital) == pytest.approx(height, rel=1e-6)
    momenta = momentum_fields(mixture, orbital, MASS, state.time)
    rate = hamiltonian_times(mixture, orbital, momenta, 0, place, look.potential(0))
    centre = factor * abs(rate[20, 20, 20])  # the grid's origin
    assert centre == pytest.approx(1.5 / MASS / spread(0.8) * height, rel=1e-6)
    simulation.free()


def test_angular_momentum_of_a_moving_gaussian():
    """N (x_0 X p_0)."""
    simulation = free_gaussian(AT_REST, 0.1, 0.1, centre="[0.5, -0.3, 0.2]", momentum="[0.4, 0.7, -0.6]")
    expected = NUMBER * np.cross([0.5, -0.3, 0.2], [0.4, 0.7, -0.6])
    measured = dict(zip(columns(simulation.problem), measure([simulation]), strict=True))
    np.testing.assert_allclose([measured[name] for name in TURNING], expected, rtol=1e-6)
    simulation.free()


@pytest.mark.parametrize(
    ("frame", "final", "step"), [(AT_REST, 0.8, 0.8), (EXPANDING, 0.8, 0.02), (EXPANDING, '"infinity"', 0.02)]
)
def test_morawetz_action_of_a_free_gaussian(frame, final, step):
    """The mean distance of two points of the cloud is 2 s sqrt(2/pi), so that M = N^2 2 sqrt(2/pi) ds/dt with ds/dt =
    t/(m^2 s), 1/m at infinity; and int rho^2 = N^2 (2 pi s^2)^(-3/2). A boost changes neither."""
    simulation = free_gaussian(frame, final, step, momentum="[0.3, 0, 0]" if final == 0.8 else "[0, 0, 0]")
    mixture, state = simulation.mixture, simulation.state
    distance = Distance(mixture)
    look = Look(mixture, state)
    found = morawetz(look, distance)
    time = Place.of(look).time
    speed = 1.0 / MASS if np.isinf(time) else time / (MASS**2 * spread(time))
    # the distance of independent points with variance s^2/2 per axis: variance s^2, mean s sqrt(8/pi)
    assert found.action == pytest.approx(NUMBER**2 * np.sqrt(8.0 / np.pi) * speed, rel=1e-5)
    if np.isfinite(time):
        b = 1.0 / Place.of(look).contraction
        assert found.density / b**2 == pytest.approx(NUMBER**2 * (2.0 * np.pi * spread(time) ** 2) ** -1.5, rel=1e-5)
    simulation.free()


# ---------------------------------------------------------------- correlations


def test_the_correlation_of_a_square_barrier():
    """f = (B/r) sinh(pr) inside, (B/r) [sin(k(r - B)) + k B cos(k(r - B))]/(k B) outside, k^2 = lambda."""
    function = radial_function(SquareBarrier(kind="square-barrier", height=10.0, radius=1.0))
    ball = 50.0
    solution = neumann_problem(function, 0.5, ball)
    correlation = Correlation(solution)
    k = np.sqrt(solution.eigenvalue)
    r = np.geomspace(1.0, ball, 50)
    phase = k * (r - ball)
    f = (np.sin(phase) + k * ball * np.cos(phase)) / (k * r)
    slope = (np.cos(phase) - ball * k * np.sin(phase)) / r - f / r
    w, found = correlation(r)
    np.testing.assert_allclose(w, 1.0 - f, atol=1e-12)
    np.testing.assert_allclose(found, -slope, atol=1e-12)
    inside = np.linspace(0.01, 1.0, 20)
    p = np.sqrt(5.0 - solution.eigenvalue)
    wanted = 1.0 - (1.0 - w[0]) * np.sinh(p * inside) / (np.sinh(p) * inside)
    np.testing.assert_allclose(correlation(inside)[0], wanted, atol=1e-11)


def test_transforms_of_its_squares():
    """At several wave numbers, against adaptive quadrature."""
    function = radial_function(SoftSphere(kind="soft-sphere", height=30.0, radius=1.0))
    solution = neumann_problem(function, 0.5, 40.0)
    correlation = Correlation(solution)
    transforms = correlation.squares(0.5)
    for k in (0.0, 0.1, 0.5):
        for transform, part in zip(transforms, (0, 1), strict=True):

            def integrand(r, k=k, part=part):
                return 4.0 * np.pi * r**2 * float(correlation(np.array([r]))[part][0]) ** 2 * np.sinc(k * r / np.pi)

            wanted = sum(quad(integrand, a, b, epsrel=1e-10, limit=200)[0] for a, b in ((1e-9, 1), (1, 5), (5, 40)))
            assert float(transform(np.array([k]))[0]) == pytest.approx(wanted, rel=1e-7)


PAIR = """
[grid]
points = [12, 12, 12]
lengths = [9.0, 9.0, 9.0]
[[species]]
name = "a"
mass = 0.5
particles = 0.6
initial = { kind = "gaussian", width = 1.2, momentum = [0.5, 0.0, 0.0] }
[[species]]
name = "b"
mass = 0.5
particles = 0.4
initial = { kind = "gaussian", width = 1.4, centre = [0.5, 0.0, 0.0] }
[[interaction]]
between = ["a", "b"]
kind = "scattering"
potential = { kind = "soft-sphere", height = 1.0, radius = 3.5 }
particles = 1.0
neumann_radius = 4.2
[time]
final = 0.1
step = 0.1
"""


def test_pair_kernel_against_direct_sums():
    """N = 1 and a potential as wide as the clouds: the kernel is smooth on the grid, and its norms are double sums over
    the grid's points. What it has beyond the grid - w bends at the edges of V and of the ball - is below a percent."""
    problem = parse_problem(PAIR)
    simulation = build_simulation(problem, MPI.COMM_SELF, Log(speaks=False))
    norm, slope, largest, *_ = PairKernel(problem)([simulation])
    mixture, grid = simulation.mixture, simulation.mixture.grid
    look = Look(mixture, simulation.state)
    fields = [np.sqrt(one.weight) * look.orbital_set(a)[0] for a, one in enumerate(mixture.species)]
    correlation = Correlation(neumann_problem(radial_function(problem.interaction[0].potential), 0.5, 4.2))
    offsets = np.meshgrid(*(np.fft.fftfreq(12, 1.0 / 12) * 0.75,) * 3, indexing="ij")
    distance = np.sqrt(sum(x**2 for x in offsets))
    w = np.where(distance < 4.2, correlation(np.clip(distance, 1e-6, 4.2))[0], 0.0)
    k = 2.0 * np.pi * np.fft.fftfreq(12, 0.75)
    k[6] = 0.0
    square = slopes = 0.0
    for first, second in ((0, 1), (1, 0)):
        for place in np.ndindex(12, 12, 12):
            row = np.roll(w, place, (0, 1, 2)) * fields[first] * fields[second][place]
            square += np.sum(np.abs(row) ** 2)
            spectrum = np.abs(np.fft.fftn(row)) ** 2 / 12**3
            slopes += sum(
                np.sum(spectrum * (k**2).reshape([-1 if axis == other else 1 for other in range(3)]))
                for axis in range(3)
            )
    assert norm**2 == pytest.approx(square * grid.cell_volume**2, rel=0.01)
    assert slope**2 == pytest.approx(slopes * grid.cell_volume**2, rel=0.03)
    assert largest == pytest.approx(np.sqrt(sum(np.max(np.abs(field)) ** 2 for field in fields)), rel=1e-12)
    record = observe(look)
    assert record["time"] == 0.0
    simulation.free()
