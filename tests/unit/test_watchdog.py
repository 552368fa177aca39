"""The watchdog waits for a library that tells nothing of its progress, and for nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import time
from contextlib import nullcontext
from hpcmix.running.stops.watchdog import Watchdog

with Watchdog(0, 1, limit=0.3) as watchdog:
    with {place}:
        time.sleep({seconds})  # some limits
    time.sleep(0.1)  # no limit
    print("alive")
"""


@pytest.mark.parametrize(("place", "seconds", "status"), [("watchdog.patient()", 1.5, 0), ("nullcontext()", 8.0, 1)])
def test_only_patience_outlasts_the_limit(place, seconds, status):
    """A rank that has hung stays three seconds more, for the stacks of the others."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(place=place, seconds=seconds)], capture_output=True, text=True
    )
    assert result.returncode == status, result.stderr
    assert ("alive" in result.stdout) == (status == 0)
    assert ("no progress for 0.3 s" in result.stderr) == (status == 1)
