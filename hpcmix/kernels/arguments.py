"""What the kernels demand of their arguments, checked once for the compiled kernels and for their numpy twins.

A wrong type or precision raises TypeError; a wrong shape, memory layout or a read-only result raises ValueError.
The message names the argument, what it is and what it should be.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TABLE_COEFFICIENTS = 6
"""Of every piece of a function's table of several pieces."""


@dataclass(frozen=True)
class PointFunction:
    """A function of the densities at a point, tau = measures . |field|^2, that a kick computes as it goes.

    Without a table it has one value, tau^(power/2). With a table it has two, (a + b)^power V_1(s) and
    (a + b)^power V_2(s) with a = sqrt(tau_1), b = sqrt(tau_2), s = b/(a + b).

    measures  shape (1, fields), or (2, fields) beside a table.
    power     at least one.
    weights   shape (fields, values): how much of every value a field sees.
    table     shape (2, pieces, coefficients): V_a = sum_n table[a, j, n] t^n with t = s pieces - j - 1/2; one piece of
              any number of coefficients, or several of TABLE_COEFFICIENTS.
    """

    measures: NDArray[np.float64]
    power: int
    weights: NDArray[np.float64]
    table: NDArray[np.float64] = dataclasses.field(default_factory=lambda: np.zeros((0, 0, TABLE_COEFFICIENTS)))

    @property
    def values(self) -> int:
        """How many values it has."""
        return 2 if len(self.table) else 1

    @property
    def pieces(self) -> int:
        """Of its table; zero without."""
        return int(self.table.shape[1])

    @property
    def rows(self) -> NDArray[np.float64]:
        """The table's pieces one after the other, those of V_1 first; no rows where there is no table."""
        return np.ascontiguousarray(self.table, dtype=np.float64).reshape(-1, self.table.shape[-1])


def check_functions(functions: Sequence[PointFunction], fields: int) -> NDArray[np.float64]:
    """Functions of as many densities; returns the weights of all their values, a row for each field."""
    for index, function in enumerate(functions):
        values = function.values
        check_matrix(f"functions[{index}].measures", function.measures, (values, fields))
        check_matrix(f"functions[{index}].weights", function.weights, (fields, values))
        if function.power < 1:
            raise ValueError(f"functions[{index}].power must be at least one, not {function.power}")
        if values == 2 and not _is_table(function.table.shape):
            raise ValueError(
                f"functions[{index}].table must have shape (2, pieces, {TABLE_COEFFICIENTS}) or (2, 1, any number), "
                f"not {function.table.shape}"
            )
    return np.ascontiguousarray(np.hstack([np.zeros((fields, 0)), *(function.weights for function in functions)]))


def _is_table(shape: tuple[int, ...]) -> bool:
    if len(shape) != 3 or shape[0] != 2 or 0 in shape:
        return False
    return shape[1] == 1 or shape[2] == TABLE_COEFFICIENTS


_REAL_OF_COMPLEX = {np.dtype(np.complex64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.float64)}


def check_field(name: str, field: NDArray, *, written: bool) -> None:
    """A contiguous array of complex64 or complex128, writeable if the kernel changes it."""
    _check_array(name, field, written=written)
    if field.dtype not in _REAL_OF_COMPLEX:
        raise TypeError(f"{name} must be complex64 or complex128, not {field.dtype}")


def check_real(name: str, values: NDArray, field: NDArray, *, written: bool) -> None:
    """A contiguous real array of the field's shape and precision (float64 for complex128, float32 for complex64)."""
    _check_array(name, values, written=written)
    expected = _REAL_OF_COMPLEX[field.dtype]
    if values.dtype != expected:
        raise TypeError(f"{name} must be {expected} beside a field of {field.dtype}, not {values.dtype}")
    _check_shape(name, values, field.shape)


def check_same(name: str, other: NDArray, field: NDArray, *, written: bool) -> None:
    """A contiguous complex array of the field's shape and precision."""
    check_field(name, other, written=written)
    if other.dtype != field.dtype:
        raise TypeError(f"{name} must have the precision of the first field, {field.dtype}, not {other.dtype}")
    _check_shape(name, other, field.shape)


def check_components(
    fields: Sequence[NDArray], potentials: Sequence[Sequence[NDArray]], couplings: NDArray
) -> NDArray[np.float64]:
    """Distinct fields of one shape and precision, any number of potentials for each; returns the couplings as
    float64."""
    check_distinct(fields)
    if len(potentials) != len(fields):
        raise ValueError(f"potentials must have an entry for each of the {len(fields)} fields, not {len(potentials)}")
    for index, added in enumerate(potentials):
        for place, potential in enumerate(added):
            check_real(f"potentials[{index}][{place}]", potential, fields[0], written=False)
    return check_matrix("couplings", couplings, (len(fields), len(fields)))


def check_matrix(name: str, values: NDArray, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A matrix of real numbers of that shape; returned contiguous and as float64."""
    matrix = np.asarray(values)
    if matrix.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be real numbers, not {matrix.dtype}")
    _check_shape(name, matrix, shape)
    return np.ascontiguousarray(matrix, dtype=np.float64)


def check_distinct(fields: Sequence[NDArray]) -> None:
    """One or more writeable fields of one shape and precision that share no memory."""
    if len(fields) == 0:
        raise ValueError("fields must hold at least one array")
    for index, field in enumerate(fields):
        if index == 0:
            check_field("fields[0]", field, written=True)
        else:
            check_same(f"fields[{index}]", field, fields[0], written=True)
        for earlier in range(index):
            # Contiguous arrays share memory exactly when their bounds overlap.
            if np.may_share_memory(field, fields[earlier]):
                raise ValueError(
                    f"fields[{index}] and fields[{earlier}] share memory; every component needs its own array"
                )


def check_typed(name: str, values: NDArray, dtype: type, *, written: bool) -> None:
    """A contiguous array of exactly that type, writeable if the kernel changes it."""
    _check_array(name, values, written=written)
    if values.dtype != dtype:
        raise TypeError(f"{name} must be {np.dtype(dtype)}, not {values.dtype}")


def check_axis_tables(name: str, tables: Sequence[NDArray], field: NDArray, dtype: type) -> list[NDArray]:
    """One one-dimensional table for each axis of the field, as long as the axis; returned contiguous and in `dtype`.

    Tables are short, so they are converted to double precision whatever the field's: tables rounded to single precision
    would change the norm of every mode by the same 1e-7 in every step.
    """
    if not 1 <= field.ndim <= 3:
        raise ValueError(f"field must have one, two or three dimensions, not {field.ndim}")
    if len(tables) != field.ndim:
        raise ValueError(f"{name} must have a table for each of the {field.ndim} axes of field, not {len(tables)}")
    converted: list[NDArray] = []
    for axis, table in enumerate(tables):
        values = np.asarray(table)
        if not np.can_cast(values.dtype, dtype, "same_kind"):
            raise TypeError(f"{name}[{axis}] must convert to {np.dtype(dtype)} without loss, but is {values.dtype}")
        _check_shape(f"{name}[{axis}]", values, (field.shape[axis],))
        converted.append(np.ascontiguousarray(values, dtype=dtype))
    return converted


def _check_array(name: str, array: NDArray, *, written: bool) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a numpy array, not {type(array).__name__}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be contiguous in C order; pass numpy.ascontiguousarray of it")
    if written and not array.flags.writeable:
        raise ValueError(f"{name} is changed in place but is read-only")


def _check_shape(name: str, array: NDArray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {array.shape}")
