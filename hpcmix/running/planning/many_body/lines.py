"""The plan of N bodies as lines of text."""

from __future__ import annotations

from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.many_body.plan import BodiesPlan
from hpcmix.running.planning.many_body.room import require_room_for_bodies, share_of_this_machine
from hpcmix.running.planning.plan_table import duration_in_words, readable

LONGEST_STRETCH = 600.0
"""Seconds from one look to the next beyond which it is said: a run stops at its looks."""


def bodies_lines(problem: Problem, ranks: int) -> list[str]:
    """What ``hpcmix plan`` prints of a problem with ``[many_body]``. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where ranks of machines like this one have no room for it."""
    plan = require_room_for_bodies(problem, ranks, share_of_this_machine(ranks))
    lines = [problem.title, *size_lines(problem, plan)]
    reduced = f"{counted(plan.reduced_files, 'file')} of reduced matrices of {readable(plan.reduced_bytes)}"
    checkpoints = f"{counted(plan.checkpoints, 'checkpoint')} of {readable(plan.checkpoint_bytes)}"
    records = counted(plan.records, "record")
    lines.append(f"files          {reduced}, {checkpoints}, {records}; {readable(plan.disk_bytes)} in all")
    stretches = "1 stretch" if plan.looks == 1 else f"{plan.looks} stretches"
    stretch = plan.seconds / plan.looks
    lines += [
        f"evolution      about {plan.products} products in {stretches} between looks",
        f"time           about {plan.seconds_per_product:.3g} s a product: about {duration_in_words(plan.seconds)}",
        "               (a rough estimate for this machine, a core per rank; set-up and output not counted)",
    ]
    if stretch > LONGEST_STRETCH:
        lines.append(
            f"note: about {duration_in_words(stretch)} pass between looks, and a run is stopped and saved at a look: "
            "ask for more records (output.observables)"
        )
    return lines


def size_lines(problem: Problem, plan: BodiesPlan) -> list[str]:
    """Grid, configurations, how ranks share them, and memory: of plans, and of the first lines of a run."""
    points = " x ".join(map(str, problem.grid.points))
    modes = " + ".join(str(_modes(problem, space.modes)) for space in plan.spaces)
    numbers = " + ".join(str(space.particles) for space in plan.spaces)
    sizes = " x ".join(str(space.count) for space in plan.spaces)
    product = f"{sizes} = {plan.total} configurations" if len(plan.spaces) > 1 else f"{sizes} configurations"
    share = f"up to {counted(plan.largest_part, 'row')} each" if plan.ranks > 1 else "all rows"
    passing = "" if plan.setup_bytes <= plan.rank_bytes else f", {readable(plan.setup_bytes)} while they are made"
    return [
        f"grid           {points}, {len(problem.species)} species, {modes} modes",
        f"bodies         {numbers}, {_picture(problem)}: {product}",
        f"decomposition  {counted(plan.ranks, 'rank')}, {share}",
        f"memory         {readable(plan.memory_bytes)} per rank at the peak: {plan.vectors} vectors of "
        f"{readable(plan.vector_bytes)} in all, tables of up to {readable(plan.table_bytes)} on every rank{passing}",
    ]


def _modes(problem: Problem, columns: int) -> int:
    return columns - (problem.bodies.state == "coherent")


def _picture(problem: Problem) -> str:
    many_body = problem.bodies
    if many_body.picture == "occupations":
        return "all of their configurations"
    outside = [many_body.outside(species.name, round(species.particles)) for species in problem.species]
    what = "fluctuations above a coherent state" if many_body.state == "coherent" else "outside their condensates"
    if any(species.kind == "fermions" for species in problem.species):
        what = "outside the orbitals of the mean field"
    return f"at most {' + '.join(map(str, outside))} {what}"
