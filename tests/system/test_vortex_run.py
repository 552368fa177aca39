"""``also = ["vortices"]`` through the command: a pair in a mixture, stopped and gone on with on two ranks, numbered in
time, with its dataset and its figure."""

import json

import numpy as np
import xarray

from tests.system.commands import hpcmix

PROBLEM = """
[grid]
points = [32, 30]
lengths = [16.0, 15.0]
[[species]]
name = "a"
particles = 240
initial = { vortices = [{ position = [-1.0, 2.0] }, { position = [-1.0, -2.0], charge = -1 }] }
[[species]]
name = "b"
particles = 3
initial = { kind = "gaussian", width = 1.0, centre = [-1.0, 2.0] }
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 1.0
[[interaction]]
between = ["a", "b"]
kind = "contact"
strength = 1.2
[time]
final = 2.0
step = 0.02
integrator = "strang"
[output]
observables = { every = 10, also = ["vortices"], vortex_density_cut = 0.1 }
"""


def test_a_run_with_vortices(tmp_path):
    (tmp_path / "pair.toml").write_text(PROBLEM)
    begun = hpcmix("run", "pair.toml", "--set", "time.final=1.0", "--set", "output.directory=out", folder=tmp_path)
    assert begun.returncode == 0, begun.stderr
    assert 'species "a" keeps the phase of its vortices' in begun.stdout
    done = hpcmix("restart", "out", "--until", "2.0", "--plot", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "vortices.png").stat().st_size > 10_000
    records = [json.loads(line) for line in (tmp_path / "out" / "observables.jsonl").read_text().splitlines()]
    found = [record["species"]["a"]["vortices"] for record in records]
    assert [entry["count"] for entry in found] == [2] * 11
    assert records[0]["species"]["b"]["vortices"]["count"] == 0
    with xarray.open_dataset(tmp_path / "out" / "observables.h5") as dataset:
        assert dataset.vortices_x.dims == ("time", "species", "vortex")  # not the axes, of which there are two as well
        own = dataset.sel(species="a")
        number, x, y, charge = (own[f"vortices_{name}"].values for name in ("number", "x", "y", "charge"))
        assert sorted(number[0]) == [0.0, 1.0] and set(map(tuple, np.sort(number, axis=1))) == {(0.0, 1.0)}
        for track in (0.0, 1.0):
            here = number == track
            assert np.ptp(charge[here]) == 0.0
            assert np.hypot(np.diff(x[here]), np.diff(y[here])).max() < 0.2  # 0.2 units of time at 0.4
        assert np.abs(x[-1] - x[0]).max() > 0.3
        assert own.vortices_filling.values[0].max() > 0.5 and own.vortices_filling.attrs["units"].startswith(
            "code unit"
        )
