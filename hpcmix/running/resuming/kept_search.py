"""``ground-state-search.h5``: the state of a search for the ground state that did not come to its end, for the next
command in the directory to go on from; any number of ranks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from hpcmix.initial.searching.starts import Unfinished
from hpcmix.io.checkpoints.block_reader import read_parts
from hpcmix.io.checkpoints.blocks import Dealt, write_arrays
from hpcmix.io.checkpoints.seal import check_seal
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.plain_json import line_of
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.process.together import together
from hpcmix.problem.schema import Problem
from hpcmix.running.log import Log
from hpcmix.running.resuming.changes import ground_state_differences

KEEP_SECONDS = 600.0
"""A long search is kept so often, for what ends without a word."""


class KeptSearch:
    """Reads and writes the file. Collective over the world but for what says otherwise.

    attributes  of the file: what every file of the run has, the resolved problem among them.
    gases       names of the species whose mean fields are kept, in place of the wave functions of all.
    """

    def __init__(
        self,
        directory: RunDirectory,
        problem: Problem,
        mixture: Mixture,
        attributes: Mapping[str, Any],
        log: Log,
        gases: Sequence[str] = (),
    ) -> None:
        self._directory, self._path, self._gases = directory, directory.search, gases
        self._problem, self._mixture, self._log = problem, mixture, log
        self._attributes = dict(attributes)
        self._written = time.monotonic()

    def of_mean_fields(self, names: Sequence[str]) -> KeptSearch:
        """The same for the mean fields of gases."""
        return KeptSearch(self._directory, self._problem, self._mixture, self._attributes, self._log, names)

    def due(self) -> bool:
        """Whether a long search is to be kept again; the root's clock counts."""
        return self._mixture.communicators.world.bcast(time.monotonic() - self._written > KEEP_SECONDS)

    def load(self, fields: list[np.ndarray]) -> Unfinished | None:
        """Put the state that was kept into the fields; None where there is none, or it belongs to another problem and
        is set aside. What is damaged is set aside too."""
        world = self._mixture.communicators.world
        judged: tuple[Unfinished, dict[str, Any]] | None = None
        with together(world):
            if world.rank == 0 and self._path.exists():
                judged = self._judged()
        judged = world.bcast(judged)
        if judged is None:
            return None
        try:
            self._read(fields)
        except OutputError as error:
            with together(world):
                if world.rank == 0:
                    self._set_aside(str(error))
            return None
        progress = judged[0]
        self._log.line(
            f"ground state: going on from {self._path}, residual {progress.residual:.1e}"
            + (f", {len(progress.starts)} starts behind" if progress.starts else "")
        )
        return progress

    def save(self, fields: list[np.ndarray], progress: Unfinished) -> str:
        """Write the state; where it is."""
        mixture = self._mixture
        arrays: dict[str, np.ndarray | Dealt] = dict(self._singles(fields))
        for a, name, field in self._sets(fields):
            arrays[name] = Dealt(field, mixture.held(a).start, mixture.species[a].orbitals)
        attributes = {
            **self._attributes,
            "starts": line_of(list(progress.starts)),
            "residual": float(progress.residual),
            "energy": float(progress.energy),
        }
        grid = mixture.grid
        write_arrays(
            self._path, mixture.communicators, grid.points, grid.position_block, arrays, attributes, read_back="all"
        )
        self._written = time.monotonic()
        return str(self._path)

    # --------------------------------------------------------------- reading

    def _judged(self) -> tuple[Unfinished, dict[str, Any]] | None:
        """What the file says of itself, if it is of this problem. For the root."""
        try:
            seal = check_seal(self._path)
            with h5py.File(self._path, "r") as file:
                entries = dict(file.attrs)
            progress = Unfinished(
                tuple(json.loads(entries["starts"])), float(entries["residual"]), float(entries["energy"])
            )
            differences = ground_state_differences(str(entries["problem"]), self._problem)
        except (OutputError, OSError, KeyError, ValueError) as error:
            self._set_aside(str(error))
            return None
        if differences:
            self._set_aside("it belongs to another problem: " + "; ".join(differences))
            return None
        if set(seal.arrays) != self._names:
            self._set_aside("it has other arrays")
            return None
        return progress, entries

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_name(self._path.name + ".set-aside")
        self._path.replace(aside)
        self._log.line(f"ground state: {self._path} is not gone on from, and kept as {aside.name}: {why}")

    def _read(self, fields: list[np.ndarray]) -> None:
        """Fill the fields of this rank; what is the same in every orbital group is read by the first and handed to the
        others."""
        mixture, communicators = self._mixture, self._mixture.communicators
        grid, block, parts = mixture.grid, mixture.grid.position_block, {}
        for a, name, field in self._sets(fields):
            held = mixture.held(a)
            place = Block((held.start, *block.start), (len(held), *block.shape))
            parts[name] = Part((mixture.species[a].orbitals, *grid.points), place, np.empty_like(field))
        nothing = Block((0,) * grid.dimensions, (0,) * grid.dimensions)
        mine = block if communicators.holds_first_copy else nothing
        for name, field in self._singles(fields):
            parts[name] = Part(grid.points, mine, np.empty(mine.shape, field.dtype))
        read_parts(self._path, communicators.world, check_seal(self._path), parts)
        for _, name, field in self._sets(fields):
            field[...] = parts[name].local
        for name, field in self._singles(fields):
            if communicators.holds_first_copy:
                field[...] = parts[name].local
            communicators.across.Bcast(field, root=0)
            communicators.copy_from_first_replica(field)

    # ------------------------------------------------------------ what is kept

    @property
    def _names(self) -> set[str]:
        """Of the arrays."""
        if self._gases:
            return {_mean_field(gas) for gas in self._gases}
        return {_orbitals(species.name) for species in self._mixture.species}

    def _singles(self, fields: list[np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
        """The arrays on this rank's part of the grid that every orbital group has: mean fields, condensates."""
        if self._gases:
            for gas, field in zip(self._gases, fields, strict=True):
                yield _mean_field(gas), field
            return
        for species, field in zip(self._mixture.species, fields, strict=True):
            if not species.is_set:
                yield _orbitals(species.name), field[0]

    def _sets(self, fields: list[np.ndarray]) -> Iterator[tuple[int, str, np.ndarray]]:
        """Sets of orbitals, by the number of their species: every orbital group holds some of them."""
        for a, species in enumerate(() if self._gases else self._mixture.species):
            if species.is_set:
                yield a, _orbitals(species.name), fields[a]


def _orbitals(species: str) -> str:
    return f"{species}/orbitals"


def _mean_field(species: str) -> str:
    return f"{species}/mean_field"
