"""Which study a directory holds."""

from __future__ import annotations

from pathlib import Path

from hpcmix.studies.looking.checks import CheckDirectory
from hpcmix.studies.looking.scalings import ScalingDirectory
from hpcmix.studies.looking.study_directory import StudyDirectory
from hpcmix.studies.looking.sweeps import SweepStudy

KINDS: tuple[type[StudyDirectory], ...] = (ScalingDirectory, CheckDirectory, SweepStudy)


def study_in(path: Path) -> StudyDirectory | None:
    """The study that a directory holds; None where there is none."""
    return next((kind(path) for kind in KINDS if kind.holds(path)), None)
