"""Whether a run's files are whole: every file is opened, every sealed array read and held to its digest. Needs no
MPI."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpcmix.io.checkpoints.digest import as_text, sums_of_pieces
from hpcmix.io.checkpoints.header import read_header
from hpcmix.io.checkpoints.seal import Damaged, check_seal
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.holdings import in_place_of_a_run
from hpcmix.io.documents.atomic import OutputError, described_size
from hpcmix.io.documents.series import read_series
from hpcmix.io.documents.summary import read_summary
from hpcmix.io.fields.slice_file import read_slices
from hpcmix.problem.reading.values import counted

_READ_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Finding:
    """What is to be said of one file, and whether it is good."""

    path: Path
    good: bool
    text: str


def verify(path: Path) -> Iterator[Finding]:
    """Look at one sealed file, or at everything of a run's directory."""
    if not path.is_dir():
        yield _judged(path, _checkpoint_or_arrays)
        return
    directory = RunDirectory(path)
    if not directory.holds_run():
        yield Finding(path, False, in_place_of_a_run(path))
        return
    checks: list[tuple[Path, Callable[[Path], str]]] = [
        (directory.problem, _problem),
        (directory.series, _series),
        (directory.dataset, _dataset),
        (directory.summary, _summary),
    ]
    expected = [directory.problem]  # there is no summary of a run that goes on
    if not _is_sought(directory):
        expected += [directory.series, directory.dataset]
    for file, check in checks:
        if file.exists():
            yield _judged(file, check)
        elif file in expected:
            yield Finding(file, False, "is missing")
    for search in (directory.search, directory.modes_search):
        if search.exists():
            yield _judged(search, _arrays)
    if directory.excitations.exists():
        yield _judged(directory.excitations, _excitations)
        yield _judged(directory.modes, _arrays)
    for stored, check in (
        (directory.stored_snapshots(), _arrays),
        (directory.stored_slices(), _slices),
        (directory.stored_markers(), _arrays),
        (directory.stored_reduced(), _arrays),
        (directory.stored_checkpoints(), lambda file: _checkpoint(file, directory.series)),
    ):
        for _, file in stored:
            yield _judged(file, check)


def _is_sought(directory: RunDirectory) -> bool:
    """Whether the state is still looked for, or its modes: then there are no records yet."""
    searching = directory.search.exists() or directory.modes_search.exists()
    return searching and not any(directory.stored_output()) and not any(directory.stored_checkpoints())


def _judged(path: Path, check: Callable[[Path], str]) -> Finding:
    try:
        return Finding(path, True, check(path))
    except OutputError as error:
        return Finding(path, False, str(error).removeprefix(f"{path} "))
    except (OSError, ValueError, KeyError) as error:
        return Finding(path, False, f"is damaged: {error}")


def _problem(path: Path) -> str:
    return f'problem "{tomllib.loads(path.read_text(encoding="utf-8"))["title"]}"'


def _series(path: Path) -> str:
    records = read_series(path)
    steps = [record["step"] for record in records]
    if steps != sorted(set(steps)):
        raise Damaged(f"{path} has records out of order, or twice")
    return counted(len(records), "record") + (f", steps {steps[0]} to {steps[-1]}" if steps else "")


def _dataset(path: Path) -> str:
    with h5py.File(path, "r") as file:
        values = {name: file[name][...] for name in file if isinstance(file[name], h5py.Dataset)}
    return f"{counted(len(values), 'variable')}, {counted(len(values['time']), 'time')}"


def _summary(path: Path) -> str:
    summary = read_summary(path)
    digest = f", digest {summary['digest']}" if "digest" in summary else ""
    return f"{summary['status']}{digest}"


def _excitations(path: Path) -> str:
    modes = read_summary(path)["modes"]
    rates = [mode.get("growth_rate", 0.0) for mode in modes]
    steady = [mode["frequency"] for mode in modes if "growth_rate" not in mode]
    if rates != sorted(rates, reverse=True) or steady != sorted(steady):  # growing ones come first, the quickest of all
        raise Damaged(f"{path} has modes out of order")
    return counted(len(modes), "mode")


def _slices(path: Path) -> str:
    slices = read_slices(path)
    number = sum(len(densities) for densities in slices.phase_space.values())
    return f"slices of step {slices.step}" + (f", {counted(number, 'histogram')} of phase space" if number else "")


def _arrays(path: Path) -> str:
    seal = check_seal(path)
    with path.open("rb") as file:
        for name, array in seal.arrays.items():
            if _digest(file.fileno(), array.offset, array.size, _itemsize(path, name)) != array.digest:
                raise Damaged(f"{path} is damaged: the digest of {name} is not that of what was written")
    return f"{counted(len(seal.arrays), 'array')}, {described_size(seal.size)}"


def _itemsize(path: Path, name: str) -> int:
    with h5py.File(path, "r") as file:
        return file[name].dtype.itemsize


def _digest(descriptor: int, offset: int, size: int, itemsize: int) -> str:
    def pieces() -> Iterator[tuple[int, np.ndarray]]:
        for begin in range(0, size, _READ_AT_ONCE):
            content = os.pread(descriptor, min(_READ_AT_ONCE, size - begin), offset + begin)
            yield begin // itemsize, np.frombuffer(content, np.uint8)

    return as_text(sums_of_pieces(pieces(), itemsize))


def _checkpoint(path: Path, series: Path) -> str:
    header = read_header(path)
    length = series.stat().st_size if series.exists() else 0
    if length < header.bookmark.series_bytes:
        raise Damaged(
            f"{path} was written when {series.name} had {header.bookmark.series_bytes} bytes, it has {length}"
        )
    return f"step {header.progress.step}, {_arrays(path)}, digest {header.digest}"


def _checkpoint_or_arrays(path: Path) -> str:
    try:
        header = read_header(path)
    except Damaged as error:
        if "is no checkpoint" not in str(error):
            raise
        return _arrays(path)
    return f"step {header.progress.step}, {_arrays(path)}, digest {header.digest}"
