"""``checkpoints/NNNNNN.h5`` of a many-body run: the wave function of N bodies as one global array, the orbitals of the
mean field beside it, and the modes that both are written in.

The vector is one array of shape (D_1, D_2 D_3 ..), whatever ranks held which of its rows: any number of ranks reads it.
Modes are stored, for ranks that search for them anew may find others (degenerate ones in another order, with other
phases), in which the vector would mean something else. The header is that of every checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import h5py
import numpy as np

from hpcmix.io.checkpoints.blocks import write_parts
from hpcmix.io.checkpoints.digest import as_text, local_sums, summed_over_ranks
from hpcmix.io.checkpoints.header import Bookmark, Checkpoint, header_digest, state_digest
from hpcmix.io.checkpoints.progress_entries import attributes_of
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import line_of
from hpcmix.io.many_body.distributed import Distributed, on_every_rank, parts_of
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.state.progress import Progress

VECTOR = "many_body/vector"
_BESIDE = "many_body"
_MODES = "modes"


def vector_array(vector: np.ndarray, rows: int, first: int) -> dict[str, Distributed]:
    """The wave function of N bodies by the name of its dataset.

    vector  this rank's rows, (.., columns), from the number `first` on, of `rows` in all.
    """
    return {VECTOR: Distributed(vector, (rows, vector.shape[1]), (first, 0))}


def small_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, Distributed]:
    """What evolves beside the vector, the same on every rank, by the names of the datasets."""
    return {f"{_BESIDE}/{name}": on_every_rank(np.ascontiguousarray(array)) for name, array in arrays.items()}


def mode_arrays(
    names: Sequence[str], modes: Sequence[np.ndarray], points: tuple[int, ...], block: Block, holds: bool = True
) -> dict[str, Distributed]:
    """The modes of every species, (m, *this rank's block), by the names of their datasets.

    holds  whether this rank's block is to be written: several groups of ranks may have the same grid.
    """
    return {
        f"{name}/{_MODES}": Distributed(fields, (len(fields), *points), (0, *block.start), holds)
        for name, fields in zip(names, modes, strict=True)
    }


def digest_of(arrays: Mapping[str, Distributed], progress: Progress, world: MPI.Comm) -> str:
    """The digest of a state, the same for every division among ranks. Collective."""
    parts = parts_of(arrays, world)
    lanes = summed_over_ranks(world, np.array([local_sums(part) for part in parts.values()]))
    digests = dict(zip(parts, map(as_text, lanes), strict=True))
    return state_digest(digests, progress)


def write_vector_checkpoint(
    directory: RunDirectory,
    arrays: Mapping[str, Distributed],
    progress: Progress,
    world: MPI.Comm,
    bookmark: Bookmark,
    metadata: Metadata,
    timers: Timers | None = None,
) -> Checkpoint:
    """Write the checkpoint of a step. Collective.

    arrays    all that evolves and what it is written in.
    progress  the head of the state.
    bookmark  the root's.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`, the same on every rank, and then leaves nothing behind.
    """
    attributes = {
        **metadata.attributes(),
        "many_body": 1,
        "time": progress.time,
        **attributes_of(progress),
        "series_bytes": bookmark.series_bytes,
        "snapshots": bookmark.snapshots,
        "conserved": line_of(bookmark.conserved),
        "ground_state": line_of(bookmark.ground_state),
    }

    def annotate(file: h5py.File) -> None:
        for name in arrays:
            file[name].attrs["long_name"] = _meaning(name)

    path = directory.checkpoint(progress.step)
    parts = parts_of(arrays, world)
    seal = write_parts(path, world, parts, attributes, annotate=annotate, read_back="all", timers=timers)
    provenance = metadata.provenance
    return Checkpoint(
        path,
        seal,
        header_digest(seal, progress),
        progress,
        bookmark,
        str(provenance.get("problem", "")),
        tuple(str(provenance.get("ancestors", "")).split()),
        world.size,
    )


def _meaning(name: str) -> str:
    if name == VECTOR:
        return "wave function of N bodies: configurations of the first species, of all others"
    if name.endswith(f"/{_MODES}"):
        return "orthonormal modes on the grid, in which all else is written"
    return "what evolves beside it: the mean field in the modes, and what the integrator remembers"
