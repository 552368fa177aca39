#!/usr/bin/env python
"""What coherent coupling costs: a step with it beside the same step without, in one, two and three dimensions.

All steps of a grid are taken in turn, round after round, and the quickest of each counts, so that what else the machine
does falls out of the ratios. A step is one of Strang: a kick and a drift. Also what the estimate of `hpcmix plan` says
beside the step that is measured, and a complex normal number of the noise. On a busy machine, --cpu-time counts the
processor's time in place of the clock's (one rank only).

    python scripts/benchmark/coupling.py [--rounds 9] [--seconds 0.2] [--grids 256,64x64] [--single] [--cpu-time]
    mpirun -n 2 python scripts/benchmark/coupling.py
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable

import numpy as np

from hpcmix.kernels.random_numbers import fill_complex_normals
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import abort_on_uncaught_errors
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.running.log import Log
from hpcmix.running.marching.evolution import stepper_of
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.simulation import build_simulation

UNCOUPLED = "none"
COUPLINGS = {
    "constant": "rabi_frequency = 2.0, detuning = 0.3, phase = 0.4",
    "modulated": 'rabi_frequency = 2.0, detuning = 0.3, factor = "1 + 0.5*sin(3*t)"',
}
CASES = [
    (2, (1.0, 1.0), UNCOUPLED),
    (2, (1.0, 1.0), "constant"),
    (2, (1.0, 1.0), "modulated"),
    (2, (1.0, 1.7), "constant"),
    (2, (1.0, 1.7), "modulated"),
    (3, (1.0, 1.0, 1.0), UNCOUPLED),
    (3, (1.0, 1.0, 1.0), "constant"),
    (3, (1.0, 1.7, 0.8), "constant"),
]


def problem_of(points: list[int], masses: tuple[float, ...], coupling: str, precision: str) -> Problem:
    """Condensates in a trap, neighbours in the row coupled."""
    names, dimensions = "abc"[: len(masses)], len(points)
    text = f"""
[grid]
points = {points}
lengths = {[0.25 * n for n in points]}
[time]
final = 10.0
step = 1e-3
integrator = "strang"
check_step = false
[parallel]
precision = "{precision}"
"""
    for name, mass in zip(names, masses, strict=True):
        text += f"""
[[species]]
name = "{name}"
mass = {mass}
potential = [{{ kind = "harmonic", frequency = {[1.0] * dimensions} }}]
initial = {{ kind = "gaussian", width = 1.2 }}
"""
    for a, first in enumerate(names):
        for second in names[a:]:
            text += f'[[interaction]]\nbetween = ["{first}", "{second}"]\nkind = "contact"\nstrength = 1.0\n'
    if coupling != UNCOUPLED:
        for first, second in itertools.pairwise(names):
            entry = COUPLINGS[coupling].replace(", ", "\n", 3)
            text += f'[[coupling]]\nbetween = ["{first}", "{second}"]\n{entry}\n'
    return parse_problem(text)


class Steps:
    """One simulation and the quickest step of it so far, in seconds of the slowest rank."""

    def __init__(
        self, points: list[int], masses: tuple[float, ...], coupling: str, precision: str, clock: Callable[[], float]
    ) -> None:
        self.clock = clock
        self.comm = world()
        self.problem = problem_of(points, masses, coupling, precision)
        self.simulation = build_simulation(self.problem, self.comm, Log(speaks=False))
        self.stepper = stepper_of(self.simulation)
        self.least = math.inf
        self.take(3)
        self.least = math.inf
        self.take(3)

    def take(self, steps: int) -> None:
        self.comm.Barrier()
        begin = self.clock()
        for _ in range(steps):
            self.stepper.advance(self.simulation.state)
        mine = (self.clock() - begin) / steps
        self.least = min(self.least, max(self.comm.allgather(mine)))

    def planned(self) -> float:
        """Seconds of a step that `hpcmix plan` expects, the least of some tries."""
        plans = [make_plan(self.problem, self.comm.size) for _ in range(5)]
        return min(plan.seconds_per_step for plan in plans if plan.seconds_per_step is not None)


def measure(points: list[int], arguments: argparse.Namespace) -> None:
    precision = "single" if arguments.single else "double"
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    cases = [Steps(points, masses, coupling, precision, clock) for _, masses, coupling in CASES]
    counts = [max(1, round(arguments.seconds / steps.least)) for steps in cases]
    for _ in range(arguments.rounds):
        for steps, count in zip(cases, counts, strict=True):
            steps.take(count)
    planned = [steps.planned() for steps in cases]
    if world().rank:
        return
    plain = {
        count: steps.least for (count, _, coupling), steps in zip(CASES, cases, strict=True) if coupling == UNCOUPLED
    }
    for (count, masses, coupling), steps, plan in zip(CASES, cases, planned, strict=True):
        ratio = steps.least / plain[count]
        grid, kind = "x".join(map(str, points)), "equal" if len(set(masses)) == 1 else "unequal"
        print(
            f"{grid:>12}  {count}  {kind:8} {coupling:10} {1e3 * steps.least:9.3f} ms  {ratio:5.2f}"
            f"  plan {1e3 * plan:9.3f} ms  {plan / steps.least:5.2f}",
            flush=True,
        )


def measure_noise() -> None:
    field = np.empty((64, 64, 128), np.complex128)
    least = math.inf
    for seed in range(7):
        begin = time.perf_counter()
        fill_complex_normals(field, seed, 0)
        least = min(least, time.perf_counter() - begin)
    print(f"noise: {1e9 * least / field.size:.1f} ns a complex number")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.2, help="of each case in a round")
    parser.add_argument("--grids", default="256,4096,64x64,256x256,64x64x64")
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--cpu-time", action="store_true")
    arguments = parser.parse_args()
    abort_on_uncaught_errors(world())
    if world().rank == 0:
        print("        grid  components, masses, coupling         step  ratio to uncoupled, and what plan says of it")
        measure_noise()
    for grid in arguments.grids.split(","):
        measure([int(n) for n in grid.split("x")], arguments)


if __name__ == "__main__":
    main()
