"""Numpy twins of the compiled kernels: the same functions, slower, and the yardstick that a test holds the others to.

Arguments are taken as checked by `hpcmix.kernels.arguments`. Phases and sums are formed in double precision in
either precision of the field, as the compiled kernels do. Sums run over blocks of a fixed size and thus do not depend
on threads.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4096
_NO_SPIN = 1e-290
"""Spin below which its direction is of no account."""


def rotate_phase(field: NDArray, potential: NDArray, angle: float) -> None:
    """field *= exp(-1j * angle * potential), in place."""
    _rotate(field, angle * potential.astype(np.float64))


def accumulate_density(field: NDArray, weight: float, density: NDArray) -> None:
    """density += weight * |field|^2, in place."""
    density += weight * _absolute_square(field)


def kick_contact(
    fields: Sequence[NDArray], potentials: Sequence[Sequence[NDArray]], couplings: NDArray, angle: float
) -> None:
    """field_a *= exp(-1j * angle * (sum of potentials_a + sum_b couplings[a, b] * |field_b|^2)), densities taken
    first."""
    densities = [_absolute_square(field) for field in fields]
    for field, added, row in zip(fields, potentials, couplings, strict=True):
        total = sum(added[1:], start=added[0]).astype(np.float64) if added else np.zeros(field.shape)
        for coupling, density in zip(row, densities, strict=True):
            total += coupling * density
        _rotate(field, angle * total)


def turn_spins(plus: NDArray, zero: NDArray, minus: NDArray, angle: float) -> None:
    """psi <- exp(-1j * angle * F.f) psi of spin one, F = psi^+ f psi, in place."""
    first, middle, last = (field.astype(np.complex128) for field in (plus, zero, minus))
    along = _absolute_square(first) - _absolute_square(last)
    across = first.conj() * middle + middle.conj() * last  # (F_x + i F_y) / sqrt 2
    size = np.sqrt(along**2 + 2.0 * _absolute_square(across))
    inverse = 1.0 / np.maximum(size, _NO_SPIN)
    along, across = along * inverse, across * inverse
    turned = _along_spin(along, across, (first, middle, last))
    twice = _along_spin(along, across, turned)
    sine, less = np.sin(angle * size), np.cos(angle * size) - 1.0
    for field, once, again in zip((plus, zero, minus), turned, twice, strict=True):
        field += -1j * sine * once + less * again


def _along_spin(along: NDArray, across: NDArray, psi: Sequence[NDArray]) -> tuple[NDArray, NDArray, NDArray]:
    """u.f psi with u_z and (u_x + i u_y) / sqrt 2."""
    plus, zero, minus = psi
    return (
        along * plus + across.conj() * zero,
        across * plus + across.conj() * minus,
        across * zero - along * minus,
    )


def point_function(fields: Sequence[NDArray], measures: NDArray, power: int, table: NDArray) -> list[NDArray]:
    """tau^(power/2), or (a + b)^power V(s) for both halves of the table (arguments.PointFunction)."""
    densities = [_absolute_square(field) for field in fields]
    taus = [sum(measure * density for measure, density in zip(row, densities, strict=True)) for row in measures]
    if len(table) == 0:
        return [np.sqrt(taus[0]) ** power]
    a, b = (np.sqrt(tau) for tau in taus)
    pieces, total = len(table) // 2, a + b
    place = np.divide(pieces * b, total, out=np.zeros_like(total), where=total > 0.0)
    piece = np.minimum(place.astype(np.intp), pieces - 1)
    t = place - piece - 0.5
    values = []
    for half in (table[:pieces], table[pieces:]):
        value = half[piece, -1]
        for n in range(half.shape[1] - 2, -1, -1):
            value = value * t + half[piece, n]
        values.append(total**power * value)
    return values


def multiply_separable(field: NDArray, factors: Sequence[NDArray]) -> None:
    """field[x, y, z] *= factors[0][x] * factors[1][y] * factors[2][z], in place; one to three dimensions."""
    product = np.ones((1,) * field.ndim, dtype=np.complex128)
    for factor in np.ix_(*factors):
        product = product * factor
    field *= product


def weighted_norm(field: NDArray, weights: Sequence[NDArray]) -> float:
    """Sum of (weights[0][x] + weights[1][y] + weights[2][z]) * |field[x, y, z]|^2."""
    total = np.zeros((1,) * field.ndim)
    for weight in np.ix_(*weights):
        total = total + weight
    return _sum(total * _absolute_square(field)).item()


def squared_norm(field: NDArray) -> float:
    """Sum of |field|^2."""
    return _sum(_absolute_square(field)).item()


def inner_product(left: NDArray, right: NDArray) -> complex:
    """Sum of conj(left) * right."""
    return _sum(left.conj().astype(np.complex128) * right).item()


def _rotate(field: NDArray, phase: NDArray) -> None:
    with np.errstate(invalid="ignore"):  # infinities become NaN, which the run's own check reports
        field *= np.exp(-1j * phase)


def _absolute_square(field: NDArray) -> NDArray:
    return field.real.astype(np.float64) ** 2 + field.imag.astype(np.float64) ** 2


def _sum(values: NDArray) -> NDArray:
    flat = values.ravel()
    return np.add.reduceat(flat, np.arange(0, flat.size, _BLOCK)).sum() if flat.size else flat.sum()


def fill_complex_normals(field: NDArray, seed: int, stream: int, grid: Sequence[int], start: Sequence[int]) -> None:
    """Independent complex normal numbers of unit mean square: row after row of three dimensions, by Box and Muller.

    grid   rows of a plane and elements of a row in the whole grid.
    start  the field's first point in it.
    """
    grid_rows, length = grid
    mine = slice(start[2], start[2] + field.shape[2])
    # uniform numbers, two for each normal pair; one step of the counter gives four 64-bit words
    steps_per_row = (2 * length + 3) // 4
    for plane, row in np.ndindex(*field.shape[:2]):
        number = (start[0] + plane) * grid_rows + start[1] + row
        sequence = np.random.Philox(key=np.array([seed, stream], np.uint64)).advance(number * steps_per_row)
        uniform = np.random.Generator(sequence).random(2 * length)
        radius = np.sqrt(-np.log1p(-uniform[:length]))  # |z|^2 is exponential with mean one
        field[plane, row] = (radius * np.exp(2j * np.pi * uniform[length:]))[mine]
