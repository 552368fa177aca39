"""f^ of M orthonormal orbitals, from their Wigner function (Cardenas, Miller and Pavlovic (6.2), (6.4)):

    f^(xi, eta) = (1/M) sum_j integral conj(phi_j(x + hbar eta/2)) exp(-i xi.x) phi_j(x - hbar eta/2) dx
                = (1/M) exp(i hbar xi.eta/2) sum_j integral conj(phi_j(y)) exp(-i xi.y) phi_j(y - hbar eta) dy

The shift is a phase of the orbital's spectrum, so that it is exact at any eta. An integrand has twice the bandwidth of
an orbital, and exp(-i xi.y) moves it: it is summed over a finer grid than the run's, which is chosen so that nothing is
aliased, and exp(-i xi.y) is taken at any xi. Orbitals are whole on one rank each, and cropped to the part of the box
that they fill; where that leaves no room for the shift in the box, space is added beyond it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from hpcmix.kernels.processor import fourier
from hpcmix.observe.look import Look
from hpcmix.observe.semiclassical.characteristic import Characteristic, Sheet
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.sharing.whole_fields import whole_fields
from hpcmix.parallel.transforms.transform import thread_count

NOTHING = 1e-24
"""Part of the particles that may lie beyond the crop of an axis and beyond the highest mode kept: amplitudes of 1e-12,
somewhat above what transforms round."""

AT_FACES = 1e-8
"""Part of the particles at the two outermost points of an axis up to which orbitals count as vanishing at the faces:
the space beyond them is then empty. Others, such as plane waves, come back on the other side of the box."""

CHUNK_BYTES = 1 << 24
"""Shifted orbitals that are made at a time."""


class OfOrbitals(Characteristic):
    """Of the orbitals of all ranks.

    orbitals  those that this rank holds whole, (orbitals here, *points), normalised to one; may be none.
    origin    the position of the first point; spacings: of the points.
    hbar      of the Wigner function.
    radius    largest |zeta| that will be asked for, up to a tenth: it sets the fineness of the sums.
    Collective.
    """

    def __init__(
        self,
        communicators: Communicators,
        orbitals: np.ndarray,
        origin: tuple[float, ...],
        spacings: tuple[float, ...],
        hbar: float,
        radius: float,
    ) -> None:
        self._communicators, self._hbar = communicators, hbar
        reach = 1.1 * radius
        first, points = self._crop(orbitals, [hbar * reach / h for h in spacings])
        self._axes = tuple(range(1, 1 + len(points)))
        spectra = _transformed(_window(orbitals, first, points), self._axes)
        lengths = [n * h for n, h in zip(points, spacings, strict=True)]
        modes = [np.fft.fftfreq(n, 1.0 / n).astype(np.int64) for n in points]
        kept = self._kept(spectra, modes)
        self._fine = tuple(
            fourier().good_size(int(2 * k + 1 + math.ceil(reach * length / (2.0 * math.pi))) + 1)
            for k, length in zip(kept, lengths, strict=True)
        )
        chosen = [np.flatnonzero(np.abs(m) <= k) for m, k in zip(modes, kept, strict=True)]
        self._spectra = spectra[np.ix_(np.arange(len(spectra)), *chosen)] / math.prod(points)
        numbers = [m[c] for m, c in zip(modes, chosen, strict=True)]
        self._slots = [m % n for m, n in zip(numbers, self._fine, strict=True)]
        self._wave_numbers = [2.0 * np.pi / length * m for m, length in zip(numbers, lengths, strict=True)]
        self._positions = [
            start + a * h + length / n * np.arange(n)
            for start, a, h, length, n in zip(origin, first, spacings, lengths, self._fine, strict=True)
        ]
        self._conjugate = np.concatenate(
            [np.conj(part) for _, part in self._shifted(self._spectra, np.zeros(len(points)))] or [spectra]
        )
        self._single = self._spectra.astype(np.complex64), self._conjugate.astype(np.complex64)
        count = self._sum(np.array([float(len(orbitals))]))[0]
        self._element = math.prod(length / n for length, n in zip(lengths, self._fine, strict=True)) / count

    @classmethod
    def of(cls, look: Look, species: int, radius: float) -> OfOrbitals:
        """Of a species of orbitals, in a frame at rest. Collective."""
        mixture = look.mixture
        held = len(look.state.orbitals[species])
        orbitals = whole_fields(mixture.communicators, look.orbitals(species), held)
        grid = mixture.grid
        origin = tuple(-0.5 * length for length in grid.lengths)
        return cls(mixture.communicators, orbitals, origin, grid.spacings, mixture.hbar, radius)

    # ------------------------------------------------------------ f^

    def on_sheet(self, sheet: Sheet) -> np.ndarray:
        """In single precision, at half the cost: to 1e-6, which is enough for where ascents begin."""
        spectra, conjugate = self._single
        values = np.zeros(sheet.shape, np.complex128)
        waves = [np.exp(-1j * np.outer(sheet.waves, places)) for places in self._positions]
        for index in np.ndindex(*map(len, sheet.shifts)):
            joint = [lattice[place] for lattice, place in zip(sheet.shifts, index, strict=True)]
            shift = np.array([*joint, *sheet.fixed])
            if np.sum(shift**2) > sheet.radius**2:
                continue
            product = np.zeros(self._fine, np.complex128)
            for first, part in self._shifted(spectra, shift):
                part *= conjugate[first : first + len(part)]
                product += np.sum(part, axis=0)
            phases = (np.exp(0.5j * self._hbar * sheet.waves * eta) for eta in shift)
            values[(..., *index)] = _along_axes(product, waves, phases)
        return self._sum(values) * self._element

    def with_slope(self, zeta: np.ndarray) -> tuple[complex, np.ndarray]:
        """With e = exp(i hbar xi.eta/2), p = -i hbar grad and chi_j(y) = exp(-i xi.y) phi_j(y - hbar eta):

        f^ = e <phi_j|chi_j>,    d/d xi f^ = i hbar eta f^/2 - i e <phi_j|y chi_j>,
        d/d eta f^ = -i hbar xi f^/2 - i e <p phi_j|chi_j>,    each the mean over j
        """
        dimensions = len(zeta) // 2
        xi, eta = zeta[:dimensions], zeta[dimensions:]
        factors = [np.exp(-1j * wave * places) for wave, places in zip(xi, self._positions, strict=True)]
        density = np.zeros(self._fine, np.complex128)
        spectrum = np.zeros(self._spectra.shape[1:], np.complex128)
        slots = np.ix_(*self._slots)
        for first, part in self._shifted(self._spectra, eta):
            _multiply(part, factors)
            some = slice(first, first + len(part))
            density += np.einsum("j...,j...->...", self._conjugate[some], part)
            moved = _transformed(part, self._axes)[(slice(None), *slots)]
            spectrum += np.einsum("j...,j...->...", np.conj(self._spectra[some]), moved)
        total = np.zeros(1 + 2 * dimensions, np.complex128)
        total[0] = np.sum(density)
        for axis, (places, waves) in enumerate(zip(self._positions, self._wave_numbers, strict=True)):
            total[1 + axis] = -1j * (_line(density, axis) @ places)
            total[1 + dimensions + axis] = -1j * self._hbar * (_line(spectrum, axis) @ waves)
        total = self._sum(total) * self._element * np.exp(0.5j * self._hbar * (xi @ eta))
        slope = total[1:] + 0.5j * self._hbar * total[0] * np.concatenate([eta, -xi])
        return complex(total[0]), slope

    def _shifted(self, spectra: np.ndarray, shift: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """phi_j(y - hbar shift) on the fine grid of some orbitals at a time, in the precision of their spectra, with
        the number of the first. Each array is overwritten by the next. Local."""
        kind = spectra.dtype
        together = max(1, CHUNK_BYTES // (kind.itemsize * math.prod(self._fine)))
        work = np.empty((min(together, len(spectra)), *self._fine), kind)
        factors = [np.exp(-1j * self._hbar * eta * k) for eta, k in zip(shift, self._wave_numbers, strict=True)]
        for first in range(0, len(spectra), together):
            some = spectra[first : first + together].copy()
            _multiply(some, factors)
            part = work[: len(some)]
            part[...] = 0.0
            part[(slice(None), *np.ix_(*self._slots))] = some
            yield first, _transformed(part, self._axes, back=True)

    # ------------------------------------------------------------ what is needed of the orbitals

    def _crop(self, orbitals: np.ndarray, shifts: list[float]) -> tuple[list[int], list[int]]:
        """The first point and the number of points of what holds all orbitals, and beyond it room for the largest
        shift, of which `shifts` are the points per axis: shifted orbitals do not come back on the other side. It begins
        before the box and ends after it where that has not the room and the orbitals vanish at its faces."""
        firsts, counts = [], []
        density = np.sum(np.square(np.abs(orbitals)), axis=0, dtype=np.float64)
        for axis, shift in enumerate(shifts):
            line = self._sum(np.sum(density, axis=tuple(a for a in range(density.ndim) if a != axis)))
            whole, room = len(line), math.ceil(shift)
            allowed = NOTHING * np.sum(line)
            first = int(np.searchsorted(np.cumsum(line), allowed))
            last = whole - int(np.searchsorted(np.cumsum(line[::-1]), allowed))
            wanted = last - first + room
            if wanted > whole and line[0] + line[-1] > AT_FACES * np.sum(line):
                first, wanted, room = 0, whole, 0
            start = first - room // 2
            if wanted <= whole:  # in the box where it has the room
                start = max(0, min(start, whole - wanted))
            firsts.append(start)
            counts.append(wanted)
        return firsts, counts

    def _kept(self, spectra: np.ndarray, modes: list[np.ndarray]) -> list[int]:
        """The highest mode per axis beyond which there is nothing."""
        power = np.sum(np.square(np.abs(spectra)), axis=0)
        highest = []
        for axis, numbers in enumerate(modes):
            line = self._sum(np.sum(power, axis=tuple(a for a in range(power.ndim) if a != axis)))
            by_size = np.bincount(np.abs(numbers), weights=line)
            beyond = np.cumsum(by_size[::-1])[::-1]  # of modes of this size and larger
            inside = np.flatnonzero(beyond > NOTHING * beyond[0])
            highest.append(int(inside[-1]) if len(inside) else 0)
        return highest

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return self._communicators.sum_all(values)


def _window(orbitals: np.ndarray, first: list[int], points: list[int]) -> np.ndarray:
    """So many points of each axis from the first on, in double precision; zero beyond the box."""
    window = np.zeros((len(orbitals), *points), np.complex128)
    there, here = [slice(None)], [slice(None)]
    for start, count, length in zip(first, points, orbitals.shape[1:], strict=True):
        begin, end = max(start, 0), min(start + count, length)
        there.append(slice(begin, end))
        here.append(slice(begin - start, end - start))
    window[tuple(here)] = orbitals[tuple(there)]
    return window


def _transformed(fields: np.ndarray, axes: tuple[int, ...], back: bool = False) -> np.ndarray:
    """In place. Neither way has a factor."""
    if len(fields) == 0:
        return fields
    return np.asarray(fourier().c2c(fields, axes, forward=not back, out=fields, threads=thread_count()))


def _multiply(fields: np.ndarray, factors: Iterable[np.ndarray]) -> None:
    """Multiply fields by a function of each axis, in place."""
    for axis, factor in enumerate(factors):
        line = [1] * fields.ndim
        line[axis + 1] = len(factor)
        fields *= factor.astype(fields.dtype).reshape(line)


def _along_axes(field: np.ndarray, matrices: Iterable[np.ndarray], factors: Iterable[np.ndarray]) -> np.ndarray:
    """A field after a matrix along each axis, times a function of each."""
    for axis, (matrix, factor) in enumerate(zip(matrices, factors, strict=True)):
        transformed = np.tensordot(matrix, field, axes=(1, axis))
        transformed *= factor.reshape(-1, *[1] * (field.ndim - 1))
        field = np.moveaxis(transformed, 0, axis)
    return field


def _line(field: np.ndarray, axis: int) -> np.ndarray:
    """Sums over the other axes."""
    return np.asarray(np.sum(field, axis=tuple(a for a in range(field.ndim) if a != axis)))
