"""Reduced density matrices and indicators of N bodies: explicit tensors, closed forms, and inequalities."""

import functools
import itertools
import math

import numpy as np
import pytest
from physics.many_bodies import (
    BOSONS,
    FERMIONS,
    dense,
    embedding,
    first_quantised,
    hermitian,
    mean_field_model,
    plane_waves,
)
from scipy.linalg import expm

from hpcmix.evolve.many_body.bogoliubov_limit import excitations_over_time
from hpcmix.evolve.many_body.excitation_frame import ExcitationFrame
from hpcmix.evolve.many_body.magnus import Magnus
from hpcmix.evolve.many_body.mode_field import ModeField, constant
from hpcmix.initial.many_body.configurations import place, vacuum
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction
from hpcmix.model.many_body.product import Changes, ManyBodyProduct, rows_for
from hpcmix.observe.reduced.density_matrices import density_matrix
from hpcmix.observe.reduced.distances.comparison import compare, condensates_at_rest
from hpcmix.observe.reduced.distances.explicit_bound import ExplicitBound
from hpcmix.observe.reduced.distances.indicators import alpha, sobolev_distance, trace_distance, trace_norm
from hpcmix.observe.reduced.distances.inequalities import fermion_violations, violations
from hpcmix.observe.reduced.distances.references import reference
from hpcmix.observe.reduced.edge import edge_weights, numbers_outside
from hpcmix.observe.reduced.few_particles import FewParticles
from hpcmix.observe.reduced.on_grid import density_on_grid, in_fixed_modes
from hpcmix.observe.reduced.pair_space import pair_space_distance, pair_space_matrix
from hpcmix.observe.reduced.state import DenseState, SharedState
from hpcmix.parallel.process.mpi import MPI

RANDOM = np.random.default_rng


def random_state(kinds, modes, particles, seed=1):
    spaces = [configurations_of(*one) for one in zip(kinds, particles, modes, strict=True)]
    shape = [len(space) for space in spaces]
    psi = RANDOM(seed).normal(size=(*shape, 2)) @ np.array([1.0, 1j])
    return DenseState(spaces, psi / np.linalg.norm(psi))


def orbitals_of(modes, counts, seed=2):
    random = RANDOM(seed)
    found = []
    for m, count in zip(modes, counts, strict=True):
        q, _ = np.linalg.qr(random.normal(size=(m, count)) + 1j * random.normal(size=(m, count)))
        found.append(q)
    return found


def product_state(model, orbitals):
    """u (x) .. (x) v of bosons, a determinant of fermions, in all configurations."""
    spaces = [configurations_of(one.statistics, one.particles, one.modes) for one in model.species]
    vectors = []
    for space, own in zip(spaces, orbitals, strict=True):
        tensor = functools.reduce(np.kron, [own[:, j % own.shape[1]] for j in range(space.particles)])
        vector = embedding(space).T @ tensor
        vectors.append(vector / np.linalg.norm(vector))
    return DenseState(spaces, functools.reduce(np.multiply.outer, vectors))


def evolved(model, state, time):
    matrix = expm(-1j * time / model.hbar * first_quantised(model, state.spaces))
    return DenseState(state.spaces, (matrix @ state.psi.ravel()).reshape(state.psi.shape))


def by_product(model, state, time):
    """The same for more particles than tensors hold."""
    product = ManyBodyProduct(model, state.spaces, rows_for(MPI.COMM_SELF, state.spaces))
    values, vectors = np.linalg.eigh(dense(product))
    psi = vectors @ (np.exp(-1j * time / model.hbar * values) * (vectors.conj().T @ state.psi.ravel()))
    return DenseState(state.spaces, psi.reshape(state.psi.shape))


# ---------------------------------------------------------------- explicit tensors


@pytest.mark.parametrize("order", [(1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (1, 2), (0, 2)])
@pytest.mark.parametrize(
    ("kinds", "particles"), [((BOSONS, BOSONS), (3, 2)), ((FERMIONS, BOSONS), (2, 2)), ((FERMIONS, FERMIONS), (2, 2))]
)
def test_density_matrices_are_partial_traces_of_the_whole_tensor(kinds, particles, order):
    modes = (3, 3)
    state = random_state(kinds, modes, particles)
    whole = np.kron(embedding(state.spaces[0]), embedding(state.spaces[1])) @ state.psi.ravel()
    n, m = particles
    tensor = whole.reshape([3] * (n + m))
    kept = [*range(order[0]), *range(n, n + order[1])]
    rest = [axis for axis in range(n + m) if axis not in kept]
    matrix = tensor.transpose(*kept, *rest).reshape(3 ** len(kept), -1)
    expected = matrix @ matrix.conj().T
    found = density_matrix(state, order)
    both = np.kron(*(one.isometry.toarray() for one in found.few))
    assert np.max(np.abs(both @ found.matrix @ both.T - expected)) < 1e-14
    assert np.trace(found.matrix) == pytest.approx(1.0, abs=1e-14)
    assert np.array_equal(found.matrix, found.matrix.conj().T)
    falling = math.prod(math.perm(number, count) for number, count in zip(particles, order, strict=True))
    assert found.trace == pytest.approx(falling, rel=1e-13)


def test_partial_traces_and_blocks(monkeypatch):
    state = random_state((BOSONS, BOSONS), (3, 4), (4, 3))
    pair = density_matrix(state, (1, 1))
    assert pair.traced_over(1) == pytest.approx(density_matrix(state, (1, 0)).matrix, abs=1e-14)
    assert pair.traced_over(0) == pytest.approx(density_matrix(state, (0, 1)).matrix, abs=1e-14)
    monkeypatch.setattr("hpcmix.observe.reduced.density_matrices.BLOCK", 100)
    assert density_matrix(state, (1, 1)).matrix == pytest.approx(pair.matrix, abs=1e-14)
    assert np.sum(pair.natural_occupations) == pytest.approx(1.0)


def test_three_species_and_an_order_that_is_not_there():
    state = random_state((BOSONS, FERMIONS, BOSONS), (2, 3, 2), (2, 2, 1))
    triple = density_matrix(state, (1, 1, 1))
    assert triple.traced_over(2) == pytest.approx(density_matrix(state, (1, 1, 0)).matrix, abs=1e-14)
    with pytest.raises(ValueError, match="not so many particles"):
        density_matrix(state, (0, 0, 2))


def test_rows_on_ranks_give_the_same():
    state = random_state((BOSONS, BOSONS), (3, 3), (5, 4))
    cut = rows_for(MPI.COMM_SELF, state.spaces)
    psi = cut.vector()
    psi[...] = state.psi.reshape(cut.rows, cut.columns)
    shared = SharedState(state.spaces, cut, psi)
    orbitals = orbitals_of((3, 3), (1, 1))
    for order in ((1, 1), (2, 1)):
        assert density_matrix(shared, order).matrix == pytest.approx(density_matrix(state, order).matrix, abs=1e-15)
        assert alpha(shared, order, orbitals) == pytest.approx(alpha(state, order, orbitals), abs=1e-15)
    cut.free()


# ---------------------------------------------------------------- indicators


@pytest.mark.parametrize("order", [(1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (1, 2)])
def test_alpha_is_one_minus_the_overlap_with_the_product(order):
    state = random_state((BOSONS, BOSONS), (3, 4), (4, 3))
    orbitals = orbitals_of((3, 4), (1, 1))
    gamma = density_matrix(state, order)
    expected = 1.0 - np.trace(reference(gamma.few, orbitals) @ gamma.matrix).real
    assert alpha(state, order, orbitals) == pytest.approx(expected, abs=1e-14)
    # where the condensate is a mode, from occupations
    units = [np.eye(m)[:, :1] for m in (3, 4)]
    expected = 1.0 - np.trace(reference(gamma.few, units) @ gamma.matrix).real
    assert alpha(state, order, units) == pytest.approx(expected, abs=1e-14)


def test_alpha_of_high_orders_takes_no_density_matrix():
    model = mean_field_model((2, 2), (12, 9))
    orbitals = orbitals_of((2, 2), (1, 1))
    state = product_state_of_two_modes(model, orbitals)
    assert alpha(state, (7, 5), orbitals) == pytest.approx(0.0, abs=1e-13)
    other = orbitals_of((2, 2), (1, 1), seed=9)
    overlaps = [abs(np.vdot(a[:, 0], b[:, 0])) ** 2 for a, b in zip(orbitals, other, strict=True)]
    assert alpha(state, (7, 5), other) == pytest.approx(1.0 - overlaps[0] ** 7 * overlaps[1] ** 5, abs=1e-13)


def product_state_of_two_modes(model, orbitals):
    spaces = [configurations_of(one.statistics, one.particles, one.modes) for one in model.species]
    vectors = []
    for space, own in zip(spaces, orbitals, strict=True):
        n = space.occupations
        factors = [math.sqrt(math.comb(space.particles, int(k))) for k in n[:, 0]]
        vectors.append(np.array(factors) * own[0, 0] ** n[:, 0] * own[1, 0] ** n[:, 1])
    return DenseState(spaces, functools.reduce(np.multiply.outer, vectors))


def test_no_digits_are_lost_where_hardly_anybody_is_outside():
    number = 10**6
    space = configurations_of(BOSONS, number, 2, 4)
    psi = np.zeros(len(space), complex)
    outside = number - space.occupations[:, 0]
    psi[outside == 0], psi[outside == 2] = math.sqrt(1.0 - 1e-7), math.sqrt(1e-7)
    state = DenseState([space], psi)
    assert alpha(state, (1,), [np.eye(2)[:, :1]]) == pytest.approx(2e-7 / number, rel=1e-12)
    assert alpha(state, (2,), [np.eye(2)[:, :1]]) == pytest.approx(4e-7 / number, rel=1e-5)


@pytest.mark.parametrize("theta", [0.5, 1.0])
def test_sobolev_norms_by_explicit_tensors(theta):
    state = random_state((BOSONS, BOSONS), (3, 3), (3, 2))
    orbitals = orbitals_of((3, 3), (1, 1))
    kinetic = [np.diag([0.0, 1.0, 4.0]), 0.7 * np.diag([0.0, 1.0, 4.0])]
    gamma = density_matrix(state, (2, 1))
    both = np.kron(*(one.isometry.toarray() for one in gamma.few))
    u, v = (own[:, 0] for own in orbitals)
    vector = functools.reduce(np.kron, [u, u, v])
    difference = both @ gamma.matrix @ both.T - np.outer(vector, vector.conj())
    powers = [np.diag((1.0 + np.diagonal(own)) ** theta) for own in kinetic]
    one = np.eye(3)
    weight = (
        functools.reduce(np.kron, [powers[0], one, one])
        + functools.reduce(np.kron, [one, powers[0], one])
        + functools.reduce(np.kron, [one, one, powers[1]])
    )
    root = np.sqrt(weight)
    assert sobolev_distance(gamma, orbitals, kinetic, theta) == pytest.approx(
        trace_norm(root @ difference @ root), rel=1e-12
    )


def test_the_partial_transpose_is_another_number():
    """What de Oliveira and Michelangeli print in (2.1) is off by tens of per cent."""
    model = mean_field_model((3, 3), (3, 2), seed=4, size=0.05)
    orbitals = orbitals_of((3, 3), (1, 1))
    state = by_product(model, product_state(model, orbitals), 0.2)
    mean = ModeField(constant(model), orbitals, [1, 1]).orbitals(0.2)
    gamma = density_matrix(state, (1, 1))
    right = trace_distance(gamma, mean)
    expected = reference(gamma.few, mean)
    wrong_way = gamma.matrix.reshape(3, 3, 3, 3).transpose(0, 3, 2, 1).reshape(9, 9)
    wrong = trace_norm(wrong_way - expected.reshape(3, 3, 3, 3).transpose(0, 3, 2, 1).reshape(9, 9))
    assert abs(wrong / right - 1.0) > 0.05
    negative = np.linalg.eigvalsh(wrong_way)[0]
    assert negative < -1e-3  # no density matrix
    assert np.linalg.eigvalsh(gamma.matrix)[0] > -1e-14


# ---------------------------------------------------------------- closed forms


def diagonal_model(kinds, particles, couplings, factors, modes=3, hbar=1.0):
    """h = 0 and V_ab diagonal in sites."""
    species = tuple(
        ModeSpecies(f"s{a}", kind, n, np.zeros((modes, modes), complex))
        for a, (kind, n) in enumerate(zip(kinds, particles, strict=True))
    )
    projectors = np.array([np.diag(row) for row in np.eye(modes)], complex)
    pairs = []
    for (a, b), matrix in couplings.items():
        right = np.array([np.diag(row) for row in matrix], complex)
        channels = Channels(np.ones(modes), projectors, right)
        pairs.append(PairInteraction(a, b, factors[a, b], 0.0, 0.0, channels))
    return ManyBodyModel(hbar, species, tuple(pairs))


def test_frozen_particles():
    """gamma_xx' = u_x conj(u_x') [sum_y |u_y|^2 e^(-i t f_11 (V_xy - V_x'y))]^(N_1 - 1) [sum_l ..]^N_2, any N."""
    random = RANDOM(7)
    v = random.normal(size=(3, 3))
    v, c = v + v.T, random.normal(size=(3, 3))
    n1, n2, f11, f12, time, hbar = 5, 3, 0.3, 0.7, 1.4, 1.7
    model = diagonal_model((BOSONS, BOSONS), (n1, n2), {(0, 0): v, (0, 1): c}, {(0, 0): f11, (0, 1): f12}, hbar=hbar)
    orbitals = orbitals_of((3, 3), (1, 1))
    state = by_product(model, product_state(model, orbitals), time)
    u, w = (own[:, 0] for own in orbitals)
    expected = np.empty((3, 3), complex)
    for x, y in itertools.product(range(3), repeat=2):
        own = np.sum(np.abs(u) ** 2 * np.exp(-1j * time / hbar * f11 * (v[x] - v[y])))
        other = np.sum(np.abs(w) ** 2 * np.exp(-1j * time / hbar * f12 * (c[x] - c[y])))
        expected[x, y] = u[x] * u[y].conj() * own ** (n1 - 1) * other**n2
    assert np.max(np.abs(density_matrix(state, (1, 0)).matrix - expected)) < 1e-12


def test_channels_whose_sums_vanish_leave_the_others_alone():
    """Odd functions of the site on a configuration that is even: an entry is zero, of that channel only."""
    odd, even = np.diag([-1.0, 2.0, 1.0]).astype(complex), np.diag([3.0, 1.0, 0.5]).astype(complex)
    channels = Channels(np.array([1.0, 0.7]), np.array([odd, even]), np.array([even, odd]))
    species = tuple(ModeSpecies(name, BOSONS, 2, np.zeros((3, 3), complex)) for name in "ab")
    model = ManyBodyModel(1.0, species, (PairInteraction(0, 1, 1.0, 0.0, 0.0, channels),))
    spaces = [configurations_of(BOSONS, 2, 3) for _ in species]
    found = dense(ManyBodyProduct(model, spaces, rows_for(MPI.COMM_SELF, spaces)))
    assert np.max(np.abs(found - first_quantised(model, spaces))) < 1e-13


def test_two_equal_species_are_one_larger_species():
    """V1 = c1 V, V2 = c2 V, V12 = V is one species of N1 + N2 with V/(N1 + N2)."""
    random = RANDOM(11)
    n1, n2, time = 3, 2, 0.9
    total, h = n1 + n2, hermitian(random, 3)
    x = np.array([hermitian(random, 3) for _ in range(2)])
    strengths = random.normal(size=2)
    both = Channels(strengths, x, x)
    species = [ModeSpecies(name, BOSONS, n, h) for name, n in (("a", n1), ("b", n2), ("one", total))]
    pairs = tuple(
        PairInteraction(a, b, factor, first, second, Channels(scale * strengths, x, x))
        for a, b, factor, scale, first, second in (
            (0, 0, 1 / n1, n1 / total, 1.0, 1.0),
            (1, 1, 1 / n2, n2 / total, 1.0, 1.0),
            (0, 1, 1 / total, 1.0, n2 / total, n1 / total),
        )
    )
    two = ManyBodyModel(1.0, tuple(species[:2]), pairs)
    one = ManyBodyModel(1.0, (species[2],), (PairInteraction(0, 0, 1 / total, 1.0, 1.0, both),))
    (u,) = orbitals_of((3,), (1,))
    of_two = by_product(two, product_state(two, [u, u]), time)
    of_one = by_product(one, product_state(one, [u]), time)
    mean_two = ModeField(constant(two), [u, u], [1, 1]).orbitals(time)
    mean_one = ModeField(constant(one), [u], [1]).orbitals(time)
    assert mean_two[0] == pytest.approx(mean_one[0], abs=1e-12)
    single, pair = alpha(of_one, (1,), mean_one), alpha(of_one, (2,), mean_one)
    assert single > 0.01
    assert alpha(of_two, (1, 0), mean_two) == pytest.approx(single, abs=1e-12)
    assert alpha(of_two, (0, 1), mean_two) == pytest.approx(single, abs=1e-12)
    assert alpha(of_two, (1, 1), mean_two) == pytest.approx(pair, abs=1e-12)


def test_free_particles_stay_a_product_and_a_fermion_is_a_boson():
    random = RANDOM(13)
    h = [hermitian(random, 3), hermitian(random, 4)]
    species = (ModeSpecies("b", BOSONS, 3, h[0]), ModeSpecies("f", FERMIONS, 2, h[1]))
    model = ManyBodyModel(1.0, species, ())
    orbitals = orbitals_of((3, 4), (1, 2))
    state = by_product(model, product_state(model, orbitals), 2.0)
    mean = ModeField(constant(model), orbitals, [1, 2]).orbitals(2.0)
    for order in ((1, 0), (0, 1), (1, 1), (2, 1), (1, 2)):
        assert alpha(state, order, mean) == pytest.approx(0.0, abs=1e-12)
        assert trace_distance(density_matrix(state, order), mean) == pytest.approx(0.0, abs=1e-11)
    # one fermion that interacts is one boson
    x = np.array([hermitian(random, 3)])
    y = np.array([hermitian(random, 4)])
    pair = PairInteraction(0, 1, 0.4, 0.4, 1.2, Channels(np.ones(1), x, y))
    found = []
    for kind in (BOSONS, FERMIONS):
        one = ManyBodyModel(1.0, (species[0], ModeSpecies("s", kind, 1, h[1])), (pair,))
        start = [orbitals[0], orbitals[1][:, :1]]
        late = by_product(one, product_state(one, start), 1.0)
        at = ModeField(constant(one), start, [1, 1]).orbitals(1.0)
        found.append([alpha(late, (1, 1), at), trace_distance(density_matrix(late, (1, 1)), at)])
    assert found[0] == pytest.approx(found[1], abs=1e-12)
    assert found[0][0] > 1e-3


def test_filled_fermions_are_frozen():
    """M fermions in M modes have one configuration; the mean field of their orbitals is the same determinant."""
    random = RANDOM(17)
    species = (ModeSpecies("f", FERMIONS, 3, hermitian(random, 3)), ModeSpecies("b", BOSONS, 2, hermitian(random, 2)))
    pair = PairInteraction(
        0, 1, 0.5, 1.0, 0.5, Channels(np.ones(1), np.array([hermitian(random, 3)]), np.array([hermitian(random, 2)]))
    )
    model = ManyBodyModel(1.0, species, (pair,))
    orbitals = [np.eye(3, dtype=complex), orbitals_of((2,), (1,))[0]]
    state = by_product(model, product_state(model, orbitals), 1.3)
    mean = ModeField(constant(model), orbitals, [3, 1]).orbitals(1.3)
    for order in ((1, 0), (0, 1), (1, 1)):
        assert alpha(state, order, mean) == pytest.approx(0.0, abs=1e-12)


def test_fermions_and_bosons_as_cardenas_miller_and_pavlovic_count():
    """F = (1/M) Tr|gamma_F - omega| and B are R of one particle; 0 <= gamma_F <= 1."""
    random = RANDOM(19)
    species = (ModeSpecies("f", FERMIONS, 2, hermitian(random, 4)), ModeSpecies("b", BOSONS, 4, hermitian(random, 3)))
    pair = PairInteraction(
        0, 1, 0.05, 0.2, 0.05, Channels(np.ones(1), np.array([hermitian(random, 4)]), np.array([hermitian(random, 3)]))
    )
    model = ManyBodyModel(1.0, species, (pair,))
    orbitals = orbitals_of((4, 3), (2, 1))
    state = by_product(model, product_state(model, orbitals), 0.4)
    mean = ModeField(constant(model), orbitals, [2, 1]).orbitals(0.4)
    gamma = density_matrix(state, (1, 0))
    omega = mean[0] @ mean[0].conj().T
    assert trace_distance(gamma, mean) == pytest.approx(trace_norm(2.0 * gamma.matrix - omega) / 2.0, rel=1e-12)
    assert 0.001 < trace_distance(gamma, mean) < 0.5
    assert not fermion_violations(gamma.natural_occupations, 2)
    assert fermion_violations(np.array([0.6, 0.4]), 2)
    assert alpha(state, (1, 0), mean) == pytest.approx(1.0 - np.trace(omega @ gamma.matrix).real, abs=1e-13)


def uniform(number, size=2.0):
    model = plane_waves(1, (number,), size=size)
    u = np.zeros((3, 1), complex)
    u[1] = 1.0
    return model, [u]


def test_a_uniform_gas_tends_to_bogoliubov_like_one_over_n():
    """R = 2 alpha for translation invariant data; N alpha -> sum_k (l/o)^2 sin^2(o t)."""
    time, found = 0.8, []
    for number in (6, 12, 24, 48):
        model, orbitals = uniform(number)
        space = configurations_of(BOSONS, number, 3)
        psi = (space.occupations[:, 1] == number).astype(complex)
        state = by_product(model, DenseState([space], psi), time)
        value = alpha(state, (1,), orbitals)
        assert trace_distance(density_matrix(state, (1,)), orbitals) == pytest.approx(2.0 * value, rel=1e-10)
        found.append(number * value)
    coupling, energy = 2.0 * 0.5 / (2.0 * math.pi), 0.5
    frequency = math.sqrt(energy**2 + 2.0 * energy * coupling)
    expected = 2.0 * (coupling / frequency) ** 2 * math.sin(frequency * time) ** 2
    (limit,) = excitations_over_time(constant(uniform(8)[0]), uniform(8)[1], [time])
    assert limit[0] == pytest.approx(expected, rel=1e-11)
    extrapolated = 2.0 * found[3] - found[2]
    assert extrapolated == pytest.approx(expected, rel=1e-3)
    errors = [value / expected - 1.0 for value in found]
    assert errors[3] / errors[2] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("seed", [0, 1])
def test_two_species_tend_to_their_bogoliubov_numbers(seed):
    time, found = 0.3, {}
    for particles in ((4, 2), (8, 4), (16, 8)):
        model = mean_field_model((2, 2), particles, seed=seed, size=0.05)
        orbitals = orbitals_of((2, 2), (1, 1), seed=3)
        state = by_product(model, product_state_of_two_modes(model, orbitals), time)
        mean = ModeField(constant(model), orbitals, [1, 1]).orbitals(time)
        found[particles] = np.array(
            [particles[0] * alpha(state, (1, 0), mean), particles[1] * alpha(state, (0, 1), mean)]
        )
    (limit,) = excitations_over_time(constant(model), orbitals, [time])
    extrapolated = 2.0 * found[16, 8] - found[8, 4]
    assert extrapolated == pytest.approx(limit, rel=0.02)
    assert np.all(np.abs(found[16, 8] - limit) < 0.6 * np.abs(found[8, 4] - limit))


# ---------------------------------------------------------------- pictures


def magnus(frame, spaces, psi, time, steps):
    """Order 4, commutator-free, dense: a reference for small systems."""
    product = ManyBodyProduct(frame.model(0.0), spaces, rows_for(MPI.COMM_SELF, spaces), Changes.EVERYTHING)
    root = math.sqrt(3.0)
    step = time / steps

    def matrix(at):
        product.load([(1.0, frame.model(at))])
        return dense(product)

    for number in range(steps):
        first = matrix((number + 0.5 - root / 6.0) * step)
        second = matrix((number + 0.5 + root / 6.0) * step)
        low, high = 0.25 - root / 6.0, 0.25 + root / 6.0
        psi = expm(-1j * step * (high * first + low * second)) @ psi
        psi = expm(-1j * step * (low * first + high * second)) @ psi
    return psi


def test_excitations_with_room_for_all_agree_with_occupations():
    model = mean_field_model((3, 3), (3, 2), seed=6)
    orbitals = orbitals_of((3, 3), (1, 1))
    time = 0.3
    whole = by_product(model, product_state(model, orbitals), time)
    frame = ExcitationFrame(constant(model), orbitals)
    spaces = [configurations_of(BOSONS, n, 3, n) for n in (3, 2)]
    start = np.zeros([len(space) for space in spaces], complex)
    start[tuple(int(space.rank(np.array([[space.particles, 0, 0]]))[0]) for space in spaces)] = 1.0
    psi = magnus(frame, spaces, start.ravel(), time, 120).reshape(start.shape)
    moving = DenseState(spaces, psi)
    units = condensates_at_rest((3, 3), (1, 1))
    mean = frame.orbitals(time)
    for order in ((1, 0), (0, 1), (1, 1), (2, 1)):
        assert alpha(moving, order, units) == pytest.approx(alpha(whole, order, mean), abs=1e-9)
        found = trace_distance(density_matrix(moving, order), units)
        assert found == pytest.approx(trace_distance(density_matrix(whole, order), mean), abs=1e-8)
    unitary = frame.unitaries(time)[0]
    turned = in_fixed_modes(density_matrix(moving, (1, 0)).matrix, unitary)
    assert turned == pytest.approx(density_matrix(whole, (1, 0)).matrix, abs=1e-8)


def test_coherent_states_of_free_particles_are_close_to_phi_on_both_spaces():
    """The vacuum of fluctuations: Gamma = |phi><phi|; of fixed numbers it never is."""
    spaces = [configurations_of(BOSONS, n, 2, 3, coherent=True) for n in (6, 3)]
    psi = np.zeros([len(space) for space in spaces], complex)
    place = tuple(int(space.rank(np.array([[space.particles, 0, 0]]))[0]) for space in spaces)
    psi[place] = 1.0
    state = DenseState(spaces, psi)
    units = [np.eye(2)[:, :1]] * 2
    assert pair_space_distance(pair_space_matrix(state), units, (6, 3)) == pytest.approx(0.0, abs=1e-14)
    assert trace_distance(density_matrix(state, (1, 1)), units) == pytest.approx(0.0, abs=1e-14)
    assert alpha(state, (1, 1), units) == pytest.approx(0.0, abs=1e-14)
    fixed = [configurations_of(BOSONS, n, 2) for n in (6, 3)]
    psi = np.multiply.outer(*[(space.occupations[:, 0] == space.particles).astype(complex) for space in fixed])
    gamma = pair_space_matrix(DenseState(fixed, psi))
    assert np.diagonal(gamma).real == pytest.approx([2 / 3, 0, 1 / 3, 0], abs=1e-14)
    assert pair_space_distance(gamma, units, (6, 3)) == pytest.approx(2.0 * math.sqrt(2.0) / 3.0)


def test_particles_and_holes_with_room_for_all_agree_with_occupations():
    """Fermions beside bosons in the moving frame: determinants above the filled orbitals."""
    random = RANDOM(23)
    species = (ModeSpecies("f", FERMIONS, 2, hermitian(random, 4)), ModeSpecies("b", BOSONS, 2, hermitian(random, 2)))
    pair = PairInteraction(
        0, 1, 0.2, 0.4, 0.2, Channels(np.ones(1), np.array([hermitian(random, 4)]), np.array([hermitian(random, 2)]))
    )
    model = ManyBodyModel(1.0, species, (pair,))
    orbitals = orbitals_of((4, 2), (2, 1))
    time = 0.3
    whole = by_product(model, product_state(model, orbitals), time)
    frame = ExcitationFrame(constant(model), orbitals)
    spaces = [configurations_of(FERMIONS, 2, 4, 2), configurations_of(BOSONS, 2, 2, 2)]
    start = np.zeros([len(space) for space in spaces], complex)
    filled = [np.array([[1, 1, 0, 0]]), np.array([[2, 0]])]
    start[tuple(int(space.rank(own)[0]) for space, own in zip(spaces, filled, strict=True))] = 1.0
    moving = DenseState(spaces, magnus(frame, spaces, start.ravel(), time, 60).reshape(start.shape))
    units, mean = condensates_at_rest((4, 2), (2, 1)), frame.orbitals(time)
    for order in ((1, 0), (0, 1), (1, 1)):
        assert alpha(moving, order, units) == pytest.approx(alpha(whole, order, mean), abs=1e-9)
        found = trace_distance(density_matrix(moving, order), units)
        assert found == pytest.approx(trace_distance(density_matrix(whole, order), mean), abs=1e-8)
    assert edge_weights(moving, (2, 2)) == [0.0, 0.0]  # nobody is left out
    chances = numbers_outside(moving)
    assert [float(np.sum(own)) for own in chances] == pytest.approx([1.0, 1.0], abs=1e-12)
    mean_number = float(np.arange(3) @ chances[1])
    assert mean_number == pytest.approx(2.0 * alpha(moving, (0, 1), units), rel=1e-10)
    assert edge_weights(moving, (1, None)) == pytest.approx([float(chances[0][1]), 0.0])


def test_coherent_states_are_the_poisson_mixture_of_their_sectors():
    """Fluctuations above a coherent state against every number of particles by itself, gamma^(1) and Gamma's phase."""
    number, time, most = 2, 0.25, 14
    base = mean_field_model((2,), (number,), seed=2, size=0.1)
    (u,) = orbitals_of((2,), (1,))
    frame = ExcitationFrame(constant(base), [u])
    space = configurations_of(BOSONS, number, 2, 16, coherent=True)
    start = np.zeros(len(space), complex)
    start[int(space.rank(np.array([[number, 0, 0]]))[0])] = 1.0
    state = DenseState([space], magnus(frame, [space], start, time, 25))
    moving = density_matrix(state, (1,))
    assert edge_weights(state, (16,))[0] < 1e-6
    total, weight_of_all = np.zeros((2, 2), complex), 0.0
    for n in range(1, most):
        sector = ManyBodyModel(
            1.0,
            (ModeSpecies("s0", BOSONS, n, base.species[0].one_body),),
            base.interactions,
        )
        sector_state = by_product(sector, product_state_of_two_modes(sector, [u]), time)
        weight = math.exp(-number) * number**n / math.factorial(n)
        gamma = density_matrix(sector_state, (1,))
        total += weight * n * gamma.matrix
        weight_of_all += weight * n
    assert weight_of_all == pytest.approx(number, abs=1e-6)
    unitary = frame.unitaries(time)[0]
    found = in_fixed_modes(moving.matrix * moving.trace, unitary)
    assert found == pytest.approx(total, abs=1e-5)


def test_a_million_particles_are_at_bogoliubov():
    """Two species of 1000000 and 500000 with at most 12 and 10 outside: N alpha is the limit up to 1/N."""
    particles, time = (1000000, 500000), 0.3
    model = mean_field_model((2, 2), particles, seed=1, size=0.05)
    orbitals = orbitals_of((2, 2), (1, 1), seed=3)
    frame = ExcitationFrame(constant(model), orbitals)
    most = (12, 10)
    spaces = [configurations_of(BOSONS, n, 2, k) for n, k in zip(particles, most, strict=True)]
    rows = rows_for(MPI.COMM_SELF, spaces)
    product = ManyBodyProduct(frame.model(0.0), spaces, rows, Changes.EVERYTHING)

    def combine(parts):
        product.load([(weight, frame.model(at)) for weight, at in parts])
        return product.apply

    psi = place(rows, [vacuum(space) for space in spaces])
    Magnus(combine, rows, model.hbar, 1e-10).advance(psi, 0.0, time)
    state = SharedState(spaces, rows, psi)
    assert max(edge_weights(state, most)) < 1e-8
    units = condensates_at_rest((2, 2), (1, 1))
    found = [n * alpha(state, order, units) for n, order in zip(particles, ((1, 0), (0, 1)), strict=True)]
    (limit,) = excitations_over_time(constant(model), orbitals, [time])
    assert found == pytest.approx(list(limit), rel=2e-5)
    assert (
        violations(
            {order: alpha(state, order, units) for order in ORDERS[:3]},
            {order: trace_distance(density_matrix(state, order), units) for order in ORDERS[:3]},
        )
        == []
    )


# ---------------------------------------------------------------- inequalities


ORDERS = ((1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (1, 2))


def measured(model, state, mean):
    alphas = {order: alpha(state, order, mean) for order in ORDERS}
    distances = {order: trace_distance(density_matrix(state, order), mean) for order in ORDERS}
    return alphas, distances


@pytest.mark.parametrize("time", [0.0, 0.2, 1.0, 5.0])
def test_every_inequality_holds_at_every_time(time):
    model = mean_field_model((3, 2), (4, 3), seed=8)
    orbitals = orbitals_of((3, 2), (1, 1))
    state = by_product(model, product_state(model, orbitals), time)
    mean = ModeField(constant(model), orbitals, [1, 1]).orbitals(time)
    alphas, distances = measured(model, state, mean)
    assert violations(alphas, distances) == []


def test_a_comparison_has_the_columns_of_a_claim():
    model = mean_field_model((3, 2), (4, 3), seed=8)
    orbitals = orbitals_of((3, 2), (1, 1))
    state = by_product(model, product_state(model, orbitals), 0.3)
    mean = ModeField(constant(model), orbitals, [1, 1]).orbitals(0.3)
    kinetic = [np.diag(np.arange(m, dtype=float)) for m in (3, 2)]
    found = compare(state, mean, [(1, 1), (2, 2)], kinetic, [0.5])
    assert list(found.columns()) == [
        *("alpha(1,0)", "alpha(0,1)", "alpha(1,1)", "alpha(2,2)", "R(1,0)", "R(0,1)", "R(1,1)"),
        *("S(1,0;0.5)", "S(0,1;0.5)", "S(1,1;0.5)"),
    ]
    assert found.violated == ()
    assert found.columns()["alpha(2,2)"] == pytest.approx(alpha(state, (2, 2), mean))
    assert found.pair.traced_over(1) == pytest.approx(found.single[0].matrix, abs=1e-14)


def test_violations_are_found():
    alphas = {(1, 0): 0.1, (0, 1): 0.2, (1, 1): 0.15, (2, 1): 0.5}
    found = [one.name for one in violations(alphas, {(1, 1): 0.2, (2, 1): 2.5})]
    assert any("MO (3.5)" in name for name in found)
    assert any("MO (3.6)" in name for name in found)
    assert any("MO (3.8)" in name for name in found)
    assert any("2 alpha" in name for name in found)
    assert any("AHH (20)" in name for name in found)
    assert any("MO (3.7)" in name for name in found)
    assert "exceeds" in str(violations(alphas, {})[0])


def with_geometric_mean(model):
    """The same with the prefactors of Anapolitanos, Hott and Hundertmark."""
    n = [one.particles for one in model.species]
    pairs = []
    for pair in model.interactions:
        a, b = pair.first, pair.second
        if a == b:
            pairs.append(PairInteraction(a, a, 1.0 / (n[a] - 1), 1.0, 1.0, pair.channels))
        else:
            ratio = math.sqrt(n[b] / n[a])
            pairs.append(PairInteraction(a, b, 1.0 / math.sqrt(n[a] * n[b]), ratio, 1.0 / ratio, pair.channels))
    return ManyBodyModel(model.hbar, model.species, tuple(pairs))


def test_the_theorem_with_its_constant_bounds_what_is_measured():
    model = with_geometric_mean(mean_field_model((2, 2), (8, 4), seed=5, size=0.1))
    orbitals = orbitals_of((2, 2), (1, 1))
    bound = ExplicitBound.of(model)
    start = product_state_of_two_modes(model, orbitals)
    field = ModeField(constant(model), orbitals, [1, 1])
    loose = []
    for time in (0.05, 0.1, 0.3, 1.0):
        state, mean = by_product(model, start, time), field.orbitals(time)
        value = alpha(state, (1, 0), mean) + alpha(state, (0, 1), mean)
        assert 0.0 < value <= bound.at(time)
        loose.append(bound.at(time) / value)
    assert bound.at(0.0) == 0.0
    assert math.isinf(bound.at(1e6))
    assert min(loose) > 1.0


def test_the_prefactor_of_the_other_paper_changes_alpha_by_a_third():
    """f = 1/(N - 1) where f = 1/N is meant: a third at (8, 4), of order 1/N in general."""
    model = mean_field_model((2, 2), (8, 4), seed=0, size=0.1)
    wrong = ManyBodyModel(
        model.hbar,
        model.species,
        tuple(
            pair
            if pair.first != pair.second
            else PairInteraction(
                pair.first, pair.second, 1.0 / (model.species[pair.first].particles - 1), 1.0, 1.0, pair.channels
            )
            for pair in model.interactions
        ),
    )
    orbitals = orbitals_of((2, 2), (1, 1), seed=3)
    values = []
    for one in (model, wrong):
        state = by_product(one, product_state_of_two_modes(one, orbitals), 0.5)
        mean = ModeField(constant(one), orbitals, [1, 1]).orbitals(0.5)
        values.append(alpha(state, (1, 1), mean))
    assert abs(values[1] / values[0] - 1.0) > 0.1


def test_a_wrong_fraction_leaves_a_part_that_does_not_vanish():
    """c_j that is not N_j/N: N alpha does not converge any more, so the measured exponent falls."""
    found = []
    for particles in ((8, 4), (16, 8)):
        model = mean_field_model((2, 2), particles, seed=0)
        orbitals = orbitals_of((2, 2), (1, 1), seed=3)
        pairs = tuple(
            PairInteraction(
                pair.first, pair.second, pair.factor, 1.2 * pair.first_feels, pair.second_feels, pair.channels
            )
            for pair in model.interactions
        )
        wrong = ManyBodyModel(model.hbar, model.species, pairs)
        state = by_product(model, product_state_of_two_modes(model, orbitals), 0.5)
        rows = []
        for one in (model, wrong):
            mean = ModeField(constant(one), orbitals, [1, 1]).orbitals(0.5)
            rows.append(alpha(state, (1, 1), mean))
        found.append(rows)
    right, wrong = (math.log2(found[0][k] / found[1][k]) for k in (0, 1))
    assert right > 0.85
    assert wrong < right - 0.1


def test_the_density_on_the_grid_holds_all_particles():
    state = random_state((BOSONS, BOSONS), (3, 3), (5, 4))
    modes = np.linalg.qr(RANDOM(3).normal(size=(16, 3)))[0].T / math.sqrt(0.5) + 0j
    density = density_on_grid(density_matrix(state, (1, 0)).matrix, modes, 5)
    assert 0.5 * np.sum(density) == pytest.approx(5.0)
    assert np.min(density) >= -1e-14


def test_few_particles_are_orthonormal():
    for few in (FewParticles(BOSONS, 4, 3), FewParticles(FERMIONS, 4, 3), FewParticles(BOSONS, 3, 0)):
        isometry = few.isometry.toarray()
        assert isometry.T @ isometry == pytest.approx(np.eye(len(few)), abs=1e-14)
    few = FewParticles(BOSONS, 4, 3)
    u = orbitals_of((4,), (1,))[0][:, 0]
    assert few.isometry @ few.product(u) == pytest.approx(functools.reduce(np.kron, [u, u, u]))
