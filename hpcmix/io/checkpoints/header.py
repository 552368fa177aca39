"""What a checkpoint says beside its arrays, and the reading of it. Needs no MPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from hpcmix.io.checkpoints.digest import combined_digest
from hpcmix.io.checkpoints.progress_entries import progress_of, texts_of
from hpcmix.io.checkpoints.seal import Damaged, Seal, check_seal
from hpcmix.io.documents.atomic import OutputError
from hpcmix.state.progress import Progress

REFERENCE = "-at-start"
"""Ends the names of arrays that are kept for comparison and are no part of the state."""


@dataclass(frozen=True)
class Bookmark:
    """Where a run stands beside its state.

    series_bytes   length of observables.jsonl before the output of this step.
    snapshots      number of snapshots written before the output of this step.
    conserved      what the guard of conserved quantities compares with.
    ground_state   how the ground state was found, for summary.json; None where there was none.
    marker_files   number of marker files written before the output of this step.
    A checkpoint is written before the output of its step, and a run that goes on begins with that output.
    """

    series_bytes: int = 0
    snapshots: int = 0
    conserved: Mapping[str, Any] = field(default_factory=dict)
    ground_state: Mapping[str, Any] | None = None
    marker_files: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on the disk whose seal and labels are good; its arrays are proven when they are read.

    digest     of the state (:func:`state_digest`).
    progress   of the state.
    problem    text of the resolved problem file.
    ancestors  digests of the checkpoints that its run went on from, oldest first.
    ranks      number of ranks that wrote it.
    """

    path: Path
    seal: Seal
    digest: str
    progress: Progress
    bookmark: Bookmark
    problem: str
    ancestors: tuple[str, ...]
    ranks: int


def state_digest(arrays: Mapping[str, str], progress: Progress) -> str:
    """The digest of a state from those of its arrays: equal exactly when every bit that evolves is equal."""
    return combined_digest({**arrays, **texts_of(progress)})


def read_header(path: Path) -> Checkpoint:
    """Everything of a checkpoint but its arrays, checked against its seal. For one rank; needs no MPI.

    Raises :class:`~hpcmix.io.checkpoints.seal.Damaged` or :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    seal = check_seal(path)
    try:
        with h5py.File(path, "r") as file:
            entries = dict(file.attrs)
        progress = progress_of(entries)
        bookmark = Bookmark(
            int(entries["series_bytes"]),
            int(entries["snapshots"]),
            json.loads(entries["conserved"]),
            json.loads(entries["ground_state"]),
            int(entries.get("marker_files", 0)),
        )
        problem, ranks = str(entries["problem"]), int(entries["ranks"])
    except KeyError as error:
        raise Damaged(f"{path} is no checkpoint: it has no {error.args[0]}") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error}") from error
    ancestors = tuple(str(entries.get("ancestors", "")).split())
    return Checkpoint(path, seal, header_digest(seal, progress), progress, bookmark, problem, ancestors, ranks)


def header_digest(seal: Seal, progress: Progress) -> str:
    """The digest of the state whose arrays a seal holds."""
    arrays = {name: array.digest for name, array in seal.arrays.items() if not name.endswith(REFERENCE)}
    return state_digest(arrays, progress)
