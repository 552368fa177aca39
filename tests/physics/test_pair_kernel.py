"""The Bogoliubov transformation of Chong, Lee and Sun: series and convolutions against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from hpcmix.initial.excitations.pair_kernel import MEASURED, pair_transformation
from hpcmix.model.pair_kernels.correlation import Correlation
from hpcmix.model.pair_kernels.neumann import neumann_problem
from hpcmix.model.pair_kernels.radial.functions import radial_function
from hpcmix.model.terms.entry_kernels import coefficient_of_pair
from hpcmix.problem.files.load import parse_problem
from tests.physics.claims import mixture
from tests.physics.systems import System

POINTS, NUMBER = 6, 100.0
CORRELATED = '[fluctuations]\ninitial = "correlated"\n'
ODD = 'initial = { kind = "gaussian", width = 1.1, centre = [0.3, -0.2, 0.1], momentum = [0.4, 0.2, -0.7] }'


def small(points: int = POINTS, fractions=(0.7, 0.3)) -> System:
    """Two moving clouds of mass 1/2, every pair with a potential of its own."""
    text = mixture(fractions, points=points, length=6.0, step=0.01)
    return System(parse_problem(text.replace('initial = { kind = "gaussian", width = 1.1 }', ODD, 1) + CORRELATED))


def transformation(system: System, contraction: float = 1.0, enlarged: float = 1.0):
    """Theta; with condensates `enlarged` times, so that k is no longer small."""
    orbitals = [enlarged * orbitals[0] for orbitals in system.state.orbitals]
    return pair_transformation(system.mixture, orbitals, contraction)


def dense_kernel(system: System, contraction: float = 1.0) -> np.ndarray:
    """k as a matrix on all components and points, (k g)_a(x) = sum_b sum_y k_ab(x, y) g_b(y) dV included: the transform
    of w by a trapezium rule of its own, and waves summed one by one."""
    problem, grid = system.problem, system.grid
    axis = grid.axis(0)
    waves = 2.0 * np.pi * np.fft.fftfreq(POINTS, grid.spacings[0])
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    k = np.stack(np.meshgrid(waves, waves, waves, indexing="ij"), -1).reshape(-1, 3)
    moduli = np.linalg.norm(k, axis=1)
    phases = np.exp(1j * points @ k.T)
    count = len(points)
    matrix = np.zeros((2 * count, 2 * count), complex)
    for entry in problem.interaction:
        kappa = coefficient_of_pair(problem, entry.between)
        w = Correlation(neumann_problem(radial_function(entry.potential), kappa, NUMBER * 0.5))
        r = np.linspace(0.0, NUMBER * 0.5, 200001)[1:]
        values = w(r)[0] * r**2 * 4.0 * np.pi
        transform = np.array([np.trapezoid(values * np.sinc(contraction * q / NUMBER * r / np.pi), r) for q in moduli])
        between = (phases * (contraction**3 * transform / NUMBER**2)) @ phases.conj().T / count
        a, b = problem.pair(entry.between)
        for first, second in {(a, b), (b, a)}:
            outer = np.outer(system.field(first).ravel(), system.field(second).ravel())
            matrix[first * count : (first + 1) * count, second * count : (second + 1) * count] = -between * outer
    return matrix


def test_theta_is_the_exponential_of_the_dense_kernel():
    system = small()
    k = dense_kernel(system, contraction=0.8)
    assert np.linalg.norm(k - k.T) < 1e-12 * np.linalg.norm(k)
    size = len(k)
    real_linear = np.block([[k.real, k.imag], [k.imag, -k.real]])  # K f = k conj(f) on (Re f, Im f)
    random = np.random.default_rng(5)
    f = random.normal(size=size) + 1j * random.normal(size=size)
    for sign, name in ((1.0, "applied"), (-1.0, "undone")):
        stacked = expm(sign * real_linear) @ np.concatenate([f.real, f.imag])
        expected = stacked[:size] + 1j * stacked[size:]
        found = getattr(transformation(system, 0.8), name)(list(f.reshape(2, POINTS, POINTS, POINTS)))
        # of what k does; the trapezium rule of the oracle has 2e5 nodes and an error of their spacing squared
        assert np.linalg.norm(np.ravel(found) - expected) < 1e-6 * np.linalg.norm(expected - f)


@pytest.mark.parametrize("enlarged", [1.0, 4.0])
@pytest.mark.parametrize("points", [6, 7])
def test_the_inverse_undoes_theta(points, enlarged):
    """Also where k is sixteen times as large as it can be and its series has many terms."""
    system = small(points)
    theta = transformation(system, enlarged=enlarged)
    random = np.random.default_rng(6)
    shape = (2, points, points, points)
    f = list(random.normal(size=shape) + 1j * random.normal(size=shape))
    back = theta.undone(theta.applied(f))
    assert np.linalg.norm(np.ravel(back) - np.ravel(f)) < 1e-13 * np.linalg.norm(f)
    # symplectic: ch+ ch - (sh sh+)^T = 1, in the form <u, u> - <w, w> = <f, f> for u = ch f, w = sh conj(f)
    even, odd = theta.parts(f)
    assert np.linalg.norm(even) ** 2 - np.linalg.norm(odd) ** 2 == pytest.approx(np.linalg.norm(f) ** 2, rel=1e-13)
    assert theta.terms < (20 if enlarged == 1.0 else 60)
    # what the start is dressed with is undone: nothing has been created after T
    assert np.linalg.norm(np.ravel(theta.dressed(even, odd))) < MEASURED * np.linalg.norm(f)
    # and of any pair it is one series in place of two
    other = list(random.normal(size=shape) + 1j * random.normal(size=shape))
    _, odd = theta.parts(f)
    even, _ = theta.parts(other)
    both = np.ravel(even) - np.ravel(odd)
    assert np.linalg.norm(np.ravel(theta.dressed(f, other)) - both) < MEASURED * np.linalg.norm(f)


def test_the_number_of_correlated_particles_is_the_norm_of_the_kernel():
    """tr sh sh^+ = ||k||^2 + O(||k||^4), summed over every mode of the grid."""
    system = small(4)
    theta = transformation(system)
    count = 4**3
    total = squares = 0.0
    for mode in np.eye(2 * count):
        f = list(mode.reshape(2, 4, 4, 4).astype(complex))
        total += np.linalg.norm(theta.parts(f)[1]) ** 2
        theta._apply(f, 1.0)
        squares += np.linalg.norm(f) ** 2
    assert 0.0 < total / squares - 1.0 < squares  # sinh(s)^2 = s^2 + s^4/3 + .., sum s^4 <= (sum s^2)^2


def test_nothing_is_dressed_at_infinity():
    system = small()
    theta = transformation(system, 0.0)
    f = [orbitals[0].copy() for orbitals in system.state.orbitals]
    even, odd = theta.parts(f)
    assert theta.terms == 0 and not np.any(odd) and np.array_equal(even, f)


def test_the_laboratory_and_the_frame_have_the_same_kernel():
    """In a frame with 1/b the same correlations act on a box b times as large, psi b^(-3/2) times as high."""
    system, contraction = small(), 0.5
    larger = mixture(points=POINTS, length=6.0 / contraction, step=0.01) + CORRELATED
    other = System(parse_problem(larger))
    orbitals = [orbitals[0] for orbitals in system.state.orbitals]
    in_frame = pair_transformation(system.mixture, orbitals, contraction)
    in_laboratory = pair_transformation(other.mixture, [contraction**1.5 * orbital for orbital in orbitals])
    random = np.random.default_rng(7)
    f = list(random.normal(size=(2, POINTS, POINTS, POINTS)) + 0j)
    here, there = in_frame.applied(f), in_laboratory.applied(f)
    assert np.linalg.norm(np.ravel(here) - np.ravel(there)) < 1e-13 * np.linalg.norm(f)


def test_other_mixtures_know_of_no_correlations():
    """They are made for fluctuations that begin with them only, and cost others nothing."""
    system = System(parse_problem(mixture(points=POINTS, length=6.0, step=0.01)))
    with pytest.raises(TypeError, match="without correlations"):
        pair_transformation(system.mixture, [orbitals[0] for orbitals in system.state.orbitals])
