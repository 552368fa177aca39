"""Small problems for the tests of claims: mixtures released from a trap, on grids of some thousand points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcmix.parallel.process.mpi import MPI
from hpcmix.run.log import Log
from hpcmix.studies.claim import Finding
from hpcmix.studies.setting import Setting
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
