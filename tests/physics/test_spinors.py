"""Spinor condensates of spin 1: the exact flow of spins, ground states at a given magnetisation, modes, orders.

For a uniform gas of density n everything is known: with x = c_2 n and M = 0 ferromagnetic spins (x < 0) have
rho_0 = (1 + q / 2|x|) / 2 up to q = 2|x| and are polar beyond; a polar state has E_k = sqrt((e + q)(e + q + 2 x)),
twice.
"""

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from physics.systems import evolution, expression, harmonic, largest, log_slope, require_below, species, system
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar

from hpcmix.initial.descent.held_phases import FREE
from hpcmix.initial.descent.search import _Spheres
from hpcmix.initial.dressed import Dressing
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.dense import DenseSearch
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.modes import search_of
from hpcmix.kernels.twins import loops
from hpcmix.model.components.spin import spin_density
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.running.stops.guard import BlowUp, Guard

NAMES = ["plus", "zero", "minus"]
SPIN = [
    math.sqrt(0.5) * np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
    math.sqrt(0.5) * np.array([[0, -1j, 0], [1j, 0, -1j], [0, 1j, 0]]),
    np.diag([1.0, 0.0, -1.0]),
]
"""The matrices f of spin 1."""
STARTS = ["exp(-(x - 0.3)**2)", "0.8*exp(-x**2/2)", "0.5*exp(-(x + 0.4)**2/1.5)"]
PHASES = ["0.5*x", "0.3*sin(x)", "1.0"]


def spinor(c2, c0=0.0, **entries):
    return [{"species": NAMES, "spin_interaction": c2, "density_interaction": c0, **entries}]


def moving(d=1, particles=(1.0, 1.5, 0.7), comm=None, time=None, losses=(), **entries):
    """Three components that begin at different places, with different phases, in one trap."""
    points, lengths = [[24], [16, 15], [12, 11, 10]][d - 1], [10.0] * d
    starts = [
        {
            "kind": "expression",
            "amplitude": f"{amplitude}*exp(-({'+'.join(('0', 'y**2', 'z**2')[:d])})/2)",
            "phase": phase,
        }
        for amplitude, phase in zip(STARTS, PHASES, strict=True)
    ]
    return system(
        points,
        lengths,
        [
            species(name, particles=number, potential=harmonic(1.0), initial=start)
            for name, number, start in zip(NAMES, particles, starts, strict=True)
        ],
        spinor=spinor(**{"c2": -0.8, "c0": 2.0, **entries}),
        **({} if comm is None else {"comm": comm}),
        **({"loss": losses} if losses else {}),
        time=time or evolution(0.4, 0.02),
    )


def uniform(particles, c2, points=8, **entries):
    """A gas of density one at rest, its components as given or as the search finds them."""
    more = {key: entries.pop(key) for key in ("ground_state", "time") if key in entries}
    return system(
        [points],
        [2.0 * math.pi],
        [species(name, particles=2.0 * math.pi * part) for name, part in zip(NAMES, particles, strict=True)],
        spinor=spinor(c2, **{"c0": 1.0, **entries}),
        **more,
    )


def spins_of(one):
    """F and n at every point."""
    psi = [one.field(a) for a in range(3)]
    return np.array([part.real for part in spin_density(psi, psi)]), sum(np.abs(part) ** 2 for part in psi)


# ---------------------------------------------------------------- the flow


@pytest.mark.parametrize("implementation", ["native", "reference"])
def test_flow_is_the_exponential_of_the_spin_and_keeps_what_it_must(implementation):
    """At 300 points against exp(-i angle F.f) of scipy: F, n and psi."""
    kernels = loops if implementation == "reference" else pytest.importorskip("hpcmix.kernels._native")
    random = np.random.default_rng(3)
    psi = random.normal(size=(3, 300)) + 1j * random.normal(size=(3, 300))
    psi[:, 0] = 0.0
    psi[:, 1] = [0.0, 1.3, 0.0]  # no spin
    before = np.array(spin_density(psi, psi))
    turned = psi.copy()
    kernels.turn_spins(*turned, -0.37)
    expected = np.empty_like(psi)
    for number, column in enumerate(psi.T):
        generator = sum(np.vdot(column, matrix @ column).real * matrix for matrix in SPIN)
        expected[:, number] = expm(0.37j * generator) @ column
    # values and angles of order ten, a few roundings each
    require_below(largest(turned - expected), 1e-13, "psi")
    require_below(largest(np.array(spin_density(turned, turned)) - before), 1e-13, "F")
    require_below(largest(np.sum(np.abs(turned) ** 2 - np.abs(psi) ** 2, axis=0)), 1e-13, "n")
    assert largest(turned - psi) > 1.0


@pytest.mark.parametrize("d", [1, 2, 3])
def test_conservation_in_a_trap(d):
    """Particles and F of all, as vectors, where there is no field; with one F_z alone. The populations move."""
    free = moving(d)
    start = free.record()
    free.evolve()
    end = free.record()
    for axis in "xyz":
        # hundreds of kicks and drifts, a rounding each
        assert end["spin"][axis] == pytest.approx(start["spin"][axis], abs=1e-11)
    populations = [[record["species"][name]["particles"] for name in NAMES] for record in (start, end)]
    assert sum(populations[1]) == pytest.approx(sum(populations[0]), abs=1e-11)
    assert abs(populations[1][1] - populations[0][1]) > 1e-3
    # the sixth-order scheme at this step (test_order below measures 1e-8 of psi)
    assert end["energy"]["total"] == pytest.approx(start["energy"]["total"], rel=1e-7)
    assert start["energy"]["spin"] == pytest.approx(sum(start["species"][name]["spin_energy"] for name in NAMES))
    assert start["energy"]["spin"] < 0.0


def test_a_field_leaves_the_spin_along_it():
    turned = moving(linear_zeeman=1.3, quadratic_zeeman=0.6)
    start = turned.record()
    end = turned.evolve().record()
    assert end["magnetisation"] == pytest.approx(start["magnetisation"], abs=1e-12)
    assert abs(end["spin"]["x"] - start["spin"]["x"]) > 0.1
    assert end["energy"]["total"] == pytest.approx(start["energy"]["total"], rel=1e-7)


def test_linear_zeeman_energy_turns_the_spin_about_z():
    """F(t) of the same gas without it, turned by -p t about z for -p f_z."""
    still, turning = moving(), moving(linear_zeeman=0.9)
    still.evolve(), turning.evolve()
    first, second = spins_of(still)[0], spins_of(turning)[0]
    phase = np.exp(-1j * 0.9 * still.time)
    require_below(largest(second[2] - first[2]), 1e-12, "F_z")
    require_below(largest((second[0] + 1j * second[1]) - phase * (first[0] + 1j * first[1])), 1e-12, "F_x + i F_y")


def mixing(q, c2, rho, magnetisation):
    """The other turning point of rho_0 and the period of a uniform gas of density one that begins with equal phases at
    the turning point rho, from energy and magnetisation (Zhang, Zhou, Chang, Chapman, You, PRA 72 (2005) 013602):

        (d rho_0/dt)^2 = 4 {[E - q (1 - rho_0)] [2 c rho_0 (1 - rho_0) + q (1 - rho_0) - E] - (c rho_0 M)^2}.
    """

    def energy(r):
        return c2 * r * ((1 - r) + math.sqrt((1 - r) ** 2 - magnetisation**2)) + q * (1 - r)

    whole = energy(rho)

    def speed_squared(r):
        left = whole - q * (1 - r)
        return 4.0 * (left * (2.0 * c2 * r * (1 - r) - left) - (c2 * r * magnetisation) ** 2)

    grid = np.linspace(1e-6, 1.0 - magnetisation, 2001)
    ends = pairwise(grid)
    turns = [brentq(speed_squared, a, b) for a, b in ends if speed_squared(a) * speed_squared(b) < 0.0]
    other = min((turn for turn in turns if abs(turn - rho) > 1e-3), key=lambda turn: abs(turn - rho))
    low, high = sorted((rho, other))

    def slowness(angle):  # rho_0 = middle - half cos(angle): the roots at the ends are taken out
        r = 0.5 * (low + high) - 0.5 * (high - low) * math.cos(angle)
        return 0.5 * (high - low) * math.sin(angle) / math.sqrt(speed_squared(r))

    return other, 2.0 * quad(slowness, 1e-7, math.pi - 1e-7, epsabs=1e-10)[0]


@pytest.mark.parametrize("magnetisation", [0.0, 0.3])
def test_single_mode_period(magnetisation):
    """After half a period rho_0 is at the other turning point, after a whole one back. Near a turning point it is
    quadratic in the time: 1e-9 of rho_0 is 1e-5 of the period, and the quadrature leaves 1e-7 of that."""
    q, c2, rho = 0.4, -1.0, 0.5
    other, period = mixing(q, c2, rho, magnetisation)
    parts = [(1 - rho + magnetisation) / 2, rho, (1 - rho - magnetisation) / 2]
    wave = {"kind": "plane-waves", "numbers": 0}
    one = system(
        [4],
        [1.0],
        [species(name, particles=part, initial=wave) for name, part in zip(NAMES, parts, strict=True)],
        spinor=spinor(c2, 1.0, quadratic_zeeman=q),
        time=evolution(period, period / 60),
    )
    one.evolve(30)
    assert one.density(1)[0] == pytest.approx(other, abs=1e-9)
    one.evolve()
    assert one.density(1)[0] == pytest.approx(rho, abs=1e-9)
    assert abs(other - rho) > 0.05


# ---------------------------------------------------------------- steps

STEPS = {"strang": (20, 30, 40), "blanes-moan-4": (16, 20, 28), "blanes-moan-6": (16, 20, 24)}


def quench(integrator, steps):
    """A smooth course of q while the components move in their trap."""
    course = [{"energy": 0.5}, {"energy": 0.7, "factor": "cos(3*t)"}]
    return moving(time=evolution(0.8, 0.8 / steps, integrator), quadratic_zeeman=course, linear_zeeman=0.3).evolve()


@cache
def reference():
    return quench("blanes-moan-6", 64).state.orbitals


@pytest.mark.parametrize(("integrator", "order"), [("strang", 2), ("blanes-moan-4", 4), ("blanes-moan-6", 6)])
def test_order(integrator, order):
    errors = [
        max(
            largest(mine - exact) for mine, exact in zip(quench(integrator, n).state.orbitals, reference(), strict=True)
        )
        for n in STEPS[integrator]
    ]
    slope = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {slope:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert slope == pytest.approx(order, abs=0.15)


def test_a_look_between_steps_sees_the_pending_kick():
    """Records of a state with its last kick pending are those of the completed state: populations, spins, energies."""
    one = moving(quadratic_zeeman=0.4)
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    assert one.state.progress.pending_kick > 0.0
    pending, untouched = one.record(), [one.density(a) for a in range(3)]
    one.stepper.complete(one.state)
    complete = one.record()
    for name in NAMES:
        for key in ("particles", "kinetic_energy", "interaction_energy", "spin_energy", "chemical_potential"):
            # a few roundings of numbers of order ten
            assert pending["species"][name][key] == pytest.approx(complete["species"][name][key], abs=1e-12), key
    assert pending["spin"]["x"] == pytest.approx(complete["spin"]["x"], abs=1e-13)
    assert largest(untouched[1] - one.density(1)) > 1e-5


def test_expanding_frame_gives_the_laboratory_s_spins():
    """A release from a trap: the same populations and energies in a frame that grows."""
    off = [harmonic(1.0, until=0.0)]
    ends = []
    for frame in (None, {"frame": {"kind": "expanding", "rate": 1.0}}):
        one = system(
            [48] if frame else [96],
            [14.0] if frame else [28.0],
            [
                species(name, particles=number, potential=off, initial={**expression(amplitude), "phase": phase})
                for name, number, amplitude, phase in zip(
                    NAMES, (1.0, 1.5, 0.7), STARTS, ("0", "0.3", "1"), strict=True
                )
            ],
            spinor=spinor(-0.8, 2.0),
            time=evolution(1.0, 0.01, "blanes-moan-6"),
            **({"grid": frame} if frame else {}),
        )
        ends.append(one.evolve().record())
    fixed, expanded = ends
    for name in NAMES:
        # the larger box's spacing, and a sixth-order step each
        assert expanded["species"][name]["particles"] == pytest.approx(fixed["species"][name]["particles"], rel=1e-7)
        assert expanded["species"][name]["spin_energy"] == pytest.approx(
            fixed["species"][name]["spin_energy"], rel=1e-6
        )


# ---------------------------------------------------------------- ground states


@pytest.mark.parametrize("ratio", [0.3, 0.9, 1.1])
def test_phase_boundary_of_a_ferromagnet(ratio):
    """Of M = 0, q = 2|c_2| n ratio: rho_0 = (1 + ratio)/2 below ratio = 1, all in m = 0 beyond."""
    c2 = -0.6
    q = 2.0 * abs(c2) * ratio
    one = uniform((0.3, 0.5, 0.2), c2, quadratic_zeeman=q, linear_zeeman=5.0, magnetisation=0.0)
    wanted = min(1.0, 0.5 * (1.0 + ratio))
    # the residual of 1e-10 squared, over a curvature that is a tenth of the energies at least
    assert one.density(1)[0] == pytest.approx(wanted, abs=1e-8)
    assert one.density(0)[0] == pytest.approx(one.density(2)[0], abs=1e-8)
    expected = 0.5 + q * (1 - wanted) + 2.0 * c2 * wanted * (1 - wanted)
    assert one.ground_state.energy / (2.0 * math.pi) == pytest.approx(expected, abs=1e-12)


def energy_of(rho, magnetisation, q, c2):
    """Of a uniform gas of density one with the better of the two relative phases."""
    parallel = (1 - rho) + math.copysign(1.0, -c2) * math.sqrt(max(0.0, (1 - rho) ** 2 - magnetisation**2))
    return q * (1 - rho) + 0.5 * c2 * (magnetisation**2 + 2.0 * rho * parallel)


@pytest.mark.parametrize(
    ("c2", "q", "magnetisation"), [(-0.6, 0.3, 0.4), (-0.6, 0.8, -0.7), (0.6, -0.2, 0.3), (0.6, 0.5, 0.2)]
)
def test_magnetised_uniform_gases(c2, q, magnetisation):
    """The lowest energy over rho_0 at a magnetisation, of both kinds of spin."""
    best = minimize_scalar(
        lambda rho: energy_of(rho, magnetisation, q, c2),
        bounds=(0.0, 1 - abs(magnetisation)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    one = uniform((0.3, 0.4, 0.3), c2, quadratic_zeeman=q, magnetisation=magnetisation)
    record = one.record()
    assert record["magnetisation"] == pytest.approx(magnetisation, abs=1e-12)
    # what the bounded search over rho_0 leaves
    assert one.ground_state.energy / (2.0 * math.pi) == pytest.approx(0.5 + best.fun, abs=1e-9)


def test_free_magnetisation_follows_the_field():
    """Without a magnetisation p decides: a ferromagnet is along it, whatever the particles given."""
    one = uniform((0.2, 0.3, 0.5), -0.5, linear_zeeman=0.4)
    assert one.record()["magnetisation"] == pytest.approx(1.0, abs=1e-8)
    assert one.ground_state.energy / (2.0 * math.pi) == pytest.approx(0.5 - 0.25 - 0.4, abs=1e-10)


@pytest.mark.parametrize("magnetisation", [0.25, 1.0])
def test_a_trapped_ground_state_stays(magnetisation):
    """Populations and density stand still; a linear Zeeman energy turns the spins and no more."""
    one = system(
        [32],
        [14.0],
        [
            species(name, particles=part, potential=harmonic(1.0))
            for name, part in zip(NAMES, (1.0, 1.0, 1.0), strict=True)
        ],
        spinor=spinor(-1.0, 8.0, quadratic_zeeman=0.3, linear_zeeman=2.0, magnetisation=magnetisation),
        time=evolution(0.5, 0.01),
    )
    before = [one.density(a) for a in range(3)]
    assert one.record()["magnetisation"] == pytest.approx(magnetisation, abs=1e-12)
    one.evolve()
    for a in range(3):
        # a residual of 1e-10, grown in half a unit of time, and the scheme's own error at this step
        require_below(largest(one.density(a) - before[a]), 1e-8, NAMES[a])


def test_a_ferromagnet_has_one_energy_and_an_antiferromagnet_no_atoms_in_zero():
    """Turning all spins of a ferromagnet changes M and no energy; its populations are those of a coherent state,
    ((1 + M)/2)^2, (1 - M^2)/2, ((1 - M)/2)^2 (one wave function for all). An antiferromagnet with M leaves m = 0 empty
    (Lin and Chern, DCDS B 19 (2014) 1119)."""

    def trapped(c2, magnetisation):
        one = system(
            [24],
            [10.0],
            [species(name, particles=1.0, potential=harmonic(1.0)) for name in NAMES],
            spinor=spinor(c2, 8.0, magnetisation=magnetisation),
        )
        record = one.record()["species"]
        return one.ground_state.energy, np.array([record[name]["particles"] for name in NAMES]) / 3.0

    energies = []
    for magnetisation in (0.5, -0.999, 1.0):
        energy, parts = trapped(-2.0, magnetisation)
        energies.append(energy)
        up, down = 0.5 * (1 + magnetisation), 0.5 * (1 - magnetisation)
        # the residual of 1e-10 over the gap
        assert parts == pytest.approx([up**2, 2 * up * down, down**2], abs=1e-8)
    assert energies == pytest.approx([energies[0]] * 3, rel=1e-12)
    assert trapped(2.0, 0.5)[1] == pytest.approx([0.75, 0.0, 0.25], abs=1e-9)


def test_losses_leave_the_magnetisation_of_what_was_there():
    """Pairs of m = 1 and -1 that leave change no F_z; the guard counts what is lost of each."""
    one = moving(time=evolution(0.2, 0.02), losses=[{"kind": "two-body", "channel": ["plus", "minus"], "rate": 0.8}])
    start, guard = one.record(), Guard(one.mixture, "double")
    guard.check(start)
    end = one.evolve().record()
    guard.check(end)
    assert end["spin"]["z"] == pytest.approx(start["spin"]["z"], abs=1e-12)
    assert sum(end["species"][name]["particles"] for name in NAMES) < 3.2 - 1e-2


def test_derivatives_of_the_energy_along_a_curve():
    """Slope and curvature that the search takes, at a state that is none of its minima, against differences."""
    one = system(
        [16],
        [9.0],
        [
            species(name, particles=part, potential=harmonic(1.0))
            for name, part in zip(NAMES, (1.0, 1.2, 0.9), strict=True)
        ],
        spinor=spinor(0.7, 3.0, quadratic_zeeman=0.3, magnetisation=0.3),
        ground_state={"tolerance": 0.3},
    )
    dressing = Dressing.of(one.problem, one.mixture)
    mixture = dressing.dressed(one.problem, one.mixture)
    random = np.random.default_rng(5)
    fields = [
        np.sqrt(one.mixture.weights[a] / mixture.weights[a]) * orbitals[0] * (1 + 0.3 * random.normal(size=16)) + 0j
        for a, orbitals in enumerate(one.state.orbitals)
    ]
    sphere = _Spheres(mixture, fields, Instant.before_start(), frozenset(), FREE)
    sphere.refresh()
    sphere.differentiate()
    directions = [0.2 * (random.normal(size=16) + 1j * random.normal(size=16)) for _ in range(3)]
    sphere.make_tangent(directions)
    kinetic = [np.empty_like(field) for field in fields]
    sphere.apply_kinetic(directions, kinetic)
    curve = sphere.curve(directions, kinetic)
    start, moving_on = [field.copy() for field in fields], [direction.copy() for direction in directions]
    energies = []
    h = 1e-3
    for t in (-h, 0.0, h):
        for a, field in enumerate(fields):
            field[...] = start[a] + t * moving_on[a]
        sphere.refresh()
        energies.append(sphere.energy)
    # differences of second order, of energies of order ten
    assert curve.slope == pytest.approx((energies[2] - energies[0]) / (2 * h), rel=1e-4)
    assert curve.curvature == pytest.approx((energies[2] - 2 * energies[1] + energies[0]) / h**2, rel=1e-4)


# ---------------------------------------------------------------- modes


@pytest.mark.parametrize("c2", [-0.3, 0.5])
def test_modes_of_the_polar_state(c2):
    """E = sqrt((e + q)(e + q + 2 c_2 n)) twice for every k, whatever p, beside the sound of c_0."""
    q, c0 = 0.8, 2.0
    one = uniform((0.0, 1.0, 0.0), c2, c0=c0, quadratic_zeeman=q, linear_zeeman=3.0, magnetisation=0.0)
    operator = BogoliubovOperator(one.mixture, [o[0] for o in one.state.orbitals], Instant.before_start())
    spectrum = search_of(operator, ExcitationsSection(modes=8))
    spectrum.begin()
    found = np.sort(spectrum.run(300, lambda *_: None, lambda: None).frequencies.real)
    spin = [math.sqrt((k * k / 2 + q) * (k * k / 2 + q + 2 * c2)) for k in (0, 0, 1, 1, 1, 1, 2, 2, 2, 2)]
    sound = [math.sqrt(k * k / 2 * (k * k / 2 + 2 * c0)) for k in (1, 1, 2, 2)]
    # the tolerance of the search, squared in the frequencies
    np.testing.assert_allclose(found, np.sort(spin + sound)[: len(found)], atol=1e-7)


def test_growth_of_the_polar_state_below_the_boundary():
    """With q < 2|c_2| n long waves grow, at |E|: the quench that makes ferromagnetic domains."""
    q, c2 = 0.2, -0.5
    wave = {"kind": "plane-waves", "numbers": 0}
    one = system(
        [8],
        [2.0 * math.pi],
        [
            species("plus", particles=0.0),
            species("zero", particles=2.0 * math.pi, initial=wave),
            species("minus", particles=0.0),
        ],
        spinor=spinor(c2, 2.0, quadratic_zeeman=q),
    )
    operator = BogoliubovOperator(one.mixture, [o[0] for o in one.state.orbitals], Instant.before_start())
    found = DenseSearch(QuadraticForm(operator)).run().frequencies
    growing = np.sort(found.imag[found.imag > 1e-6])
    expected = [math.sqrt((e + q) * (2 * abs(c2) - e - q)) for e in (0.0, 0.0, 0.5, 0.5, 0.5, 0.5)]
    # dense matrices of 48 rows: rounding, but the roots of products near a boundary
    np.testing.assert_allclose(growing, np.sort(expected), atol=1e-9)


@pytest.mark.parametrize(("c2", "q"), [(-0.6, 0.5), (0.6, -0.3)])
def test_modes_of_a_magnetised_gas_against_its_flow(c2, q):
    """Every solution (u, v) of the operator moves as the flow moves it: the linear response of one step after another,
    by differences, in the frame in which the ground state stands still."""
    one = uniform((0.3, 0.4, 0.3), c2, c0=1.5, quadratic_zeeman=q, magnetisation=0.3, time=evolution(0.3, 0.02))
    orbitals = [o[0].copy() for o in one.state.orbitals]
    operator = BogoliubovOperator(one.mixture, orbitals, Instant.before_start())
    assert operator.residual < 1e-9
    spectrum = DenseSearch(QuadraticForm(operator), 6).run()
    mode, size = 3, 1e-5
    u, v = spectrum.u[mode], spectrum.v[mode]
    root, t = np.sqrt(one.mixture.weights), 0.3
    for a in range(3):
        one.state.orbitals[a][0] = orbitals[a] + size * (u[a] + v[a].conj()) / root[a]
    one.evolve()
    for a in range(3):
        turned = np.exp(1j * operator.chemical_potentials[a] * t) * one.state.orbitals[a][0]
        omega = spectrum.frequencies[mode]
        moved = u[a] * np.exp(-1j * omega * t) + (v[a] * np.exp(-1j * omega * t)).conj()
        # what is of second order in the size
        require_below(
            largest((turned - orbitals[a]) * root[a] / size - moved), 50 * size * largest(moved) + 1e-4, NAMES[a]
        )


# ---------------------------------------------------------------- the guard


def test_the_guard_watches_the_magnetisation():
    one = moving(quadratic_zeeman=0.5)
    guard = Guard(one.mixture, "double")
    guard.check(one.record())
    guard.check(one.evolve().record())
    assert list(guard.memory["magnetisations"]) == ["plus + zero + minus"]
    record = one.record()
    record["species"]["plus"]["particles"] += 1e-3
    record["species"]["zero"]["particles"] -= 1e-3
    with pytest.raises(BlowUp, match="the magnetisation is not conserved"):
        guard.check(record)
