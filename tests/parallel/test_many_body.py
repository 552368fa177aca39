"""Modes, their Hamiltonian, and reduced density matrices: the same on any number of ranks."""

import numpy as np
import pytest
from physics.systems import System, coulomb, gaussian, gaussian_kernel, harmonic, problem_text, species

from hpcmix.evolve.many_body.mode_field import ModeField
from hpcmix.initial.many_body.prepare import prepare
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.channels import pair_operator
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.model.many_body.product import rows_for
from hpcmix.observe.reduced.density_matrices import density_matrix
from hpcmix.observe.reduced.distances.indicators import alpha
from hpcmix.observe.reduced.on_grid import density_on_grid
from hpcmix.observe.reduced.pair_space import pair_space_matrix
from hpcmix.observe.reduced.state import DenseState, SharedState
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem


def text(modes, points):
    """Two species in two dimensions with kernels on the periodic box and in free space, and at a point."""
    trap = harmonic([1.0, 1.4])
    return problem_text(
        points,
        [9.0, 8.0],
        [
            species("u", particles=6, potential=[trap], initial=gaussian(0.9, centre=[0.3, -0.2])),
            species(
                "f", kind="fermions", orbitals=2, potential=[trap], initial={"kind": "oscillator", "frequency": 1.2}
            ),
        ],
        [
            gaussian_kernel("u", "u", 0.5, 0.8),
            coulomb("u", "f", 0.3),
            {"between": ["u", "f"], "kind": "contact", "strength": 0.2},
        ],
        time={"final": 0.2, "step": 0.01, "check_step": False},
        many_body={"lost": 0.9, "modes": modes},
    )


@pytest.mark.parametrize(
    ("modes", "points", "dense"),
    [
        ([{"kind": "eigenstates", "count": 5}], [8, 7], True),
        ([{"kind": "eigenstates", "count": 3}], [10, 12], False),
        ([{"kind": "plane-waves", "largest": 1}], [8, 9], True),
        ([{"kind": "grid"}], [4, 6], True),
    ],
)
def test_modes_and_their_model(comm, monkeypatch, modes, points, dense):
    if not dense:
        monkeypatch.setattr("hpcmix.initial.many_body.eigenstates.LARGEST_DENSE", 1)
    if comm.size > points[0]:
        pytest.skip("more ranks than planes")
    problem = parse_problem(text(modes, points))
    found = []
    for ranks in (comm, MPI.COMM_SELF):
        whole = System(problem, ranks)
        ready = prepare(problem, whole.mixture, whole.state.orbitals)
        model = ready.source.in_time()(0.1)
        mean = ModeField(ready.source.in_time(), ready.orbitals, ready.occupied).orbitals(0.2)
        density = density_on_grid(mean[0] @ mean[0].conj().T, ready.modes[0], 6)
        block = whole.mixture.transform.position_block.slices
        levels = [np.linalg.eigvalsh(one.one_body) for one in model.species]
        # what does not depend on the choice of modes within degenerate levels or their signs
        strengths = [
            np.sort(np.linalg.svd(pair_operator(pair.channels).reshape(ready.modes[pair.first].shape[0] ** 2, -1))[1])
            for pair in model.interactions
        ]
        found.append((levels, strengths, density, block))
    tolerance = 1e-11 if dense else 1e-7
    for own, alone in zip(found[0][0] + found[0][1], found[1][0] + found[1][1], strict=True):
        assert own == pytest.approx(alone, rel=tolerance, abs=tolerance)
    assert np.max(np.abs(found[0][2] - found[1][2][found[0][3]])) < 1e2 * tolerance


def test_reduced_density_matrices(comm):
    spaces = [configurations_of(Statistics.BOSONS, 5, 3), configurations_of(Statistics.FERMIONS, 2, 4)]
    psi = np.random.default_rng(1).normal(size=(len(spaces[0]), len(spaces[1]), 2)) @ np.array([1.0, 1j])
    psi /= np.linalg.norm(psi)
    cut = rows_for(comm, spaces)
    local = cut.vector()
    local[...] = psi[cut.first : cut.last]
    cut.meet()
    shared, alone = SharedState(spaces, cut, local), DenseState(spaces, psi)
    rng = np.random.default_rng(2)
    orbitals = [np.linalg.qr(rng.normal(size=(m, n)) + 1j * rng.normal(size=(m, n)))[0] for m, n in ((3, 1), (4, 2))]
    for order in ((1, 0), (0, 1), (1, 1), (2, 1), (1, 2)):
        assert density_matrix(shared, order).matrix == pytest.approx(density_matrix(alone, order).matrix, abs=1e-14)
        assert alpha(shared, order, orbitals) == pytest.approx(alpha(alone, order, orbitals), abs=1e-14)
        units = [np.eye(m, n, dtype=complex) for m, n in ((3, 1), (4, 2))]
        assert alpha(shared, order, units) == pytest.approx(alpha(alone, order, units), abs=1e-14)
    cut.free()


def test_particles_of_either_species(comm):
    spaces = [configurations_of(Statistics.BOSONS, n, 2, 3, coherent=True) for n in (6, 3)]
    psi = np.random.default_rng(1).normal(size=(len(spaces[0]), len(spaces[1]), 2)) @ np.array([1.0, 1j])
    cut = rows_for(comm, spaces)
    local = cut.vector()
    local[...] = psi[cut.first : cut.last]
    cut.meet()
    found = pair_space_matrix(SharedState(spaces, cut, local))
    assert found == pytest.approx(pair_space_matrix(DenseState(spaces, psi)), abs=1e-14)
    cut.free()
