"""Ground states of coherently coupled condensates: two levels, dense matrices, stationarity, the energy's minimum."""

import math

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    expression,
    gaussian_kernel,
    harmonic,
    largest,
    mixture_of,
    potentials_of,
    problem_text,
    require_below,
    species,
    system,
)
from physics.test_rabi import dense, rabi

from hpcmix.initial.build import initial_state
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.dressed import Dressing
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.files.load import parse_problem
from hpcmix.state.orbital_cloud import orbital_clouds

BEFORE = Instant.before_start()


def populations(state):
    return np.array([one["particles"] for one in state.record()["species"].values()])


def chemical_potentials(state):
    return np.array([one["chemical_potential"] for one in state.record()["species"].values()])


def applied(state):
    """H psi of every component by numpy's transforms, without the minimiser's arrays; couplings of time 0-."""
    mixture, orbitals = state.mixture, state.state.orbitals
    matrix, result = mixture.rabi.matrix(BEFORE), []
    potentials = potentials_of(mixture, mixture.densities(orbital_clouds(orbitals)), BEFORE)
    for a, (model, potential) in enumerate(zip(mixture.species, potentials, strict=True)):
        symbol = np.empty(state.grid.points)
        for place, values in model.kinetic.planes(state.grid):
            symbol[place] = values
        own = np.fft.ifftn(symbol * np.fft.fftn(state.field(a))) + potential * state.field(a)
        connected = next(sphere for sphere in mixture.spheres if a in sphere)
        result.append(own + sum(matrix[a, b] * state.field(b) for b in connected if len(connected) > 1))
    return result


def residual(state, *members):
    """|H psi - mu psi| / |mu psi| of a group as one vector, mu from its largest component."""
    everything = applied(state)
    left = np.stack([everything[a] for a in members])
    right = np.stack([state.field(a) for a in members])
    mu = np.vdot(right, left).real / np.vdot(right, right).real
    return np.linalg.norm(left - mu * right) / np.linalg.norm(mu * right)


# ---------------------------------------------------------------- exact states


@pytest.mark.parametrize("given", [(3.0, 0.0), (1.0, 2.0)])
@pytest.mark.parametrize("phase", [0.0, 0.7, -2.0, math.pi])
@pytest.mark.parametrize("detuning", [0.0, 1.1, -30.0])
def test_two_levels(detuning, phase, given):
    """Equal masses and traps, no interactions: N (E_0 - W / 2), imbalance -delta / W, W^2 = Omega^2 + delta^2, and
    psi_b = -exp(-i phase) |psi_b| beside a positive psi_a."""
    omega = 2.0
    state = system(
        [40],
        [14.0],
        [species(n, particles=p, potential=harmonic(1.0)) for n, p in zip("ab", given, strict=True)],
        coupling=[rabi("a", "b", omega, detuning=detuning, phase=phase)],
    )
    whole = math.hypot(omega, detuning)
    # a residual of 1e-10: energies are wrong by its square, populations by itself over a gap of W
    exact = 3.0 * (0.5 - 0.5 * whole)
    assert state.energy().total == pytest.approx(exact, abs=1e-12 * (1.0 + whole))
    assert state.ground_state.energy == pytest.approx(exact, abs=1e-12 * (1.0 + whole))
    first, second = populations(state)
    assert (first - second) / 3.0 == pytest.approx(-detuning / whole, abs=1e-9)
    assert first + second == pytest.approx(3.0, rel=1e-13)
    np.testing.assert_allclose(chemical_potentials(state), 0.5 - 0.5 * whole, atol=1e-7 * whole)
    angle = -np.exp(-1j * phase)
    assert largest(state.field(0) - np.abs(state.field(0))) < 1e-9
    assert largest(state.field(1) - angle * np.abs(state.field(1))) < 1e-9


FLUX = [rabi("a", "b", 2.0, detuning=0.3), rabi("b", "c", 1.3, phase=0.5), rabi("c", "a", 0.9, phase=1.2)]
CHAIN = [rabi("a", "b", 2.0, detuning=0.7, phase=0.4), rabi("b", "c", 1.3, phase=-1.0)]


@pytest.mark.parametrize("kinetic", ["nonrelativistic", "semirelativistic"])
@pytest.mark.parametrize("couplings", [CHAIN[:1], CHAIN, FLUX], ids=["two", "chain", "ring"])
def test_the_lowest_level_of_a_dense_matrix(couplings, kinetic):
    """Unequal masses, traps and kinetic energies without interactions, the rest masses in them or not: the smallest
    eigenvalue of the whole Hamiltonian and its vector. A ring of phases cannot be turned away."""
    count = 2 if len(couplings) == 1 else 3
    everything = [
        species(
            name,
            mass=mass,
            particles=nu,
            potential=harmonic(omega),
            **({"kinetic": kinetic} if kinetic == "semirelativistic" and name != "b" else {}),
        )
        for name, mass, nu, omega in zip("abc"[:count], (1.0, 1.7, 0.6), (3.0, 1.5, 0.0), (0.5, 0.3, 0.7), strict=False)
    ]
    state = system([32], [16.0], everything, coupling=couplings)
    values, vectors = np.linalg.eigh(dense(state, BEFORE))
    assert values[1] - values[0] > 0.05
    assert state.energy().total == pytest.approx(4.5 * values[0], rel=1e-12)
    assert state.ground_state.energy == pytest.approx(4.5 * values[0], rel=1e-12)
    found = np.concatenate([state.field(a) for a in range(count)])
    overlap = abs(np.vdot(vectors[:, 0], found)) / np.linalg.norm(found)
    require_below(abs(1.0 - overlap), 1e-14, "missing overlap")  # the square of residual over gap


# ---------------------------------------------------------------- interactions


def dressed(
    points=(26, 24), masses=(1.0, 1.0), phase=0.0, between=0.6, omega=2.0, third=False, given=(4.0, 2.0),
    switching=None, **more,
):  # fmt: skip
    """Two coupled components, and a third one that is not, if wanted."""
    d = len(points)
    entries = zip("ab", masses, given, ([1.0, 1.2], [0.9, 1.2]), strict=True)
    everything = [species(n, mass=m, particles=p, potential=harmonic(w[:d])) for n, m, p, w in entries]
    terms = [contact("a", "a", 1.0), contact("b", "b", 0.8), contact("a", "b", between)]
    if third:
        everything.append(species("c", particles=5.0, potential=harmonic(1.1), mass=0.8))
        terms += [contact("c", "c", 0.7), contact("a", "c", 0.5), gaussian_kernel("b", "c", 0.4, 0.9)]
    coupling = [rabi("a", "b", omega, detuning=0.3, phase=phase, **(switching or {}))]
    return system(points, [11.0, 10.0][:d], everything, terms, coupling=coupling, **more)


CASES = {
    "equal masses": {},
    "a phase": {"phase": 0.7},
    "unequal masses": {"masses": (1.0, 1.5)},
    "nothing in b at first": {"given": (6.0, 0.0)},
    "a third species": {"third": True, "phase": -2.0},
    "strong coupling": {"omega": 40.0},
    "immiscible": {"between": 2.5},
}


@pytest.mark.parametrize("case", CASES)
def test_stationary(case):
    """Over several Rabi periods populations and densities stay, all components have the group's chemical potential, and
    the residual is what was asked for."""
    options = CASES[case]
    period = 2.0 * math.pi / options.get("omega", 2.0)
    state = dressed(points=[48], time=evolution(4.0 * period, 4.0 * period / 200), **options)
    print(f"measured: {case}: {state.ground_state.iterations} iterations")
    assert state.ground_state.iterations <= 60
    # relative to mu counted from the coupling's lowest level, which is larger than mu itself where they cancel
    require_below(residual(state, 0, 1), 1e-9, "residual")
    first, second, *others = chemical_potentials(state)
    assert first == pytest.approx(second, rel=1e-8)
    assert state.ground_state.energy == pytest.approx(state.energy(BEFORE).total, rel=1e-13)
    start, densities = populations(state), [state.density(a) for a in range(len(state.mixture.species))]
    assert start[0] + start[1] == pytest.approx(6.0, rel=1e-13) and min(start) > 1e-3
    assert not others or start[2] == pytest.approx(5.0, rel=1e-13)
    state.evolve()
    np.testing.assert_allclose(populations(state), start, rtol=1e-8)
    for a, density in enumerate(densities):
        require_below(largest(state.density(a) - density) / density.max(), 1e-8, "density")


@pytest.mark.parametrize("case", ["equal masses", "a phase", "unequal masses", "a third species"])
def test_lower_than_its_neighbours(case):
    """Populations, relative phase and shapes changed a little, at the same total number: the energy rises as the
    square."""
    state = dressed(**CASES[case])
    start = state.energy(BEFORE).total
    a, b = (orbital.copy() for orbital in state.state.orbitals[:2])
    norms = state.norms()
    x = state.grid.coordinates[0]

    def shift(s):  # particles from b to a, or back
        return a * math.sqrt(1.0 + s), b * math.sqrt(1.0 - s * norms[0] / norms[1])

    def tilt(s):
        first, second = a * (1.0 + s * x), b * (1.0 - s * x)
        size = math.sqrt(sum(np.sum(np.abs(f) ** 2) for f in (first, second)) * state.grid.cell_volume)
        whole = math.sqrt(norms[0] + norms[1])
        return first * whole / size, second * whole / size

    for name, change in {"populations": shift, "phase": lambda s: (a, b * np.exp(1j * s)), "tilt": tilt}.items():
        rises = []
        for s in (-0.02, -0.01, 0.01, 0.02):
            state.state.clouds[:2] = orbital_clouds(change(s))
            rises.append(state.energy(BEFORE).total - start)
        assert min(rises) > 1e-6 * abs(start), name
        # quadratic: four times for twice; a third order of a few s beside it
        assert rises[0] + rises[3] == pytest.approx(4.0 * (rises[1] + rises[2]), rel=0.01), name
        state.state.clouds[:2] = orbital_clouds((a, b))


def test_coupling_restores_miscibility():
    """g_ab = 2.5 g: without coupling the components part, with a strong one they lie on each other."""

    def overlap(state):
        first, second = state.density(0), state.density(1)
        return np.sum(first * second) / math.sqrt(np.sum(first**2) * np.sum(second**2))

    trap = harmonic([1.0, 2.0])
    both = [species(name, particles=20.0, potential=trap) for name in "ab"]
    terms = [contact("a", "a", 1.0), contact("b", "b", 1.0), contact("a", "b", 2.5)]
    apart = system([36, 24], [14.0, 8.0], both, terms)
    weak, strong = (
        system([36, 24], [14.0, 8.0], both, terms, coupling=[rabi("a", "b", omega)]) for omega in (0.5, 20.0)
    )
    assert overlap(apart) < 0.2
    # free to turn into each other, they need not even part: nearly all are of one kind
    first, second = populations(weak)
    assert first > 10.0 * second
    first, second = populations(strong)
    assert first == pytest.approx(second, rel=1e-6)
    require_below(1.0 - overlap(strong), 1e-9, "missing overlap")
    # one component with the mean of the couplings, in a frame of its own: E = N (.) - N Omega / 2
    alone = system([36, 24], [14.0, 8.0], [species("a", particles=40.0, potential=trap)], [contact("a", "a", 1.75)])
    assert strong.energy().total == pytest.approx(alone.energy().total - 40.0 * 10.0, rel=1e-11)
    assert (
        weak.energy().total
        < system([36, 24], [14.0, 8.0], [species("a", particles=40.0, potential=trap)], [contact("a", "a", 1.0)])
        .energy()
        .total
        - 1e-3
    )


def test_residuals_are_relative_to_what_the_coupling_leaves():
    """A coupling thirty and thirty thousand times the trap: mu is nearly all coupling, and the residual still that of
    the cloud, not a part of hbar Omega."""
    weak, strong = (dressed(omega=omega, between=0.9) for omega in (30.0, 3e4))
    for state in (weak, strong):
        assert state.ground_state.iterations <= 80  # measured: 29 and 54
        mu, omega = chemical_potentials(state)[0], state.problem.coupling[0].rabi_frequency
        # rounding of hbar Omega beside the tolerance
        assert residual(state, 0, 1) * abs(mu) < 2e-10 * (mu + 0.5 * math.hypot(0.3, omega)) + 1e-15 * omega
    # the coupling's admixture of the other dressed state falls with 1 / Omega
    for a in range(2):
        assert largest(weak.density(a) - strong.density(a)) < 0.03 * largest(weak.density(a))
    assert strong.energy().coupling == pytest.approx(-6.0 * 0.5 * 3e4, rel=1e-6)


def test_imaginary_time_agrees():
    """Another way, with the coupling's own decay between the others; its state is off by its step's square."""
    slow = dressed(phase=0.7, masses=(1.0, 1.5), ground_state={"method": "imaginary-time", "tolerance": 1e-4})
    fast = dressed(phase=0.7, masses=(1.0, 1.5))
    assert slow.ground_state.method == "imaginary-time"
    assert slow.energy().total == pytest.approx(fast.energy().total, rel=1e-6)
    np.testing.assert_allclose(populations(slow), populations(fast), rtol=1e-3)
    for a in range(2):
        overlap = np.vdot(slow.field(a), fast.field(a))
        assert np.angle(overlap) == pytest.approx(0.0, abs=1e-3)


def test_single_precision():
    double, single = dressed(phase=0.7), dressed(phase=0.7, parallel={"precision": "single"})
    assert single.state.orbitals[0].dtype == np.complex64
    assert single.energy().total == pytest.approx(double.energy().total, rel=1e-5)
    np.testing.assert_allclose(populations(single), populations(double), rtol=1e-3)


# ---------------------------------------------------------------- what acts at time 0-


def test_a_group_that_grows_at_the_start():
    """a and b are coupled before the start, c joins at time zero: c keeps its number, a and b share theirs."""
    couplings = [rabi("a", "b", 2.0), rabi("b", "c", 1.0, detuning=0.4, **{"from": 0.0})]
    trap = harmonic(1.0)
    everything = [species(n, particles=p, potential=trap) for n, p in (("a", 4.0), ("b", 0.0), ("c", 3.0))]
    state = system([32], [12.0], everything, coupling=couplings, time=evolution(0.5, 0.05, "strang"))
    # the detuning of the second coupling acts always: b lies above a by 0.2 of its own frequency unit
    whole = math.hypot(2.0, 0.2)
    first, second, third = populations(state)
    assert (first - second) / 4.0 == pytest.approx(0.2 / whole, abs=1e-9)
    assert third == pytest.approx(3.0, rel=1e-13)
    np.testing.assert_allclose(np.sum(state.norms()), 1.0, rtol=1e-13)
    state.evolve()
    assert abs(populations(state)[2] - 3.0) > 0.1


def test_switched_off_at_the_start():
    """A coupling that ends at time zero has made the state, and leaves the populations alone afterwards."""
    state, ended = (
        dressed(points=[48], time=evolution(0.5, 0.05), **entries) for entries in ({}, {"switching": {"until": 0.0}})
    )
    for a in range(2):
        np.testing.assert_array_equal(ended.state.orbitals[a], state.state.orbitals[a])
    start = populations(ended)
    ended.evolve()
    np.testing.assert_allclose(populations(ended), start, rtol=1e-12)


@pytest.mark.parametrize("entry", [{"from": 0.0}, {"factor": "sin(t)"}])
def test_not_on_before_the_start(entry):
    """Then the species keep the numbers that they are given."""
    trap = harmonic(1.0)
    both = [species("a", particles=3.0, potential=trap), species("b", particles=1.0, potential=trap)]
    state = system([32], [12.0], both, coupling=[rabi("a", "b", 2.0, **entry)], time=evolution(0.5, 0.05, "strang"))
    np.testing.assert_allclose(populations(state), [3.0, 1.0], rtol=1e-13)


def test_momentum_and_noise_keep_the_populations():
    shaken = {"kind": "ground-state", "momentum": 0.5, "noise": {"amplitude": 0.1, "seed": 3}}
    states = [
        system(
            [32],
            [4 * math.pi],
            [species(n, potential=harmonic(1.0), initial=initial) for n in "ab"],
            coupling=[rabi("a", "b", 2.0, detuning=0.8)],
        )
        for initial in ({"kind": "ground-state"}, shaken)
    ]
    np.testing.assert_allclose(populations(states[1]), populations(states[0]), rtol=1e-12)
    assert largest(states[1].field(0) - states[0].field(0)) > 0.01


# ---------------------------------------------------------------- the landscape


def test_gradient_and_energy_of_the_landscape():
    """dE/ds = 2 nu sum_a Re <delta_a|(H phi)_a> on rough fields: the coupling in the gradient is the derivative of that
    in the energy, and the projected gradient is tangent to the sphere as a whole only."""
    state = dressed(phase=0.9, third=True)
    mixture = Dressing.of(state.problem, state.mixture).dressed(state.problem, state.mixture)
    random = np.random.default_rng(4)

    def rough():
        shape = (3, *state.grid.points)
        return list((random.standard_normal(shape) + 1j * random.standard_normal(shape)) / 15.0)

    landscape = Landscape(mixture, rough(), BEFORE, frozenset())
    landscape.refresh()
    landscape.differentiate()
    products = landscape.products(landscape.fields, landscape.fields)
    assert products[0] + products[1] == pytest.approx(1.0, rel=1e-13) and products[2] == pytest.approx(1.0, rel=1e-13)
    assert landscape.chemical_potentials[0] == landscape.chemical_potentials[1] != landscape.chemical_potentials[2]
    along = landscape.products(landscape.fields, landscape.gradients)
    assert along[0] + along[1] == pytest.approx(0.0, abs=1e-11) and abs(along[0]) > 1e-3
    assert landscape.coupling_energy(landscape.fields) != 0.0
    here, deltas = [field.copy() for field in landscape.fields], rough()
    predicted = 2.0 * float(
        np.dot(
            landscape.weights,
            landscape.products(deltas, landscape.gradients)
            + landscape.chemical_potentials * landscape.products(deltas, here),
        )
    )

    def energy(s):
        for field, start, delta in zip(landscape.fields, here, deltas, strict=True):
            field[...] = start + s * delta
        landscape.apply_kinetic(landscape.fields, landscape.kinetic)
        landscape.evaluate()
        return landscape.energy

    h = 0.5  # exact for a polynomial of the fourth degree
    measured = (8.0 * (energy(h) - energy(-h)) - (energy(2 * h) - energy(-2 * h))) / (12.0 * h)
    assert measured == pytest.approx(predicted, rel=1e-11) and abs(predicted) > 1.0


# ---------------------------------------------------------------- which couplings take part


def two(coupling, particles=(100.0, 0.0)):
    return system(
        [32],
        [12.0],
        [species(name, particles=n, potential=[harmonic(1.0)]) for name, n in zip("ab", particles, strict=True)],
        coupling=[coupling],
        time=evolution(8.0, 0.08, "blanes-moan-4"),
    )


def test_a_smooth_pulse_that_comes_later_begins_with_the_particles_given():
    """sech pulse: the area is that of the Gudermann function, and N sin^2(area / 2) are in "b" afterwards."""
    omega = 1.0
    state = two(rabi("a", "b", omega, factor="1/cosh(2*(t - 4))"))
    np.testing.assert_allclose(populations(state), [100.0, 0.0], rtol=1e-14)
    state.evolve()
    area = 0.5 * omega * 4.0 * math.atan(math.tanh(4.0))
    # three nodes of Gauss and Legendre over drifts of at most 0.02, where the pulse is one of length 0.5
    require_below(abs(populations(state)[1] - 100.0 * math.sin(0.5 * area) ** 2), 1e-7, "particles")


def test_a_modulated_coupling_dresses_where_the_file_says_so():
    """With its strength at time 0-; without it the species are as given."""
    modulated, given = (
        two(rabi("a", "b", 2.0, detuning=0.7, factor="1 + 0.5*cos(4*t)", dressed=dressed), (70.0, 30.0))
        for dressed in (True, False)
    )
    constant = two(rabi("a", "b", 3.0, detuning=0.7), (70.0, 30.0))
    np.testing.assert_allclose(populations(modulated), populations(constant), rtol=1e-9)
    assert abs(populations(constant)[0] - 70.0) > 1.0
    np.testing.assert_allclose(populations(given), [70.0, 30.0], rtol=1e-12)


def test_a_late_pulse_has_no_part_in_a_dressed_state_of_the_same_pair():
    both, alone = (
        system(
            [32],
            [12.0],
            [species(name, particles=50.0, potential=[harmonic(1.0)]) for name in "ab"],
            coupling=couplings,
            time=evolution(1.0, 0.05),
        )
        for couplings in (
            [rabi("a", "b", 2.0, detuning=0.7), rabi("a", "b", 30.0, factor="1/cosh(9*(t - 0.6))")],
            [rabi("a", "b", 2.0, detuning=0.7)],
        )
    )
    np.testing.assert_array_equal(populations(both), populations(alone))


@pytest.mark.parametrize(
    "switch",
    [
        {},
        {"until": 0.0},
        {"until": 0.0, "ramp": 0.3},
        {"from": 0.0},
        {"from": -0.2, "ramp": 0.5},
        {"from": -0.2, "ramp": 0.5, "ramp_shape": "smooth"},
        {"from": -2.0, "until": -0.2, "ramp": 0.5, "factor": "1 + 0.3*cos(t)"},
        {"from": -2.0, "until": -1.0, "ramp": 0.5},
    ],
    ids=str,
)
def test_the_file_and_the_model_agree_on_what_is_on_at_time_zero(switch):
    state = system(
        [8],
        [8.0],
        [species("a", initial=expression("1")), species("b", initial=expression("1"))],
        coupling=[rabi("a", "b", 2.0, **switch)],
    )
    matrix = state.mixture.rabi.matrix(BEFORE)
    assert matrix[0, 1] == pytest.approx(state.problem.coupling[0].before_start, rel=1e-15)


def test_what_was_chosen_is_said():
    """And how to get the other; nothing where there is no choice."""

    def said(coupling, **entries):
        state = [species(name, particles=n, potential=[harmonic(1.0)], **entries) for name, n in (("a", 9.0), ("b", 0))]
        if entries:
            state[1]["particles"] = 3.0
        lines = []
        problem = parse_problem(problem_text([16], [12.0], state, coupling=[coupling], time=evolution(8.0, 0.5)))
        mixture = mixture_of(problem)
        initial_state(problem, mixture, lambda *progress: None, lines.append)
        return lines

    pulse = {"factor": "1/cosh(2*(t - 4))"}
    (line,) = said(rabi("a", "b", 1.0, **pulse))
    assert "keep the particles given" in line and "0.067 % of its largest" in line and "dressed = true in its" in line
    (line,) = said(rabi("a", "b", 1.0))
    assert "the ground state has 4.5 and 4.5 (dressed = false in their [[coupling]] keeps the particles given)" in line
    assert said(rabi("a", "b", 1.0, **{"from": 0.0})) == []
    given = {"initial": expression("1")}
    assert said(rabi("a", "b", 1.0), **given) == said(rabi("a", "b", 1.0, **pulse), **given) == []
    (line,) = said(rabi("a", "b", 1.0, dressed=True), **given)
    assert "dressed = true has no effect" in line
