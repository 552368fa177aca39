"""The result of ``hpcmix bench`` as tables for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from hpcmix.parallel.job.terminal import is_live
from hpcmix.running.bench.machine import machine_line
from hpcmix.running.bench.markers import marker_line
from hpcmix.running.bench.pairs import pair_line
from hpcmix.running.bench.spread import Spread
from hpcmix.running.planning.plan_table import readable


def print_bench(result: dict[str, Any]) -> None:
    """Print phases, then the summary."""
    console = Console(highlight=False, soft_wrap=True, force_terminal=is_live())
    console.print()
    console.print(phase_table(result))
    for name, value in summary_lines(result):
        console.print(f"{name:<22}{value}", markup=False)


def phase_table(result: dict[str, Any]) -> Table:
    """A row per phase of a step: milliseconds (mean over the ranks, and of the slowest rank), calls, share."""
    step = Spread(**result["seconds_per_step"])
    table = Table(title=f"one step, mean of {result['steps']}", title_justify="left")
    table.add_column("phase")
    for name in ("ms", "slowest rank", "calls", "share"):
        table.add_column(name, justify="right")
    rest = 1.0
    for name, timer in result["phases"].items():
        rest -= timer["share"]
        cells = (f"{1e3 * timer['seconds']:.3f}", f"{1e3 * timer['largest']:.3f}", f"{timer['calls']:g}")
        table.add_row(name, *cells, f"{100 * timer['share']:.1f} %")
    table.add_row("other", "", "", "", f"{100 * rest:.1f} %", end_section=True)
    table.add_row("step (median)", f"{1e3 * step.median:.3f}", "", "", "")
    return table


def summary_lines(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said below the table: name and value."""
    step = Spread(**result["seconds_per_step"])
    moved, copied = result["bytes_per_second"], result["copy_bytes_per_second"]
    memory = [size for size in result["memory_beyond_program_bytes"] if size is not None]
    ranks = result["ranks"]
    lines = [
        ("step", f"{step.scaled(1e3).text()} ms, median and quartiles of {step.count}"),
        (
            "transforms",
            f"{result['transforms_per_step']:g} pairs a step, {result['operations_per_second'] / 1e9:.3g} GF/s",
        ),
        (
            "effective bandwidth",
            f"{moved / 1e9:.3g} GB/s of the {copied / 1e9:.3g} GB/s that copying reaches, "
            f"{readable(result['bytes_per_step'])} a step",
        ),
    ]
    if result.get("pairs"):
        lines.append(("pairs", pair_line(result["pairs"])))
    if result.get("markers"):
        lines.append(("markers", marker_line(result["markers"])))
    if memory:
        fields = max(memory) / result["field_bytes"]
        lines.append(("memory", f"{readable(max(memory))} per rank beyond the program, {fields:.2f} complex fields"))
    lines += [
        ("ranks and threads", f"{ranks} {'rank' if ranks == 1 else 'ranks'}, {result['threads']} each"),
        ("machine", machine_line(result["machine"])),
        ("load", f"{result['load']:.2f}"),
    ]
    return lines
