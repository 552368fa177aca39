"""The directory of a sweep: a run for every point, what became of each, and the dataset of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hpcmix.io.directories.holdings import SWEEP
from hpcmix.io.documents.tail import last_line
from hpcmix.io.verify import Finding, verify
from hpcmix.problem.reading.values import counted
from hpcmix.studies.looking.files import judged, judged_all, picture, table
from hpcmix.studies.looking.study_directory import StudyDirectory
from hpcmix.studies.sweeps.directory import SweepDirectory, kind_in_words


class SweepStudy(StudyDirectory):
    """See :class:`~hpcmix.studies.looking.study_directory.StudyDirectory`."""

    marks = SWEEP

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._directory = SweepDirectory(path)

    def description(self) -> list[str]:
        """Keys, how many points are done, and why others are not."""
        directory, description = self._directory, self._directory.read()
        labels = {point["name"]: point["label"] for point in description["points"]}
        records = {name: directory.record_of(name) for name in labels}
        done = sum(record is not None and record.is_done for record in records.values())
        busy = [labels[name] for name, record in records.items() if record is None and directory.is_busy(name)]
        failed = {labels[name]: record.message for name, record in records.items() if record and not record.is_done}
        left = len(labels) - done - len(failed)
        facts = [("problem", description["title"]), ("sweep", kind_in_words(description))]
        facts.append(("points", f"{done} of {len(labels)} done"))
        facts += [("under way", label) for label in busy]
        if left > len(busy):
            facts += [("last words", last_line(directory.log) or "none"), ("to go on", "the same command goes on")]
        facts += [("failed", f"{label}: {message}") for label, message in failed.items()]
        if directory.dataset.exists():
            facts.append(("gathered in", str(directory.dataset)))
        return [f"{self.path}: a sweep", *table(facts)]

    def draw(self, suffix: str, dots: int | None = None) -> Path | None:
        """The figure of what there is so far."""
        from hpcmix.studies.sweeps.collecting import collected
        from hpcmix.studies.sweeps.figure import draw_sweep

        found = collected(self._directory)
        if not (found.data["status"] == "done").any():
            return None
        return draw_sweep(found, self._directory.figure.with_suffix(suffix), dots=dots)

    def figures_in_words(self) -> str:
        """Its numbers can be chosen, and its points are runs."""
        return (
            f"{self.path} holds {self.marks.name}: hpcmix sweep --collect {self.path} --what NAMES draws other numbers "
            f"of it, and hpcmix plot {self._directory.points}/POINT the run of a point"
        )

    def nothing_to_draw(self) -> str:
        """Why there is no figure yet."""
        return f"{self.path} holds a sweep of which no point is done so far: the same command goes on"

    def verify(self) -> Iterator[Finding]:
        """The points, every file of their runs, and what was made of them."""
        directory = self._directory
        yield judged(directory.description, lambda _: counted(len(directory.read()["points"]), "point"))
        for point in directory.read()["points"]:
            record = directory.record_path(point["name"])
            if record.exists() and directory.record_of(point["name"]) is None:
                yield Finding(record, False, "is damaged, or its run is gone; hpcmix sweep makes it anew")
            if directory.run_of(point["name"]).holds_run():
                yield from verify(directory.run_of(point["name"]).path)
        gathered = [(directory.dataset, _dataset), (directory.figure, picture)]
        yield from judged_all(gathered, expected=directory.dataset.exists())


def _dataset(path: Path) -> str:
    import xarray  # which takes long to import, and other studies and runs need nothing of it

    with xarray.open_dataset(path, engine="h5netcdf") as data:
        return f"{counted(len(data.load().data_vars), 'variable')} over {', '.join(map(str, data.sizes))}"
