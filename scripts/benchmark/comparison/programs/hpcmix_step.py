"""hpcmix through the classes that `hpcmix run` uses: build_simulation and Stepper. A unit of work is one step as
the loop takes it: its last kick is merged with the first of the next."""

from __future__ import annotations

import sys

import numpy as np

from comparison.problem import Case, problem_file
from comparison.turns import serve
from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.parallel.communicators import world
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.log import Log
from hpcmix.running.planning.memory import MemoryMeter
from hpcmix.running.simulation import build_simulation


class Steps:
    """A simulation and its stepper."""

    def __init__(self, case: Case) -> None:
        problem = parse_problem(problem_file(case))
        self._simulation = build_simulation(problem, world(), Log(speaks=False))
        self._stepper = Stepper(self._simulation.mixture, problem.timing.splitting)

    def run(self, units: int) -> None:
        """That many steps."""
        for _ in range(units):
            self._stepper.advance(self._simulation.state)

    def write_state(self, whole: np.ndarray) -> None:
        """Complete the step, and write this rank's part of the orbitals."""
        self._stepper.complete(self._simulation.state)
        block = self._simulation.mixture.grid.position_block.slices
        for component, orbitals in enumerate(self._simulation.state.orbitals):
            whole[component][block] = orbitals[0]


if __name__ == "__main__":
    meter = MemoryMeter()
    case = Case.from_json(sys.argv[1])
    dtype = np.dtype(np.complex128 if case.precision == "double" else np.complex64)
    serve(Steps(case), world(), meter, case.state_shape, dtype)
