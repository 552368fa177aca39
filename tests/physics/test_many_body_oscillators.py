"""The harmonic interaction model of two species: an exact solution for any N, from the problem file to alpha.

    H = sum_i (p_i^2 + w_a^2 x_i^2)/2 + 1/N_a sum_{i<j} k_a (x_i - x_j)^2/2 + 1/(N_1 + N_2) sum_ij k_12 (x_i - y_j)^2/2

Coordinates relative to a species' centre are oscillators of W_a^2 = w_a^2 + k_a + c_b k_12, exactly those of the mean
field; the centres sqrt(N_a) X_a have the matrix [[w_1^2 + c_2 k_12, -sqrt(c_1 c_2) k_12], [.., w_2^2 + c_1 k_12]]. With
Gaussian data every reduced density matrix is Gaussian, of the covariance Sig_cm / N + (1 - 1/N) Sig_rel.
"""

import math

import numpy as np
import pytest
from physics.systems import System, gaussian, harmonic, problem_text, species, table
from scipy.linalg import expm

from hpcmix.evolve.many_body.chebyshev import Chebyshev
from hpcmix.evolve.many_body.mode_field import ModeField
from hpcmix.initial.many_body.prepare import prepare
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.product import ManyBodyProduct, rows_for
from hpcmix.observe.reduced.density_matrices import density_matrix
from hpcmix.observe.reduced.distances.indicators import alpha
from hpcmix.observe.reduced.state import SharedState
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem

N1, N2 = 2, 1
W, K, K12 = (1.0, 1.3), (0.9, 0.4), 1.1
WIDTHS, FINAL = (0.9, 0.8), 0.8


def moved(stiffness, covariance, time):
    """A covariance (positions, then momenta) after a time of x'' = -stiffness x."""
    size = len(stiffness)
    generator = np.block([[np.zeros((size, size)), np.eye(size)], [-stiffness, np.zeros((size, size))]])
    flow = expm(time * generator)
    return flow @ covariance @ flow.T


def start(widths):
    """Of Gaussians exp(-x^2 / (2 s^2))."""
    squares = np.array(widths) ** 2
    return np.diag(np.concatenate([0.5 * squares, 0.5 / squares]))


def expected_alpha(own):
    """1 - det(Sig + Sig_mf)^(-1/2) of one particle of a species."""
    c = (N1 / (N1 + N2), N2 / (N1 + N2))
    relative = moved(np.array([[W[own] ** 2 + K[own] + c[1 - own] * K12]]), start(WIDTHS[own : own + 1]), FINAL)
    off = -math.sqrt(c[0] * c[1]) * K12
    centres = np.array([[W[0] ** 2 + c[1] * K12, off], [off, W[1] ** 2 + c[0] * K12]])
    centre = moved(centres, start(WIDTHS), FINAL)[np.ix_([own, own + 2], [own, own + 2])]
    number = (N1, N2)[own]
    single = centre / number + (1.0 - 1.0 / number) * relative
    return 1.0 - 1.0 / math.sqrt(np.linalg.det(single + relative))


def test_the_harmonic_interaction_model_from_the_file_to_alpha():
    radii = np.linspace(0.0, 13.0, 400)
    kernels = [("u", "u", K[0]), ("v", "v", K[1]), ("u", "v", K12)]
    text = problem_text(
        [36],
        [13.0],
        [
            species("u", particles=N1, potential=[harmonic(W[0])], initial=gaussian(WIDTHS[0])),
            species("v", particles=N2, potential=[harmonic(W[1])], initial=gaussian(WIDTHS[1])),
        ],
        [table(a, b, radii, 0.5 * strength * radii**2, boundary="free") for a, b, strength in kernels],
        scaling={"kind": "fractions"},
        time={"final": FINAL, "step": 0.01, "check_step": False},
        many_body={"modes": [{"kind": "grid"}]},
    )
    whole = System(parse_problem(text))
    ready = prepare(whole.problem, whole.mixture, whole.state.orbitals)
    model = ready.source.in_time()(0.0)
    spaces = [configurations_of(one.statistics, one.particles, one.modes) for one in model.species]
    rows = rows_for(MPI.COMM_SELF, spaces)
    psi = rows.vector()
    vectors = []
    for space, own in zip(spaces, ready.orbitals, strict=True):
        counts = space.occupations
        multiplicities = [
            math.factorial(space.particles) / math.prod(map(math.factorial, row)) for row in counts.tolist()
        ]
        vectors.append(np.sqrt(multiplicities) * np.prod(own[:, 0] ** counts, axis=1))
    psi[...] = np.multiply.outer(*vectors)
    assert rows.norm(psi) == pytest.approx(1.0, abs=1e-13)
    Chebyshev(ManyBodyProduct(model, spaces, rows).apply, rows, model.hbar).advance(psi, FINAL)
    mean = ModeField(ready.source.in_time(), ready.orbitals, [1, 1]).orbitals(FINAL)
    state = SharedState(spaces, rows, psi)
    assert alpha(state, (1, 0), mean) == pytest.approx(expected_alpha(0), abs=1e-9)
    assert alpha(state, (0, 1), mean) == pytest.approx(expected_alpha(1), abs=1e-9)
    assert expected_alpha(0) > 0.003
    assert alpha(state, (1, 1), mean) > expected_alpha(0)
    gamma = density_matrix(state, (1, 0)).matrix
    assert 1.0 - (mean[0][:, 0].conj() @ gamma @ mean[0][:, 0]).real == pytest.approx(expected_alpha(0), abs=1e-9)
