"""``scripts/benchmark/run``: options, the order of work, and the files."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import hpcmix
from comparison import accuracy as accuracy_module
from comparison import candidates, report
from comparison.accuracy import Accuracy
from comparison.entries import CASES
from comparison.goals import Goals, Row
from comparison.problem import FEWEST_POINTS
from comparison.rounds import Contest, available_memory
from comparison.turns import Failed
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.provenance import commit_of_checkout
from hpcmix.parallel.communicators import mpi_library
from hpcmix.running.bench.machine import describe_machine

SIZES = [64, 128, 192, 256]
QUICK_SIZES = [64]
ACCURACY = "accuracy"
MEMORY_SHARE = 0.7
"""Of the memory that is free, what a batch of candidates may use together."""


def main() -> int:
    """Measure, print the goals, write the files; 0 also when a goal is missed or a peer is not there."""
    options = _options()
    say = _say
    header = {
        "command": shlex.join(["scripts/benchmark/run", *sys.argv[1:]]),
        "started": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "version": f"hpcmix {hpcmix.__version__}, commit {(commit_of_checkout() or 'unknown')[:12]}",
        "machine": describe_machine(),
        "mpi": mpi_library(),
        "rounds": options.rounds,
        "load_before": os.getloadavg()[0],
        "missing": _missing(),
        "complete": False,
    }
    for sentence in header["missing"]:
        say(f"{sentence} (scripts/benchmark/install-peers)")
    if header["load_before"] > 0.5:
        say(f"the load is {header['load_before']:.2f}: other programs run here, and times will show it")
    contest = Contest(options.rounds, options.turn_seconds, say)
    budget = MEMORY_SHARE * available_memory()
    for points in options.sizes:
        for name in options.cases:
            if name != ACCURACY:
                say(f"{points}^3, {name}")
                contest.measure(CASES[name](points, options.ranks), budget)
                _write(header, options, contest, None)  # a long run that is stopped leaves what it has
    found = None
    if ACCURACY in options.cases:
        say(f"{options.accuracy_points}^3, {ACCURACY}")
        try:
            found = accuracy_module.measure(
                options.accuracy_points, options.errors, contest, options.longest, budget, say
            )
        except Failed as failure:
            say(f"no time to an error: {failure}")
    header["complete"] = True
    rows, paths = _write(header, options, contest, found)
    for row in rows:
        say(f"{row.measure}: {row.value.text() if row.value else row.note or 'not measured'}; goal {row.goal}")
    say(f"written: {' and '.join(map(str, paths))}")
    return 0


def _write(
    header: dict, options: argparse.Namespace, contest: Contest, found: Accuracy | None
) -> tuple[list[Row], list[Path]]:
    """Both files, from what has been measured until now; the rows of the goals and the paths."""
    header["load_after"] = os.getloadavg()[0]
    rows = Goals(contest, options.ranks, header["machine"].get("instructions", "")).rows(options.sizes, found)
    paths = []
    for suffix, text in (
        (".md", report.markdown(header, rows, contest, found)),
        (".json", report.as_json(report.results(header, rows, contest, found))),
    ):
        paths.append(options.output.with_name(options.output.name + suffix))
        write_text(paths[-1], text)
    return rows, paths


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/benchmark/run", description=report.__doc__)
    parser.description = "Measure hpcmix beside its peers in one interleaved run; write Markdown and JSON."
    names = [*CASES, ACCURACY]
    parser.add_argument("--quick", action="store_true", help="64^3 only, fewer and shorter turns: minutes")
    parser.add_argument("--sizes", type=_sizes, help=f"points per axis (default {','.join(map(str, SIZES))})")
    parser.add_argument("--cases", type=_names(names), help=f"some of {','.join(names)} (default all)")
    parser.add_argument("--ranks", type=_numbers, default=[1, 2], help="ranks (default 1,2)")
    parser.add_argument("--rounds", type=int, help="turns of every candidate (default 9, quick 5)")
    parser.add_argument("--turn-seconds", type=float, help="length of a turn (default 0.5, quick 0.2)")
    parser.add_argument(
        "--accuracy-points",
        type=lambda text: _sizes(text)[0],
        help="points per axis of the time to an error (64, quick 48)",
    )
    parser.add_argument("--errors", type=_floats, default=[1e-6, 1e-8], help="errors to reach (default 1e-6,1e-8)")
    parser.add_argument(
        "--longest", type=float, help="seconds of one evolution in the search for steps (default 60, quick 10)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("build/benchmark"), help="files without suffix (default build/benchmark)"
    )
    options = parser.parse_args()
    quick = options.quick
    options.sizes = options.sizes or (QUICK_SIZES if quick else SIZES)
    options.cases = options.cases or names
    options.rounds = options.rounds or (5 if quick else 9)
    options.turn_seconds = options.turn_seconds or (0.2 if quick else 0.5)
    options.accuracy_points = options.accuracy_points or (48 if quick else 64)
    options.longest = options.longest or (10.0 if quick else 60.0)
    return options


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if any(number < 1 for number in numbers):
        raise argparse.ArgumentTypeError("must be positive whole numbers with commas between them")
    return numbers


def _sizes(text: str) -> list[int]:
    sizes = _numbers(text)
    if min(sizes) < FEWEST_POINTS:
        raise argparse.ArgumentTypeError(f"must be at least {FEWEST_POINTS}: fewer points do not resolve the problem")
    return sizes


def _floats(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _names(known: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)} (known: {', '.join(known)})")
        return chosen

    return parse


def _missing() -> list[str]:
    """A sentence for each peer that is not there."""
    everybody = [one for one in vars(candidates).values() if isinstance(one, candidates.Candidate)]
    return [f"{one.name}: {reason}" for one in everybody if (reason := one.missing())]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped: the files hold the cases that were complete")
