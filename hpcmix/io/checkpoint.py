"""``checkpoints/NNNNNN.h5``: everything that evolves at one step, as global arrays that any number of ranks can read.

The orbitals of a species are one array of shape (M, *grid): the orbital is one more global axis, divided among orbital
groups as the grid is divided among the ranks of a group. What else a run needs to go on to the bit is in attributes.
The number in the file's name is the step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcmix.io.atomic import OutputError
from hpcmix.io.block_reader import read_parts
from hpcmix.io.blocks import Writer, write_parts
from hpcmix.io.digest import as_text, combined_digest, local_sums, summed_over_ranks
from hpcmix.io.directory import RunDirectory
from hpcmix.io.metadata import Metadata
from hpcmix.io.pieces import Part
from hpcmix.io.plain_json import line_of
from hpcmix.io.seal import Damaged, Seal, check_seal
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.timers import Timers
from hpcmix.state import State


@dataclass(frozen=True)
class Bookmark:
    """Where a run stands beside its state.

    series_bytes   length of observables.jsonl before the output of this step.
    snapshots      number of snapshots written before the output of this step.
    conserved      what the guard of conserved quantities compares with.
    ground_state   how the ground state was found, for summary.json; None where there was none.
    A checkpoint is written before the output of its step, and a run that goes on begins with that output.
    """

    series_bytes: int = 0
    snapshots: int = 0
    conserved: Mapping[str, Any] = field(default_factory=dict)
    ground_state: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on the disk whose seal and labels are good; its arrays are proven when they are read.

    digest     of the state (:func:`state_digest`).
    problem    text of the resolved problem file.
    ancestors  digests of the checkpoints that its run went on from, oldest first.
    ranks      number of ranks that wrote it.
    """

    path: Path
    seal: Seal
    digest: str
    step: int
    step_size: float
    pending_kick: float
    bookmark: Bookmark
    problem: str
    ancestors: tuple[str, ...]
    ranks: int

    @property
    def time(self) -> float:
        """The time it belongs to, code units."""
        return self.step * self.step_size


def state_digest(arrays: Mapping[str, str], step: int, step_size: float, pending_kick: float) -> str:
    """The digest of a state from those of its arrays: equal exactly when every bit that evolves is equal."""
    return combined_digest(
        {**arrays, "step": str(step), "step_size": float(step_size).hex(), "pending_kick": float(pending_kick).hex()}
    )


def digest_of(state: State, names: Sequence[str], communicators: Communicators) -> str:
    """The digest of a state: the same for every division among ranks. Collective over the world."""
    parts = parts_of(state, names, communicators)
    lanes = summed_over_ranks(communicators.world, np.array([local_sums(part) for part in parts.values()]))
    arrays = dict(zip(parts, map(as_text, lanes), strict=True))
    return state_digest(arrays, state.step, state.step_size, state.pending_kick)


def parts_of(state: State, names: Sequence[str], communicators: Communicators) -> dict[str, Part]:
    """The orbitals of every species as parts of global arrays. Collective over the world.

    Groups hold neighbouring orbitals, in the order of the groups; a group may hold none of a species.
    """
    grid = communicators.decomposition
    block = grid.position_block(communicators.group.rank)
    counts = np.array(communicators.across.allgather([len(array) for array in state.orbitals]))
    before = counts[: communicators.across.rank].sum(axis=0)
    return {
        _dataset(name): Part(
            (int(counts[:, a].sum()), *grid.points),
            Block((int(before[a]), *block.start), (len(array), *block.shape)),
            array,
        )
        for a, (name, array) in enumerate(zip(names, state.orbitals, strict=True))
    }


def _dataset(species: str) -> str:
    return f"{species}/orbitals"


def write_checkpoint(
    directory: RunDirectory,
    state: State,
    names: Sequence[str],
    communicators: Communicators,
    bookmark: Bookmark,
    metadata: Metadata,
    writer: Writer = "auto",
    timers: Timers | None = None,
) -> Checkpoint:
    """Write the checkpoint of this step. Collective over the world.

    `bookmark` is the root's. Raises :class:`~hpcmix.io.atomic.OutputError`, the same on every rank, and then leaves
    nothing behind.
    """
    parts = parts_of(state, names, communicators)
    attributes = {
        **metadata.attributes(),
        "step": state.step,
        "time": state.time,
        "step_size": state.step_size,
        "pending_kick": state.pending_kick,
        "series_bytes": bookmark.series_bytes,
        "snapshots": bookmark.snapshots,
        "conserved": line_of(bookmark.conserved),
        "ground_state": line_of(bookmark.ground_state),
    }

    def annotate(file: h5py.File) -> None:
        for name in parts:
            file[name].attrs["long_name"] = "orbitals, before the kick that is still due (pending_kick)"

    path = directory.checkpoint(state.step)
    seal = write_parts(
        path, communicators.world, parts, attributes, annotate=annotate, writer=writer, read_back="all", timers=timers
    )
    provenance = metadata.provenance
    return Checkpoint(
        path,
        seal,
        _digest(seal, state.step, state.step_size, state.pending_kick),
        state.step,
        state.step_size,
        state.pending_kick,
        bookmark,
        str(provenance.get("problem", "")),
        tuple(str(provenance.get("ancestors", "")).split()),
        communicators.size,
    )


def read_header(path: Path) -> Checkpoint:
    """Everything of a checkpoint but its arrays, checked against its seal. For one rank; needs no MPI.

    Raises :class:`~hpcmix.io.seal.Damaged` or :class:`~hpcmix.io.atomic.OutputError`.
    """
    seal = check_seal(path)
    try:
        with h5py.File(path, "r") as file:
            entries = dict(file.attrs)
        step, step_size = int(entries["step"]), float(entries["step_size"])
        pending_kick = float(entries["pending_kick"])
        bookmark = Bookmark(
            int(entries["series_bytes"]),
            int(entries["snapshots"]),
            json.loads(entries["conserved"]),
            json.loads(entries["ground_state"]),
        )
        problem, ranks = str(entries["problem"]), int(entries["ranks"])
    except KeyError as error:
        raise Damaged(f"{path} is no checkpoint: it has no {error.args[0]}") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error}") from error
    ancestors = tuple(str(entries.get("ancestors", "")).split())
    digest = _digest(seal, step, step_size, pending_kick)
    return Checkpoint(path, seal, digest, step, step_size, pending_kick, bookmark, problem, ancestors, ranks)


def _digest(seal: Seal, step: int, step_size: float, pending_kick: float) -> str:
    return state_digest({name: array.digest for name, array in seal.arrays.items()}, step, step_size, pending_kick)


def read_state(
    checkpoint: Checkpoint, orbitals: list[np.ndarray], names: Sequence[str], communicators: Communicators
) -> State:
    """The state of a checkpoint, its fields in the given arrays, one per species of shape (orbitals of this group,
    *local grid). Collective over the world.

    Raises :class:`~hpcmix.io.seal.Damaged`, the same on every rank, when what is read is not what was written.
    """
    state = State(orbitals, checkpoint.step, checkpoint.step_size, checkpoint.pending_kick)
    parts = parts_of(state, names, communicators)
    for name, part in parts.items():
        expected = int(np.prod(part.shape)) * part.local.dtype.itemsize
        if name not in checkpoint.seal.arrays or checkpoint.seal.arrays[name].size != expected:
            raise Damaged(f"{checkpoint.path} holds no {name} of shape {part.shape} and type {part.local.dtype}")
    read_parts(checkpoint.path, communicators.world, checkpoint.seal, parts)
    return state


def rotate(directory: RunDirectory, keep: int) -> None:
    """Remove the oldest checkpoints beyond the newest `keep`. For the root rank, after the newest has been proven."""
    for _, path in directory.stored_checkpoints()[:-keep]:
        path.unlink(missing_ok=True)
