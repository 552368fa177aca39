"""What a run leaves beside its fields, opened from Python: markers, phase space, vortices, matrices, modes, pictures;
against the files themselves, read with nothing but h5py and json."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
from unit.api_runs import make_run

import hpcmix
from hpcmix.problem.units.units import units_from_text
from hpcmix.running.courses.excitations.command import ExcitationsTask

UNITS = units_from_text("2 um", "86.909 u")
MASS = "86.909 u"
IN_UNITS = {"units": {"length": "2 um", "mass": MASS}}
ROUNDING = 1e-14
"""Of a product or two of a number."""

GAS = {
    "title": "a gas in a trap",
    **IN_UNITS,
    "grid": {"points": [16], "lengths": [16.0]},
    "species": [
        {"name": "gas", "kind": "classical", "mass": MASS, "particles": 50, "markers": 40,
         "potential": [{"kind": "harmonic", "frequency": 0.5}],
         "initial": {"kind": "gaussian", "width": 1.5, "momentum_width": 0.7}},
    ],
    "time": {"final": 0.2, "step": 0.05},
    "output": {
        "resolution": "ignore", "observables": {"every": 4}, "snapshots": {"every": 4, "fields": ["density"]},
        "markers": {"every": 2, "every_nth": 4},
        "phase_space": [{"species": "gas", "axes": ["x", "px"], "bins": [6, 5]}],
    },
}  # fmt: skip

VORTICES = {
    "title": "a pair of vortices",
    **IN_UNITS,
    "grid": {"points": [24, 24], "lengths": [12.0, 12.0]},
    "species": [
        {"name": "up", "mass": MASS, "particles": 100,
         "initial": {"kind": "gaussian", "width": 2.5,
                     "vortices": [{"position": [-1.0, 0.2], "charge": 1, "core": 0.7},
                                  {"position": [1.0, 0.3], "charge": -1, "core": 0.7}]}},
    ],
    "time": {"final": 0.04, "step": 0.01},
    "output": {
        "resolution": "ignore", "observables": {"every": 1, "also": ["vortices"]},
        "snapshots": {"every": 4, "fields": ["density", "wave_function"]},
        "images": {"axes": ["z"], "resolution": 0.3, "pixel": 1.0, "cross_section": 0.1},
    },
}  # fmt: skip

BODIES = {
    "title": "a few bodies",
    **IN_UNITS,
    "grid": {"points": [12], "lengths": [8.0]},
    "species": [
        {"name": name, "mass": MASS, "particles": count, "initial": {"kind": "gaussian", "width": 1.2}}
        for name, count in (("a", 3), ("b", 2))
    ],
    "interaction": [{"between": ["a", "b"], "kind": "gaussian", "strength": 0.4, "width": 1.0}],
    "many_body": {"lost": 0.2, "modes": [{"kind": "plane-waves", "largest": 1}],
                  "measure": {"orders": [[1, 0], [0, 1], [1, 1]]}},
    "time": {"final": 0.1, "step": 0.05},
    "output": {"resolution": "ignore", "observables": {"every": 1}, "snapshots": {"every": 2}},
}  # fmt: skip

CLOUD = {
    "title": "a cloud",
    **IN_UNITS,
    "grid": {"points": [24], "lengths": [12.0]},
    "species": [{"name": "up", "mass": MASS, "particles": 100,
                 "potential": [{"kind": "harmonic", "frequency": 1.0}], "initial": {"kind": "ground-state"}}],
    "interaction": [{"between": ["up", "up"], "kind": "contact", "strength": 0.02}],
    "excitations": {"modes": 3},
    "output": {"resolution": "ignore"},
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def gas(place):
    return make_run(place / "gas", GAS)


@pytest.fixture(scope="module")
def vortices(place):
    return make_run(place / "vortices", VORTICES)


def records(directory):
    return [json.loads(line) for line in (directory / "observables.jsonl").read_text().splitlines()]


def test_markers_over_time(gas):
    markers = hpcmix.open_run(gas).markers["gas"]
    assert markers.position.dims == ("time", "axis", "marker") and markers.position.shape == (3, 1, 10)
    np.testing.assert_allclose(markers.time, np.array([0.0, 0.1, 0.2]) * UNITS.time_si * 1e3, rtol=ROUNDING)
    for index in range(3):
        with h5py.File(gas / f"markers/{index:06d}.h5") as file:
            kept = file[f"data/{index}/particles/gas"]
            position, momentum = kept["position/x"], kept["momentum/x"]
            seen = markers.isel(time=index).sel(axis="x")
            np.testing.assert_allclose(seen.position, 2.0 * position[...], rtol=ROUNDING)
            np.testing.assert_allclose(seen.momentum, momentum[...] * float(momentum.attrs["unitSI"]), rtol=ROUNDING)
            np.testing.assert_array_equal(seen.number, kept["id"][...])
            np.testing.assert_array_equal(seen.weight, kept["weighting"][...])
    assert (markers.position.attrs["units"], markers.momentum.attrs["units"]) == ("um", "kg m s-1")
    np.testing.assert_array_equal(markers.number[0], range(0, 40, 4))
    np.testing.assert_allclose(markers.weight.sum("marker"), 50.0, rtol=ROUNDING)


def test_phase_space_over_time(gas):
    density = hpcmix.open_run(gas).phase_space["gas_x_px"].density
    code = hpcmix.open_run(gas, units="code").phase_space["gas_x_px"].density
    with h5py.File(gas / "slices/000001.h5") as file:
        np.testing.assert_array_equal(code[1], file["gas/phase_space/0/density"][...])
    assert density.dims == ("time", "x", "px") and density.shape == (2, 6, 5)
    np.testing.assert_allclose(density.x, 2.0 * code.x, rtol=ROUNDING)


def test_tracks_of_vortices(vortices):
    tracks = hpcmix.open_run(vortices).vortices
    assert tracks.x.dims == ("time", "species", "vortex") and tracks.vortex.values.tolist() == [0, 1]
    for index, record in enumerate(records(vortices)):
        found = record["species"]["up"]["vortices"]
        by_charge = {charge: 2.0 * x for charge, x in zip(found["charge"], found["x"], strict=True)}
        here = tracks.sel(species="up").isel(time=index)
        for number in (0, 1):
            assert float(here.x[number]) == pytest.approx(by_charge[int(here.charge[number])], rel=ROUNDING)
    assert np.ptp(tracks.charge.values, axis=0).max() == 0.0  # each keeps its own
    assert tracks["count"].values.tolist() == [[2.0]] * 5


def test_pictures_and_another_camera(vortices):
    run = hpcmix.open_run(vortices)
    taken = run.take_images("0, 1")["z"]
    assert taken.column_density.dims == ("time", "species", "x", "y") and taken.sizes["time"] == 2
    with h5py.File(vortices / "images/000001.h5") as file:
        np.testing.assert_allclose(
            taken.column_density.sel(species="up")[1], file["along_z/up/column_density"][...] / 4.0, rtol=ROUNDING
        )
        np.testing.assert_array_equal(taken.optical_density_of_all[1], file["along_z/optical_density"][...])
    again = run.take_images("last", {"time_of_flight": 0.5})["z"]
    assert again.sizes["time"] == 1  # the other one was taken by the first camera
    assert float(again.time_of_flight) == pytest.approx(0.5 * UNITS.time_si * 1e3, rel=ROUNDING)
    with pytest.raises(hpcmix.BadInput, match="there is no snapshot 7"):
        run.take_images("7")
    with pytest.raises(hpcmix.BadInput, match="flight"):
        run.take_images("last", {"flight": 0.5})


def test_matrices_of_many_bodies(place):
    directory = make_run(place / "bodies", BODIES)
    run = hpcmix.open_run(directory)
    reduced = run.reduced
    with h5py.File(directory / "reduced/000001.h5") as file:
        np.testing.assert_array_equal(reduced.gamma_1_1[1], file["gamma/1,1"][...])
        np.testing.assert_array_equal(reduced.labels_1_1[1], file["labels/1,1"][...])
        np.testing.assert_allclose(
            reduced.mean_field_density.sel(species="b")[1], file["b/mean_field_density"][...] / 2.0, rtol=ROUNDING
        )
    assert np.trace(reduced.gamma_1_0[0].values) == pytest.approx(1.0, abs=1e-12)  # rounding of a few sums
    assert "alpha(1,0)" in run.series and "natural_occupations" in run.series


def test_modes_and_their_fields(place):
    directory = make_run(place / "modes", CLOUD, ExcitationsTask())
    modes = hpcmix.open_run(directory).excitations
    found = json.loads((directory / "excitations.json").read_text())["modes"]
    np.testing.assert_allclose(modes.frequency_hertz, [mode["frequency_hertz"] for mode in found], rtol=ROUNDING)
    np.testing.assert_allclose(modes.frequency, 2e-3 * np.pi * modes.frequency_hertz, rtol=1e-12)  # rad / ms
    np.testing.assert_array_equal(modes.dipole.sel(axis="x"), [mode["dipole"][0] for mode in found])
    np.testing.assert_array_equal(modes.weight.sel(species="up"), [mode["species"]["up"]["weight"] for mode in found])
    norm = (np.abs(modes.u) ** 2 - np.abs(modes.v) ** 2).sum("x") * float(modes.x[1] - modes.x[0])
    np.testing.assert_allclose(norm, 1.0, rtol=1e-9)  # in micrometres too; the search's residual
    assert modes.sizes == {"mode": 3, "species": 1, "x": 24, "axis": 1}


def test_what_is_not_there_is_empty(gas, vortices):
    run = hpcmix.open_run(vortices)
    assert not run.excitations and not run.reduced and run.markers == {} and run.phase_space == {}
    gas_run = hpcmix.open_run(gas)
    assert not gas_run.vortices and gas_run.images == {}


def test_files_are_checked(gas, tmp_path):
    checks = hpcmix.open_run(gas).verify()
    assert checks.good and not checks.bad and "none of them bad" in str(checks)
    assert gas / "summary.json" in [check.path for check in checks]
