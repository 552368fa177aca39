"""One physics for every way to divide the ranks into orbital groups and pencils; the algebra between orbitals of
different groups; what is refused."""

import itertools

import numpy as np
import pytest
from parallel.test_same_physics import compare_records, pencil_grids
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.orbital_algebra import OrbitalAlgebra
from hpcmix.parallel.process.independence import LinearlyDependent
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.problem.mistakes.errors import ProblemError

POINTS = {1: [61], 2: [22, 19], 3: [12, 11, 13]}
LENGTHS = {1: [15.0], 2: [12.0, 11.0], 3: [9.0, 8.0, 8.5]}


def divisions(ranks, points):
    """All (groups, pencil grid) of so many ranks."""
    return [
        (groups, grid)
        for groups in range(1, ranks + 1)
        if ranks % groups == 0
        for grid in pencil_grids(ranks // groups, points)
    ]


def parallel_options(dimensions, groups, grid):
    options = {"orbital_groups": groups}
    return options | ({"pencil_grid": grid[: dimensions - 1]} if dimensions > 1 else {})


def mixture(comm, dimensions, groups, grid, precision="double"):
    """Fermion species of 3, 2 and 1 orbitals and a condensate among them, noisy and moving, with contact terms and one
    of finite range."""
    return system(
        POINTS[dimensions],
        LENGTHS[dimensions],
        [
            {
                "name": "f",
                "kind": "fermions",
                "orbitals": 3,
                "potential": [harmonic(1.0)],
                "initial": {"kind": "oscillator", "frequency": 1.2, "momentum": 0.3}
                | {"noise": {"amplitude": 0.05, "seed": 2}},
            },
            species("b", particles=8.0, potential=[harmonic(0.9)], initial=gaussian(1.0, centre=0.4)),
            {
                "name": "g",
                "kind": "fermions",
                "orbitals": 2,
                "mass": 1.7,
                "potential": [harmonic(0.8)],
                "initial": {"kind": "oscillator", "frequency": 0.7},
            },
            {"name": "h", "kind": "fermions", "orbitals": 1, "initial": {"kind": "oscillator", "frequency": 1.0}},
        ],
        [
            contact("f", "b", 0.5),
            contact("b", "b", 0.2),
            contact("f", "g", 0.4),
            contact("h", "b", 0.3),
            gaussian_kernel("b", "g", 0.5, 0.8),
        ],
        time=evolution(0.3, 0.05, "blanes-moan-4"),
        parallel={"precision": precision} | parallel_options(dimensions, groups, grid),
        comm=comm,
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-12), ("single", 3e-5)])
def test_evolution_for_every_division(comm, dimensions, precision, tolerance):
    serial = mixture(MPI.COMM_SELF, dimensions, 1, [1, 1], precision)
    start = [array.copy() for array in serial.state.orbitals]
    serial.evolve()
    reference = serial.record()
    for groups, grid in divisions(comm.size, POINTS[dimensions]):
        shared = mixture(comm, dimensions, groups, grid, precision)
        assert shared.mixture.communicators.groups == groups
        block = shared.grid.position_block.slices
        shared.evolve()
        for a, (mine, whole, before) in enumerate(
            zip(shared.state.orbitals, serial.state.orbitals, start, strict=True)
        ):
            held = shared.mixture.held(a)
            assert len(mine) == len(held) and mine.dtype == whole.dtype
            for orbital, number in zip(mine, held, strict=True):
                scale = np.max(np.abs(whole[number]))
                assert np.max(np.abs(orbital - whole[number][block])) < tolerance * scale
            assert np.max(np.abs(whole - before)) > 0.1 * np.max(np.abs(whole))
        compare_records(shared.record(), reference, 20 * tolerance)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_ground_state_for_every_division(comm, dimensions):
    """Energies, levels and densities; the iteration counts may differ by the rounding of sums."""

    def make(comm, groups, grid):
        return system(
            POINTS[dimensions],
            LENGTHS[dimensions],
            [
                {"name": "f", "kind": "fermions", "orbitals": 4, "potential": [harmonic([1.0, 1.3, 0.8][:dimensions])]},
                {"name": "h", "kind": "fermions", "orbitals": 1, "potential": [harmonic(1.1)]},
                species("b", particles=20.0, potential=[harmonic(1.0)]),
            ],
            [contact("b", "f", 0.2), contact("h", "b", 0.3), contact("b", "b", 0.1)],
            ground_state={"tolerance": 1e-7},
            parallel=parallel_options(dimensions, groups, grid),
            comm=comm,
        )

    serial = make(MPI.COMM_SELF, 1, [1, 1])
    reference = serial.density(0)
    # the last pencil grid of every number of groups; all of them are in the test of the evolution
    for groups, grid in dict(divisions(comm.size, POINTS[dimensions])).items():
        shared = make(comm, groups, grid)
        block = shared.grid.position_block.slices
        # energies err by the square of the residual, densities by the residual over the gap
        assert shared.ground_state.energy == pytest.approx(serial.ground_state.energy, rel=1e-11)
        np.testing.assert_allclose(
            shared.ground_state.levels["f"].energies, serial.ground_state.levels["f"].energies, rtol=1e-8
        )
        assert np.max(np.abs(shared.density(0) - reference[block])) < 1e-5 * np.max(reference)


@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_algebra_between_groups(comm, dtype, monkeypatch):
    """Overlaps, combinations and orthonormalisation against numpy on whole arrays, in messages of one orbital too."""
    points, count, volume = (6, 5, 4), 7, 0.3
    random = np.random.default_rng(4)
    left, right = random.normal(size=(2, count, *points)) + 1j * random.normal(size=(2, count, *points))
    matrix = random.normal(size=(count, count)) + 1j * random.normal(size=(count, count))
    tolerance = 1e-13 if dtype == np.complex128 else 1e-5
    for (groups, grid), chunk in itertools.product(divisions(comm.size, points), (1, 1 << 25)):
        monkeypatch.setattr("hpcmix.parallel.orbital_algebra.CHUNK_BYTES", chunk)
        communicators = Communicators.create(comm, points, tuple(grid), groups)
        held = OrbitalGroups((count,), groups).held_by_all(0)
        algebra = OrbitalAlgebra(communicators, held, volume)
        block = communicators.decomposition.position_block(communicators.group.rank).slices

        def part(whole, algebra=algebra, block=block):
            return np.array(whole[(slice(algebra.mine.start, algebra.mine.stop), *block)], dtype, order="C")

        flat = left.reshape(count, -1), right.reshape(count, -1)
        exact = flat[0].conj() @ flat[1].T * volume
        found = algebra.overlaps(part(left), part(right))
        assert np.max(np.abs(found - exact)) < tolerance * np.max(np.abs(exact)) * 10
        exact = part((matrix.T @ flat[0]).reshape(left.shape))
        found = algebra.combined(part(left), matrix)
        assert found.shape == exact.shape
        assert not found.size or np.max(np.abs(found - exact)) < 10 * tolerance * np.max(np.abs(left)) * count
        mine = part(left)
        algebra.orthonormalise(mine)
        assert np.max(np.abs(algebra.gram(mine) - np.eye(count))) < tolerance
        dependent = left.copy()
        dependent[3] = dependent[0] + dependent[5]
        with pytest.raises(LinearlyDependent, match="7 orbitals span only 6 dimensions"):
            algebra.orthonormalise(part(dependent))
        communicators.free()


def test_nearly_dependent_orbitals_are_made_orthonormal(comm):
    """A Gram matrix of condition 1e10: one pass leaves an error of 1e-6, the second mends it."""
    points, count = (8, 6, 5), 4
    random = np.random.default_rng(4)
    whole = random.normal(size=(count, *points)) + 0j
    whole[1] = whole[0] + 1e-5 * whole[1]
    communicators = Communicators.create(comm, points, None, comm.size)
    algebra = OrbitalAlgebra(communicators, OrbitalGroups((count,), comm.size).held_by_all(0), 1.0)
    mine = whole[algebra.mine.start : algebra.mine.stop].copy()
    algebra.orthonormalise(mine)
    assert np.max(np.abs(algebra.gram(mine) - np.eye(count))) < 1e-14
    communicators.free()


def test_more_groups_than_orbitals_are_refused(comm):
    if comm.size < 3:
        pytest.skip("needs more ranks than orbitals")
    one = {"name": "f", "kind": "fermions", "orbitals": 2, "initial": {"kind": "plane-waves"}}
    with pytest.raises(ProblemError, match="groups cannot share 2 orbitals"):
        system([16, 16], [4.0, 4.0], [one], parallel={"orbital_groups": comm.size}, comm=comm)
