"""The compiled transforms against numpy's and against their promises: any length, bits, threads, wrong arguments."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from hpcmix.kernels import reference_transforms, transforms

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
        full, real = make_field(random, shape, dtype), make_real(random, shape, dtype)
        for argument, factor in ((tables, product), (full, full), (real, real)):
            result = field.copy()
            transforms.multiply_lines(result, argument, 0.5)
            if field.size:
                assert_close(result, 0.5 * np.fft.ifft(factor * np.fft.fft(double(field), axis=0), axis=0) * shape[0])

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
    def test_kick_planes(self, random, dtype, shape, components, inverse, forward):
        axes = tuple(range(1, len(shape)))
        scale = 1.0 / np.sqrt(max(1, np.prod(shape[1:]))) if inverse else 1.0  # densities of order one at the kick
        fields = [(make_field(random, shape, dtype) * scale).astype(dtype) for _ in range(components)]
        potentials = [make_real(random, shape, dtype) for _ in range(components)]
        if components > 1:
            potentials[1] = None
        couplings = random.uniform(-1, 1, (components, components))
        results = [field.copy() for field in fields]
        transforms.kick_planes(results, potentials, couplings, 0.7, inverse_before=inverse, forward_after=forward)
        if fields[0].size == 0:
            return
        positions = [np.fft.ifftn(double(f), axes=axes, norm="forward") if inverse else double(f) for f in fields]
        densities = [np.abs(position) ** 2 for position in positions]
        for a, result in enumerate(results):
            phase = 0.0 if potentials[a] is None else double(potentials[a])
            phase = phase + sum(g * density for g, density in zip(couplings[a], densities, strict=True))
            expected = positions[a] * np.exp(-0.7j * phase)
            assert_close(result, np.fft.fftn(expected, axes=axes) if forward else expected, roundings=20)

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
                transforms.kick_planes(
                    [field[part] for field in fields],
                    [potential[part], None],
                    couplings,
                    0.1,
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
        results = [field.copy() for _ in range(6)]
        transforms.transform_lines(results[0], 1, True, 0.5)
        transforms.transform_planes(results[1], False, 0.5)
        transforms.multiply_lines(results[2], tables, 0.5)
        transforms.multiply_lines(results[3], values)
        transforms.kick_planes(
            results[4:6], [values, None], np.ones((2, 2)), 0.01, inverse_before=True, forward_after=True
        )
        spectrum, back = np.empty((6, 7, 5), dtype), np.empty_like(values)
        transforms.transform_real(values, spectrum, 0.5, planes=True)
        results.append(spectrum.copy())
        transforms.transform_real_inverse(spectrum, back, 0.5, planes=True)
        return [*results, back]

    compiled = everything()
    monkeypatch.setattr(transforms, "_implementation", lambda: reference_transforms)
    for ours, twin in zip(compiled, everything(), strict=True):
        assert ours.dtype == twin.dtype
        assert_close(ours, double(twin), roundings=30)


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
            transforms.kick_planes([bad], [None], [[1.0]], 1.0, inverse_before=True, forward_after=True)

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
        with pytest.raises(ValueError, match="shape"):
            transforms.multiply_lines(self.field, np.ones((4, 5, 5)))
        with pytest.raises(TypeError, match="factors"):
            transforms.multiply_lines(self.field, np.ones((4, 5, 6), np.float32))
        with pytest.raises(TypeError, match="precision"):
            transforms.multiply_lines(self.field, np.ones((4, 5, 6), np.complex64))

    def test_planes_that_do_not_follow_one_another(self):
        tables = [np.ones(4), np.ones(5), np.ones(6)]
        with pytest.raises(ValueError, match="planes"):
            transforms.multiply_lines(self.field[::-1], tables)
        with pytest.raises(ValueError, match="contiguous"):
            transforms.multiply_lines(np.zeros((4, 5, 12), np.complex128)[:, :, ::2], tables)

    def test_kick(self):
        options = {"inverse_before": True, "forward_after": True}
        with pytest.raises(ValueError, match="share memory"):
            transforms.kick_planes([self.field, self.field], [None, None], np.ones((2, 2)), 1.0, **options)
        with pytest.raises(TypeError, match="potentials"):
            transforms.kick_planes([self.field], [np.zeros((4, 5, 6), np.float32)], [[1.0]], 1.0, **options)

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
