"""``hpcmix bench``, the real command on tiny grids."""

from __future__ import annotations

import json

import pytest

from tests.system.commands import hpcmix

TINY = ("--seconds", "0.05", "--set", "grid.points=[12,10,9]")


@pytest.mark.parametrize("ranks", [1, 3])
def test_bench_measures_the_default_problem(ranks, tmp_path):
    result = hpcmix("bench", *TINY, "--json", "new/numbers.json", ranks=ranks, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "effective bandwidth" in result.stdout and "GB/s" in result.stdout
    assert "kick" in result.stdout and "\x1b" not in result.stdout
    found = json.loads((tmp_path / "new" / "numbers.json").read_text())
    assert (found["ranks"], found["problem"]["points"]) == (ranks, [12, 10, 9])
    step = found["seconds_per_step"]
    assert 0.0 < step["lower"] <= step["median"] <= step["upper"] and step["count"] == found["steps"] >= 5
    # the phases lie inside the steps, and the steps are little else
    assert 0.3 < sum(timer["share"] for timer in found["phases"].values()) <= 1.0
    assert found["bytes_per_second"] == pytest.approx(found["bytes_per_step"] / step["median"])
    assert len(found["memory_beyond_program_bytes"]) == ranks
    assert found["copy_bytes_per_second"] > 0.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]  # no run is left behind


def test_bench_takes_an_example_without_finding_its_ground_state(tmp_path):
    coarse = ("--set", "grid.points=[12,12,12]", "--set", "time.check_step=false")
    result = hpcmix("bench", "rubidium-mixture", "--seconds", "0.05", *coarse, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "ground state" not in result.stdout and "pairs a step" in result.stdout


def test_bench_takes_so_many_steps_and_tries_output(tmp_path):
    trial = ("--steps", "7", "--output-trial", "trial", "--json", "numbers.json")
    resolved = ("--set", "grid.points=[26,24,21]", "--set", "time.final=0.1")  # a record refuses what is not
    result = hpcmix("bench", *resolved, *trial, ranks=2, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "numbers.json").read_text())
    assert found["steps"] == 7 and (found["nodes"], found["ranks_per_node"]) == (1, 2) and found["cores_of_ranks"] >= 1
    assert found["phases"]["vote"]["calls"] == 1.0 and found["exchange"].endswith(("memory", "messages"))
    costs = found["output"]
    assert min(costs[name] for name in ("record", "snapshot", "checkpoint")) > 0.0
    # 200 steps: records every other one and at the start; a snapshot at either end; checkpoints by the clock
    assert costs["records_per_step"] == pytest.approx(101 / 200)
    assert costs["snapshots_per_step"] == pytest.approx(2 / 200) and costs["checkpoints_per_step"] == 0.0
    assert 0.0 < costs["checkpoint_share"] <= 0.02 * (1.0 + 1e-12)
    assert [path.name for path in tmp_path.iterdir()] == ["numbers.json"]
    (tmp_path / "trial").mkdir()
    refused = hpcmix("bench", *TINY, *trial, folder=tmp_path)
    assert refused.returncode == 1 and "is there already" in refused.stderr and (tmp_path / "trial").is_dir()


def test_bench_refuses_a_file_without_time_and_bad_options(tmp_path):
    (tmp_path / "still.toml").write_text("[grid]\npoints = [8]\nlengths = [4.0]\n[[species]]\nname = 'a'\n")
    refused = hpcmix("bench", "still.toml", folder=tmp_path)
    assert refused.returncode == 2
    assert "bench measures time steps" in refused.stderr and "Traceback" not in refused.stderr
    assert hpcmix("bench", "--seconds", "0", folder=tmp_path).returncode == 2
    assert hpcmix("bench", "nothing.toml", folder=tmp_path).returncode == 2


def test_bench_says_when_its_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = hpcmix("bench", *TINY, "--json", "file/numbers.json", folder=tmp_path)
    assert result.returncode == 1 and "could not be written" in result.stderr and "Traceback" not in result.stderr
