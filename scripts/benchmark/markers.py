#!/usr/bin/env python
"""What markers of a classical species cost, beside ducc0's non-uniform transforms and beside themselves.

    python scripts/benchmark/markers.py [kernels] [kick] [balance] [memory]      # all of them, one rank
    mpirun -n 2 python scripts/benchmark/markers.py ranks                               # on a quiet machine

kernels  a gather with kick and drift, a deposit, ducc0's u2nu and nu2u of one complex grid to 1e-7, on sorted markers.
kick     a whole step of a classical gas with a Gaussian kernel, and its field and forces by ducc0 and numpy.
balance  largest over mean number of markers after bisection, of a Thomas-Fermi ball in a wide box, on 4 and 8 ranks.
memory   resident bytes per marker of a run: peak of 4e6 markers less that of 2e6.
ranks    a step on all ranks against the same on one of them, and the shares of exchanges.

Times are the processor's on one rank (one thread), the best of some rounds in which all take turns, so that other load
of the machine does less harm; those of `ranks` are by the clock unless --processor-time asks for the processor's of the
slowest rank, which counts what it waits for others too. Prints a table of ratios with what is aimed at.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpcmix.kernels import markers as loops
from hpcmix.model.markers.window import Window

if TYPE_CHECKING:  # most of the measurements start no MPI
    from hpcmix.parallel.process.mpi import MPI
    from hpcmix.running.simulation import Simulation

LENGTH = 10.0
EPSILON = 1e-7
"""Of ducc0: between the errors of a window of 8 cells at small and at half the Nyquist wave number."""
STRENGTH, RANGE = 1.0, 0.7

FILE = """
[grid]
points = [{points}, {points}, {points}]
lengths = [10.0, 10.0, 10.0]

[[species]]
name = "gas"
kind = "classical"
mass = 1.0
particles = 1.0
markers = {markers}
initial = {{ kind = "gaussian", width = 2.5 }}

[[interaction]]
between = ["gas", "gas"]
kind = "gaussian"
strength = {strength}
width = {range}

[time]
step = {step}
final = {final}
integrator = "strang"

[output]
directory = "run"
observables = {{ every = 1000 }}
"""


def problem_text(points: int, markers: int, step: float = 0.001, final: float = 1.0) -> str:
    """A wide cloud, so that there are forces to be compared."""
    return FILE.format(points=points, markers=markers, step=step, final=final, strength=STRENGTH, range=RANGE)


@dataclass(frozen=True)
class Row:
    """A ratio, or a number, and the largest, or smallest, that is aimed at."""

    name: str
    value: float
    bar: float
    at_least: bool = False
    remark: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def best_of(rounds: int, work: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of the processor of each, the least of all rounds."""
    least = dict.fromkeys(work, math.inf)
    for _ in range(rounds):
        for name, call in work.items():
            begin = time.process_time()
            call()
            least[name] = min(least[name], time.process_time() - begin)
    return least


class Sample:
    """Sorted markers everywhere in the box, and a patch over the whole of it."""

    def __init__(self, points: int, count: int) -> None:
        random, window = np.random.default_rng(1), Window(8)
        margin = window.width // 2
        self.points, self.count = points, count
        self.geometry = loops.MarkerGeometry((LENGTH,) * 3, (points,) * 3, (-margin,) * 3, window.table)
        self.extents = (points + window.width,) * 3
        self.position = (random.random((count, 3)) - 0.5) * LENGTH
        self.momentum, self.weight = random.normal(size=(count, 3)), np.full(count, 1.0 / count)
        self.field, self.deposits = random.random(self.extents), np.zeros(self.extents, np.int64)
        index = np.arange(count)
        loops.sort_by_tiles(self.position, self.momentum, self.weight, index, self.geometry, self.extents)


def kernels(options: argparse.Namespace) -> list[Row]:
    """The loops themselves."""
    import ducc0

    native = loops.dispatch.implementation()
    native.set_thread_count(1)
    sample = Sample(options.points, options.markers)
    doubles, grid = np.zeros(sample.extents), (options.points,) * 3
    spectrum, values = np.ones(grid, np.complex128), np.ones(sample.count, np.complex128)
    numbers = loops._numbers(sample.geometry)
    ducc = {"coord": sample.position, "epsilon": EPSILON, "nthreads": 1, "forward": True, "periodicity": LENGTH}
    work: dict[str, Callable[[], object]] = {
        "gather, kick, drift": lambda: loops.gather_kick_drift(
            sample.position, sample.momentum, sample.geometry, sample.field, None, 1e-12, 1e-12, 1.0
        ),
        "deposit": lambda: loops.spread_fixed(
            sample.position, sample.weight, sample.geometry, 2.0**50, sample.deposits
        ),
        "deposit of doubles": lambda: native.spread_doubles(sample.position, sample.weight, *numbers, 1.0, doubles),
        "ducc0 u2nu": lambda: ducc0.nufft.u2nu(grid=spectrum, out=values, **ducc),
        "ducc0 nu2u": lambda: ducc0.nufft.nu2u(points=values, out=spectrum, **ducc),
    }
    seconds = best_of(options.rounds, work)
    for name, value in seconds.items():
        print(f"  {name:24}{1e9 * value / sample.count:8.1f} ns per marker")
    return [
        Row("gather + kick + drift / u2nu", seconds["gather, kick, drift"] / seconds["ducc0 u2nu"], 0.50),
        Row("deposit / nu2u", seconds["deposit"] / seconds["ducc0 nu2u"], 0.35),
        Row("deposit of whole numbers / of doubles", seconds["deposit"] / seconds["deposit of doubles"], 1.15),
    ]


def stepper(points: int, count: int, comm: MPI.Comm) -> tuple[Callable[[], None], Simulation]:
    """A function that takes a step of the file, and its simulation."""
    from hpcmix.evolve.stepping.stepper import Stepper
    from hpcmix.problem.files.load import parse_problem
    from hpcmix.running.log import Log
    from hpcmix.running.simulation import build_simulation

    simulation = build_simulation(parse_problem(problem_text(points, count)), comm, Log(speaks=False))
    stepping = Stepper(simulation.mixture, simulation.problem.timing.splitting)
    return partial(stepping.advance, simulation.state), simulation


class ByTransforms:
    """The same kick and drift with ducc0: modes of the density, three components of the force as two complex grids."""

    def __init__(self, points: int, position: np.ndarray, momentum: np.ndarray, weight: np.ndarray) -> None:
        self.position, self.momentum = position.copy(), momentum.copy()
        self.weight = weight.astype(np.complex128)
        k = 2.0 * np.pi * np.fft.fftfreq(points, LENGTH / points)
        self.wave_numbers = [k[:, None, None], k[None, :, None], k[None, None, :]]
        squares = sum(number**2 for number in self.wave_numbers)
        transform = STRENGTH * (2.0 * np.pi * RANGE**2) ** 1.5 * np.exp(-0.5 * RANGE**2 * squares)
        self.multiplier = transform / LENGTH**3
        self.spectrum = np.empty((points,) * 3, np.complex128)
        self.options = {"epsilon": EPSILON, "nthreads": 1, "periodicity": LENGTH, "fft_order": True}

    def forces(self) -> np.ndarray:
        """-d/dx of the mean field at every marker."""
        import ducc0

        coord, spectrum = self.position, self.spectrum
        ducc0.nufft.nu2u(points=self.weight, coord=coord, forward=True, out=spectrum, **self.options)
        spectrum *= self.multiplier
        kx, ky, kz = self.wave_numbers
        # the field is real, so that two real components are real and imaginary part of one transform
        first = ducc0.nufft.u2nu(grid=spectrum * (-1j * kx + ky), coord=coord, forward=False, **self.options)
        second = ducc0.nufft.u2nu(grid=spectrum * (-1j * kz), coord=coord, forward=False, **self.options)
        return np.stack([first.real, first.imag, second.real], axis=1)

    def step(self, duration: float = 0.001) -> None:
        """Kick, drift, wrap."""
        self.momentum += duration * self.forces()
        self.position += duration * self.momentum
        self.position -= LENGTH * np.floor(self.position / LENGTH + 0.5)


def kick(options: argparse.Namespace) -> list[Row]:
    """A step from the time loop, and the same by transforms; they must agree on the forces."""
    from hpcmix.parallel.communicators import world
    from hpcmix.state.marker_cloud import marker_cloud

    loops.dispatch.implementation().set_thread_count(1)
    advance, simulation = stepper(options.points, options.markers, world())
    advance()
    cloud = marker_cloud(simulation.state.clouds[0])
    peer = ByTransforms(options.points, cloud.position, cloud.momentum, cloud.weight)
    forces = peer.forces()
    before, index = cloud.momentum.copy(), cloud.index.copy()
    advance()
    moved = cloud.momentum - before if np.array_equal(index, cloud.index) else None
    if moved is not None:
        worst = float(np.max(np.abs(moved / 0.001 - forces)) / np.sqrt(np.mean(forces**2)))
        print(f"  forces differ by {worst:.1e} of their root mean square")
        if not worst < 1e-4:  # 1e-5 is measured: errors of 1e-7 of fields whose parts nearly cancel
            raise RuntimeError("the two do not compute the same forces")
    seconds = best_of(options.rounds, {"step": lambda: [advance() for _ in range(4)], "by transforms": peer.step})
    ours, theirs = seconds["step"] / 4, seconds["by transforms"]
    for name, value in (("step", ours), ("by transforms", theirs)):
        print(f"  {name:24}{1e9 * value / options.markers:8.1f} ns per marker")
    simulation.free()
    return [Row("a kick with its transforms / by ducc0 and numpy", ours / theirs, 0.25)]


def balance(options: argparse.Namespace) -> list[Row]:
    """Thomas-Fermi ball of radius 1.906 in a box of 10, 56^3 cells: the cloud of the card semiclassical-bounds."""
    from hpcmix.parallel.markers.boxes import bisected, count_planes

    points, random = (56,) * 3, np.random.default_rng(2)
    # six-dimensional ball: positions are the first three coordinates of a uniform one
    ball = random.normal(size=(options.markers // 4, 6))
    ball *= (random.random(len(ball)) ** (1 / 6) / np.linalg.norm(ball, axis=1))[:, None] * 1.906
    geometry = loops.MarkerGeometry((LENGTH,) * 3, points, (0, 0, 0), Window(8).table)
    cells = geometry.cells(np.ascontiguousarray(ball[:, :3]))
    rows = []
    for ranks in (4, 8):
        boxes = bisected(points, ranks, lambda cuts, nodes: count_planes(cuts, nodes, cells))
        counts = np.bincount(boxes.owners(cells), minlength=ranks)
        rows.append(Row(f"largest / mean markers on {ranks} ranks", float(counts.max() / counts.mean()), 1.05))
    return rows


def memory(options: argparse.Namespace) -> list[Row]:
    """Of the command itself, each number of markers in a process of its own."""
    peaks = []
    for count in (options.markers, 2 * options.markers):
        with tempfile.TemporaryDirectory() as place:
            Path(place, "gas.toml").write_text(problem_text(48, count, final=0.004))
            command = [str(Path(sys.executable).with_name("hpcmix")), "run", "gas.toml"]
            errors = Path(place, "errors")
            with errors.open("w") as file:
                process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=file)
                _, status, usage = os.wait4(process.pid, 0)
            if status:
                raise RuntimeError(f"{' '.join(command)} failed: {errors.read_text()}")
            peaks.append(1024 * usage.ru_maxrss)
    return [Row("resident bytes per marker", (peaks[1] - peaks[0]) / options.markers, 80.0)]


def ranks(options: argparse.Namespace) -> list[Row]:
    """Steps of the slowest rank by the clock, in turn on one rank while the others wait and on all of them."""
    from hpcmix.parallel.communicators import world
    from hpcmix.parallel.process.mpi import MPI

    comm, clock = world(), time.process_time if options.processor_time else time.perf_counter
    together, simulation = stepper(options.points, options.markers, comm)
    alone = None
    if comm.rank == 0:
        alone, _ = stepper(options.points, options.markers, MPI.COMM_SELF)
    least = [math.inf, math.inf]
    for _ in range(options.rounds + 1):
        for number, advance in enumerate((alone, together)):
            comm.Barrier()
            begin = clock()
            if advance is not None:
                for _ in range(4):
                    advance()
            elapsed = comm.allreduce(clock() - begin if advance is not None else 0.0, op=MPI.MAX)
            least[number] = min(least[number], elapsed / 4)
    timers = simulation.engine.timers
    timers.seconds.clear()
    for _ in range(20):
        together()
    phases = timers.over_ranks(comm)
    total = sum(entry["seconds"] for entry in phases.values())
    exchanges = sum(phases[name]["seconds"] for name in ("migrate", "patches") if name in phases) / total
    if comm.rank == 0:
        for name, entry in sorted(phases.items(), key=lambda item: -item[1]["seconds"])[:8]:
            print(f"  {name:24}{100 * entry['seconds'] / total:8.1f} % of a step")
    per_cell = options.markers / options.points**3
    return [
        Row(f"one rank / {comm.size} ranks", least[0] / least[1], 0.9 * comm.size, at_least=True),
        Row("share of migrate and patches", exchanges, 0.10, remark=f"{per_cell:.1f} markers per cell"),
    ]


MEASUREMENTS = {"kernels": kernels, "kick": kick, "balance": balance, "memory": memory, "ranks": ranks}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measurements", nargs="*", metavar="WHAT", help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--points", type=int, default=96)
    parser.add_argument("--markers", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processor-time", action="store_true", help="for `ranks`: where others use the machine")
    parser.add_argument("--json", type=Path, help="write the rows to a file too")
    options = parser.parse_args()
    unknown = [name for name in options.measurements if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no such measurement: {', '.join(unknown)}")
    from hpcmix.parallel.communicators import world
    from hpcmix.parallel.process.together import abort_on_uncaught_errors

    abort_on_uncaught_errors(world())
    root = world().rank == 0
    rows: list[Row] = []
    for name in options.measurements or [name for name in MEASUREMENTS if name != "ranks"]:
        if root:
            print(f"{name}: {options.markers} markers, {options.points}^3 cells", flush=True)
        for row in MEASUREMENTS[name](options):
            rows.append(row)
            if root:
                sign = ">=" if row.at_least else "<="
                verdict = "reached" if row.reached else "MISSED"
                print(f"{row.name:50}{row.value:10.3f}  {sign} {row.bar:<6g} {verdict}  {row.remark}", flush=True)
    if root and options.json:
        entries = [{"name": row.name, "value": row.value, "bar": row.bar, "reached": row.reached} for row in rows]
        options.json.write_text(json.dumps(entries, indent=2))


if __name__ == "__main__":
    main()
