"""The compiled transforms against numpy's and against their promises: any length, bits, threads, wrong arguments."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from hpcmix.kernels import arguments, transforms
from hpcmix.kernels.twins import transforms as reference_transforms

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

PRECISIONS = [np.complex64, np.complex128]
# Products of small primes, primes with a pass of their own, lengths for Bluestein (a prime above 31 in them).
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 16, 17, 25, 30, 31, 37, 48, 49, 64, 74, 97, 100, 128, 210, 257]
SHAPES = [(1, 1, 1), (3, 4, 5), (2, 17, 33), (1, 8, 40), (9, 3, 1), (5, 37, 12), (2, 0, 3)]


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


@pytest.fixture(params=native.available_instruction_sets())
def instruction_set(request):
    """Each of the instruction sets that this machine has."""
    native.select_instruction_set(request.param)
    return request.param


@pytest.fixture
def random():
    return np.random.default_rng(11)


def make_field(random, shape, dtype):
    return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(dtype)


def make_real(random, shape, dtype):
    return random.uniform(-1, 1, shape).astype(np.finfo(dtype).dtype)


def assert_close(actual, expected, roundings=6.0):
    """Equal in the Euclidean norm up to some roundings in the array's precision; `expected` may be more precise."""
    error = np.linalg.norm((actual - expected).ravel())
    assert error <= roundings * np.finfo(actual.dtype).eps * np.linalg.norm(expected.ravel())


def half_spectrum(real_field, axes, points):
    """Of a real field, as a kick takes it: its inverse transform without a factor is the field."""
    dtype = np.complex64 if real_field.dtype == np.float32 else np.complex128
    if real_field.size == 0:
        return np.zeros((*real_field.shape[:-1], real_field.shape[-1] // 2 + 1), dtype)
    return np.ascontiguousarray((np.fft.rfftn(double(real_field), axes=axes) / points).astype(dtype))


def double(array):
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
class TestAgainstNumpy:
    @pytest.mark.parametrize("length", LENGTHS)
    def test_lines_of_any_length(self, random, dtype, length):
        for shape, axis in (((length,), 0), ((5, length), 1), ((length, 21), 0), ((3, length, 4), 1)):
            field = make_field(random, shape, dtype)
            for forward in (True, False):
                transformed = field.copy()
                transforms.transform_lines(transformed, axis, forward, 0.5)
                numpys = np.fft.fft if forward else np.fft.ifft
                norm = "backward" if forward else "forward"
                assert_close(transformed, 0.5 * numpys(double(field), axis=axis, norm=norm))

    @pytest.mark.parametrize("shape", SHAPES)
    def test_planes(self, random, dtype, shape):
        field = make_field(random, shape, dtype)
        transformed = field.copy()
        transforms.transform_planes(transformed, True)
        if field.size:
            assert_close(transformed, np.fft.fftn(double(field), axes=(1, 2)))
        transforms.transform_planes(transformed, False, 1.0 / max(1, shape[1] * shape[2]))
        assert_close(transformed, field)

    def test_planes_of_fewer_dimensions(self, random, dtype):
        field = make_field(random, (9, 12), dtype)
        transformed = field.copy()
        transforms.transform_planes(transformed, True)
        assert_close(transformed, np.fft.fft(double(field), axis=1))
        line = field[0].copy()
        transforms.transform_planes(line, True, 0.5)
        assert_close(line, 0.5 * field[0])

    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (37, 3)])
    def test_multiply_lines(self, random, dtype, shape):
        field = make_field(random, shape, dtype)
        tables = [make_field(random, (extent,), np.complex128) for extent in shape]
        product = np.ones((), np.complex128)
        for table in np.ix_(*tables):
            product = product * table
        result = field.copy()
        transforms.multiply_lines(result, tables, 0.5)
        if field.size:
            assert_close(result, 0.5 * np.fft.ifft(product * np.fft.fft(double(field), axis=0), axis=0) * shape[0])

    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (37, 3)])
    def test_turn_lines(self, random, dtype, shape):
        field, symbol = make_field(random, shape, dtype), make_real(random, shape, dtype)
        result = field.copy()
        transforms.turn_lines(result, symbol, 0.7, 0.5)
        if field.size:
            turned = np.exp(-0.7j * double(symbol)) * np.fft.fft(double(field), axis=0)
            assert_close(result, 0.5 * np.fft.ifft(turned, axis=0) * shape[0])

    @pytest.mark.parametrize("components", [1, 2, 3, 5])
    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (37, 3)])
    def test_mix_lines(self, random, dtype, shape, components):
        fields = [make_field(random, shape, dtype) for _ in range(components)]
        multipliers = [[make_real(random, shape, dtype) for _ in fields] for _ in fields]
        if components > 1:
            multipliers[0][1] = None
        results = [field.copy() for field in fields]
        transforms.mix_lines(results, multipliers, 0.5)
        if fields[0].size == 0:
            return
        spectra = [np.fft.fft(double(field), axis=0) for field in fields]
        for result, row in zip(results, multipliers, strict=True):
            total = sum(double(m) * s for m, s in zip(row, spectra, strict=True) if m is not None)
            assert_close(result, 0.5 * np.fft.ifft(total, axis=0) * shape[0], roundings=10)

    @pytest.mark.parametrize(("inverse", "forward"), [(False, False), (False, True), (True, False), (True, True)])
    @pytest.mark.parametrize("axes", [0, 1, 2])
    @pytest.mark.parametrize("shape", [*SHAPES, (9, 20), (40, 37)])
    def test_multiply_points(self, random, dtype, shape, axes, inverse, forward):
        field, factors = make_field(random, shape, dtype), make_field(random, shape, dtype)
        result = field.copy()
        transforms.multiply_points(result, factors, axes=axes, inverse_before=inverse, forward_after=forward)
        if field.size:
            last = tuple(range(field.ndim - axes, field.ndim))
            position = np.fft.ifftn(double(field), axes=last, norm="forward") if inverse and axes else double(field)
            expected = position * double(factors)
            assert_close(result, np.fft.fftn(expected, axes=last) if forward and axes else expected, roundings=10)

    @pytest.mark.parametrize("axes", [0, 1, 2])
    @pytest.mark.parametrize("shape", [*SHAPES, (9, 20), (40, 37)])
    def test_take_density(self, random, dtype, shape, axes):
        field = make_field(random, shape, dtype) / np.sqrt(max(1, np.prod(shape[len(shape) - axes :])))
        field = field.astype(dtype)
        density = make_real(random, shape, dtype)
        result, sums = field.copy(), density.copy()
        transforms.take_density(result, 0.3, sums, add=True, axes=axes)
        again, alone = field.copy(), density.copy()
        transforms.take_density(again, 0.3, alone, axes=axes)
        if field.size:
            last = tuple(range(field.ndim - axes, field.ndim))
            position = np.fft.ifftn(double(field), axes=last, norm="forward") if axes else double(field)
            assert_close(result, position)
            assert_close(sums, double(density) + 0.3 * np.abs(position) ** 2)
            assert_close(alone, 0.3 * np.abs(position) ** 2)

    def test_multiply_some_rows_of_all_planes(self, random, dtype):
        field = make_field(random, (10, 7, 5), dtype)
        tables = [make_field(random, (extent,), np.complex128) for extent in (10, 3, 5)]
        expected = field[:, 2:5].copy()
        transforms.multiply_lines(expected, tables)
        before = field.copy()
        transforms.multiply_lines(field[:, 2:5], tables)
        np.testing.assert_array_equal(field[:, 2:5], expected)
        np.testing.assert_array_equal(field[:, [0, 1, 5, 6]], before[:, [0, 1, 5, 6]])

    @pytest.mark.parametrize(("inverse", "forward"), [(False, False), (False, True), (True, False), (True, True)])
    @pytest.mark.parametrize("components", [1, 2, 3, 5])
    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (40, 37)])
    @pytest.mark.parametrize("count", [1, 2])
    def test_kick(self, random, dtype, shape, components, inverse, forward, count):
        if count > len(shape):
            return
        axes = tuple(range(len(shape) - count, len(shape)))
        # densities of order one at the kick
        scale = 1.0 / np.sqrt(max(1, np.prod([shape[axis] for axis in axes]))) if inverse else 1.0
        fields = [(make_field(random, shape, dtype) * scale).astype(dtype) for _ in range(components)]
        potentials = [[make_real(random, shape, dtype) for _ in range(a % 3)] for a in range(1, components + 1)]
        couplings = random.uniform(-1, 1, (components, components))
        results = [field.copy() for field in fields]
        transforms.kick(results, potentials, couplings, 0.7, axes=count, inverse_before=inverse, forward_after=forward)
        if fields[0].size == 0:
            return
        positions = [np.fft.ifftn(double(f), axes=axes, norm="forward") if inverse else double(f) for f in fields]
        densities = [np.abs(position) ** 2 for position in positions]
        for a, result in enumerate(results):
            phase = sum(double(potential) for potential in potentials[a])
            phase = phase + sum(g * density for g, density in zip(couplings[a], densities, strict=True))
            expected = positions[a] * np.exp(-0.7j * phase)
            assert_close(result, np.fft.fftn(expected, axes=axes) if forward else expected, roundings=20)

    @pytest.mark.parametrize("power", [1, 2, 3, 4, 5, 8])
    @pytest.mark.parametrize(("couplings", "pieces"), [(0.0, 8), (1.0, 8), (1.0, 1)])
    def test_a_kick_by_functions_of_the_densities(self, random, dtype, power, couplings, pieces):
        """A power and a table of two densities, of one piece or of several, beside potentials, couplings or none, and a
        field that comes half way; one component is empty at some points, and both at one."""
        shape, components = (4, 37), 3
        fields = [make_field(random, shape, dtype) for _ in range(components)]
        fields[0][0, :5] = fields[1][0, 3:9] = 0.0
        matrix = couplings * random.uniform(-1, 1, (components, components))
        taken = random.uniform(0.1, 1.0, (1, components))
        places = np.linspace(0.0, 1.0, pieces + 1)[:-1, np.newaxis]
        # V_a(s) = 1 + a s + s^5, in powers of t = s pieces - j - 1/2
        table = np.array(
            [
                [np.polynomial.Polynomial([1, a, 0, 0, 0, 1])(
                    np.polynomial.Polynomial([place + 0.5 / pieces, 1 / pieces])
                ).coef for place in places[:, 0]]
                for a in (1, 2)
            ]
        )  # fmt: skip
        measures = np.array([[0.4, 0.0, 0.0], [0.0, 0.7, 0.0]])
        weights = [random.uniform(-1, 1, (components, values)) for values in (1, 2)]
        functions = [
            arguments.PointFunction(taken, power, weights[0]),
            arguments.PointFunction(measures, power, weights[1], table),
        ]
        seen, potential = make_real(random, shape, dtype), make_real(random, shape, dtype)
        for spectra in (0, 1):
            results = [field.copy() for field in fields]
            half = [half_spectrum(seen, (1,), shape[1])] * spectra
            share = np.full((components, spectra), 0.3)
            transforms.kick(
                results, [[potential], [], []], matrix, 0.7, axes=1, spectra=half, weights=share, functions=functions
            )
            densities = np.array([np.abs(double(field)) ** 2 for field in fields])
            a, b = np.sqrt(0.4 * densities[0]), np.sqrt(0.7 * densities[1])
            s = np.divide(b, a + b, out=np.zeros_like(a), where=a + b > 0.0)
            values = [np.tensordot(taken[0], densities, 1) ** (power / 2)]
            values += [(a + b) ** power * (1 + slope * s + s**5) for slope in (1, 2)]
            for c, (result, field) in enumerate(zip(results, fields, strict=True)):
                phase = np.tensordot(matrix[c], densities, 1) + spectra * 0.3 * double(seen)
                phase = phase + sum(w * value for w, value in zip(np.hstack(weights)[c], values, strict=True))
                phase = phase + (double(potential) if c == 0 else 0.0)
                # phases of up to 5^4 turn by that many roundings
                assert_close(result, double(field) * np.exp(-0.7j * phase), roundings=2000)

    @pytest.mark.parametrize(("inverse", "forward"), [(False, True), (True, False)])
    @pytest.mark.parametrize("components", [1, 2, 3])
    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (40, 37)])
    @pytest.mark.parametrize("count", [1, 2])
    def test_a_kick_by_fields_that_come_half_way(self, random, dtype, shape, components, inverse, forward, count):
        """Two real fields, brought back in the kick's sweep; without couplings too, where no density is looked at."""
        if count > len(shape):
            return
        axes = tuple(range(len(shape) - count, len(shape)))
        points = max(1, np.prod([shape[axis] for axis in axes]))
        fields = [(make_field(random, shape, dtype) / np.sqrt(points)).astype(dtype) for _ in range(components)]
        seen = [make_real(random, shape, dtype) for _ in range(2)]
        weights, potential = random.uniform(-1, 1, (components, 2)), make_real(random, shape, dtype)
        for couplings in (random.uniform(-1, 1, (components, components)), np.zeros((components, components))):
            results, spectra = [field.copy() for field in fields], [half_spectrum(w, axes, points) for w in seen]
            transforms.kick(
                results,
                [[potential], *([] for _ in fields[1:])],
                couplings,
                0.7,
                axes=count,
                inverse_before=inverse,
                forward_after=forward,
                spectra=spectra,
                weights=weights,
            )
            if fields[0].size == 0:
                return
            positions = [np.fft.ifftn(double(f), axes=axes, norm="forward") if inverse else double(f) for f in fields]
            for a, result in enumerate(results):
                phase = sum(g * np.abs(position) ** 2 for g, position in zip(couplings[a], positions, strict=True))
                phase = phase + sum(weight * double(w) for weight, w in zip(weights[a], seen, strict=True))
                expected = positions[a] * np.exp(-0.7j * (phase + (double(potential) if a == 0 else 0.0)))
                assert_close(result, np.fft.fftn(expected, axes=axes) if forward else expected, roundings=20)

    @pytest.mark.parametrize("inverse", [False, True])
    @pytest.mark.parametrize("components", [1, 2, 3])
    @pytest.mark.parametrize("shape", [*SHAPES, (12,), (9, 20), (40, 37)])
    @pytest.mark.parametrize("count", [1, 2])
    def test_spectra_of_densities(self, random, dtype, shape, components, inverse, count):
        if count > len(shape):
            return
        axes = tuple(range(len(shape) - count, len(shape)))
        fields = [make_field(random, shape, dtype) for _ in range(components)]
        results, weights = [field.copy() for field in fields], random.uniform(-1, 1, (2, components))
        spectra = [np.empty((*shape[:-1], shape[-1] // 2 + 1), dtype) for _ in range(2)]
        transforms.transform_densities(results, weights, spectra, axes=count, inverse_before=inverse)
        if fields[0].size == 0:
            return
        positions = [np.fft.ifftn(double(f), axes=axes, norm="forward") if inverse else double(f) for f in fields]
        for result, position in zip(results, positions, strict=True):
            assert_close(result, position)
        for spectrum, row in zip(spectra, weights, strict=True):
            density = sum(weight * np.abs(position) ** 2 for weight, position in zip(row, positions, strict=True))
            terms = sum(
                abs(weight) * np.abs(position) ** 2 for weight, position in zip(row, positions, strict=True)
            )  # they may cancel, their roundings do not
            error = np.linalg.norm((spectrum - np.fft.rfftn(density, axes=axes)).ravel())
            assert error <= 10 * np.finfo(dtype).eps * np.linalg.norm(np.fft.rfftn(terms, axes=axes).ravel())

    @pytest.mark.parametrize("length", LENGTHS)
    def test_real_rows_and_back(self, random, dtype, length):
        for shape in ((length,), (3, length), (2, 18, length)):
            field = make_real(random, shape, dtype)
            spectrum = np.empty((*shape[:-1], length // 2 + 1), dtype)
            transforms.transform_real(field, spectrum, 0.5)
            assert_close(spectrum, 0.5 * np.fft.rfft(double(field)))
            back = np.empty_like(field)
            transforms.transform_real_inverse(spectrum, back, 2.0 / length)
            assert_close(back, field)

    @pytest.mark.parametrize("shape", [(3, 12, 10), (2, 7, 9), (1, 37, 16)])
    def test_real_planes(self, random, dtype, shape):
        field = make_real(random, shape, dtype)
        spectrum = np.empty((*shape[:-1], shape[-1] // 2 + 1), dtype)
        transforms.transform_real(field, spectrum, planes=True)
        assert_close(spectrum, np.fft.rfftn(double(field), axes=(1, 2)))
        back = np.empty_like(field)
        transforms.transform_real_inverse(spectrum, back, 1.0 / (shape[1] * shape[2]), planes=True)
        assert_close(back, field)

    def test_imaginary_parts_that_a_real_row_lacks_are_ignored(self, random, dtype):
        for length in (8, 9, 10):
            spectrum = make_field(random, (4, length // 2 + 1), dtype)
            field = np.empty((4, length), np.finfo(dtype).dtype)
            transforms.transform_real_inverse(spectrum, field)
            assert_close(field, np.fft.irfft(double(spectrum), n=length, norm="forward"))


def exact_transform(line):
    """The definition in extended precision."""
    n = line.size
    k = np.arange(n)
    angle = 2 * np.pi * np.arange(n).astype(np.longdouble) / n
    angle *= np.longdouble("3.14159265358979323846264338327950288") / np.longdouble(np.pi)
    roots = np.cos(angle) - 1j * np.sin(angle)
    return roots[np.outer(k, k) % n] @ line.astype(np.clongdouble)


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="needs an extended precision to compare with")
@pytest.mark.parametrize("length", [64, 97, 100, 128, 210, 243, 256, 343, 512, 961, 1009])
def test_error_is_that_of_ducc(random, length):
    ducc = pytest.importorskip("ducc0").fft
    lines = make_field(random, (8, length), np.complex128)
    ours, theirs = lines.copy(), ducc.c2c(lines, axes=(1,))
    transforms.transform_lines(ours, 1, True)
    exact = np.array([exact_transform(line) for line in lines])
    size = np.sqrt(np.sum(np.abs(exact) ** 2))
    our_error = float(np.sqrt(np.sum(np.abs(ours - exact) ** 2)) / size)
    their_error = float(np.sqrt(np.sum(np.abs(theirs - exact) ** 2)) / size)
    assert our_error <= max(1.3 * their_error, 2e-16)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
class TestBits:
    @pytest.mark.parametrize("length", [12, 32, 37, 38, 100])
    def test_a_line_does_not_depend_on_its_neighbours(self, random, dtype, length):
        field = make_field(random, (length, 45), dtype)
        together = field.copy()
        transforms.transform_lines(together, 0, True)
        for first, last in ((0, 1), (3, 20), (17, 45)):
            part = np.ascontiguousarray(field[:, first:last])
            transforms.transform_lines(part, 0, True)
            np.testing.assert_array_equal(part, together[:, first:last])
            rows = np.ascontiguousarray(field[:, first:last].T)
            transforms.transform_lines(rows, 1, True)
            np.testing.assert_array_equal(rows.T, together[:, first:last])

    def test_a_real_row_does_not_depend_on_its_neighbours(self, random, dtype):
        for length in (15, 16):
            rows = make_real(random, (21, length), dtype)
            together = np.empty((21, length // 2 + 1), dtype)
            transforms.transform_real(rows, together)
            alone = np.empty((1, length // 2 + 1), dtype)
            transforms.transform_real(rows[5:6], alone)
            np.testing.assert_array_equal(alone[0], together[5])

    @pytest.mark.parametrize("axes", [1, 2])
    def test_a_kick_does_not_depend_on_what_is_done_in_its_sweep(self, random, dtype, axes):
        """Transforms before and after a kick, in one sweep with it or each by itself: a run may be looked at."""
        shape = (6, 11, 26)
        start = [make_field(random, shape, dtype) / 10 for _ in range(2)]
        potentials = [[make_real(random, shape, dtype)], []]
        couplings = np.array([[0.5, 0.4], [0.4, 0.6]])
        at_once, apart = ([field.copy() for field in start] for _ in range(2))
        transforms.kick(at_once, potentials, couplings, 0.1, axes=axes, inverse_before=True, forward_after=True)
        for field in apart:
            transforms.transform_planes(field, False, axes=axes)
        transforms.kick(apart, potentials, couplings, 0.1)
        for field in apart:
            transforms.transform_planes(field, True, axes=axes)
        for left, right in zip(at_once, apart, strict=True):
            np.testing.assert_array_equal(left, right)
        density, expected = (np.zeros(shape, np.finfo(dtype).dtype) for _ in range(2))
        transforms.take_density(at_once[0], 0.7, density, axes=axes)
        transforms.transform_planes(apart[0], False, axes=axes)
        transforms.take_density(apart[0], 0.7, expected)
        np.testing.assert_array_equal(at_once[0], apart[0])
        np.testing.assert_array_equal(density, expected)

    @pytest.mark.parametrize("axes", [1, 2])
    def test_a_convolution_does_not_depend_on_what_is_done_in_its_sweeps(self, random, dtype, axes):
        """Densities of fields that are brought back before or in the sweep, by planes or ranks' parts, and on threads;
        and the same for the kick that takes in the half-way fields."""
        shape, weights = (7, 11, 26), np.array([[0.3, -0.4], [0.5, 0.2]])
        start = [make_field(random, shape, dtype) / 10 for _ in range(2)]
        expected = None
        for threads, apart, parts in ((1, False, 1), (1, True, 1), (3, False, 1), (1, True, 3)):
            native.set_thread_count(threads)
            fields, spectra = [field.copy() for field in start], [np.empty((7, 11, 14), dtype) for _ in range(2)]
            for part in np.array_split(np.arange(7), parts):
                where = slice(part[0], part[-1] + 1)
                pieces, targets = [field[where] for field in fields], [spectrum[where] for spectrum in spectra]
                for piece in pieces if apart else ():
                    transforms.transform_planes(piece, False, axes=axes)
                transforms.transform_densities(pieces, weights, targets, axes=axes, inverse_before=not apart)
                halves = [target.copy() for target in targets]
                transforms.kick(
                    pieces,
                    [[], []],
                    np.eye(2),
                    0.01,
                    axes=axes,
                    forward_after=not apart,
                    spectra=halves,
                    weights=weights,
                )
                for piece in pieces if apart else ():
                    transforms.transform_planes(piece, True, axes=axes)
            expected = expected or [*fields, *spectra]
            for result, other in zip([*fields, *spectra], expected, strict=True):
                np.testing.assert_array_equal(result, other)

    def test_a_step_does_not_depend_on_how_it_is_shared_out(self, random, dtype):
        """Slabs of a two-component step: by ranks (planes, then rows of the exchanged layout) and by threads."""
        shape = (10, 11, 26)
        start = [make_field(random, shape, dtype) / 10 for _ in range(2)]
        potential = make_real(random, shape, dtype)
        couplings = np.array([[0.5, 0.4], [0.4, 0.6]])
        tables = [make_field(random, (extent,), np.complex128) for extent in shape]

        def step(plane_parts, row_parts):
            fields = [field.copy() for field in start]
            for part in plane_parts:
                transforms.kick(
                    [field[part] for field in fields],
                    [[potential[part]], []],
                    couplings,
                    0.1,
                    axes=2,
                    inverse_before=True,
                    forward_after=True,
                )
            for field, part in itertools.product(fields, row_parts):
                transforms.multiply_lines(field[:, part], [tables[0], tables[1][part], tables[2]])
            return fields

        whole = step([slice(0, 10)], [slice(0, 11)])
        native.set_thread_count(3)
        for parts in (
            ([slice(0, 10)], [slice(0, 11)]),
            ([slice(0, 3), slice(3, 10)], [slice(0, 1), slice(1, 6), slice(6, 11)]),
        ):
            for result, expected in zip(step(*parts), whole, strict=True):
                np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_numpy_twins(random, dtype, monkeypatch):
    """What runs without the compiled kernels gives the same, through the same checks."""
    shape = (6, 7, 8)
    field, values = make_field(random, shape, dtype), make_real(random, shape, dtype)
    tables = [make_field(random, (extent,), np.complex128) for extent in shape]

    def everything():
        results = [field.copy() for _ in range(10)]
        transforms.transform_lines(results[0], 1, True, 0.5)
        transforms.transform_planes(results[1], False, 0.5)
        transforms.multiply_lines(results[2], tables, 0.5)
        transforms.turn_lines(results[3], values, 0.3)
        transforms.kick(
            results[4:6], [[values, values], []], np.ones((2, 2)), 0.01, axes=2, inverse_before=True, forward_after=True
        )
        transforms.mix_lines(results[6:8], [[values, None], [values, values]], 0.5)
        density = np.zeros_like(values)
        transforms.take_density(results[8], 0.5, density, axes=2)
        transforms.multiply_points(results[9], field, axes=2, inverse_before=True, forward_after=True)
        spectrum, back = np.empty((6, 7, 5), dtype), np.empty_like(values)
        transforms.transform_real(values, spectrum, 0.5, planes=True)
        results.append(spectrum.copy())
        transforms.transform_real_inverse(spectrum, back, 0.5, planes=True)
        halves = [np.empty((6, 7, 5), dtype) for _ in range(2)]
        fields = [field.copy(), 0.5 * field]
        weights = np.array([[0.3, -0.4], [0.5, 0.2]])
        transforms.transform_densities(fields, weights, halves, axes=2, inverse_before=True)
        results += [half.copy() for half in halves]
        transforms.kick(
            fields, [[values], []], np.eye(2), 1e-5, axes=2, forward_after=True, spectra=halves, weights=weights
        )
        return [*results, *fields, density, back]

    compiled = everything()
    monkeypatch.setattr(transforms, "_implementation", lambda: reference_transforms)
    for ours, twin in zip(compiled, everything(), strict=True):
        assert ours.dtype == twin.dtype
        assert_close(ours, double(twin), roundings=30)


@pytest.mark.parametrize("implementation", [native, reference_transforms], ids=["native", "numpy"])
def test_kick_uses_densities_of_before_the_kick_and_rows_of_the_matrix(monkeypatch, implementation):
    """Against numbers written down by hand, so that twins cannot be wrong together."""
    monkeypatch.setattr(transforms, "_implementation", lambda: implementation)
    fields = [np.array([2 + 0j]), np.array([3j])]
    potentials = [[np.array([0.25]), np.array([0.25])], []]
    transforms.kick(fields, potentials, np.array([[1.0, 10.0], [100.0, 1000.0]]), 0.01)
    assert fields[0][0] == pytest.approx(2 * np.exp(-0.01j * (0.5 + 4 + 90)), abs=1e-14)
    assert fields[1][0] == pytest.approx(3j * np.exp(-0.01j * (400 + 9000)), abs=1e-13)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("axes", [0, 1])
def test_components_may_see_the_same_array(random, dtype, axes):
    """Read once for neighbours that share it, not where another component stands between them."""
    shape = (5, 9, 26)
    one, other = (make_real(random, shape, dtype) for _ in range(2))
    start = [make_field(random, shape, dtype) / 10 for _ in range(6)]
    shared = [[one], [one], [], [one], [one, other], [one, other]]
    results, expected = ([field.copy() for field in start] for _ in range(2))
    transforms.kick(results, shared, np.zeros((6, 6)), 0.7, axes=axes, inverse_before=axes > 0)
    copies = [[array.copy() for array in added] for added in shared]
    transforms.kick(expected, copies, np.zeros((6, 6)), 0.7, axes=axes, inverse_before=axes > 0)
    for left, right in zip(results, expected, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_a_kick_without_transforms_on_any_number_of_points(random, dtype, count):
    fields = [make_field(random, (count,), dtype) for _ in range(2)]
    potential = make_real(random, (count,), dtype)
    couplings = random.uniform(-1, 1, (2, 2))
    results = [field.copy() for field in fields]
    transforms.kick(results, [[potential], []], couplings, 0.7)
    densities = [np.abs(double(field)) ** 2 for field in fields]
    for a, result in enumerate(results):
        phase = couplings[a, 0] * densities[0] + couplings[a, 1] * densities[1] + (double(potential) if a == 0 else 0.0)
        assert_close(result, double(fields[a]) * np.exp(-0.7j * phase))


def test_runs_without_the_compiled_kernels():
    program = (
        "import numpy as np; from hpcmix.kernels import transforms;"
        "a = np.ones((2, 3, 4), complex); transforms.transform_planes(a, True); assert abs(a[0, 0, 0] - 12) < 1e-12"
    )
    environment = {**os.environ, "HPCMIX_KERNELS": "numpy"}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)


def test_empty_starts_at_a_cache_line():
    for shape, dtype in (((3, 5, 7), np.complex128), ((4,), np.float32), ((0, 3), np.complex64)):
        array = transforms.empty(shape, dtype)
        assert array.shape == shape
        assert array.dtype == dtype
        assert array.flags.c_contiguous and array.flags.writeable
        assert array.size == 0 or array.ctypes.data % transforms.CACHE_LINE == 0


class TestWrongArguments:
    field = np.zeros((4, 5, 6), np.complex128)

    @pytest.mark.parametrize(
        ("bad", "error"),
        [
            ([1j], TypeError),
            (np.zeros((4, 5, 6)), TypeError),
            (np.zeros((4, 5, 6), np.clongdouble), TypeError),
            (np.zeros((4, 5, 6), np.complex128).T, ValueError),
            (np.zeros((2, 2, 2, 2), np.complex128), ValueError),
            (np.zeros((), np.complex128), ValueError),
        ],
    )
    def test_fields(self, bad, error):
        with pytest.raises(error):
            transforms.transform_planes(bad, True)
        with pytest.raises(error):
            transforms.transform_lines(bad, 0, True)
        with pytest.raises(error):
            transforms.multiply_lines(bad, [np.ones(2)])
        with pytest.raises(error):
            transforms.kick([bad], [[]], [[1.0]], 1.0, axes=1, inverse_before=True, forward_after=True)

    def test_read_only(self):
        field = self.field.copy()
        field.flags.writeable = False
        with pytest.raises(ValueError, match="read-only"):
            transforms.transform_planes(field, True)
        with pytest.raises(ValueError, match="read-only"):
            transforms.multiply_lines(field[:, 1:3], [np.ones(4), np.ones(2), np.ones(6)])

    def test_axis(self):
        for axis in (3, -4):
            with pytest.raises(ValueError, match="axis"):
                transforms.transform_lines(self.field, axis, True)

    def test_factors(self):
        good = [np.ones(4), np.ones(5), np.ones(6)]
        with pytest.raises(ValueError, match="factors"):
            transforms.multiply_lines(self.field, good[:2])
        with pytest.raises(ValueError, match=r"factors\[1\]"):
            transforms.multiply_lines(self.field, [good[0], np.ones(4), good[2]])
        with pytest.raises(ValueError, match="symbol must have shape"):
            transforms.turn_lines(self.field, np.ones((4, 5, 5)), 1.0)
        with pytest.raises(TypeError, match="symbol must be float64"):
            transforms.turn_lines(self.field, np.ones((4, 5, 6), np.float32), 1.0)

    def test_mixing(self):
        fields, real = [self.field, self.field.copy()], np.ones((4, 5, 6))
        with pytest.raises(ValueError, match="square matrix"):
            transforms.mix_lines(fields, [[real, real]])
        with pytest.raises(ValueError, match="square matrix"):
            transforms.mix_lines([], [])
        with pytest.raises(ValueError, match=r"fields\[1\] must have the shape"):
            transforms.mix_lines([self.field, self.field[:, :3].copy()], [[real, real], [real, real]])
        with pytest.raises(TypeError, match="multiplier must be float64"):
            transforms.mix_lines(fields, [[real, None], [None, real.astype(np.float32)]])

    def test_planes_that_do_not_follow_one_another(self):
        tables = [np.ones(4), np.ones(5), np.ones(6)]
        with pytest.raises(ValueError, match="planes"):
            transforms.multiply_lines(self.field[::-1], tables)
        with pytest.raises(ValueError, match="contiguous"):
            transforms.multiply_lines(np.zeros((4, 5, 12), np.complex128)[:, :, ::2], tables)

    def test_kick(self):
        two, one = np.ones((2, 2)), np.ones((1, 1))
        for wrong, error, message in (
            (([], [], np.ones((0, 0)), 1.0), ValueError, "at least one array"),
            (([self.field, self.field], [[], []], two, 1.0), ValueError, "share memory"),
            (([self.field], [[], []], one, 1.0), ValueError, "an entry for each of the 1 fields, not 2"),
            (([self.field], [[]], np.ones((2, 1)), 1.0), ValueError, r"couplings must have shape \(1, 1\)"),
            (([self.field], [[]], one * 1j, 1.0), TypeError, "couplings must be real numbers"),
            (([self.field], [[np.zeros((4, 5, 6), np.float32)]], one, 1.0), TypeError, r"potentials\[0\]\[0\]"),
            (([self.field, self.field.astype("c8")], [[], []], two, 1.0), TypeError, r"fields\[1\] must have"),
        ):
            with pytest.raises(error, match=message):
                transforms.kick(*wrong)
        with pytest.raises(ValueError, match="axes must be 0, 1 or 2"):
            transforms.kick([self.field], [[]], one, 1.0, axes=3)

    def test_half_spectra(self):
        half, weights = np.zeros((4, 5, 4), np.complex128), np.ones((1, 1))
        for wrong, error, message in (
            (([self.field], weights, [half[:, :, :3].copy()]), ValueError, r"spectra\[0\] must have shape \(4, 5, 4\)"),
            (([self.field], weights, [half.astype("c8")]), TypeError, r"spectra\[0\] must have the precision"),
            (([self.field], np.ones((2, 1)), [half]), ValueError, r"weights must have shape \(1, 1\)"),
            (([self.field], 1j * weights, [half]), TypeError, "weights must be real"),
            (([self.field], np.ones((2, 1)), [half, half]), ValueError, r"spectra\[1\] shares memory"),
        ):
            with pytest.raises(error, match=message):
                transforms.transform_densities(*wrong, axes=2)
            with pytest.raises(error, match=message):
                transforms.kick(wrong[0], [[]], weights, 1.0, axes=2, spectra=wrong[2], weights=wrong[1].T)
        with pytest.raises(ValueError, match="axes must be 1 or 2"):
            transforms.kick([self.field], [[]], weights, 1.0, spectra=[half], weights=weights)
        with pytest.raises(ValueError, match=r"weights must have shape \(1, 1\)"):
            transforms.kick([self.field], [[]], weights, 1.0, axes=2, spectra=[half])

    def test_real_pairs(self):
        real, half = np.zeros((4, 5, 6)), np.zeros((4, 5, 4), np.complex128)
        with pytest.raises(ValueError, match="half_spectrum"):
            transforms.transform_real(real, np.zeros((4, 5, 3), np.complex128))
        with pytest.raises(TypeError, match="real_field"):
            transforms.transform_real(real.astype(np.float32), half)
        with pytest.raises(TypeError, match="real_field"):
            transforms.transform_real([0.0], half)
        with pytest.raises(ValueError, match="three dimensions"):
            transforms.transform_real(real[0], half[0], planes=True)
        memory = np.zeros(4, np.complex128)
        with pytest.raises(ValueError, match="share memory"):
            transforms.transform_real(memory.view(np.float64)[:6], memory)
