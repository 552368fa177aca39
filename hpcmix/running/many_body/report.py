"""The end of a run of N bodies: summary.json, the timer table, and where everything is."""

from __future__ import annotations

import resource
import time
from datetime import timedelta
from typing import Any

from hpcmix.io.documents.physics import physics_lines
from hpcmix.io.documents.summary import write_summary
from hpcmix.io.many_body.vector_checkpoint import digest_of
from hpcmix.parallel.process.together import together
from hpcmix.problem.reading.values import counted
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.many_body.checkpoints import BodiesCheckpoints
from hpcmix.running.many_body.guard import BodiesGuard
from hpcmix.running.many_body.outputs import BodiesOutputs
from hpcmix.running.many_body.setup import BodiesRun
from hpcmix.running.output.report import checkpoint_line, described, timer_table
from hpcmix.running.planning.plan_table import readable
from hpcmix.running.resuming.restart import ancestors
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop


def finish(
    run: BodiesRun,
    outputs: BodiesOutputs,
    checkpoints: BodiesCheckpoints,
    guard: BodiesGuard,
    begin: float,
    early_end: Stop | BlowUp | None,
) -> None:
    """Complete the files, write summary.json, print the timers and the last lines. Collective.

    begin      when the run began, by time.perf_counter.
    early_end  why it ended before the final time: stopped, after a checkpoint, or lost; None where it did not.
    """
    ended = described(early_end)
    outputs.close()
    wall_seconds = time.perf_counter() - begin
    summary = _summary(run, outputs, guard, wall_seconds, ended)
    with together(run.world):
        if run.is_root:
            write_summary(outputs.directory.summary, summary)
    log = run.log
    log.line()
    for line in [*physics_lines(outputs.last_record, None, run.problem.scales, run.words), *_distances(outputs)]:
        log.line(line)
    log.line()
    for line in timer_table(summary["timers"], wall_seconds):
        log.line(line)
    if checkpoints.count:
        log.line(checkpoint_line(checkpoints, summary["timers"]))
    log.line()
    log.line(_last_words(run, outputs, summary))
    if ended["status"] == "failed":
        log.keep(f"stopped: {ended['message']}")  # standard error says it when the files are closed


def _summary(
    run: BodiesRun, outputs: BodiesOutputs, guard: BodiesGuard, wall_seconds: float, ended: dict[str, Any]
) -> dict[str, Any]:
    """What has no meaning for a run is left out."""
    bodies, record = run.bodies, outputs.last_record
    peak = run.world.allgather(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    digest = digest_of(run.arrays(), run.progress, run.world)
    summary = ended | {"step": bodies.step, "time": bodies.time}
    if run.system.frame.expanding:
        summary["frame"] = run.system.frame.described(bodies.clock)
    # after a failure or a stop these are the last record's, whose step and time say so
    summary |= {key: value for key, value in record.items() if key not in ("step", "time")}
    if "message" in ended:
        summary["last_record"] = {"step": record.get("step"), "time": record.get("time")}
    if guard.unresolved:
        summary["not_resolved"] = guard.unresolved
    if run.ground_state is not None:
        summary["ground_state"] = run.ground_state
    if ended["status"] != "failed":
        summary["digest"] = digest
    if run.checkpoint is not None:
        summary["ancestors"] = list(ancestors(run.checkpoint))
    products = bodies.picture.products  # of this job
    return summary | {
        "ranks": run.world.size,
        "configurations": [len(space) for space in bodies.picture.spaces],
        "products": products,
        **({"seconds_per_product": run.stepping_seconds / products} if products else {}),
        "wall_seconds": wall_seconds,
        "timers": run.timers.over_ranks(run.world),
        "memory_peak_bytes": peak,
        **outputs.metadata.summary_factors(),
        "versions": run.provenance.all_versions(),
        "problem": resolved_dict(run.problem),
    }


def _distances(outputs: BodiesOutputs) -> list[str]:
    """How far N bodies are from their mean field at the last record."""
    columns = {name: value for name, value in outputs.last_record.items() if "(" in name or name == "Gamma"}
    if not columns:
        return []
    numbers = ", ".join(f"{name} {value:.6g}" for name, value in columns.items())
    return [f"at the last record: {numbers}"]


def _last_words(run: BodiesRun, outputs: BodiesOutputs, summary: dict[str, Any]) -> str:
    """What was done and where it is, in a sentence."""
    directory = outputs.directory.path
    took = timedelta(seconds=round(summary["wall_seconds"]))
    if summary["status"] == "stopped":
        return f"stopped by {summary['message']}: {run.place} in {took}; hpcmix restart {directory} goes on"
    verb = "done" if summary["status"] == "done" else "stopped"
    what = f"{counted(run.bodies.step, 'step')} to t = {run.words(run.time)}, {counted(summary['products'], 'product')}"
    memory = readable(max(summary["memory_peak_bytes"]))
    return (
        f"{verb}: {what} in {took}, at most {memory} per rank; "
        f"results in {directory} (hpcmix plot {directory} draws them)"
    )
