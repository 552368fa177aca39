#!/usr/bin/env python
"""What local functionals cost: a step of two components with contact interactions and a functional beside the same step
without, on a cube.

All steps are taken in turn, round after round, and the quickest of each counts, so that what else the machine does
falls out of the ratios. A step is one of Strang: a kick and a drift.

    python scripts/benchmark/functionals.py [--rounds 9] [--points 64] [--steps 3] [--single]
"""

from __future__ import annotations

import argparse
import time

from hpcmix.parallel.communicators import world
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.log import Log
from hpcmix.running.marching.evolution import stepper_of
from hpcmix.running.simulation import build_simulation

FUNCTIONALS = {
    "contact": "",
    "power 5/2": '[[functional]]\nkind = "power"\nspecies = ["a"]\nexponent = 2.5\nstrength = 0.1\n',
    "power 7/3": '[[functional]]\nkind = "power"\nspecies = ["a"]\nexponent = 2.3333\nstrength = 0.1\n',
    "fluctuations of two": '[[functional]]\nkind = "lee-huang-yang"\nspecies = ["a", "b"]\nimaginary = "drop"\n',
    "expression": '[[functional]]\nkind = "expression"\nspecies = ["a"]\nvalue = "0.1*a**2.5"\n',
}
FILE = """
grid = {{ points = [{0}, {0}, {0}], lengths = [20.0, 20.0, 20.0] }}
time = {{ final = 1000.0, step = 0.01, integrator = "strang" }}
parallel = {{ precision = "{1}" }}
species = [
    {{ name = "a", particles = 5.0, initial = {{ kind = "gaussian", width = 2.0 }} }},
    {{ name = "b", mass = 2.1, particles = 5.0, initial = {{ kind = "gaussian", width = 2.0 }} }},
]
interaction = [
    {{ between = ["a", "a"], kind = "contact", strength = 1.0 }},
    {{ between = ["b", "b"], kind = "contact", strength = 1.2 }},
    {{ between = ["a", "b"], kind = "contact", strength = -1.0 }},
]
"""


class Case:
    """A run whose steps are timed."""

    def __init__(self, functional: str, points: int, precision: str) -> None:
        self._problem = parse_problem(FILE.format(points, precision) + functional)
        self._simulation = build_simulation(self._problem, world(), Log(speaks=False))
        self._stepper = stepper_of(self._simulation)
        self.best = float("inf")

    def measure(self, steps: int) -> None:
        """Take some steps and keep the time of one if it is the shortest so far."""
        start = time.perf_counter()
        for _ in range(steps):
            self._stepper.advance(self._simulation.state)
        self.best = min(self.best, (time.perf_counter() - start) / steps)


def main() -> None:
    parser = argparse.ArgumentParser(description="What local functionals cost.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--points", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--single", action="store_true")
    options = parser.parse_args()
    precision = "single" if options.single else "double"
    cases = {name: Case(text, options.points, precision) for name, text in FUNCTIONALS.items()}
    for _ in range(options.rounds):
        for case in cases.values():
            case.measure(options.steps)
    for name, case in cases.items():
        print(f"{name:22} {1e3 * case.best:9.3f} ms a step, {case.best / cases['contact'].best:6.3f} of contact")


if __name__ == "__main__":
    main()
