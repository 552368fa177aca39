"""Free-space convolutions: the transform of real fields padded with zeros to twice the grid, without doing the zeros.

A convolution that is not to feel the periodic images needs 2n points per axis, eight times the grid. But along z only
n^2 of the padded lines hold anything, so axis by axis (a real field; a line of n complex points costs one):

    z   n^2 real lines of 2n points                  about  1 n^2
    y   n (n + 1) complex lines of 2n points                2 n^2
    x   2n (n + 1) complex lines of 2n points               4 n^2

7 n^2 where the complex transform of the grid costs 3 n^2. After the lines along z one exchange makes whole (x, y)
planes of every k_z, and the rest is local: a few k_z at a time are padded and transformed along y, then a block of them
along x, multiplied, and all the way back, in cache. What is stored is the half spectrum along z alone, the size of one
complex field. Two dimensions have no y; in one every rank does the whole line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hpcmix.kernels import processor
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import part
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.exchange import Exchange, Redistribution, Shape, make_exchanges
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.transform import thread_count

Number = TypeVar("Number", int, float)

BLOCK_BYTES = 2**19
"""Size of the block of lines that is worked on at a time: half of a core's own cache. Measured from 2^16 to 2^20: 2^17
and 2^16 are 8 and 25 % slower."""

DEPTH = 8
"""Wave numbers along the last axis that go through the planes together: two cache lines of them."""

Multiply = Callable[[Sequence[np.ndarray], "Place"], None]


@dataclass(frozen=True)
class Place:
    """Where a block of padded spectra lies: all k_x, a range of k_y of the padded axis, a range of this rank's k_z.

    upper  whether the k_y are the second half of the axis, those that mirror the first.
    """

    y: slice
    z: slice
    upper: bool


def padded_length(points: int) -> int:
    """An even number of at least 2 n points that transforms well."""
    return 2 * processor.fourier().good_size(points)


class PaddedTransform:
    """Convolutions of `fields` real fields at a time with kernels that know no images.

    points         of the grid, three of them: axes that do not exist have one point, (n, 1, m) in two dimensions.
    padded         points of the padded axes.
    first, count   this rank's wave numbers along the last axis: first, first + 1, ...
    All verbs are collective over the group.
    """

    def __init__(self, resources: Resources, fields: int = 1) -> None:
        communicators = resources.communicators
        decomposition = communicators.decomposition
        self.resources = resources
        self.dtype, self.real_dtype = resources.complex_dtype, resources.real_dtype
        self.timers = resources.timers
        self._kernels = resources.kernels
        self._fourier = resources.kernels.fourier()
        self.threads = thread_count()
        self._group = communicators.group
        self._line = decomposition.dimensions == 1
        self.points = self.on_three_axes(decomposition.points, 1)
        nx, ny, nz = (1 if n == 1 else padded_length(n) for n in self.points)
        self.padded = (nx, ny, nz)
        self._half = self.padded[2] // 2 + 1
        block = decomposition.position_block(communicators.group.rank)
        self._shape = block.shape
        self._local = self.points if self._line else self.on_three_axes(block.shape, 1)
        self._slices = block.slices
        self._first_exchange: Exchange | None = None
        self._exchanges: list[Exchange] = []
        self._buffers: dict[Hashable, np.ndarray] = {}
        self._lay_out(communicators, fields)

    @staticmethod
    def on_three_axes(values: Sequence[Number], missing: Number) -> tuple[Number, Number, Number]:
        """A number per axis as (x, y, z), `missing` for those that do not exist: (z,) and (x, z) in one and two
        dimensions."""
        x, y, z = values[0], missing, values[-1]
        if len(values) < 2:
            x = missing
        elif len(values) == 3:
            y = values[1]
        return x, y, z

    def empty_position(self) -> np.ndarray:
        """An uninitialised real field of this rank."""
        return self.resources.empty(self._shape, self.real_dtype)

    @property
    def bytes_kept(self) -> int:
        """What this rank's spectra take between two convolutions."""
        arrays = [*self._planes, *([] if self._lines is self._planes[0] else [self._lines])]
        if self._first_exchange is not None:
            arrays += self._first_exchange.landings
        return sum(array.nbytes for array in arrays)

    def _lay_out(self, communicators: Communicators, fields: int) -> None:
        """Divide the wave numbers along the last axis: first over P2, then each part over P1."""
        parts = (1, 1) if self._line else communicators.decomposition.pencil_grid
        place = (0, 0) if self._line else communicators.decomposition.position_in_grid(communicators.group.rank)
        # every rank takes at least one plane, if need be one beyond the spectrum
        whole = max(self._half, parts[0] * parts[1])
        nx, ny, _ = self.points
        first, count = part(whole, parts[1], place[1])
        lines = (*self._local[:2], whole)
        columns = (self._local[0], ny, count)
        if parts[1] > 1:
            task = self._redistribution(communicators.along[1], lines, columns, 1)
            (self._first_exchange,) = make_exchanges(self.resources.exchange, [task], 1, self._group)
        more, self.count = part(count, parts[0], place[0])
        self.first = first + more
        planes = (nx, ny, self.count)
        self._task = None
        if parts[0] > 1:
            self._task = self._redistribution(communicators.along[0], columns, planes, 0)
        self._plane_shape = planes if parts[1] > 1 else lines
        self._planes: list[np.ndarray] = []
        self.make_room_for(fields)
        self._lines = self._planes[0] if parts == (1, 1) else self.resources.zeros(lines, self.dtype)

    def _redistribution(self, comm: MPI.Comm, before: Shape, after: Shape, whole_after: int) -> Redistribution:
        return Redistribution(comm, before, after, 2, whole_after, self.dtype, empty=self.resources.empty)

    def make_room_for(self, fields: int) -> None:
        """Be ready for so many fields at a time. Collective where there are more than before."""
        missing = max(0, fields - len(self._planes))
        if self._task is None:
            self._planes += [self.resources.zeros(self._plane_shape, self.dtype) for _ in range(missing)]
            return
        made = make_exchanges(self.resources.exchange, [self._task] * missing, 1, self._group)
        self._exchanges += made
        self._planes += [exchange.landings[0] for exchange in made]

    def convolve(
        self,
        densities: np.ndarray | Sequence[np.ndarray],
        inward: np.ndarray,
        potentials: Sequence[np.ndarray],
        outward: np.ndarray,
        multiply: Multiply,
    ) -> None:
        """Fill every potential with what `multiply` makes of the spectra of fields that are combined from densities:

            field_d = sum_b inward[d, b] density_b,        potential_a = sum_d outward[a, d] field_d

        multiply(spectra, place)  changes the spectra of all fields in place, block by block: arrays of shape (padded x,
                                  part of padded y, part of z); the factor 1/(number of padded points) is its to apply.
        inward, outward           real matrices whose rows have a number that is not zero.
        """
        for field, weights in enumerate(inward):
            self._forward(densities, weights, field)
        with self.timers.phase("padded planes"):
            self._through_planes(multiply, len(inward))
        begun: set[int] = set()
        for field, weights in enumerate(outward.T):
            self._backward(potentials, weights, field, begun)

    def _forward(self, densities: np.ndarray | Sequence[np.ndarray], weights: np.ndarray, field: int) -> None:
        """A combination of densities: lines along the last axis, then the exchanges to whole planes."""
        used = [int(species) for species in np.flatnonzero(weights)]
        factors, sources = [self.real_dtype.type(weights[b]) for b in used], [densities[b] for b in used]
        if self._line:
            local = np.asarray(sum(factor * source for factor, source in zip(factors, sources, strict=True)))
            factors, sources = [self.real_dtype.type(1.0)], [self._whole_line(local)]
        sources = [_view(source) for source in sources]
        target = self._lines_of(field)
        with self.timers.phase("transform"):
            for rows, padded in self._line_blocks():
                line = padded[..., : self.points[2]]
                np.multiply(sources[0][rows], factors[0], out=line)
                for factor, density in zip(factors[1:], sources[1:], strict=True):
                    line += factor * density[rows]
                padded[..., self.points[2] :] = 0
                self._fourier.r2c(padded, 2, out=target[rows][..., : self._half], threads=self.threads)
        source = target
        with self.timers.phase("exchange"):
            if self._first_exchange is not None:
                source = self._first_exchange.forward([source])[0]
            if self._exchanges:
                self._exchanges[field].forward([source])
            elif self._first_exchange is not None:
                np.copyto(self._planes[field], source)

    def _backward(self, potentials: Sequence[np.ndarray], weights: np.ndarray, field: int, begun: set[int]) -> None:
        """The way back of :meth:`_forward`; adds to the potentials that are `begun`, which are kept there."""
        target = self._lines_of(field)
        with self.timers.phase("exchange"):
            columns = target if self._first_exchange is None else self._first_exchange.landings[0]
            if self._exchanges:
                self._exchanges[field].backward([columns])
            elif self._first_exchange is not None:
                np.copyto(columns, self._planes[field])
            if self._first_exchange is not None:
                self._first_exchange.backward([target])
        felt = [int(a) for a in np.flatnonzero(weights)]
        with self.timers.phase("transform"):
            for rows, padded in self._line_blocks():
                spectra = target[rows][..., : self._half]
                self._fourier.c2r(spectra, 2, self.padded[2], out=padded, threads=self.threads)
                line = padded[..., : self.points[2]]
                if self._line:
                    line = line[..., self._slices[0]]
                for a in felt:
                    factor, place = self.real_dtype.type(weights[a]), _view(potentials[a])[rows]
                    if a in begun:
                        place += factor * line
                    else:
                        np.multiply(line, factor, out=place)
        begun.update(felt)

    def _lines_of(self, field: int) -> np.ndarray:
        """Where the lines along the last axis are transformed: the planes themselves where nothing is exchanged."""
        return self._planes[field] if self._lines is self._planes[0] else self._lines

    def _line_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Some x at a time with an array for their padded lines."""
        row = self._local[1] * self.padded[2] * self.real_dtype.itemsize
        step = max(1, self.threads * BLOCK_BYTES // row)
        shape = (min(step, self._local[0]), self._local[1], self.padded[2])
        buffer = self.resources.empty(shape, self.real_dtype)
        for first in range(0, self._local[0], step):
            last = min(first + step, self._local[0])
            yield slice(first, last), buffer[: last - first]

    def _through_planes(self, multiply: Multiply, fields: int) -> None:
        nx, ny, _ = self.points
        mx, my, _ = self.padded
        depth = max(1, min(DEPTH, self.count))
        width = max(1, self.threads * BLOCK_BYTES // (mx * depth * self.dtype.itemsize))
        filled = max(0, min(self.count, self._half - self.first))
        for first in range(0, filled, depth):
            z = slice(first, min(first + depth, filled))
            columns = []
            for field, planes in enumerate(self._planes[:fields]):
                column = self._buffer(("column", field), (nx, my, z.stop - z.start))
                column[:, :ny] = planes[:, :, z]
                column[:, ny:] = 0
                columns.append(self._along(column, 1, True))
            for y, upper in _halves(my, width):
                spectra = []
                for field, column in enumerate(columns):
                    block = self._buffer(("block", field), (mx, y.stop - y.start, z.stop - z.start))
                    block[:nx] = column[:, y]
                    block[nx:] = 0
                    spectra.append(self._along(block, 0, True))
                multiply(spectra, Place(y, z, upper))
                for column, block in zip(columns, spectra, strict=True):
                    column[:, y] = self._along(block, 0, False)[:nx]
            for planes, column in zip(self._planes[:fields], columns, strict=True):
                planes[:, :, z] = self._along(column, 1, False)[:, :ny]

    def _along(self, array: np.ndarray, axis: int, forward: bool) -> np.ndarray:
        """Transform along one axis, in place; an axis of one point needs nothing."""
        if array.shape[axis] > 1:
            self._kernels.transform_lines(array, axis, forward)
        return array

    def _buffer(self, name: Hashable, shape: tuple[int, ...]) -> np.ndarray:
        """An uninitialised work array; the memory of one name is used again, and grows when it has to."""
        size = math.prod(shape)
        if name not in self._buffers or self._buffers[name].size < size:
            self._buffers[name] = self.resources.empty((size,), self.dtype)
        return self._buffers[name][:size].reshape(shape)

    def _whole_line(self, mine: np.ndarray) -> np.ndarray:
        """The density of a one-dimensional grid, gathered on every rank."""
        if self._group.size == 1:
            return mine
        line = self.resources.empty((self.points[2],), self.real_dtype)
        counts = [part(self.points[2], self._group.size, rank)[1] for rank in range(self._group.size)]
        with self.timers.phase("exchange"):
            self._group.Allgatherv(np.ascontiguousarray(mine), [line, counts])
        return line

    def free(self) -> None:
        """Give MPI resources back (collective)."""
        self._planes.clear()
        for exchange in (*self._exchanges, self._first_exchange):
            if exchange is not None:
                exchange.free()


def _view(field: np.ndarray) -> np.ndarray:
    """A field of any dimensions with the three axes of :meth:`PaddedTransform.on_three_axes`."""
    return {1: lambda: field[np.newaxis, np.newaxis], 2: lambda: field[:, np.newaxis], 3: lambda: field}[field.ndim]()


def _halves(length: int, width: int) -> Iterator[tuple[slice, bool]]:
    """Blocks of an axis that do not reach across its middle: (block, whether it lies in the mirrored half)."""
    middle = length // 2 + 1
    for begin, end in ((0, middle), (middle, length)):
        for first in range(begin, end, width):
            yield slice(first, min(first + width, end)), begin > 0
