"""How figures look, and the units of their axes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpcmix.io.documents.atomic import replacing
from hpcmix.io.figures.request import DOTS
from hpcmix.problem.units.units import Units

if TYPE_CHECKING:
    from matplotlib.typing import LegendLocType, RcKeyType

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, which people with any kind of colour vision tell apart; for species and for energies."""
LINES: tuple[Literal["-", "--", ":"], ...] = ("-", "--", ":")
"""Line styles of the axes x, y, z."""
STYLE: dict[RcKeyType, object] = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "figure.titlesize": 10.5,
    "pdf.fonttype": 42,
}


FROM_ZERO = (-0.03, 1.06)
"""The ends of an axis that shows zero, by the largest value: room for whole markers at zero and at the top."""

LETTERS_PER_INCH = 12
"""Of a figure's title."""


def colours_of_times(number: int) -> np.ndarray:
    """Colours for so many times: from dark to light, leaving out the lightest third that vanishes on white."""
    return np.asarray(matplotlib.colormaps["viridis"](np.linspace(0.0, 0.75, max(number, 2))))


_NUMBERED = re.compile(r"\b(Theorem|Lemma|Proposition|Corollary|Appendix) (?=[0-9A-Z])")
"""A statement and its number, between which no line breaks: text is wrapped at plain spaces only."""


def headline(figure: Figure, text: str) -> None:
    """The title of a figure, in as many lines as it needs; the figure grows by those after the first."""
    width = int(LETTERS_PER_INCH * figure.get_figwidth())
    lines = [line for paragraph in text.splitlines() for line in _balanced(paragraph, width)]
    figure.suptitle("\n".join(lines), parse_math=False)
    figure.set_figheight(figure.get_figheight() + 0.18 * max(len(lines) - 1, 0))


def _balanced(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` letters, as few as there can be and of about the same length."""
    text = _NUMBERED.sub("\\1\u00a0", text)
    lines = textwrap.wrap(text, width)
    while width > 1 and len(shorter := textwrap.wrap(text, width - 1)) == len(lines):
        lines, width = shorter, width - 1
    return lines


Side = Literal["left", "center", "right"]
_BELOW: dict[Side, LegendLocType] = {
    "left": "outside lower left",
    "center": "outside lower center",
    "right": "outside lower right",
}


def legends_below(figure: Figure, shares: Mapping[Side, tuple[Axes, float]]) -> None:
    """Legends of panels in a strip below all of them, where they hide nothing; the figure grows by it.

    shares  by the side of the strip: a panel, and the share of the figure's width that its
            legend may take. As many columns are made as fit. A panel without labels has no legend.
    """
    heights = [0.0]
    for side, (axes, share) in shares.items():
        handles, labels = axes.get_legend_handles_labels()
        room = share * figure.get_figwidth() * figure.dpi
        for columns in range(len(labels), 0, -1):
            legend = figure.legend(handles, labels, loc=_BELOW[side], ncols=columns, fontsize="small")
            if columns == 1 or legend.get_window_extent().width <= room:
                heights.append(legend.get_window_extent().height / figure.dpi)
                break
            legend.remove()
    figure.set_figheight(figure.get_figheight() + max(heights))


def require_span(axes: Axes, scale: float = 0.0, floor: float = 1e-5) -> None:
    """Let lines that change by rounding only look flat: a vertical axis whose ends differ by less than `floor` of what
    it shows, or of the scale of its quantity if that is larger, shows five per cent to either side, with numbers of a
    few digits. Of what is zero but for rounding it is the scale that says so."""
    low, high = axes.get_ylim()
    size = max(abs(low), abs(high), scale)
    if high - low < floor * size:
        middle = 0.5 * (low + high) if abs(low + high) > 2.0 * floor * size else 0.0
        axes.set_ylim(middle - 0.05 * size, middle + 0.05 * size)


EQUAL = 5e-3
"""Of the height of a panel: curves that differ by less everywhere cover each other."""

_BROADER = 1.8
"""Points by which the line of a curve that another one covers is broader, so that both are seen."""


def show_covered(axes: Axes) -> None:
    """Let curves that later ones of another colour cover be seen on both sides of those."""
    axes.get_xbound()  # ends its scaling: where it is still to be done, points have no place in the panel yet
    lines = [line for line in axes.get_lines() if line.get_transform() == axes.transData and line.get_visible()]
    curves = [line for line in lines if line.get_linestyle() != "None" and len(_dots(axes, line))]
    for number, below in reversed(list(enumerate(curves))):
        widths = [above.get_linewidth() for above in curves[number + 1 :] if _covers(axes, above, below)]
        if widths:
            below.set_linewidth(max(below.get_linewidth(), max(widths) + _BROADER))


def _dots(axes: Axes, line: Line2D) -> np.ndarray:
    """The points of a curve in the panel, whose sides are one; those that are not drawn are NaN."""
    data = np.column_stack([np.asarray(values, dtype=float) for values in line.get_data(orig=False)])
    with np.errstate(all="ignore"):
        shown: np.ndarray = (axes.transData + axes.transAxes.inverted()).transform(data)
    return np.where(np.isfinite(shown), shown, np.nan)


def _covers(axes: Axes, above: Line2D, below: Line2D) -> bool:
    """Whether a curve in another colour hides one that is drawn before it."""
    over, under = _dots(axes, above), _dots(axes, below)
    if over.shape != under.shape or same_color(above.get_color(), below.get_color()):
        return False
    drawn = np.isfinite(under).all(axis=1)
    return bool(drawn.any()) and bool(np.all(np.abs(over[drawn] - under[drawn]) < EQUAL))


def save(figure: Figure, path: Path, dots: int | None = None) -> Path:
    """Write a figure in one step, in the form that the ending of its path names: png, pdf or svg. Curves that others
    cover are made broader.

    dots  pixels per inch; of the others those of maps, which are images in them.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    for axes in figure.get_axes():
        show_covered(axes)
    with replacing(path) as temporary, matplotlib.rc_context(STYLE):  # ticks are made when a figure is written
        figure.savefig(
            temporary, format=path.suffix.removeprefix("."), dpi=dots or DOTS, bbox_inches="tight", pad_inches=0.06
        )
    return path


@dataclass(frozen=True)
class Quantity:
    """A factor from code units to the unit of an axis, and the unit's name; the name is empty for code units."""

    factor: float = 1.0
    unit: str = ""

    def label(self, name: str) -> str:
        """Text of an axis: "time t (ms)", or "time t" in code units."""
        return f"{name} ({self.unit})" if self.unit else name


@dataclass(frozen=True)
class FigureUnits:
    """Micrometre, millisecond and energies as frequencies E/h for a problem with ``[units]``, code units for
    another.
    """

    scales: Units

    @property
    def length(self) -> Quantity:
        """Micrometres."""
        metres = self.scales.length_si
        return Quantity() if metres is None else Quantity(metres * 1e6, "µm")

    @property
    def time(self) -> Quantity:
        """Milliseconds."""
        seconds = self.scales.time_si
        return Quantity() if seconds is None else Quantity(seconds * 1e3, "ms")

    def moment(self, time: float) -> str:
        """When something was stored, for people."""
        return self.plain_moment(time).replace("t =", "$t$ =").replace("infinity", r"$\infty$")

    def plain_moment(self, time: float) -> str:
        """The same without formulas, for headlines, which know none."""
        if not np.isfinite(time):
            return "t = infinity"
        return f"t = {self.duration(time)}"

    def duration(self, time: float) -> str:
        """A length of time in four digits, with its unit: 20000 ms and not 2e+04 ms."""
        value = time * self.time.factor
        digits = f"{float(f'{value:.4g}'):.0f}" if 1e4 <= abs(value) < 1e6 else f"{value:.4g}"
        return f"{digits} {self.time.unit}".rstrip()

    def density(self, dimensions: int) -> Quantity:
        """Particles per micrometre^dimensions."""
        if not self.scales.given:
            return Quantity()
        return Quantity(self.length.factor**-dimensions, f"µm$^{{-{dimensions}}}$")

    def energy(self, values: Sequence[float] | np.ndarray) -> Quantity:
        """Energies divided by h, in the multiple of a hertz that gives `values` (code units) handy sizes."""
        hertz = self.scales.energy_in_hertz
        if hertz is None:
            return Quantity()
        finite = np.abs(np.asarray(values, dtype=float))
        largest = float(np.nanmax(finite, initial=0.0, where=np.isfinite(finite))) * hertz
        prefixes = {1e12: "T", 1e9: "G", 1e6: "M", 1e3: "k", 1.0: ""}
        factor = next((factor for factor in prefixes if largest >= factor), 1.0)
        return Quantity(hertz / factor, f"{prefixes[factor]}Hz")
