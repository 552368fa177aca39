"""What a directory holds: a run, or a study of many, by the files that each leaves from its beginning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen

MARKS_OF_A_RUN = (
    "summary.json",
    "observables.jsonl",
    "checkpoints",
    "snapshots",
    "reduced",
    "run.log",
    "ground-state-search.h5",
    "excitations-search.h5",
)
"""Any of these says that a run has begun."""
_NAMED_AT_MOST = 3
_LOOKED_THROUGH = 1000
"""Entries of a directory that are looked through for runs: what is said of a mistake must not take long."""


class DirectoryInUse(Foreseen):
    """The directory holds something that a new run would overwrite; the text says what, and the ways on."""

    status = ExitStatus.NO_CHECKPOINT


@dataclass(frozen=True)
class StudyMarks:
    """How a kind of study is told from others.

    name     in words.
    command  that makes it and goes on with it.
    marks    files and directories of which any says that one has begun.
    opener   the function of Python that opens it; empty where there is none.
    """

    name: str
    command: str
    marks: tuple[str, ...]
    opener: str = ""

    def is_in(self, path: Path) -> bool:
        """Whether such a study has begun there."""
        return _any_in(path, self.marks)


CHECK = StudyMarks("a check of a claim", "hpcmix check", ("claim.json", "check.log", "tracks"), "hpcmix.open_check")
SWEEP = StudyMarks("a sweep", "hpcmix sweep", ("sweep.json", "sweep.log", "points"), "hpcmix.open_sweep")
SCALING = StudyMarks("a scaling study", "hpcmix scaling", ("study.json",))
STUDIES = (SCALING, CHECK, SWEEP)


def holds_run(path: Path) -> bool:
    """Whether a run has begun there."""
    return _any_in(path, MARKS_OF_A_RUN)


def study_held(path: Path) -> StudyMarks | None:
    """The kind of study that has begun there; None where there is none."""
    return next((study for study in STUDIES if study.is_in(path)), None)


def require_no_study(path: Path, but: StudyMarks | None = None) -> None:
    """Raise :class:`DirectoryInUse` where a directory holds a study, of another kind than `but`."""
    for study in STUDIES:
        if study is not but and study.is_in(path):
            raise DirectoryInUse(
                f"{path} holds {study.name}, which is left as it is; choose another directory with "
                "--set output.directory=..."
            )


def in_place_of_a_run(path: Path) -> str:
    """What a directory without a run holds, with the verb: a study, and the command that goes on with it; or nothing,
    the run that it lies in, or the first directories right below it that hold runs or studies; or that it is none."""
    if not path.is_dir():
        return "is a file and no directory of a run" if path.exists() else "is not there"
    if study := study_held(path):
        return f"holds {study.name}, which {study.command} goes on with"
    if holds_run(path.parent):
        return f"holds no run of hpcmix itself; it lies in that of {path.parent}"
    below = _holding_below(path)
    if not below:
        return "holds no run of hpcmix"
    named = ", ".join(map(str, below[:_NAMED_AT_MOST])) + (", ..." if len(below) > _NAMED_AT_MOST else "")
    return f"holds no run of hpcmix itself; below it there {'is' if len(below) == 1 else 'are'} {named}"


def _holding_below(path: Path) -> list[Path]:
    """Up to one directory more than are named, in the order of their names; none of a directory that may not be
    listed, or that somebody has just removed."""
    try:
        entries = sorted(islice(path.iterdir(), _LOOKED_THROUGH))
    except OSError:
        return []
    return list(islice((entry for entry in entries if holds_run(entry) or study_held(entry)), _NAMED_AT_MOST + 1))


def _any_in(path: Path, names: Sequence[str]) -> bool:
    return any((path / name).exists() for name in names)
