"""What is promised about bits: fields do not depend on the number of ranks, the pencil grid or the exchange."""

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.exchange import EXCHANGES
from hpcmix.splittings import INTEGRATORS
from hpcmix.state.orbital_cloud import OrbitalCloud


def pencil_grids(ranks, dimensions):
    """All ways to share a grid among so many ranks."""
    if dimensions < 3:
        return [(ranks, 1)]
    return [(first, ranks // first) for first in range(1, ranks + 1) if ranks % first == 0]


def mixture_on(
    comm,
    points,
    precision,
    pencil_grid,
    kernel,
    way="sub-array-messages",
    kinetic=("nonrelativistic",) * 2,
    mass=1.6,
    course=None,
    trap=None,
    **more,
):
    """Two components in a trap, kicked against each other."""
    d = len(points)
    interactions = [contact("a", "a", 1.0), contact("b", "b", 0.7), contact("a", "b", 1.3)]
    if kernel:
        interactions += [gaussian_kernel("a", "b", 0.8, 0.6), gaussian_kernel("a", "a", -0.3, 0.9)]
    return system(
        points,
        [9.0, 8.0, 8.5][:d],
        [
            species(
                "a",
                particles=3.0,
                kinetic=kinetic[0],
                potential=trap or harmonic(1.0),
                initial=gaussian(1.1, momentum=0.3),
            ),
            species(
                "b",
                mass=mass,
                particles=2.0,
                kinetic=kinetic[1],
                potential=harmonic(0.8),
                initial=gaussian(0.9, centre=-0.5),
            ),
        ],
        [entry | (course or {}) for entry in interactions],
        time=evolution(0.2, 0.05, "blanes-moan-4"),
        parallel={"precision": precision} | ({"pencil_grid": list(pencil_grid)[: d - 1]} if d > 1 else {}),
        comm=comm,
        way=way,
        **more,
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("kernel", [False, True], ids=["contact", "convolution"])
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(
    "points", [[14, 11, 13], [16, 12, 20], [26, 23]], ids=lambda points: "x".join(map(str, points))
)
def test_the_fields_have_the_bits_of_one_rank(comm, points, precision, kernel):
    require_the_bits_of_one_rank(
        comm, len(points), lambda comm, pencils, way: mixture_on(comm, points, precision, pencils, kernel, way)
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("points", [[14, 11, 13], [26, 23]], ids=lambda points: "x".join(map(str, points)))
def test_local_functionals_have_the_bits_of_one_rank(comm, points, precision):
    functional = [{"species": ["a", "b"], "kind": "power", "strength": 0.3, "exponent": 2.5}]
    require_the_bits_of_one_rank(
        comm,
        len(points),
        lambda comm, pencils, way: mixture_on(comm, points, precision, pencils, False, way, functional=functional),
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("points", [[14, 11, 13], [26, 23]], ids=lambda points: "x".join(map(str, points)))
@pytest.mark.parametrize("second", ["nonrelativistic", "semirelativistic"])
def test_semirelativistic_fields_have_the_bits_of_one_rank(comm, points, precision, second):
    """Alone, and beside a component whose flow is another one."""
    kinetic = ("semirelativistic", second)
    require_the_bits_of_one_rank(
        comm, len(points), lambda comm, pencils, way: mixture_on(comm, points, precision, pencils, True, way, kinetic)
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("points", [[14, 11, 13], [31]], ids=lambda points: "x".join(map(str, points)))
def test_what_changes_in_time_and_place_has_the_bits_of_one_rank(comm, points):
    """Kernels that are ramped, a centre that moves, and a coupling that depends on place."""
    wave = 2.0 * np.pi / 9.0
    coupling = {"between": ["a", "b"], "rabi_frequency": 1.3, "profile": "1 + 0.5*cos(x)"}
    coupling["momentum"] = [wave, 0.0, 0.0][: len(points)]

    def made(comm, pencils, way):
        ramp = {"from": 0.05, "ramp": 0.1}
        moving = {"kind": "gaussian", "height": 0.7, "width": 1.0, "centre": ["t - 0.3", "0", "0"][: len(points)]}
        return mixture_on(comm, points, "double", pencils, True, way, course=ramp, trap=moving, coupling=[coupling])

    require_the_bits_of_one_rank(comm, len(points), made)


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("points", [[14, 11, 13], [26, 23], [31]], ids=lambda points: "x".join(map(str, points)))
@pytest.mark.parametrize("mass", [1.0, 1.6], ids=["equal", "unequal"])
def test_coupled_fields_have_the_bits_of_one_rank(comm, points, precision, mass):
    """With a coupling that is ramped: a matrix at every point, or at every wave vector."""
    rabi = {"between": ["a", "b"], "rabi_frequency": 1.3, "detuning": 0.4, "phase": 0.5, "from": 0.05, "ramp": 0.1}
    require_the_bits_of_one_rank(
        comm,
        len(points),
        lambda comm, pencils, way: mixture_on(comm, points, precision, pencils, False, way, mass=mass, coupling=[rabi]),
    )


@pytest.mark.skipif(dispatch.implementation() is reference, reason="the promise is that of the compiled kernels")
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("points", [[14, 11, 13], [26, 23], [31]], ids=lambda points: "x".join(map(str, points)))
def test_three_coupled_fields_have_the_bits_of_one_rank(comm, points, precision):
    """Three masses, one species with a table for its kinetic energy: a series at every wave vector, whose length and
    scale must be the same on all ranks."""

    def make(comm, pencils, way):
        d = len(points)
        trap = {"potential": harmonic(1.0), "particles": 2.0}
        first = gaussian(1.1, momentum=0.3)
        return system(
            points,
            [9.0, 8.0, 8.5][:d],
            [
                species("a", initial=first, **trap),
                species("b", mass=1.6, initial=gaussian(0.9, centre=-0.5), **trap),
                species("c", mass=0.8, kinetic="semirelativistic", initial=gaussian(1.0), **trap),
            ],
            [contact("a", "b", 1.0), contact("b", "c", 0.7)],
            coupling=[
                {"between": ["a", "b"], "rabi_frequency": 1.3, "detuning": 0.4, "from": 0.1, "ramp": 0.2},
                {"between": ["b", "c"], "rabi_frequency": 0.7, "phase": 0.5},
            ],
            time=evolution(0.2, 0.05, "blanes-moan-4"),
            parallel={"precision": precision} | ({"pencil_grid": list(pencils)[: d - 1]} if d > 1 else {}),
            comm=comm,
            way=way,
        )

    require_the_bits_of_one_rank(comm, len(points), make)


def require_the_bits_of_one_rank(comm, dimensions, make):
    """Evolve what `make` builds (of a communicator, a pencil grid and an exchange) on one rank and on all of them, in
    every way, from the same bits."""
    serial = make(MPI.COMM_SELF, (1, 1), "sub-array-messages")
    start = [array.copy() for array in serial.state.orbitals]
    serial.evolve()
    assert not np.array_equal(serial.state.orbitals[0], start[0])
    for pencil_grid in pencil_grids(comm.size, dimensions):
        for way in EXCHANGES:
            mine = make(comm, pencil_grid, way)
            block = (slice(None), *mine.mixture.grid.position_block.slices)
            # the initial norm is a sum over ranks, rounded in its own order: begin from the same bits
            for index, whole in enumerate(start):
                fields = OrbitalCloud(whole[block])
                mine.state.clouds[index] = fields.laid_out(mine.mixture.transform)
            mine.evolve()
            for array, whole in zip(mine.state.orbitals, serial.state.orbitals, strict=True):
                assert np.array_equal(array, whole[block])
            mine.mixture.engine.free()
    # norms and energies are sums over ranks; that a run does not depend on when it is looked at is the next test's


@pytest.mark.parametrize("kernel", [False, True], ids=["contact", "convolution"])
@pytest.mark.parametrize("points", [[12, 11, 10], [19, 14], [40]], ids=lambda points: "x".join(map(str, points)))
@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-rkn-6"])
def test_looking_does_not_change_a_run(comm, points, kernel, integrator):
    """Records at every step, or none: the same bits at the end, and wave functions seen on the way are those of whole
    steps."""
    pencil_grid = pencil_grids(comm.size, len(points))[-1]
    seen, unseen = (mixture_on(comm, points, "double", pencil_grid, kernel) for _ in range(2))
    for one in (seen, unseen):
        one.stepper = Stepper(one.mixture, INTEGRATORS[integrator])
    for _ in range(4):
        seen.stepper.advance(seen.state)
        seen.stepper.settle(seen.state)
        record = seen.record()
        unseen.stepper.advance(unseen.state)
    unseen.stepper.settle(unseen.state)
    assert seen.state.progress.pending_kick == unseen.state.progress.pending_kick > 0
    for left, right in zip(seen.state.orbitals, unseen.state.orbitals, strict=True):
        assert np.array_equal(left, right)
    whole = mixture_on(comm, points, "double", pencil_grid, kernel)
    whole.stepper = Stepper(whole.mixture, INTEGRATORS[integrator])
    for _ in range(4):
        whole.stepper.step(whole.state)
    # merged kicks round differently: four steps of up to twelve flows, some roundings each
    for index, right in enumerate(whole.state.orbitals):
        (left,) = Look(seen.mixture, seen.state).orbitals(index)
        np.testing.assert_allclose(left, right[0], rtol=0, atol=1e-13)
        assert not np.allclose(seen.state.orbitals[index], right, rtol=0, atol=1e-6)  # the pending kick is missing
    expected = observe(Look(whole.mixture, whole.state))
    assert record["energy"]["kinetic"] == pytest.approx(expected["energy"]["kinetic"], rel=1e-12)
    assert record["species"]["a"]["momentum"] == pytest.approx(expected["species"]["a"]["momentum"], rel=1e-11)
