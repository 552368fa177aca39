"""``excitations-search.h5``: the rows of a search for modes that did not come to its end, for the next command in the
directory to go on from; any number of ranks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.io.checkpoints.block_reader import read_parts
from hpcmix.io.checkpoints.blocks import Dealt, write_arrays
from hpcmix.io.checkpoints.seal import check_seal
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.process.together import together
from hpcmix.problem.schema import Problem
from hpcmix.running.log import Log
from hpcmix.running.resuming.changes import ground_state_differences
from hpcmix.running.resuming.kept_search import KEEP_SECONDS

_HALVES = ("first", "second")


class KeptModes:
    """Reads and writes the file. Collective over the world.

    attributes  of the file: what every file of the run has, the resolved problem among them.
    method      of the search: rows of another one are set aside.
    """

    def __init__(
        self,
        directory: RunDirectory,
        problem: Problem,
        operator: BogoliubovOperator,
        attributes: Mapping[str, Any],
        method: str,
        log: Log,
    ) -> None:
        self._path = directory.modes_search
        self._problem, self._mixture, self._log, self._method = problem, operator.mixture, log, method
        self._attributes = dict(attributes)
        self._written = time.monotonic()

    def due(self) -> bool:
        """Whether a long search is to be kept again; the root's clock counts."""
        return self._mixture.communicators.world.bcast(time.monotonic() - self._written > KEEP_SECONDS)

    def save(self, rows: tuple[np.ndarray, np.ndarray], residual: float) -> str | None:
        """Write the rows (rows, species, *block); where they are. None where a search has none to go on from."""
        if len(rows[0]) == 0:
            return None
        grid, arrays = self._mixture.grid, {}
        for half, block in zip(_HALVES, rows, strict=True):
            for a, species in enumerate(self._mixture.species):
                arrays[f"{species.name}/{half}"] = Dealt(np.ascontiguousarray(block[:, a]), 0, len(block))
        attributes = {**self._attributes, "method": self._method, "rows": len(rows[0]), "residual": residual}
        communicators = self._mixture.communicators
        write_arrays(self._path, communicators, grid.points, grid.position_block, arrays, attributes, read_back="all")
        self._written = time.monotonic()
        return str(self._path)

    def load(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The rows that were kept; None where there are none, or they belong to another problem and are set aside. What
        is damaged is set aside too."""
        world = self._mixture.communicators.world
        kept: tuple[int, str, float] | None = None
        with together(world):
            if world.rank == 0 and self._path.exists():
                kept = self._judged()
        kept = world.bcast(kept)
        if kept is None:
            return None
        count, dtype, residual = kept
        grid = self._mixture.grid
        rows = tuple(np.empty((count, len(self._mixture.species), *grid.position_shape), dtype) for _ in _HALVES)
        place = Block((0, *grid.position_block.start), (count, *grid.position_block.shape))
        parts = {}
        for half in _HALVES:
            for species in self._mixture.species:
                local = np.empty((count, *grid.position_shape), dtype)
                parts[f"{species.name}/{half}"] = Part((count, *grid.points), place, local)
        try:
            read_parts(self._path, world, check_seal(self._path), parts)
        except OutputError as error:
            with together(world):
                if world.rank == 0:
                    self._set_aside(str(error))
            return None
        for half, block in zip(_HALVES, rows, strict=True):
            for a, species in enumerate(self._mixture.species):
                block[:, a] = parts[f"{species.name}/{half}"].local
        self._log.line(f"excitations: going on from {self._path}, residual {residual:.1e}")
        return rows[0], rows[1]

    def _judged(self) -> tuple[int, str, float] | None:
        """Number and type of the rows and their residual, if they are of this problem. For the root."""
        try:
            seal = check_seal(self._path)
            with h5py.File(self._path, "r") as file:
                entries = dict(file.attrs)
                dtype = str(next(iter(file[name].dtype for name in seal.arrays)))
            kept = int(entries["rows"]), dtype, float(entries["residual"])
            differences = ground_state_differences(str(entries["problem"]), self._problem)
        except (OutputError, OSError, KeyError, ValueError, StopIteration) as error:
            self._set_aside(str(error))
            return None
        if entries["method"] != self._method:
            differences.append(f"method: {entries['method']} where it was sought, {self._method} now")
        if set(seal.arrays) != {f"{species.name}/{half}" for species in self._mixture.species for half in _HALVES}:
            differences.append("it has other arrays")
        if differences:
            self._set_aside("it belongs to another problem: " + "; ".join(differences))
            return None
        return kept

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_name(self._path.name + ".set-aside")
        self._path.replace(aside)
        self._log.line(f"excitations: {self._path} is not gone on from, and kept as {aside.name}: {why}")
