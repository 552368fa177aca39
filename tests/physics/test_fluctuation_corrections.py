"""The first correction to the condensates of coherent states, and the density matrix that it and the fluctuations make:
against an integrator of its own, and against N bodies in finitely many states."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array, eye_array, kron
from scipy.sparse.linalg import expm_multiply

from hpcmix.observe.fluctuations.corrections import correction_traces, corrections
from hpcmix.observe.look import Look
from tests.physics.fluctuation_oracle import Line
from tests.physics.fluctuations import record, with_pairs
from tests.physics.systems import System, contact, gaussian, gaussian_kernel, harmonic, species, system

POINTS, LENGTH, MASSES, NUMBERS = 12, 8.0, (0.5, 0.8), (3.0, 2.0)
TIME = 0.8


def gaussian_transform(strength, width):
    return lambda k: strength * np.sqrt(2.0 * np.pi) * width * np.exp(-0.5 * (k * width) ** 2)


def clouds():
    """Two clouds, one of which moves."""
    x = LENGTH / POINTS * (np.arange(POINTS) - POINTS // 2)
    shapes = np.exp(-0.5 * (x / 1.5) ** 2 + 2j * np.pi / LENGTH * x), 1.5 + np.cos(2.0 * np.pi * x / LENGTH) + 0j
    return np.array(
        [
            shape * np.sqrt(number / (np.sum(np.abs(shape) ** 2) * LENGTH / POINTS))
            for number, shape in zip(NUMBERS, shapes, strict=True)
        ]
    )


def trapped_line() -> Line:
    x = LENGTH / POINTS * (np.arange(POINTS) - POINTS // 2)
    kernels = {
        (0, 0): gaussian_transform(0.9, 0.8),
        (1, 1): lambda k: 0.4 + 0.0 * k,
        (0, 1): gaussian_transform(0.5, 0.6),
    }
    return Line(POINTS, LENGTH, MASSES, kernels, [0.5 * MASSES[0] * x**2, np.zeros(POINTS)])


def trapped(step: float, integrator: str = "blanes-moan-4") -> System:
    names = [
        species("one", mass=0.5, particles=3.0, initial=gaussian(1.0), potential=[harmonic(1.0)]),
        species("two", mass=0.8, particles=2.0, initial=gaussian(1.0)),
    ]
    interaction = [
        gaussian_kernel("one", "one", 0.9, 0.8),
        contact("two", "two", 0.4),
        gaussian_kernel("one", "two", 0.5, 0.6),
    ]
    time = {"final": TIME, "step": step, "integrator": integrator}
    built = system([POINTS], [LENGTH], names, interaction, time=time, fluctuations={"modes": "all", "matrices": True})
    for a, psi in enumerate(clouds()):
        built.put(a, psi)
    return with_pairs(built)


def errors(built: System, pending: bool, wanted: list[np.ndarray]) -> float:
    """The largest difference of a density matrix, where the last kick is still to be done or has been done."""
    for _ in range(built.problem.time.steps):
        built.stepper.advance(built.state)
    built.stepper.settle(built.state)
    if not pending:
        built.stepper.complete(built.state)
    matrices = corrections(Look(built.mixture, built.state))
    return max(float(np.max(np.abs(own - other))) for own, other in zip(matrices, wanted, strict=True))


@pytest.fixture(scope="module")
def wanted() -> list[np.ndarray]:
    line = trapped_line()
    return line.corrections(line.evolved(clouds(), TIME))


@pytest.mark.parametrize("pending", [True, False])
def test_the_density_matrix_has_the_order_of_the_integrator(wanted, pending):
    differences = [errors(trapped(step), pending, wanted) for step in (0.08, 0.04)]
    # a splitting of order four: sixteen at a small step, and the size of its error is that of N
    assert 14.0 < differences[0] / differences[1] < 20.0
    assert differences[1] < 1e-5


def test_particles_outside_are_missing_in_the_condensate(wanted):
    assert max(abs(np.trace(own)) for own in wanted) < 1e-10  # the oracle's integrator
    built = trapped(0.1, "strang")
    outside = []
    for _ in range(built.problem.time.steps):
        built.stepper.advance(built.state)
        built.stepper.settle(built.state)
        # whatever the step is; of numbers of the order of one
        assert max(map(abs, correction_traces(Look(built.mixture, built.state)))) < 1e-12
        outside.append(record(built)["species"]["one"]["excitations"])
    assert outside[-1] > 0.1


def test_coupled_species_lose_together_what_is_outside():
    names = [
        species("one", particles=3.0, initial=gaussian(1.0), potential=[harmonic(1.0)]),
        species("two", particles=0.0),
    ]
    built = with_pairs(
        system(
            [POINTS],
            [LENGTH],
            names,
            [contact("one", "one", 0.8), contact("one", "two", 0.3)],
            time={"final": 0.5, "step": 0.1},
            coupling=[{"between": ["one", "two"], "rabi_frequency": 2.0}],
            fluctuations={"modes": "all", "matrices": True},
        )
    )
    for _ in range(built.problem.time.steps):
        built.stepper.advance(built.state)
    built.stepper.settle(built.state)
    look = Look(built.mixture, built.state)
    assert max(map(abs, correction_traces(look))) < 1e-13
    assert abs(np.trace(corrections(look)[1])) > 1e-4


def test_the_record_holds_the_traces():
    report = record(trapped(0.1))
    assert [entry["correction_trace"] for entry in report["species"].values()] == [0.0, 0.0]


# ---------------------------------------------------------------- N bodies on two points


HOPPING, NEAR, FAR = 0.7, 1.3, 0.4
"""T = hopping times (1 - swap) on two points at distance one, and G(0), G(1)."""


def two_points() -> Line:
    mass = np.pi**2 / (4.0 * HOPPING)  # k^2/2m = 2 hopping at k = pi
    return Line(2, 2.0, (mass,), {(0, 0): lambda k: np.where(np.abs(k) < 1.0, NEAR + FAR, NEAR - FAR)})


START = np.array([[0.8, 0.6j]])


def bodies(number: float) -> np.ndarray:
    """N (gamma - |phi><phi|) of a coherent state of N particles in the mean, with the exact condensate."""
    line = two_points()
    size = int(number + 9.0 * np.sqrt(number)) + 4
    lower = diags_array(np.sqrt(np.arange(1.0, size)), offsets=1)
    one = eye_array(size)
    a = [csr_array(kron(lower, one)), csr_array(kron(one, lower))]
    count = [csr_array(x.T @ x) for x in a]
    hopping = HOPPING * (count[0] + count[1] - a[0].T @ a[1] - a[1].T @ a[0])
    on_point = [n @ n - n for n in count]
    energy = hopping + (NEAR * (on_point[0] + on_point[1]) + 2.0 * FAR * count[0] @ count[1]) / (2.0 * number)
    start = np.ones(1, complex)
    for amplitude in np.sqrt(number) * START[0]:
        powers = np.cumprod(np.concatenate([[1.0], amplitude / np.sqrt(np.arange(1.0, size))]))
        start = np.kron(start, np.exp(-0.5 * abs(amplitude) ** 2) * powers)
    end = expm_multiply(-1j * TIME * energy, start)
    moments = np.array([[np.vdot(y @ end, x @ end) for y in a] for x in a])
    psi = line.evolved(START, TIME).psi[0]
    return moments - number * np.outer(psi, psi.conj())


def test_n_bodies_in_a_coherent_state_have_this_density_matrix():
    line = two_points()
    (wanted,) = line.corrections(line.evolved(START, TIME))
    found = {number: bodies(number) for number in (10.0, 20.0, 40.0)}
    differences = [np.max(np.abs(matrix - wanted)) for matrix in found.values()]
    size = np.max(np.abs(wanted))
    # the next order is 1/N: the difference halves, and the extrapolation is closer by another such factor
    assert 1.8 < differences[1] / differences[2] < 2.2
    assert np.max(np.abs(2.0 * found[40.0] - found[20.0] - wanted)) < 0.02 * size
    assert size > 0.02
