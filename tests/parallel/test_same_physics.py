"""One physics at every rank count: fields, energies and ground states on all pencil grids against a run on one rank.

Every rank makes the serial run for itself, on MPI.COMM_SELF, and compares its block.
"""

import math

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system, yukawa

from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.parallel.decomposition import largest_split
from hpcmix.parallel.process.mpi import MPI

GRIDS = {1: ([61], [15.0]), 2: ([26, 23], [12.0, 11.0]), 3: ([14, 11, 13], [9.0, 8.0, 8.5])}
"""Numbers of points that two, three and four ranks do not divide."""


def pencil_grids(ranks, points):
    """All pencil grids of so many ranks that leave no rank without points."""
    limit = largest_split(tuple(points))
    return [[p, ranks // p] for p in range(1, ranks + 1) if ranks % p == 0 and p <= limit[0] and ranks // p <= limit[1]]


def parallel_options(points, pencil_grid):
    """``[parallel]``: one dimension leaves no choice."""
    return {"pencil_grid": pencil_grid[: len(points) - 1]} if len(points) > 1 else {}


def quench(comm, dimensions, pencil_grid, precision="double", integrator="blanes-moan-4"):
    """Two noisy, moving components with contact and finite-range interactions in potentials that depend on time."""
    points, lengths = GRIDS[dimensions]
    d = dimensions
    kernels = [gaussian_kernel("a", "b", 0.6, 0.8)]
    if d > 1:
        kernels += [yukawa("b", "b", 0.5, 1.2), yukawa("a", "b", -0.3, 2.0)]
    return system(
        points,
        lengths,
        [
            species(
                "a",
                mass=1.0,
                particles=3.0,
                potential=[harmonic([1.0, 1.2, 0.9][:d]), {"kind": "expression", "value": "0.4*sin(2*t)*x"}],
                initial=gaussian(1.1, centre=0.4, momentum=0.3) | {"noise": {"amplitude": 0.01, "seed": 5}},
            ),
            species(
                "b",
                mass=1.6,
                particles=2.0,
                potential=[harmonic(0.8, **{"from": 0.1, "until": 0.4, "ramp": 0.1})],
                initial=gaussian(0.9, centre=-0.5) | {"noise": {"amplitude": 0.01, "seed": 5}},
            ),
        ],
        [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3), *kernels],
        time=evolution(0.5, 0.05, integrator),
        parallel={"precision": precision} | parallel_options(points, pencil_grid),
        comm=comm,
    )


def compare_records(mine, serial, tolerance):
    """Energies, centres, widths, momenta: every number of a record, relative or absolute to one."""
    numbers = []

    def walk(left, right):
        if isinstance(left, dict):
            assert left.keys() == right.keys()
            for key in left:
                walk(left[key], right[key])
        elif isinstance(left, list):
            for a, b in zip(left, right, strict=True):
                walk(a, b)
        else:
            assert left == pytest.approx(right, rel=tolerance, abs=tolerance)
            numbers.append(left)

    walk(mine, serial)
    assert len(numbers) > 10


@pytest.mark.parametrize(
    ("precision", "integrator", "tolerance"),
    [
        # 10 steps of 6 stages, each rounded to 1e-16 (6e-8) of the field: transforms of the same lines in another order
        ("double", "blanes-moan-4", 1e-12),
        ("double", "blanes-moan-rkn-6", 1e-12),
        ("single", "strang", 1e-5),
    ],
)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_evolution(comm, dimensions, precision, integrator, tolerance):
    serial = quench(MPI.COMM_SELF, dimensions, [1, 1], precision, integrator)
    start = [orbital.copy() for orbital in serial.state.orbitals]
    serial.evolve()
    reference = serial.record()
    grids = pencil_grids(comm.size, GRIDS[dimensions][0])
    assert len(grids) >= (1 if dimensions < 3 else {1: 1, 2: 2, 3: 2, 4: 3}.get(comm.size, 1))
    for pencil_grid in grids:
        shared = quench(comm, dimensions, pencil_grid, precision, integrator)
        block = shared.grid.position_block.slices
        assert shared.mixture.communicators.decomposition.pencil_grid == tuple(pencil_grid)
        for mine, whole in zip(shared.state.orbitals, start, strict=True):
            np.testing.assert_allclose(mine[0], whole[0][block], rtol=0, atol=tolerance * np.max(np.abs(whole)))
        shared.evolve()
        worst = 0.0
        for mine, whole, before in zip(shared.state.orbitals, serial.state.orbitals, start, strict=True):
            scale = np.max(np.abs(whole))
            worst = max(worst, np.max(np.abs(mine[0] - whole[0][block])) / scale)
            assert np.max(np.abs(whole - before)) > 0.1 * scale
            assert mine.dtype == whole.dtype
        worst = comm.allreduce(worst, op=MPI.MAX)
        print(f"measured: {dimensions}D {precision} {pencil_grid}: {worst:.1e}")
        assert worst < tolerance
        compare_records(shared.record(), reference, 10 * tolerance)


def test_single_precision_follows_double(comm):
    """The same run in single precision stays within its rounding: 10 steps, 6e-8 each and the size of the phases."""
    single, double = (
        quench(comm, 3, pencil_grids(comm.size, GRIDS[3][0])[0], precision).evolve()
        for precision in ("single", "double")
    )
    for mine, exact in zip(single.state.orbitals, double.state.orbitals, strict=True):
        error = comm.allreduce(np.max(np.abs(mine - exact)), op=MPI.MAX)
        scale = comm.allreduce(np.max(np.abs(exact)), op=MPI.MAX)
        assert 1e-9 < error / scale < 2e-5
    assert single.record()["energy"]["total"] == pytest.approx(double.record()["energy"]["total"], rel=1e-5)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_noise_is_the_same_to_the_bit(comm, dimensions):
    whole = complex_noise(quench(MPI.COMM_SELF, dimensions, [1, 1]).grid, 5, 1)
    for pencil_grid in pencil_grids(comm.size, GRIDS[dimensions][0]):
        grid = quench(comm, dimensions, pencil_grid).grid
        np.testing.assert_array_equal(complex_noise(grid, 5, 1), whole[grid.position_block.slices])


# ---------------------------------------------------------------- ground states

ENERGIES = {1: 9.35432449214384, 2: 9.18323801840701, 3: 9.64949635567534}
"""Total energies of :func:`mixed_ground_state`, found on one rank: the same ten digits at every rank count, in every
run of this file.
"""


def mixed_ground_state(comm, dimensions, pencil_grid):
    """A miscible mixture with a Gaussian kernel, from the Thomas-Fermi start."""
    points, lengths = {1: ([61], [14.0]), 2: ([30, 27], [11.0, 10.0]), 3: ([18, 15, 17], [9.0, 8.0, 8.5])}[dimensions]
    trap = harmonic([1.0, 1.2, 0.9][:dimensions])
    return system(
        points,
        lengths,
        [species("a", mass=1.0, particles=2.0, potential=trap), species("b", mass=1.4, particles=3.0, potential=trap)],
        [contact("a", "a", 2.0), contact("b", "b", 1.5), contact("a", "b", 1.0), gaussian_kernel("a", "b", 0.4, 0.9)],
        ground_state={"tolerance": 1e-9},
        parallel=parallel_options(points, pencil_grid),
        comm=comm,
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_ground_state(comm, dimensions):
    serial = mixed_ground_state(MPI.COMM_SELF, dimensions, [1, 1])
    energy = serial.energy().total
    points = serial.problem.grid.points
    for pencil_grid in pencil_grids(comm.size, points):
        shared = mixed_ground_state(comm, dimensions, pencil_grid)
        print(
            f"measured: {dimensions}D {pencil_grid}: {shared.energy().total:.14f}, "
            f"{shared.ground_state.iterations} iterations"
        )
        # ten digits of the energy, whose error is the square of the residual
        assert shared.energy().total == pytest.approx(energy, rel=1e-11)
        assert shared.energy().total == pytest.approx(ENERGIES[dimensions], rel=1e-10)
        # rounding may end the search an iteration earlier or later
        assert abs(shared.ground_state.iterations - serial.ground_state.iterations) <= 2
        block = shared.grid.position_block.slices
        for a in range(2):
            whole = serial.density(a)
            # the residual over the gap of the softest excitation
            np.testing.assert_allclose(shared.density(a), whole[block], rtol=0, atol=1e-7 * whole.max())


def dressed_state(comm, dimensions, pencil_grid):
    """Two components that are coherently coupled, with a phase and unequal masses, beside a third one."""
    points, lengths = GRIDS[dimensions]
    trap = harmonic([1.0, 1.2, 0.9][:dimensions])
    return system(
        points,
        lengths,
        [
            species("a", particles=2.0, potential=trap),
            species("b", particles=0.0, potential=trap, mass=1.3),
            species("c", particles=1.0, potential=trap),
        ],
        [contact("a", "a", 2.0), contact("b", "b", 1.5), contact("a", "b", 1.0), gaussian_kernel("b", "c", 0.4, 0.9)],
        coupling=[{"between": ["a", "b"], "rabi_frequency": 1.5, "detuning": 0.4, "phase": 0.6}],
        ground_state={"tolerance": 1e-9},
        parallel=parallel_options(points, pencil_grid),
        comm=comm,
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_dressed_state(comm, dimensions):
    serial = dressed_state(MPI.COMM_SELF, dimensions, [1, 1])
    energy, norms = serial.energy().total, serial.norms()
    assert np.sum(norms[:2]) == pytest.approx(1.0, rel=1e-13) and np.min(norms) > 0.1
    for pencil_grid in pencil_grids(comm.size, serial.problem.grid.points):
        shared = dressed_state(comm, dimensions, pencil_grid)
        assert shared.energy().total == pytest.approx(energy, rel=1e-11)
        np.testing.assert_allclose(shared.norms(), norms, rtol=1e-8)  # the residual over the gap, as below
        assert abs(shared.ground_state.iterations - serial.ground_state.iterations) <= 2
        for a in range(3):
            whole = serial.density(a)
            block = shared.grid.position_block.slices
            np.testing.assert_allclose(shared.density(a), whole[block], rtol=0, atol=1e-7 * whole.max())


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_thomas_fermi(comm, dimensions):
    points, lengths = GRIDS[dimensions]

    def clouds(comm, pencil_grid):
        return system(
            points,
            lengths,
            [
                species(name, particles=3.0, potential=harmonic(1.0, centre=c), initial={"kind": "thomas-fermi"})
                for name, c in (("a", 0.3), ("b", -0.2))
            ],
            [contact("a", "a", 4.0), contact("b", "b", 3.0), contact("a", "b", 1.0)],
            parallel=parallel_options(points, pencil_grid),
            comm=comm,
        )

    serial = clouds(MPI.COMM_SELF, [1, 1])
    for pencil_grid in pencil_grids(comm.size, points):
        shared = clouds(comm, pencil_grid)
        for a in range(2):
            whole = serial.density(a)
            assert whole.max() > 0.1
            np.testing.assert_allclose(
                shared.density(a), whole[shared.grid.position_block.slices], rtol=0, atol=1e-11 * whole.max()
            )


# ---------------------------------------------------------------- what goes wrong on one rank


def test_a_potential_that_fails_on_one_rank_fails_on_all(comm):
    """1/(x - 1.875 + 0.75 t) is infinite at one value of x, which one rank holds, at the end of the second step."""
    state = system(
        *([32, 12], [8.0, 6.0]),
        [species("a", potential={"kind": "expression", "value": "1/(x - 1.875 + 0.75*t)"}, initial=gaussian(1.0))],
        time=evolution(1.0, 0.25, "strang"),
        comm=comm,
    )
    with np.errstate(divide="ignore"):
        state.stepper.step(state.state)
        with pytest.raises(
            FloatingPointError, match=r"species.a.potential.0 is not finite at x = 1.5, y = -3, t = 0.5"
        ):
            state.stepper.step(state.state)
    assert comm.allreduce(1) == comm.size


def test_observables_of_a_known_state(comm):
    """Particles, centre, width, momentum and largest density of a Gaussian, on whatever ranks there are."""
    width, centre, momentum = [0.9, 1.1, 1.0], [0.5, 0.0, -0.5], [0.5, -0.3, 0.2]
    for pencil_grid in pencil_grids(comm.size, [24, 26, 24]):
        state = system(
            *([24, 26, 24], [12.0, 13.0, 12.0]),
            [species("a", particles=7.0, initial=gaussian(width, centre=centre, momentum=momentum))],
            parallel={"pencil_grid": pencil_grid},
            comm=comm,
        )
        record = state.record()["species"]["a"]
        assert record["particles"] == pytest.approx(7.0, rel=1e-13)
        # the tails of the spectrum on this coarse grid: exp(-(w k_max)^2) = 1e-14, momentum space is the worse one with
        # 1e-9
        np.testing.assert_allclose(record["centre"], centre, atol=1e-10)
        np.testing.assert_allclose(record["rms_width"], np.array(width) / math.sqrt(2), rtol=1e-9)
        np.testing.assert_allclose(record["momentum"], 7.0 * np.array(momentum), rtol=1e-7)
        # the centre is a grid point
        assert record["maximum_density"] == pytest.approx(7.0 / (np.pi**1.5 * np.prod(width)), rel=1e-9)
