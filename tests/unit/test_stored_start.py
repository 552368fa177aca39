"""States from files of other grids: exact on shared points, spectrally accurate between them, refused where the cloud
does not fit."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.initial.written.closed_form import read_field, read_set, require_fit
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.initial import FileStart

POINTS, LENGTHS = (40, 36, 32), (16.0, 15.0, 14.0)


def grid_of(points, lengths, start=None, shape=None):
    block = Block(start or (0,) * len(points), shape or tuple(points))
    return Grid(tuple(points), tuple(map(float, lengths)), block, Block((0,) * len(points), tuple(points)))


def packet(grid, number=0):
    """A moving Gaussian times a polynomial: at the faces and at the largest wave numbers below 1e-9."""
    x = [*grid.coordinates, np.zeros(())]
    envelope = np.exp(-0.5 * sum((c - 0.2) ** 2 for c in grid.coordinates))
    return (1.0 + number * x[0] + 0.3j * x[-2]) * envelope * np.exp(0.7j * x[0])


def stored(path, arrays, grid=None, **attributes):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
        if grid is not None:
            file.attrs.update({"points": grid.points, "box_lengths": grid.lengths})
        file.attrs.update(attributes)
    return FileStart(path=str(path), dataset="up/wave_function")


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(
    ("points", "lengths"),
    [
        ((80, 72, 64), LENGTHS),
        ((55, 47, 43), LENGTHS),
        ((41, 37, 33), (16.3, 14.7, 14)),
        ((37, 36, 32), LENGTHS),
    ],
    ids=["twice as fine", "finer", "another box", "coarser"],
)
def test_values_between_the_points(tmp_path, dimensions, points, lengths):
    old, new = grid_of(POINTS[:dimensions], LENGTHS[:dimensions]), grid_of(points[:dimensions], lengths[:dimensions])
    place = stored(tmp_path / "a.h5", {"up/wave_function": packet(old)}, old)
    assert require_fit(place, "initial", None, new, None)
    values, expected = read_field(place, "initial", new, None), packet(new)
    # what the packet has beyond the largest wave numbers, 7.2 and more, and beyond the faces: exp(-6.5^2/2) at most
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9)
    # every rank makes its own part, of some planes at a time
    first = tuple(count // 3 for count in new.points)
    part = grid_of(new.points, new.lengths, first, tuple(n - f for n, f in zip(new.points, first, strict=True)))
    here = read_field(place, "initial", part, None)
    np.testing.assert_allclose(here, values[part.position_block.slices], rtol=0, atol=1e-15)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("box", [1, 2], ids=["finer", "larger box"])
def test_shared_points_keep_their_bits(tmp_path, dimensions, box):
    points, lengths = POINTS[:dimensions], LENGTHS[:dimensions]
    old, new = grid_of(points, lengths), grid_of([2 * n for n in points], [box * length for length in lengths])
    place = stored(tmp_path / "a.h5", {"up/wave_function": packet(old)}, old)
    values = read_field(place, "initial", new, None)
    shared = tuple(slice(None, None, 2) if box == 1 else slice(n // 2, n // 2 + n) for n in points)
    np.testing.assert_array_equal(values[shared], packet(old))
    if box == 2:
        values[shared] = 0.0
        assert not values.any()


def test_the_largest_wave_number_of_an_even_grid_is_a_cosine(tmp_path):
    """Of both signs there is one number: a real wave stays real."""
    old, new = grid_of((8,), (8,)), grid_of((16,), (8,))
    place = stored(tmp_path / "a.h5", {"up/wave_function": np.cos(np.pi * old.axis(0))}, old)
    np.testing.assert_allclose(read_field(place, "", new, None), np.cos(np.pi * new.axis(0)), rtol=0, atol=1e-14)


def test_the_same_grid_is_read_as_it_is(tmp_path):
    old = grid_of(POINTS[:2], LENGTHS[:2])
    noise = np.random.default_rng(1).normal(size=(*old.points, 2)).view(complex)[..., 0]
    for grid, attributes in ((old, {}), (None, {})):  # a bare file says nothing of its grid
        place = stored(tmp_path / "a.h5", {"up/wave_function": noise}, grid, **attributes)
        assert not require_fit(place, "", None, old, None)
        np.testing.assert_array_equal(read_field(place, "", old, None), noise)
    with pytest.raises(ProblemError, match=r"has shape \(40, 36\), the grid has \(40, 40\)"):
        read_field(place, "", grid_of((40, 40), LENGTHS[:2]), None)


def test_sets_of_orbitals_and_what_stands_for_a_wave_function(tmp_path):
    old, new = grid_of(POINTS[:1], LENGTHS[:1]), grid_of((64,), LENGTHS[:1])
    orbitals = np.array([packet(old, number) for number in range(3)])
    place = stored(tmp_path / "a.h5", {"up/orbitals": orbitals}, old)  # as in a checkpoint
    values = read_set(place, "", 3, range(1, 3), new, None)
    for number, orbital in zip((1, 2), values, strict=True):
        np.testing.assert_allclose(orbital, packet(new, number), rtol=0, atol=1e-7)
    with pytest.raises(ProblemError, match="has 3 orbitals, the species has 2"):
        read_set(place, "", 2, range(2), new, None)
    with pytest.raises(ProblemError, match="has 3 orbitals, the species has 1"):
        read_field(place, "", new, None)
    parts = {"up/density": np.abs(packet(old)) ** 2, "up/phase": np.angle(packet(old))}
    np.testing.assert_allclose(read_field(stored(tmp_path / "b.h5", parts, old), "", new, None), packet(new), atol=1e-7)
    with pytest.raises(ProblemError, match="no wave function: take a checkpoint of its run"):
        read_field(stored(tmp_path / "c.h5", {"up/density": parts["up/density"]}, old), "", new, None)
    with pytest.raises(ProblemError, match="has no dataset"):
        read_field(stored(tmp_path / "d.h5", {"down/density": parts["up/density"]}, old), "", new, None)


def test_lengths_are_compared_in_metres(tmp_path):
    """The old unit is a tenth of the new one."""
    old = grid_of(POINTS[:1], [10.0 * LENGTHS[0]])
    values = packet(grid_of(POINTS[:1], LENGTHS[:1]))
    place = stored(tmp_path / "a.h5", {"up/wave_function": values}, old, length_si=1e-7)
    new = grid_of((64,), LENGTHS[:1])
    np.testing.assert_allclose(read_field(place, "", new, 1e-6), packet(new), rtol=0, atol=1e-7)
    same = grid_of(POINTS[:1], LENGTHS[:1])
    np.testing.assert_array_equal(read_field(place, "", same, 1e-6), values)
    with pytest.raises(ProblemError, match="has units and the problem has not"):
        read_field(place, "", new, None)


@pytest.mark.parametrize(
    ("points", "lengths", "sentence"),
    [
        (
            (40, 20),
            (16, 5),
            r"does not fit: 0\.\d+ of its particles lie beyond the box along y, .* is 5; it takes",
        ),
        (
            (12, 36),
            (16, 15),
            r"too coarse for .*: 0\.\d+ of its .* wave numbers along x beyond .* it takes",
        ),
        ((40, 12), (16, 15), r"too coarse for .*wave numbers along y"),
    ],
)
def test_a_cloud_that_does_not_fit(tmp_path, points, lengths, sentence):
    old = grid_of(POINTS[:2], LENGTHS[:2])
    place = stored(tmp_path / "a.h5", {"up/wave_function": packet(old)}, old)
    with pytest.raises(ProblemError, match=sentence):
        require_fit(place, "species.up.initial", None, grid_of(points, lengths), None)


def test_what_a_sentence_asks_for_is_enough(tmp_path):
    old = grid_of(POINTS[:1], LENGTHS[:1])
    place = stored(tmp_path / "a.h5", {"up/wave_function": packet(old)}, old)
    with pytest.raises(ProblemError) as caught:
        require_fit(place, "", None, grid_of((12,), LENGTHS[:1]), None)
    points = int(str(caught.value).rsplit("it takes ", 1)[1].split()[0])
    assert 12 < points < 40 and require_fit(place, "", None, grid_of((points,), LENGTHS[:1]), None)
    with pytest.raises(ProblemError) as caught:
        require_fit(place, "", None, grid_of((40,), (5.0,)), None)
    length = float(str(caught.value).rsplit("it takes ", 1)[1].split()[0])
    assert 5.0 < length < 16.0 and require_fit(place, "", None, grid_of((40,), (length + 0.4,)), None)


def test_clouds_without_an_end_and_frames_that_expand(tmp_path):
    old = grid_of((16,), (8.0,))
    place = stored(tmp_path / "a.h5", {"up/wave_function": np.ones(16)}, old)
    with pytest.raises(ProblemError, match=r"reaches the faces of its box along x.*keep the length 8"):
        require_fit(place, "", None, grid_of((32,), (16.0,)), None)
    np.testing.assert_allclose(read_field(place, "", grid_of((24,), (8.0,)), None), 1.0, rtol=1e-14)  # periodic
    with pytest.raises(ProblemError, match=r"grid of 1 dimensions, the problem's has 2"):
        read_field(place, "", grid_of((16, 16), (8.0, 8.0)), None)
    with h5py.File(place.path, "a") as file:
        file["up/wave_function"].attrs["quadratic_phase"] = 0.3
    with pytest.raises(ProblemError, match="of a frame that had expanded"):
        read_field(place, "", old, None)
