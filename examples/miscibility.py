"""Two condensates mix, or part: ground states in a box as the interaction between them grows.

Uniform condensates part where ``g_12^2 > g_11 g_22``. A loop over ground states with :func:`hpcmix.ground`; the overlap
``integral n_1 n_2 dx / sqrt(integral n_1^2 dx integral n_2^2 dx)`` falls from one towards zero.

Usage: python examples/miscibility.py [DIRECTORY]
"""

import sys
from pathlib import Path

import hpcmix

PROBLEM = """
title = "Two condensates on a ring"

[grid]
points = [64]
lengths = [16.0]

[[species]]
name = "left"
particles = 1000
initial = { kind = "ground-state" }

[[species]]
name = "right"
particles = 1000
initial = { kind = "ground-state" }

[[interaction]]
between = ["left", "left"]
kind = "contact"
strength = 0.1

[[interaction]]
between = ["right", "right"]
kind = "contact"
strength = 0.1

[[interaction]]
between = ["left", "right"]
kind = "contact"
strength = 0.1

[ground_state]
noise = 0.1
tolerance = 1e-7
"""


def overlap(run: hpcmix.Run) -> float:
    """Of the two densities."""
    density = run.snapshots.density.isel(time=-1)
    left, right = density.sel(species="left"), density.sel(species="right")
    return float((left * right).sum() / ((left**2).sum() * (right**2).sum()) ** 0.5)


def main(directory: Path) -> None:
    """Seek the states, print the overlaps."""
    problem = hpcmix.Problem.from_toml(PROBLEM)
    for strength in (0.05, 0.09, 0.12, 0.2):
        run = hpcmix.ground(problem.replace({"interaction.2.strength": strength}), directory=directory / f"{strength}")
        ratio = strength / 0.1
        print(f"g_12 / sqrt(g_11 g_22) = {ratio:.1f}: overlap {overlap(run):.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/miscibility"))
