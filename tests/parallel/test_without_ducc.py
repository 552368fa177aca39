"""Where ducc0 is missing pocketfft takes its place on any number of ranks, with the same results to rounding."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import numpy as np
import pytest
from parallel.test_same_physics import compare_records, quench
from physics.systems import contact, coulomb, evolution, gaussian, harmonic, species, system

from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops
from hpcmix.kernels.twins.fourier.library import library
from hpcmix.parallel.decomposition import largest_split
from hpcmix.parallel.process.mpi import MPI

STEPS = 4

TOLERANCE = 1e-12
"""Of fields and records of the order of one after 24 stages, each rounded to 1e-16 by two libraries in two orders."""


@contextmanager
def ducc_hidden():
    """As if ducc0 were not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "ducc0", None)
        patch.delitem(sys.modules, "hpcmix.kernels.twins.fourier.ducc", raising=False)
        library.cache_clear()
        yield
    library.cache_clear()


@contextmanager
def kernels_of_numpy():
    """As if there were no compiled kernels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(dispatch.CHOICE_VARIABLE, "numpy")
        dispatch.implementation.cache_clear()
        assert dispatch.implementation() is loops
        yield
    dispatch.implementation.cache_clear()


def split(comm, points):
    """As many ranks along the first axis as fit."""
    first = min(comm.size, largest_split(tuple(points))[0])
    return [first, comm.size // first]


def on_a_line(comm):
    """Two components with contact and a kernel of finite range."""
    return quench(comm, 1, [comm.size]).evolve(STEPS)


def in_free_space(comm):
    """A charged cloud: padded axes."""
    points = [12, 9, 10]
    return system(
        points,
        [9.0, 8.0, 8.5],
        [
            species("a", mass=1.0, particles=3.0, potential=[harmonic(1.0)], initial=gaussian(1.1, centre=0.4)),
            species("b", mass=1.6, particles=2.0, potential=[harmonic(0.8)], initial=gaussian(0.9, momentum=0.3)),
        ],
        [contact("a", "b", 1.3), coulomb("a", "b", 2.0), coulomb("a", "a", -0.7)],
        time=evolution(0.5, 0.05, "blanes-moan-4"),
        parallel={"pencil_grid": split(comm, points)},
        comm=comm,
    ).evolve(STEPS)


def on_numpy(comm):
    """A plane whose lines are the library's, for want of compiled kernels."""
    with kernels_of_numpy():
        return quench(comm, 2, split(comm, [26, 23])).evolve(STEPS)


@pytest.mark.parametrize("case", [on_a_line, in_free_space, on_numpy], ids=lambda case: case.__name__)
def test_the_same_to_rounding(case):
    comm = MPI.COMM_WORLD
    pytest.importorskip("ducc0")
    assert library().NAME == "ducc0"
    by_ducc = case(comm)
    with ducc_hidden():
        assert library().NAME == "pocketfft"
        by_pocketfft = case(comm)
        record = by_pocketfft.record()
    assert library().NAME == "ducc0"
    differences = [
        np.max(np.abs(one - other), initial=0.0)
        for one, other in zip(by_ducc.state.orbitals, by_pocketfft.state.orbitals, strict=True)
    ]
    largest = comm.allreduce(max(differences), MPI.MAX)
    assert 0.0 < largest < TOLERANCE  # another library did something
    compare_records(record, by_ducc.record(), TOLERANCE)
