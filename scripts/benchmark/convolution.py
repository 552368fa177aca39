#!/usr/bin/env python
"""What kernels of finite range add to a step: two components with several sets of kernels beside the same two in
contact, all in one interleaved run, on any number of ranks.

In every round each case takes some steps, in an order that rotates; a ratio is taken within each round, of the times
per step to that in contact, and its median, quartiles and smallest value over the rounds are printed. Where something
else is running the quickest steps of each case, in the last columns, say more than the medians.

    python scripts/benchmark/convolution.py [--points 128] [--rounds 15] [--single] [CASE ...]
    mpirun -n 2 python scripts/benchmark/convolution.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import abort_on_uncaught_errors
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.bench.bench import DEFAULT_PROBLEM
from hpcmix.running.log import Log
from hpcmix.running.simulation import build_simulation

PAIRS = (("up", "up"), ("down", "down"), ("up", "down"))

STEPS = 4
"""Of a case in a round."""


def yukawa(strengths: tuple[float, float, float], screenings: tuple[float, float, float]) -> str:
    """A kernel for each of the pairs."""
    return "".join(
        f'[[interaction]]\nbetween = ["{a}", "{b}"]\nkind = "yukawa"\nstrength = {strength}\nscreening = {screening}\n'
        for (a, b), strength, screening in zip(PAIRS, strengths, screenings, strict=True)
    )


CASES = {
    "contact": "",
    "three shapes": yukawa((2.0, 1.5, 1.0), (1.0, 1.5, 2.0)),
    "two shapes": yukawa((2.0, 2.0, 1.0), (1.0, 1.0, 2.0)),
    "one shape, rank two": yukawa((2.0, 1.5, 1.0), (1.0, 1.0, 1.0)),
    "one shape, rank one": yukawa((1.0, 4.0, -2.0), (1.0, 1.0, 1.0)),
}
"""Added to contact interactions: three different kernels; one within both species and another between them; kernels
that differ by a factor only, in general and for charges 1 and -2."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; contact is always there")
    parser.add_argument("--points", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--processor-time", action="store_true", help="in place of wall-clock time: one rank on a busy machine"
    )
    parser.add_argument("--single", action="store_true", help="single precision")
    options = parser.parse_args()
    abort_on_uncaught_errors(world())
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    names = ["contact", *(name for name in options.cases or CASES if name != "contact")]
    steppers = {name: stepper_of(name, options) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(options.rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            durations = steppers[name]()
            if number > 0:
                times[name].append(durations)
    if world().rank == 0:
        precision = "single" if options.single else "double"
        print(f"{options.points}^3, {world().size} rank(s), {precision} precision, {options.rounds} rounds")
        print(f"{'':22}{'ratio':>7}{'quartiles':>16}{'smallest':>10}{'quickest ms':>13}{'of contact':>12}")
        for name in names:
            ratios = [mine / contact for mine, contact in zip(times[name], times["contact"], strict=True)]
            low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
            quickest = min(times[name])
            print(
                f"{name:22}{statistics.median(ratios):7.2f}{f'{low:.2f} .. {high:.2f}':>16}{min(ratios):10.2f}"
                f"{1e3 * quickest:13.2f}{quickest / min(times['contact']):12.2f}"
            )


def stepper_of(name: str, options: argparse.Namespace) -> Callable[[], float]:
    """A function that takes some steps and returns the quickest one's seconds, of the slowest rank."""
    points, precision = [options.points] * 3, "single" if options.single else "double"
    clock = time.process_time if options.processor_time else time.perf_counter
    text = DEFAULT_PROBLEM.replace("points = [128, 128, 128]", f"points = {points}") + CASES[name]
    text += f'[parallel]\nprecision = "{precision}"\n'
    comm = world()
    simulation = build_simulation(parse_problem(text), comm, Log(speaks=False))
    stepper = Stepper(simulation.mixture, simulation.problem.timing.splitting)

    def steps() -> float:
        durations = []
        for _ in range(STEPS):
            comm.Barrier()
            begin = clock()
            stepper.advance(simulation.state)
            durations.append(clock() - begin)
        return min(max(comm.allgather(duration)) for duration in durations)

    return steps


if __name__ == "__main__":
    main()
