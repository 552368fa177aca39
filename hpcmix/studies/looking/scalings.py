"""The directory of a scaling study: what is measured, every repeat so far, tables and figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.holdings import SCALING
from hpcmix.io.documents.tail import last_line
from hpcmix.io.verify import Finding
from hpcmix.problem.reading.values import counted
from hpcmix.running.bench.spread import Spread
from hpcmix.studies.looking.files import at_work, judged, judged_all, picture, table
from hpcmix.studies.looking.study_directory import StudyDirectory
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.measured.outcome import Compared, Outcome
from hpcmix.studies.scaling.measured.store import Store


class ScalingDirectory(StudyDirectory):
    """See :class:`~hpcmix.studies.looking.study_directory.StudyDirectory`."""

    marks = SCALING

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._store = Store(path)

    def description(self) -> list[str]:
        """How far the study is, and a line for every configuration."""
        study, store = self._store.read_study(), self._store
        rows = store.rows(_configurations(study))
        kind = "weak" if study["grow"] else "strong"
        done = sum(len(row.results) for row in rows)
        wanted = len(rows) * study["repeats"]
        facts = [("problem", f"{study['title']} ({study['file']})"), ("launcher", study["launcher"])]
        work = at_work(self.path)
        if work or done >= wanted:
            facts.append(("status", work or "done"))
        else:
            facts += [("status", "not finished"), ("last words", last_line(store.log) or "none")]
            facts.append(("to go on", "the same command goes on; hpcmix scaling --collect reports what there is"))
        facts.append(("repeats", f"{done} of {wanted}"))
        outcome = Outcome.of(rows)
        facts += [(compared.row.configuration.label, _measured(compared)) for compared in outcome.measured]
        facts += [(row.configuration.label, f"failed: {row.failed}") for row in outcome.failed]
        facts += [("left out", sentence) for sentence in study["left_out"]]
        return [f"{self.path}: a study of {kind} scaling", *table(facts)]

    def draw(self, suffix: str, dots: int | None = None) -> Path | None:
        """Speed-up, efficiency and parts of a step, of what is measured so far."""
        from hpcmix.studies.scaling.figure import draw_scaling
        from hpcmix.studies.scaling.reported import Reported

        study = self._store.read_study()
        reported = Reported.of(self._store, study)
        if not reported.outcome.measured:
            return None
        path = self._store.figure.with_suffix(suffix)
        return draw_scaling(reported.outcome, reported.prediction, study["title"], bool(study["grow"]), path, dots)

    def nothing_to_draw(self) -> str:
        """Why there is no figure yet."""
        return f"{self.path} holds a scaling study of which nothing is measured so far: the same command goes on"

    def verify(self) -> Iterator[Finding]:
        """The study, its repeats, and what was made of them."""
        store = self._store
        yield judged(store.study, lambda _: self._study())
        yield from judged_all([(store.repeats, self._repeats)], expected=False)
        for result in sorted(store.jobs_results.glob("*/*.json")):
            yield judged(result, _result)
        made = [(store.json, _json), (store.table, _lines), (store.raw_table, _lines), (store.figure, picture)]
        yield from judged_all(made, expected=store.text.exists())

    def _study(self) -> str:
        study = self._store.read_study()
        count = counted(len(_configurations(study)), "configuration")
        return f"{count}, {counted(study['repeats'], 'repeat')} each"

    def _repeats(self, path: Path) -> str:
        repeats = self._store.read_repeats()
        failed = sum(repeat.result is None for repeat in repeats)
        cut = not path.read_bytes().endswith(b"\n")
        text = counted(len(repeats), "repeat") + (f", {failed} of which failed" if failed else "")
        return text + (", and one that a kill cut short, which is measured again" if cut else "")


def _configurations(study: dict[str, Any]) -> list[Configuration]:
    return [Configuration.from_dict(entries) for entries in study["configurations"]]


def _measured(compared: Compared) -> str:
    step = compared.row.step.scaled(1e3).text()
    efficiency = 100.0 * compared.efficiency.median
    return f"{step} ms a step, speed-up {compared.speed_up.median:.2f}, efficiency {efficiency:.0f} %"


def _result(path: Path) -> str:
    seconds = Spread(**json.loads(path.read_text(encoding="utf-8"))["seconds_per_step"])
    return f"{seconds.scaled(1e3).text()} ms a step"


def _json(path: Path) -> str:
    report = json.loads(path.read_text(encoding="utf-8"))
    return f"{counted(len(report['configurations']), 'configuration')} measured"


def _lines(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or any(line.count(",") < lines[0].count(",") for line in lines):
        raise Damaged(f"{path} has lines with fewer columns than its head")
    return counted(len(lines) - 1, "line")
