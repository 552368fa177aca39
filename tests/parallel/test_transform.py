"""The distributed transforms against numpy's transform of the whole array and against mpi4py-fft, on every pencil grid
that the ranks form.
"""

import numpy as np
import pytest
from parallel.engines import engine_on

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import choose_pencil_grid, largest_split
from hpcmix.parallel.transforms.reference import ReferenceTransform
from hpcmix.problem.mistakes.errors import ProblemError

GRIDS = [(37,), (64,), (13, 17), (30, 8), (11, 13, 7), (12, 10, 9), (8, 8, 16), (5, 4, 6)]
"""Prime sizes, sizes that two, three and four do not divide, odd and even last axes."""

PRECISION = {np.complex128: 1e-14, np.complex64: 5e-6}
"""Bounds of the error of one transform relative to the largest value: some ten roundings of 1e-16 and 6e-8."""


def pencil_grids(ranks, points):
    """All pencil grids of so many ranks that leave no rank without points."""
    limit = largest_split(points)
    return [(p, ranks // p) for p in range(1, ranks + 1) if ranks % p == 0 and p <= limit[0] and ranks // p <= limit[1]]


def made(communicators, real, dtype=np.complex128):
    """The transform of an engine of its own."""
    engine = engine_on(communicators, dtype)
    return engine.real_transform() if real else engine.complex_transform()


def whole_field(points, real, dtype):
    """The same random array on every rank."""
    random = np.random.default_rng(11)
    field = random.standard_normal(points)
    return (
        field.astype(np.empty(0, dtype).real.dtype)
        if real
        else (field + 1j * random.standard_normal(points)).astype(dtype)
    )


def whole_spectrum(field, real):
    """Numpy's transform in double precision: exp(-ikx), no factor."""
    return np.fft.rfftn(field.astype(np.float64)) if real else np.fft.fftn(field.astype(np.complex128))


@pytest.fixture(params=GRIDS, ids=lambda points: "x".join(map(str, points)))
def points(request):
    return request.param


@pytest.mark.parametrize("dtype", PRECISION, ids=["double", "single"])
@pytest.mark.parametrize("real", [False, True], ids=["c2c", "r2c"])
def test_against_numpy(comm, points, real, dtype):
    grids = pencil_grids(comm.size, points)
    assert grids
    field = whole_field(points, real, dtype)
    spectrum = whole_spectrum(field, real)
    scale, tolerance = np.max(np.abs(spectrum)), PRECISION[dtype]
    for pencil_grid in grids:
        communicators = Communicators.create(comm, points, pencil_grid)
        transform = made(communicators, real, dtype)
        mine = field[transform.position_block.slices].copy()
        assert mine.dtype == transform.position_dtype
        assert 0 not in mine.shape
        assert 0 not in transform.wave_block.shape
        before = mine.copy()
        wave = transform.empty_wave()
        assert transform.forward(mine, wave) is wave
        np.testing.assert_array_equal(mine, before)  # left as it is
        np.testing.assert_allclose(wave, spectrum[transform.wave_block.slices], atol=tolerance * scale, rtol=0)
        # blocks cover both spaces once
        assert comm.allreduce(mine.size) == field.size
        assert comm.allreduce(wave.size) == spectrum.size

        back = transform.empty_position()
        transform.backward(wave.copy(), back)
        np.testing.assert_allclose(back, mine, atol=tolerance * np.max(np.abs(field)), rtol=0)
        transform.backward(wave.copy(), back, normalise=False)
        np.testing.assert_allclose(back, field.size * mine, atol=tolerance * field.size * np.max(np.abs(field)), rtol=0)
        transform.free()
        communicators.free()


@pytest.mark.parametrize("real", [False, True], ids=["c2c", "r2c"])
def test_multiply(comm, points, real):
    """Transform, multiply, transform back: the shift f(x) -> f(x - 2h) along the first axis, a multiplier that tells
    one wave number from another.
    """
    field = whole_field(points, real, np.complex128)
    modes = (
        np.fft.rfftfreq(points[0], 1 / points[0])
        if real and len(points) == 1
        else np.fft.fftfreq(points[0], 1 / points[0])
    )
    phases = np.exp(-2j * np.pi * 2 * modes / points[0])
    for pencil_grid in pencil_grids(comm.size, points):
        communicators = Communicators.create(comm, points, pencil_grid)
        transform = made(communicators, real)
        local = phases[transform.wave_block.slices[0]].reshape(-1, *[1] * (len(points) - 1))

        def shift(spectrum, local=local, transform=transform):
            spectrum *= local * transform.inverse_points

        mine = field[transform.position_block.slices].copy()
        for times in (1, 2):  # work arrays are used again
            transform.multiply(mine, shift)
            expected = np.roll(field, 2 * times, axis=0)[transform.position_block.slices]
            np.testing.assert_allclose(mine, expected, atol=1e-14 * np.max(np.abs(field)), rtol=0)
        transform.free()
        communicators.free()


def test_the_bits_repeat(comm, points):
    field = whole_field(points, False, np.complex128)
    results = []
    for _ in range(2):
        communicators = Communicators.create(comm, points)
        transform = made(communicators, False)
        results.append(
            transform.forward(np.ascontiguousarray(field[transform.position_block.slices]), transform.empty_wave())
        )
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.parametrize(
    "points", [points for points in GRIDS if len(points) > 1], ids=lambda points: "x".join(map(str, points))
)
@pytest.mark.parametrize("dtype", PRECISION, ids=["double", "single"])
@pytest.mark.parametrize("real", [False, True], ids=["c2c", "r2c"])
def test_against_mpi4py_fft(comm, points, real, dtype):
    """The library's blocks are ours, and so are its values."""
    pytest.importorskip("mpi4py_fft", reason="the reference transform is an optional requirement")
    field, tolerance = whole_field(points, real, dtype), PRECISION[dtype]
    for pencil_grid in pencil_grids(comm.size, points):
        communicators = Communicators.create(comm, points, pencil_grid)
        ours = made(communicators, real, dtype)
        theirs = ReferenceTransform(ours.resources, real)
        assert (ours.position_block, ours.wave_block) == (theirs.position_block, theirs.wave_block)
        mine = field[ours.position_block.slices].copy()
        left, right = ours.forward(mine, ours.empty_wave()), theirs.forward(mine, theirs.empty_wave())
        scale = np.sqrt(field.size) * np.max(np.abs(field))
        np.testing.assert_allclose(left, right, atol=tolerance * scale, rtol=0)
        assert np.linalg.norm(left) > 0.1 * np.sqrt(field.size * left.size)
        back = theirs.backward(left.copy(), theirs.empty_position())
        np.testing.assert_allclose(back, mine, atol=tolerance * np.max(np.abs(field)), rtol=0)

        def halve(spectrum, transform=ours):
            spectrum *= 0.5 * transform.inverse_points

        again = mine.copy()
        theirs.multiply(again, halve)
        np.testing.assert_allclose(again, 0.5 * mine, atol=tolerance * np.max(np.abs(field)), rtol=0)
        ours.free()
        theirs.free()
        communicators.free()


# ---------------------------------------------------------------- ranks that do not fit


@pytest.mark.parametrize(
    ("points", "ranks", "asked", "reason"),
    [
        ((3,), 4, None, "4 ranks cannot share a grid of 3"),
        ((8, 4), 5, None, "cannot share a grid of 8 x 4"),  # the half spectrum has three columns
        ((2, 2, 2), 5, None, "cannot share"),
        ((4, 4, 4), 7, None, "cannot share"),
        ((8, 8, 8), 4, (3, 1), "need 3 ranks, this run has 4"),
        ((8, 8, 2), 8, (2, 4), "at most 8 x 2 fit"),
        ((4, 8, 8), 8, (8, 1), "leave ranks without points"),
    ],
)
def test_refusals(points, ranks, asked, reason):
    with pytest.raises(ProblemError, match=reason):
        choose_pencil_grid(points, ranks, asked)


@pytest.mark.parametrize(
    ("points", "ranks", "expected"),
    [
        ((16,), 5, (5, 1)),
        ((16, 16), 8, (8, 1)),
        ((16, 16, 16), 16, (16, 1)),  # slabs while there are planes
        ((16, 16, 16), 24, (6, 4)),  # then the squarest pencils
        ((16, 16, 16), 64, (8, 8)),
        ((8, 8, 2), 16, (8, 2)),
    ],
)
def test_choices(points, ranks, expected):
    assert choose_pencil_grid(points, ranks) == expected


def test_refusal_is_the_same_on_every_rank(comm):
    """Before any communication that could hang."""
    with pytest.raises(ProblemError, match="this run has"):
        Communicators.create(comm, (16, 16, 16), (comm.size + 1, 1))
    if comm.size > 2:
        with pytest.raises(ProblemError, match="cannot share"):
            Communicators.create(comm, (2,))
    assert comm.allreduce(1) == comm.size


@pytest.mark.parametrize("dtype", PRECISION, ids=["double", "single"])
def test_multiply_along_one_axis(comm, points, dtype):
    """A multiplier of one component of the wave number, without symmetry, against numpy on the whole array."""
    field = whole_field(points, False, dtype)
    random = np.random.default_rng(5)
    for pencil_grid in pencil_grids(comm.size, points):
        transform = made(Communicators.create(comm, points, pencil_grid), False, dtype)
        for axis, n in enumerate(points):
            table = random.standard_normal(n) + 1j * random.standard_normal(n)
            shape = [n if other == axis else 1 for other in range(len(points))]
            spectrum = np.fft.fft(field.astype(np.complex128), axis=axis) * table.reshape(shape)
            expected = n * np.fft.ifft(spectrum, axis=axis)
            mine = field[transform.position_block.slices].copy()
            transform.multiply_along(mine, axis, table)
            error = np.max(np.abs(mine - expected[transform.position_block.slices]))
            assert error <= 3 * PRECISION[dtype] * np.max(np.abs(expected))  # two transforms and a product
        transform.free()
