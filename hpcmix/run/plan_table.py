"""A plan as lines of text."""

from __future__ import annotations

from datetime import timedelta

from hpcmix.problem.schema import Problem
from hpcmix.problem.well_posedness import semirelativistic_condition
from hpcmix.run.plan import Plan


def plan_lines(problem: Problem, plan: Plan, ranks: int) -> list[str]:
    """What ``hpcmix plan`` prints."""
    decomposition = plan.decomposition
    points, block = (" x ".join(map(str, numbers)) for numbers in (problem.grid.points, decomposition.block_shape))
    first, second = decomposition.pencil_grid
    count = "1 rank" if ranks == 1 else f"{ranks} ranks"
    division = f"{first} x {second}" if plan.groups == 1 else f"{plan.groups} orbital groups of {first} x {second}"
    peak, evolving = readable(plan.memory_bytes), readable(plan.evolution_bytes)
    total = readable(plan.memory_bytes * ranks)
    files = f"{plan.snapshots} snapshots of {readable(plan.snapshot_bytes)}, {plan.records} records"
    lines = [
        problem.title,
        f"grid           {points}, {len(problem.species)} species, {problem.parallel.precision} precision",
        f"decomposition  {count} as {division} pencils, up to {block} points each",
        f"memory         {peak} per rank at the peak, {evolving} while evolving; {total} in all",
        f"files          {files}; {readable(plan.disk_bytes)} in all",
    ]
    if plan.seconds_per_step is not None:
        whole = timedelta(seconds=round(plan.seconds_per_step * plan.steps))
        lines += [
            f"time           {plan.steps} steps of {plan.transforms_per_step:g} transforms, "
            f"about {plan.seconds_per_step:.3g} s each: about {whole}",
            "               (a rough estimate for this machine, a core per rank; ground state and output not counted)",
        ]
    condition = semirelativistic_condition(problem)
    return lines + (condition.lines() if condition is not None else [])


def readable(size: float) -> str:
    """A number of bytes with a decimal unit."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000.0 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000.0
    raise ValueError(size)
