"""A run in the expanding frame that is gone on with to a later time."""

from __future__ import annotations

import pytest

from tests.system.commands import hpcmix, summary

FILE = """
title = "A free packet"
[grid]
points = [64]
lengths = [16.0]
frame = { kind = "expanding", rate = 1.0 }
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1.0, momentum = [0.4] }
[time]
final = 3.0
step = 0.05
"""


def test_a_run_ends_at_a_step_of_the_clock_or_is_refused(tmp_path):
    """Steps of a clock whose end is the time infinity: none may end beyond it, or far beyond the time asked for."""
    (tmp_path / "packet.toml").write_text(FILE, encoding="utf-8")
    assert hpcmix("run", "packet.toml", folder=tmp_path).returncode == 0
    directory = tmp_path / "runs" / "packet"
    before = summary(directory)
    for time in ("20", "infinity"):
        refused = hpcmix("restart", "runs/packet", "--until", time, folder=tmp_path)
        assert refused.returncode == 2 and "is not the end of a step" in refused.stderr
        assert summary(directory) == before
    allowed = float(refused.stderr.split("they end at t = ")[1].split()[0].rstrip(";"))
    gone_on = hpcmix("restart", "runs/packet", "--until", repr(allowed), folder=tmp_path)
    assert gone_on.returncode == 0, gone_on.stderr
    after = summary(directory)
    assert after["time"] == pytest.approx(allowed, rel=1e-9) and after["frame"]["clock"] < 1.5707963
    # a free packet keeps its energy up to its tail at the box's faces (2e-10 measured); beyond infinity it lost 4e-4
    assert after["energy"]["total"] == pytest.approx(before["energy"]["total"], rel=1e-8)
