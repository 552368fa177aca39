"""``markers/NNNNNN.h5``: markers of the classical species at one time, in the form of openPMD, with a ``.xdmf`` beside
it for ParaView, and ``markers/series.xdmf``, all of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.blocks import Writer, write_parts
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import write_text
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.fields.labels import file_attributes
from hpcmix.io.fields.openpmd import annotate_file
from hpcmix.io.fields.xdmf import describe_collection
from hpcmix.io.markers.openpmd import annotate_species, species_path
from hpcmix.io.markers.xdmf import describe_markers
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.process.together import together


@dataclass(frozen=True)
class StoredMarkers:
    """What this rank writes of the markers of a species: those whose indices begin at `first`, in their order; ranks
    hold them in turn.

    count     of all markers of the species, on all ranks.
    position, momentum
              shape (number here, axes), in the laboratory.
    weight    shape (number here,).
    """

    count: int
    first: int
    position: np.ndarray
    momentum: np.ndarray
    weight: np.ndarray
    mass: float


def write_markers(
    directory: RunDirectory,
    index: int,
    step: int,
    time: float,
    grid: Grid,
    communicators: Communicators,
    species: Mapping[str, StoredMarkers],
    metadata: Metadata,
    every_nth: int = 1,
    step_size: float = 0.0,
    writer: Writer = "auto",
) -> Path:
    """Write the markers whose index is a multiple of `every_nth`, and return the path of the file. Collective over the
    world; the same species on every rank.

    The weighting of a marker is the number of particles that it stands for: where a part of the markers is written, its
    weight times all markers over those in the file. ``id`` is its index.

    grid       with the points where the laboratory has them (:meth:`Grid.in_laboratory`).
    step_size  of a time step.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank, and then leaves nothing behind.
    """
    path = directory.marker_file(index)
    axes = "xyz"[: grid.dimensions]
    numbers = {name: -(-held.count // every_nth) for name, held in species.items()}
    parts: dict[str, Part] = {}
    for name, held in species.items():
        place = species_path(index, name)
        parts |= {f"{place}/{record}": part for record, part in _columns(held, axes, every_nth).items()}

    def annotate(file: h5py.File) -> None:
        version = str(metadata.provenance.get("hpcmix_version", ""))
        annotate_file(file, index, time, step_size, metadata.scales, version, {"particlesPath": "particles/"})
        lengths = dict(zip(axes, grid.lengths, strict=True))
        for name, held in species.items():
            group = file[species_path(index, name)]
            annotate_species(group, numbers[name], held.mass, lengths, metadata.scales)
            group.attrs["markers"] = held.count
            group.attrs["every_nth"] = every_nth

    attributes = file_attributes(metadata, step, time, grid)
    write_parts(path, communicators.world, parts, attributes, annotate=annotate, writer=writer)
    with together(communicators.world):
        if communicators.is_root:
            write_text(path.with_suffix(".xdmf"), describe_markers(path.name, index, time, numbers, axes))
            so_far = [stored for number, stored in directory.stored_markers() if number <= index]
            write_text(directory.marker_series, describe_collection(so_far, metadata.title))
    return path


def _columns(held: StoredMarkers, axes: str, every_nth: int) -> dict[str, Part]:
    """What this rank writes, record by record."""
    indices = np.arange(held.first, held.first + len(held.weight))
    chosen = indices % every_nth == 0
    count, first = -(-held.count // every_nth), -(-held.first // every_nth)
    block = Block((first,), (int(np.count_nonzero(chosen)),))
    columns = {f"position/{axis}": held.position[chosen, place] for place, axis in enumerate(axes)}
    columns |= {f"momentum/{axis}": held.momentum[chosen, place] for place, axis in enumerate(axes)}
    columns |= {"weighting": held.weight[chosen] * (held.count / count), "id": indices[chosen].astype(np.uint64)}
    return {name: Part((count,), block, np.ascontiguousarray(values)) for name, values in columns.items()}
