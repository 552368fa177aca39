"""The frames of a film: densities and phases at all stored times of a run, read one after the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import h5py
import numpy as np

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.snapshots.phase import read_phases
from hpcmix.io.reader import RunReader, StoredFile


@dataclass(frozen=True)
class Frame:
    """What one frame shows, code units.

    axes       positions along the axes that are shown: x, or x and y.
    densities  by species: integrated along z in three dimensions, the density itself in two and one.
    phases     by species, of those with one wave function whose phase is stored: in the plane nearest to z = 0 in three
               dimensions.
    """

    time: float
    axes: dict[str, np.ndarray]
    densities: dict[str, np.ndarray]
    phases: dict[str, np.ndarray]


class Frames:
    """All stored times of a run, from its slices or, where it has none, its snapshots; phases from snapshots.

    Reading one raises :class:`~hpcmix.io.documents.atomic.OutputError` where a file is damaged.
    """

    def __init__(self, run: RunReader, scene: Scene | None = None) -> None:
        self._run = run
        self._snapshots = {stored.index: stored for stored in run.snapshots}
        self._sliced = {stored.index for stored in run.slices}
        kept = [stored for stored in (run.slices or run.snapshots) if math.isfinite(stored.time)]
        self.stored = (scene or Scene(run)).between(kept, len(kept))

    def __len__(self) -> int:
        return len(self.stored)

    @cached_property
    def first(self) -> Frame:
        """The first one, which has the species and axes of all."""
        return self[0]

    def __getitem__(self, number: int) -> Frame:
        stored = self.stored[number]
        snapshot = self._snapshots.get(stored.index)
        try:
            if stored.index not in self._sliced:
                return self._of_snapshot(stored)
            slices = self._run.read_slices(stored)
            shown = slices.columns if len(slices.axes) == 3 else slices.slices
            names = "xy"[: len(slices.axes)]
            phases = {} if snapshot is None else read_phases(snapshot).phases
            densities = {name: views[names] for name, views in shown.items() if names in views}
            return Frame(stored.time, {name: slices.axes[name] for name in names}, densities, phases)
        except (OSError, KeyError) as error:
            raise OutputError(f"{stored.path} is damaged: {error}") from error

    def _of_snapshot(self, stored: StoredFile) -> Frame:
        with h5py.File(stored.path, "r") as file:
            names = list(file.attrs["axes"])
            species = [name for name in file if f"{name}/density" in file]
            densities = {name: _column(file, f"{name}/density", names) for name in species}
            axes = {name: file[name][:] for name in names[:2]}
        return Frame(stored.time, axes, densities, read_phases(stored).phases)


def _column(file: h5py.File, path: str, names: list[str]) -> np.ndarray:
    """A density, integrated along z if there is one, a plane of x at a time."""
    dataset = file[path]
    if len(names) < 3:
        density: np.ndarray = dataset[()]
        return density
    spacing = float(file["z"][1] - file["z"][0])
    return np.stack([dataset[plane].sum(axis=-1, dtype=float) * spacing for plane in range(dataset.shape[0])])
