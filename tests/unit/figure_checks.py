"""What every figure of a study must satisfy: nothing over anything else, nothing cut off."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox


def gathered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Figure]:
    """The figures that would have been written from now on, by the names of their files."""
    drawn: dict[str, Figure] = {}

    def keep(figure: Figure, path: Path, dots: int | None = None) -> Path:
        drawn[path.name] = figure
        return path

    monkeypatch.setattr("hpcmix.io.figures.draw.save", keep)
    return drawn


def apart(boxes: list[Bbox]) -> bool:
    """Whether no two of them overlap by more than a pixel."""
    shrunk = [Bbox([box.min + 0.5, box.max - 0.5]) for box in boxes if min(box.size) > 1.0]
    return not any(one.overlaps(other) for one, other in combinations(shrunk, 2))


def require_room(figure: Figure) -> None:
    """Panels with all their labels, legends and the title apart from each other and inside the figure, tick labels
    apart, and every point that is drawn inside its panel."""
    figure.draw_without_rendering()
    whole = figure.bbox
    panels = [axes.get_tightbbox() for axes in figure.axes]
    legends = [legend.get_window_extent() for legend in figure.legends]
    title = figure._suptitle.get_window_extent()  # matplotlib has get_suptitle() for its text only
    assert apart([*panels, *legends, title])
    for box in (*panels, *legends, title):
        assert whole.x0 - 1 <= box.x0 and box.x1 <= whole.x1 + 1 and whole.y0 - 1 <= box.y0 and box.y1 <= whole.y1 + 1
    for axes in figure.axes:
        assert axes.get_legend() is None and axes.get_xlabel() and axes.get_ylabel()
        for axis in (axes.xaxis, axes.yaxis):
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            assert apart([tick.label1.get_window_extent() for tick in ticks if tick.label1.get_text()])
        for line in axes.get_lines():
            if line.get_transform() == axes.transData and line.get_marker() not in ("None", "_"):  # with markers
                points = np.array(line.get_xydata(), dtype=float)
                places = axes.transData.transform(points[np.isfinite(points).all(axis=1)])
                # pixels: of a marker on the border a half is cut off
                assert ((places > axes.bbox.min + 2.0) & (places < axes.bbox.max - 2.0)).all(), line.get_label()


def require_inside(figure: Figure) -> Figure:
    """Every panel with its labels, and every legend, inside the figure, and no panel over another one's labels."""
    figure.draw_without_rendering()
    whole = figure.bbox
    boxes = [axes.get_tightbbox() for axes in figure.axes] + [legend.get_window_extent() for legend in figure.legends]
    if figure.get_suptitle():
        boxes.append(figure._suptitle.get_window_extent())
    for box in boxes:
        assert whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 and box.y1 <= whole.y1
    return figure
