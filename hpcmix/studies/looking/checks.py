"""The directory of a claim that is or was measured: ``claim.json``, text and figure, and the parts that they are made
of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.holdings import CHECK
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.tail import last_line
from hpcmix.io.verify import Finding as FileFinding
from hpcmix.problem.reading.values import counted
from hpcmix.studies.looking.files import at_work, judged, judged_all, picture, sealed_below, table
from hpcmix.studies.looking.study_directory import StudyDirectory
from hpcmix.studies.measuring.claim import Finding

REPORT, TEXT, FIGURE, LOG = "claim.json", "claim.txt", "claim.png", "check.log"
"""What a check leaves in its directory; the report last, so that a check that has one is complete."""


class CheckDirectory(StudyDirectory):
    """See :class:`~hpcmix.studies.looking.study_directory.StudyDirectory`."""

    marks = CHECK

    def description(self) -> list[str]:
        """Claim, problem, verdict and fits; of a check that has not come to its end how far it is."""
        if not (self.path / REPORT).exists():
            return [f"{self.path}: a check of a claim", *table(self._standing())]
        report = self._report()
        claim = report["claim"]
        facts = [("claim", f"{claim['name']}: {claim['statement']}"), ("source", claim["source"])]
        facts += [("problem", report["problem"]["title"])] if "title" in report.get("problem", {}) else []
        facts += [("measured", report["measured"])] if report.get("measured") else []
        facts += [("fit", _in_words(fit)) for fit in report["fits"]]
        facts += [("note", note) for note in report["notes"]]
        facts += [("verdict", report["verdict"]), ("ranks", str(report.get("ranks", "-")))]
        facts += [("table", f"{len(report['rows'])} rows in {self.path / TEXT}")]
        return [f"{self.path}: a check of a claim", *table(facts)]

    def _report(self) -> dict[str, Any]:
        """claim.json. Raises :class:`OutputError`."""
        path = self.path / REPORT
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
            if not {"claim", "columns", "rows", "fits", "notes", "verdict"} <= set(report):
                raise ValueError("it does not say what was measured")
        except (OSError, ValueError, TypeError) as error:
            raise OutputError(f"{path} is damaged: {error}") from error
        return dict(report)

    def _standing(self) -> list[tuple[str, str]]:
        """How far a check without an outcome is, and why it ended if it did."""
        done = sum(_is_done(record) for record in self._records())
        parts, begun = f"{done} done", len(self._records()) - done
        parts += f", {begun} begun" if begun else ""
        if work := at_work(self.path):
            return [("status", work), ("parts", parts)]
        return [
            ("status", "not finished"),
            ("last words", last_line(self.path / LOG) or "none"),
            ("parts", parts),
            ("to go on", "the same command " + ("goes on" if done or begun else "begins again")),
        ]

    def _records(self) -> list[Path]:
        return sorted(self.path.glob("tracks/*/record.json"))

    def draw(self, suffix: str, dots: int | None = None) -> Path | None:
        """The figure of the outcome, from its numbers."""
        if not (self.path / REPORT).exists():
            return None
        from hpcmix.studies.measuring.figure import draw_finding

        try:
            finding = Finding.from_dict(self._report())
        except (KeyError, TypeError, ValueError) as error:
            raise OutputError(
                f"{self.path / REPORT} does not say how its figure is drawn ({error} is missing or wrong): an earlier "
                f"version wrote it, whose figure is {FIGURE}"
            ) from error
        return draw_finding(finding, (self.path / FIGURE).with_suffix(suffix), dots)

    def nothing_to_draw(self) -> str:
        """Why there is no figure yet."""
        return f"{self.path} holds a check without an outcome so far: the same command goes on, and draws it"

    def verify(self) -> Iterator[FileFinding]:
        """The outcome, if there is one, and every part."""
        complete = (self.path / REPORT).exists()
        if complete:
            yield judged(self.path / REPORT, lambda _: self._outcome())
        yield from judged_all([(self.path / TEXT, self._text), (self.path / FIGURE, picture)], expected=complete)
        for record in self._records():
            yield judged(record, _part)
        yield from sealed_below(self.path / "tracks")

    def _outcome(self) -> str:
        report = self._report()
        columns = len(report["columns"])
        if any(len(row) != columns for row in report["rows"]):
            raise Damaged(f"{self.path / REPORT} has rows that do not have {counted(columns, 'number')}")
        return f"{report['claim']['name']}, {counted(len(report['rows']), 'row')}, {report['verdict']}"

    def _text(self, path: Path) -> str:
        """Its last line is the verdict of the report."""
        if (self.path / REPORT).exists() and f"verdict: {self._report()['verdict']}" != last_line(path):
            raise Damaged(f"{path} does not end with the verdict of {REPORT}")
        return "a table"


def _in_words(fit: dict[str, Any]) -> str:
    low, high = fit["interval"]
    percent = f"{100 * fit['confidence']:.0f} %"
    return (
        f"{fit['quantity']} ~ {fit['variable']}^({fit['exponent']:+.3f}), {percent} interval {low:+.3f} to {high:+.3f}"
    )


def _is_done(record: Path) -> bool:
    try:
        return bool(json.loads(record.read_text(encoding="utf-8"))["done"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _part(path: Path) -> str:
    """A record of a part: its rows have a number for every name."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if any(len(row) != len(record["names"]) for row in record["rows"]):
        raise Damaged(f"{path} has rows that do not have {counted(len(record['names']), 'number')}")
    state = "done" if record["done"] else "under way"
    return f"{counted(len(record['rows']), 'record')}, {state}" + (
        f", lost: {record['lost']}" if record["lost"] else ""
    )
