"""Exchanges of pencils: through shared memory and by messages, in any order, on ranks that run at different speeds."""

from __future__ import annotations

import random
import time
from types import SimpleNamespace

import numpy as np
import pytest
from parallel.engines import engine_on

from hpcmix.parallel.communicators import Communicators, world
from hpcmix.parallel.decomposition import part
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process import shared_memory
from hpcmix.parallel.process.shared_memory import SHARED_MEMORY_VARIABLE, NoSharedMemory, SharedWindow, obstacle
from hpcmix.parallel.transforms.exchange import EXCHANGES, Redistribution, make_exchange
from hpcmix.parallel.transforms.trial import choose_exchange
from hpcmix.problem.mistakes.errors import ProblemError

POINTS = (13, 11, 10)


@pytest.fixture(params=EXCHANGES)
def way(request) -> str:
    """Every kind of exchange."""
    return request.param


def test_the_trial_chooses_one_of_those_that_it_measured(monkeypatch):
    communicators = Communicators.create(world(), POINTS)
    trial = choose_exchange(communicators, Precision.DOUBLE, 2)
    several = world().size > 1
    assert trial.way in EXCHANGES
    assert set(trial.seconds) == (set(EXCHANGES) if several else set())
    assert all(0.0 < seconds < 60.0 for taken in trial.seconds.values() for seconds in taken)
    assert len(trial.description) == several and all("trial" in line for line in trial.description)
    monkeypatch.setenv(SHARED_MEMORY_VARIABLE, "no")
    without = choose_exchange(communicators, Precision.DOUBLE, 2)
    assert without.way != "shared-memory"
    assert bool(without.obstacle) == several and all(SHARED_MEMORY_VARIABLE in one for one in without.description[:1])
    assert choose_exchange(communicators, Precision.DOUBLE, 2, "packed-messages").way == "packed-messages"
    if several:
        with pytest.raises(ProblemError, match="no shared memory"):
            choose_exchange(communicators, Precision.DOUBLE, 2, "shared-memory")
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


def test_many_small_fields_of_uneven_blocks(way):
    """Ranks whose blocks differ in size agree on how many fields share a message."""
    points, count = (14, 11, 13), 12
    comm = world()
    communicators = Communicators.create(comm, points)
    transform = engine_on(communicators, exchange=way).complex_transform(count)
    random = np.random.default_rng(3)  # the same fields on every rank
    wholes = random.standard_normal((count, *points)) + 1j * random.standard_normal((count, *points))
    block = transform.position_block.slices
    fields = [whole[block].copy() for whole in wholes]
    tables = [
        np.exp(2j * np.pi * np.fft.fftfreq(n))[part]
        for n, part in zip(points, transform.wave_block.slices, strict=True)
    ]
    tables[0] = tables[0] * transform.inverse_points
    for field in fields:
        transform.leave_position(field, field)
    transform.multiply_factors(fields, [tables] * count)
    for field, whole in zip(fields, wholes, strict=True):
        transform.enter_position(field, field)
        shifted = np.roll(whole, (-1, -1, -1), (0, 1, 2))
        np.testing.assert_allclose(field, shifted[block], rtol=0, atol=1e-13)
    transform.free()
    communicators.free()


@pytest.mark.parametrize("real", [False, True], ids=["complex", "real"])
def test_transforms_in_any_order_at_any_speed(way, real):
    """Several forwards and backwards in a row while ranks fall behind at random: nobody may overwrite what another
    still needs.
    """
    comm = world()
    communicators = Communicators.create(comm, POINTS)
    engine = engine_on(communicators, exchange=way)
    transform = engine.real_transform() if real else engine.complex_transform()
    block = transform.position_block.slices
    same = np.random.default_rng(7)  # the same fields on every rank
    wholes = [same.standard_normal(POINTS) + (0 if real else 1j) * same.standard_normal(POINTS) for _ in range(3)]
    spectra = [(np.fft.rfftn if real else np.fft.fftn)(whole)[transform.wave_block.slices] for whole in wholes]
    fields = [whole[block].copy() for whole in wholes]
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


def test_too_little_shared_memory_means_messages(monkeypatch):
    # an exabyte is more than any node has; on one rank there is nothing to share and the question is never asked
    assert "has no room for" in obstacle(world(), 1 << 60)
    monkeypatch.setattr(shared_memory.shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 62))
    assert "ulimit -v" in obstacle(world(), 1 << 55)


def without_memory_on_the_last_rank(monkeypatch, after: int = 0) -> None:
    """From its window number `after` on the last rank of the world finds no shared memory; the others do not know."""
    asked = []

    def lacking(size: int) -> str:
        asked.append(size)
        return "it is taken away" if world().rank == world().size - 1 and len(asked) > after else ""

    monkeypatch.setattr(shared_memory, "_lacking", lacking)


def test_a_window_that_one_rank_cannot_have_nobody_has(monkeypatch):
    without_memory_on_the_last_rank(monkeypatch)
    with pytest.raises(NoSharedMemory, match="it is taken away"):
        SharedWindow(world(), 1000)


def test_a_library_that_gives_no_memory_is_an_obstacle_in_words(monkeypatch):
    def refuse(self, size):
        raise ValueError("buffer size must be positive")  # what mpi4py makes of a window of no bytes

    monkeypatch.setattr(SharedWindow, "_allocate", refuse)
    with pytest.raises(NoSharedMemory, match="MPI has none to give: buffer size"):
        SharedWindow(world(), 1000)


@pytest.mark.parametrize("pencil_grid", [None, "pencils"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_transform_goes_on_by_messages_where_memory_runs_out(monkeypatch, after, pencil_grid):
    """Fields and exchanges are made one by one: whichever finds no memory, the results are the same to the bit."""
    comm = world()
    if comm.size == 1:
        pytest.skip("one rank exchanges nothing")
    grid = (2, comm.size // 2) if pencil_grid and comm.size % 2 == 0 else None
    whole = np.random.default_rng(3).standard_normal(POINTS) + 0j

    def drift(way: str) -> tuple[np.ndarray, str]:
        communicators = Communicators.create(comm, POINTS, grid)
        transform = engine_on(communicators, exchange=way).complex_transform(2)
        fields = [transform.empty_fields(2) for _ in range(2)]
        factors = [np.exp(1j * np.arange(n)) for n in transform.wave_block.shape]
        for array in (field for pair in fields for field in pair):
            array[...] = whole[transform.position_block.slices]
            transform.leave_position(array, array)
        for pair in fields:
            transform.multiply_factors(list(pair), [factors, factors])
        result, reason = np.array(fields), transform.obstacle
        assert transform.exchange_name == ("packed-messages" if reason else way)
        del fields, array, pair
        transform.free()
        communicators.free()
        return result, reason

    expected, _ = drift("sub-array-messages")
    without_memory_on_the_last_rank(monkeypatch, after)
    result, reason = drift("shared-memory")
    assert np.array_equal(result, expected)
    # slabs have a window for each set of fields, pencils of two directions one for each exchange
    assert reason == ("it is taken away" if after < 2 else "")


def test_a_trial_without_memory_measures_messages_only(monkeypatch):
    if world().size == 1:
        pytest.skip("one rank exchanges nothing")
    communicators = Communicators.create(world(), POINTS)
    without_memory_on_the_last_rank(monkeypatch, after=1)  # the first question is that for a free-standing estimate
    trial = choose_exchange(communicators, Precision.DOUBLE, 2)
    assert set(trial.seconds) == {"packed-messages", "sub-array-messages"}
    assert trial.description[0] == "no shared memory (it is taken away): ranks exchange messages"
    communicators.free()
