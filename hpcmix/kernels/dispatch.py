"""The kernels: compiled where the extension module is there, numpy otherwise. The one module that others import.

Fields are contiguous complex arrays of any shape (of one to three dimensions where tables for the axes are passed) in
double or single precision; real arrays beside them have the same shape and the matching precision. Results do not
depend on the number of threads (`OMP_NUM_THREADS`), to the bit. Wrong arguments raise TypeError or ValueError with the
reason.

The environment variable HPCMIX_KERNELS=native|numpy forces one implementation. Without it the compiled kernels are used
if they import; if not, the first call warns once, says why, and goes on with numpy.
"""

import functools
import importlib
import os
import warnings
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments
from hpcmix.kernels.twins import loops as reference

CHOICE_VARIABLE = "HPCMIX_KERNELS"


def rotate_phase(field: NDArray, potential: NDArray, angle: float) -> None:
    """field *= exp(-1j * angle * potential), in place."""
    arguments.check_field("field", field, written=True)
    arguments.check_real("potential", potential, field, written=False)
    implementation().rotate_phase(field, potential, angle)


def accumulate_density(field: NDArray, weight: float, density: NDArray) -> None:
    """density += weight * |field|^2, in place."""
    arguments.check_field("field", field, written=False)
    arguments.check_real("density", density, field, written=True)
    implementation().accumulate_density(field, weight, density)


def turn_spins(plus: NDArray, zero: NDArray, minus: NDArray, angle: float) -> None:
    """The spin flow of spin one: psi <- exp(-1j * angle * F.f) psi at every point, in place.

    psi = (plus, zero, minus), f the matrices of spin one and F = psi^+ f psi, which the flow leaves as it is, and the
    density too. With theta = angle |F| and u = F/|F| it is 1 - i sin(theta) u.f + (cos(theta) - 1) (u.f)^2.
    """
    arguments.check_distinct([plus, zero, minus])
    implementation().turn_spins(plus, zero, minus, float(angle))


def multiply_separable(field: NDArray, factors: Sequence[NDArray]) -> None:
    """field[x, y, z] *= factors[0][x] * factors[1][y] * factors[2][z], in place.

    One complex table for each axis of the field stands for a table of the field's size: the phase of a kinetic energy
    that is a sum over the axes. Tables of any precision are used in double precision.
    """
    arguments.check_field("field", field, written=True)
    tables = arguments.check_axis_tables("factors", factors, field, np.complex128)
    implementation().multiply_separable(field, tables)


def weighted_norm(field: NDArray, weights: Sequence[NDArray]) -> float:
    """Sum of (weights[0][x] + weights[1][y] + weights[2][z]) * |field[x, y, z]|^2 in double precision.

    One real table for each axis of the field: moments of the density, or a kinetic energy, without an array of weights.
    """
    arguments.check_field("field", field, written=False)
    tables = arguments.check_axis_tables("weights", weights, field, np.float64)
    return implementation().weighted_norm(field, tables)


def squared_norm(field: NDArray) -> float:
    """Sum of |field|^2 in double precision (no volume element)."""
    arguments.check_field("field", field, written=False)
    return implementation().squared_norm(field)


def inner_product(left: NDArray, right: NDArray) -> complex:
    """Sum of conj(left) * right in double precision (no volume element)."""
    arguments.check_field("left", left, written=False)
    arguments.check_same("right", right, left, written=False)
    return implementation().inner_product(left, right)


@functools.cache
def implementation() -> ModuleType:
    """The module whose functions run: `hpcmix.kernels._native` or `hpcmix.kernels.twins.loops`.

    Raises:
        ValueError: HPCMIX_KERNELS is neither "native" nor "numpy".
        ImportError: HPCMIX_KERNELS is "native" and the extension module does not import.
    """
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice not in ("", "native", "numpy"):
        raise ValueError(f'{CHOICE_VARIABLE} must be "native" or "numpy", not "{choice}"')
    if choice == "numpy":
        return reference
    try:
        return importlib.import_module("hpcmix.kernels._native")
    except ImportError as error:
        if choice == "native":
            raise ImportError(f"{CHOICE_VARIABLE}=native, but the compiled kernels do not load: {error}") from error
        warnings.warn(
            f"the compiled kernels do not load ({error}); running on numpy, about ten times slower in these loops. "
            f"Reinstall hpcmix with a C++ compiler, or set {CHOICE_VARIABLE}=numpy to accept this silently",
            RuntimeWarning,
            stacklevel=3,
        )
        return reference
