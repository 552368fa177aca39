"""The figure of vortices: tracks in the plane, lines in space, nothing cut off."""

import matplotlib
import numpy as np
import pytest
from unit.figure_checks import require_room
from unit.test_vortex_tracks import record

from hpcmix.io.figures.snapshots.vortices import vortex_figure, with_vortices
from hpcmix.io.figures.style import STYLE, FigureUnits
from hpcmix.problem.units.units import units_from_text

UNITS = FigureUnits(units_from_text("1 um", "86.909 u"))


def drawn(records):
    with matplotlib.rc_context(STYLE):
        figure = vortex_figure(with_vortices(records), UNITS, "A title of a usual length")
        require_room(figure)
    return figure


def test_tracks_break_at_the_faces():
    records = [record([(4.0 + 0.3 * n - 10.0 * (4.0 + 0.3 * n >= 5.0), 1.0), (0.0, 0.0)], [1, -1], n) for n in range(6)]
    plane, count = drawn([{"time": 0.0, "species": {"a": {}}}, *records]).axes
    lines = [line.get_xdata() for line in plane.lines if len(line.get_xdata()) > 1]
    assert sorted(len(line) for line in lines) == [2, 4, 6]  # the first vortex before and behind the face, the other
    assert all(np.abs(np.diff(line)).max() < 0.4 for line in lines)
    assert [tuple(line.get_ydata()) for line in count.lines] == [(1,) * 6, (1,) * 6]


@pytest.mark.parametrize("empty", [True, False])
def test_lines(empty):
    height = np.linspace(-4, 3, 8)
    points = {
        "x": [] if empty else [1.0] * 8,
        "y": [] if empty else (0.1 * height).tolist(),
        "z": [] if empty else height.tolist(),
    }
    lines = points | {
        "line": [0] * (0 if empty else 8),
        "length": [] if empty else [8.0],
        "closed": [] if empty else [1],
    }
    lines |= {"box": [10.0, 10.0, 8.0], "total_length": 0.0 if empty else 8.0}
    records = [{"time": t, "species": {"a": {"vortices": {"count": 1}, "vortex_lines": lines}}} for t in (0.0, 1.0)]
    _, aside, length = drawn(records).axes
    assert len(aside.lines) == (0 if empty else 2)  # closed through the face, where it is broken
    assert tuple(length.lines[0].get_ydata()) == ((0.0, 0.0) if empty else (8.0, 8.0))
