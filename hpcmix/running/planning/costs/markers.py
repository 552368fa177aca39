"""What the markers of classical species need: how evenly ranks share them, memory, files, time. Imports no MPI."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.markers.samplers import classical_species, sampler_of
from hpcmix.kernels import markers as kernels
from hpcmix.model.markers.window import Window
from hpcmix.model.markers.windows import windows_of
from hpcmix.model.terms.marked_pairs import marked_pairs
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.markers.boxes import MarkerBoxes, bisected, count_planes, patch_of
from hpcmix.parallel.sharing.division import Division
from hpcmix.problem.schema import Problem

SAMPLE, SAMPLE_PER_RANK, LARGEST_SAMPLE = 2**16, 2**8, 2**20
"""Markers that a plan divides among boxes: of so many the largest part is known to some per cent."""

IN_A_RUN = 1.1
"""Time of a marker in a run over that of one in a small, sorted sample. Measured on 56^3 with 5 to 17 markers in a
cell: 290 ns of processor time with records and files, where the sample has 250."""

SAMPLE_TO_TIME = 2**14


@dataclass(frozen=True)
class CloudPlan:
    """The markers of one species.

    number     on all ranks.
    window     cells that a marker meets along each axis.
    tolerance  as asked for.
    imbalance  the largest number on a rank over the mean; None where f is known with the potentials only.
    patch      cells of the largest patch.
    copies     how often markers are kept: adaptive steps have those to go back to, and those that take the step by
               another way.
    """

    name: str
    number: int
    window: int
    tolerance: float
    imbalance: float | None
    patch: int
    copies: int = 1


@dataclass(frozen=True)
class MarkersPlan:
    """The markers of a run on a number of ranks.

    clouds            by species.
    dimensions        of the grid.
    ranks             that share them.
    pairs             of every interacting pair with a classical member its names, the relative error of its forces
                      between points, and which part of them has wave numbers that markers do not feel.
    seconds_per_kick  of the rank that has most.
    """

    clouds: tuple[CloudPlan, ...]
    dimensions: int
    ranks: int
    pairs: tuple[tuple[str, str, float, float], ...]
    seconds_per_kick: float

    @property
    def bytes_per_marker(self) -> int:
        """Of :func:`bytes_per_marker`."""
        return bytes_per_marker(self.dimensions)

    def per_rank(self, cloud: CloudPlan) -> int:
        """Markers of the rank that has most."""
        return math.ceil((cloud.imbalance or 1.0) * cloud.number / self.ranks)

    @property
    def rank_bytes(self) -> int:
        """Of the rank that has most."""
        return sum(
            _cloud_bytes(self.dimensions, self.per_rank(cloud), cloud.patch, cloud.copies) for cloud in self.clouds
        )

    def lines(self) -> list[str]:
        """What ``hpcmix plan`` says of them."""
        lines = []
        for cloud in self.clouds:
            lines.append(
                f'"{cloud.name}": {cloud.number} of {self.bytes_per_marker} bytes, windows of {cloud.window} cells '
                f"(tolerance {cloud.tolerance:g})"
            )
            if self.ranks > 1:
                balance = "dealt when f is found" if cloud.imbalance is None else f"{cloud.imbalance:.3f} of the mean"
                lines.append(f"  up to {self.per_rank(cloud)} on a rank, {balance}")
        for first, second, error, dropped in self.pairs:
            who = f'"{first}" and "{second}"' if first != second else f'"{first}" with itself'
            missing = f", {dropped:.2g} of them beyond the grid" if dropped > 0.01 * error else ""
            lines.append(f"error of forces between {who} {error:.2g}{missing}")
        return [f"{'' if number else 'markers':<15}{line}" for number, line in enumerate(lines)]


def plan_of_markers(problem: Problem, division: Division) -> MarkersPlan | None:
    """The markers of a problem, None where it has no classical species. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a distribution or a kernel is none."""
    if not problem.classical:
        return None
    names = [species.name for species in problem.species]
    clouds = tuple(_cloud(problem, index, division) for index in problem.classical)
    ranks = division.groups * division.decomposition.ranks
    seconds = sum(
        math.ceil((cloud.imbalance or 1.0) * cloud.number / ranks)
        * seconds_per_marker(problem.grid.dimensions, cloud.window)
        for cloud in clouds
    )
    pairs = tuple(
        (names[pair.between[0]], names[pair.between[1]], pair.error.relative, pair.error.share_dropped)
        for pair in marked_pairs(problem)
    )
    return MarkersPlan(clouds, problem.grid.dimensions, ranks, pairs, seconds)


def bytes_per_marker(dimensions: int) -> int:
    """Place, momentum, weight and index; 64 in three dimensions."""
    return 8 * (2 * dimensions + 2)


def _cloud_bytes(dimensions: int, markers: int, patch: int, copies: int) -> int:
    """Of a rank: its markers, one column of numbers while they are put in order, and its patch of the grid."""
    return (copies * bytes_per_marker(dimensions) + 8) * markers + 8 * patch


def _copies(problem: Problem) -> int:
    """How often a run keeps its markers."""
    return 3 if problem.time is not None and problem.time.adaptive is not None else 1


def even_marker_bytes(problem: Problem, division: Division) -> int:
    """Of a rank where markers are dealt evenly, without a look at how they are distributed; 0 without markers."""
    total, d = 0, problem.grid.dimensions
    for index in problem.classical:
        markers = -(-problem.species[index].number_of_markers // (division.groups * division.decomposition.ranks))
        patch = even_patch(problem, index, division.decomposition.ranks)
        total += _cloud_bytes(d, markers, patch, _copies(problem))
    return total


def even_patch(problem: Problem, index: int, ranks: int) -> int:
    """Cells of a rank's patch of one species where so many ranks share a grid evenly."""
    return _largest_patch(_even_boxes(problem.grid.points, ranks), problem, _window(problem, index))


def _largest_patch(boxes: tuple[Block, ...], problem: Problem, window: Window) -> int:
    """Cells of the largest patch that goes with some boxes."""
    return max(patch_of(box, problem.grid.points, window.width).size for box in boxes)


def marker_step_bytes(problem: Problem) -> float:
    """Bytes that markers move between memory and processor in a step, over all ranks: in every kick place and momentum
    are read and written, place and weight read once more for the density; a patch is cleared, added to, added up, and
    one is filled and read, over the cells of the grid that markers may meet."""
    d, kicks = problem.grid.dimensions, kicks_per_step(problem)
    per_marker = 8 * (4 * d + d + 1)
    markers = sum(species.number_of_markers for species in problem.species)
    return kicks * (per_marker * markers + 8 * 6 * math.prod(problem.grid.points) * len(problem.classical))


def _cloud(problem: Problem, index: int, division: Division) -> CloudPlan:
    species, window = classical_species(problem, index), _window(problem, index)
    imbalance, boxes = None, _even_boxes(problem.grid.points, division.decomposition.ranks)
    if not species.initial.made_in_the_potential:
        imbalance, boxes = _balance(problem, index, division)
    patch = _largest_patch(boxes, problem, window)
    markers = species.markers
    return CloudPlan(species.name, markers.number, window.width, markers.tolerance, imbalance, patch, _copies(problem))


def _window(problem: Problem, index: int) -> Window:
    window = windows_of(problem)[index]
    if window is None:
        raise TypeError(f'"{problem.species[index].name}" has no markers')
    return window


def _balance(problem: Problem, index: int, division: Division) -> tuple[float, tuple[Block, ...]]:
    """The largest number of markers on a rank over the mean, and the boxes, at the start: of a sample of the
    distribution, of which one group has a part like all."""
    species, ranks = classical_species(problem, index), division.decomposition.ranks
    number = min(species.markers.number, max(SAMPLE, min(LARGEST_SAMPLE, SAMPLE_PER_RANK * ranks)))
    sample = sampler_of(problem, index)(np.arange(number))
    points, table = problem.grid.points, _window(problem, index).table
    geometry = kernels.MarkerGeometry(problem.grid.lengths, points, (0,) * len(points), table)
    cells = geometry.cells(np.ascontiguousarray(sample.position))
    boxes: MarkerBoxes = bisected(points, ranks, lambda cuts, nodes: count_planes(cuts, nodes, cells))
    loads = np.bincount(boxes.owners(cells), minlength=ranks)
    return float(loads.max() * ranks / number), boxes.boxes


def _even_boxes(points: tuple[int, ...], ranks: int) -> tuple[Block, ...]:
    """A box of a cube's edges with the volume that each of so many ranks has in the mean."""
    share = ranks ** (-1.0 / len(points))
    return (Block((0,) * len(points), tuple(math.ceil(count * share) for count in points)),)


def kicks_per_step(problem: Problem) -> int:
    """Kicks of a step, of which the last is one with the next step's first; three steps in an adaptive one."""
    if problem.time is None:
        return 0
    return len(problem.time.splitting.drifts) * (1 if problem.time.adaptive is None else 3)


def checkpoint_bytes_of_markers(problem: Problem) -> int:
    """Place, momentum and weight of every marker; their order is their index."""
    return sum(8 * (2 * problem.grid.dimensions + 1) * species.number_of_markers for species in problem.species)


def marker_file_bytes(problem: Problem) -> int:
    """One marker file: place, momentum, weight and index of every n-th marker."""
    options = problem.output.markers
    if options is None:
        return 0
    numbers = (-(-species.number_of_markers // options.every_nth) for species in problem.species)
    return 8 * (2 * problem.grid.dimensions + 2) * sum(numbers)


def phase_space_bytes(problem: Problem) -> int:
    """The histograms that go with a snapshot."""
    if not problem.output.snapshots.slices:
        return 0
    return sum(8 * math.prod(histogram.bins) for histogram in problem.output.phase_space)


@functools.cache
def seconds_per_marker(dimensions: int, width: int) -> float:
    """Estimated seconds that a kick, a drift and its deposit take for a marker on this machine, measured on the spot
    with a small sorted sample, by the kernels that a run uses."""
    points, d = 4 * width, dimensions
    length, window = float(points), Window(width)
    generator = np.random.default_rng(1)
    position = generator.uniform(-0.25 * length, 0.25 * length, (SAMPLE_TO_TIME, d))
    momentum, weight = np.zeros_like(position), np.ones(SAMPLE_TO_TIME)
    geometry = kernels.MarkerGeometry((length,) * d, (points,) * d, (-width,) * d, window.table)
    shape = (points + 2 * width,) * d
    deposits, field = np.zeros(shape, np.int64), np.zeros(shape)
    index = np.arange(SAMPLE_TO_TIME)
    kernels.sort_by_tiles(position, momentum, weight, index, geometry, shape)
    durations = []
    for _ in range(5):
        begin = time.perf_counter()
        kernels.gather_kick_drift(position, momentum, geometry, field, None, 0.0, 0.0, 1.0)
        kernels.spread_fixed(position, weight, geometry, 1024.0, deposits)
        durations.append(time.perf_counter() - begin)
    return IN_A_RUN * min(durations) / SAMPLE_TO_TIME
