"""What a run writes as it goes, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hpcmix.io.checkpoints.blocks import Dealt
from hpcmix.io.checkpoints.checkpoint import read_reference
from hpcmix.io.checkpoints.header import Bookmark
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import SeriesWriter, write_dataset
from hpcmix.io.fields.slices import write_slices
from hpcmix.io.fields.snapshots import FLUCTUATION_DENSITY, write_snapshot
from hpcmix.observe.fluctuations.density import fluctuation_densities
from hpcmix.observe.fluctuations.matrices import all_matrices
from hpcmix.observe.look import Look
from hpcmix.observe.measures.fermi_density import fermi_density
from hpcmix.observe.observable import Observable
from hpcmix.observe.record import observe
from hpcmix.observe.registry import AROUND_FLOW, definitions, dimensions_of_lists, labels_of_all, requested
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.calculation.output import numbers_of
from hpcmix.running.output.fluctuations import FluctuationWatch
from hpcmix.running.output.markers import MarkerFiles, phase_space_of
from hpcmix.running.planning.resolution.watch import ResolutionWatch
from hpcmix.running.schedules.datasets import DatasetSchedule
from hpcmix.running.schedules.schedule import ROUNDING, AdaptiveSchedule, Schedule
from hpcmix.running.simulation import Simulation
from hpcmix.running.stops.guard import BlowUp, Conservation, Guard
from hpcmix.state.cloud import Cloud
from hpcmix.state.orbital_cloud import orbital_clouds
from hpcmix.state.state import State


class Outputs:
    """Writes records, snapshots and slices into the run's directory, and looks whether box and grid hold what is
    written. All methods are collective over the world.

    watching  False: do not look (who only measures what writing costs).
    """

    def __init__(self, simulation: Simulation, watching: bool = True) -> None:
        problem = simulation.problem
        self._simulation = simulation
        self._resolution = ResolutionWatch(problem, simulation.log) if watching else None
        self.directory = RunDirectory(Path(problem.output.directory))
        self.metadata = Metadata.of(problem, simulation.provenance.attributes())
        self._series: SeriesWriter | None = None
        bookmark = simulation.checkpoint.bookmark if simulation.checkpoint else Bookmark()
        self._written = bookmark.snapshots
        self._markers = MarkerFiles(simulation, self.directory, self.metadata, bookmark.marker_files)
        self._datasets = DatasetSchedule()
        self.last_record: dict[str, Any] = {}
        self.conservation: Conservation | None = None  # of that record
        requests = problem.output.observables.requests
        compared = [request.word for request in requests if request.from_start]
        # the wave functions of time zero: what later ones are compared with
        self.reference = self._clouds_at_start(compared[0]) if compared else []
        options = problem.output.observables
        self._also = requested(options.also, [cloud.orbitals for cloud in self.reference], options)
        if problem.fluctuations is not None:
            self._also = (*self._also, *AROUND_FLOW)
        self._fluctuations = FluctuationWatch(problem, simulation.log)
        with self._on_root():
            if simulation.is_root:
                self._series = SeriesWriter(self.directory.series, keep=bookmark.series_bytes)
                write_text(self.directory.problem, simulation.provenance.problem)

    def _clouds_at_start(self, word: str) -> list[Cloud]:
        """Copies of the wave functions of time zero, of species with markers none; from the checkpoint where the run
        goes on from one. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when it does not have them;
        `word`: what needs them."""
        simulation = self._simulation
        clouds = orbital_clouds(orbitals.copy() for orbitals in simulation.state.orbitals)
        if simulation.checkpoint is not None and simulation.checkpoint.progress.step > 0:
            names = [species.name for species in simulation.mixture.species]
            if not read_reference(simulation.checkpoint, clouds, names, simulation.communicators):
                raise ProblemError.of(
                    "output.observables.also",
                    f"{word} needs the orbitals of time zero, which {simulation.checkpoint.path} lacks: "
                    "the run began without this observable",
                )
        return clouds

    @cached_property
    def _records(self) -> Schedule | AdaptiveSchedule:
        """When records of an evolution are due."""
        return self._simulation.schedule(self._simulation.problem.output.observables)

    @cached_property
    def _snapshots(self) -> Schedule | AdaptiveSchedule:
        """When its snapshots are."""
        return self._simulation.schedule(self._simulation.problem.output.snapshots)

    def _on_root(self) -> AbstractContextManager[None]:
        """Work of the root that may fail: all ranks learn of it."""
        return together(self._simulation.communicators.world)

    def due(self, state: State) -> bool:
        """Whether anything is to be written of this state."""
        return any(schedule.due_at(state.progress) for schedule in self._schedules)

    @cached_property
    def _schedules(self) -> list[Schedule | AdaptiveSchedule]:
        """Of records, snapshots and marker files, where there are any."""
        markers = self._markers.schedule
        return [self._records, self._snapshots] + ([] if markers is None else [markers])

    def write_due(self, state: State, guard: Guard, record: dict[str, Any] | None = None) -> None:
        """Write what is due at this step. Raises :class:`~hpcmix.running.stops.guard.BlowUp` after a record that shows
        a loss is written.

        record  of :meth:`require_resolved`, where the state has been looked at already.
        """
        self._write(state, guard, [schedule.due_at(state.progress) for schedule in self._schedules], record)

    def write_between(self, state: State, guard: Guard, landed: Callable[[State, float], State]) -> None:
        """Write what is due within the last step, before its end; `landed` gives the state at a time there. Raises as
        :meth:`write_due`."""
        moments = [schedule.between(state.progress) for schedule in self._schedules]
        times = sorted({time for of_schedule in moments for time in of_schedule})
        for place, moment in enumerate(times):
            if place and _same(moment, times[place - 1]):
                continue  # multiples of two intervals that differ by rounding
            due = [any(_same(moment, time) for time in of_schedule) for of_schedule in moments]
            self._write(landed(state, moment), guard, due)

    def _write(
        self,
        state: State,
        guard: Guard,
        due: Sequence[bool],
        record: dict[str, Any] | None = None,
    ) -> None:
        """Write what is `due`, in the order of the schedules."""
        if not any(due):
            return
        record_due, snapshot_due, *markers_due = due
        look = Look(self._simulation.mixture, state)
        if record_due:
            record = record or self._observed(look, self._also)
            self._append(record)
            self.conservation = guard.check(record)
            self._require_held(record)
            self._fluctuations.look(record, self._simulation.words(record["time"]))
        if snapshot_due:
            self._snapshot(look, self._simulation.problem.output.fields)
        if any(markers_due):
            self.write_markers(look)

    def write_markers(self, look: Look) -> None:
        """Write a marker file, where the problem asks for them."""
        self._markers.write(look)

    def _observed(self, look: Look, also: Sequence[Observable]) -> dict[str, Any]:
        simulation = self._simulation
        with simulation.timers.phase("observables"):
            record = observe(look, also)
        if simulation.communicators.replicas > 1:  # of sums that MPI may round in every group otherwise
            return simulation.communicators.world.bcast(record)
        return record

    def require_resolved(self, state: State, guard: Guard) -> dict[str, Any] | None:
        """Look at a state that a checkpoint is to hold; the record, if one is due. Raises
        :class:`~hpcmix.running.stops.guard.BlowUp`, after a record, when it has shrunk to the grid's resolution: the
        last checkpoint is then one from before. Whether box and grid hold it is left to the records: from its
        checkpoint a run may go on with another ``output.resolution``."""
        due = self._records.due_at(state.progress)
        record = self._observed(Look(self._simulation.mixture, state), self._also if due else ())
        try:
            guard.require_resolved(record)
        except BlowUp:
            self._append(record)
            raise
        return record if due else None

    def write_ground_state(self) -> None:
        """Write one record and one snapshot with the wave functions: what a later run can start from. Raises
        :class:`~hpcmix.running.stops.guard.BlowUp`, when they are written, where box or grid do not hold the state."""
        mixture, state = self._simulation.mixture, self._simulation.state
        record = self._observed(Look(mixture, state, before_start=True), self._also)
        self._append(record)
        fields = self._simulation.problem.output.fields
        look = Look(mixture, state)
        self._snapshot(look, tuple(dict.fromkeys((*fields, "wave_function"))))
        self.write_markers(look)
        self._require_held(record)

    def _require_held(self, record: dict[str, Any]) -> None:
        if self._resolution is not None:
            self._resolution.look(record)

    def bookmark(self, guard: Guard) -> Bookmark:
        """Where the output stands, the series synced: what a checkpoint of this step notes before the step's output.
        The root's counts; the others' series have no length."""
        simulation, length = self._simulation, 0
        with simulation.timers.phase("output"), self._on_root():
            if self._series is not None:
                self._series.sync()
                length = self._series.offset
                self._write_dataset_if_due(length)
        return Bookmark(length, self._written, guard.memory, simulation.ground_state, self._markers.written)

    def _write_dataset_if_due(self, length: int) -> None:
        """Where the series is so long now."""
        if self._datasets.due(length):
            self._datasets.write(length, self.write_dataset)

    def write_dataset(self) -> None:
        """Write observables.h5 from all that is in the series, on the root; the others have none. Not collective."""
        if self._series is not None:
            labels = labels_of_all(len(self.metadata.axes))
            lists = dimensions_of_lists()
            write_dataset(self.directory.series, self.directory.dataset, self.metadata, labels, lists, definitions())

    def close(self) -> None:
        """Close the series, and write observables.h5 where it has not all of it."""
        with self._simulation.timers.phase("output"), self._on_root():
            if self._series is not None:
                self._series.close()
                if not self._datasets.is_complete(self._series.offset):
                    self.write_dataset()

    def _append(self, record: dict[str, Any]) -> None:
        self.last_record = record
        with self._simulation.timers.phase("output"), self._on_root():
            if self._series is not None:
                self._series.append(record)

    def _snapshot(self, look: Look, names: tuple[str, ...]) -> None:
        simulation, mixture = self._simulation, look.mixture
        frame, shown = mixture.grid.frame, mixture.grid.in_laboratory(look.clock)
        dilution = mixture.real_dtype.type(mixture.grid.cell_volume / shown.cell_volume)
        measured = look.particle_densities if dilution == 1.0 else look.particle_densities * dilution
        densities = dict(zip((species.name for species in mixture.species), measured, strict=True))
        fields: dict[str, np.ndarray | Dealt] = {}
        section, excited, matrices = simulation.problem.fluctuations, None, None
        if section is not None and "density" in section.also:
            excited = fluctuation_densities(look)
        if section is not None and section.matrices:
            matrices = all_matrices(look)
        for a, model in enumerate(mixture.species):
            present = {name for name in names if numbers_of(name, model.orbitals) > 0}
            if "density" in present:
                fields[f"{model.name}/density"] = densities[model.name]
            if present & {"wave_function", "phase"}:
                orbitals = look.orbital_set(a)
                dealt = Dealt(orbitals, mixture.held(a).start, model.orbitals, single=not model.is_set)
                if "phase" in present:
                    fields[f"{model.name}/phase"] = replace(dealt, local=np.angle(orbitals))
                if "wave_function" in present:
                    orbitals *= np.sqrt(dilution)
                    fields[f"{model.name}/wave_function"] = dealt
            if excited is not None:
                fields[f"{model.name}/{FLUCTUATION_DENSITY}"] = dilution * excited[a]
            if "thomas_fermi" in present:
                # its equation has the same form in the frame, with b^2 mu in place of mu
                fields[f"{model.name}/thomas_fermi"] = dilution * fermi_density(mixture, a, look.potential(a))
        phases = {
            species.name: frame.quadratic_phase(look.clock, species.mass, mixture.hbar) for species in mixture.species
        }
        phase_space = phase_space_of(look, simulation)
        place = (self.directory, self._written, look.state.step, look.time, shown, simulation.communicators)
        with simulation.timers.phase("output"):
            write_snapshot(
                *place,
                fields,
                self.metadata,
                phases=phases if frame.expanding else None,
                matrices=matrices,
                step_size=look.state.progress.step_size,
                weights={species.name: species.weight for species in mixture.species},
            )
            if simulation.problem.output.snapshots.slices or phase_space:
                viewed = densities if simulation.problem.output.snapshots.slices else {}
                write_slices(*place, viewed, self.metadata, phase_space)
            with self._on_root():
                if self._series is not None:
                    self._write_dataset_if_due(self._series.offset)
        self._written += 1


def _same(first: float, second: float) -> bool:
    """Whether two times differ by rounding at most."""
    return abs(first - second) <= ROUNDING * max(first, second)
