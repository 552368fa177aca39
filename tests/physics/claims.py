"""Small problems for the tests of claims: mixtures released from a trap, on grids of some thousand points, and clouds
on a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcmix.parallel.process.mpi import MPI
from hpcmix.running.log import Log
from hpcmix.studies.measuring.claim import Finding
from hpcmix.studies.measuring.setting import Setting
from hpcmix.studies.work import Work

POTENTIALS = (
    '{ kind = "square-barrier", height = 10.0, radius = 1.0 }',
    '{ kind = "gaussian-bump", height = 8.0, width = 0.7, radius = 1.5 }',
    '{ kind = "soft-sphere", height = 30.0, radius = 1.0 }',
)


def mixture(
    fractions: Sequence[float] = (0.7, 0.3),
    points: int = 16,
    length: float = 8.0,
    final: str = '"infinity"',
    step: float = 0.04,
    every: int = 5,
    frame: str = '{ kind = "expanding", rate = 2.0 }',
    check_step: bool = True,
    integrator: str = "blanes-moan-4",
    initial: str = '{ kind = "gaussian", width = 1.1 }',
) -> str:
    """Components of mass 1/2 with the given populations, every pair with one of the potentials."""
    lines = [
        "[grid]",
        f"points = [{points}, {points}, {points}]",
        f"lengths = [{length}, {length}, {length}]",
        f"frame = {frame}",
    ]
    for number, fraction in enumerate(fractions):
        lines += [
            "[[species]]",
            f'name = "s{number}"',
            "mass = 0.5",
            f"particles = {fraction}",
            'potential = [{ kind = "harmonic", frequency = 2.0, until = 0.0 }]',
            f"initial = {initial}",
        ]
    for first in range(len(fractions)):
        for second in range(first, len(fractions)):
            lines += [
                "[[interaction]]",
                f'between = ["s{first}", "s{second}"]',
                'kind = "scattering"',
                f"potential = {POTENTIALS[(first + second) % len(POTENTIALS)]}",
                "particles = 100",
                "neumann_radius = 0.5",
            ]
    lines += [
        "[time]",
        f"final = {final}",
        f"step = {step}",
        f"check_step = {str(check_step).lower()}",
        f'integrator = "{integrator}"',
        "[output]",
        f"observables = {{ every = {every} }}",
        "[ground_state]",
        "tolerance = 1e-8",
    ]
    return "\n".join(lines) + "\n"


def released(points: int = 8) -> str:
    """Two components released from a trap, and fluctuations with correlations that reach over two spacings."""
    text = mixture(points=points, length=7.0, step=0.2, every=2, check_step=False)
    text = text.replace("neumann_radius = 0.5", "neumann_radius = 2.0")
    return text + '[fluctuations]\ninitial = "correlated"\nmodes = 7\nprobes = 6\n'


TRAPPED = """
[grid]
points = [32]
lengths = [14.0]
[[species]]
name = "first"
particles = 8
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0, centre = 0.5 }
[[species]]
name = "second"
mass = 1.3
particles = 4
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 0.9, momentum = 0.4 }
[[interaction]]
between = ["first", "first"]
kind = "gaussian"
strength = 3.0
width = 0.8
[[interaction]]
between = ["first", "second"]
kind = "gaussian"
strength = 4.0
width = 0.8
[scaling]
kind = "fractions"
[time]
final = 1.0
step = 0.1
integrator = "blanes-moan-4"
check_step = false
[output]
observables = { every = 2 }
[fluctuations]
modes = 4
probes = 4
"""
"""Two clouds with kernels on a line, in traps, with the fluctuations of fluctuation-growth."""


def setting(
    text: str,
    folder: Path,
    numbers: Sequence[int] = (16, 64, 256),
    overrides: Sequence[str] = (),
    comm: MPI.Comm = MPI.COMM_SELF,
    stored: bool = False,
    evolving: bool = True,
    around_flow: bool = False,
) -> Setting:
    """What ``hpcmix check`` would make of a file."""
    file = folder / "problem.toml"
    if comm.rank == 0:
        file.write_text(text, encoding="utf-8")
    work = Work(comm, Log(speaks=False), folder if stored else None)
    return Setting(str(file), overrides, numbers, evolving, work, around_flow=around_flow)


def verdict(finding: Finding) -> str:
    """The verdict's first words. Of findings whose figure says what its axes are."""
    assert finding.ordinate or len(finding.shown) < 2
    assert finding.curve_ordinate or len(finding.curves) < 2
    return finding.verdict.partition(":")[0]
