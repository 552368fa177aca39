"""The time series: appended, cut, read, and as a dataset for xarray."""

from __future__ import annotations

import json
import os
import resource

import numpy as np
import pytest
import xarray

from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import SeriesWriter, as_dataset, read_series, write_dataset
from hpcmix.observe.registry import labels_of_all
from hpcmix.problem.units.units import units_from_text

METADATA = Metadata(
    "a mixture", ("up", "down"), ("x", "y"), provenance={"hpcmix_version": "0", "problem": "title = 'a'\n" * 9000}
)
LABELS = labels_of_all(2)


def record(step, **more):
    def of(k):
        return {"particles": 10.0 * k, "chemical_potential": k + 0.5, "centre": [k, -k], "rms_width": [1.0, 2.0],
                "maximum_density": 3.0, "momentum": [0.0, k]}  # fmt: skip

    energy = {"total": 3.0, "kinetic": 1.0, "potential": 1.5, "interaction": 0.5}
    return {"step": step, "time": 0.1 * step, "energy": energy, "species": {"up": of(1.0), "down": of(2.0)}, **more}


def test_records_come_back(tmp_path):
    path = tmp_path / "run" / "observables.jsonl"
    with SeriesWriter(path) as writer:
        for step in range(3):
            writer.append(record(step, value=np.float64(np.nan)))
            assert writer.offset == path.stat().st_size  # flushed
    assert read_series(path) == [record(step, value=None) for step in range(3)]
    assert read_series(tmp_path / "nothing") == []


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_cut_last_line_is_left_out(tmp_path, cut):
    path = tmp_path / "observables.jsonl"
    with SeriesWriter(path) as writer:
        writer.append({"step": 0, "name": "Größe"})
        writer.append(record(1))
    os.truncate(path, path.stat().st_size - cut)
    assert len(read_series(path)) == (2 if cut == 1 else 1)  # without its newline the record is complete


def test_a_cut_within_a_character(tmp_path):
    path = tmp_path / "observables.jsonl"
    path.write_bytes(b'{"step": 0}\n' + '{"name": "ö'.encode()[:-1])
    assert read_series(path) == [{"step": 0}]


def test_damage_in_the_middle_is_an_error(tmp_path):
    path = tmp_path / "observables.jsonl"
    path.write_text('{"step": 0}\n{"ste\n{"step": 2}\n')
    with pytest.raises(OutputError, match="line 2 is damaged"):
        read_series(path)
    path.write_text("[1]\n")
    with pytest.raises(OutputError, match="line 1 is no record"):
        read_series(path)


def test_a_restart_cuts_at_the_checkpoint(tmp_path):
    path = tmp_path / "observables.jsonl"
    with SeriesWriter(path) as writer:
        writer.append({"step": 0})
        writer.sync()
        kept = writer.offset
        writer.append({"step": 1, "from": "the first job"})
    with SeriesWriter(path, keep=kept) as writer:
        writer.append({"step": 1, "from": "the second job"})
    assert read_series(path) == [{"step": 0}, {"step": 1, "from": "the second job"}]
    with pytest.raises(OutputError, match="records are missing"):
        SeriesWriter(path, keep=10_000)
    with SeriesWriter(path):
        assert path.stat().st_size == 0


def test_a_full_disk_leaves_whole_records(tmp_path):
    path = tmp_path / "observables.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with SeriesWriter(path) as writer:
        writer.append({"step": 0})
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (writer.offset + 5, hard))
            with pytest.raises(OutputError, match="ulimit -f"):
                writer.append({"step": 1})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_text() == '{"step": 0}\n'
        writer.append({"step": 1})
    assert len(read_series(path)) == 2


def test_xarray_opens_the_dataset(tmp_path):
    series, path = tmp_path / "observables.jsonl", tmp_path / "observables.h5"
    with SeriesWriter(series) as writer:
        for step in (0, 10, 20):
            writer.append(record(step))
    write_dataset(series, path, METADATA, LABELS)
    with xarray.open_dataset(path) as data:
        assert dict(data.sizes) == {"time": 3, "species": 2, "axis": 2}
        assert data.step.dtype == np.int64
        np.testing.assert_array_equal(data.step, [0, 10, 20])
        np.testing.assert_array_equal(data.time, [0.0, 1.0, 2.0])
        np.testing.assert_array_equal(data.centre.sel(species="down", axis="y"), [-2.0] * 3)
        np.testing.assert_array_equal(data.particles.sel(species="up"), [10.0] * 3)
        assert data.momentum.dims == ("time", "species", "axis")
        assert {f"energy_{term}" for term in ("total", "kinetic", "potential", "interaction")} <= set(data)
        assert data.energy_total.attrs["units"] == "code unit of energy"
        assert data.attrs["title"] == "a mixture"
        assert data.attrs["problem"] == METADATA.provenance["problem"]  # longer than HDF5's 64 kB for plain attributes
        assert "length_si" not in data.attrs
    assert os.listdir(tmp_path).count("observables.h5.partial") == 0


def opened(folder, records, metadata):
    """The dataset of records, as xarray opens it."""
    as_dataset(records, metadata, LABELS).write(folder / "observables.h5")
    with xarray.open_dataset(folder / "observables.h5") as data:
        return data.load()


def test_unknown_entries_become_variables(tmp_path):
    records = [
        record(0, claims={"exponent": -0.5, "spectrum": [1.0, 2.0, 3.0]}, particles=30.0),
        {
            "step": 1,
            "time": 0.1,
            "energy": {"total": 1.0},
            "species": {"up": {"orthonormality_defect": 1e-14}},
            "word": "no",
        },
    ]
    data = opened(tmp_path, records, METADATA)
    np.testing.assert_array_equal(data.claims_exponent, [-0.5, np.nan])
    assert data.claims_spectrum.shape == (2, 3)
    assert np.isnan(data.claims_spectrum[1]).all()
    np.testing.assert_array_equal(data.run_particles, [30.0, np.nan])
    np.testing.assert_array_equal(data.orthonormality_defect, [[np.nan, np.nan], [1e-14, np.nan]])
    np.testing.assert_array_equal(data.particles[1], [np.nan, np.nan])
    np.testing.assert_array_equal(data.energy_kinetic, [1.0, np.nan])
    assert "word" not in data


def test_species_of_a_table_are_those_of_the_dataset(tmp_path):
    """Fluctuations have numbers of their own and of every species, shells among them."""
    numbers = {name: {"excitations": k, "shells": [k, 2.0 * k, 3.0]} for name, k in (("up", 1.0), ("down", 5.0))}
    data = opened(tmp_path, [record(0, fluctuations={"pairs": 43, "species": numbers}), record(1)], METADATA)
    np.testing.assert_array_equal(data.fluctuations_excitations, [[1.0, 5.0], [np.nan, np.nan]])
    assert data.fluctuations_excitations.dims == ("time", "species")
    np.testing.assert_array_equal(data.fluctuations_shells[0, 1], [5.0, 10.0, 3.0])
    np.testing.assert_array_equal(data.fluctuations_pairs, [43.0, np.nan])
    np.testing.assert_array_equal(data.particles, [[10.0, 20.0], [10.0, 20.0]])


def test_an_empty_series_is_a_dataset_too(tmp_path):
    write_dataset(tmp_path / "none.jsonl", tmp_path / "observables.h5", METADATA, LABELS)
    with xarray.open_dataset(tmp_path / "observables.h5") as data:
        assert data.sizes["time"] == 0
        assert list(data.species.values) == ["up", "down"]


def test_factors_to_si(tmp_path):
    metadata = Metadata("", ("up",), ("x", "y"), units_from_text("1 um", "86.909 u"))
    data = opened(tmp_path, [record(0)], metadata)
    assert data.attrs["length_si"] == 1e-6
    assert data.time.attrs["si_factor"] == pytest.approx(1.36848e-3, rel=1e-5)
    assert data.maximum_density.attrs["si_factor"] == pytest.approx(1e12)
    assert data.maximum_density.attrs["si_unit"] == "m-2"
    json.dumps(metadata.attributes())  # nothing but plain values


def test_units_of_products(tmp_path):
    metadata = Metadata("", ("up",), ("x", "y"), units_from_text("1 um", "86.909 u"))
    turning = {"up": {"angular_momentum": [1.0], "largest_current": 2.0}}
    data = opened(tmp_path, [{"step": 0, "time": 0.0, "species": turning}], metadata)
    assert data.angular_momentum.attrs["units"] == "code unit of length^2 mass time^-1"
    assert data.angular_momentum.attrs["si_factor"] == pytest.approx(1.054571817e-34)  # hbar
    assert data.largest_current.attrs["si_unit"] == "m-1 s-1"
