"""A plan as lines of text."""

from __future__ import annotations

import math
from datetime import timedelta

from hpcmix.parallel.decomposition import Decomposition
from hpcmix.problem.checks.expected.warnings import resolution_lines
from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.times import TimeWords, steps_in_words
from hpcmix.running.planning.costs.kicks import kicks_in_words
from hpcmix.running.planning.plan import Plan, make_plan
from hpcmix.running.planning.resolution.phase import expected_warnings as unresolved_phases
from hpcmix.running.planning.resolution.structures import grid_warnings
from hpcmix.running.planning.resolution.time import time_warnings


def planned_lines(problem: Problem, ranks: int) -> list[str]:
    """What ``hpcmix plan`` prints. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where the grid is too
    small for the ranks, and for a vector potential that is not finite."""
    return plan_lines(problem, make_plan(problem, ranks), ranks)


def plan_lines(problem: Problem, plan: Plan, ranks: int) -> list[str]:
    """A plan in words. Raises as :func:`planned_lines`."""
    decomposition = plan.decomposition
    points, block = (" x ".join(map(str, numbers)) for numbers in (problem.grid.points, decomposition.block_shape))
    count = "1 rank" if ranks == 1 else f"{ranks} ranks"
    division = decomposition.in_words
    if plan.groups > 1:
        division = f"{plan.groups} orbital groups of {division}"
    if plan.pairs is not None and plan.pairs.replicas > 1:
        division = f"{plan.pairs.replicas} groups of {division}"
    peak, evolving = readable(plan.memory_bytes), readable(plan.evolution_bytes)
    total = readable(plan.memory_bytes * ranks)
    lines = [
        problem.title,
        f"grid           {points}, {len(problem.species)} species, {problem.parallel.precision} precision",
        f"decomposition  {count} as {division}, up to {block} points each",
        *(f"               {note}" for note in plan.notes),
        *(plan.pairs.lines(len(problem.species)) if plan.pairs is not None else ()),
        *(plan.markers.lines() if plan.markers is not None else ()),
        f"memory         {peak} per rank at the peak, {evolving} while evolving; {total} in all",
        f"files          {_files(problem, plan)}",
    ]
    if plan.seconds_per_step is not None and plan.steps is None:
        lines += [
            f"steps          {steps_in_words(problem.timing, TimeWords.of_problem(problem))}",
            f"time           steps chosen by their error, each of {plan.transforms_per_step:g} transforms, "
            f"about {plan.seconds_per_step:.3g} s",
            "               (a rough estimate for this machine, a core per rank; rejected ones and output not counted)",
        ]
    elif plan.seconds_per_step is not None and plan.steps is not None:
        whole = duration_in_words(plan.seconds_per_step * plan.steps)
        lines += [
            f"steps          {steps_in_words(problem.timing, TimeWords.of_problem(problem))}",
            f"time           {plan.steps} steps of {plan.transforms_per_step:g} transforms, "
            f"about {plan.seconds_per_step:.3g} s each: about {whole}",
            "               (a rough estimate for this machine, a core per rank; ground state and output not counted)",
        ]
    if problem.time is not None:
        words = kicks_in_words(problem, plan.groups)
        lines += [f"{'' if number else 'kicks':<15}{line}" for number, line in enumerate(words)]
    lines += _spectrum_lines(problem, decomposition)
    lines += [f"{'' if number else 'resolution':<15}{line}" for number, line in enumerate(resolution_lines(problem))]
    condition = semirelativistic_condition(problem)
    lines += condition.lines() if condition is not None else []
    return lines + warning_lines(problem)


def warning_lines(problem: Problem) -> list[str]:
    """What a run of the problem would warn of, but for the condition of semi-relativistic species. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` for a vector potential that is not finite."""
    return [*unresolved_phases(problem), *grid_warnings(problem), *time_warnings(problem)]


def _spectrum_lines(problem: Problem, decomposition: Decomposition) -> list[str]:
    """What ``hpcmix excitations`` takes beside the ground state, where the file asks for modes."""
    section = problem.excitations
    if section is None:
        return []
    points, species = math.prod(decomposition.block_shape), len(problem.species)
    size = species * math.prod(problem.grid.points)
    written = 8 * size * 5 * section.modes
    if (matrices := section.matrix_bytes(size)) is not None:
        return [
            f"excitations    {section.modes} modes, by matrices of {2 * size}^2 complex numbers: about "
            f"{readable(matrices)} on the first rank beside the state; {readable(written)} of files"
        ]
    if section.real_fields is None:
        return []
    searching = 8 * points * species * section.real_fields
    return [
        f"excitations    {section.modes} modes, {section.rows} sought together: about {readable(searching)} per rank "
        f"beside the state, twice as much if it flows; {readable(written)} of files",
        f"               {2 * species * section.rows} transforms an iteration, of which it takes some tens",
    ]


def duration_in_words(seconds: float) -> str:
    """A duration as hours, minutes and seconds, or in years where these would say nothing."""
    years = seconds / (365.25 * 86400.0)
    return str(timedelta(seconds=round(seconds))) if years < 1000.0 else f"{years:.2g} years"


def _files(problem: Problem, plan: Plan) -> str:
    """What lies on the disk at the end."""
    if plan.snapshots is None:
        snapshots = f"snapshots of {readable(plan.snapshot_bytes)} every {problem.output.snapshots.every} steps"
    else:
        snapshots = f"{counted(plan.snapshots, 'snapshot')} of {readable(plan.snapshot_bytes)}"
    parts = [snapshots, f"{counted(plan.checkpoints, 'checkpoint')} of {readable(plan.checkpoint_bytes)}"]
    if not plan.checkpoints:
        parts.pop()
    if plan.marker_file_bytes:
        files = "marker files" if plan.marker_files is None else counted(plan.marker_files, "marker file")
        parts.append(f"{files} of {readable(plan.marker_file_bytes)}")
    every = problem.output.observables.every
    records = f"a record every {every} steps" if plan.records is None else counted(plan.records, "record")
    parts.append(f"{records} and small files of {readable(plan.other_bytes)}")
    whole = "" if plan.disk_bytes is None else f"; {readable(plan.disk_bytes)} in all"
    return ", ".join(parts) + whole


def readable(size: float) -> str:
    """A number of bytes with a decimal unit."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000.0 or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000.0
    raise ValueError(size)
