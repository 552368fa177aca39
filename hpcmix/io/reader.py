"""A run's directory as it lies on the disk, finished or not. Needs no MPI."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py

from hpcmix.initial.excitations.spectrum import PURELY_GROWING
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.holdings import in_place_of_a_run
from hpcmix.io.directories.locking.standing import standing
from hpcmix.io.documents.atomic import OutputError, described_size
from hpcmix.io.documents.physics import energy_facts, species_facts
from hpcmix.io.documents.series import read_series
from hpcmix.io.documents.summary import read_summary
from hpcmix.io.fields.slice_file import Slices, read_slices
from hpcmix.kernels.twins.fourier.library import NAMES
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.problem.units.units import UnitError, Units, units_from_text
from hpcmix.problem.words.times import TimeWords


class NotARun(OutputError):
    """The directory holds no run; the text says so."""


@dataclass(frozen=True)
class StoredFile:
    """A file of fields at one time: its number, when it belongs to (code units), and where it is."""

    index: int
    step: int
    time: float
    path: Path


class RunReader:
    """Everything that a run has left so far; read when it is asked for and then kept.

    Raises :class:`NotARun` for a directory without a run, and :class:`OutputError` where a file is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.directory = RunDirectory(Path(path))
        if not self.directory.holds_run():
            raise NotARun(f"{path} {in_place_of_a_run(self.directory.path)}")

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """``summary.json``, None when the run has not written it yet."""
        try:
            return read_summary(self.directory.summary)
        except FileNotFoundError:
            return None

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The time series, one record per entry."""
        return read_series(self.directory.series)

    @cached_property
    def problem(self) -> dict[str, Any]:
        """The tables of the resolved problem file; empty when it is missing."""
        try:
            return tomllib.loads(self.directory.problem.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return (self.summary or {}).get("problem") or {}
        except ValueError as error:
            raise OutputError(f"{self.directory.problem} is damaged: {error}") from error

    @cached_property
    def excitations(self) -> dict[str, Any] | None:
        """``excitations.json``, None where no spectrum was found."""
        try:
            return read_summary(self.directory.excitations)
        except FileNotFoundError:
            return None

    @cached_property
    def title(self) -> str:
        """The problem's title."""
        return str(self.problem.get("title", ""))

    @cached_property
    def scales(self) -> Units:
        """The code units; without factors when the problem has no ``[units]``."""
        units = self.problem.get("units")
        try:
            return units_from_text(units["length"], units["mass"]) if units else Units()
        except (KeyError, UnitError) as error:
            raise OutputError(f"{self.directory.problem} has damaged [units]: {error}") from error

    @cached_property
    def snapshots(self) -> list[StoredFile]:
        """The snapshots, in order; files that cannot be opened are left out."""
        return _stored(self.directory.stored_snapshots())

    @cached_property
    def slices(self) -> list[StoredFile]:
        """The files of slices and column densities, in order; those that cannot be opened are left out."""
        return _stored(self.directory.stored_slices())

    @cached_property
    def markers(self) -> list[StoredFile]:
        """The marker files, in order; those that cannot be opened are left out."""
        return _stored(self.directory.stored_markers())

    @cached_property
    def reduced(self) -> list[StoredFile]:
        """The files of reduced density matrices, in order; those that cannot be opened are left out."""
        return _stored(self.directory.stored_reduced())

    @cached_property
    def images(self) -> list[StoredFile]:
        """The files of pictures, each with the number and the time of its snapshot, in order; those that cannot be
        opened are left out."""
        return _stored(self.directory.stored_images())

    def read_slices(self, stored: StoredFile) -> Slices:
        """The content of one of :attr:`slices`."""
        try:
            return read_slices(stored.path)
        except (OSError, KeyError) as error:
            raise OutputError(f"{stored.path} is damaged: {error}") from error

    def description(self) -> list[str]:
        """What became of the run, in lines for the terminal."""
        lines = [f"{self.directory.path}: {self.title or 'a run of hpcmix'}"]
        lines += _table(self.facts())
        return lines

    def facts(self) -> list[tuple[str, str]]:
        """The same as labels and texts."""
        summary = self.summary or {}
        record = self.records[-1] if self.records else summary
        facts = standing(self.directory, self.summary)
        # a run that was stopped is beyond its last record
        step, time = (summary.get(key, record.get(key)) for key in ("step", "time"))
        if step is not None:
            facts.append(("step", str(step)))
        if time is not None:
            facts.append(("time", self._time(time)))
        if step != record.get("step"):
            facts.append(("last record", f"step {record.get('step')}, from which the following numbers are"))
        kept = summary.get("conservation") if step == record.get("step") else None
        facts += energy_facts(record, kept, self._measures, self._times)
        distances = {name: value for name, value in record.items() if name.endswith(")") or name == "Gamma"}
        if distances:  # of N bodies
            text = ", ".join(f"{name} {_number(value)}" for name, value in distances.items())
            facts.append(("from mean field", text))
        facts += species_facts(record, kept, self._measures)
        facts += _fluctuations(record)
        if self.excitations is not None:
            facts += _facts_of_modes(self.excitations, self.scales.time_si)
        for key, label in (
            ("ranks", "ranks"),
            ("wall_seconds", "wall seconds"),
            ("seconds_per_step", "seconds per step"),
        ):
            if summary.get(key) is not None:
                facts.append((label, _number(summary[key])))
        facts += [("Fourier library", f"{name} {version}") for name, version in self._fourier_library()]
        facts.append(("records", f"{len(self.records)} in {self.directory.series.name}"))
        kinds = (
            ("snapshots", self.snapshots),
            ("slices", self.slices),
            ("marker files", self.markers),
            ("reduced matrices", self.reduced),
        )
        for label, files in kinds:
            if files:
                size = described_size(sum(stored.path.stat().st_size for stored in files))
                facts.append(
                    (
                        label,
                        f"{len(files)}, {self._times_between(files[0].time, files[-1].time)}, {size}",
                    )
                )
        return facts

    def _fourier_library(self) -> list[tuple[str, str]]:
        """Name and version, once there is a summary."""
        versions = (self.summary or {}).get("versions") or {}
        return [(name, versions[name]) for name in NAMES if name in versions]

    def _time(self, time: float) -> str:
        """A time for people, and the number that the files hold."""
        words = self._times
        return words(time) if not words.name else f"{words(time)} ({time:.6g} in code units)"

    def _times_between(self, first: float, last: float) -> str:
        """Two times for people, and the numbers that the files hold."""
        if first == last:
            return f"at time {self._time(first)}"
        words = self._times
        code = f" ({first:.6g} to {last:.6g} in code units)" if words.name else ""
        return f"from time {words(first)} to {words(last)}{code}"

    @property
    def _times(self) -> TimeWords:
        return TimeWords.of(self.scales, self._longest)

    @property
    def _measures(self) -> MeasureWords:
        return MeasureWords(self.scales)

    @property
    def _longest(self) -> float:
        """The final time as the problem file has it."""
        final = (self.problem.get("time") or {}).get("final")
        return float(final) if isinstance(final, (int, float)) else math.inf


def _fluctuations(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The numbers of excitations of the last record with their errors, and how well commutation relations hold."""
    held = record.get("fluctuations") or {}
    facts = []
    for name, entries in (held.get("species") or {}).items():
        numbers = [key for key in entries if f"{key}_error" in entries]
        text = ", ".join(
            f"{key.replace('_', ' ')} {_number(entries[key])}"
            + (f" +- {_number(error)}" if (error := entries[f"{key}_error"]) else "")  # none where nothing is sampled
            for key in numbers
        )
        beyond = entries.get("beyond_grid")
        facts.append((f"around {name}", text + (f", beyond the grid {_number(beyond)}" if beyond else "")))
    if held:
        facts.append(
            ("fluctuations", f"{held.get('pairs')} pairs, symplectic defect {_number(held.get('symplectic_defect'))}")
        )
    return facts


def _facts_of_modes(found: dict[str, Any], seconds: float | None) -> list[tuple[str, str]]:
    """How many modes there are, and where. `seconds`: the code unit of time, None without [units]."""
    key, unit = ("frequency_hertz", " Hz") if "frequency_hertz" in found["modes"][0] else ("frequency", "")
    rates = [mode.get("growth_rate", 0.0) for mode in found["modes"]]
    growth = max(rates)
    values = [
        mode[key] if abs(mode["frequency"]) >= PURELY_GROWING * rate else 0.0
        for mode, rate in zip(found["modes"], rates, strict=True)
    ]
    worst = max(mode["residual"] for mode in found["modes"])
    text = f"{len(found['modes'])}, frequencies {min(values):.9g} to {max(values):.9g}{unit}"
    text += f", residuals at most {worst:.1e}"
    if growth:
        text += (
            f", growth rates up to {growth:.6g}" if seconds is None else f", growth up to {growth / seconds:.6g} / s"
        )
    return [("modes", text)]


def _stored(numbered: list[tuple[int, Path]]) -> list[StoredFile]:
    files = []
    for index, path in numbered:
        try:
            with h5py.File(path, "r") as file:
                files.append(StoredFile(index, int(file.attrs["step"]), float(file.attrs["time"]), path))
        except (OSError, KeyError):
            continue
    return files


def _number(value: Any) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(_number(entry) for entry in value) + ")"
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(facts: list[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in facts)
    return [f"  {label:<{width}}  {text}" for label, text in facts]
