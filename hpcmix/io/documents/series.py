"""The time series of a run: appended line by line while it goes on, and the same as a labelled dataset for xarray."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from hpcmix.io.documents.atomic import OutputError, explained, replacing
from hpcmix.io.documents.dataset import Dataset, Variable
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import line_of
from hpcmix.observe.vortices.tracks import numbered
from hpcmix.problem.units.dimensions import Dimension

NOTHING: Mapping[str, str] = MappingProxyType({})

Known = TypeVar("Known")

Labels = Mapping[str, tuple[str, Dimension | None]]
"""Long name and dimension of entries of records by their names, keys of nested tables joined with underscores
(:func:`hpcmix.observe.registry.labels_of_all`); None: a plain number."""


class SeriesWriter:
    """Appends records to ``observables.jsonl``, one JSON object a line, each handed to the system at once. For the
    root rank.

    keep    number of bytes of an earlier part of the run that stay, as :attr:`offset` gave it when the checkpoint was
            written; the rest is cut off, so that no record is there twice. None keeps nothing.
    Raises :class:`OutputError` when the file cannot be written or is shorter than `keep`.
    """

    def __init__(self, path: Path, keep: int | None = None) -> None:
        self.path = path
        kept = keep or 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise explained(error, path) from error
        length = os.fstat(self._descriptor).st_size
        if length < kept:
            self.close()
            raise OutputError(
                f"{path} has {length} bytes but the checkpoint was written when it had {kept}: records are missing"
            )
        os.ftruncate(self._descriptor, kept)
        self.offset = kept
        """Length of the file in bytes: all complete records."""

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record. After an :class:`OutputError` the file ends with the last complete record."""
        line = (line_of(record) + "\n").encode()
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(self._descriptor, line[written:], self.offset + written)
        except OSError as error:
            os.ftruncate(self._descriptor, self.offset)
            raise explained(error, self.path) from error
        self.offset += len(line)

    def sync(self) -> None:
        """Make what was appended last, as a checkpoint that names :attr:`offset` needs it. Raises
        :class:`OutputError`.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise explained(error, self.path) from error

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> SeriesWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_series(path: Path) -> list[dict[str, Any]]:
    """All records. A last line that a kill cut off is left out; a missing file holds no record.

    Raises :class:`OutputError` when an earlier line is damaged.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    while lines and not lines[-1].strip():
        lines.pop()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:  # also when a character was cut in two
            if number == len(lines):
                break
            raise OutputError(f"{path}, line {number} is damaged: {error}") from error
        if not isinstance(record, dict):
            raise OutputError(f"{path}, line {number} is no record of a run")
        records.append(record)
    return records


def write_dataset(
    series: Path,
    dataset: Path,
    metadata: Metadata,
    labels: Labels,
    lists: Mapping[str, str] = NOTHING,
    definitions: Mapping[str, str] = NOTHING,
) -> None:
    """Write ``observables.h5`` anew from ``observables.jsonl``, vortices with the numbers that they keep in time;
    ``xarray.open_dataset(path)`` opens it. `lists` and `definitions` as :func:`as_dataset` has them. For the
    root rank.

    Raises :class:`OutputError`; the earlier file then stays.
    """
    content = as_dataset(numbered(read_series(series)), metadata, labels, lists, definitions)
    with replacing(dataset) as temporary:
        content.write(temporary)


def as_dataset(
    records: Sequence[Mapping[str, Any]],
    metadata: Metadata,
    labels: Labels,
    lists: Mapping[str, str] = NOTHING,
    definitions: Mapping[str, str] = NOTHING,
) -> Dataset:
    """The records as labelled arrays over (time, species, axis), code units, NaN where a record lacks an entry.

    ``energy.total`` becomes the variable ``energy_total``, what stands under a species the variable of that name over
    (time, species), or (time, species, axis) for one number per axis. Entries that have no label become
    variables in the same way; lists of another length get a dimension of their own, and an entry of the whole run
    that bears the name of one of a species becomes ``run_<name>``. A table that has a ``species`` of its own, such as
    ``fluctuations``, becomes variables ``fluctuations_<name>`` over (time, species) too. Text is left out.

    lists        by its name, for an entry that is a list as long as it needs to be, the dimension that it shares with
                 others of its kind; shorter ones end in NaN. An entry of the run that bears the dimension's name is the
                 coordinate along it, the same in every record.
    definitions  by its name, what an entry is and how it is normalised: an attribute.
    Labels, lists and definitions of an entry are those of a table of numbers for every species too.
    """
    species = list(
        dict.fromkeys([*metadata.species, *(name for record in records for name in record.get("species", {}))])
    )
    of_run: dict[str, dict[tuple[int, ...], Any]] = {}
    of_species: dict[str, dict[tuple[int, ...], Any]] = {}
    for t, record in enumerate(records):
        for name, value in _leaves({key: value for key, value in record.items() if key != "time"}):
            of_run.setdefault(name, {})[(t,)] = value
        for owner, name, value in _species_leaves(record):
            of_species.setdefault(name, {})[(t, species.index(owner))] = value
    coordinates = {
        "time": Variable(
            ("time",),
            _filled((len(records),), {(t,): r.get("time") for t, r in enumerate(records)}),
            _label("time", metadata, labels),
        ),
        "species": Variable(("species",), np.array(species, dtype=object), {"long_name": "name of the species"}),
        "axis": Variable(("axis",), np.array(metadata.axes, dtype=object), {"long_name": "axis of the grid"}),
    }
    lengths = {"time": len(records), "species": len(species), "axis": len(metadata.axes)}
    named: list[tuple[str, tuple[str, ...], dict[tuple[int, ...], Any]]] = [
        *((name, ("time", "species"), cells) for name, cells in of_species.items()),
        *((f"run_{name}" if name in of_species else name, ("time",), cells) for name, cells in of_run.items()),
    ]
    along = {name: of_table(name, lists, species) for name, _, _ in named}
    widths = {
        name: max((len(value) for value in cells.values() if isinstance(value, list)), default=None)
        for name, _, cells in named
    }
    for name, width in widths.items():
        if (dimension := along[name]) is not None and width is not None:
            lengths[dimension] = max(lengths.get(dimension, 0), width)
    variables: dict[str, Variable] = {}
    for name, dimensions, cells in named:
        width = widths[name]
        attributes = _label(name, metadata, labels)
        if (definition := of_table(name, definitions, species)) is not None:
            attributes["definition"] = definition
        if along[name] == name and cells:
            values = _filled((lengths[name],), {(): cells[max(cells)]})
            variables[name] = Variable((name,), values, attributes)
            continue
        if (dimension := along[name]) is not None:
            dimensions = (*dimensions, dimension)
        elif width is not None:
            dimensions = (*dimensions, "axis" if width == lengths["axis"] else f"{name}_index")
            lengths.setdefault(dimensions[-1], width)
        shape = [lengths[dimension] for dimension in dimensions]
        values = _filled(tuple(shape), cells)
        if name == "step" and not np.isnan(values).any():
            values = values.astype(np.int64)
        variables[name] = Variable(dimensions, values, attributes)
    return Dataset(variables | coordinates, metadata.attributes())


def _species_leaves(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Species, name and value of what stands under ``species``, of a record and of the tables in it."""
    for key, value in record.items():
        if key == "species":
            for species, entries in value.items():
                yield from ((species, name, number) for name, number in _leaves(entries, prefix))
        elif isinstance(value, Mapping):
            yield from _species_leaves(value, f"{prefix}{key}_")


def _leaves(entries: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Numbers, lists of numbers and nulls of nested tables, under names joined with underscores; not what stands under
    ``species``."""
    leaves = []
    for key, value in entries.items():
        name = f"{prefix}{key}"
        if key == "species":
            continue
        if isinstance(value, Mapping):
            leaves += _leaves(value, f"{name}_")
        else:
            numbers = value if isinstance(value, list) else [value]
            if all(number is None or isinstance(number, (int, float)) for number in numbers):
                leaves.append((name, value))
    return leaves


def _filled(shape: tuple[int, ...], cells: Mapping[tuple[int, ...], Any]) -> np.ndarray:
    """An array of NaN with the cells that are known."""
    result = np.full(shape, np.nan)
    for place, value in cells.items():
        if isinstance(value, list):
            result[place][: len(value)] = [np.nan if entry is None else entry for entry in value]
        elif value is not None:
            result[place] = value
    return result


def of_table(name: str, table: Mapping[str, Known], species: Iterable[str]) -> Known | None:
    """What a table has under a name, or under the one before ``_<species>``; None where it has neither."""
    if name in table:
        return table[name]
    bases = (name.removesuffix(f"_{other}") for other in species if name.endswith(f"_{other}"))
    return next((table[base] for base in bases if base in table), None)


def _label(name: str, metadata: Metadata, labels: Labels) -> dict[str, Any]:
    """Long name and units of a variable that has a label; nothing for others."""
    label = of_table(name, labels, metadata.species)
    if label is None:
        return {}
    long_name, dimension = label
    return {"long_name": long_name} | (metadata.unit(dimension) if dimension else {"units": "1"})
