"""Checkpoints as initial states: their wave functions lack the phase of the kick that their run would have done with
the next step. It is done here, by the model of that run on its own grid, and what comes of it lies in a file of the
run's directory while the initial state is made of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpcmix.initial.written.given_files import files_of, require_fits
from hpcmix.initial.written.stored import lacks_a_kick
from hpcmix.io.checkpoints.blocks import Dealt, write_arrays
from hpcmix.io.checkpoints.checkpoint import read_state
from hpcmix.io.checkpoints.header import Checkpoint, read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import file_attributes
from hpcmix.model.build import build_mixture
from hpcmix.model.mixture import Mixture
from hpcmix.model.ranks import division_request, precision_of
from hpcmix.observe.look import Look
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import together
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import FileInitial


@contextmanager
def with_kicks_done(problem: Problem, mixture: Mixture, directory: RunDirectory | None) -> Iterator[Problem]:
    """The problem with files of complete wave functions in the place of checkpoints, while the body lasts. Collective
    over the world.

    mixture    of the problem.
    directory  of the run, which all ranks see; None: the system's place for temporary files.
    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a checkpoint does not fit, and
    :class:`~hpcmix.io.documents.atomic.OutputError` where it is damaged.
    """
    world = mixture.communicators.world
    places = {index: place for index, place in files_of(problem) if isinstance(place, FileInitial)}
    headers: dict[str, Checkpoint] = {}
    with together(world):
        if world.rank == 0:
            lacking = {index: place for index, place in places.items() if lacks_a_kick(place.path)}
            require_fits(problem, lacking.items(), mixture.grid)
            headers = {path: read_header(Path(path)) for path in dict.fromkeys(each.path for each in lacking.values())}
    headers = world.bcast(headers)
    folder = Path(tempfile.gettempdir()) if directory is None else directory.path
    completed = {path: folder / f"initial-state-{number}.h5" for number, path in enumerate(headers)}
    try:
        for path, header in headers.items():
            names = {_stored_name(place) for place in places.values() if place.path == path}
            _write_complete(header, names, completed[path], world)
        entries = list(problem.species)
        for index, place in places.items():
            if place.path in completed:
                update = {"path": str(completed[place.path]), "dataset": f"{_stored_name(place)}/wave_function"}
                entries[index] = entries[index].model_copy(update={"initial": place.model_copy(update=update)})
        yield problem if not completed else problem.model_copy(update={"species": tuple(entries)})
    finally:
        if world.rank == 0:
            for file in completed.values():
                with suppress(OSError):
                    file.unlink(missing_ok=True)


def _stored_name(place: FileInitial) -> str:
    """Of the species in the file."""
    return place.dataset.rpartition("/")[0]


def _write_complete(header: Checkpoint, names: set[str], path: Path, world: MPI.Comm) -> None:
    """Write the complete wave functions of some species of a checkpoint. Collective."""
    problem = parse_problem(header.problem, file=str(header.path))
    communicators = Communicators.of(division_request(problem), world)
    engine = Engine(communicators, precision_of(problem), Timers())
    try:
        mixture = build_mixture(problem, engine)
        species = [entry.name for entry in problem.species]
        look = Look(mixture, read_state(header, mixture.empty_clouds(), species, communicators))
        fields = {
            f"{entry.name}/wave_function": Dealt(
                look.orbital_set(a), mixture.held(a).start, entry.orbitals, single=not entry.is_set
            )
            for a, entry in enumerate(mixture.species)
            if entry.name in names
        }
        attributes = file_attributes(Metadata.of(problem), look.state.step, look.time, mixture.grid)
        write_arrays(path, communicators, mixture.grid.points, mixture.grid.position_block, fields, attributes)
    finally:
        engine.free()
        communicators.free()
