"""An analysis of one's own: momentum distributions of the wave functions that a run has stored.

A cloud runs into a barrier. Of every snapshot the momentum distribution is computed with numpy, and two numbers of it
are held to those that the run itself has measured: the kinetic energy and the mean momentum.

Usage: python examples/momentum_of_snapshots.py [DIRECTORY]
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

import hpcmix

PROBLEM = """
title = "A condensate runs into a barrier"

[grid]
points = [256]
lengths = [64.0]

[[species]]
name = "gas"
particles = 100
potential = [{ kind = "gaussian", height = 3.0, width = 1.0 }]
initial = { kind = "gaussian", centre = [-10.0], width = 2.0, momentum = [2.0] }

[[interaction]]
between = ["gas", "gas"]
kind = "contact"
strength = 0.01

[time]
final = 8.0
step = 0.02

[output]
observables = { interval = 2.0 }
snapshots = { interval = 2.0, fields = ["density", "wave_function"] }
"""


def momentum_distribution(psi: xr.DataArray) -> xr.DataArray:
    """``|psi(k)|^2`` per particle, normalised to ``sum |psi(k)|^2 dk = 1``, over k along x."""
    spacing = float(psi.x[1] - psi.x[0])
    k = np.fft.fftshift(2.0 * np.pi * np.fft.fftfreq(psi.sizes["x"], spacing))
    transform = np.fft.fftshift(np.fft.fft(psi.values, axis=-1), axes=-1) * spacing / np.sqrt(2.0 * np.pi)
    return xr.DataArray(np.abs(transform) ** 2, dims=("time", "k"), coords={"time": psi.time, "k": k})


def main(directory: Path) -> None:
    """Run, transform, compare."""
    run = hpcmix.run(hpcmix.Problem.from_toml(PROBLEM), directory=directory)
    distribution = momentum_distribution(run.snapshots.wave_function.sel(species="gas"))
    dk = float(distribution.k[1] - distribution.k[0])
    kinetic = 100.0 * (0.5 * distribution.k**2 * distribution).sum("k") * dk
    for time in distribution.time.values:
        measured = float(run.series.energy_kinetic.sel(time=time, method="nearest"))
        ours = float(kinetic.sel(time=time))
        print(f"t = {time:g}: kinetic energy {ours:.9f} of the snapshot, {measured:.9f} of the record")
    reflected = float(distribution.isel(time=-1).where(distribution.k < 0.0, 0.0).sum() * dk)
    print(f"{reflected:.1%} of the particles came back")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/momentum-of-snapshots"))
