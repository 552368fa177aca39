"""The directory of a scaling study: what is studied, and every repeat that was measured, none of them ever lost."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.io.directories.directory import move_aside
from hpcmix.io.directories.holdings import SCALING, DirectoryInUse
from hpcmix.io.documents.atomic import OutputError, explained, temporary_name, write_text
from hpcmix.io.documents.plain_json import line_of, page_of, plain
from hpcmix.parallel.job.programs import last_words
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.measured.outcome import Row

COMPARED = {
    "problem": "the problem",
    "grow": "strong or weak scaling",
    "length": "how many steps are taken",
    "output_trial": "whether output is measured",
    "launcher": "the launcher",
}
"""Entries of study.json that must be the same for a study to go on, in words."""


@dataclass(frozen=True)
class Repeat:
    """One run of one configuration: the JSON of ``hpcmix bench``, or why there is none."""

    round_number: int
    configuration: Configuration
    result: Mapping[str, Any] | None
    message: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "round": self.round_number,
            "configuration": self.configuration.as_dict(),
            "result": self.result,
            "message": self.message,
        }


class Store:
    """Paths of a study's directory, and what is in its files. Making one touches nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.study, self.repeats, self.jobs_results = path / "study.json", path / "repeats.jsonl", path / "results"
        self.log, self.text, self.figure = path / "scaling.log", path / "scaling.txt", path / "scaling.png"
        self.json, self.table, self.raw_table = path / "scaling.json", path / "scaling.csv", path / "repeats.csv"

    def begin(self, study: Mapping[str, Any], fresh: bool) -> bool:
        """Make the directory ready for a study; whether it goes on with one that is there.

        fresh  move a study that is there aside.
        Raises :class:`DirectoryInUse` where the directory holds another study or anything else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path} is a file; --output must name a directory, existing or new")
        if self.study.exists() and fresh:
            move_aside(self.path, SCALING.name, "--output")
        if self.study.exists():
            self._require_same(study)
            write_text(self.study, page_of(study))
            return True
        if self.path.exists() and any(self._is_foreign(entry) for entry in self.path.iterdir()):
            raise DirectoryInUse(
                f"{self.path} is no directory of a scaling study and not empty; choose another with --output"
            )
        write_text(self.study, page_of(study))
        return False

    def _is_foreign(self, entry: Path) -> bool:
        """Whether a file is something else than what a study leaves that is killed before it has begun."""
        return not entry.name.startswith(".lock") and entry != temporary_name(self.study)

    def _require_same(self, study: Mapping[str, Any]) -> None:
        there, here = self.read_study(), plain(study)
        different = [words for name, words in COMPARED.items() if there.get(name) != here[name]]
        if different:
            raise DirectoryInUse(
                f"{self.path} holds another scaling study, which differs in {', '.join(different)}; it is left as it "
                "is: choose another directory with --output, or --restart never moves it aside"
            )

    def read_study(self) -> dict[str, Any]:
        """study.json. Raises :class:`OutputError`."""
        try:
            study = json.loads(self.study.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise OutputError(f"{self.path} is no directory of a scaling study: it has no study.json") from None
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.study} cannot be read: {error}") from error
        if not isinstance(study, dict) or "configurations" not in study:
            raise OutputError(f"{self.study} does not describe a scaling study")
        return study

    def append(self, repeat: Repeat) -> None:
        """Keep a repeat for good. Raises :class:`OutputError`."""
        try:
            with self.repeats.open("a", encoding="utf-8") as file:
                file.write(line_of(repeat.as_dict()) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise explained(error, self.repeats) from error

    def read_repeats(self, mending: bool = False) -> list[Repeat]:
        """All that were kept, measured one after the other. `mending`: a line that a kill cut short is cut off, so that
        the next one begins a line; for who goes on with the study."""
        repeats = []
        if self.repeats.exists():
            content = self.repeats.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            if mending and len(whole) < len(content):
                os.truncate(self.repeats, len(whole))
            for line in whole.decode("utf-8").splitlines():
                entry = json.loads(line)
                configuration = Configuration.from_dict(entry["configuration"])
                repeats.append(Repeat(entry["round"], configuration, entry["result"], entry["message"]))
        return repeats

    def rows(self, configurations: Sequence[Configuration]) -> list[Row]:
        """What is known of every configuration."""
        repeats = [*self.read_repeats(), *self._results_of_jobs(configurations)]
        rows = []
        for configuration in configurations:
            mine = [repeat for repeat in repeats if repeat.configuration.key == configuration.key]
            results = {repeat.round_number: repeat.result for repeat in mine if repeat.result is not None}
            failures = [repeat.message for repeat in mine if repeat.result is None]
            rows.append(Row(configuration, results, failures[-1] if failures and not results else ""))
        return rows

    def result_of_job(self, configuration: Configuration, round_number: int | str) -> Path:
        """Where a job leaves the JSON of a repeat."""
        return self.jobs_results / configuration.key / f"{round_number}.json"

    def _results_of_jobs(self, configurations: Sequence[Configuration]) -> list[Repeat]:
        repeats = []
        for configuration in configurations:
            folder = self.jobs_results / configuration.key
            for path in sorted(folder.glob("*.json")):
                try:
                    repeats.append(Repeat(int(path.stem), configuration, json.loads(path.read_text(encoding="utf-8"))))
                except (OSError, ValueError) as error:
                    repeats.append(Repeat(0, configuration, None, f"{path} cannot be read: {error}"))
            output = folder / "output.txt"
            if not any(folder.glob("*.json")) and self.jobs_results.exists():
                words = last_words(output.read_text(encoding="utf-8", errors="replace")) if output.exists() else ""
                repeats.append(Repeat(0, configuration, None, words or "its job has left nothing"))
        return repeats
