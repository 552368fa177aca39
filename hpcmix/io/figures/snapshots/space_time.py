"""Figure of the density over time and place, of a grid of one dimension."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.maps import MAP
from hpcmix.io.figures.style import headline

FEWEST_TIMES = 8
"""With fewer a map over time would be bars; lines show them better."""

MOST_TIMES = 600
"""About as many as a figure has pixels for."""


def space_time_figure(scene: Scene) -> Figure | None:
    """A row for every species: rho(x, t) over time and place, where the clouds are; in a frame that expands places are
    those in the laboratory. None where too few times are finite."""
    run, units = scene.run, scene.units
    kept = [entry for entry in run.slices if np.isfinite(entry.time)]
    stored = [scene.slices(entry) for entry in scene.between(kept, MOST_TIMES)]
    if len(stored) < 2:
        return None
    crop, species, density = crop_of(stored)["x"], list(stored[0].slices), units.density(1)
    figure = Figure(figsize=(7.5, 0.9 + 2.5 * len(species)), layout="constrained")
    headline(figure, scene.title)
    panels = figure.subplots(len(species), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    places = np.stack([slices.axes["x"][crop] for slices in stored], axis=1) * units.length.factor
    times = np.broadcast_to([slices.time * units.time.factor for slices in stored], places.shape)
    for axes, name in zip(panels, species, strict=True):
        values = np.stack([slices.slices[name]["x"][crop] for slices in stored], axis=1) * density.factor
        largest = float(np.nanmax(values, initial=0.0))
        drawn = axes.pcolormesh(
            times, places, values, cmap=MAP, vmin=0.0, vmax=largest or 1.0, shading="nearest", rasterized=True
        )
        axes.grid(False)
        axes.set_title(name if largest > 0.0 else f"{name} (empty)")
        axes.set_ylabel(units.length.label("$x$"))
        figure.colorbar(
            drawn, ax=axes, label=density.label("density"), ticks=None if largest > 0.0 else [0.0], pad=0.01
        )
    panels[-1].set_xlabel(units.time.label("time $t$"))
    return figure
