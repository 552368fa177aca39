"""What is wrong with what became of a case."""

from __future__ import annotations

import contextlib
import json
import math
import signal
from pathlib import Path
from typing import Any

from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import ProblemError

LARGE = 2**21
"""Values of the fields, and markers, from which a run may take longer before its first step: it has much to do."""


def judged(folder: Path, answer: dict[str, Any]) -> tuple[str, int | str | None]:
    """What is wrong with what became of a case, empty where nothing is; and how its run ended."""
    report = folder.parent / f"{folder.name}.json"
    status = json.loads(report.read_text()).get("run") if report.exists() else None
    return fault_of(folder, answer), status


def fault_of(folder: Path, answer: dict[str, Any]) -> str:
    """What is wrong with what became of a case; empty where nothing is."""
    report = folder.parent / f"{folder.name}.json"
    if answer["status"] != 0:
        number = answer["status"] & 0x7F
        if number == signal.SIGXCPU and (_is_large(folder / "case.toml") or _is_foreseen(report)):
            return ""
        what = {-1: "hung", int(signal.SIGXCPU): "computed longer than 20 s before a step"}
        key = answer["status"] if answer["status"] < 0 else number
        return what.get(key, f"was ended by signal {number}")
    if not report.exists():
        return "left no report"
    found = json.loads(report.read_text())
    said = found.get("plan said", "") + found.get("run said", "")
    if "plan" not in found or "run" not in found:
        return "ended early: " + said[-300:]
    for words in ("Traceback", "RuntimeWarning", "DeprecationWarning", "UserWarning"):
        if words in said:
            return f"{words}: " + said[-600:]
    if found["plan"] not in (0, 2) or found["run"] not in (0, 1, 2, 3, 75):
        return f"plan ended with {found['plan']}, run with {found['run']}: {said[-300:]}"
    if found["left by plan"] != ["case.toml"]:
        return f"plan left {found['left by plan']}"
    if found["run"] in (1, 2, 3) and not found["run said"].strip():
        return f"ended with {found['run']} without a word"
    if found["run"] == 1 and "hpcmix: " not in found["run said"]:
        return f"ended with 1 without a sentence: {found['run said'][-300:]}"
    left = sorted(path.name for path in folder.iterdir())
    if found["run"] == 2:
        if left != ["case.toml"]:
            return f"a refused run left {left}"
        if found["plan"] == 2 and not _is_of_sweep(found) and not found["run said"].endswith(found["plan said"]):
            return f"plan says {found['plan said'][:300]} and run says {found['run said'][:300]}"
    if "run needs a [time] section" in found["run said"]:
        return ""  # which a plan of a ground state does without
    if "has no potential that holds the cloud" in found["run said"]:
        return ""  # which is known when the cloud has been found, in its mean field
    if (found["plan"] == 2) != (found["run"] == 2) and not _is_of_sweep(found):
        return f"plan ended with {found['plan']}, run with {found['run']}: {said[-500:]}"
    if found["run"] != 2 and len(left) > 2:
        return f"wrote outside of its directory: {left}"
    return ""


def _is_foreseen(report: Path) -> bool:
    """Whether plan said that N bodies are long on the way between two looks, at which alone a run stops."""
    return report.exists() and "pass between looks, and a run is stopped" in report.read_text()


def _is_of_sweep(found: dict[str, Any]) -> bool:
    """Whether plan refuses points of a sweep, which a run, of the file's own values, does not make."""
    return ": sweep." in found["plan said"] and "[sweep] is for hpcmix sweep" in found["run said"]


def _is_large(path: Path) -> bool:
    """Whether the fields of a file have very many values, or its gases markers."""
    with contextlib.suppress(ProblemError):
        problem = load_problem(str(path))
        return math.prod(problem.grid.points) * sum(problem.orbitals) + problem.markers > LARGE
    return False
