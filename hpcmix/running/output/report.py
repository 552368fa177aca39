"""The end of a run: summary.json, the timer table, and where everything is."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from hpcmix.io.checkpoints.checkpoint import digest_of
from hpcmix.io.documents.physics import physics_lines
from hpcmix.io.documents.summary import write_summary
from hpcmix.parallel.process.together import together
from hpcmix.problem.checks.expected.well_posedness import semirelativistic_condition
from hpcmix.problem.reading.values import counted
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.output.checkpoints import Checkpoints
from hpcmix.running.output.fluctuations import fluctuation_lines
from hpcmix.running.output.markers import sampling_lines
from hpcmix.running.output.outputs import Outputs
from hpcmix.running.planning.plan_table import readable
from hpcmix.running.resuming.restart import ancestors
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.requests import Stop


@dataclass(frozen=True)
class Result:
    """What else than a state a command has come to: in words for its last line, and as summary.json says it."""

    words: str
    entries: Mapping[str, Any]


def finish(
    simulation: Simulation,
    outputs: Outputs,
    checkpoints: Checkpoints | None,
    begin: float,
    early_end: Stop | BlowUp | None,
    result: Result | None = None,
) -> None:
    """Complete the files, write summary.json, print the timers and the last lines. Collective.

    checkpoints  of the run; None where it does not evolve.
    begin        when the run began, by time.perf_counter.
    early_end    why it ended before the final time: stopped, after a checkpoint, or lost; None where it did not.
    result       of a command that computes more than a state.
    """
    ended = described(early_end)
    outputs.close()
    wall_seconds = time.perf_counter() - begin
    summary = _summary(simulation, outputs, wall_seconds, ended) | dict(result.entries if result else {})
    with together(simulation.communicators.world):
        if simulation.is_root:
            write_summary(outputs.directory.summary, summary)
    log = simulation.log
    log.line()
    record, kept = outputs.last_record, outputs.conservation.as_dict() if outputs.conservation else None
    measures = MeasureWords(simulation.problem.scales)
    at = "of the ground state" if simulation.ground_state is not None and record.get("step") == 0 else ""
    for line in physics_lines(record, kept, simulation.problem.scales, simulation.words, at):
        log.line(line)
    log.line()
    for line in timer_table(summary["timers"], wall_seconds):
        log.line(line)
    if checkpoints is not None and checkpoints.count:
        log.line(checkpoint_line(checkpoints, summary["timers"]))
    if simulation.mixture.losses is not None and "lost" in outputs.last_record:
        counts = zip(simulation.mixture.losses.words, outputs.last_record["lost"], strict=True)
        log.line(f"lost: {'; '.join(f'{count:.6g} to {words}' for words, count in counts)}")
    for line in [*fluctuation_lines(simulation.problem, record), *sampling_lines(record, measures)]:
        log.line(line)
    log.line()
    log.line(_last_words(simulation, outputs, summary, result))
    if ended["status"] == "failed":
        log.keep(f"stopped: {ended['message']}")  # standard error says it when the files are closed


class Written(Protocol):
    """How many checkpoints a job has written, and of how many bytes."""

    count: int
    bytes: int


def described(early_end: Stop | BlowUp | None) -> dict[str, Any]:
    """How a run ended, the first keys of its summary."""
    match early_end:
        case None:
            return {"status": "done"}
        case Stop(reason):
            return {"status": "stopped", "message": reason}
        case BlowUp(collapse_time=None):
            return {"status": "failed", "message": str(early_end)}
        case BlowUp(collapse_time=collapse_time):
            return {"status": "failed", "message": str(early_end), "collapse_time": collapse_time}


def _summary(simulation: Simulation, outputs: Outputs, wall_seconds: float, ended: dict[str, Any]) -> dict[str, Any]:
    """The keys of ``summary.json``; what has no meaning for a run is left out."""
    communicators, state, record = simulation.communicators, simulation.state, outputs.last_record
    timers = simulation.timers.over_ranks(communicators.world)
    peak = communicators.world.allgather(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    names = [species.name for species in simulation.mixture.species]
    digest = digest_of(state, names, communicators)
    summary = ended | {"step": state.step, "time": simulation.time}
    frame = simulation.mixture.grid.frame
    if frame.expanding:
        summary["frame"] = frame.described(state.time)
    # after a failure or a stop these are the last record's, whose step and time say so
    summary |= {"energy": record.get("energy"), "species": record.get("species")}
    summary |= {key: record[key] for key in ("spin", "magnetisation") if key in record}
    if outputs.conservation is not None:
        summary["conservation"] = outputs.conservation.as_dict()
    if "lost" in record:
        summary["lost"] = record["lost"]
    if record.get("fluctuations"):
        summary["fluctuations"] = record["fluctuations"]
    if "message" in ended:
        summary |= {"last_record": {"step": record.get("step"), "time": record.get("time")}}
    condition = semirelativistic_condition(simulation.problem)
    if condition is not None:
        summary["semirelativistic_condition"] = condition.as_dict()
    if simulation.ground_state is not None:
        summary["ground_state"] = simulation.ground_state
    if ended["status"] != "failed":
        summary["digest"] = digest
    if simulation.checkpoint is not None:
        summary["ancestors"] = list(ancestors(simulation.checkpoint))
    summary |= {
        "ranks": communicators.size,
        "groups": communicators.groups * communicators.replicas,
        "pencil_grid": list(communicators.decomposition.pencil_grid),
    }
    adaptation = state.progress.adaptation
    if adaptation is not None:
        summary["adaptive_step"] = {
            "rejected": adaptation.rejected,
            "smallest": adaptation.smallest,
            "largest": adaptation.largest,
            "estimated_error": adaptation.estimate,
        }
    steps = state.step - (simulation.checkpoint.progress.step if simulation.checkpoint else 0)  # of this job
    if steps:
        summary["seconds_per_step"] = simulation.stepping_seconds / steps
    return summary | {
        "wall_seconds": wall_seconds,
        "timers": timers,
        "memory_peak_bytes": peak,
        **outputs.metadata.summary_factors(),
        "versions": simulation.provenance.all_versions(),
        "problem": resolved_dict(simulation.problem),
    }


def timer_table(timers: dict[str, dict[str, float]], wall_seconds: float) -> list[str]:
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


def checkpoint_line(checkpoints: Written, timers: dict[str, dict[str, float]]) -> str:
    """How many checkpoints were written, and how quickly (reading back not counted)."""
    seconds = timers["checkpoint"]["largest"]
    count = "1 checkpoint" if checkpoints.count == 1 else f"{checkpoints.count} checkpoints"
    rate = f", at {readable(checkpoints.bytes / seconds)}/s without reading back" if seconds > 0.0 else ""
    return f"{count} of {readable(checkpoints.bytes / checkpoints.count)}{rate}"


def _last_words(simulation: Simulation, outputs: Outputs, summary: dict[str, Any], result: Result | None) -> str:
    """What was done and where it is, in a sentence."""
    state, directory = simulation.state, outputs.directory.path
    memory = readable(max(summary["memory_peak_bytes"]))
    took = timedelta(seconds=round(summary["wall_seconds"]))
    what = (
        result.words
        if result is not None
        else "ground state"
        if simulation.problem.time is None or (state.step == 0 and summary["status"] == "done")
        else f"{counted(state.step, 'step')} to t = {simulation.words(simulation.time)}"
    )
    if summary["status"] == "stopped":
        return f"stopped by {summary['message']}: {simulation.place} in {took}; hpcmix restart {directory} goes on"
    verb = "done" if summary["status"] == "done" else "stopped"
    return (
        f"{verb}: {what} in {took}, at most {memory} per rank; "
        f"results in {directory} (hpcmix plot {directory} draws them)"
    )
