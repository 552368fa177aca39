"""The results as Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from comparison.accuracy import Accuracy
from comparison.goals import Row
from comparison.rounds import Contest, Measurement
from hpcmix.running.bench.machine import machine_line
from hpcmix.running.planning.plan_table import readable

MISSING = "-"


def markdown(header: dict[str, Any], rows: Sequence[Row], contest: Contest, accuracy: Accuracy | None) -> str:
    """The whole page."""
    lines = [
        "# Benchmark",
        "",
        "Written by `scripts/benchmark/run`; [performance.md](performance.md) says how it measures and how to read it.",
        "",
        f"* {header['command']}",
        f"* {header['started']}, {header['version']}",
        f"* {machine_line(header['machine'])}; {header['mpi']}",
        f"* load before {header['load_before']:.2f}, after {header['load_after']:.2f}; {header['rounds']} rounds",
        "",
        "Numbers are medians, in brackets the quartiles of the rounds. A ratio is taken round by round.",
        "`difference` is the largest relative one from hpcmix's state after a few steps, or the error of a transform's",
        "round trip; who differs by more than rounding (XMDS2: by more than its scheme makes) has no time.",
        "",
    ]
    if not header["complete"]:
        lines += ["**This run is not complete, or was stopped: cases are missing below.**", ""]
    if header["missing"]:
        lines += ["Peers that are not installed here: " + "; ".join(header["missing"]) + ".", ""]
    lines += ["## Goals", "", *table(["measure", "goal", "measured", "reached"], [_goal(row) for row in rows]), ""]
    for points in dict.fromkeys(one.entry.case.points for one in _listed(contest, accuracy)):
        lines += [f"## {points}^3", "", *_size_table(points, contest, accuracy), ""]
    if accuracy is not None:
        lines += [f"## Time to an error, {accuracy.points}^3, one rank", "", *_accuracy_table(accuracy, contest), ""]
    return "\n".join(lines).rstrip() + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; bars inside cells are escaped."""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return [lines[0], "|" + " --- |" * len(head), *lines[1:]]


def _goal(row: Row) -> list[str]:
    measured = row.note or "not measured"
    if row.value is not None:
        measured = row.value.text() if row.value.count > 1 else row.value.text().split(" ")[0]
    reached = {True: "yes", False: "**no**", None: MISSING}[row.reached]
    return [row.measure, row.goal, measured, reached]


def _listed(contest: Contest, accuracy: Accuracy | None) -> list[Measurement]:
    """What the tables by size show: everything but what only the time to an error needed."""
    only = set() if accuracy is None else {one.entry.key for one in accuracy.reached if not one.entry.checked}
    return [one for one in contest.measurements.values() if one.entry.key not in only or one.difference is not None]


def _size_table(points: int, contest: Contest, accuracy: Accuracy | None) -> list[str]:
    head = ["what", "candidate", "ranks", "ms", "difference", "memory beyond the program, per rank"]
    rows = []
    for one in _listed(contest, accuracy):
        entry = one.entry
        if entry.case.points != points:
            continue
        ranks = str(entry.ranks)
        if entry.candidate.threaded:
            ranks += " thread" if entry.ranks == 1 else " threads"
        spread = one.spread
        rows.append([
            entry.what,
            entry.candidate.name,
            ranks,
            one.note or (MISSING if spread is None else spread.scaled(1e3).text()),
            MISSING if one.difference is None else f"{one.difference:.1e}",
            _memory(one.memory),
        ])  # fmt: skip
    return table(head, sorted(rows, key=lambda row: row[0] != "2 components, contact, strang"))


def _memory(size: float | None) -> str:
    return MISSING if size is None or size != size else readable(size)


def _accuracy_table(accuracy: Accuracy, contest: Contest) -> list[str]:
    rows = [
        [f"{one.target:.0e}", f"{one.entry.candidate.name}, {one.scheme}", one.how, f"{one.error:.1e}", spread.text()]
        for one, spread in accuracy.times(contest)
    ]
    lines = table(["error", "scheme", "with", "error reached", "seconds"], rows)
    return [*lines, *(f"\n{name}: {note}." for name, note in accuracy.notes.items())]


def results(header: dict[str, Any], rows: Sequence[Row], contest: Contest, accuracy: Accuracy | None) -> dict[str, Any]:
    """The same for programs, with the seconds of every round."""
    found: dict[str, Any] = {
        **header,
        "goals": [
            {
                "measure": row.measure,
                "limit": row.limit,
                "at_least": row.at_least,
                "value": None if row.value is None else asdict(row.value),
                "reached": row.reached,
                "note": row.note,
            }
            for row in rows
        ],
        "measurements": [_measurement(one) for one in contest.measurements.values()],
    }
    if accuracy is not None:
        found["accuracy"] = {
            "points": accuracy.points,
            "notes": accuracy.notes,
            "reached": [
                {
                    "candidate": one.entry.candidate.name,
                    "scheme": one.scheme,
                    "target": one.target,
                    "how": one.how,
                    "error": one.error,
                    "measured": one.measured,
                    "seconds": asdict(spread),
                }
                for one, spread in accuracy.times(contest)
            ],
        }
    return found


def _measurement(one: Measurement) -> dict[str, Any]:
    entry, spread = one.entry, one.spread
    return {
        "candidate": entry.candidate.name,
        "unit": entry.candidate.unit,
        "what": entry.what,
        "ranks": entry.ranks,
        "case": asdict(entry.case),
        "seconds": None if spread is None else asdict(spread),
        "rounds": [{"batch": batch, "round": number, "seconds": s} for (batch, number), s in one.seconds.items()],
        "difference": one.difference,
        "tolerance": entry.candidate.tolerance,
        "memory_bytes": None if one.memory is None or one.memory != one.memory else one.memory,
        "note": one.note,
    }


def as_json(found: dict[str, Any]) -> str:
    """Text of a JSON file; there is nothing in it that JSON cannot say."""
    return json.dumps(found, indent=1, allow_nan=False) + "\n"
