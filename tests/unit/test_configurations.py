"""Configurations: numbers, ranks and initial states."""

import itertools
import math

import numpy as np
import pytest
from physics.many_bodies import BOSONS, FERMIONS, embedding

from hpcmix.initial.many_body.configurations import factorised, vacuum
from hpcmix.model.many_body.basis.bosons import BosonConfigurations, ExcitedBosons, Fluctuations
from hpcmix.model.many_body.basis.family import count_configurations
from hpcmix.model.many_body.basis.fermions import FermionConfigurations
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.problem.mistakes.errors import ProblemError

FAMILIES = [
    ((BOSONS, 5, 4), {}),
    ((BOSONS, 0, 3), {}),
    ((BOSONS, 4, 1), {}),
    ((BOSONS, 10**6, 2), {}),
    ((BOSONS, 10**6, 4), {"excitations": 6}),
    ((BOSONS, 3, 4), {"excitations": 6}),
    ((BOSONS, 9, 3), {"excitations": 4, "coherent": True}),
    ((FERMIONS, 3, 7), {}),
    ((FERMIONS, 7, 7), {}),
    ((FERMIONS, 3, 7), {"excitations": 2}),
    ((FERMIONS, 5, 7), {"excitations": 9}),
]


@pytest.mark.parametrize("arguments,options", FAMILIES)
def test_ranks_and_numbers(arguments, options):
    space = configurations_of(*arguments, **options)
    assert len(space) == count_configurations(*arguments, **options)
    np.testing.assert_array_equal(space.rank(space.occupations), np.arange(len(space)))
    order = space.occupations[:, 1:] if space.offset else space.occupations
    if len(space) < 1000:
        rows = [tuple(row) for row in order]
        assert rows == sorted(rows) and len(set(rows)) == len(rows)
    space_of_others = space.occupations.copy()
    space_of_others[:, -1] += 1
    if not isinstance(space, ExcitedBosons | Fluctuations):
        assert (space.rank(space_of_others) == -1).all()


def test_particle_hole_states():
    """All determinants with at most two particles outside the first three modes."""
    space = FermionConfigurations(3, 6, 2)
    expected = sorted(
        tuple(int(p in chosen) for p in range(6))
        for chosen in itertools.combinations(range(6), 3)
        if sum(p >= 3 for p in chosen) <= 2
    )
    assert [tuple(row) for row in space.occupations] == expected


def test_what_can_be_numbered():
    assert count_configurations(BOSONS, 1000, 40) > 2**63
    with pytest.raises(ProblemError, match="more than can be numbered"):
        BosonConfigurations(1000, 40)
    with pytest.raises(ProblemError, match=r"has 10\^\d+ configurations"):
        BosonConfigurations(10**9, 5000)
    with pytest.raises(ProblemError, match="do not fit"):
        FermionConfigurations(4, 3)
    with pytest.raises(ProblemError, match="coherent states are for bosons"):
        configurations_of(FERMIONS, 2, 4, 2, coherent=True)


def test_unranking():
    space = BosonConfigurations(7, 4)
    np.testing.assert_array_equal(space.numbers(0, len(space)), space.occupations)
    np.testing.assert_array_equal(space.numbers(5, 9), space.occupations[5:9])


@pytest.mark.parametrize("kind", [BOSONS, FERMIONS])
def test_factorised_states_are_tensor_products(kind):
    random = np.random.default_rng(2)
    space = configurations_of(kind, 3, 4)
    orbitals = np.linalg.qr(random.normal(size=(4, 3)) + 1j * random.normal(size=(4, 3)))[0]
    if kind is BOSONS:
        one = orbitals[:, 0]
        psi, expected = factorised(space, one), np.kron(np.kron(one, one), one)
    else:
        psi = factorised(space, orbitals)
        expected = sum(
            np.linalg.det(np.eye(3)[list(order)])
            * np.kron(np.kron(orbitals[:, order[0]], orbitals[:, order[1]]), orbitals[:, order[2]])
            for order in itertools.permutations(range(3))
        ) / math.sqrt(6.0)
    np.testing.assert_allclose(psi, embedding(space).T @ expected, atol=1e-14)
    part = factorised(space, one if kind is BOSONS else orbitals, 1, 3)
    np.testing.assert_array_equal(part, psi[1:3])
    assert np.linalg.norm(psi) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("orbital", [[0.6, 0.8j], [1.0, 1e-4], [0.0, 1.0], [1.0, 0.0], [1e-3, -1.0]])
def test_a_million_particles(orbital):
    """Norm and mean number of a binomial distribution."""
    orbital = np.array(orbital) / np.linalg.norm(orbital)
    space = BosonConfigurations(10**6, 2)
    density = np.abs(factorised(space, orbital)) ** 2
    assert density.sum() == pytest.approx(1.0, abs=1e-12)
    mean = 1e6 * abs(orbital[0]) ** 2
    assert (density * space.occupations[:, 0]).sum() == pytest.approx(mean, rel=1e-12, abs=1e-9)


def test_the_vacuum():
    for space, occupied in (
        (ExcitedBosons(50, 3, 4), [50, 0, 0]),
        (Fluctuations(50, 2, 4), [50, 0, 0]),
        (FermionConfigurations(2, 5, 1), [1, 1, 0, 0, 0]),
        (BosonConfigurations(4, 2), [4, 0]),
    ):
        psi = vacuum(space)
        np.testing.assert_array_equal(space.occupations[psi == 1.0], [occupied])
        assert np.count_nonzero(psi) == 1


@pytest.mark.parametrize("arguments,options", FAMILIES[4:])
def test_amplitudes_are_those_of_single_operators(arguments, options):
    """<n| a*_p a*_q a_s a_r |m> one operator after the other, from the left."""
    space = configurations_of(*arguments, **options)
    random = np.random.default_rng(1)
    for _ in range(12):
        p, q, r, s = (int(mode) for mode in random.integers(0, space.columns, 4))
        rows, signed = space.occupations, np.ones(len(space))
        for step, mode in ((space.annihilate, p), (space.annihilate, q), (space.create, s), (space.create, r)):
            possible = signed != 0.0
            rows, square = step(np.where(possible[:, None], rows, space.occupations), mode)
            signed = np.where(possible, signed * square, 0.0)
        expected = np.copysign(np.sqrt(np.abs(signed)), signed)
        found = space.amplitudes(space.occupations, (p, q), (r, s))
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        change = space.unit(p) + space.unit(q) - space.unit(r) - space.unit(s)
        there = expected != 0.0
        np.testing.assert_array_equal(space.rank(rows[there]), space.rank((space.occupations - change)[there]))
