"""Many bodies on several ranks: the same vectors to the bit, in one node and in several."""

import numpy as np
import pytest
from physics.many_bodies import BOSONS, FERMIONS, plane_waves, random_model

from hpcmix.evolve.many_body.chebyshev import Chebyshev
from hpcmix.evolve.many_body.magnus import Magnus
from hpcmix.initial.many_body.configurations import place
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.hamiltonian import ManyBodyModel
from hpcmix.model.many_body.make_product import make_product
from hpcmix.model.many_body.product import Changes, rows_for
from hpcmix.parallel.process.mpi import MPI

SYSTEMS = [
    random_model((BOSONS, FERMIONS), (3, 5), (6, 2)),
    random_model((BOSONS,), (4,), (9,)),  # by pairs
    random_model((FERMIONS,), (7,), (3,)),
    random_model((FERMIONS, BOSONS, BOSONS), (4, 2, 3), (2, 3, 2)),
    random_model((BOSONS, BOSONS), (2, 4), (1, 5)),  # fewer rows than ranks
    plane_waves(2, (4, 4)),
]
NODES = ["one", "each", "pairs", "round-robin"]


def node_of(comm, kind):
    """Ranks that are said to share memory."""
    colours = {"one": 0, "each": comm.rank, "pairs": comm.rank // 2, "round-robin": comm.rank % 2}
    return comm.Split(colours[kind], comm.rank)


def set_up(comm, model, node=None, changes=Changes.NOTHING, block_bytes=1e8):
    spaces = [configurations_of(s.statistics, s.particles, s.modes) for s in model.species]
    rows = rows_for(comm, spaces, node)
    return rows, make_product(model, spaces, rows, changes, block_bytes)


def start(rows):
    psi = rows.vector()
    rows.fill_random(psi, 7)
    psi *= 1.0 / rows.norm(psi)
    return psi


@pytest.mark.parametrize("block_bytes", [1.0, 3000.0, 1e8])
@pytest.mark.parametrize("kind", NODES)
@pytest.mark.parametrize("model", SYSTEMS, ids=range(len(SYSTEMS)))
def test_products(comm, model, kind, block_bytes):
    serial_rows, serial = set_up(MPI.COMM_SELF, model)
    expected, source = serial_rows.vector(), start(serial_rows)
    serial.apply(source, expected, scale=0.7, shift=0.2)
    rows, product = set_up(comm, model, node_of(comm, kind), block_bytes=block_bytes)
    psi, target = start(rows), rows.vector()
    np.testing.assert_array_equal(rows.gather(psi), source)
    product.apply(psi, target, scale=0.7, shift=0.2)
    found = rows.gather(target)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    if rows.is_one_node:
        np.testing.assert_array_equal(found, expected)
    # a source that other ranks cannot read is copied; what was in the target may stay
    target[...] = 1.0
    product.apply(np.array(psi), target, scale=0.7, shift=0.2, keep=-1.0)
    np.testing.assert_allclose(rows.gather(target), expected - 1.0, rtol=0, atol=1e-13 * np.abs(expected).max())
    assert rows.inner(psi, target) == serial_rows.inner(source, serial_rows_of(serial_rows, rows.gather(target)))
    product.free()
    rows.free()


def serial_rows_of(rows, whole):
    vector = rows.vector()
    vector[...] = whole
    return vector


@pytest.mark.parametrize("model", SYSTEMS, ids=range(len(SYSTEMS)))
def test_chebyshev(comm, model):
    results = []
    for ranks in (MPI.COMM_SELF, comm):
        rows, product = set_up(ranks, model)
        psi = start(rows)
        evolution = Chebyshev(product.apply, rows, model.hbar)
        evolution.advance(psi, 0.5)
        results.append((rows.gather(psi), evolution.interval))
        product.free()
        rows.free()
    assert results[0][1] == results[1][1]
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(results[1][0], results[0][0])


def test_magnus(comm):
    models = [random_model((BOSONS, FERMIONS), (3, 4), (4, 2), seed=seed) for seed in (0, 1)]
    for changes in (Changes.EVERYTHING, Changes.ONE_BODY):
        if changes is Changes.ONE_BODY:
            models[1] = ManyBodyModel(1.0, models[1].species, models[0].interactions)
        results = []
        for ranks, kind in ((MPI.COMM_SELF, "one"), (comm, "one"), (comm, "pairs")):
            rows, product = set_up(ranks, models[0], node_of(ranks, kind), changes, block_bytes=2000.0)

            def combine(parts, product=product):
                turns = [((1.0 - time) * weight, models[0]) for weight, time in parts]
                product.load(turns + [(time * weight, models[1]) for weight, time in parts])
                return product.apply

            psi = start(rows)
            Magnus(combine, rows, 1.0).fixed(psi, 0.0, 0.2, 4)
            results.append(rows.gather(psi))
            product.free()
            rows.free()
        np.testing.assert_array_equal(results[1], results[0])
        np.testing.assert_allclose(results[2], results[0], rtol=0, atol=1e-12)


def test_initial_states(comm):
    rows, _ = set_up(comm, SYSTEMS[0])
    random = np.random.default_rng(3)
    first, second = random.normal(size=rows.rows), random.normal(size=rows.columns)
    np.testing.assert_array_equal(rows.gather(place(rows, [first, second])), np.outer(first, second))
    rows.free()


def test_sums(comm):
    """The same bits on any number of ranks, whatever the units are."""
    for count in (1, 3, 5000, 20000):
        results = []
        for ranks in (MPI.COMM_SELF, comm):
            rows = rows_for(ranks, [range(count), range(3)])
            psi = start(rows)
            results.append((rows.inner(psi, psi), tuple(rows.sum_rows(np.abs(psi) ** 2))))
            rows.free()
        assert results[0] == results[1]
        assert sum(results[0][1]) == pytest.approx(1.0, abs=1e-13)
