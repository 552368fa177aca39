"""What a run writes of the markers of its classical species: marker files, and densities over phase space for the files
of slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.slice_file import PhaseSpace
from hpcmix.io.markers.marker_file import StoredMarkers, write_markers
from hpcmix.observe.look import Look
from hpcmix.observe.markers.laboratory import LaboratoryMarkers
from hpcmix.observe.markers.phase_space import phase_space_density
from hpcmix.parallel.process.exact_sums import CHUNK
from hpcmix.problem.units.measure_words import MeasureWords
from hpcmix.running.schedules.schedule import AdaptiveSchedule, Schedule
from hpcmix.running.simulation import Simulation


class MarkerFiles:
    """Writes ``markers/NNNNNN.h5`` where the problem asks for them. Methods are collective over the world.

    written  number of files so far; those of a run that goes on count on.
    """

    def __init__(self, simulation: Simulation, directory: RunDirectory, metadata: Metadata, written: int) -> None:
        self._simulation, self._directory, self._metadata = simulation, directory, metadata
        self._options = simulation.problem.output.markers
        self.written = written

    @cached_property
    def schedule(self) -> Schedule | AdaptiveSchedule | None:
        """When they are due; None: never."""
        return None if self._options is None else self._simulation.schedule(self._options)

    def write(self, look: Look) -> None:
        """Write all classical species in one file."""
        options = self._options
        if options is None:
            return
        simulation, mixture = self._simulation, look.mixture
        stored = {mixture.species[a].name: _stored(look, a) for a, _ in mixture.carried}
        with simulation.timers.phase("output"):
            write_markers(
                self._directory,
                self.written,
                look.state.step,
                look.time,
                mixture.grid.in_laboratory(look.clock),
                simulation.communicators,
                stored,
                self._metadata,
                options.every_nth,
                look.state.progress.step_size,
            )
        self.written += 1


def _stored(look: Look, species: int) -> StoredMarkers:
    """What this rank writes: positions and momenta of the laboratory, by the index of the markers. At the time infinity
    of a frame that grows the positions are those of its grid. Collective over the world."""
    mixture = look.mixture
    markers, shown = LaboratoryMarkers(look, species), look.cloud(species).copy()
    scale = mixture.grid.in_laboratory(look.clock).lengths[0] / mixture.grid.lengths[0]
    for first in range(0, markers.number, CHUNK):
        part = slice(first, first + CHUNK)
        shown.position[part] = scale * markers.position(part)
        shown.momentum[part] = markers.momentum(part)
    parts = shown.parts(mixture.communicators)
    position = parts["position"]
    return StoredMarkers(
        position.shape[0],
        position.block.start[0],
        position.local,
        parts["momentum"].local,
        parts["weight"].local,
        mixture.species[species].mass,
    )


def phase_space_of(look: Look, simulation: Simulation) -> PhaseSpace:
    """The densities over phase space that the problem asks for, by species. Collective over the world."""
    names = [species.name for species in look.mixture.species]
    found: PhaseSpace = {}
    for wanted in simulation.problem.output.phase_space:
        first, second = wanted.axes
        density = phase_space_density(look, names.index(wanted.species), (first, second), wanted.bins)
        found.setdefault(wanted.species, []).append(density)
    return found


def sampling_lines(record: Mapping[str, Any], words: MeasureWords) -> Iterator[str]:
    """Of every classical species of a record by how much its two halves differ."""
    for name, entries in (record.get("species") or {}).items():
        difference = entries.get("half_difference")
        if difference is not None:
            yield (
                f'markers of "{name}": halves differ by {words.lengths([_largest(difference["centre"])], digits=2)} in '
                f"the centre, {words.lengths([_largest(difference['rms_width'])], digits=2)} in the width and "
                f"{words.energy(abs(difference['kinetic_energy']), 2)} in the kinetic energy"
            )


def _largest(values: Sequence[float]) -> float:
    return max(abs(value) for value in values)
