"""The end of a run: summary.json, the timer table, and where everything is."""

from __future__ import annotations

import resource
from datetime import timedelta
from typing import Any

from hpcmix.io.summary import write_summary
from hpcmix.parallel.together import together
from hpcmix.problem.show import resolved_dict
from hpcmix.run.outputs import Outputs
from hpcmix.run.plan_table import readable
from hpcmix.run.simulation import Simulation


def finish(simulation: Simulation, outputs: Outputs, wall_seconds: float, failure: str) -> None:
    """Complete the files, write summary.json, print the timers and the last lines. `failure` is empty for a good end.
    Collective."""
    outputs.close()
    summary = _summary(simulation, outputs, wall_seconds, failure)
    with together(simulation.communicators.world):
        if simulation.is_root:
            write_summary(outputs.directory.summary, summary)
    log = simulation.log
    log.line()
    for line in _timer_table(summary["timers"], wall_seconds):
        log.line(line)
    log.line()
    log.line(_last_words(simulation, outputs, summary))


def _summary(simulation: Simulation, outputs: Outputs, wall_seconds: float, failure: str) -> dict[str, Any]:
    """The keys of DESIGN section 4; what has no meaning for a run is left out."""
    communicators, state, record = simulation.communicators, simulation.state, outputs.last_record
    timers = simulation.timers.over_ranks(communicators.world)
    peak = communicators.world.allgather(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    summary: dict[str, Any] = {"status": "failed" if failure else "done"}
    if failure:
        summary["message"] = failure
    summary |= {"step": state.step, "time": state.time}
    # after a failure these are the last good record's, whose step and time say so
    summary |= {"energy": record.get("energy"), "species": record.get("species")}
    if failure:
        summary |= {"last_record": {"step": record.get("step"), "time": record.get("time")}}
    if simulation.ground_state is not None:
        summary["ground_state"] = simulation.ground_state.as_dict()
    summary |= {
        "ranks": communicators.size,
        "groups": communicators.groups,
        "pencil_grid": list(communicators.decomposition.pencil_grid),
    }
    if state.step:
        summary["seconds_per_step"] = simulation.stepping_seconds / state.step
    return summary | {
        "wall_seconds": wall_seconds,
        "timers": timers,
        "memory_peak_bytes": peak,
        "versions": simulation.provenance.all_versions(),
        "problem": resolved_dict(simulation.problem),
    }


def _timer_table(timers: dict[str, dict[str, float]], wall_seconds: float) -> list[str]:
    """Phases by time: the mean over the ranks, the slowest rank, calls and share of the whole."""
    lines = [f"{'phase':<14}{'seconds':>10}{'slowest':>10}{'calls':>9}{'share':>8}"]
    rest = wall_seconds
    for name, timer in sorted(timers.items(), key=lambda item: -item[1]["seconds"]):
        seconds, slowest, calls = timer["seconds"], timer["largest"], timer["calls"]
        rest -= seconds
        lines.append(f"{name:<14}{seconds:>10.2f}{slowest:>10.2f}{calls:>9}{100 * seconds / wall_seconds:>7.1f}%")
    lines.append(f"{'other':<14}{rest:>10.2f}{'':>10}{'':>9}{100 * rest / wall_seconds:>7.1f}%")
    lines.append(f"{'all':<14}{wall_seconds:>10.2f}")
    return lines


def _last_words(simulation: Simulation, outputs: Outputs, summary: dict[str, Any]) -> str:
    """What was done and where it is, in a sentence."""
    state, directory = simulation.state, outputs.directory.path
    memory = readable(max(summary["memory_peak_bytes"]))
    took = timedelta(seconds=round(summary["wall_seconds"]))
    what = (
        "ground state"
        if simulation.problem.time is None or (state.step == 0 and summary["status"] == "done")
        else f"{state.step} steps to t = {simulation.in_units(state.time)}"
    )
    verb = "done" if summary["status"] == "done" else "stopped"
    return (
        f"{verb}: {what} in {took}, at most {memory} per rank; "
        f"results in {directory} (hpcmix plot {directory} draws them)"
    )
