"""What a run of N bodies writes as it goes, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hpcmix.io.checkpoints.header import Bookmark
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import SeriesWriter, write_dataset
from hpcmix.io.fields.slices import write_slices
from hpcmix.io.many_body.reduced_file import ReducedMatrix, SpeciesFields, write_reduced
from hpcmix.observe.reduced.body_record import (
    BodyLook,
    densities_of,
    fixed_matrices,
    fixed_orbitals,
    labels_of,
    look_at,
)
from hpcmix.observe.reduced.density_matrices import DensityMatrix
from hpcmix.observe.reduced.measurement import Measurement
from hpcmix.parallel.process.together import together
from hpcmix.running.many_body.guard import BodiesGuard
from hpcmix.running.many_body.setup import BodiesRun
from hpcmix.running.schedules.datasets import DatasetSchedule


class BodiesOutputs:
    """Writes records and files of reduced density matrices into the run's directory. All methods are collective over
    the world but those that say otherwise."""

    def __init__(self, run: BodiesRun) -> None:
        self._run = run
        self.directory = RunDirectory(Path(run.problem.output.directory))
        self.metadata = Metadata.of(run.problem, run.provenance.attributes())
        self._measurement = Measurement(run.bodies)
        self._series: SeriesWriter | None = None
        bookmark = run.checkpoint.bookmark if run.checkpoint else Bookmark()
        self._written = bookmark.snapshots
        self._datasets = DatasetSchedule()
        self.last_record: dict[str, Any] = {}
        with together(run.world):
            if run.is_root:
                self._series = SeriesWriter(self.directory.series, keep=bookmark.series_bytes)
                write_text(self.directory.problem, run.provenance.problem)

    @property
    def due(self) -> bool:
        """Whether anything is to be written of this state. Local."""
        step = self._run.bodies.step
        return self._run.looks.records.due(step) or self._run.looks.files.due(step)

    def write_due(self, guard: BodiesGuard) -> None:
        """Write what is due at this step. Raises :class:`~hpcmix.running.stops.guard.BlowUp` after a record that shows
        a loss is written."""
        if not self.due:
            return
        run, step = self._run, self._run.bodies.step
        with run.timers.phase("observables"):
            look = look_at(run.bodies, self._measurement)
        if run.looks.records.due(step):
            self._append(look.record)
            guard.check(look.record, look.compared)
        if run.looks.files.due(step):
            self._write_reduced(look)

    def bookmark(self, guard: BodiesGuard) -> Bookmark:
        """Where the output stands, the series synced: what a checkpoint of this step notes before the step's output.
        The root's counts; the others' series have no length."""
        length = 0
        with self._run.timers.phase("output"), together(self._run.world):
            if self._series is not None:
                self._series.sync()
                length = self._series.offset
            self._write_dataset_if_due()
        return Bookmark(length, self._written, guard.memory, self._run.ground_state)

    def _write_dataset_if_due(self) -> None:
        if self._series is not None and self._datasets.due(self._series.offset):
            self._datasets.write(self._series.offset, self.write_dataset)

    def write_dataset(self) -> None:
        """Write observables.h5 from all that is in the series, on the root; the others have none. Not collective."""
        if self._series is not None:
            labels = labels_of(self._measurement.columns.names)
            write_dataset(self.directory.series, self.directory.dataset, self.metadata, labels)

    def close(self) -> None:
        """Write observables.h5 and close the series."""
        with self._run.timers.phase("output"), together(self._run.world):
            if self._series is not None:
                self._series.close()
                self.write_dataset()

    def _append(self, record: dict[str, Any]) -> None:
        self.last_record = record
        with self._run.timers.phase("output"), together(self._run.world):
            if self._series is not None:
                self._series.append(record)

    def _write_reduced(self, look: BodyLook) -> None:
        run, bodies, system = self._run, self._run.bodies, self._run.system
        frame_grid = system.mixture.grid
        grid = frame_grid.in_laboratory(bodies.clock)
        dilution = frame_grid.cell_volume / grid.cell_volume
        densities = densities_of(bodies, look.compared)
        species = {
            name: SpeciesFields(dilution * own.bodies, dilution * own.mean_field, np.sqrt(dilution) * modes, orbitals)
            for name, own, modes, orbitals in zip(
                system.names, densities, system.model.modes, fixed_orbitals(bodies), strict=True
            )
        }
        matrices = [
            ReducedMatrix(gamma.order, matrix, _labels(gamma))
            for gamma, matrix in fixed_matrices(bodies, look.compared)
        ]
        place = (self.directory, self._written, bodies.step, bodies.time, grid)
        with run.timers.phase("output"):
            write_reduced(*place, run.holds_grid, species, matrices, self.metadata, run.world)
            if run.problem.output.snapshots.slices:
                shown = {name: fields.density for name, fields in species.items()}
                with together(run.world):
                    if run.holds_grid:
                        write_slices(*place, system.communicators, shown, self.metadata)
            with together(run.world):
                self._write_dataset_if_due()
        self._written += 1


def _labels(gamma: DensityMatrix) -> np.ndarray:
    """Which modes every basis vector is made of: those of the first species' particles, then those of the others'."""
    rows: list[tuple[int, ...]] = [()]
    for few in gamma.few:
        rows = [(*before, *label) for before in rows for label in few.labels]
    return np.array(rows, np.int64).reshape(len(rows), sum(gamma.order))
