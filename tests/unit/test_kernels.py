"""Every compiled kernel against its numpy twin: precisions, shapes, instruction sets, threads, wrong arguments."""

import os
import subprocess
import sys

import numpy as np
import pytest

from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops as reference

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

PRECISIONS = [np.complex64, np.complex128]
# Empty, single, around a vector, around a tile (256) and a block (4096), and two- and three-dimensional ones.
SHAPES = [
    (0,),
    (1,),
    (7,),
    (17,),
    (255,),
    (257,),
    (4099,),
    (5, 0, 3),
    (13, 17),
    (3, 5001),
    (5, 6, 7),
    (11, 1, 30),
    (33, 34, 35),
]


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


@pytest.fixture(params=native.available_instruction_sets())
def kernels(request):
    """The compiled kernels with each of the instruction sets that this machine has."""
    native.select_instruction_set(request.param)
    return native


@pytest.fixture
def random():
    return np.random.default_rng(7)


def make_field(random, shape, dtype):
    return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(dtype)


def make_real(random, shape, dtype, scale=1.0):
    return random.uniform(-scale, scale, shape).astype(np.finfo(dtype).dtype)


def assert_close(actual, expected, phase_error=0.0):
    """Equal to a few roundings of values of order one in the arrays' precision, plus the error of a phase before."""
    assert actual.dtype == expected.dtype
    atol = 16 * np.finfo(actual.dtype).eps + phase_error
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


# Sums are formed in double precision by both; the bound is in units of the sum of the terms' magnitudes.
SUM_TOLERANCE = 16 * np.finfo(np.float64).eps


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", PRECISIONS)
class TestAgainstTwin:
    @pytest.mark.parametrize("scale", [1.0, 1e5, 1e8])
    def test_rotate_phase(self, kernels, random, shape, dtype, scale):
        field, potential = make_field(random, shape, dtype), make_real(random, shape, dtype, scale)
        expected = field.copy()
        kernels.rotate_phase(field, potential, 0.7)
        reference.rotate_phase(expected, potential, 0.7)
        assert_close(field, expected)

    def test_accumulate_density(self, kernels, random, shape, dtype):
        field, density = make_field(random, shape, dtype), make_real(random, shape, dtype)
        expected = density.copy()
        kernels.accumulate_density(field, 1.7, density)
        reference.accumulate_density(field, 1.7, expected)
        assert_close(density, expected)

    def test_turn_spins(self, kernels, random, shape, dtype):
        fields = [make_field(random, shape, dtype) for _ in range(3)]
        expected = [field.copy() for field in fields]
        kernels.turn_spins(*fields, 1.9)
        reference.turn_spins(*expected, 1.9)
        for field, other in zip(fields, expected, strict=True):
            assert_close(field, other)

    def test_multiply_separable(self, kernels, random, shape, dtype):
        field = make_field(random, shape, dtype)
        factors = [make_field(random, n, np.complex128) for n in shape]
        expected = field.copy()
        kernels.multiply_separable(field, factors)
        reference.multiply_separable(expected, factors)
        assert_close(field, expected)

    def test_weighted_norm(self, kernels, random, shape, dtype):
        field = make_field(random, shape, dtype)
        weights = [make_real(random, n, np.complex128) for n in shape]
        magnitude = reference.weighted_norm(field, [np.abs(weight) for weight in weights])
        difference = kernels.weighted_norm(field, weights) - reference.weighted_norm(field, weights)
        assert abs(difference) <= SUM_TOLERANCE * magnitude

    def test_squared_norm(self, kernels, random, shape, dtype):
        field = make_field(random, shape, dtype)
        expected = reference.squared_norm(field)
        assert abs(kernels.squared_norm(field) - expected) <= SUM_TOLERANCE * expected

    def test_inner_product(self, kernels, random, shape, dtype):
        left, right = make_field(random, shape, dtype), make_field(random, shape, dtype)
        magnitude = np.sqrt(reference.squared_norm(left) * reference.squared_norm(right))
        difference = kernels.inner_product(left, right) - reference.inner_product(left, right)
        assert abs(difference) <= SUM_TOLERANCE * magnitude


@pytest.mark.parametrize("implementation", [native, reference], ids=["native", "numpy"])
class TestAgainstFormula:
    """Both implementations against numbers written down by hand, so that twins cannot be wrong together."""

    def test_phase_has_a_minus_sign(self, implementation):
        field = np.array([1 + 0j])
        implementation.rotate_phase(field, np.array([np.pi / 2]), 1.0)
        assert field[0] == pytest.approx(-1j, abs=1e-15)

    def test_inner_product_conjugates_the_left(self, implementation):
        assert implementation.inner_product(np.array([1j]), np.array([1 + 0j])) == -1j

    def test_weights_add_up_over_the_axes(self, implementation):
        field = np.ones((2, 3), dtype=complex)
        weights = [np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0])]
        assert implementation.weighted_norm(field, weights) == 3 * 3 + 2 * 60

    def test_factors_multiply_over_the_axes(self, implementation):
        field = np.ones((2, 2), dtype=complex)
        implementation.multiply_separable(field, [np.array([1, 2j]), np.array([3 + 0j, 5])])
        np.testing.assert_array_equal(field, [[3, 5], [6j, 10j]])

    def test_not_finite_potential_gives_nan_there_and_only_there(self, implementation):
        field = np.ones(20, dtype=complex)
        potential = np.zeros(20)
        potential[3], potential[11] = np.inf, np.nan
        implementation.rotate_phase(field, potential, 1.0)
        assert np.flatnonzero(np.isnan(field)).tolist() == [3, 11]
        np.testing.assert_array_equal(np.delete(field, [3, 11]), 1)


def test_phase_is_accurate_near_multiples_of_half_pi(kernels):
    """The reduction by pi/2 must not lose the small remainder: compare with extended precision."""
    potential = np.arange(1, 600_000, 7) * (np.pi / 2)
    field = np.ones(potential.size, dtype=complex)
    kernels.rotate_phase(field, potential, 1.0)
    exact = potential.astype(np.longdouble)
    assert np.max(np.abs(field.real - np.cos(exact))) < 2.2e-16
    assert np.max(np.abs(field.imag + np.sin(exact))) < 2.2e-16


def test_rotation_in_single_precision_keeps_a_large_phase(kernels):
    """The phase is formed in double precision: 1e5 rounded to single precision would be wrong by 4e-3."""
    field = np.ones(100, dtype=np.complex64)
    potential = np.linspace(1, 2, 100).astype(np.float32)
    kernels.rotate_phase(field, potential, 1e5)
    np.testing.assert_allclose(field, np.exp(-1e5j * potential.astype(float)), rtol=0, atol=3e-7)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_bits_do_not_depend_on_threads(kernels, dtype):
    def results(threads):
        native.set_thread_count(threads)
        assert native.thread_count() == threads
        random = np.random.default_rng(3)
        fields = [make_field(random, (31, 33, 37), dtype) for _ in range(2)]
        potential = make_real(random, fields[0].shape, dtype, 100.0)
        density = np.zeros_like(potential)
        tables = [make_real(random, n, np.complex128) for n in potential.shape]
        kernels.rotate_phase(fields[0], potential, 0.3)
        kernels.rotate_phase(fields[1], potential, -0.2)
        kernels.multiply_separable(fields[1], [np.exp(1j * table) for table in tables])
        kernels.accumulate_density(fields[1], 0.5, density)
        sums = [
            kernels.weighted_norm(fields[0], tables),
            kernels.squared_norm(fields[1]),
            kernels.inner_product(*fields),
        ]
        return [array.tobytes() for array in (*fields, density)], sums

    single = results(1)
    for threads in (2, 3, 5):
        assert results(threads) == single


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_bits_do_not_depend_on_the_position_in_a_vector(kernels, random, dtype):
    """Vector part and remainder of a loop round alike, so a block of the grid may be cut anywhere."""
    field, potential = make_field(random, 300, dtype), make_real(random, 300, dtype, 1e4)
    whole, pieces = field.copy(), field.copy()
    kernels.rotate_phase(whole, potential, 0.7)
    for start in range(0, 300, 13):
        kernels.rotate_phase(pieces[start : start + 13], potential[start : start + 13], 0.7)
    assert whole.tobytes() == pieces.tobytes()


def test_unknown_instruction_set_names_the_known_ones():
    with pytest.raises(ValueError, match=r"'sparkling' is not available here; there is baseline"):
        native.select_instruction_set("sparkling")


def test_thread_count_must_be_positive():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        native.set_thread_count(0)


FIELD = np.ones((4, 6), dtype=complex)
POTENTIAL = np.ones((4, 6))
READ_ONLY = FIELD.copy()
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize("implementation", ["native", "numpy"])
@pytest.mark.parametrize(
    ("function", "wrong_arguments", "error", "message"),
    [
        ("rotate_phase", ([1j], POTENTIAL, 1.0), TypeError, "field must be a numpy array, not list"),
        ("rotate_phase", (POTENTIAL, POTENTIAL, 1.0), TypeError, "field must be complex64 or complex128, not float64"),
        (
            "rotate_phase",
            (FIELD, POTENTIAL.astype("f4"), 1.0),
            TypeError,
            "potential must be float64 beside a field of complex128",
        ),
        ("rotate_phase", (FIELD, POTENTIAL[:3], 1.0), ValueError, r"potential must have shape \(4, 6\), not \(3, 6\)"),
        ("rotate_phase", (FIELD, POTENTIAL.reshape(6, 4), 1.0), ValueError, "potential must have shape"),
        ("rotate_phase", (FIELD.T, POTENTIAL.T, 1.0), ValueError, "field must be contiguous"),
        ("rotate_phase", (READ_ONLY, POTENTIAL, 1.0), ValueError, "field is changed in place but is read-only"),
        ("accumulate_density", (FIELD, 1.0, FIELD), TypeError, "density must be float64"),
        ("accumulate_density", (FIELD, 1.0, POTENTIAL[:, ::2]), ValueError, "density must be contiguous"),
        ("multiply_separable", (FIELD, [np.ones(4)]), ValueError, "a table for each of the 2 axes of field, not 1"),
        (
            "multiply_separable",
            (FIELD, [np.ones(4), np.ones(5)]),
            ValueError,
            r"factors\[1\] must have shape \(6,\), not \(5,\)",
        ),
        (
            "multiply_separable",
            (np.ones((1,) * 4) * 1j, [np.ones(1)] * 4),
            ValueError,
            "one, two or three dimensions, not 4",
        ),
        (
            "weighted_norm",
            (FIELD, [np.ones(4), 1j * np.ones(6)]),
            TypeError,
            r"weights\[1\] must convert to float64 without loss",
        ),
        ("squared_norm", (FIELD.astype("c16")[:, ::2],), ValueError, "field must be contiguous"),
        ("inner_product", (FIELD, FIELD[:2]), ValueError, "right must have shape"),
        ("inner_product", (FIELD, FIELD.astype("c8")), TypeError, "right must have the precision"),
    ],
)
def test_wrong_arguments(monkeypatch, implementation, function, wrong_arguments, error, message):
    monkeypatch.setattr(dispatch, "implementation", lambda: {"native": native, "numpy": reference}[implementation])
    with pytest.raises(error, match=message):
        getattr(dispatch, function)(*wrong_arguments)


@pytest.mark.parametrize("implementation", ["native", "numpy"])
def test_reads_read_only_arrays(monkeypatch, implementation):
    monkeypatch.setattr(dispatch, "implementation", lambda: {"native": native, "numpy": reference}[implementation])
    assert dispatch.squared_norm(READ_ONLY) == 24
    assert dispatch.inner_product(READ_ONLY, READ_ONLY) == 24
    assert dispatch.weighted_norm(READ_ONLY, [np.arange(4), np.zeros(6, dtype="f4")]) == 36


def run_python(code, **environment):
    """Standard output and error of a fresh interpreter, its exit status checked."""
    merged = {key: value for key, value in os.environ.items() if key != dispatch.CHOICE_VARIABLE} | environment
    result = subprocess.run([sys.executable, "-c", code], env=merged, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout, result.stderr


CALL_TWICE = """
import numpy as np
from hpcmix.kernels import dispatch
for _ in range(2): dispatch.squared_norm(np.ones(3, dtype=complex))
print(dispatch.implementation().__name__)
"""
HIDE_NATIVE = "import sys; sys.modules['hpcmix.kernels._native'] = None"


class TestChoice:
    """Which implementation runs, in fresh interpreters because the choice is made once."""

    def test_native_by_default(self):
        assert run_python(CALL_TWICE) == (0, "hpcmix.kernels._native\n", "")

    def test_numpy_on_demand(self):
        assert run_python(CALL_TWICE, HPCMIX_KERNELS="numpy") == (0, "hpcmix.kernels.twins.loops\n", "")

    def test_one_warning_where_the_extension_is_missing(self):
        status, output, errors = run_python(HIDE_NATIVE + CALL_TWICE)
        assert (status, output) == (0, "hpcmix.kernels.twins.loops\n")
        assert errors.count("RuntimeWarning") == 1
        assert "running on numpy" in errors

    def test_forced_native_fails_where_the_extension_is_missing(self):
        status, _, errors = run_python(HIDE_NATIVE + CALL_TWICE, HPCMIX_KERNELS="native")
        assert status != 0
        assert "HPCMIX_KERNELS=native, but the compiled kernels do not load" in errors

    def test_wrong_value(self):
        status, _, errors = run_python(CALL_TWICE, HPCMIX_KERNELS="fortran")
        assert status != 0
        assert 'HPCMIX_KERNELS must be "native" or "numpy", not "fortran"' in errors

    def test_threads_follow_the_environment(self):
        code = "from hpcmix.kernels import _native; print(_native.thread_count())"
        assert run_python(code, OMP_NUM_THREADS="3") == (0, "3\n", "")
