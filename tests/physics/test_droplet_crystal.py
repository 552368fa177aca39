"""A crystal of dipolar droplets in small: the card dipolar-droplet-crystal with half its atoms in an elongated trap, on
a grid of a tenth of its points."""

import numpy as np
import pytest
from physics.systems import System

from hpcmix.problem.files.load import load_problem

CARD = "jobs/26_dipolar-droplet-crystal/problem.toml"
SMALL = (
    "grid.points=[48, 20, 28]",
    'grid.lengths=["14 um", "6 um", "11.2 um"]',
    "species.dysprosium.particles=20000",
    'species.dysprosium.potential=[{ kind = "harmonic", frequency = ["50 Hz", "130 Hz", "130 Hz"] }]',
    "ground_state.tolerance=1e-4",
)


def along_the_trap(*changes):
    """The density integrated over y and z, and the density, of the ground state."""
    density = System(load_problem(CARD, [*SMALL, *changes])).density()
    return density.sum(axis=(1, 2)), density


def peaks(line):
    """Places of maxima above a fifth of the largest."""
    inner = line[1:-1]
    return 1 + np.flatnonzero((inner > line[:-2]) & (inner >= line[2:]) & (inner > 0.2 * line.max()))


def test_dipoles_that_win_make_droplets_side_by_side():
    """At 85 Bohr radii two: as many atoms in each to a percent, hardly any between, and each longer along the moments
    than across. Where contact repulsion is as strong as the dipoles' attraction there is one smooth cloud."""
    line, density = along_the_trap()
    left, right = peaks(line)
    assert np.min(line[left:right]) < 0.2 * line[left]
    half = len(line) // 2
    assert np.sum(line[:half]) == pytest.approx(np.sum(line[half:]), rel=0.05)
    plane = density[left]
    y, z = (
        np.linspace(-0.5, 0.5, n, endpoint=False) * length for n, length in zip(plane.shape, (6.0, 11.2), strict=True)
    )
    widths = [np.sqrt(np.sum(plane * x**2) / np.sum(plane)) for x in (y[:, np.newaxis], z)]
    assert widths[1] > 1.8 * widths[0]
    smooth, _ = along_the_trap('interaction.0.scattering_length="130.8 a0"')
    assert len(peaks(smooth)) == 1
