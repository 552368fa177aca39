"""What a checkpoint says beside its arrays, and the reading of it. Needs no MPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py

from hpcmix.io.atomic import OutputError
from hpcmix.io.checkpoints.digest import combined_digest
from hpcmix.io.checkpoints.seal import Damaged, Seal, check_seal
from hpcmix.io.plain_json import line_of
from hpcmix.problem.times.fixed_steps import START, Mark
from hpcmix.state import Adaptation, time_of

REFERENCE = "-at-start"
"""Ends the names of arrays that are kept for comparison and are no part of the state."""


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
    adaptation: Adaptation | None = None
    mark: Mark = START

    @property
    def time(self) -> float:
        """The time it belongs to, on the clock of the frame, code units."""
        return time_of(self)


def state_digest(
    arrays: Mapping[str, str],
    step: int,
    step_size: float,
    pending_kick: float,
    adaptation: Adaptation | None,
    mark: Mark = START,
) -> str:
    """The digest of a state from those of its arrays: equal exactly when every bit that evolves is equal."""
    entries = {
        **arrays, "step": str(step), "step_size": float(step_size).hex(), "pending_kick": float(pending_kick).hex()
    }  # fmt: skip
    if adaptation is not None:
        entries["adaptation"] = line_of(asdict(adaptation))  # shortest texts of floats: equal exactly for equal bits
    if mark != START:
        entries["mark"] = line_of(asdict(mark))
    return combined_digest(entries)


def read_header(path: Path) -> Checkpoint:
    """Everything of a checkpoint but its arrays, checked against its seal. For one rank; needs no MPI.

    Raises :class:`~hpcmix.io.checkpoints.seal.Damaged` or :class:`~hpcmix.io.atomic.OutputError`.
    """
    seal = check_seal(path)
    try:
        with h5py.File(path, "r") as file:
            entries = dict(file.attrs)
        step, step_size = int(entries["step"]), float(entries["step_size"])
        pending_kick = float(entries["pending_kick"])
        adaptation = json.loads(entries.get("adaptation", "null"))
        adaptation = None if adaptation is None else Adaptation(**adaptation)
        mark = Mark(**json.loads(entries.get("mark", "{}")))
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
    digest = header_digest(seal, step, step_size, pending_kick, adaptation, mark)
    return Checkpoint(
        path, seal, digest, step, step_size, pending_kick, bookmark, problem, ancestors, ranks, adaptation, mark
    )


def header_digest(
    seal: Seal,
    step: int,
    step_size: float,
    pending_kick: float,
    adaptation: Adaptation | None = None,
    mark: Mark = START,
) -> str:
    """The digest of the state whose arrays a seal holds."""
    return state_digest(
        {name: array.digest for name, array in seal.arrays.items() if not name.endswith(REFERENCE)},
        step,
        step_size,
        pending_kick,
        adaptation,
        mark,
    )
