"""The examples run as they stand, and say what is right."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def kohn_mode(said: str) -> None:
    """The trap's frequency, to the integrator's error and the fit's: 2e-8 was measured."""
    (frequency,) = re.findall(r"oscillates at ([0-9.]+), the trap at 0.7", said)
    assert float(frequency) == pytest.approx(0.7, abs=1e-6)


CHECKS = {"kohn_mode": kohn_mode}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_example(name, tmp_path):
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    finished = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", tmp_path / "results"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    CHECKS[name](finished.stdout)
