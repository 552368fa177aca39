"""Vector potentials and rotating frames: exact levels and orbits, gauges, the operators against dense matrices."""

import math

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    expression,
    gaussian,
    harmonic,
    largest,
    log_slope,
    moving_mixture,
    require_below,
    species,
    system,
)

from hpcmix.initial.ground_state import NotConverged
from hpcmix.model import lanczos as lanczos_module
from hpcmix.model.envelope import Instant
from hpcmix.model.kinetic import SemirelativisticKineticEnergy
from hpcmix.model.kinetic_momentum import KineticMomentum
from hpcmix.model.lanczos import Lanczos
from hpcmix.model.magnetic import MagneticSemirelativisticKineticEnergy
from hpcmix.observe.faces import share_at_faces
from hpcmix.problem.integrators import INTEGRATORS

POINTS = {1: [16], 2: [6, 7], 3: [4, 5, 6]}
LENGTHS = {1: [5.0], 2: [5.0, 4.0], 3: [5.0, 4.0, 4.4]}
TURNED = {"rate": 0.6, "axis": [0.3, -0.5, 1.0]}

ROUGH = {
    1: ["0.7 + cos(2*pi*x/5)"],
    2: ["-0.9*y", "0.4*x + 0.3*x*y"],
    3: ["-0.9*y + z", "0.4*x", "0.2*x*y - 0.1"],
}
"""Vector potentials that nothing on the grid suits: neither periodic, nor without divergence."""


def turned(dimensions, value=None, rotation=None, **entries):
    """One species with a vector potential, in a rotating frame if asked for."""
    potential = {"vector_potential": {"kind": "expression", "value": value}} if value else {}
    one = species("a", mass=1.3, initial={"kind": "plane-waves", "numbers": 0}, **potential, **entries)
    frame = {} if rotation is None else {"rotation": rotation}
    return system(POINTS[dimensions], LENGTHS[dimensions], [one], time=evolution(1.0, 0.1), **frame)


def dense(kinetic, shape):
    """The matrix of T, from its columns."""
    size = math.prod(shape)
    columns = np.zeros((size, size), complex)
    for number, unit in enumerate(np.eye(size, dtype=complex)):
        target = np.empty(shape, complex)
        kinetic.apply(unit.reshape(shape), target)
        columns[:, number] = target.ravel()
    return columns


def random_field(shape, seed=3):
    random = np.random.default_rng(seed)
    return random.standard_normal(shape) + 1j * random.standard_normal(shape)


def semirelativistic(one, mass=0.8, offset=0.0, stored=None):
    """sqrt(m^2 + Pi^2) - offset in the vector potential of a system."""
    momentum = one.mixture.species[0].kinetic.momentum
    whole = KineticMomentum(
        one.grid,
        one.mixture.transform,
        1.0,
        [None if part is None else part / momentum.scale for part in momentum._potentials],
    )
    lanczos = Lanczos(one.mixture.transform, stored)
    free = SemirelativisticKineticEnergy(mass, 1.0, subtract_rest_mass=offset > 0.0)
    return MagneticSemirelativisticKineticEnergy(whole, lanczos, free, True)


# ---------------------------------------------------------------- the operators


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("rotation", [False, True], ids=["laboratory", "rotating"])
def test_hermitian_and_positive(dimensions, rotation):
    """To rounding, with every mode of the grid in play; and the energy is the operator's average."""
    if rotation and dimensions == 1:
        pytest.skip("nothing rotates in one dimension")
    frame = None if not rotation else ({"rate": 0.6} if dimensions == 2 else TURNED)
    one = turned(dimensions, ROUGH[dimensions], frame)
    kinetic = one.mixture.species[0].kinetic
    matrix = dense(kinetic, one.grid.position_shape)
    scale = largest(matrix)
    require_below(largest(matrix - matrix.conj().T), 1e-14 * scale, "not Hermitian")  # a dozen roundings
    assert largest(matrix.imag) > 1e-2 * scale  # A acts
    assert np.linalg.eigvalsh(matrix)[0] > -1e-13 * scale
    field = random_field(one.grid.position_shape)
    average = float(np.vdot(field, matrix @ field.ravel()).real)
    assert kinetic.averages(field)[0] == pytest.approx(average, rel=1e-13)
    require_below(abs(semirelativistic(one)._average(field) - _of(matrix, 0.8, 1.3, field)), 1e-11 * average, "average")


def _of(matrix, mass, species_mass, field):
    """<field| sqrt(m^2 + 2 m_s T) |field> by diagonalisation."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.conj().T))
    roots = np.sqrt(mass**2 + 2.0 * species_mass * np.maximum(values, 0.0))
    return float(np.sum(roots * np.abs(vectors.conj().T @ field.ravel()) ** 2))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_without_a_vector_potential_it_is_the_multiplier(dimensions):
    """The Nyquist modes included."""
    free, still = turned(dimensions), turned(dimensions, ["0"] * dimensions)
    field = random_field(free.grid.position_shape)
    found = np.empty_like(field)
    still.mixture.species[0].kinetic.apply(field, found)
    symbols = free.mixture.species[0].kinetic.axis_terms(free.grid)
    total = sum(np.meshgrid(*symbols, indexing="ij"))
    expected = np.fft.ifftn(total * np.fft.fftn(field))
    require_below(largest(found - expected), 1e-14 * largest(expected), "T without A")


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("duration", [0.02, -0.4, 30.0])
def test_flow_against_the_dense_exponential(dimensions, duration):
    """Short, backwards, and so long that it is done in parts; norm to 1e-12."""
    one = turned(dimensions, ROUGH[dimensions], None if dimensions == 1 else {"rate": 0.6})
    kinetic = one.mixture.species[0].kinetic
    values, vectors = np.linalg.eigh(dense(kinetic, one.grid.position_shape))
    field = random_field(one.grid.position_shape)
    expected = vectors @ (np.exp(-1j * duration * values) * (vectors.conj().T @ field.ravel()))
    found = field.copy()
    kinetic.drift(found, duration)
    parts = max(1.0, abs(duration) * values[-1] / 20.0)  # each within its tolerance of 1e-13
    require_below(np.linalg.norm(found.ravel() - expected), 4e-13 * parts * np.linalg.norm(field), "flow")
    require_below(abs(np.linalg.norm(found) / np.linalg.norm(field) - 1.0), 1e-12, "norm")


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("stored", [5, 24], ids=["vectors made again", "vectors stored"])
def test_semirelativistic_against_dense_functions(dimensions, stored):
    one = turned(dimensions, ROUGH[dimensions])
    square = 2.0 * 1.3 * dense(one.mixture.species[0].kinetic, one.grid.position_shape)
    values, vectors = np.linalg.eigh(square)
    energies = np.sqrt(0.8**2 + np.maximum(values, 0.0)) - 0.8
    field = random_field(one.grid.position_shape)
    parts = vectors.conj().T @ field.ravel()
    kinetic = semirelativistic(one, offset=0.8, stored=stored)
    found = np.empty_like(field)
    kinetic.apply(field, found)
    expected = vectors @ (energies * parts)
    require_below(np.linalg.norm(found.ravel() - expected), 1e-12 * np.linalg.norm(expected), "sqrt(m^2 + Pi^2)")
    found = field.copy()
    kinetic.drift(found, 0.3)
    expected = vectors @ (np.exp(-0.3j * energies) * parts)
    require_below(np.linalg.norm(found.ravel() - expected), 1e-12 * np.linalg.norm(field), "flow")
    require_below(abs(np.linalg.norm(found) / np.linalg.norm(field) - 1.0), 1e-12, "norm")


def test_vectors_made_again_have_the_bits_of_stored_ones():
    one = turned(2, ROUGH[2])
    operator = one.mixture.species[0].kinetic.apply
    results = []
    for stored in (4, 60):
        field = random_field(one.grid.position_shape)
        lanczos = Lanczos(one.mixture.transform, stored)
        lanczos.exponential(operator, field, -0.3j)
        results.append(field)
        assert lanczos.dimensions > 8
    assert np.array_equal(*results)


def test_what_a_long_time_costs_grows_with_it_alone():
    """Dimensions end at the cap, then the flow is done in parts."""
    one = turned(1, ROUGH[1])
    kinetic = one.mixture.species[0].kinetic
    field = random_field(one.grid.position_shape)
    kinetic.drift(field, 200.0)
    assert kinetic._lanczos.dimensions < lanczos_module.LARGEST_EXPONENTIAL
    require_below(abs(np.linalg.norm(field) / np.linalg.norm(random_field(field.shape)) - 1.0), 1e-12, "norm")


# ---------------------------------------------------------------- uniform fields


@pytest.mark.parametrize("field", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("gauge", ["symmetric", "landau"])
def test_fock_darwin_ground_state(field, gauge):
    """E = hbar sqrt(omega^2 + omega_c^2 / 4), omega_c = B / m, in a trap."""
    mass, omega = 1.4, 0.8
    one = system(
        [40, 39],
        [15.0, 14.0],
        [
            species(
                "a",
                mass=mass,
                vector_potential={"kind": "uniform", "field": field, "gauge": gauge},
                potential=harmonic(omega),
            )
        ],
    )
    assert one.ground_state.residual <= 1e-10
    # the energy's error is the residual's square; the grid resolves the Gaussian and, in Landau's gauge, its phase
    # B x y / 2
    require_below(abs(one.ground_state.energy - math.hypot(omega, 0.5 * field / mass)), 1e-10, "Fock-Darwin energy")


def test_fock_darwin_levels_of_fermions():
    """E = hbar Omega (2 n + |l| + 1) + l hbar omega_c / 2, filled from the lowest: the orbitals turn one way."""
    omega, field = 1.0, 1.1
    one = system(
        [26, 27],
        [15.0, 15.0],
        [
            species(
                "f",
                kind="fermions",
                orbitals=6,
                vector_potential={"kind": "uniform", "field": field},
                potential=harmonic(omega),
            )
        ],
        ground_state={"tolerance": 1e-7},
    )
    effective = math.hypot(omega, 0.5 * field)
    levels = sorted(
        effective * (2 * n + abs(turns) + 1) + 0.5 * turns * field for n in range(6) for turns in range(-8, 9)
    )
    found = one.ground_state.levels["f"]
    require_below(largest(np.array(found.energies) - levels[:6]), 1e-7, "Fock-Darwin levels")
    assert found.gap == pytest.approx(levels[6] - levels[5], abs=1e-3)
    record = one.record()
    assert record["energy"]["total"] == pytest.approx(sum(levels[:6]), abs=1e-7)
    assert record["species"]["f"]["orthonormality_defect"] < 1e-12


@pytest.mark.parametrize("along", ["z", "x"], ids=["two dimensions", "three, along x"])
def test_cyclotron_motion(along):
    """m dv/dt = B x v: the centre of a cloud runs round a circle with omega_c = B / m, whatever its shape; the momentum
    of a record is m v.
    """
    mass, field, boost = 1.3, 1.7, 0.9
    rate = field / mass
    plane = along == "z"
    one = system(
        [46, 45] if plane else [6, 46, 45],
        [16.0, 16.0] if plane else [5.0, 16.0, 16.0],
        [
            species(
                "a",
                mass=mass,
                vector_potential={"kind": "uniform", "field": field if plane else [field, 0.0, 0.0]},
                initial=gaussian([1.1, 0.9, 1.1][plane:], momentum=[0.0, boost, 0.0][plane:]),
            )
        ],
        [contact("a", "a", 1.0)] if plane else [],
        time=evolution(1.5 if plane else 0.2, 0.1, "blanes-moan-rkn-6"),
    )
    assert one.record()["species"]["a"]["momentum"][-2] == pytest.approx(boost, abs=1e-10)
    one.evolve()
    record, angle = one.record()["species"]["a"], rate * one.time
    centre = boost / (mass * rate) * np.array([np.sin(angle), 1.0 - np.cos(angle)])
    require_below(largest(np.array(record["centre"][-2:]) - centre), 1e-8, "centre on the cyclotron circle")
    momentum = boost * np.array([np.cos(angle), np.sin(angle)])
    require_below(largest(np.array(record["momentum"][-2:]) - momentum), 1e-8, "kinetic momentum")


def test_gauges_give_the_same_density():
    """Landau and symmetric gauge, the gauge's phase on the initial state."""
    field, ends = 1.4, []
    for gauge, phase in (("symmetric", "0.3*x"), ("landau", f"0.3*x + {field / 2}*x*y")):
        one = system(
            [64, 64],
            [16.0, 16.0],
            [
                species(
                    "a",
                    particles=2.0,
                    vector_potential={"kind": "uniform", "field": field, "gauge": gauge},
                    potential=harmonic([0.7, 0.9]),
                    initial={"kind": "expression", "amplitude": "exp(-((x-0.5)**2 + 1.3*y**2)/2)", "phase": phase},
                )
            ],
            [contact("a", "a", 0.5)],
            time=evolution(0.5, 0.1, "blanes-moan-rkn-6"),
        )
        start = one.density()
        one.evolve()
        assert largest(one.density() - start) > 1e-2
        ends.append((one.density(), one.record()["species"]["a"]))
    require_below(largest(ends[0][0] - ends[1][0]), 1e-9, "density in two gauges")
    for key in ("momentum", "angular_momentum", "centre"):
        assert ends[0][1][key] == pytest.approx(ends[1][1][key], abs=1e-8)


# ---------------------------------------------------------------- the rotating frame


def test_rotating_frame_against_the_laboratory():
    """In an isotropic trap the frame turns the cloud backwards and changes nothing else; a quarter turn takes a square
    grid to itself. The box must hold the tails: they reach its faces with an amplitude of 1e-8.
    """
    rate, quarter = 0.8, math.pi / 2
    ends = []
    for frame in ({}, {"rotation": {"rate": rate}}):
        one = system(
            [45, 45],
            [18.0, 18.0],
            [
                species(
                    "a",
                    particles=2.0,
                    potential=harmonic(1.0),
                    initial={"kind": "expression", "amplitude": "(1 + 0.4*x)*exp(-((x-0.6)**2 + 1.3*y**2)/2)"},
                )
            ],
            [contact("a", "a", 0.5)],
            time=evolution(quarter / rate, 0.1, "blanes-moan-rkn-6"),
            **frame,
        )
        one.evolve()
        ends.append(one.density())
    laboratory = ends[0]
    # rho(-y, x): with y_j = -L/2 + j h the point -y_j has the index n - j
    turned_back = np.transpose(np.roll(laboratory[::-1, :], 1, axis=0))
    require_below(largest(ends[1] - turned_back), 5e-8, "density in the rotating frame")
    assert largest(laboratory - turned_back) > 1e-2


def test_energy_and_angular_momentum_of_a_rotating_frame():
    """E' = E - Omega L, term by term the sum; L of a state with one vortex is hbar a particle."""
    rate, mass = 0.6, 1.7
    numbers = {}
    for key, frame in (("laboratory", {}), ("rotating", {"rotation": {"rate": rate}})):
        one = system(
            [40, 40],
            [16.0, 16.0],
            [
                species(
                    "a",
                    mass=mass,
                    particles=3.0,
                    potential=harmonic(1.0),
                    initial={"kind": "expression", "amplitude": "sqrt(x**2+y**2)*exp(-(x**2+y**2)/2)",
                             "phase": "atan2(y, x)"},
                )
            ],
            [contact("a", "a", 4.0)],
            time=evolution(1.0, 0.1),
            **frame,
        )  # fmt: skip
        numbers[key] = one.record()
    angular = numbers["rotating"]["species"]["a"]["angular_momentum"][0]
    assert angular == pytest.approx(3.0, abs=1e-10)
    difference = numbers["rotating"]["energy"]["total"] - numbers["laboratory"]["energy"]["total"]
    assert difference == pytest.approx(-rate * angular, abs=1e-10)
    momenta = [numbers[key]["species"]["a"]["momentum"] for key in numbers]
    assert momenta[0] == pytest.approx(momenta[1], abs=1e-10)
    assert "angular_momentum" not in numbers["laboratory"]["species"]["a"]


def test_angular_momentum_in_three_dimensions():
    """<r x p> of a boosted Gaussian is centre x momentum, about every axis; a tilted frame takes its part of it."""
    centre, momentum, axis = [0.6, -0.4, 0.3], [0.5, 0.2, -0.7], np.array([1.0, 2.0, -2.0]) / 3.0
    arguments = [
        [26, 27, 28],
        [13.0] * 3,
        [species("a", potential=harmonic(1.0), initial=gaussian(1.0, centre=centre, momentum=momentum))],
    ]
    still = system(*arguments, time=evolution(1.0, 0.1))
    moving = system(*arguments, time=evolution(1.0, 0.1), rotation={"rate": 0.5, "axis": axis.tolist()})
    angular = np.array(moving.record()["species"]["a"]["angular_momentum"])
    require_below(largest(angular - np.cross(centre, momentum)), 1e-8, "r x p")
    difference = moving.energy().total - still.energy().total
    assert difference == pytest.approx(-0.5 * float(axis @ angular), abs=1e-9)


def test_vortices_from_a_noisy_start():
    """A condensate that rotates at 0.7 of its trap's frequency holds vortices in its ground state, and one that rotates
    slowly none: the noise of the guess is enough to find them.
    """
    found = {}
    for rate in (0.2, 0.7):
        one = system(
            [32, 32],
            [14.0, 14.0],
            [species("a", potential=harmonic(1.0))],
            [contact("a", "a", 100.0)],
            rotation={"rate": rate},
            ground_state={"tolerance": 1e-5},
        )
        record = one.record()
        found[rate] = record["species"]["a"]["angular_momentum"][0], record["energy"]["total"], one
    require_below(abs(found[0.2][0]), 1e-6, "angular momentum below the critical rotation")
    assert found[0.7][0] > 2.0
    assert found[0.7][1] < found[0.2][1] - 0.1  # E(0.2) is the energy without a vortex at any rotation
    assert _vortices(found[0.7][2].field()) >= 2 and _vortices(found[0.2][2].field()) == 0


def _vortices(psi):
    """Plaquettes around which the phase turns by 2 pi, where there are particles."""
    phase = np.angle(psi)
    along = [(np.roll(phase, -1, axis) - phase + np.pi) % (2 * np.pi) - np.pi for axis in (0, 1)]
    turns = (along[0] + np.roll(along[1], -1, 0) - np.roll(along[0], -1, 1) - along[1]) / (2 * np.pi)
    density = np.abs(psi) ** 2
    around = density + np.roll(density, -1, 0) + np.roll(density, -1, 1) + np.roll(density, (-1, -1), (0, 1))
    return int(np.sum(np.rint(turns)[around > 0.2 * density.max()]))


# ---------------------------------------------------------------- integrators and mixtures

STEPS = {
    "strang": (16, 24, 32),
    "blanes-moan-4": (14, 20, 28),
    "blanes-moan-rkn-4": (22, 30, 40),
    "blanes-moan-6": (18, 22, 27),
    "blanes-moan-rkn-6": (4, 5, 6),
}


def magnetic_quench(integrator, steps):
    """Two species that see each other, one of them in a random vector potential, in moving potentials."""
    first = {
        "vector_potential": {"kind": "random", "amplitude": 1.5, "correlation_length": 1.2, "seed": 2},
        "potential": [{"kind": "expression", "value": "3*sin(2*t)*sin(x)"}],
    }
    return moving_mixture(evolution(1.0, 1.0 / steps, integrator), points=32, first=first).evolve()


def test_every_integrator_is_measured():
    assert set(STEPS) == set(INTEGRATORS)


@pytest.fixture(scope="module")
def reference():
    return magnetic_quench("blanes-moan-6", 70).state.orbitals


@pytest.mark.parametrize("integrator", STEPS)
def test_order(integrator, reference):
    """Also with a magnetic and an ordinary species in one mixture."""
    errors = []
    for steps in STEPS[integrator]:
        one = magnetic_quench(integrator, steps)
        errors.append(max(largest(mine - other) for mine, other in zip(one.state.orbitals, reference, strict=True)))
        require_below(largest(one.norms() - 1.0), 1e-12, "norm")
    order = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.2)


SEMIRELATIVISTIC_STEPS = {
    "strang": (16, 24, 32),
    "blanes-moan-4": (8, 12, 16),
    "blanes-moan-rkn-4": (8, 12, 16),
    "blanes-moan-6": (6, 8, 10),
}


def semirelativistic_quench(integrator, steps):
    quench = system(
        [18],
        [2 * np.pi],
        [
            species(
                "a",
                kinetic="semirelativistic",
                mass=3.0,
                vector_potential={"kind": "expression", "value": ["0.6*sin(x) + 0.3*cos(2*x)"]},
                potential=[{"kind": "expression", "value": "3*sin(2*t)*sin(x) + 2*cos(x)"}],
                initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
            )
        ],
        [contact("a", "a", 2.0)],
        time=evolution(1.0, 1.0 / steps, integrator),
    )
    return quench.evolve()


@pytest.fixture(scope="module")
def semirelativistic_reference():
    return semirelativistic_quench("blanes-moan-6", 24).state.orbitals[0]


@pytest.mark.parametrize("integrator", SEMIRELATIVISTIC_STEPS)
def test_order_of_the_square_root(integrator, semirelativistic_reference):
    """Of every integrator that is not refused for it."""
    errors = []
    for steps in SEMIRELATIVISTIC_STEPS[integrator]:
        one = semirelativistic_quench(integrator, steps)
        errors.append(largest(one.state.orbitals[0] - semirelativistic_reference))
        require_below(abs(one.norms()[0] - 1.0), 1e-12, "norm")
    order = log_slope([1 / n for n in SEMIRELATIVISTIC_STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.25)


def test_imaginary_time_finds_the_same_ground_state():
    """exp(-s T) in a Krylov space: the Fock-Darwin energy again."""
    one = system(
        [24, 23],
        [11.0, 11.0],
        [species("a", vector_potential={"kind": "uniform", "field": 1.2}, potential=harmonic(1.0))],
        ground_state={"method": "imaginary-time", "tolerance": 1e-3, "max_iterations": 2000, "step": 0.1},
    )
    assert one.ground_state.method == "imaginary-time"
    # an energy's error is of the order of the square of its residual
    require_below(abs(one.ground_state.energy - math.hypot(1.0, 0.6)), 1e-5, "energy by imaginary time")


def test_semirelativistic_ground_state():
    """The lowest eigenvalue of the dense matrix on a small grid."""
    entries = dict(vector_potential={"kind": "uniform", "field": 1.5}, potential=harmonic(0.4), mass=6.0)
    found = system([14, 15], [5.0, 5.0], [species("a", kinetic="semirelativistic", rest_mass="subtracted", **entries)],
                   ground_state={"tolerance": 1e-7})  # fmt: skip
    plain = system([14, 15], [5.0, 5.0], [species("a", **entries)], ground_state={"tolerance": 1e-7})
    matrix = dense(plain.mixture.species[0].kinetic, plain.grid.position_shape)
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * (np.sqrt(36.0 + 12.0 * np.maximum(values, 0.0)) - 6.0) @ vectors.conj().T
    external = plain.mixture.species[0].external.value(Instant(0.0, 0.0)).ravel()
    expected = np.linalg.eigvalsh(root + np.diag(external))[0]
    require_below(abs(found.ground_state.energy - expected), 1e-9, "semi-relativistic ground state")
    assert abs(found.ground_state.energy - plain.ground_state.energy) > 1e-5  # the root is not its first term


def test_a_square_root_out_of_reach(monkeypatch):
    """A mass far below the grid's momenta: a sentence, from a ground state and from a step."""
    monkeypatch.setattr(lanczos_module, "LARGEST", 12)
    light = species("a", kinetic="semirelativistic", mass=1e-3, potential=harmonic(1.0),
                    vector_potential={"kind": "expression", "value": ["sin(x)"]})  # fmt: skip
    with pytest.raises(NotConverged, match="the rest mass is too small beside the grid's largest momentum"):
        system([32], [12.0], [light])
    one = system([32], [12.0], [light | {"initial": gaussian(0.5)}], time=evolution(1.0, 0.1, "strang"))
    with pytest.raises(FloatingPointError, match="use a coarser grid or a larger mass"):
        one.evolve(1)


def test_clouds_at_the_faces():
    """What a warning is made of: the density on the faces over the largest."""
    one = system([16, 17], [8.0, 9.0], [species("a", initial=gaussian(1.0))], time=evolution(1.0, 0.1))
    # the plane x = -4 is the nearest one, and x = 0 a point of the grid
    assert share_at_faces(one.mixture, one.density()) == pytest.approx(math.exp(-16.0), rel=1e-12)


def test_energy_is_conserved_in_a_mixed_mixture():
    """At the integrator's order: a magnetic and an ordinary species, kicked by each other only."""
    changes = []
    for step in (0.1, 0.05):
        one = system(
            [24, 22],
            [12.0, 12.0],
            [
                species("a", vector_potential={"kind": "random", "amplitude": 1.0, "correlation_length": 2.0},
                        potential=harmonic(0.9), initial=gaussian(1.0, centre=[0.8, 0.0])),
                species("b", mass=1.5, potential=harmonic(1.1), initial=gaussian(0.8)),
            ],
            [contact("a", "b", 4.0), contact("a", "a", 2.0)],
            time=evolution(1.0, step, "blanes-moan-4"),
        )  # fmt: skip
        before = one.energy()
        after = one.evolve().energy()
        changes.append(abs(after.total - before.total))
        assert abs(after.kinetic - before.kinetic) > 1e-2
    assert changes[1] < 1e-5
    assert changes[0] / changes[1] > 8.0


def test_sets_of_orbitals_and_a_condensate_in_one_rotating_frame():
    """Orthonormality and energy, with a Krylov space for every orbital."""
    one = system(
        [20, 22],
        [12.0, 12.0],
        [
            species("f", kind="fermions", orbitals=3, mass=0.8, potential=harmonic(1.0),
                    initial={"kind": "oscillator", "frequency": 1.0}),
            species("b", particles=5.0, potential=harmonic(1.0),
                    initial=gaussian(0.9, centre=[0.5, 0.0], momentum=[0.0, 0.6])),
        ],
        [contact("f", "b", 0.6), contact("b", "b", 0.2)],
        rotation={"rate": 0.4},
        time=evolution(1.0, 0.05, "blanes-moan-rkn-4"),
    )  # fmt: skip
    before = one.record()
    one.evolve()
    after = one.record()
    assert after["species"]["f"]["orthonormality_defect"] < 1e-12
    assert after["energy"]["total"] == pytest.approx(before["energy"]["total"], rel=1e-6)
    # the trap is round: what one loses the other gets, up to what the grid's corners and its resolution break
    exchanged = [np.diff([one["species"][name]["angular_momentum"][0] for one in (before, after)])[0] for name in "fb"]
    assert abs(exchanged[0]) > 1e-3
    assert sum(exchanged) == pytest.approx(0.0, abs=1e-5)


def test_expression_and_file_agree(tmp_path):
    """The same field read back from a file gives the same bits."""
    import h5py

    written = turned(2, ROUGH[2])
    shape = (2, *written.grid.points)
    x, y = written.grid.coordinates
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        file["vector_potential"] = np.broadcast_arrays(-0.9 * y + 0 * x, 0.4 * x + 0.3 * x * y)
        assert file["vector_potential"].shape == shape
    one = species("a", mass=1.3, initial={"kind": "plane-waves", "numbers": 0},
                  vector_potential={"kind": "file", "path": str(path)})  # fmt: skip
    read = system(POINTS[2], LENGTHS[2], [one])
    field = random_field(written.grid.position_shape)
    results = [np.empty_like(field) for _ in range(2)]
    for source, result in zip((written, read), results, strict=True):
        source.mixture.species[0].kinetic.apply(field, result)
    assert np.array_equal(*results)


def test_single_precision():
    """Fields in single precision: errors of 1e-6 of a flow."""
    entries = [species("a", vector_potential={"kind": "uniform", "field": 1.0}, potential=harmonic(1.0),
                       initial=expression("exp(-(x-1)**2/2 - y**2)"))]  # fmt: skip
    ends = [
        system([20, 20], [12.0, 12.0], entries, time=evolution(0.2, 0.02, "strang"), parallel={"precision": precision})
        .evolve()
        .density()
        for precision in ("double", "single")
    ]
    assert ends[1].dtype == np.float32
    require_below(largest(ends[0] - ends[1]), 2e-5 * largest(ends[0]), "density in single precision")
