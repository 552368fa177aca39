"""What a look at the files of a directory finds, as an object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

from hpcmix.api.markup import table
from hpcmix.io.verify import Finding as FileCheck
from hpcmix.io.verify import verify as checks_of
from hpcmix.problem.reading.values import counted
from hpcmix.studies.looking.find import study_in


class FileChecks(Sequence[FileCheck]):
    """What :meth:`Run.verify` found: of every file its `path`, whether it is `good`, and a `text`."""

    def __init__(self, checks: Iterable[FileCheck]) -> None:
        self._checks = tuple(checks)

    @classmethod
    def of(cls, directory: Path) -> FileChecks:
        """Of a directory of a run, or of a study."""
        study = study_in(directory)
        return cls(checks_of(directory) if study is None else study.verify())

    @property
    def good(self) -> bool:
        """Whether all files are."""
        return all(check.good for check in self)

    @property
    def bad(self) -> FileChecks:
        """Those of files that are not."""
        return FileChecks(check for check in self if not check.good)

    @overload
    def __getitem__(self, index: int) -> FileCheck: ...
    @overload
    def __getitem__(self, index: slice) -> FileChecks: ...
    def __getitem__(self, index: int | slice) -> FileCheck | FileChecks:
        chosen = self._checks[index]
        return FileChecks(chosen) if isinstance(chosen, tuple) else chosen

    def __len__(self) -> int:
        return len(self._checks)

    def __str__(self) -> str:
        heading = f"{counted(len(self), 'file')}, {len(self.bad) or 'none'} of them bad"
        return "\n".join([heading, *(f"  {_word(check)}  {check.path}: {check.text}" for check in self)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return table([(_word(check), str(check.path), check.text) for check in self])


def _word(check: FileCheck) -> str:
    return "good" if check.good else "BAD"
