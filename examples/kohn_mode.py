"""The centre of a trapped mixture oscillates at the trap's frequency, whatever the interactions (Kohn's theorem).

Runs hpcmix on a small problem, fits a sine to the centre of one species.

Usage: python examples/kohn_mode.py [DIRECTORY]
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

import hpcmix

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


def main(directory: Path) -> None:
    """Run, read, fit."""
    run = hpcmix.run(hpcmix.Problem.from_toml(PROBLEM), directory=directory)
    centre = run.series.centre.sel(species="light", axis="x")
    (_, frequency), _ = curve_fit(oscillation, centre.time, centre, p0=(0.7, 0.68))
    print(f"the light cloud oscillates at {frequency:.8f}, the trap at 0.7")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/kohn-mode"))
