"""Exchanges of pencils: through shared memory and by messages, in any order, on ranks that run at different speeds."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from hpcmix.parallel.communicators import Communicators, world
from hpcmix.parallel.decomposition import part
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.exchange import EXCHANGES, Redistribution, make_exchange
from hpcmix.parallel.shared_memory import SHARED_MEMORY_VARIABLE, shares_memory
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.trial import choose_exchange
from hpcmix.problem.errors import ProblemError

POINTS = (13, 11, 10)


COMPLEX = np.dtype(np.complex128)


@pytest.fixture(params=EXCHANGES)
def way(request) -> str:
    """Every kind of exchange."""
    return request.param


def test_the_trial_chooses_one_of_those_that_it_measured(monkeypatch):
    communicators = Communicators.create(world(), POINTS)
    trial = choose_exchange(communicators, COMPLEX, 2)
    several = world().size > 1
    assert trial.way in EXCHANGES
    assert set(trial.seconds) == (set(EXCHANGES) if several else set())
    assert all(0.0 < seconds < 60.0 for seconds in trial.seconds.values())
    assert ("trial" in trial.description) == several
    monkeypatch.setenv(SHARED_MEMORY_VARIABLE, "no")
    assert choose_exchange(communicators, COMPLEX, 2).way != "shared-memory"
    assert choose_exchange(communicators, COMPLEX, 2, "packed-messages").way == "packed-messages"
    if several:
        with pytest.raises(ProblemError, match="no shared memory"):
            choose_exchange(communicators, COMPLEX, 2, "shared-memory")
    communicators.free()


@pytest.mark.parametrize("fields", [1, 3])
def test_blocks_land_where_they_belong(way, fields):
    comm = world()
    wholes = [np.arange(7 * 5 * 3, dtype=np.complex64).reshape(7, 5, 3) * (1 + number) for number in range(fields)]
    x, nx = part(7, comm.size, comm.rank)
    y, ny = part(5, comm.size, comm.rank)
    task = Redistribution(comm, (nx, 5, 3), (7, ny, 3), 1, 0, np.dtype(np.complex64), fields)
    assert task.joined == fields  # such messages are small
    exchange = make_exchange(way, task, fields)
    before = [whole[x : x + nx].copy() for whole in wholes]
    for landing, whole in zip(exchange.forward(before), wholes, strict=True):
        assert np.array_equal(landing, whole[:, y : y + ny])
        landing *= 2
    exchange.backward(before)
    for field, whole in zip(before, wholes, strict=True):
        assert np.array_equal(field, 2 * whole[x : x + nx])
    exchange.free()


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real"])
def test_transforms_in_any_order_at_any_speed(way, real):
    """Several forwards and backwards in a row while ranks fall behind at random: nobody may overwrite what another
    still needs.
    """
    comm = world()
    communicators = Communicators.create(comm, POINTS)
    transform = make_transform(communicators, real, COMPLEX, Timers(), way)
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
