"""Markers in the flows: conservation against the window's width, orders of the splittings, exact solutions, the energy
and its derivative, the expanding frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erfc

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.model.mean_field.energies import spectral_averages
from hpcmix.state.marker_cloud import MarkerCloud, marker_cloud
from tests.physics.systems import System, system

GAUSSIAN = {"kind": "gaussian", "strength": 1.0, "width": 0.7}


def gas(markers: int = 2000, tolerance: float = 1e-8, **others) -> dict:
    given = {"name": "gas", "kind": "classical", "particles": 1.0}
    start = {"initial": {"kind": "oscillator", "frequency": 1.0}}
    return given | start | {"markers": {"number": markers, "tolerance": tolerance}} | others


CONDENSATE = {"name": "bosons", "particles": 1.0, "initial": {"kind": "gaussian", "width": 0.8, "centre": 0.6}}


def coupled(step: float, integrator: str, final: float = 2.0, **of_gas) -> System:
    """A condensate and a gas on a line, which drive each other."""
    return system(
        [64],
        [16.0],
        [CONDENSATE, gas(**of_gas)],
        [{"between": ["bosons", "gas"], **GAUSSIAN}],
        time={"step": step, "final": final, "integrator": integrator, "check_step": False},
    )


def cloud_of(one: System, species: int = 1) -> MarkerCloud:
    return marker_cloud(one.state.clouds[species])


def by_index(one: System, species: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Positions and momenta in the order of the indices."""
    cloud = cloud_of(one, species)
    order = np.argsort(cloud.index)
    return cloud.position[order], cloud.momentum[order]


def momentum(one: System) -> np.ndarray:
    """That of everything."""
    total = np.zeros(one.grid.dimensions)
    for a, species in enumerate(one.mixture.species):
        if species.markers is not None:
            total += cloud_of(one, a).weight @ cloud_of(one, a).momentum
        for orbital in one.state.orbitals[a]:
            total += species.weight * spectral_averages(one.mixture, orbital, a)[1:]
    return total


DRIFTS = {
    1e-4: (4, 40, 3e-4, 1e-3),
    1e-6: (6, 40, 4e-6, 1e-5),
    1e-8: (8, 40, 4e-8, 1e-7),
    1e-10: (10, 40, 4e-10, 1e-9),
    1e-12: (12, 80, 4e-12, 1e-11),
}
"""Tolerance: window, steps, and bars of the relative drift of the energy and of the momentum. Measured 2e-5, 1.1e-6,
1.1e-8, 1.8e-11, 8e-13 and 5e-5, 1.8e-6, 1.8e-8, 3e-11, 1e-12; it is what the edges of polynomials and the aliases of w
cells leave, and the bars are some times that."""


@pytest.mark.parametrize("tolerance", DRIFTS)
def test_energy_and_momentum_are_conserved_to_the_window(tolerance):
    width, steps, of_energy, of_momentum = DRIFTS[tolerance]
    one = coupled(2.0 / steps, "blanes-moan-6", tolerance=tolerance)
    assert one.mixture.species[1].markers.window.width == width
    energy, total = one.energy().total, momentum(one)
    one.evolve()
    assert abs(one.energy().total / energy - 1.0) < of_energy
    assert np.max(np.abs(momentum(one) - total)) < of_momentum
    # they do exchange them
    assert abs(cloud_of(one).weight @ cloud_of(one).momentum)[0] > 0.05


@pytest.mark.parametrize(
    ("integrator", "order", "step"),
    [
        ("strang", 2, 0.05),
        ("mclachlan-2", 2, 0.1),
        ("blanes-moan-4", 4, 0.2),
        ("blanes-moan-rkn-4", 4, 0.2),
        ("blanes-moan-6", 6, 0.4),
        ("blanes-moan-rkn-6", 6, 0.4),
    ],
)
def test_every_splitting_keeps_its_order(integrator, order, step):
    """Of markers and of the condensate, in a trap that changes in time: half the step, 2^-order the error."""
    trap = {"kind": "harmonic", "frequency": 1.3, "factor": "1 + 0.3*sin(2*t)"}

    def end(step: float) -> np.ndarray:
        one = coupled(step, integrator, final=1.6, markers=200, tolerance=1e-12, potential=[trap]).evolve()
        return np.concatenate([*(part.ravel() for part in by_index(one)), one.density(0)])

    reference = coupled(0.02, "blanes-moan-6", final=1.6, markers=200, tolerance=1e-12, potential=[trap]).evolve()
    exact = np.concatenate([*(part.ravel() for part in by_index(reference)), reference.density(0)])
    errors = [np.max(np.abs(end(length) - exact)) for length in (step, 0.5 * step)]
    measured = np.log2(errors[0] / errors[1])
    assert order - 0.35 < measured, f"{measured} from {errors}"
    assert errors[1] > 1e-10, "no order can be seen in rounding"


def test_strang_in_a_trap_is_a_linear_map():
    """x -> x cos + ..., cos = 1 - w^2 tau^2 / 2, a thousand steps, to rounding: no grid takes part."""
    step, rate, mass = 0.05, 1.3, 1.7
    one = system(
        [16],
        [40.0],
        [gas(100, mass=mass, potential=[{"kind": "harmonic", "frequency": rate}])],
        time={"step": step, "final": 50.0, "integrator": "strang", "check_step": False},
    )
    x, p = by_index(one, 0)
    kick, drift = (
        np.array([[1.0, 0.0], [-0.5 * step * mass * rate**2, 1.0]]),
        np.array([[1.0, step / mass], [0.0, 1.0]]),
    )
    once = kick @ drift @ kick
    assert 0.5 * np.trace(once) == pytest.approx(1.0 - 0.5 * (rate * step) ** 2, abs=1e-15)
    expected = np.linalg.matrix_power(once, 1000) @ np.stack([x[:, 0], p[:, 0]])
    one.evolve()
    after = by_index(one, 0)
    np.testing.assert_allclose([after[0][:, 0], after[1][:, 0]], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kinetic", ("nonrelativistic", "semirelativistic"))
@pytest.mark.parametrize("dimensions", (1, 2, 3))
def test_free_streaming(kinetic, dimensions):
    """x + t dT/dp on the torus, around which some go several times."""
    one = system(
        [16] * dimensions,
        [3.0, 4.0, 5.0][:dimensions],
        [gas(64, mass=0.7, kinetic=kinetic, initial={"kind": "gaussian", "width": 0.3, "momentum": 0.4})],
        time={"step": 0.5, "final": 10.0, "integrator": "blanes-moan-4", "check_step": False},
    )
    x, p = by_index(one, 0)
    speed = p / 0.7 if kinetic == "nonrelativistic" else p / np.sqrt(0.49 + np.sum(p**2, axis=1, keepdims=True))
    one.evolve()
    after, lengths = by_index(one, 0), np.array(one.grid.lengths)
    distance = (after[0] - x - 10.0 * speed) / lengths
    # twenty steps of six drifts, rounded each: a few times 1e-16 of the box
    np.testing.assert_allclose(distance, np.rint(distance), rtol=0, atol=2e-14)
    assert np.max(np.abs(np.rint(distance))) >= 1 and np.array_equal(after[1], p)
    assert np.all(after[0] >= -0.5 * lengths) and np.all(after[0] < 0.5 * lengths)


BOUNDARIES = ("periodic", "free")


def mixed(dimensions: int, boundary: str) -> System:
    """A condensate and two gases of different windows, all acting on each other and two on themselves."""
    points, lengths = {1: ([48], [12.0]), 2: ([20, 24], [5.0, 6.0]), 3: ([16, 18, 20], [4.0, 4.5, 5.0])}[dimensions]
    where = {"kind": "gaussian", "width": 0.5, "centre": 0.2}
    species = [
        {"name": "bosons", "particles": 3.0, "initial": where},
        gas(40, 1e-12, particles=2.0, initial=where),
        gas(30, 1e-10, initial=where | {"centre": -0.3}) | {"name": "other"},
    ]
    pairs = [("bosons", "gas"), ("gas", "gas"), ("gas", "other"), ("other", "other"), ("bosons", "bosons")]
    interaction = [
        {"between": list(pair), "kind": "gaussian", "strength": 1.0 + number, "width": 0.9, "boundary": boundary}
        for number, pair in enumerate(pairs)
    ]
    return system(points, lengths, species, interaction, time={"step": 0.1, "final": 1.0, "check_step": False})


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("dimensions", (1, 2, 3))
def test_force_is_the_derivative_of_the_energy(dimensions, boundary):
    """Markers displaced at random: w_i grad W(x_i) against differences of the energy of the grid."""
    one = mixed(dimensions, boundary)
    random = np.random.default_rng(3)
    clouds, mixture = one.state.clouds, one.mixture

    def energy() -> float:
        return float(np.sum(mixture.interactions.interact(mixture.densities(clouds)).energies["interaction"]))

    felt = mixture.interactions.mean_fields(mixture.densities(clouds))
    slope, directions = 0.0, {}
    for a in (1, 2):
        cloud = cloud_of(one, a)
        gradient, directions[a] = np.empty(cloud.position.shape), random.normal(size=cloud.position.shape)
        patch = cloud.layout.patch_of(cloud.markers, felt[a])
        mixture.engine.kernels.gather(cloud.position, cloud.layout.geometry, patch, gradient)
        slope += float(cloud.weight @ np.sum(gradient * directions[a], axis=1))
    values = {}
    for factor in (-2.0, -1.0, 1.0, 2.0):
        for a in (1, 2):
            cloud_of(one, a).position[...] += 1e-3 * factor * directions[a]
        values[factor] = energy()
        for a in (1, 2):
            cloud_of(one, a).position[...] -= 1e-3 * factor * directions[a]
    differences = (8.0 * (values[1.0] - values[-1.0]) - values[2.0] + values[-2.0]) / 12e-3
    # a window of 10 cells is 6e-11 at its edge: what enters or leaves a cell within 2e-3 jumps by that, a few of the
    # seventy markers; besides fifth derivatives times 1e-12
    assert differences == pytest.approx(slope, abs=1e-8 * max(1.0, abs(slope)))
    assert abs(slope) > 0.1


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_energy_is_that_of_points(boundary):
    """1/2 sum_ij w_i w_j G(x_i - x_j) with the self-energy, and the sum over points of the condensate, by direct sums
    over pairs: the box is wide beside the kernel, so that images do not count."""
    one = system(
        [20, 24],
        [10.0, 12.0],
        [
            {"name": "bosons", "particles": 3.0, "initial": {"kind": "gaussian", "width": 0.9, "centre": 0.2}},
            gas(60, 1e-10, particles=2.0, initial={"kind": "gaussian", "width": 0.8}),
        ],
        [
            {"between": pair, "kind": "gaussian", "strength": 1.3, "width": 1.1, "boundary": boundary}
            for pair in (["bosons", "gas"], ["gas", "gas"])
        ],
        time={"step": 0.1, "final": 1.0, "check_step": False},
    )
    cloud, grid = cloud_of(one), one.grid
    places = np.stack([x.ravel() for x in np.broadcast_arrays(*grid.coordinates)], axis=1)

    def kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        squares = np.sum((first[:, None] - second[None]) ** 2, axis=2)
        return 1.3 * np.exp(-0.5 * squares / 1.1**2)

    inside = 0.5 * cloud.weight @ kernel(cloud.position, cloud.position) @ cloud.weight
    between = cloud.weight @ kernel(cloud.position, places) @ one.density(0).ravel() * grid.cell_volume
    # a kernel of 2.2 spacings: exp(-(pi 2.2)^2 / 2) = 4e-11 is cut at the grid's largest wave number
    assert one.energy().terms["interaction"] == pytest.approx(inside + between, rel=2e-9)


def test_windows_keep_the_number_and_leave_no_holes():
    one = mixed(2, "periodic")
    for a, particles in ((1, 2.0), (2, 1.0)):
        density = one.density(a)
        # rounding to whole numbers of 2^-50 of the largest cell and the sum over cells
        assert np.sum(density) * one.grid.cell_volume == pytest.approx(particles, rel=1e-12)
        assert np.min(density) >= 0.0


def test_a_constant_field_exerts_no_force():
    one = mixed(3, "periodic")
    cloud = cloud_of(one)
    patch = cloud.layout.patch_of(cloud.markers, np.ones(one.grid.position_shape))
    gradient = np.empty(cloud.position.shape)
    one.mixture.engine.kernels.gather(cloud.position, cloud.layout.geometry, patch, gradient)
    # sums of w^d products, each with the slopes of polynomials
    assert np.max(np.abs(gradient)) < 1e-12


@pytest.mark.parametrize("precision", ("double", "single"))
def test_a_gas_alone(precision):
    """No orbitals at all: two gases that attract each other in traps."""
    one = system(
        [24, 32],
        [12.0, 16.0],
        [
            gas(300, potential=[{"kind": "harmonic", "frequency": 1.0}]),
            gas(200, mass=2.0, potential=[{"kind": "harmonic", "frequency": 0.7}]) | {"name": "other"},
        ],
        [{"between": ["gas", "other"], "kind": "gaussian", "strength": -1.0, "width": 1.2}],
        time={"step": 0.1, "final": 2.0, "integrator": "blanes-moan-6", "check_step": False},
        parallel={"precision": precision},
    )
    before = one.energy()
    one.evolve()
    after = one.energy()
    # the window's floor; in single precision potentials are rounded to 6e-8
    assert after.total == pytest.approx(before.total, rel=2e-8 if precision == "double" else 2e-6)
    assert abs(after.terms["interaction"] - before.terms["interaction"]) > 1e-3
    assert one.state.orbitals[0].shape == (0, 24, 32)


def test_looks_complete_momenta_as_steps_do():
    one = coupled(0.1, "blanes-moan-4", potential=[{"kind": "harmonic", "frequency": 1.0}])
    for _ in range(3):
        one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    look = one.look()
    momenta, index = look.momenta(1)[:], look.cloud(1).index
    assert np.array_equal(look.momenta(1)[7:23], momenta[7:23])
    assert np.max(np.abs(momenta - look.cloud(1).momentum)) > 1e-4
    completed = momenta[np.argsort(index)]
    one.stepper.complete(one.state)
    assert np.array_equal(by_index(one)[1], completed)


def test_expanding_frame():
    """Released from a trap, in the frame and in the laboratory: x = b y and p = pi / b + m b' y."""
    mass = 1.4
    species = [
        {"name": "bosons", "particles": 2.0, "initial": {"kind": "gaussian", "width": 0.8, "centre": 0.3}},
        gas(100, 1e-12, mass=mass, initial={"kind": "gaussian", "width": 0.7, "centre": -0.4}),
    ]
    interaction = [{"between": ["bosons", "gas"], "kind": "gaussian", "strength": 2.0, "width": 1.1}]
    rate, final = 0.8, 1.0
    time = {"final": final, "step": 0.02, "integrator": "blanes-moan-6", "check_step": False}
    laboratory = system([120], [30.0], species, interaction, time=time).evolve()
    moving = system(
        [120], [22.0], species, interaction, time=time, grid={"frame": {"kind": "expanding", "rate": rate}}
    ).evolve()
    scale, speed = np.sqrt(1.0 + (rate * final) ** 2), rate**2 * final / np.sqrt(1.0 + (rate * final) ** 2)
    y, pi = by_index(moving)
    x, p = by_index(laboratory)
    # windows of 12 cells of different spacings: measured 9e-11 and 2e-10, with windows of 10 cells 2e-8
    np.testing.assert_allclose(scale * y, x, rtol=0, atol=2e-9)
    np.testing.assert_allclose(pi / scale + mass * speed * y, p, rtol=0, atol=2e-9)
    assert np.max(np.abs(p - by_index(system([120], [30.0], species, interaction, time=time))[1])) > 0.1


@pytest.mark.parametrize("partner", ("condensate", "alone"))
def test_adaptive_steps_keep_their_tolerance(partner):
    """Errors fall in proportion to the tolerance, of a gas beside a condensate and of one alone."""
    trap = {"kind": "harmonic", "frequency": 1.3, "factor": "1 + 0.3*sin(2*t)"}
    gases = [gas(200, 1e-12, potential=[trap])]
    interaction = [{"between": ["gas", "gas"], **GAUSSIAN}]
    if partner == "condensate":
        gases, interaction = [CONDENSATE, *gases], [{"between": ["bosons", "gas"], **GAUSSIAN}]
    given = {"final": 4.0, "integrator": "blanes-moan-4"}

    def end(step: float | dict) -> tuple[np.ndarray, System]:
        one = system([64], [16.0], gases, interaction, time=given | {"step": step, "check_step": False})
        if isinstance(step, dict):
            stepper = AdaptiveStepper(one.mixture, one.problem.timing)
            _, first, _ = one.problem.timing.adaptive.within(4.0)
            one.state.progress = replace(one.state.progress, step_size=first).adaptive()
            while one.state.time < 4.0:
                stepper.advance(one.state)
            stepper.complete(one.state)
        else:
            one.evolve()
        return np.concatenate([part.ravel() for part in by_index(one, len(gases) - 1)]), one

    exact, _ = end(0.02)
    errors, steps = [], []
    for tolerance in (1e-4, 1e-6):
        values, one = end({"tolerance": tolerance})
        errors.append(np.max(np.abs(values - exact)))
        steps.append(one.state.step)
    assert errors[0] < 20 * 1e-4 and errors[1] < 20 * 1e-6, errors
    assert errors[1] < errors[0] / 20.0 and steps[1] > 1.5 * steps[0], (errors, steps)


@pytest.mark.parametrize("screening", (0.0, 0.6))
def test_potential_of_a_gaussian_cloud_where_markers_are(screening):
    """sum_i w_i Phi(x_i) in free space: Phi = N erf(r/s)/r of the density N (pi s^2)^(-3/2) exp(-r^2/s^2), screened
    N exp(mu^2 s^2/4) [exp(-mu r) erfc(mu s/2 - r/s) - exp(mu r) erfc(mu s/2 + r/s)] / 2r. Its force is that of the
    gradient of Phi."""
    size, kind = 1.4, {"kind": "yukawa", "screening": screening} if screening else {"kind": "coulomb"}
    one = system(
        [32] * 3,
        [14.0] * 3,
        [
            {"name": "bosons", "particles": 3.0, "initial": {"kind": "gaussian", "width": size}},
            gas(200, 1e-10, initial={"kind": "gaussian", "width": 1.8}),
        ],
        [{"between": ["bosons", "gas"], "strength": 0.7, "boundary": "free", **kind}],
        time={"step": 0.1, "final": 1.0, "check_step": False},
    )

    def potential(r: np.ndarray) -> np.ndarray:
        left, right = erfc(0.5 * screening * size - r / size), erfc(0.5 * screening * size + r / size)
        screened = np.exp(-screening * r) * left - np.exp(screening * r) * right
        return 0.7 * 3.0 * np.exp(0.25 * (screening * size) ** 2) * screened / (2.0 * r)

    cloud = cloud_of(one)
    r = np.linalg.norm(cloud.position, axis=1)
    # modes that a window of 10 cells does not resolve, beyond 0.8 of the grid's largest, hold exp(-(0.8 k s)^2/4) =
    # 1e-7 of the density and 1e-8 of its potential
    assert one.energy().terms["interaction"] == pytest.approx(cloud.weight @ potential(r), rel=1e-7)
    gradient = np.empty(cloud.position.shape)
    felt = one.mixture.interactions.mean_fields(one.mixture.densities(one.state.clouds))[1]
    patch = cloud.layout.patch_of(cloud.markers, felt)
    one.mixture.engine.kernels.gather(cloud.position, cloud.layout.geometry, patch, gradient)
    slope = (potential(r + 1e-4) - potential(r - 1e-4)) / 2e-4
    np.testing.assert_allclose(gradient, slope[:, None] * cloud.position / r[:, None], rtol=0, atol=1e-6)


@pytest.mark.parametrize("rest_mass", ("included", "subtracted"))
def test_relativistic_markers_conserve_energy(rest_mass):
    """Momenta beyond m: velocities below one, and the energy to the window's floor."""
    one = coupled(0.02, "blanes-moan-6", kinetic="semirelativistic", rest_mass=rest_mass, mass=0.4)
    before = one.energy().total
    one.evolve()
    velocity = one.mixture.species[1].markers.velocity(cloud_of(one).momentum)
    assert 0.9 < np.max(np.abs(velocity)) < 1.0
    # the condensate's fastest mode turns by 1.6 in a step: order 6 leaves less than the window
    assert one.energy().total == pytest.approx(before, rel=4e-8)


def described(x: np.ndarray, p: np.ndarray, share: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Centres and widths of markers, of their momenta and of the condensate, given by its particles at the points."""
    mean = share @ places
    return np.array([x.mean(), x.std(), p.mean(), p.std(), mean, np.sqrt(share @ places**2 - mean**2)])


def by_direct_sums(steps: int) -> np.ndarray:
    """:func:`described` of :func:`coupled` at t = 2 by the same splitting, with sums over all markers and points, and
    no window."""
    one = coupled(2.0 / steps, "blanes-moan-6")
    table, tau = one.problem.time.splitting, 2.0 / steps
    x, p = (part[:, 0] for part in by_index(one))
    phi, places, spacing = one.state.orbitals[0][0].copy(), one.grid.axis(0), one.grid.spacings[0]
    turn = 0.5 * one.grid.wave_numbers(0) ** 2
    for _ in range(steps):
        for number, kick in enumerate(table.kicks):
            distance = x[:, None] - places
            distance -= 16.0 * np.rint(distance / 16.0)
            kernel = np.exp(-0.5 * (distance / 0.7) ** 2)
            p = p + kick * tau * (distance / 0.49 * kernel) @ (np.abs(phi) ** 2 * spacing)
            phi = phi * np.exp(-1j * kick * tau * np.mean(kernel, axis=0))
            if number < len(table.drifts):
                drift = table.drifts[number] * tau
                x = x + drift * p
                phi = np.fft.ifft(np.fft.fft(phi) * np.exp(-1j * drift * turn))
    return described(x, p, np.abs(phi) ** 2 * spacing, places)


@pytest.mark.parametrize(("tolerance", "steps", "bar"), [(1e-8, 40, 1.2e-7), (1e-12, 80, 1e-11)])
def test_windows_stand_for_direct_sums(tolerance, steps, bar):
    """Measured 2.4e-8 and 1.6e-12; with 4, 6 and 10 cells 6e-5, 2.4e-6 and 4e-11."""
    one = coupled(2.0 / steps, "blanes-moan-6", tolerance=tolerance).evolve()
    x, p = (part[:, 0] for part in by_index(one))
    here = described(x, p, one.density(0) * one.grid.spacings[0], one.grid.axis(0))
    np.testing.assert_allclose(here, by_direct_sums(steps), rtol=0, atol=bar)
