"""The centre of a trapped mixture oscillates at the trap's frequency, whatever the interactions (Kohn's theorem).

Runs hpcmix on a small problem file, reads the time series it leaves with xarray, fits the frequency.

Usage: python examples/kohn_mode.py [DIRECTORY]
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import curve_fit

PROBLEM = """
[grid]
points = [128]
lengths = [24.0]

[[species]]
name = "light"
particles = 100
potential = [{ kind = "harmonic", frequency = 0.7 }]
initial = { kind = "ground-state", momentum = [0.5] }

[[species]]
name = "heavy"
mass = 2.0
particles = 50
potential = [{ kind = "harmonic", frequency = 0.7 }]
initial = { kind = "ground-state", momentum = [1.0] }

[[interaction]]
between = ["light", "light"]
kind = "contact"
strength = 0.1

[[interaction]]
between = ["light", "heavy"]
kind = "contact"
strength = 0.05

[time]
final = 20.0
step = 0.02
integrator = "blanes-moan-4"

[output]
observables = { interval = 0.1 }
"""


def oscillation(time, amplitude, frequency):
    """A centre that begins at rest at zero with some velocity."""
    return amplitude * np.sin(frequency * time)


def main(directory: Path) -> float:
    """Run, read, fit; returns the frequency."""
    directory.mkdir(parents=True, exist_ok=True)
    problem = directory / "kohn.toml"
    problem.write_text(PROBLEM)
    run = directory / "run"
    subprocess.run(["hpcmix", "run", problem, "--set", f"output.directory={run}"], check=True)
    with xr.open_dataset(run / "observables.h5") as series:
        centre = series["centre"].sel(species="light").squeeze().values
        time = series["time"].values
    (_, frequency), _ = curve_fit(oscillation, time, centre, p0=(0.7, 0.68))
    print(f"the light cloud oscillates at {frequency:.8f}, the trap at 0.7")
    return frequency


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/kohn-mode"))
