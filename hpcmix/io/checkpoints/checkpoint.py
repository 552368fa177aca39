"""``checkpoints/NNNNNN.h5``: everything that evolves at one step, as global arrays that any number of ranks can read.

A cloud says which arrays it is stored in and what this rank holds of each. The orbitals of a species are one array of
shape (M, *grid): the orbital is one more global axis, divided among orbital groups as the grid is divided among the
ranks of a group. So is the pair of fluctuations, divided among replicas; of clouds, which every replica holds, the
first one writes its own. What else a run needs to go on to the bit is in attributes. The number in the file's name is
the step.
"""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.io.checkpoints.block_reader import read_parts
from hpcmix.io.checkpoints.blocks import Writer, first_copies, write_parts
from hpcmix.io.checkpoints.digest import as_text, local_sums, summed_over_ranks
from hpcmix.io.checkpoints.header import REFERENCE, Bookmark, Checkpoint, header_digest, state_digest
from hpcmix.io.checkpoints.progress_entries import attributes_of
from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import line_of
from hpcmix.io.fields.labels import dimensions_of, label_dimensions, show_in_root, write_axes, write_time
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Part
from hpcmix.parallel.process.timers import Timers
from hpcmix.state.cloud import Cloud
from hpcmix.state.fluctuations import STORED as FLUCTUATIONS_STORED
from hpcmix.state.fluctuations import STORED_ALONG, Fluctuations
from hpcmix.state.state import State


def digest_of(state: State, names: Sequence[str], communicators: Communicators) -> str:
    """The digest of a state: the same for every division among ranks. Collective over the world."""
    parts = _stored_parts(state, names, communicators)
    lanes = summed_over_ranks(communicators.world, np.array([local_sums(part) for part in parts.values()]))
    arrays = dict(zip(parts, map(as_text, lanes), strict=True))
    return state_digest(arrays, state.progress)


def parts_of(
    clouds: Sequence[Cloud], names: Sequence[str], communicators: Communicators, suffix: str = ""
) -> dict[str, Part]:
    """What evolves of every species as parts of global arrays, by the names of their datasets. Collective over the
    world."""
    return {
        f"{name}/{array}{suffix}": part
        for name, cloud in zip(names, clouds, strict=True)
        for array, part in cloud.parts(communicators).items()
    }


def _stored_parts(state: State, names: Sequence[str], communicators: Communicators) -> dict[str, Part]:
    """What evolves as parts of global arrays of which every element is on one rank. Collective over the world."""
    parts = first_copies(parts_of(state.clouds, names, communicators), communicators)
    if state.fluctuations is not None:
        parts |= state.fluctuations.parts(names, communicators)
        parts |= first_copies(state.fluctuations.copies(names, communicators), communicators)
    return parts


def _read_copies(checkpoint: Checkpoint, parts: dict[str, Part], others: dict[str, Part], ranks: Communicators) -> None:
    """Read the `parts` that every replica is to have the same of, and the `others`. Collective over the world."""
    read_parts(checkpoint.path, ranks.world, checkpoint.seal, first_copies(parts, ranks) | others)
    for part in parts.values():
        ranks.copy_from_first_replica(part.local)


def read_reference(
    checkpoint: Checkpoint, clouds: Sequence[Cloud], names: Sequence[str], communicators: Communicators
) -> bool:
    """Fill the clouds with the values of time zero, if the checkpoint has them; whether it does. Collective."""
    parts = parts_of(clouds, names, communicators, REFERENCE)
    if not set(parts) <= set(checkpoint.seal.arrays):
        return False
    _read_copies(checkpoint, parts, {}, communicators)
    return True


def write_checkpoint(
    directory: RunDirectory,
    state: State,
    names: Sequence[str],
    communicators: Communicators,
    bookmark: Bookmark,
    metadata: Metadata,
    writer: Writer = "auto",
    timers: Timers | None = None,
    reference: Sequence[Cloud] = (),
    grid: Grid | None = None,
) -> Checkpoint:
    """Write the checkpoint of this step. Collective over the world.

    bookmark   the root's.
    reference  the clouds of time zero where the observables compare with them, else empty; they do not count for the
               digest of the state.
    grid       whose points become coordinates of the arrays, in an expanding frame those of the frame; None: none do.
    ``xarray.open_dataset(path)`` opens it, arrays as ``up_orbitals`` and so on. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank, and then leaves nothing behind.
    """
    state.require_settled()
    parts = _stored_parts(state, names, communicators)
    if reference:
        parts |= first_copies(parts_of(reference, names, communicators, REFERENCE), communicators)
    attributes = {
        **metadata.attributes(),
        "time": state.time,
        **attributes_of(state.progress),
        "series_bytes": bookmark.series_bytes,
        "snapshots": bookmark.snapshots,
        "conserved": line_of(bookmark.conserved),
        "ground_state": line_of(bookmark.ground_state),
        "marker_files": bookmark.marker_files or None,
    }

    def annotate(file: h5py.File) -> None:
        axes = "xyz"[: len(communicators.decomposition.points)]
        if grid is not None:
            write_axes(file, grid, metadata)
        write_time(file, state.step, state.time, metadata)
        for name, cloud in zip(names, state.clouds, strict=True):
            meanings, words = {**FLUCTUATIONS_STORED, **cloud.stored}, {**STORED_ALONG, **cloud.stored_along}
            for array, meaning in meanings.items():
                for dataset in sorted({f"{name}/{array}", f"{name}/{array}{REFERENCE}"} & parts.keys()):
                    file[dataset].attrs["long_name"] = meaning
                    label_dimensions(file, file[dataset], dimensions_of(name, words[array], axes))
        show_in_root(file, parts)

    path = directory.checkpoint(state.step)
    seal = write_parts(
        path, communicators.world, parts, attributes, annotate=annotate, writer=writer, read_back="all", timers=timers
    )
    provenance = metadata.provenance
    return Checkpoint(
        path,
        seal,
        header_digest(seal, state.progress),
        state.progress,
        bookmark,
        str(provenance.get("problem", "")),
        tuple(str(provenance.get("ancestors", "")).split()),
        communicators.size,
    )


def read_state(
    checkpoint: Checkpoint,
    clouds: list[Cloud],
    names: Sequence[str],
    communicators: Communicators,
    fluctuations: Fluctuations | None = None,
) -> State:
    """The state of a checkpoint, its values in the given clouds, one per species, and pairs where the problem has any.
    Collective over the world.

    Raises :class:`~hpcmix.io.checkpoints.seal.Damaged`, the same on every rank, when what is read is not what was
    written.
    """
    parts = parts_of(clouds, names, communicators)
    pairs: dict[str, Part] = {}
    if fluctuations is not None:
        pairs = fluctuations.parts(names, communicators)
        parts |= fluctuations.copies(names, communicators)
    for name, part in (parts | pairs).items():
        expected = int(np.prod(part.shape)) * part.local.dtype.itemsize
        if name not in checkpoint.seal.arrays or checkpoint.seal.arrays[name].size != expected:
            raise Damaged(f"{checkpoint.path} holds no {name} of shape {part.shape} and type {part.local.dtype}")
    _read_copies(checkpoint, parts, pairs, communicators)
    return State(clouds, checkpoint.progress, fluctuations=fluctuations)


def rotate(directory: RunDirectory, keep: int) -> None:
    """Remove the oldest checkpoints beyond the newest `keep`. For the root rank, after the newest has been proven."""
    for _, path in directory.stored_checkpoints()[:-keep]:
        path.unlink(missing_ok=True)
