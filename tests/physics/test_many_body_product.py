"""The Hamiltonian of many bodies against dense matrices in first quantisation, which know nothing of configurations."""

from dataclasses import replace

import numpy as np
import pytest
from physics.many_bodies import BOSONS, FERMIONS, dense, first_quantised, plane_waves, random_model

from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.make_product import make_product
from hpcmix.model.many_body.pair_product import PairProduct
from hpcmix.model.many_body.product import Changes, ManyBodyProduct, rows_for
from hpcmix.parallel.process.mpi import MPI

SYSTEMS = [
    ((BOSONS, BOSONS), (3, 3), (3, 2)),
    ((FERMIONS, BOSONS), (3, 3), (2, 2)),
    ((FERMIONS, FERMIONS), (4, 3), (3, 2)),
    ((BOSONS,), (4,), (4,)),
    ((FERMIONS,), (5,), (3,)),
    ((BOSONS, FERMIONS, BOSONS), (2, 3, 2), (2, 2, 1)),
]


def product_of(model, spaces=None, changes=Changes.NOTHING):
    spaces = spaces or [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
    return ManyBodyProduct(model, spaces, rows_for(MPI.COMM_SELF, spaces), changes)


@pytest.mark.parametrize("changes", list(Changes))
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("kinds,modes,particles", SYSTEMS)
def test_first_quantisation(kinds, modes, particles, is_complex, changes):
    model = random_model(kinds, modes, particles, is_complex=is_complex)
    product = product_of(model, changes=changes)
    expected = first_quantised(model, product.spaces)
    assert np.abs(dense(product) - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("modes,particles", [(4, 4), (2, 2), (2, 5), (3, 4)])
def test_one_species_by_pairs(modes, particles, is_complex):
    """The one-body part goes by pairs too."""
    model = random_model((BOSONS,), (modes,), (particles,), is_complex=is_complex)
    space = configurations_of(BOSONS, particles, modes)
    product = PairProduct(model, space, rows_for(MPI.COMM_SELF, [space]))
    expected = first_quantised(model, [space])
    assert np.abs(dense(product) - expected).max() <= 1e-13 * np.abs(expected).max()
    free = replace(model, interactions=(replace(model.interactions[0], factor=0.0),))
    product.load([(2.0, model), (-2.0, free)])
    expected = 2.0 * (expected - first_quantised(free, [space]))
    assert np.abs(dense(product) - expected).max() <= 1e-12 * np.abs(expected).max()


def test_which_product():
    for model, by_pairs in (
        (random_model((BOSONS,), (5,), (4,)), True),
        (random_model((BOSONS,), (2,), (4,)), False),  # five entries in a row
        (random_model((BOSONS,), (5,), (1,)), False),
        (random_model((FERMIONS,), (5,), (3,)), False),
        (random_model((BOSONS, BOSONS), (2, 2), (4, 4)), False),
        (plane_waves(2, (4,)), False),
    ):
        spaces = [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
        product = make_product(model, spaces, rows_for(MPI.COMM_SELF, spaces))
        assert isinstance(product, PairProduct) == by_pairs


@pytest.mark.parametrize("particles", [(4,), (3, 2), (2, 2, 2)])
def test_plane_waves(particles):
    """Sparse channels, found again from W."""
    model = plane_waves(1, particles, random=np.random.default_rng(3))
    product = product_of(model)
    expected = first_quantised(model, product.spaces)
    assert np.abs(dense(product) - expected).max() <= 1e-13 * np.abs(expected).max()


@pytest.mark.parametrize("kinds,modes,particles", SYSTEMS)
def test_sums_of_hamiltonians(kinds, modes, particles):
    """What a Magnus step asks for: a weighted sum of two, in one product."""
    models = [random_model(kinds, modes, particles, seed=seed) for seed in (1, 2)]
    product = product_of(models[0], changes=Changes.EVERYTHING)
    expected = 0.3 * first_quantised(models[0], product.spaces) - 1.7 * first_quantised(models[1], product.spaces)
    product.load([(0.3, models[0]), (-1.7, models[1])])
    assert np.abs(dense(product) - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("excitations", [1, 3, 5])
def test_excitations_are_a_part_of_all_configurations(excitations):
    """The same matrix elements, the offset included, for bosons and for determinants."""
    model = random_model((BOSONS, FERMIONS), (3, 5), (5, 2))
    part = [configurations_of(s.statistics, s.particles, s.modes, excitations) for s in model.species]
    whole = [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
    places = [all_of.rank(some.occupations) for all_of, some in zip(whole, part, strict=True)]
    index = (places[0][:, None] * len(whole[1]) + places[1]).ravel()
    expected = dense(product_of(model, whole))[np.ix_(index, index)]
    for changes in (Changes.NOTHING, Changes.EVERYTHING):
        found = dense(product_of(model, part, changes))
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


def test_a_large_number_of_particles_costs_no_digits():
    """Two modes, one species, N = 10^6, against whole numbers in Python."""
    n, k = 10**6, 4
    model = random_model((BOSONS,), (2,), (n,), is_complex=False, size=1.0 / n)
    space = configurations_of(BOSONS, n, 2, k)
    found = dense(product_of(model, [space]), constant=False)
    h, pair = model.species[0].one_body, model.interactions[0]
    w = np.einsum("c,cpr,cqs->prqs", pair.channels.strengths, pair.channels.left, pair.channels.right)
    f = pair.factor
    for j in range(k + 1):
        exact = (h[1, 1] - h[0, 0]) * j
        pairs_at_rest = -j * (2 * n - 1) + j * j
        exact += 0.5 * f * (w[0, 0, 0, 0] * pairs_at_rest + w[1, 1, 1, 1] * j * (j - 1))
        exact += f * (w[0, 0, 1, 1] + w[0, 1, 1, 0]) * (n - j) * j
        assert found[j, j] == pytest.approx(exact, rel=1e-13, abs=1e-12)
