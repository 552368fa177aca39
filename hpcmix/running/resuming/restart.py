"""Where a run goes on from: the newest checkpoint that is good, or the beginning."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hpcmix.io.checkpoints.checkpoint import read_state
from hpcmix.io.checkpoints.header import Checkpoint, read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.holdings import DirectoryInUse
from hpcmix.io.documents.atomic import OutputError, explained
from hpcmix.io.documents.plain_json import plain
from hpcmix.io.documents.summary import read_summary
from hpcmix.parallel.communicators import Communicators
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.fixed_steps import SAME_TIME, FixedSteps, Mark
from hpcmix.problem.words.show import resolved_dict
from hpcmix.problem.words.times import TimeWords
from hpcmix.running.log import Log
from hpcmix.running.resuming.changes import asked_step, compare
from hpcmix.running.schedules.schedule import has_passed, has_reached, steps_from
from hpcmix.state.cloud import Cloud
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.state import State

Content = TypeVar("Content")

MOST_ANCESTORS = 200
"""So many digests of checkpoints gone on from are kept, the newest ones."""


class NoCheckpoint(Foreseen):
    """There are checkpoints and none of them is good; the text says why of each."""

    status = ExitStatus.NO_CHECKPOINT


@dataclass
class Origin:
    """The checkpoints that a run may go on from.

    source       directory of the run that wrote them.
    target       directory of the run that goes on; the same, or a new one where the run branches off.
    candidates   those whose seal and labels are good, newest first.
    refused      sentences on the others.
    renewed      whether the physics are not the checkpoints', by consent.
    """

    source: RunDirectory
    target: RunDirectory
    candidates: list[Checkpoint]
    refused: list[str] = field(default_factory=list)
    renewed: bool = False

    @property
    def goes_on_in_place(self) -> bool:
        """Whether the run stays in its directory."""
        return self.source.path.resolve() == self.target.path.resolve()

    def load(
        self,
        clouds: list[Cloud],
        names: Sequence[str],
        communicators: Communicators,
        pairs: Fluctuations | None = None,
    ) -> State:
        """The state of the newest checkpoint whose arrays are good too, in the given clouds and pairs. Collective.
        Raises :class:`NoCheckpoint` on every rank."""
        return self.newest_good(lambda checkpoint: read_state(checkpoint, clouds, names, communicators, pairs))

    def newest_good(self, read: Callable[[Checkpoint], Content]) -> Content:
        """What `read` makes of the newest checkpoint whose arrays are good too; it is then the first candidate.
        Collective. Raises :class:`NoCheckpoint` on every rank."""
        while self.candidates:
            try:
                return read(self.candidates[0])
            except OutputError as error:
                self.refused.append(str(error))
                del self.candidates[0]
        raise self.none_good()

    def none_good(self) -> NoCheckpoint:
        """The error when no candidate is left."""
        return NoCheckpoint(
            f"no checkpoint of {self.source.path} can be gone on from: "
            + "; ".join(self.refused)
            + "; --restart never starts from the beginning"
        )

    def decision(self, problem: Problem) -> str:
        """What is gone on from, in a sentence."""
        chosen, time = self.candidates[0], problem.timing
        ranks = "1 rank" if chosen.ranks == 1 else f"{chosen.ranks} ranks"
        table, words = steps_from(time, chosen.progress), TimeWords.of_problem(problem)
        of_steps = "" if table is None else f" of {table.steps}"
        place = words.of_end(time.frame.laboratory_time(chosen.progress.time), time.final)
        text = f"going on from {chosen.path}: step {chosen.progress.step}{of_steps}, t = {place}, written by {ranks}"
        return "; ".join([text, *self.refused])

    def prepare(self) -> None:
        """Bring the target to where it was at the checkpoint: what comes after it is computed again. For the root.

        Checkpoints that were not good are set aside, not removed. Raises :class:`OutputError`.
        """
        chosen, target = self.candidates[0], self.target
        try:
            if not self.goes_on_in_place:
                target.path.mkdir(parents=True, exist_ok=True)
                with target.series.open("wb") as copy:
                    if chosen.bookmark.series_bytes:
                        with self.source.series.open("rb") as original:
                            copy.write(original.read(chosen.bookmark.series_bytes))
                return
            for step, path in target.stored_checkpoints():
                if step > chosen.progress.step:
                    path.replace(path.with_name(path.name + ".set-aside"))
            for path in target.output_beyond(chosen.bookmark.snapshots, chosen.bookmark.marker_files):
                path.unlink(missing_ok=True)
                path.with_suffix(".xdmf").unlink(missing_ok=True)
                path.with_name("series.xdmf").unlink(missing_ok=True)  # written again with the next file
            for place in (target.checkpoints, target.snapshots, target.slices, target.markers, target.reduced):
                for leftover in place.glob("*.partial"):  # of a job that was killed while it wrote
                    leftover.unlink(missing_ok=True)
            target.summary.unlink(missing_ok=True)  # it tells of a run that has ended
        except OSError as error:
            raise explained(error, target.path) from error


def find_origin(output: RunDirectory, restart: str) -> Origin | None:
    """Where the run of directory `output` goes on from; None: it starts from the beginning. For the root.

    restart  "auto": the newest checkpoint of `output`; "never"; or the path of a checkpoint or of a run's directory.
    Raises :class:`NoCheckpoint` when there are checkpoints and none is good, :class:`DirectoryInUse` when going on
    would discard later ones, :class:`ProblemError` when the path is wrong.
    """
    if restart == "never":
        return None
    if restart == "auto":
        stored = output.stored_checkpoints()
        return _judged(Origin(output, output, []), [path for _, path in stored]) if stored else None
    path = Path(restart)
    if path.is_dir():
        source = RunDirectory(path)
        stored = source.stored_checkpoints()
        if not stored:
            raise _wrong_option(restart, "there is no checkpoint in this directory")
        return _judged(Origin(source, output, []), [file for _, file in stored])
    if not path.is_file():
        raise _wrong_option(restart, "there is neither a checkpoint nor a directory of this name")
    origin = Origin(RunDirectory(path.resolve().parent.parent), output, [])
    later = [file.name for step, file in output.stored_checkpoints() if path.stem.isdigit() and step > int(path.stem)]
    if origin.goes_on_in_place and later:
        raise DirectoryInUse(
            f"{output.path} went on from {path.name} already ({', '.join(later)}), and that is kept; "
            "name another directory to branch off into with --set output.directory=..."
        )
    return _judged(origin, [path])


def common_origins(directories: Sequence[RunDirectory]) -> list[tuple[Origin, ...]]:
    """Where systems that march by one clock go on from, an origin for the directory of each: of every step that all
    have a checkpoint of, whose seal and labels are good, the newest first. For the root."""
    stored = [dict(directory.stored_checkpoints()) for directory in directories]
    origins = []
    for step in sorted(set.intersection(*map(set, stored)), reverse=True):
        with suppress(OutputError):
            headers = [read_header(files[step]) for files in stored]
            of_all = zip(directories, headers, strict=True)
            origins.append(tuple(Origin(directory, directory, [header]) for directory, header in of_all))
    return origins


def _wrong_option(restart: str, message: str) -> ProblemError:
    return ProblemError([Complaint(f"--restart {restart}", None, "", message)])


def _judged(origin: Origin, paths: Sequence[Path]) -> Origin:
    """The origin with the checkpoints sorted into candidates and refused ones."""
    length = origin.source.series.stat().st_size if origin.source.series.exists() else None
    for path in reversed(paths):
        try:
            checkpoint = read_header(path)
        except OutputError as error:
            origin.refused.append(str(error))
            continue
        recorded = checkpoint.bookmark.series_bytes
        if length is None and not origin.goes_on_in_place:
            checkpoint = replace(checkpoint, bookmark=replace(checkpoint.bookmark, series_bytes=0))
        elif (length or 0) < recorded:
            origin.refused.append(
                f"{path} was written when {origin.source.series.name} had {recorded} bytes, it has {length or 0}"
            )
            continue
        origin.candidates.append(checkpoint)
    if not origin.candidates:
        raise origin.none_good()
    return origin


def compare_physics(origin: Origin, problem: Problem, accept_changes: bool) -> list[str]:
    """The differences between the checkpoints' problem and this one, which the caller says if they are accepted.

    Raises :class:`ProblemError` with all that stand in the way, and what to do: those that nobody has accepted, and
    those with which no checkpoint of the run can be gone on from.
    """
    newest = origin.candidates[0]
    changes = compare(newest.problem, problem)
    others = list(changes.others)
    if not changes.misfits and (accept_changes or not others):
        return others
    anew = "--restart never or another output.directory starts anew"
    if changes.misfits:
        advice = f"{newest.path} cannot be gone on from with this problem; {anew}"
    else:
        advice = f"the run that is to be gone on with was another one; --accept-changes goes on all the same, {anew}"
    lines = [*changes.misfits, *([] if accept_changes else others), advice]
    raise ProblemError([Complaint(problem.file, None, "", line) for line in lines])


def choose_origin(
    output: RunDirectory, problem: Problem, restart: str, accept_changes: bool, log: Log
) -> Origin | None:
    """:func:`find_origin`, held against the problem: its physics and its final time. Says the first line of the log.
    For the root."""
    origin = find_origin(output, restart)
    if origin is None:
        began = output.holds_run() and restart != "never"
        if began and output.holds_results() and not output.was_cut_short():
            return None  # the directory is refused
        if not output.holds_run():
            output.require_free()
        left = "no more than a search for the ground state" if output.search.exists() else "nothing to go on from"
        log.line(
            f"starting from the beginning in {output.path}" + (f": a run that began here left {left}" if began else "")
        )
        return None
    changes = compare_physics(origin, problem, accept_changes)
    origin.renewed = bool(changes)
    origin.candidates = [_by_steps_of(problem, candidate) for candidate in origin.candidates]
    newest = origin.candidates[0]
    if has_passed(problem.timing, newest.progress):
        words, reached = TimeWords.of_problem(problem), problem.timing.frame.laboratory_time(newest.progress.time)
        raise problem.complain(
            "time.final",
            f"{words(problem.timing.final)} is before the time {words(reached)} that the run has reached "
            f"({newest.path}); there is nothing to compute",
        )
    _require_end_of_a_step(problem, newest)
    for line in changes:
        log.line(f"changed, and accepted: {line}")
    if changes:
        log.line("particles and energy are held against what they are now, not against the start of the run before")
    return origin


def _by_steps_of(problem: Problem, checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint as the start of steps of the problem's size, where the file that it was written with asks for
    others, or where its run ended at a time at which something switches: a longer run counts steps from there on."""
    time, progress = problem.timing, checkpoint.progress
    if time.adaptive is not None:
        return checkpoint
    near = SAME_TIME * time.end
    switching = [switch for switch in time.switching_times if abs(switch - progress.time) <= near]
    ended_there = bool(switching) and progress.step != progress.mark.step
    if not ended_there and asked_step(checkpoint.problem) in (time.step, None):
        return checkpoint
    mark = Mark(progress.step, switching[0] if ended_there else progress.time, progress.last_step)
    stretches = FixedSteps.planned(time.end, time.asked_step, time.switching_times, mark).stretches
    if not stretches:
        return checkpoint
    return replace(checkpoint, progress=replace(progress, mark=mark, step_size=stretches[0].size))


def _require_end_of_a_step(problem: Problem, newest: Checkpoint) -> None:
    """Refuse a later final time that fixed steps of the clock of an expanding frame pass over: the last step would end
    far beyond it in the laboratory, or beyond the time infinity."""
    time = problem.timing
    table = steps_from(time, newest.progress)
    if table is None or not time.frame.expanding or table.time(table.steps) <= time.end * (1.0 + 1e-12):
        return
    ends = [table.time(count) for count in (table.steps - 1, table.steps)]
    before, after = map(time.frame.laboratory_time, ends)
    raise problem.complain(
        "time.final",
        f"{time.final:g} is not the end of a step: in the expanding frame the run goes on with steps of "
        f"{newest.progress.step_size:.6g} of the clock, and they end at t = {before:.12g}"
        + (f" and {after:.12g}" if ends[1] <= time.frame.clock(math.inf) else "")
        + "; go on to such a time, or start anew with this final time (--restart never, another output.directory)",
    )


def is_complete(origin: Origin, problem: Problem) -> bool:
    """Whether the run came to its end and nothing is left to do."""
    newest = origin.candidates[0]
    if not origin.goes_on_in_place or not has_reached(problem.timing, newest.progress):
        return False
    try:
        summary = read_summary(origin.target.summary)
    except OSError:
        return False
    return summary.get("status") == "done" and summary.get("step") == newest.progress.step


def holds_ground_state(output: RunDirectory, problem: Problem) -> bool:
    """Whether the ground state of just this problem was found and written there."""
    try:
        summary = read_summary(output.summary)
    except OSError:
        return False
    if summary.get("status") != "done" or summary.get("step") != 0 or not any(output.stored_snapshots()):
        return False
    return same_problem(summary.get("problem"), problem)


def same_problem(stored: Any, problem: Problem) -> bool:
    """Whether a problem as JSON keeps it is this one, whatever it is called, wherever it is written and however ranks
    share it."""

    def content(tables: Mapping[str, Any]) -> dict[str, Any]:
        output = {key: value for key, value in tables.get("output", {}).items() if key != "directory"}
        return {key: value for key, value in tables.items() if key not in ("title", "parallel")} | {"output": output}

    return isinstance(stored, dict) and content(stored) == content(plain(resolved_dict(problem)))


def ancestors(chosen: Checkpoint) -> tuple[str, ...]:
    """Digests of the checkpoints gone on from, this one included."""
    return (*chosen.ancestors, chosen.digest)[-MOST_ANCESTORS:]
