"""The figure of a scaling study: speed-up and efficiency over cores, and the parts of a step; the model beside them,
dashed, in a colour of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hpcmix.io.figures.style import COLOURS, FROM_ZERO, STYLE, headline, legends_below, save
from hpcmix.running.bench.spread import Spread
from hpcmix.studies.scaling.measured.outcome import Compared, Outcome
from hpcmix.studies.scaling.measured.phases import PARTS
from hpcmix.studies.scaling.prediction import Predicted, Prediction, words_of_missing

_MARKERS = "osD^vP"
_MODEL, _BOUND, _IDEAL = COLOURS[1], "0.45", "0.7"
_PART_COLOURS = dict(zip(PARTS, (COLOURS[0], COLOURS[1], COLOURS[4], "0.75", COLOURS[2]), strict=True))


_MANY_BARS = 4
"""More than so many bars have labels in a line each, upright, where they do not run into each other."""
_BARS_OF_A_PANEL = 20
"""For more the panel becomes wider."""
_MARGIN = 1.2
"""Factor between the first and last value and the ends of a logarithmic axis at least."""


def draw_scaling(
    outcome: Outcome, prediction: Prediction | None, title: str, weak: bool, path: Path, dots: int | None = None
) -> Path:
    """Draw it as the file's ending says. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""
    with matplotlib.rc_context(STYLE):
        wide = max(1.0, len(outcome.measured) / _BARS_OF_A_PANEL)
        figure = Figure(figsize=(11.0 + 3.5 * (wide - 1.0), 4.0), layout="constrained")
        speed, efficiency, parts = figure.subplots(1, 3, width_ratios=(1.0, 1.0, wide))
        _draw_curves(speed, outcome, prediction, "speed_up")
        cores = sorted({compared.row.configuration.cores for compared in outcome.measured})
        last = max([*cores, *(_cores(point, prediction) for point in _drawn(prediction))])
        speed.plot([cores[0], last], [cores[0], last], color=_IDEAL, linewidth=1.0, label="ideal", zorder=0)
        speed.set_yscale("log", base=2)
        speed.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        speed.set_ylabel("scaled speed-up" if weak else "speed-up")
        _draw_curves(efficiency, outcome, prediction, "efficiency")
        efficiency.axhline(1.0, color=_IDEAL, linewidth=1.0, zorder=0)
        efficiency.set_ylabel("parallel efficiency")
        # bands may reach anywhere, what is drawn as a line is seen
        low, high = FROM_ZERO
        top = max(_drawn_values(efficiency))
        efficiency.set_ylim(low * top, high * top)
        speed.set_ylim(_with_margin(_drawn_values(speed)))
        for axes in (speed, efficiency):
            axes.set_xlim(_with_margin([cores[0], last]))
            axes.set_xlabel("cores (ranks x threads)")
        _draw_parts(parts, outcome)
        headline(figure, title)
        figure.set_figheight(figure.get_figheight() + _height_of_labels(parts))
        share = 1.0 / (2.0 + wide)
        legends_below(figure, {"left": (speed, 1.95 * share), "right": (parts, 0.95 * wide * share)})
        return save(figure, path, dots)


def _drawn_values(axes: Axes) -> list[float]:
    """Of all lines and ends of error bars."""
    return [float(value) for line in axes.get_lines() for value in np.asarray(line.get_ydata(), dtype=float)]


def _with_margin(values: Sequence[float]) -> tuple[float, float]:
    """The ends of a logarithmic axis for positive values."""
    low, high = min(values), max(values)
    margin = max(_MARGIN, (high / low) ** 0.05)
    return low / margin, high * margin


def _height_of_labels(axes: Axes) -> float:
    """Inches that the labels of the bars take beyond those of an axis with numbers."""
    return max(label.get_window_extent().height for label in axes.get_xticklabels()) / axes.figure.dpi - 0.12


def _draw_curves(axes: Axes, outcome: Outcome, prediction: Prediction | None, quantity: str) -> None:
    """Measured points with quartiles, a marker for each way to use the ranks; the model."""
    axes.set_xscale("log", base=2)
    for number, (label, family) in enumerate(_families(outcome).items()):
        cores = [compared.row.configuration.cores for compared in family]
        spreads: list[Spread] = [getattr(compared, quantity) for compared in family]
        medians = np.array([spread.median for spread in spreads])
        reach = [medians - [s.lower for s in spreads], np.array([s.upper for s in spreads]) - medians]
        marker = _MARKERS[number % len(_MARKERS)]
        colour = ("#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#000000")[number % 5]
        axes.errorbar(cores, medians, reach, color=colour, label=label, marker=marker, markersize=5.0, capsize=2.0)
    if prediction is not None and not prediction.model.compute.known:
        axes.plot([], [], color=_MODEL, linestyle="--", label="model: not resolved")
    for label, colour, points in (
        ("model", _MODEL, [point for point in _drawn(prediction) if point.whole]),
        ("model: computing alone, a bound", _BOUND, [point for point in _drawn(prediction) if not point.whole]),
    ):
        if points:
            missing = words_of_missing(points)
            label += f"\n({missing})" if missing else ""
            x = [_cores(point, prediction) for point in points]
            y = np.array([getattr(point, quantity) for point in points])
            low = [value * point.step / (point.step + point.half_width) for value, point in zip(y, points, strict=True)]
            high = [
                value * point.step / max(point.step - point.half_width, 1e-3 * point.step)
                for value, point in zip(y, points, strict=True)
            ]
            axes.plot(x, y, color=colour, linestyle="--", marker="x", markersize=4.0, label=label)
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0.0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_minor_locator(LogLocator(base=2, subs=()))


def _cores(point: Predicted, prediction: Prediction | None) -> int:
    """Ranks times threads."""
    return point.ranks * (1 if prediction is None else prediction.model.threads)


def _drawn(prediction: Prediction | None) -> list[Predicted]:
    return [] if prediction is None else prediction.predicted


def _families(outcome: Outcome) -> dict[str, list[Compared]]:
    """Configurations that differ in the number of ranks only; a serial one begins each of them."""
    serial = [compared for compared in outcome.measured if compared.row.configuration.cores == 1]
    families: dict[str, list[Compared]] = {}
    for compared in outcome.measured:
        configuration = compared.row.configuration
        if configuration.cores == 1:
            continue
        words = [
            "" if configuration.threads == 1 else f"{configuration.threads} threads",
            ""
            if configuration.groups is None
            else f"{configuration.groups} {'group' if configuration.groups == 1 else 'groups'}",
            "" if configuration.pencil_grid is None else "pencils",
        ]
        label = ", ".join(["measured", *filter(None, words)])
        families.setdefault(label, list(serial)).append(compared)
    return families or {"measured": serial}


def _draw_parts(axes: Axes, outcome: Outcome) -> None:
    """A bar for each configuration, of the medians of its parts."""
    labels, named, heights = [], set(), [0.0]
    upright = len(outcome.measured) > _MANY_BARS
    for place, compared in enumerate(outcome.measured):
        bottom = 0.0
        for name in PARTS:
            spread = compared.row.part(name)
            if spread is None:
                continue
            height = 1e3 * max(0.0, spread.median)
            label = None if name in named else name
            named.add(name)
            axes.bar(place, height, bottom=bottom, width=0.7, color=_PART_COLOURS[name], label=label)
            bottom += height
        heights.append(bottom)
        configuration, last = compared.row.configuration, compared.row.last
        pencils = "x".join(map(str, last["pencil_grid"]))
        words = [
            f"{configuration.ranks}",
            f"{last['groups']} x {pencils}",
            f"{configuration.threads} threads" if configuration.threads > 1 else "",
            ("*" if upright else "(shared cores)") if compared.row.oversubscribed else "",
        ]
        labels.append((", " if upright else "\n").join(filter(None, words)))
    axes.set_xticks(range(len(labels)), labels, fontsize=7.0, rotation="vertical" if upright else "horizontal")
    axes.grid(axis="x", visible=False)
    starred = upright and any(compared.row.oversubscribed for compared in outcome.measured)
    axes.set_xlabel("ranks, groups x pencils" + (" (*: shared cores)" if starred else ""))
    axes.set_ylabel("milliseconds of a step")
    axes.set_ylim(0.0, 1.05 * max(heights))
