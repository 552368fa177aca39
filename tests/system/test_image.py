"""``hpcmix image``: from a run's directory to pictures."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hpcmix.io.documents.atomic import OutputError
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.courses.imaging.snapshots import image_run
from tests.system.commands import hpcmix

TRAP = (1.0, 2.0)
TIME = 1.6
TEXT = f"""
title = "Released"
[grid]
points = [64, 48]
lengths = [24.0, 16.0]
[[species]]
name = "up"
particles = 300.0
[[species.potential]]
kind = "harmonic"
frequency = {list(TRAP)}
[[species]]
name = "down"
[[species.potential]]
kind = "harmonic"
frequency = {list(TRAP)}
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 4.0
[output]
directory = "out"
images = {{ time_of_flight = {TIME}, field_of_view = 60.0, pixel = 0.6 }}
"""
FRAME = ("--set", 'output.images.expansion="frame"', "--set", "output.images.rate=1.4")


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Two gases in one trap that do not see each other: one in the limit of Thomas and Fermi, mu = 28 w_1, and one
    without interactions."""
    folder = tmp_path_factory.mktemp("released")
    (folder / "problem.toml").write_text(TEXT, encoding="utf-8")
    assert hpcmix("ground", "problem.toml", folder=folder).returncode == 0
    return folder


def pictures(folder, *options: str, ranks: int = 1) -> tuple[dict[str, np.ndarray], str]:
    """Column densities along z and positions along both axes, and what the command printed."""
    result = hpcmix("image", "out", *options, folder=folder, ranks=ranks)
    assert result.returncode == 0, result.stderr
    with h5py.File(folder / "out/images/000000.h5") as file:
        group = file["along_z"]
        names = {"x": "x", "y": "y", "up": "up/column_density", "down": "down/column_density"}
        return {key: group[name][:] for key, name in names.items()}, result.stdout


def squared_widths(seen: dict[str, np.ndarray], species: str) -> tuple[float, float]:
    total = np.sum(seen[species])
    return np.sum(seen[species].T * seen["x"] ** 2) / total, np.sum(seen[species] * seen["y"] ** 2) / total


def test_flights(released):
    """b_i'' = w_i^2 / (b_i b_1 b_2) of Castin and Dum, in two dimensions, from a ratio of widths w_2/w_1 on: what the
    kinetic energy adds is the error, (w_2 / mu)^2 and a logarithm, 1 %. Without interactions the frame and Fresnel's
    integral agree to the tolerance of the frame's steps, 1e-7."""
    frame, said = pictures(released, *FRAME, ranks=2)
    assert "000000.h5" in said
    assert float(np.sum(frame["up"])) * 0.36 == pytest.approx(300.0, rel=1e-6)  # its tails are beyond the grid's waves

    def accelerated(time: float, b: np.ndarray) -> list[float]:
        return [b[2], b[3], TRAP[0] ** 2 / (b[0] ** 2 * b[1]), TRAP[1] ** 2 / (b[1] ** 2 * b[0])]

    first, second = solve_ivp(accelerated, (0.0, TIME), (1.0, 1.0, 0.0, 0.0), rtol=1e-9).y[:2, -1]
    along, across = squared_widths(frame, "up")
    assert np.sqrt(along / across) == pytest.approx(TRAP[1] / TRAP[0] * first / second, rel=0.01)
    again, said = pictures(released, *FRAME)
    assert "steps to t" not in said  # the same flight is not flown twice
    assert np.array_equal(again["up"], frame["up"])
    free, _ = pictures(released)
    assert squared_widths(free, "up")[0] < 0.8 * along  # interactions drive the cloud apart
    assert frame["down"] == pytest.approx(free["down"], abs=1e-7 * free["down"].max())
    image = released / "out/images/000000.png"
    assert image.stat().st_size > 10_000


def test_what_cannot_be_seen(released):
    with pytest.raises(ProblemError, match="there is no snapshot 7: the run has 0 to 0"):
        image_run(released / "out", "7", ())
    with pytest.raises(ProblemError, match='must be "last", "all" or numbers of snapshots such as "0,3", not "some"'):
        image_run(released / "out", "some", ())
    with pytest.raises(OutputError, match="60000 pixels along x, more than 4096; give a larger pixel"):
        image_run(released / "out", "last", ["output.images.pixel=1e-3"])
    with pytest.raises(ProblemError, match=r"a camera changes output\.images alone"):
        image_run(released / "out", "last", ["grid.points=[8, 8]"])
