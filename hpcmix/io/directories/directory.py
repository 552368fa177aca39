"""The directory of a run: the names of everything in it, and who may use it."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpcmix.io.directories.holdings import MARKS_OF_A_RUN, DirectoryInUse, holds_run, require_no_study
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.summary import read_summary
from hpcmix.problem.mistakes.ending import ExitStatus

FILES = (
    "problem.toml", "summary.json", "observables.jsonl", "observables.h5", "run.log",
    "excitations.json", "excitations.h5", "excitations.xdmf",
)  # fmt: skip
"""What a run writes beside its directories."""
_DIRECTORIES = ("snapshots", "slices", "markers", "reduced", "checkpoints")
_OF_THE_PATH = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG)
"""Errors of a path, as against those of a disk that is full or broken."""


class UnusableDirectory(OutputError):
    """What the problem file names as its directory is none, or none that this user may write to."""

    status = ExitStatus.BAD_INPUT


@dataclass(frozen=True)
class RunDirectory:
    """Paths of everything a run leaves. Making one touches no file; :meth:`claim` does."""

    path: Path

    @property
    def problem(self) -> Path:
        """The resolved problem file."""
        return self.path / "problem.toml"

    @property
    def summary(self) -> Path:
        """What the run came to."""
        return self.path / "summary.json"

    @property
    def series(self) -> Path:
        """The time series, one JSON record a line: the truth while a job runs."""
        return self.path / "observables.jsonl"

    @property
    def dataset(self) -> Path:
        """The same time series for xarray."""
        return self.path / "observables.h5"

    @property
    def log(self) -> Path:
        """The text that the run printed."""
        return self.path / "run.log"

    @property
    def search(self) -> Path:
        """The state of a search for the ground state that is not done."""
        return self.path / "ground-state-search.h5"

    @property
    def excitations(self) -> Path:
        """The spectrum of small oscillations, as numbers."""
        return self.path / "excitations.json"

    @property
    def modes(self) -> Path:
        """Its fields; the description for ParaView has the same name with another ending."""
        return self.path / "excitations.h5"

    @property
    def modes_search(self) -> Path:
        """The state of a search for modes that is not done."""
        return self.path / "excitations-search.h5"

    @property
    def snapshots(self) -> Path:
        """Directory of the snapshots."""
        return self.path / "snapshots"

    @property
    def slices(self) -> Path:
        """Directory of the slices and column densities."""
        return self.path / "slices"

    @property
    def checkpoints(self) -> Path:
        """Directory of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def reduced(self) -> Path:
        """Directory of the reduced density matrices of a many-body run."""
        return self.path / "reduced"

    @property
    def markers(self) -> Path:
        """Directory of the marker files."""
        return self.path / "markers"

    @property
    def images(self) -> Path:
        """Directory of what a camera would see of the snapshots."""
        return self.path / "images"

    def image(self, index: int) -> Path:
        """The pictures of the snapshot of that number; figures have the same name with another ending."""
        return self.images / f"{index:06d}.h5"

    def snapshot(self, index: int) -> Path:
        """The snapshot of that number, counted from 0."""
        return self.snapshots / f"{index:06d}.h5"

    @property
    def snapshot_series(self) -> Path:
        """The description of all snapshots over time for ParaView."""
        return self.snapshots / "series.xdmf"

    @property
    def marker_series(self) -> Path:
        """The same of all marker files."""
        return self.markers / "series.xdmf"

    def slice(self, index: int) -> Path:
        """The slices of that number, counted from 0."""
        return self.slices / f"{index:06d}.h5"

    def marker_file(self, index: int) -> Path:
        """The markers of that number, counted from 0."""
        return self.markers / f"{index:06d}.h5"

    def reduced_file(self, index: int) -> Path:
        """The reduced density matrices of that number, counted from 0."""
        return self.reduced / f"{index:06d}.h5"

    def checkpoint(self, step: int) -> Path:
        """The checkpoint of that step."""
        return self.checkpoints / f"{step:06d}.h5"

    def stored_checkpoints(self) -> list[tuple[int, Path]]:
        """Step and path of every checkpoint that got its name, in order."""
        return list(_numbered(self.checkpoints))

    def stored_snapshots(self) -> list[tuple[int, Path]]:
        """Number and path of every complete snapshot, in order."""
        return list(_numbered(self.snapshots))

    def stored_slices(self) -> list[tuple[int, Path]]:
        """Number and path of every complete file of slices, in order."""
        return list(_numbered(self.slices))

    def stored_markers(self) -> list[tuple[int, Path]]:
        """Number and path of every complete marker file, in order."""
        return list(_numbered(self.markers))

    def stored_reduced(self) -> list[tuple[int, Path]]:
        """Number and path of every complete file of reduced density matrices, in order."""
        return list(_numbered(self.reduced))

    def stored_images(self) -> list[tuple[int, Path]]:
        """Number of the snapshot and path of every file of pictures, in order."""
        return list(_numbered(self.images))

    def stored_output(self) -> list[tuple[int, Path]]:
        """Number and path of every file that the output of one time has left: snapshots, slices, markers, reduced
        density matrices."""
        return [*self.stored_snapshots(), *self.stored_slices(), *self.stored_markers(), *self.stored_reduced()]

    def output_beyond(self, snapshots: int, marker_files: int) -> list[Path]:
        """The files of output beyond the first so many snapshots, with what is numbered like them, and marker files."""
        like_snapshots = [*self.stored_snapshots(), *self.stored_slices(), *self.stored_reduced()]
        return [
            *(path for index, path in like_snapshots if index >= snapshots),
            *(path for index, path in self.stored_markers() if index >= marker_files),
        ]

    def holds_run(self) -> bool:
        """Whether a run has begun here."""
        return holds_run(self.path)

    def holds_results(self) -> bool:
        """Whether a run has left anything here that took time to compute: a record, a file of fields, a summary of
        more than a failure."""
        if any(self.stored_checkpoints()) or any(self.stored_output()):
            return True
        if self.series.exists() and self.series.stat().st_size > 0:
            return True
        try:
            return read_summary(self.summary).get("status") == "done"
        except FileNotFoundError:
            return False
        except OutputError:
            return True

    def was_cut_short(self) -> bool:
        """Whether a job that has ended here without a word left nothing beyond its first output, before any checkpoint:
        what is computed again just so."""
        if not self.holds_run() or any(self.stored_checkpoints()) or self._is_told():
            return False
        if any(index > 0 for index, _ in self.stored_output()):
            return False
        try:
            records = self.series.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return True
        return len(records) <= 1 and all(_step_of(record) == 0 for record in records)

    def _is_told(self) -> bool:
        """Whether a summary says what became of the run: more than that it was being stopped."""
        try:
            return read_summary(self.summary).get("status") != "stopping"
        except FileNotFoundError:
            return False
        except OutputError:
            return True

    @classmethod
    def claim(cls, path: str | Path, fresh: bool = False) -> RunDirectory:
        """Make `path` ready for a new run, without ever overwriting one. For the root rank.

        A directory that is missing, empty or without anything of ours is used as it is, and so is one where a run ended
        before it had results. One that holds a run is renamed to the first free of ``<name>.previous-1``, ``-2``, ...
        with `fresh`, otherwise :class:`DirectoryInUse` is raised; so it is when foreign files bear names that the run
        would write. Raises :class:`UnusableDirectory` when the path is a file or may not be written, and
        :class:`OutputError` when the disk does not take it.
        """
        directory = cls(Path(path))
        if directory.path.exists() and not directory.path.is_dir():
            raise UnusableDirectory(f"{path} is a file; output.directory must name a directory, existing or new")
        if directory.holds_run():
            if not fresh and not directory.holds_results():
                return directory
            if not fresh:
                raise DirectoryInUse(
                    f"{path} holds {directory._holding()}; what is there is left as it is; "
                    "--restart never moves it aside, or choose another with --set output.directory=..."
                )
            move_aside(directory.path, "a run")
        directory.require_free()
        directory._make()
        return directory

    def require_free(self) -> None:
        """Raise :class:`DirectoryInUse` where a directory without a run holds a study, or files of others that bear
        names which a run would write."""
        require_no_study(self.path)
        taken = [name for name in (*FILES, *_DIRECTORIES) if (self.path / name).exists()]
        if taken:
            raise DirectoryInUse(
                f"{self.path} holds no run but {', '.join(taken)}, which a run would overwrite; "
                "move what is there away, or choose another directory with --set output.directory=..."
            )

    def _holding(self) -> str:
        """What stands in the way of a new run, and why it is none to go on with."""
        if any(self.stored_checkpoints()):
            return f"a run already ({self._contents()}), with which hpcmix restart goes on"
        if self.excitations.exists() and self.modes.exists():
            return f"excitations already ({self._contents()}), and they are not what is asked for here"
        if self.excitations.exists():
            return f"excitations already ({self._contents()}), whose fields in {self.modes.name} are missing"
        return f"a run already ({self._contents()}) and no checkpoint to go on from"

    def _contents(self) -> str:
        present = [name for name in MARKS_OF_A_RUN if (self.path / name).exists()]
        steps = len(self.stored_snapshots())
        return ", ".join(f"{name} ({steps})" if name == "snapshots" and steps else name for name in present)

    def _make(self) -> None:
        target = self.path.resolve()
        try:
            target.mkdir(parents=True, exist_ok=True)
            probe = target / f".writable-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            unusable = UnusableDirectory if error.errno in _OF_THE_PATH else OutputError
            raise unusable(
                f"{self.path} cannot be written: {error.strerror}; "
                "choose another directory with --set output.directory=..."
            ) from error


def move_aside(path: Path, contents: str, option: str = "--set output.directory=...") -> Path:
    """Rename a directory to the first free of ``<name>.previous-1``, ``-2``, ..., which is returned, and leave an empty
    one in its place.

    contents  what is in it, in words; option: how to choose another directory.
    Raises :class:`DirectoryInUse` for the directory one is in, and :class:`OutputError`.
    """
    place = path.resolve()  # a link stays where it is and what it points to moves, on its own file system
    here = Path.cwd().resolve()
    if place == here or place in here.parents:
        raise DirectoryInUse(
            f"{path} holds {contents} and is the directory you are in, or one around it, so it is not moved aside; "
            f"choose another with {option}"
        )
    number = 1
    while (aside := place.with_name(f"{place.name}.previous-{number}")).exists():
        number += 1
    try:
        os.rename(place, aside)
        place.mkdir()
        for lock in aside.glob(".lock*"):  # ours, or a dead job's: it was about what is in the place
            lock.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} could not be moved aside to {aside}: {error.strerror}; "
            f"move it yourself, or choose another directory with {option}"
        ) from error
    return aside


def _step_of(record: str) -> int | None:
    """The step of a line of the series; 0 for one that a kill cut short."""
    try:
        return json.loads(record).get("step")
    except (ValueError, AttributeError):
        return 0


def _numbered(directory: Path) -> Iterator[tuple[int, Path]]:
    numbered = ((int(path.stem), path) for path in directory.glob("*.h5") if path.stem.isdigit())
    yield from sorted(numbered)
