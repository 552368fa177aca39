"""A gas with contact interactions in a plane breathes at exactly twice the trap's frequency, however strong they are
(L. P. Pitaevskii and A. Rosch, Phys. Rev. A 55, R853 (1997)).

Finds the ground state of a trap, opens the trap a little, fits the square of the width, for two strengths.

Usage: python examples/breathing_mode.py [DIRECTORY]
"""

import sys
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit

import hpcmix

PROBLEM = {
    "title": "A gas in a plane, released into a wider trap",
    "grid": {"points": [40, 40], "lengths": [16.0, 16.0]},
    "species": [
        {
            "name": "gas",
            "particles": 100,
            "potential": [
                {"kind": "harmonic", "frequency": 1.0},
                {"kind": "harmonic", "frequency": 0.5, "until": 0.0},
            ],
        }
    ],
    "interaction": [{"between": ["gas", "gas"], "kind": "contact", "strength": 0.0}],
    "time": {"final": 7.0, "step": 0.05, "integrator": "blanes-moan-4"},
    "output": {"observables": {"every": 4}},
}


def breathing(time, mean, amplitude, frequency):
    """Of the square of the width, which begins at its smallest."""
    return mean - amplitude * np.cos(frequency * time)


def main(directory: Path) -> None:
    """Run and fit, a strength after the other."""
    problem = hpcmix.Problem.from_dict(PROBLEM)
    for strength in (0.02, 0.3):
        run = hpcmix.run(problem.replace({"interaction.0.strength": strength}), directory=directory / f"g-{strength}")
        square = (run.series.rms_width.sel(species="gas") ** 2).sum("axis")
        (_, _, frequency), _ = curve_fit(breathing, square.time, square, p0=(float(square.mean()), 0.1, 2.1))
        print(f"with g = {strength} it breathes at {frequency:.6f} times the trap's frequency")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/breathing-mode"))
