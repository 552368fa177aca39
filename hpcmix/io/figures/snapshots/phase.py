"""Figure of the phases of wave functions, of snapshots that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.snapshots.cropping import SEEN, slice_of
from hpcmix.io.figures.snapshots.maps import edges
from hpcmix.io.figures.style import FigureUnits, colours_of_times, headline, require_span
from hpcmix.io.reader import RunReader, StoredFile

FADES_BELOW = 0.01
"""Of the largest density: where there is less, phases fade into white."""

FLAT = 1e-4
"""In units of pi: phases that differ by less along a line are one, but for what a search or rounding left."""

_TIMES = 2


@dataclass(frozen=True)
class Phases:
    """Of one snapshot, code units: in the plane nearest to z = 0 of three dimensions.

    axes    positions along x, or x and y.
    phases  by species, of those with one wave function.
    shares  of the same, the density by its largest value; ones where the snapshot does not have it.
    """

    time: float
    axes: dict[str, np.ndarray]
    phases: dict[str, np.ndarray]
    shares: dict[str, np.ndarray]


def with_phases(run: RunReader) -> list[StoredFile]:
    """The snapshots of a run whose files hold a phase. All snapshots of a run hold the same fields: the last says."""
    if not run.snapshots:
        return []
    return run.snapshots if read_phases(run.snapshots[-1]).phases else []


def read_phases(stored: StoredFile, species: Sequence[str] = ()) -> Phases:
    """The phases that a snapshot holds, in the order of the species, others behind them. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError` for a damaged one."""
    try:
        with h5py.File(stored.path, "r") as file:
            names = [str(name) for name in file.attrs["axes"]]
            middle = () if len(names) < 3 else (slice(None), slice(None), file["z"].size // 2)
            phases, shares = {}, {}
            for name, group in sorted(file.items(), key=lambda item: _place(item[0], species)):
                if not isinstance(group, h5py.Group):
                    continue
                if "wave_function" in group and group["wave_function"].ndim == len(names):
                    values = group["wave_function"][middle]
                    phases[name], density = np.angle(values), np.abs(values) ** 2
                elif "phase" in group:
                    phases[name] = group["phase"][middle]
                    density = group["density"][middle] if "density" in group else np.ones(phases[name].shape)
                else:
                    continue
                shares[name] = density / (float(np.nanmax(density)) or 1.0)
            return Phases(stored.time, {name: file[name][:] for name in names[:2]}, phases, shares)
    except (OSError, KeyError) as error:
        raise OutputError(f"{stored.path} is damaged: {error}") from error


def phase_figure(scene: Scene) -> Figure:
    """Every species with a wave function of its own at the first and the last stored time, or those asked for: the
    phase where the density is not small, in three dimensions in the plane z = 0; lines in one dimension."""
    species = [str(entry.get("name")) for entry in scene.run.problem.get("species", [])]
    shown = [read_phases(stored, species) for stored in scene.between(with_phases(scene.run), _TIMES)]
    crop = {
        name: slice_of((_largest_along(share, place) for each in shown for share in each.shares.values()), points.size)
        for place, (name, points) in enumerate(shown[0].axes.items())
    }
    one = len(shown[0].axes) == 1
    return (
        phase_lines(shown, crop["x"], scene.units, scene.title) if one else _maps(shown, crop, scene.units, scene.title)
    )


def _place(name: str, species: Sequence[str]) -> int:
    return species.index(name) if name in species else len(species)


def _largest_along(share: np.ndarray, axis: int) -> np.ndarray:
    largest: np.ndarray = share.max(axis=tuple(other for other in range(share.ndim) if other != axis))
    return largest


def _maps(shown: list[Phases], crop: dict[str, slice], units: FigureUnits, title: str) -> Figure:
    species = list(shown[0].phases)
    parts = crop["x"], crop["y"]
    spans = [np.ptp(shown[0].axes[name][crop[name]]) for name in ("x", "y")]
    height = 2.6 * min(max(spans[1] / spans[0], 0.25), 2.5)
    figure = Figure(figsize=(1.4 + 3.1 * len(shown), 1.1 + (height + 0.45) * len(species)), layout="compressed")
    headline(figure, title)
    share = all(np.array_equal(phases.axes["y"], shown[0].axes["y"]) for phases in shown)  # unless the grid expands
    panels = figure.subplots(len(species), len(shown), sharey=share, squeeze=False)
    for row, name in zip(panels, species, strict=True):
        for axes, phases in zip(row, shown, strict=True):
            (left, right), (bottom, top) = (edges(phases.axes[axis][crop[axis]]) for axis in ("x", "y"))
            factor = units.length.factor
            drawn = axes.imshow(
                phases.phases[name][parts].T,
                origin="lower",
                extent=(left * factor, right * factor, bottom * factor, top * factor),
                cmap="twilight",
                vmin=-np.pi,
                vmax=np.pi,
                interpolation="nearest",
                alpha=np.clip(phases.shares[name][parts].T / FADES_BELOW, 0.0, 1.0),
            )
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.set_title(f"phase of {name}, {units.moment(phases.time)}")
        row[0].set_ylabel(units.length.label("$y$"))
        opaque = ScalarMappable(drawn.norm, drawn.cmap)  # without the fading of what is drawn
        bar = figure.colorbar(opaque, ax=list(row), label="phase", shrink=0.9, pad=0.01)
        bar.set_ticks([-np.pi, 0.0, np.pi], labels=["$-\\pi$", "0", "$\\pi$"])
    for axes in panels[-1]:
        axes.set_xlabel(units.length.label("$x$"))
    return figure


def phase_lines(shown: list[Phases], crop: slice, units: FigureUnits, title: str) -> Figure:
    """Phases without jumps by 2 pi, in units of pi, zero where the density is largest."""
    species = list(shown[0].phases)
    figure = Figure(figsize=(7.5, 0.8 + 2.4 * len(species)), layout="constrained")
    headline(figure, title)
    panels: list[Axes] = list(figure.subplots(len(species), 1, sharex=True, squeeze=False)[:, 0])
    for axes, name in zip(panels, species, strict=True):
        for phases, colour in zip(shown, colours_of_times(len(shown)), strict=False):
            share = phases.shares[name][crop]
            places = phases.axes["x"][crop] * units.length.factor
            axes.plot(
                places, unwrapped(phases.phases[name][crop], share), color=colour, label=units.moment(phases.time)
            )
        axes.set_title(name)
        axes.set_ylabel("phase ($\\pi$)")
        require_span(axes, 1.0, FLAT)
    panels[0].legend(loc="best")
    panels[-1].set_xlabel(units.length.label("$x$"))
    return figure


def unwrapped(phase: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The phase in units of pi without jumps by 2 pi, zero at the largest density, NaN where there is next to none."""
    smooth = np.unwrap(phase)
    smooth -= smooth[int(np.argmax(share))]
    return np.where(share > SEEN, smooth / np.pi, np.nan)
