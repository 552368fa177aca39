"""Pairs of fluctuations on several ranks: the bits of one rank, on any pencil grid and through any exchange."""

import numpy as np
import pytest
from physics.pairs import advanced, amplitudes, follow, functions_of
from physics.systems import contact, coulomb, evolution, gaussian, gaussian_kernel, harmonic, largest, species, system

from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.exchange import EXCHANGES
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.orbital_cloud import OrbitalCloud

CONTACTS = [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3)]
KERNELS = [*CONTACTS, gaussian_kernel("a", "b", 0.8, 0.6), gaussian_kernel("a", "a", -0.3, 0.9)]
RABI = {"between": ["a", "b"], "rabi_frequency": 1.3, "detuning": 0.4, "phase": 0.5, "from": 0.1, "ramp": 0.2}
POWER = {"species": ["a", "b"], "kind": "power", "strength": 0.3, "exponent": 2.5}

KINDS = {
    "contact": (CONTACTS, {}),
    "kernels": (KERNELS, {}),
    "kernels and a power": (KERNELS, {"functional": [POWER]}),
    "coupling": (CONTACTS, {"coupling": [RABI]}),
    "frame": (KERNELS, {"grid": {"frame": {"kind": "expanding", "rate": 1.4}}}),
}
POINTS = {"14x11x13": [14, 11, 13], "16x12x20": [16, 12, 20], "26x23": [26, 23], "31": [31]}


def mixture_on(comm, points, pencil_grid, kind, way="sub-array-messages", interactions=None):
    """Two components that are kicked against each other."""
    d, (given, sections) = len(points), KINDS[kind]
    trap = {} if "grid" in sections else {"potential": harmonic(1.0)}
    return system(
        points,
        [9.0, 8.0, 8.5][:d],
        [
            species("a", particles=3.0, initial=gaussian(1.1, momentum=0.3), **trap),
            species("b", mass=1.6, particles=2.0, initial=gaussian(0.9, centre=-0.5), **trap),
        ],
        given if interactions is None else interactions,
        time=evolution(0.2, 0.05, "blanes-moan-4"),
        parallel={"pencil_grid": list(pencil_grid)[: d - 1]} if d > 1 else {},
        comm=comm,
        way=way,
        **sections,
    )


def pencil_grids(ranks, dimensions):
    """All ways to share a grid among so many ranks."""
    if dimensions < 3:
        return [(ranks, 1)]
    return [(first, ranks // first) for first in range(1, ranks + 1) if ranks % first == 0]


def scatter(mine, orbitals, pairs):
    """Begin from this rank's part of the same fields: norms are sums over ranks, rounded in an order of their own."""
    block = mine.mixture.grid.position_block.slices
    for index, whole in enumerate(orbitals):
        fields = OrbitalCloud(whole[(slice(None), *block)])
        mine.state.clouds[index] = fields.laid_out(mine.mixture.transform)
    local = [np.ascontiguousarray(array[(slice(None), slice(None), *block)]) for array in pairs]
    mine.state.fluctuations = Fluctuations(local, range(len(local[0])), 0).laid_out(mine.mixture.transform)


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_pairs_have_the_bits_of_one_rank(comm, points, kind):
    serial = mixture_on(MPI.COMM_SELF, points, (1, 1), kind)
    follow(serial, functions_of(serial, 3))
    orbitals = [array.copy() for array in serial.state.orbitals]
    pairs = [array.copy() for array in serial.state.fluctuations.pairs]
    advanced(serial)
    expected = serial.state.fluctuations.pairs
    assert all(largest(array[:, 1]) > 1e-4 for array in expected)
    for pencil_grid in pencil_grids(comm.size, len(points)):
        for way in EXCHANGES if kind in ("contact", "kernels") else EXCHANGES[:1]:
            mine = mixture_on(comm, points, pencil_grid, kind, way)
            scatter(mine, orbitals, pairs)
            advanced(mine)
            block = mine.mixture.grid.position_block.slices
            for array, whole in zip(mine.state.fluctuations.pairs, expected, strict=True):
                assert np.array_equal(array, whole[(slice(None), slice(None), *block)]), (pencil_grid, way)
            for array, whole in zip(mine.state.orbitals, serial.state.orbitals, strict=True):
                assert np.array_equal(array, whole[(slice(None), *block)])
            mine.mixture.engine.free()


@pytest.mark.parametrize("points", [[14, 11, 13], [26, 23], [31]], ids=lambda points: "x".join(map(str, points)))
def test_looks_and_free_space_on_several_ranks(comm, points):
    """Completed pairs, with kernels in free space, whose sums over ranks round differently: up to rounding."""
    free = gaussian_kernel("a", "b", 0.8, 0.6) | {"boundary": "free"}
    forces = [*CONTACTS, coulomb("a", "a", 0.4)] if len(points) == 3 else [*CONTACTS, free]
    serial = mixture_on(MPI.COMM_SELF, points, (1, 1), "contact", interactions=forces)
    follow(serial, functions_of(serial, 2))
    orbitals = [array.copy() for array in serial.state.orbitals]
    pairs = [array.copy() for array in serial.state.fluctuations.pairs]
    expected = amplitudes(advanced(serial))
    for pencil_grid in pencil_grids(comm.size, len(points)):
        mine = mixture_on(comm, points, pencil_grid, "contact", interactions=forces)
        scatter(mine, orbitals, pairs)
        block = (slice(None), slice(None), *mine.mixture.grid.position_block.slices)
        for array, whole in zip(amplitudes(advanced(mine)), expected, strict=True):
            cut = whole.reshape(2, 2, *points)[block]
            assert largest(array - cut.reshape(2, -1)) < 1e-13 * largest(whole)
        mine.mixture.engine.free()
