"""A flight in which interactions go on: a run of its own, in an expanding frame, that begins with a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.summary import read_summary
from hpcmix.io.reader import RunReader, StoredFile
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import together
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.images import ImagesOptions
from hpcmix.problem.words.show import resolved_dict, toml_of
from hpcmix.running.launch import Request, launch

TOLERANCE = 1e-7
"""Of the adaptive steps of a flight, for the wave function: what a camera tells apart is ten thousand times as much."""

LEFT_BEHIND = ("rotation", "coupling", "loss", "fluctuations", "excitations", "many_body", "ground_state")
"""Sections that end where the clouds are released, or say how the run began."""

LEFT_IN_THE_TRAP = ("potential", "vector_potential")
"""The same of a species."""


class FlightLost(OutputError):
    """A flight ended before its time; its own messages say why."""


def fly(
    run: RunReader, problem: Problem, options: ImagesOptions, stored: StoredFile, is_guest: bool = False
) -> StoredFile:
    """The snapshot at the end of the flight of a snapshot of the run, computed in ``images/NNNNNN-flight`` unless it is
    there already. Collective.

    Released are the clouds: potentials, rotation, vector potentials and coherent coupling end, interactions and
    functionals stay. `is_guest`: in the process of a program that goes on. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError` where the snapshot is of a frame that expands, lacks wave
    functions, or the flight is lost, and ProblemError where an expanding frame does not take the interactions.
    """
    if problem.grid.frame.map.expanding:
        raise OutputError(
            f"{run.directory.path} is in an expanding frame already: let it go on until the camera looks "
            '(hpcmix restart --until), and take a picture with expansion = "fresnel" or without time_of_flight'
        )
    directory = run.directory.images / f"{stored.index:06d}-flight"
    file = directory.with_suffix(".toml")
    with together(world()):
        there = world().rank == 0 and _begin(file, toml_of(_released(problem, options, stored, directory)), directory)
    if not world().bcast(there) and launch(Request(str(file), restart="never", is_guest=is_guest)) != 0:
        raise FlightLost(f"the flight of {stored.path} did not come to its end; its messages are above")
    return RunReader(directory).snapshots[-1]


def _begin(file: Path, text: str, directory: Path) -> bool:
    """Write the problem of a flight; whether this very flight has been flown."""
    flown = file.exists() and file.read_text(encoding="utf-8") == text and RunDirectory(directory).summary.exists()
    write_text(file, text)
    return flown and read_summary(RunDirectory(directory).summary).get("status") == "done"


def _released(problem: Problem, options: ImagesOptions, stored: StoredFile, directory: Path) -> dict[str, Any]:
    """The tables of the flight's problem."""
    tables = {key: value for key, value in resolved_dict(problem).items() if key not in LEFT_BEHIND}
    particles = _particles(problem, stored)
    species = [
        {key: value for key, value in table.items() if key not in LEFT_IN_THE_TRAP}
        | {"initial": {"kind": "file", "path": str(stored.path.resolve())}}
        | ({"particles": particles[table["name"]]} if table["name"] in particles else {})
        for table in tables["species"]
    ]
    grid = {key: value for key, value in tables["grid"].items() if key != "frame"}
    if "spinor" in tables:  # the magnetisation is that of the ground state
        spinors = [{key: value for key, value in table.items() if key != "magnetisation"} for table in tables["spinor"]]
        tables["spinor"] = spinors
    return tables | {
        "title": f"{problem.title}: flight".lstrip(": "),
        "grid": grid | {"frame": {"kind": "expanding", "rate": options.rate}},
        "species": species,
        "time": {"final": options.time_of_flight, "step": {"tolerance": TOLERANCE}, "integrator": "blanes-moan-4"},
        "output": {
            "directory": str(directory),
            "checkpoints": {"enabled": False},
            "snapshots": {"fields": ["density", "wave_function"], "slices": False},
        },
    }


def _particles(problem: Problem, stored: StoredFile) -> dict[str, float]:
    """Of condensates without a scaling as the snapshot has them: losses may have taken some, and those that were
    coupled have exchanged them."""
    if problem.scaling is not None:
        return {}
    found = {}
    with h5py.File(stored.path, "r") as file:
        cell = 1.0
        for name in file.attrs["axes"]:
            cell *= float(file[name][1] - file[name][0])
        for species in problem.species:
            waves = file.get(f"{species.name}/wave_function")
            if waves is None:
                raise OutputError(f'{stored.path} lacks the wave function of "{species.name}", which is to fly')
            if waves.ndim == problem.grid.dimensions:
                norm = sum(float((abs(waves[plane]) ** 2).sum(dtype=float)) for plane in range(waves.shape[0]))
                found[species.name] = float(waves.attrs["weight"]) * norm * cell
    return found
