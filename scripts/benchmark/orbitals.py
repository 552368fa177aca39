#!/usr/bin/env python
"""A drift and kick of 32 orbitals beside the bare Fourier pairs of libraries, on any number of ranks.

A step is one kick and one drift of a Slater determinant in a trap: every orbital is brought back from the drift before,
its density added up, its phase turned and sent towards the next drift. The libraries' pairs (forward and backward, in
place, one field after the other) are measured in the same rounds on one rank; several ranks are compared with one by
running the program twice. Medians in milliseconds.

    python scripts/benchmark/orbitals.py [--points 96] [--orbitals 32] [--rounds 9]
    mpirun -n 2 python scripts/benchmark/orbitals.py --groups 2          # whole orbitals on every rank
    mpirun -n 2 python scripts/benchmark/orbitals.py --groups 1          # every orbital on both ranks
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import ducc0
import numpy as np

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.kernels import transforms
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import abort_on_uncaught_errors
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.log import Log
from hpcmix.running.simulation import build_simulation

try:
    import pyfftw
except ImportError:
    pyfftw = None

PROBLEM = """
title = "Orbitals in a trap"
[grid]
points = [{points}, {points}, {points}]
lengths = [16.0, 16.0, 16.0]
[[species]]
name = "atoms"
kind = "fermions"
orbitals = {orbitals}
potential = [{{ kind = "harmonic", frequency = [1.0, 1.0, 1.0] }}]
initial = {{ kind = "oscillator", frequency = [1.0, 1.1, 1.2] }}
[[interaction]]
between = ["atoms", "atoms"]
kind = "contact"
strength = 0.01
[time]
final = 1.0
step = 1e-4
integrator = "strang"
[parallel]
orbital_groups = {groups}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=96)
    parser.add_argument("--orbitals", type=int, default=32)
    parser.add_argument("--groups", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    comm = world()
    abort_on_uncaught_errors(comm)
    before = peak_bytes()
    text = PROBLEM.format(points=options.points, orbitals=options.orbitals, groups=options.groups)
    simulation = build_simulation(parse_problem(text), comm, Log(speaks=False))
    stepper = Stepper(simulation.mixture, simulation.problem.timing.splitting)

    def step() -> None:
        stepper.advance(simulation.state)

    candidates: dict[str, Callable[[], None]] = {"hpcmix": step}
    if comm.size == 1:
        candidates |= bare_pairs(options.points, options.orbitals)
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(options.rounds + 1):  # the first round warms up
        for name, run in candidates.items():
            comm.Barrier()
            begin = time.perf_counter()
            run()
            comm.Barrier()
            times[name].append(1e3 * (time.perf_counter() - begin))
    step()
    field = simulation.mixture.grid.position_block.size * 16
    memory = comm.allgather((peak_bytes() - before) / field) if comm.size > 1 else []
    if comm.rank == 0:
        report(options, comm.size, {name: values[1:] for name, values in times.items()}, memory)
    simulation.free()


def bare_pairs(points: int, orbitals: int) -> dict[str, Callable[[], None]]:
    """In-place pairs of the libraries that are installed, as many as there are orbitals, on one array."""
    field = transforms.empty((points,) * 3, np.complex128)
    field[...] = 1e-3

    def ducc_pairs() -> None:
        for _ in range(orbitals):
            ducc0.fft.c2c(field, out=field)
            ducc0.fft.c2c(field, out=field, forward=False, inorm=2)

    found: dict[str, Callable[[], None]] = {"ducc0": ducc_pairs}
    if pyfftw is not None:
        array = pyfftw.empty_aligned((points,) * 3, np.complex128)
        options = {"axes": (0, 1, 2), "flags": ("FFTW_MEASURE",)}
        forward = pyfftw.FFTW(array, array, direction="FFTW_FORWARD", **options)
        backward = pyfftw.FFTW(array, array, direction="FFTW_BACKWARD", normalise_idft=True, **options)
        array[...] = 1e-3

        def fftw_pairs() -> None:
            for _ in range(orbitals):
                forward.execute()
                backward.execute()
                array[...] *= 1.0 / array.size

        found["FFTW"] = fftw_pairs
    return found


def report(options: argparse.Namespace, ranks: int, times: dict[str, list[float]], memory: list[float]) -> None:
    print(f"{options.orbitals} orbitals on {options.points}^3, {ranks} rank(s) in {options.groups} group(s)")
    for name, values in times.items():
        ratios = [ours / theirs for ours, theirs in zip(times["hpcmix"], values, strict=True)]
        lower, middle, upper = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        print(
            f"{name:8} {statistics.median(values):8.1f} ms   hpcmix / {name}: {middle:.2f} ({lower:.2f} to {upper:.2f})"
        )
    if memory:
        print(f"memory above the start, in fields of a rank: {max(memory):.1f} (orbitals {options.orbitals})")


def peak_bytes() -> int:
    """Largest resident memory of this rank so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
