"""hpcmix verify: a whole directory, and every file that is not what was written."""

from __future__ import annotations

import shutil

import h5py
import pytest
import xarray

from tests.system.commands import hpcmix
from tests.system.faults import PROBLEM


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    (folder / "waves.toml").write_text(PROBLEM.replace("slices = false", "slices = true"))
    assert hpcmix("run", "waves.toml", ranks=2, folder=folder).returncode == 0
    return folder


def lines(result):
    return {line.split("  ", 1)[1].split(":")[0]: line for line in result.stdout.splitlines()}


def test_a_whole_run_is_good(finished):
    result = hpcmix("verify", "out", folder=finished)
    assert result.returncode == 0, result.stdout
    found = lines(result)
    stored = {f"out/{name}" for name in ("problem.toml", "observables.jsonl", "observables.h5", "summary.json")}
    stored |= {str(path.relative_to(finished)) for path in finished.glob("out/*/*.h5")}
    assert set(found) == stored and len(stored) >= 4 + 3 + 3 + 2
    assert all(line.startswith("good") for line in found.values())
    digest = found["out/summary.json"].split("digest ")[1]
    assert found["out/checkpoints/000040.h5"].endswith(digest)


def test_every_file_opens_in_xarray(finished):
    for path in [finished / "out" / "observables.h5", *finished.glob("out/slices/*.h5")]:
        with xarray.open_dataset(path, engine="h5netcdf") as dataset:
            dataset.load()
    for path in [*finished.glob("out/snapshots/*.h5")]:
        with xarray.open_dataset(path, group="left", engine="h5netcdf") as dataset:
            assert dataset["density"].size == 24
    with h5py.File(finished / "out" / "checkpoints" / "000040.h5") as file:
        assert file["left/orbitals"].shape == (1, 24) and file.attrs["step"] == 40


@pytest.mark.parametrize(
    ("name", "place", "words"),
    [
        ("observables.jsonl", 20, "line 1 is damaged"),
        ("summary.json", 0, "is damaged"),
        ("observables.h5", 0, "is damaged"),
        ("snapshots/000001.h5", -200, "is damaged"),
        ("checkpoints/000035.h5", -200, "is damaged"),
        ("checkpoints/000040.h5", 2148, "seal is broken"),
    ],
)
def test_a_damaged_file_is_named(finished, tmp_path, name, place, words):
    shutil.copytree(finished / "out", tmp_path / "out")
    path = tmp_path / "out" / name
    content = bytearray(path.read_bytes())
    content[place : place + 8] = [255 - byte for byte in content[place : place + 8]]
    path.write_bytes(content)
    result = hpcmix("verify", "out", folder=tmp_path)
    assert result.returncode == 1
    bad = [line for line in result.stdout.splitlines() if line.startswith("BAD")]
    assert len(bad) == 1 and f"out/{name}: " in bad[0] and words in bad[0]
    if name.endswith(".h5") and "/" in name:
        assert hpcmix("verify", f"out/{name}", folder=tmp_path).returncode == 1


def test_what_is_no_run(tmp_path):
    assert hpcmix("verify", "nowhere", folder=tmp_path).returncode == 2
    empty = hpcmix("verify", ".", folder=tmp_path)
    assert empty.returncode == 1 and "holds no run" in empty.stdout
