"""The outcome of a scaling study as tables for people and for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from hpcmix.running.bench.spread import Spread
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.measured.outcome import Compared, Outcome, Row
from hpcmix.studies.scaling.measured.phases import PARTS
from hpcmix.studies.scaling.prediction import Prediction, words_of_missing

TEXT_WIDTH = 140
"""Columns of scaling.txt, and of standard output where that is no terminal."""


def measured_table(outcome: Outcome, weak: bool) -> Table:
    """A row for each configuration: step with its quartiles, speed-up, efficiency."""
    table = Table(
        title=f"{'weak' if weak else 'strong'} scaling, measured: medians and quartiles over the repeats",
        title_justify="left",
    )
    for name in ("ranks", "threads", "groups x pencils", *(("grid",) if weak else ()), "step, ms", "speed-up"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("efficiency, %", justify="right", no_wrap=True)
    table.add_column("repeats", justify="right", no_wrap=True)
    table.add_column("")
    for compared in outcome.measured:
        configuration, efficiency = compared.row.configuration, compared.efficiency.scaled(100.0)
        table.add_row(
            f"{configuration.ranks}",
            f"{configuration.threads}",
            _divided(compared.row.last["groups"], compared.row.last["pencil_grid"]),
            *(["x".join(map(str, configuration.points))] if weak else []),
            compared.row.step.scaled(1e3).text(),
            f"{compared.speed_up.median:.2f}",
            f"{efficiency.median:.0f} ({efficiency.lower:.0f} to {efficiency.upper:.0f})",
            f"{compared.row.step.count}",
            _note(compared, outcome),
        )
    return table


def parts_table(outcome: Outcome) -> Table:
    """A row for each configuration: milliseconds of the parts of a step."""
    table = Table(title="parts of a step, ms, medians; output comes on top of the step", title_justify="left")
    for name in ("ranks", "threads", "groups x pencils", *PARTS):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("exchange by", no_wrap=True)
    for compared in outcome.measured:
        configuration, last = compared.row.configuration, compared.row.last
        parts = [compared.row.part(name) for name in PARTS]
        table.add_row(
            f"{configuration.ranks}",
            f"{configuration.threads}",
            _divided(last["groups"], last["pencil_grid"]),
            *("not measured" if part is None else _number(1e3 * part.median) for part in parts),
            last["exchange"].replace("-", " "),
        )
    return table


def model_table(prediction: Prediction) -> Table:
    """A row for each number of ranks that the model speaks of."""
    missing = words_of_missing(prediction.predicted)
    table = Table(title="model, not measured" + (f"; {missing}" if missing else ""), title_justify="left")
    for name in ("ranks", "groups x pencils", "step, ms", "compute", "communication", "speed-up", "efficiency"):
        table.add_column(name, justify="right", no_wrap=True)
    for point in prediction.predicted:
        if point.division is None:
            continue  # left out
        low, high = 1e3 * (point.step - point.half_width), 1e3 * (point.step + point.half_width)
        above, below = ("", "") if point.whole else ("> ", "< ")
        table.add_row(
            f"{point.ranks}",
            _divided(point.division.groups, point.division.pencil_grid),
            f"{above}{_number(1e3 * point.step)} ({_number(max(0.0, low))} to {_number(high)})",
            _number(1e3 * point.compute),
            _number(1e3 * point.communication) if point.whole else "not resolved",
            f"{below}{point.speed_up:.0f}",
            f"{below}{100 * point.efficiency:.0f} %",
        )
    return table


def model_remarks(prediction: Prediction) -> list[str]:
    """What stands below the model's table."""
    left_out = [point for point in prediction.points if point.left_out]
    lines = []
    if left_out:
        ranks = ", ".join(f"{point.ranks}" for point in left_out)
        lines.append(f"left out: {ranks} ranks; for {left_out[0].ranks}: {left_out[0].left_out}")
    return lines + prediction.lines()


def remarks(outcome: Outcome, left_out: list[str]) -> list[str]:
    """What stands below the table of what was measured."""
    lines = [outcome.baseline_sentence()]
    shared = [compared.row.configuration.label for compared in outcome.measured if compared.row.oversubscribed]
    if shared:
        lines.append(
            f"oversubscribed, more ranks or threads than cores, so that the time says nothing about the program: "
            f"{'; '.join(shared)}"
        )
    machines = {compared.row.last["machine"].get("processor", "unknown") for compared in outcome.measured}
    if len(machines) > 1:
        lines.append(f"measured on several kinds of machine, which do not compare: {', '.join(sorted(machines))}")
    commits = {result.get("commit") for compared in outcome.measured for result in compared.row.results.values()}
    if len(commits) > 1:
        lines.append("measured with several versions of the program, which may not compare (commit in repeats)")
    lines += _load_remark(outcome)
    lines += [f"failed: {row.configuration.label}: {row.failed}" for row in outcome.failed]
    lines += [f"left out: {text}" for text in left_out]
    return lines


def _load_remark(outcome: Outcome) -> list[str]:
    """The load after the repeats, and whether others were at work: more than the ranks and half as many again, and one
    more for the study itself."""
    results = [result for compared in outcome.measured for result in compared.row.results.values()]
    if not results:
        return []
    loads = [result["load"] for result in results]
    line = f"load of the machine after a repeat: {min(loads):.1f} to {max(loads):.1f}"
    busy = sum(result["load"] > 1.5 * result["ranks_per_node"] * result["threads"] + 1.0 for result in results)
    if busy:
        line += (
            f"; in {busy} of {len(results)} repeats others were at work there, so that times, speed-up and efficiency "
            "are not the program's"
        )
    return [line]


def as_text(outcome: Outcome, prediction: Prediction | None, weak: bool, left_out: list[str], model_words: str) -> str:
    """All of it as plain text. `model_words`: why there is no model, where there is none."""
    page = io.StringIO()
    console = Console(file=page, width=TEXT_WIDTH, highlight=False, soft_wrap=True, color_system=None)
    print_report(console, outcome, prediction, weak, left_out, model_words)
    return page.getvalue()


def print_report(
    console: Console,
    outcome: Outcome,
    prediction: Prediction | None,
    weak: bool,
    left_out: list[str],
    model_words: str,
) -> None:
    """Tables and remarks."""
    if outcome.measured:
        console.print(measured_table(outcome, weak))
        console.print(parts_table(outcome))
    for line in remarks(outcome, left_out):
        console.print(line, markup=False)
    if prediction is None:
        console.print(f"model: {model_words}", markup=False)
        return
    console.print()
    if prediction.predicted:
        console.print(model_table(prediction))
    for line in model_remarks(prediction):
        console.print(line, markup=False)


def as_dict(
    outcome: Outcome, prediction: Prediction | None, study: dict[str, Any], left_out: list[str], model_words: str
) -> dict[str, Any]:
    """All of it for JSON, every repeat included."""
    return {
        "study": study,
        "baseline": outcome.baseline_sentence(),
        "serial_baseline": outcome.serial,
        "configurations": [_row_dict(compared) for compared in outcome.measured],
        "failed": [{"configuration": row.configuration.as_dict(), "message": row.failed} for row in outcome.failed],
        "left_out": left_out,
        "model": prediction.as_dict() if prediction is not None else {"refused": model_words},
    }


def _row_dict(compared: Compared) -> dict[str, Any]:
    row = compared.row
    return {
        "configuration": row.configuration.as_dict(),
        "groups": row.last["groups"],
        "pencil_grid": row.last["pencil_grid"],
        "exchange": row.last["exchange"],
        "oversubscribed": row.oversubscribed,
        "seconds_per_step": _spread(row.step),
        "speed_up": _spread(compared.speed_up),
        "efficiency": _spread(compared.efficiency),
        "parts": {name: _spread(row.part(name)) for name in PARTS},
        "repeats": [{"round": number, "result": result} for number, result in sorted(row.results.items())],
    }


def configurations_csv(outcome: Outcome) -> str:
    """A line for each configuration."""
    head = [*_CONFIGURATION_COLUMNS, "repeats", "oversubscribed"]
    for name in ("seconds_per_step", "speed_up", "efficiency"):
        head += [name, f"{name}_lower", f"{name}_upper"]
    head += [f"{name}_seconds" for name in PARTS]
    lines = []
    for compared in outcome.measured:
        row = compared.row
        line = [*_configuration_cells(row.configuration, row.last), row.step.count, int(row.oversubscribed)]
        for spread in (row.step, compared.speed_up, compared.efficiency):
            line += [spread.median, spread.lower, spread.upper]
        parts = [row.part(name) for name in PARTS]
        lines.append([*line, *("" if part is None else part.median for part in parts)])
    return _csv(head, lines)


def repeats_csv(rows: list[Row]) -> str:
    """A line for each repeat."""
    head = [*_CONFIGURATION_COLUMNS, "round", "steps", "seconds_per_step", *(f"{name}_seconds" for name in PARTS)]
    lines = []
    for row in rows:
        for number, parts in sorted(row.parts.items()):
            result = row.results[number]
            values = (getattr(parts, name) for name in PARTS)
            cells = ["" if value is None else value for value in values]
            lines.append(
                [*_configuration_cells(row.configuration, result), number, result["steps"], parts.step, *cells]
            )
    return _csv([*head, "load"], [[*line, load] for line, load in zip(lines, _loads(rows), strict=True)])


def _loads(rows: list[Row]) -> list[float]:
    return [row.results[number]["load"] for row in rows for number in sorted(row.results)]


_CONFIGURATION_COLUMNS = ("ranks", "threads", "groups", "pencil_grid", "points", "exchange")


def _configuration_cells(configuration: Configuration, result: Any) -> list[Any]:
    pencils, points = "x".join(map(str, result["pencil_grid"])), "x".join(map(str, configuration.points))
    return [configuration.ranks, configuration.threads, result["groups"], pencils, points, result["exchange"]]


def _csv(head: list[str], lines: list[list[Any]]) -> str:
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    return page.getvalue()


def _spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {"median": spread.median, "lower": spread.lower, "upper": spread.upper, "count": spread.count}


def _note(compared: Compared, outcome: Outcome) -> str:
    notes = ["baseline"] if compared.row is outcome.baseline else []
    return ", ".join(notes + (["oversubscribed"] if compared.row.oversubscribed else []))


def _number(value: float) -> str:
    """Three significant digits, without an exponent where that is readable."""
    return Spread(value, value, value, 1).text().split(" ")[0]


def _divided(groups: int, pencil_grid: Sequence[int]) -> str:
    return f"{groups} x {pencil_grid[0]}x{pencil_grid[1]}"
