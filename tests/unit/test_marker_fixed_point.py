"""The units of deposits: no cell and no marker is beyond what integers and kernels take."""

import numpy as np
import pytest

from hpcmix.kernels.markers import LARGEST_DEPOSIT
from hpcmix.model.markers.window import Window
from hpcmix.parallel.markers.fixed_point import LARGEST_CONTENT, FixedPoint


@pytest.mark.parametrize("width", [4, 8, 14])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("largest_weight", [1e-9, 2e-3, 3.0])
def test_units_are_as_fine_as_kernels_and_cells_allow(width, dimensions, largest_weight):
    """s w <= 2^51 for each marker, which kernels demand whatever the window's height is (of few heavy markers this
    decides); s W max(S) <= 2^62 for all in one cell; and a quarter of either bound is reached."""
    particles = 3.0
    table = Window(width).table
    fixed_point = FixedPoint.of(table, dimensions, particles, largest_weight)
    height = np.max(np.polynomial.polynomial.polyval(np.linspace(-1.0, 1.0, 101), table.T)) ** dimensions
    of_marker = fixed_point.scale * largest_weight / LARGEST_DEPOSIT
    of_cell = fixed_point.scale * particles * height / LARGEST_CONTENT
    assert max(of_marker, of_cell) <= 1.0
    assert max(of_marker, of_cell) > 0.24
