"""``scripts/benchmark/run``, the real command on a tiny grid, with whatever peers are installed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.system.commands import clean_environment

ROOT = Path(__file__).resolve().parents[2]


def test_the_benchmark_compares_what_is_installed_and_writes_both_files(tmp_path):
    command = [
        ROOT / "scripts" / "benchmark" / "run",
        "--sizes",
        "32",
        "--cases",
        "transform,precision",
        "--rounds",
        "2",
    ]
    result = subprocess.run(
        [*command, "--turn-seconds", "0.01", "--output", tmp_path / "numbers"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "numbers.json").read_text())
    page = (tmp_path / "numbers.md").read_text()
    assert "two-component step" in page and "| hpcmix | 2 |" in page
    ours = [one for one in found["measurements"] if one["candidate"] == "hpcmix"]
    # a free step, the double and the single step, on one and two ranks each
    assert len(ours) == 6 and all(one["seconds"]["count"] == 2 and not one["note"] for one in ours)
    two_ranks = [one["difference"] for one in ours if one["ranks"] == 2 and one["case"]["precision"] == "double"]
    assert len(two_ranks) == 2 and all(difference <= 1e-12 for difference in two_ranks)
    for one in found["measurements"]:
        # a peer has a time, or the reason why it has none
        assert (one["seconds"] is not None) != one["note"].startswith("not installed"), one
    single = next(row for row in found["goals"] if row["measure"].startswith("double against single"))
    assert single["value"]["median"] > 0.0 and single["reached"] is None  # no goal at this size
