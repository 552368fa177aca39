"""Loops over markers: every instruction set against the numpy twin, and both against sums written out and derivatives.

What agrees to the bit: deposits of one instruction set in any order, on any number of threads, over any division of the
markers; gathers on any number of threads and beside any markers; moves without a field, of all instruction sets and of
numpy; cells and tiles. What agrees to rounding: window and sums of different instruction sets and of numpy.
"""

import numpy as np
import pytest

from hpcmix.kernels import markers
from hpcmix.kernels.markers import MarkerGeometry
from hpcmix.kernels.twins import markers as reference
from hpcmix.model.markers.window import Window

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

WIDTHS = [4, 6, 8, 10, 12, 14]
GRIDS = {1: (17,), 2: (15, 14), 3: (14, 15, 17)}
SCALE = 2.0**40
"""A unit of the fixed point is 1e-12: a deposit of size one is rounded to 5e-13."""


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


@pytest.fixture(params=[*native.available_instruction_sets(), "numpy"])
def kernels(request, monkeypatch):
    """The loops, compiled for each of the instruction sets that this machine has and by numpy."""
    if request.param == "numpy":
        monkeypatch.setattr(markers, "_implementation", lambda: reference)
    else:
        native.select_instruction_set(request.param)
    return markers


class Case:
    """Markers anywhere in a box, a patch over the whole of it with ghosts, a field."""

    def __init__(self, dimensions, width, count=60, seed=3, points=None):
        random = np.random.default_rng(seed)
        self.points = points or GRIDS[dimensions]
        self.lengths = tuple(1.3 + axis for axis in range(dimensions))
        self.window = Window(width)
        start = tuple(-width // 2 - axis for axis in range(dimensions))
        self.geometry = MarkerGeometry(self.lengths, self.points, start, self.window.table)
        self.extents = tuple(n + width + axis for axis, n in enumerate(self.points))
        self.position = (random.random((count, dimensions)) - 0.5) * self.lengths
        self.momentum = random.normal(size=(count, dimensions))
        self.weight = random.random(count)
        self.index = np.arange(count)
        self.field = random.normal(size=self.extents)

    def density(self, kernels, order=slice(None), scale=SCALE):
        patch = np.zeros(self.extents, np.int64)
        position, weight = np.ascontiguousarray(self.position[order]), np.ascontiguousarray(self.weight[order])
        kernels.spread_fixed(position, weight, self.geometry, scale, patch)
        return patch

    def gradient(self, kernels, position=None):
        position = self.position if position is None else position
        gradient = np.full(position.shape, np.nan)
        kernels.gather(position, self.geometry, self.field, gradient)
        return gradient

    def direct(self, position, weight):
        """sum_i w_i prod_a phi((x_i - x_g) / h) at every cell of the patch, by distances on the periodic line."""
        density = np.zeros(self.extents)
        for x, w in zip(position, weight, strict=True):
            factors = []
            for axis, extent in enumerate(self.extents):
                cells = self.geometry.start[axis] + np.arange(extent)
                place = (x[axis] / self.lengths[axis] + 0.5) * self.points[axis]
                # the image of the marker whose cell is the (start + w/2)th or one of the n - 1 after it
                first = self.geometry.start[axis] + self.geometry.width // 2
                image = first + (place - first) % self.points[axis]
                factors.append(self.window(image - cells))
            product = factors[0]
            for factor in factors[1:]:
                product = np.multiply.outer(product, factor)
            density += w * product
        return density


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
class TestEveryWindow:
    def test_deposits_are_the_window(self, kernels, dimensions, width):
        case = Case(dimensions, width, count=7)
        expected = case.direct(case.position, case.weight)
        # half a unit for each of seven markers, and the rounding of places, 1e-15 times a slope of order one
        np.testing.assert_allclose(case.density(kernels) / SCALE, expected, rtol=0, atol=7 * 0.5 / SCALE + 1e-13)

    def test_against_the_twin(self, kernels, dimensions, width):
        case = Case(dimensions, width)
        # phi differs in the last bits, 1e-16 of 2^40 units: a deposit may round to the neighbouring unit, no further
        assert np.max(np.abs(case.density(kernels) - case.density(reference_twin()))) <= 2
        # a few roundings for each of the w^d terms of order one, which the derivative multiplies by n / L
        tolerance = 2e-15 * max(n / length for n, length in zip(case.points, case.lengths, strict=True))
        np.testing.assert_allclose(case.gradient(kernels), case.gradient(reference_twin()), rtol=0, atol=30 * tolerance)

    def test_gather_is_the_derivative_of_spread(self, kernels, dimensions, width):
        """d/dx_i of sum_g rho_g W_g is w_i times the gathered gradient: central differences along a random direction.
        Pieces of the window join to 3e-7 at w = 4 and better beyond, so that no marker may cross a cell's edge."""
        case = Case(dimensions, width)
        lengths = np.array(case.lengths)
        spacing = lengths / case.points
        fraction = 0.5 + 0.8 * case.position / lengths  # of a cell, 0.1 to 0.9
        case.position = (case.geometry.cells(case.position) + fraction) * spacing - 0.5 * lengths
        direction = np.random.default_rng(8).normal(size=case.position.shape) * 1e-4 * spacing
        exact = np.sum(case.weight[:, None] * case.gradient(kernels) * direction)
        start, scale = case.position.copy(), 2.0**50
        energies = []
        for sign in (1.0, -1.0):
            case.position = start + sign * direction
            energies.append(np.sum(case.density(kernels, scale=scale) / scale * case.field))
        # third derivatives times 1e-8 of a cell squared, against first ones
        assert (energies[0] - energies[1]) / 2 == pytest.approx(exact, rel=2e-6, abs=1e-11)

    def test_a_wave_is_felt(self, kernels, dimensions, width):
        """A wave on the grid, divided by S^, is felt by markers as the wave itself, to the window's error."""
        case = Case(dimensions, width)
        angles = [2.0 * np.pi / n for n in case.points]  # theta of the longest wave
        phases = [
            angle * (start + np.arange(extent))
            for angle, start, extent in zip(angles, case.geometry.start, case.extents, strict=True)
        ]
        total = phases[0]
        for phase in phases[1:]:
            total = np.add.outer(total, phase)
        transform = np.prod(case.window.transform(np.array(angles)))
        case.field = np.ascontiguousarray(np.cos(total) / transform)
        place = np.sum((case.position / case.lengths + 0.5) * (2.0 * np.pi), axis=1)
        expected = -np.sin(place)[:, None] * (2.0 * np.pi / np.array(case.lengths))
        # slopes of aliases are 2 pi / theta = n times larger than the wave's; 340 times 10^-w measured at most
        tolerance = 700.0 * 10.0**-width * 2.0 * np.pi + 1e-12
        np.testing.assert_allclose(case.gradient(kernels), expected, rtol=0, atol=tolerance)


def reference_twin():
    """The module's functions on numpy, whatever is selected."""

    class Twin:
        @staticmethod
        def spread_fixed(position, weight, geometry, scale, patch):
            reference.spread_fixed(position, weight, *markers._numbers(geometry), scale, patch)

        @staticmethod
        def gather(position, geometry, field, gradient):
            reference.gather(position, *markers._numbers(geometry), field, gradient)

    return Twin


class TestBits:
    """Of what the promise of the same evolution anywhere is made."""

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_order_and_division(self, kernels, dimensions):
        case = Case(dimensions, 8, count=500)
        whole = case.density(kernels)
        order = np.random.default_rng(5).permutation(500)
        assert np.array_equal(case.density(kernels, order), whole)
        assert np.array_equal(case.density(kernels, order[:123]) + case.density(kernels, order[123:]), whole)

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    @pytest.mark.parametrize("is_sorted", [False, True])
    def test_threads(self, dimensions, is_sorted):
        """Above the number of markers from which threads share a deposit, sorted (few planes each) or not."""
        case = Case(dimensions, 6, count=20011)
        if is_sorted:
            markers.sort_by_tiles(case.position, case.momentum, case.weight, case.index, case.geometry, case.extents)
        results = []
        for threads in (1, 2, 3):
            native.set_thread_count(threads)
            position, momentum = case.position.copy(), case.momentum.copy()
            largest = markers.gather_kick_drift(position, momentum, case.geometry, case.field, None, 1e-3, 0.1, 1.0)
            results.append((case.density(markers), case.gradient(markers), position, momentum, largest))
        for other in results[1:]:
            for mine, first in zip(other, results[0], strict=True):
                assert np.array_equal(mine, first)

    def test_deposits_add_to_what_is_there(self, kernels):
        case = Case(2, 8)
        patch = np.full(case.extents, 5, np.int64)
        kernels.spread_fixed(case.position, case.weight, case.geometry, SCALE, patch)
        assert np.array_equal(patch - 5, case.density(kernels))

    def test_a_marker_alone_feels_the_same(self, kernels):
        case = Case(3, 8)
        alone = case.gradient(kernels, np.ascontiguousarray(case.position[17:18]))
        assert np.array_equal(alone[0], case.gradient(kernels)[17])

    def test_patch_does_not_matter(self, kernels):
        """A smaller patch around some markers, elsewhere on the periodic line: the same window, place by place."""
        case = Case(2, 6, count=40)
        case.position[:] = 0.1 * (np.random.default_rng(2).random((40, 2)) - 0.5) * case.lengths
        cells = case.geometry.cells(case.position)
        start = tuple(int(low) - 3 - n for low, n in zip(cells.min(0), case.points, strict=True))  # a period below
        extents = tuple(int(extent) for extent in cells.max(0) - cells.min(0) + 1 + 6)
        small = MarkerGeometry(case.lengths, case.points, start, case.window.table)
        patch = np.zeros(extents, np.int64)
        kernels.spread_fixed(case.position, case.weight, small, SCALE, patch)
        offset = [s + n - first for s, n, first in zip(start, case.points, case.geometry.start, strict=True)]
        cut = tuple(slice(o, o + extent) for o, extent in zip(offset, extents, strict=True))
        assert np.array_equal(case.density(kernels)[cut], patch)
        assert np.sum(case.density(kernels)) == np.sum(patch)

    def test_doubles_for_measurements(self):
        """What measures the cost of whole numbers does the same sums."""
        case = Case(3, 8)
        patch = np.zeros(case.extents)
        native.spread_doubles(case.position, case.weight, *markers._numbers(case.geometry), 1.0, patch)
        np.testing.assert_allclose(patch, case.density(markers) / SCALE, rtol=0, atol=60 * 0.5 / SCALE)


class TestMoves:
    @pytest.mark.parametrize("rest_mass", [None, 0.7])
    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_without_a_field_to_the_bit(self, kernels, dimensions, rest_mass):
        case, given = Case(dimensions, 8), np.random.default_rng(4).normal(size=(60, dimensions))
        position, momentum = case.position.copy(), case.momentum.copy()
        kernels.gather_kick_drift(position, momentum, case.geometry, None, given, 0.3, 2.0, 1.7, rest_mass)
        expected_momentum = case.momentum - 0.3 * given
        assert np.array_equal(momentum, expected_momentum)
        squares = sum(expected_momentum[:, axis] ** 2 for axis in range(dimensions))
        if rest_mass is None:
            moved = (2.0 / 1.7) * expected_momentum
        else:
            moved = 2.0 * (expected_momentum / np.sqrt(rest_mass**2 + squares)[:, None])
        lengths = np.array(case.lengths)
        far = case.position + moved
        # numpy may add the squares of momenta in another order
        np.testing.assert_allclose(
            (position - far + 0.5 * lengths) % lengths,
            np.broadcast_to(0.5 * lengths, far.shape),
            rtol=0,
            atol=1e-14 * np.max(np.abs(far)),
        )
        assert np.all(position >= -0.5 * lengths)
        assert np.all(position < 0.5 * lengths)

    def test_largest_distance(self, kernels):
        case = Case(3, 8)
        largest = kernels.gather_kick_drift(case.position, case.momentum, case.geometry, None, None, 0.3, 0.2, 2.0)
        np.testing.assert_array_equal(largest, np.max(np.abs(0.1 * case.momentum), axis=0))

    def test_kick_uses_both_gradients_before_the_drift(self, kernels):
        case = Case(2, 8)
        given = np.random.default_rng(4).normal(size=(60, 2))
        gradient, momentum, position = case.gradient(kernels), case.momentum.copy(), case.position.copy()
        kernels.gather_kick_drift(case.position, case.momentum, case.geometry, case.field, given, 0.3, 0.0, 2.0)
        assert np.array_equal(case.position, position)
        np.testing.assert_allclose(case.momentum, momentum - 0.3 * (gradient + given), rtol=0, atol=1e-14)

    def test_a_kick_alone_leaves_positions(self, kernels):
        case = Case(1, 8)
        case.position[:3] = [[-0.0], [0.0], [-0.65]]
        before = case.position.tobytes()
        largest = kernels.gather_kick_drift(
            case.position, case.momentum, case.geometry, case.field, None, 1.0, 0.0, 1.0
        )
        assert case.position.tobytes() == before
        assert np.array_equal(largest, [0.0])

    def test_edges_of_the_box(self, kernels):
        """The right edge is the left one, whatever rounding does; far away is wrapped too."""
        geometry = MarkerGeometry((3.0,), (16,), (-4,), Window(8).table)
        step = np.spacing(1.5)
        position = np.array([[-1.5], [1.5 - step], [1.5 - step], [-1.5], [0.0], [0.0], [-1.5 + step]])
        momentum = np.array([[0.0], [0.0], [step], [-1e-20], [4.5], [-1.5e6], [-2.0 * step]])
        kernels.gather_kick_drift(position, momentum, geometry, None, None, 0.0, 1.0, 1.0)
        assert np.all(position >= -1.5)
        assert np.all(position < 1.5)
        np.testing.assert_array_equal(position[:3, 0], [-1.5, 1.5 - step, -1.5])
        np.testing.assert_allclose(position[4:6, 0], [-1.5, 0.0], atol=1e-9)
        cells = geometry.cells(position)
        assert np.all((cells >= 0) & (cells < 16))

    def test_no_markers(self, kernels):
        case = Case(3, 8, count=0)
        assert not np.any(case.density(kernels))
        largest = kernels.gather_kick_drift(
            case.position, case.momentum, case.geometry, case.field, None, 1.0, 1.0, 1.0
        )
        assert np.array_equal(largest, np.zeros(3))
        kernels.sort_by_tiles(case.position, case.momentum, case.weight, case.index, case.geometry, case.extents)

    def test_numbers_that_are_none(self, kernels):
        """They reach nothing beyond the patch, and stay to be seen."""
        case = Case(2, 8)
        case.position[3] = np.nan
        case.position[4] = [1e300, -1e300]
        case.density(kernels)
        case.momentum[5] = np.nan
        largest = kernels.gather_kick_drift(
            case.position, case.momentum, case.geometry, case.field, None, 1e-3, 1e-3, 1.0
        )
        assert np.all(np.isnan(largest))
        assert np.isnan(case.momentum[5]).all()


class TestSorting:
    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_tiles_follow_one_another(self, kernels, dimensions):
        case = Case(dimensions, 8, count=3000, points=(40, 21, 18)[:dimensions])
        before = {array: getattr(case, array).copy() for array in ("position", "momentum", "weight")}
        kernels.sort_by_tiles(case.position, case.momentum, case.weight, case.index, case.geometry, case.extents)
        assert np.array_equal(np.sort(case.index), np.arange(3000))
        for array, values in before.items():
            assert np.array_equal(getattr(case, array), values[case.index])
        place = (case.geometry.cells(case.position) - case.geometry.start - 4) % case.points // markers.TILE
        number = np.zeros(3000, np.int64)
        for axis in range(dimensions):
            number = number * 100 + place[:, axis]
        assert np.all(np.diff(number) >= 0)
        assert len(np.unique(number)) == np.prod([-(-n // 8) for n in case.points])

    def test_markers_beyond_the_patch_are_kept(self, kernels):
        case = Case(2, 8, count=300, points=(40, 21))
        kernels.sort_by_tiles(case.position, case.momentum, case.weight, case.index, case.geometry, (9, 3))
        assert np.array_equal(np.sort(case.index), np.arange(300))


class TestWrongArguments:
    def test_beyond_the_patch(self, kernels):
        case = Case(2, 8)
        field = np.zeros((case.extents[0] - 4, case.extents[1]))
        with pytest.raises(ValueError, match="beyond the patch"):
            kernels.gather(case.position, case.geometry, field, case.momentum)
        with pytest.raises(ValueError, match="beyond the patch"):
            kernels.spread_fixed(case.position, case.weight, case.geometry, SCALE, np.zeros(field.shape, np.int64))
        with pytest.raises(ValueError, match="beyond the patch"):
            kernels.gather_kick_drift(case.position, case.momentum, case.geometry, field, None, 1.0, 1.0, 1.0)

    @pytest.mark.parametrize("amount", [2.1**52, np.nan])
    def test_beyond_the_fixed_point(self, kernels, amount):
        case = Case(1, 8)
        case.weight[4] = amount
        with pytest.raises(ValueError, match="2\\^51"):
            case.density(kernels, scale=1.0)

    def test_largest_deposits_are_exact(self, kernels):
        """2^51 is still rounded as by numpy."""
        case = Case(1, 8, count=1)
        case.weight[:] = 1.0
        difference = case.density(kernels, scale=2.0**51) - case.density(reference_twin(), scale=2.0**51)
        assert np.max(np.abs(difference)) <= 4  # the last bits of phi

    @pytest.mark.parametrize(
        ("name", "change", "error"),
        [
            ("position", lambda x: x.astype(np.float32), TypeError),
            ("position", lambda x: x[:, :1], ValueError),
            ("position", lambda x: x.ravel(), ValueError),
            ("weight", lambda x: x[:-1], ValueError),
            ("weight", lambda x: x[::2], ValueError),
            ("field", lambda x: x.astype(np.float32), TypeError),
            ("field", lambda x: x[0], ValueError),
            ("momentum", lambda x: x[:-1], ValueError),
        ],
    )
    def test_arrays(self, name, change, error):
        case = Case(2, 8)
        setattr(case, name, change(getattr(case, name)))
        with pytest.raises(error):
            markers.spread_fixed(case.position, case.weight, case.geometry, 1.0, np.zeros(case.extents, np.int64))
            markers.gather_kick_drift(case.position, case.momentum, case.geometry, case.field, None, 1.0, 1.0, 1.0)

    def test_geometry(self):
        table = Window(8).table
        with pytest.raises(ValueError, match="too few"):
            MarkerGeometry((1.0,), (7,), (0,), table)
        with pytest.raises(ValueError, match="entry for each"):
            MarkerGeometry((1.0, 2.0), (9,), (0,), table)
        with pytest.raises(ValueError, match="cells wide"):
            MarkerGeometry((1.0,), (9,), (0,), np.ascontiguousarray(table[:7]))
        with pytest.raises(TypeError, match="float64"):
            MarkerGeometry((1.0,), (9,), (0,), table.astype(np.float32))
        case = Case(1, 8)
        with pytest.raises(ValueError, match="masses"):
            markers.gather_kick_drift(case.position, case.momentum, case.geometry, None, None, 1.0, 1.0, 0.0)
