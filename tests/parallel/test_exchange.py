"""Exchanges of pencils: through shared memory and by messages, in any order, on ranks that run at different speeds."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from hpcmix.parallel.communicators import Communicators, world
from hpcmix.parallel.decomposition import part
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.exchange import (
    SHARED_MEMORY_VARIABLE,
    MessageExchange,
    SharedExchange,
    make_exchange,
    shares_memory,
)
from hpcmix.parallel.timers import Timers

POINTS = (13, 11, 10)


@pytest.fixture(params=["shared memory", "messages"])
def way(request, monkeypatch) -> str:
    """Both kinds of exchange, chosen as a user would."""
    monkeypatch.setenv(SHARED_MEMORY_VARIABLE, "yes" if request.param == "shared memory" else "no")
    return request.param


def test_the_variable_chooses(way):
    communicators = Communicators.create(world(), POINTS)
    transform = make_transform(communicators, False, np.dtype(np.complex128), Timers())
    assert (way in transform.description) == (world().size > 1)
    transform.free()
    communicators.free()


def test_blocks_land_where_they_belong(way):
    comm = world()
    whole = np.arange(7 * 5 * 3, dtype=np.complex64).reshape(7, 5, 3)
    x, nx = part(7, comm.size, comm.rank)
    y, ny = part(5, comm.size, comm.rank)
    exchange = make_exchange(comm, (nx, 5, 3), (7, ny, 3), 1, 0, np.dtype(np.complex64))
    assert isinstance(exchange, SharedExchange if way == "shared memory" else MessageExchange)
    before = whole[x : x + nx].copy()
    exchange.forward(before)
    assert np.array_equal(exchange.landing, whole[:, y : y + ny])
    exchange.landing *= 2
    exchange.backward(before)
    assert np.array_equal(before, 2 * whole[x : x + nx])
    exchange.free()


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real"])
def test_transforms_in_any_order_at_any_speed(way, real):
    """Several forwards and backwards in a row while ranks fall behind at random: nobody may overwrite what another
    still needs.
    """
    comm = world()
    communicators = Communicators.create(comm, POINTS)
    transform = make_transform(communicators, real, np.dtype(np.complex128), Timers())
    block = transform.position_block.slices
    same = np.random.default_rng(7)  # the same fields on every rank
    wholes = [same.standard_normal(POINTS) + (0 if real else 1j) * same.standard_normal(POINTS) for _ in range(3)]
    spectra = [(np.fft.rfftn if real else np.fft.fftn)(whole)[transform.wave_block.slices] for whole in wholes]
    fields = [np.ascontiguousarray(whole[block]) for whole in wholes]
    waves = [transform.empty_wave() for _ in wholes]
    back = [transform.empty_position() for _ in wholes]
    order, delays = random.Random(11), random.Random(comm.rank)  # orders agree, delays differ
    for _ in range(60):
        chosen = order.choices(range(3), k=4)
        for index in chosen:
            transform.forward(fields[index], waves[index])
            if delays.random() < 0.2:
                time.sleep(1e-3 * delays.random())
            # a sum of 1430 numbers of order one: 1e-12 is a thousand roundings of the result
            np.testing.assert_allclose(waves[index], spectra[index], rtol=0, atol=1e-12)
        for index in dict.fromkeys(chosen):
            transform.backward(waves[index], back[index])
            np.testing.assert_allclose(back[index], fields[index], rtol=0, atol=1e-13)
    transform.free()
    communicators.free()


def test_too_little_shared_memory_means_messages():
    # an exabyte is more than any node has; on one rank there is nothing to share and the question is never asked
    assert not shares_memory(world(), 1 << 60)
