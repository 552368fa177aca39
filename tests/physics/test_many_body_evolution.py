"""The evolution of many bodies: closed forms, dense exponentials, orders, conservation, both pictures."""

import math

import numpy as np
import pytest
from physics.many_bodies import (
    BOSONS,
    FERMIONS,
    channels,
    dense,
    first_quantised,
    hermitian,
    mean_field_model,
    plane_waves,
    random_model,
)
from physics.many_body_frame import ExcitationFrame
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from hpcmix.evolve.many_body.chebyshev import Chebyshev, coefficients, spectral_interval
from hpcmix.evolve.many_body.magnus import Magnus
from hpcmix.initial.many_body.configurations import factorised, place, vacuum
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction
from hpcmix.model.many_body.product import Changes, ManyBodyProduct, rows_for
from hpcmix.parallel.process.mpi import MPI


def spaces_of(model, excitations=None):
    return [configurations_of(s.statistics, s.particles, s.modes, excitations) for s in model.species]


def product_of(model, spaces, changes=Changes.NOTHING):
    rows = rows_for(MPI.COMM_SELF, spaces)
    return rows, ManyBodyProduct(model, spaces, rows, changes)


def orbital(random, modes):
    values = random.normal(size=modes) + 1j * random.normal(size=modes)
    return values / np.linalg.norm(values)


def one_body_density(space, psi):
    """<a*_q a_p> / N of the first species, shape (m, m), by definition; psi (D1, D2)."""
    modes = space.modes
    result = np.zeros((modes, modes), complex)
    for p in range(modes):
        for q in range(modes):
            without, first = space.annihilate(space.occupations, p)
            there = np.nonzero(first)[0]
            after, second = space.create(without[there], q)
            square = first[there] * second
            ranks = space.rank(after)
            kept = (ranks >= 0) & (square != 0.0)
            amplitude = np.copysign(np.sqrt(np.abs(square)), square)[kept, None]
            result[p, q] = np.sum(psi[ranks[kept]].conj() * amplitude * psi[there[kept]])
    return result / space.particles


# ---------------------------------------------------------------------- Chebyshev


@pytest.mark.parametrize("duration", [0.0, 0.7, -2.0, 30.0])
def test_the_exponential(duration):
    model = random_model((BOSONS, FERMIONS), (3, 4), (3, 2), hbar=1.3)
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces)
    psi = place(rows, [orbital(np.random.default_rng(i), len(s)) for i, s in enumerate(spaces)])
    matrix = first_quantised(model, spaces) - product.constant * np.eye(psi.size)
    expected = expm(-1j * duration / 1.3 * matrix) @ psi.reshape(-1)
    before = product.energy(psi, rows.vector())
    evolution = Chebyshev(product.apply, rows, model.hbar, 1e-12)
    evolution.advance(psi, duration)
    assert np.linalg.norm(psi.reshape(-1) - expected) <= 2e-12
    assert rows.norm(psi) == pytest.approx(1.0, abs=1e-12)
    assert product.energy(psi, rows.vector()) == pytest.approx(before, abs=1e-11 * np.abs(matrix).max())


def test_the_interval_holds_the_spectrum():
    for seed in range(5):
        model = random_model((BOSONS, BOSONS), (3, 3), (4, 3), seed=seed)
        rows, product = product_of(model, spaces_of(model))
        found = spectral_interval(product.apply, rows, (rows.vector(), rows.vector()))
        levels = np.linalg.eigvalsh(dense(product, constant=False))
        assert found.lowest <= levels[0] and levels[-1] <= found.highest
        assert found.highest - found.lowest <= 1.2 * (levels[-1] - levels[0])
    # a space that ends early: one level, and few
    for particles, modes in ((1, 1), (1, 3)):
        model = random_model((BOSONS,), (modes,), (particles,))
        rows, product = product_of(model, spaces_of(model))
        found = spectral_interval(product.apply, rows, (rows.vector(), rows.vector()))
        levels = np.linalg.eigvalsh(dense(product, constant=False))
        assert found.lowest <= levels[0] + 1e-12 and levels[-1] - 1e-12 <= found.highest


def test_the_coefficients_of_the_series():
    for size in (0.0, 1e-3, 3.0, 2000.0):
        x = np.linspace(-1.0, 1.0, 41)
        values = coefficients(size, 1e-13)
        series = np.polynomial.chebyshev.chebval(x, values * (-1j) ** (np.arange(len(values)) % 4))
        assert np.abs(series - np.exp(-1j * size * x)).max() <= 3e-13 * max(1.0, size)


# ---------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("numbers", [(4, 3), (12, 8), (1, 5)])
def test_frozen_particles(numbers):
    """h = 0 and an interaction that is diagonal in the modes: the density matrix in closed form."""
    random = np.random.default_rng(8)
    m, time, f11, f12 = 3, 1.7, 0.4, 0.3
    v, c = random.normal(size=(m, m)), random.normal(size=(m, m))
    v = v + v.T
    sites = np.array([np.diag(row) for row in np.eye(m)])

    def diagonal(w):
        places = [(x, y) for x in range(m) for y in range(m)]
        return Channels(
            np.array([w[x, y] for x, y in places]),
            np.array([sites[x] for x, _ in places]),
            np.array([sites[y] for _, y in places]),
        )

    species = tuple(ModeSpecies(f"s{i}", BOSONS, n, np.zeros((m, m))) for i, n in enumerate(numbers))
    model = ManyBodyModel(
        1.0,
        species,
        (PairInteraction(0, 0, f11, 0.0, 0.0, diagonal(v)), PairInteraction(0, 1, f12, 0.0, 0.0, diagonal(c))),
    )
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces)
    first, second = orbital(random, m), orbital(random, m)
    psi = place(rows, [factorised(spaces[0], first), factorised(spaces[1], second)])
    Chebyshev(product.apply, rows, 1.0).advance(psi, time)
    found = one_body_density(spaces[0], psi)
    for x in range(m):
        for y in range(m):
            own = np.sum(np.abs(first) ** 2 * np.exp(-1j * time * f11 * (v[x] - v[y])))
            other = np.sum(np.abs(second) ** 2 * np.exp(-1j * time * f12 * (c[x] - c[y])))
            own_energy = np.exp(-1j * time * f11 * 0.0)
            expected = first[x] * first[y].conj() * own_energy * own ** (numbers[0] - 1) * other ** numbers[1]
            assert found[x, y] == pytest.approx(expected, abs=2e-12)


def test_one_fermion_is_one_boson():
    random = np.random.default_rng(4)
    results = []
    model = random_model((BOSONS, BOSONS), (4, 3), (1, 3))
    first, second = orbital(random, 4), orbital(random, 3)
    for kind in (BOSONS, FERMIONS):
        one = ModeSpecies("s0", kind, 1, model.species[0].one_body)
        changed = ManyBodyModel(1.0, (one, model.species[1]), model.interactions)
        spaces = spaces_of(changed)
        rows, product = product_of(changed, spaces)
        start = factorised(spaces[0], first if kind is BOSONS else first[:, None])
        psi = place(rows, [start, factorised(spaces[1], second)])
        Chebyshev(product.apply, rows, 1.0).advance(psi, 1.0)
        results.append(one_body_density(spaces[0], psi))
    np.testing.assert_allclose(results[0], results[1], atol=1e-12)


@pytest.mark.parametrize("kind", [BOSONS, FERMIONS])
def test_free_particles_stay_factorised(kind):
    random = np.random.default_rng(4)
    h = hermitian(random, 4)
    model = ManyBodyModel(1.0, (ModeSpecies("s", kind, 3, h),), ())
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces)
    start = np.linalg.qr(random.normal(size=(4, 3)) + 1j * random.normal(size=(4, 3)))[0]
    start = start[:, 0] if kind is BOSONS else start
    psi = place(rows, [factorised(spaces[0], start)])
    Chebyshev(product.apply, rows, 1.0).advance(psi, 2.0)
    expected = factorised(spaces[0], expm(-2j * h) @ start)
    np.testing.assert_allclose(psi[:, 0], expected, atol=2e-12)


def test_filled_fermions_are_frozen():
    model = random_model((FERMIONS, BOSONS), (3, 3), (3, 2))
    spaces = spaces_of(model)
    assert len(spaces[0]) == 1
    rows, product = product_of(model, spaces)
    psi = place(rows, [np.ones(1), factorised(spaces[1], np.array([1.0, 0.0, 0.0]))])
    Chebyshev(product.apply, rows, 1.0).advance(psi, 1.0)
    np.testing.assert_allclose(one_body_density(spaces[0], psi), np.eye(3) / 3.0, atol=1e-13)


# ---------------------------------------------------------------------- Magnus


def ramped(model, time):
    """One-body matrices that turn with time."""
    species = tuple(
        ModeSpecies(s.name, s.statistics, s.particles, s.one_body * (1.0 + 0.5 * math.sin(2.0 * time + i)))
        for i, s in enumerate(model.species)
    )
    return ManyBodyModel(model.hbar, species, model.interactions)


@pytest.mark.parametrize("changes", [Changes.ONE_BODY, Changes.EVERYTHING])
def test_the_order_of_magnus(changes):
    model = random_model((BOSONS, BOSONS), (2, 2), (3, 2), hbar=0.9)
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces, changes)
    random = np.random.default_rng(1)
    start = place(rows, [factorised(s, orbital(random, 2)) for s in spaces])

    def combine(parts):
        product.load([(weight, ramped(model, time)) for weight, time in parts])
        return product.apply

    def derivative(time, psi):
        product.load([(1.0, ramped(model, time))])
        target = rows.vector()
        product.apply(np.ascontiguousarray(psi).reshape(start.shape), target)
        return -1j / 0.9 * target.reshape(-1)

    exact = solve_ivp(derivative, (0.0, 1.0), start.reshape(-1), "DOP853", rtol=1e-13, atol=1e-13).y[:, -1]
    errors = []
    for steps in (16, 32, 64):
        psi = start.copy()
        Magnus(combine, rows, 0.9).fixed(psi, 0.0, 1.0, steps)
        errors.append(np.linalg.norm(psi.reshape(-1) - exact))
        assert rows.norm(psi) == pytest.approx(1.0, abs=1e-12)
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 4.0) < 0.3), errors
    for tolerance in (1e-5, 1e-7, 1e-9):
        psi = start.copy()
        Magnus(combine, rows, 0.9, tolerance).advance(psi, 0.0, 1.0)
        error = np.linalg.norm(psi.reshape(-1) - exact)
        assert error <= tolerance


# ---------------------------------------------------------------------- the excitation picture


def excited_fraction(space, psi):
    """alpha^(1,0) = <N_+> / N of the first species."""
    excited = space.particles - space.occupations[:, 0]
    return float(np.sum(excited * np.sum(np.abs(psi) ** 2, axis=1)) / space.particles)


def in_the_frame(model, orbitals, excitations, time, tolerance=1e-11, coherent=False):
    """Psi~ at a time, from the vacuum; the frame's unitaries; the spaces."""
    spaces = [
        configurations_of(s.statistics, s.particles, s.modes, k, coherent)
        for s, k in zip(model.species, excitations, strict=True)
    ]
    frame = ExcitationFrame(model, orbitals, time)
    rows = rows_for(MPI.COMM_SELF, spaces)
    product = ManyBodyProduct(frame.model(0.0), spaces, rows, Changes.EVERYTHING)

    def combine(parts):
        product.load([(weight, frame.model(moment)) for weight, moment in parts])
        return product.apply

    psi = place(rows, [vacuum(space) for space in spaces])
    magnus = Magnus(combine, rows, model.hbar, tolerance)
    magnus.advance(psi, 0.0, time)
    return spaces, psi, frame


def overlap_fraction(model, orbitals, time):
    """alpha^(1,0) = 1 - <u|gamma|u> from all configurations."""
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces)
    psi = place(rows, [factorised(s, u) for s, u in zip(spaces, orbitals, strict=True)])
    Chebyshev(product.apply, rows, model.hbar).advance(psi, time)
    u = ExcitationFrame(model, orbitals, time).orbital(0, time)
    return 1.0 - float((u.conj() @ one_body_density(spaces[0], psi) @ u).real)


@pytest.mark.parametrize("is_complex", [False, True])
def test_both_pictures_agree(is_complex):
    """With K = N the excitation picture is all configurations."""
    random = np.random.default_rng(6)
    model = mean_field_model((3, 2), (4, 3), is_complex=is_complex)
    orbitals = [orbital(random, 3), orbital(random, 2)]
    spaces, psi, _ = in_the_frame(model, orbitals, (4, 3), 0.4, 3e-10)
    expected = overlap_fraction(model, orbitals, 0.4)
    assert excited_fraction(spaces[0], psi) == pytest.approx(expected, rel=1e-9)


def test_the_cut_in_excitations_converges():
    """Two species on a ring, some K: the error falls with K, whatever N is."""
    random = np.random.default_rng(6)
    model = mean_field_model((2, 2), (30, 20), size=0.1)
    orbitals = [orbital(random, 2), orbital(random, 2)]
    expected = overlap_fraction(model, orbitals, 0.5)
    errors = []
    for k in (4, 8, 14):
        spaces, psi, _ = in_the_frame(model, orbitals, (k, k), 0.5, 1e-8)
        errors.append(abs(excited_fraction(spaces[0], psi) / expected - 1.0))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] <= 1e-7


def test_excitations_do_not_depend_on_the_number_of_particles():
    """N alpha tends to a limit as 1/N: from 10^3 to 10^6 particles, with no loss of digits."""
    random = np.random.default_rng(2)
    orbitals = [orbital(random, 2), orbital(random, 2)]
    found = []
    for n in (10**3, 10**4, 10**5, 10**6):
        model = mean_field_model((2, 2), (n, n), size=0.1)
        spaces, psi, _ = in_the_frame(model, orbitals, (10, 10), 0.3, 3e-9)
        found.append(n * excited_fraction(spaces[0], psi))
    differences = np.abs(np.diff(found)) / found[-1]
    assert differences[0] / differences[1] == pytest.approx(10.0, rel=0.05)
    assert differences[1] / differences[2] == pytest.approx(10.0, rel=0.05)
    assert differences[2] <= 1e-4


def test_coherent_states():
    """Fluctuations about a coherent state against the same evolution in Fock space, small numbers, brute force."""
    # one species, two modes, f = 1/N fixed: W* exp(-iHt) W vacuum, number of particles outside u_t
    n, time, cut = 2, 0.3, 34
    random = np.random.default_rng(3)
    h, pair = hermitian(random, 2), channels(random, 2, 2, 2, symmetric=True)
    model = ManyBodyModel(
        1.0, (ModeSpecies("s", BOSONS, n, 0.5 * h),), (PairInteraction(0, 0, 0.3 / n, 0.3, 0.3, pair),)
    )
    u = orbital(random, 2)
    # Fock space: sectors of 0 .. cut particles, each with the prefactor of N
    total = 0.0
    amplitudes = np.exp(-0.5 * n) * np.array([n ** (k / 2.0) / math.sqrt(math.factorial(k)) for k in range(cut)])
    u_t = ExcitationFrame(model, [u], time).orbital(0, time)
    outside = np.eye(2) - np.outer(u_t, u_t.conj())
    for k in range(1, cut):
        sector = ManyBodyModel(1.0, (ModeSpecies("s", BOSONS, k, 0.5 * h),), model.interactions)
        spaces = spaces_of(sector)
        rows, product = product_of(sector, spaces)
        psi = place(rows, [factorised(spaces[0], u)])
        Chebyshev(product.apply, rows, 1.0).advance(psi, time)
        gamma = k * one_body_density(spaces[0], psi)
        total += amplitudes[k] ** 2 * float(np.trace(outside @ gamma).real)
    spaces, psi, _ = in_the_frame(model, [u], (24,), time, 1e-8, coherent=True)
    excited = spaces[0].occupations[:, 2]
    found = float(np.sum(excited * np.abs(psi[:, 0]) ** 2))
    assert found == pytest.approx(total, rel=1e-7)


def test_conservation_on_a_ring():
    model = plane_waves(2, (4, 3))
    spaces = spaces_of(model)
    rows, product = product_of(model, spaces)
    random = np.random.default_rng(1)
    psi = place(rows, [factorised(s, orbital(random, 5)) for s in spaces])
    before = product.energy(psi, rows.vector())
    evolution = Chebyshev(product.apply, rows, 1.0)
    for _ in range(5):
        evolution.advance(psi, 1.0)
    assert rows.norm(psi) == pytest.approx(1.0, abs=1e-12)
    assert product.energy(psi, rows.vector()) == pytest.approx(before, rel=1e-11)
