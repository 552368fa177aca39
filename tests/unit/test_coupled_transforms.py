"""The compiled drift of coupled components against exponentials of matrices and against its numpy twin."""

import numpy as np
import pytest
from scipy.linalg import expm

from hpcmix.kernels import coupled_transforms
from hpcmix.kernels.twins import coupling as reference_coupling

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

PRECISIONS = [np.complex64, np.complex128]
# lengths with open ends (a last pass by 4 or 8), without, by Bluestein, of a single point
SHAPES = [(12,), (1, 40), (16, 21), (37, 3), (8, 5, 9), (64, 3, 2), (3, 4, 5), (1, 1, 1), (2, 0, 3)]


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
    return np.random.default_rng(17)


def complex_numbers(random, shape, dtype=np.complex128):
    return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(dtype)


def hermitian(random, count, size=1.0):
    matrix = size * complex_numbers(random, (count, count))
    return matrix + matrix.conj().T


def energies(random, shape, kind, dtype):
    """A symbol, and its values at every point."""
    if kind == "array":
        table = random.uniform(0, 3, shape).astype(np.finfo(dtype).dtype)
        return table, table.astype(np.float64)
    tables = [random.uniform(0, 2, extent) for extent in shape]
    total = np.zeros(shape)
    for axis, table in enumerate(tables):
        total += table.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return tables, total


def matrices_of(values, constant, slope):
    """H at every point, shape (*grid, p, p)."""
    energy = np.stack(values, axis=-1)
    result = constant + (energy[..., :, np.newaxis] - energy[..., np.newaxis, :]) * slope
    return result + energy[..., np.newaxis] * np.eye(len(values))


def radius_of(values, constant, slope):
    """The largest eigenvalue of H less the mean energy, in size."""
    matrices = matrices_of(values, constant, slope)
    matrices -= np.mean(np.stack(values, axis=-1), axis=-1)[..., np.newaxis, np.newaxis] * np.eye(len(values))
    return float(np.max(np.abs(np.linalg.eigvalsh(matrices)), initial=0.0))


def drifted(fields, matrices):
    """Transformed along the first axis, mixed, transformed back without a factor, in double precision."""
    spectra = np.stack([np.fft.fft(field.astype(np.complex128), axis=0) for field in fields], axis=-1)
    mixed = np.einsum("...ab,...b->...a", matrices, spectra)
    return [np.fft.ifft(mixed[..., a], axis=0) * len(fields[0]) for a in range(len(fields))]


def assert_close(actual, expected, roundings):
    """Equal in the Euclidean norm up to some roundings in the array's precision."""
    scale = max(np.linalg.norm(array) for array in expected)
    for mine, other in zip(actual, expected, strict=True):
        assert np.linalg.norm(mine - other) <= roundings * np.finfo(mine.dtype).eps * scale


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
class TestAgainstDenseMatrices:
    def test_common_matrix(self, random, shape, count, dtype):
        fields = [complex_numbers(random, shape, dtype) for _ in range(count)]
        matrix = complex_numbers(random, (count, count))
        factors = [complex_numbers(random, extent) for extent in shape]
        product = np.ones((), np.complex128)
        for factor in np.ix_(*factors):
            product = product * factor
        results = [field.copy() for field in fields]
        coupled_transforms.multiply_lines_by_matrix(results, matrix, factors)
        if fields[0].size:
            expected = drifted(fields, product[..., np.newaxis, np.newaxis] * matrix)
            assert_close(results, expected, roundings=10 * count)

    @pytest.mark.parametrize("sloping", [False, True], ids=["constant", "sloping"])
    def test_levels(self, random, shape, count, dtype, sloping):
        fields = [complex_numbers(random, shape, dtype) for _ in range(count)]
        kinds = ["array" if a == 1 and len(shape) > 1 else "axes" for a in range(count)]
        symbols, values = zip(*(energies(random, shape, kind, dtype) for kind in kinds), strict=True)
        constant = hermitian(random, count)
        slope = 1j * hermitian(random, count, 0.2) * sloping
        angle, scale = 0.9, 0.5
        results = [field.copy() for field in fields]
        radius = 1.1 * radius_of(values, constant, slope)
        coupled_transforms.turn_coupled_lines(results, symbols, constant, slope, angle, scale, radius)
        if fields[0].size:
            matrices = matrices_of(values, constant, slope)
            unitary = np.array([expm(-1j * angle * one) for one in matrices.reshape(-1, count, count)])
            assert_close(results, drifted(fields, scale * unitary.reshape(matrices.shape)), roundings=30)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("angle", [0.0, 1e-9, -0.3, 40.0, 1e4])
def test_any_angle(random, count, angle):
    """Nothing to turn, hardly anything, backwards, and by more than the compiled series is for (three components)."""
    shape = (8, 6)
    fields = [complex_numbers(random, shape) for _ in range(count)]
    symbols, values = zip(*(energies(random, shape, "axes", np.complex128) for _ in range(count)), strict=True)
    constant, slope = hermitian(random, count), np.zeros((count, count))
    results = [field.copy() for field in fields]
    radius = radius_of(values, constant, slope)
    coupled_transforms.turn_coupled_lines(results, symbols, constant, slope, angle, 1.0, radius)
    levels, vectors = np.linalg.eigh(matrices_of(values, constant, slope))
    unitary = (vectors * np.exp(-1j * angle * levels)[..., np.newaxis, :]) @ np.swapaxes(vectors.conj(), -1, -2)
    # an energy's rounding is multiplied by the angle
    assert_close(results, drifted(fields, unitary), roundings=30 * (1 + abs(angle)))
    norms = [sum(np.linalg.norm(field) ** 2 for field in both) for both in (fields, results)]
    assert norms[1] == pytest.approx(shape[0] ** 2 * norms[0], rel=1e-13)


def test_equal_levels(random):
    """Where H is a number, s = 0 in the closed form, and the series has no radius."""
    for count in (2, 3):
        fields = [complex_numbers(random, (4, 5)) for _ in range(count)]
        results = [field.copy() for field in fields]
        zero = np.zeros((count, count))
        tables = [np.full(4, 0.3), np.zeros(5)]
        coupled_transforms.turn_coupled_lines(results, [tables] * count, zero, zero, 2.0, 0.25, 0.0)
        assert_close(results, [np.exp(-0.6j) * field for field in fields], roundings=20)


def test_the_series_has_the_terms_that_it_needs():
    for size in (0.0, 1e-12, 0.4, 3.0, 55.0, 1990.0):
        coefficients = coupled_transforms.exponential_series(size)
        x = np.linspace(-1, 1, 301)
        polynomials = np.cos(np.arange(len(coefficients))[:, np.newaxis] * np.arccos(x))
        total = (coefficients * (-1j) ** (np.arange(len(coefficients)) % 4)) @ polynomials
        # arccos and cos of large orders round by order times 1e-16
        np.testing.assert_allclose(total, np.exp(-1j * size * x), rtol=0, atol=1e-15 * (4 + size))
        assert 2 <= len(coefficients) <= size + 15 * size ** (1 / 3) + 20


@pytest.mark.parametrize("count", [2, 3, 17])
def test_the_twin(random, count):
    """Seventeen components are the twin's own anyway."""
    shape = (6, 7)
    fields = [complex_numbers(random, shape) for _ in range(count)]
    symbols, values = zip(*(energies(random, shape, "axes", np.complex128) for _ in range(count)), strict=True)
    constant, slope = hermitian(random, count), np.zeros((count, count))
    results = [field.copy() for field in fields]
    radius = radius_of(values, constant, slope)
    coupled_transforms.turn_coupled_lines(results, symbols, constant, slope, 0.7, 1.0, radius)
    twins = [field[..., np.newaxis].copy() for field in fields]
    terms = [[*tables, np.zeros(1)] for tables in symbols]
    reference_coupling.turn_coupled_lines(
        twins, terms, [None] * count, constant, slope.astype(complex), 0.7, 1.0, radius, np.empty(0)
    )
    assert_close([twin[..., 0] for twin in twins], results, roundings=30)
    factors = [complex_numbers(random, extent) for extent in shape]
    results, twins = ([field.copy() for field in fields] for _ in range(2))
    coupled_transforms.multiply_lines_by_matrix(results, constant, factors)
    twins = [twin[..., np.newaxis] for twin in twins]
    reference_coupling.multiply_lines_by_matrix(twins, [*factors, np.ones(1)], constant)
    assert_close([twin[..., 0] for twin in twins], results, roundings=30)


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("length", [16, 37])
def test_a_line_does_not_depend_on_those_around_it(random, length, count, dtype):
    """On all columns at once, on a few of the middle in their own arrays and in a view of rows, on three threads."""
    shape = (length, 9, 11)
    fields = [complex_numbers(random, shape, dtype) for _ in range(count)]
    symbols = [energies(random, shape, "array" if a == 0 else "axes", dtype)[0] for a in range(count)]
    constant, slope = hermitian(random, count), 1j * hermitian(random, count, 0.1)
    factors = [complex_numbers(random, extent) for extent in shape]

    def run(arrays, rows):
        mine = [one[:, rows] if isinstance(one, np.ndarray) else [one[0], one[1][rows], one[2]] for one in symbols]
        mine = [np.ascontiguousarray(one) if isinstance(one, np.ndarray) else one for one in mine]
        coupled_transforms.turn_coupled_lines(arrays, mine, constant, slope, 0.7, 0.5, 12.0)
        coupled_transforms.multiply_lines_by_matrix(arrays, constant, [factors[0], factors[1][rows], factors[2]])
        return arrays

    whole = run([field.copy() for field in fields], slice(0, 9))
    rows = slice(2, 7)
    part = run([np.ascontiguousarray(field[:, rows]) for field in fields], rows)
    view = [field.copy() for field in fields]
    run([field[:, rows] for field in view], rows)
    native.set_thread_count(3)
    threaded = run([field.copy() for field in fields], slice(0, 9))
    for a in range(count):
        np.testing.assert_array_equal(part[a], whole[a][:, rows])
        np.testing.assert_array_equal(view[a][:, rows], whole[a][:, rows])
        np.testing.assert_array_equal(view[a][:, :2], fields[a][:, :2])
        np.testing.assert_array_equal(threaded[a], whole[a])


def test_wrong_arguments():
    def fields(count=2, shape=(4, 3), dtype=np.complex128):
        return [np.ones(shape, dtype) for _ in range(count)]

    tables, one, zero = [np.ones(4), np.ones(3)], np.eye(2), np.zeros((2, 2))
    multiply, turn = coupled_transforms.multiply_lines_by_matrix, coupled_transforms.turn_coupled_lines
    with pytest.raises(ValueError, match="two fields at least"):
        multiply(fields(1), np.eye(1), tables)
    with pytest.raises(ValueError, match="strides of fields"):
        multiply([*fields(1), *fields(1, (4, 4))], one, tables)
    with pytest.raises(ValueError, match="matrix must have shape"):
        multiply(fields(), np.eye(3), tables)
    with pytest.raises(ValueError, match="factors"):
        multiply(fields(), one, tables[:1])
    with pytest.raises(ValueError, match="an entry for each of the 2 fields"):
        turn(fields(), [tables], one, zero, 1.0, 1.0, 1.0)
    with pytest.raises(TypeError, match=r"symbols\[1\] must be float64"):
        turn(fields(), [tables, np.ones((4, 3), np.float32)], one, zero, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="slope must have shape"):
        turn(fields(), [tables, tables], one, np.zeros(2), 1.0, 1.0, 1.0)
