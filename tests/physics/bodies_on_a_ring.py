"""Small problems for the tests of claims about N bodies: gases on a ring, in a few plane waves."""

from __future__ import annotations

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.system import ModeSystem
from hpcmix.observe.reduced.measurement import Measurement
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem


def ring(
    particles: tuple[int, ...] = (8, 4),
    *,
    scaling: str = "fractions",
    picture: str = "excitations",
    excitations: int = 3,
    state: str = "factorised",
    amplitudes: tuple[str, ...] = ("1 + 0.5*cos(x)", "1 - 0.4*sin(x)"),
    strength: float = 1.0,
    final: float = 0.2,
    largest: int = 1,
    tolerance: float = 1e-9,
    also: str = "",
) -> str:
    """As many species of bosons as there are particle numbers, of mass 1/2, every pair with a Gaussian kernel."""
    lines = ["[grid]", "points = [16]", "lengths = [6.283185307179586]"]
    for number, count in enumerate(particles):
        lines += [
            "[[species]]",
            f'name = "s{number}"',
            "mass = 0.5",
            f"particles = {count}",
            f'initial = {{ kind = "expression", amplitude = "{amplitudes[number]}" }}',
        ]
    for first in range(len(particles)):
        for second in range(first, len(particles)):
            factor = 1.5 if first != second else 1.0
            lines += [
                "[[interaction]]",
                f'between = ["s{first}", "s{second}"]',
                'kind = "gaussian"',
                f"strength = {factor * strength}",
                "width = 0.8",
            ]
    lines += ["[scaling]", f'kind = "{scaling}"', "[time]", f"final = {final}", "step = 0.05", "[output]"]
    lines += ["observables = { every = 2 }", "[many_body]", f'picture = "{picture}"', f'state = "{state}"']
    lines += [f"excitations = {excitations}"] if picture == "excitations" else []
    lines += [f"tolerance = {tolerance}", also, "[[many_body.modes]]", 'kind = "plane-waves"', f"largest = {largest}"]
    return "\n".join(lines) + "\n"


STIRRED = """
[grid]
points = [10, 10]
lengths = [6.283185307179586, 6.283185307179586]
[[species]]
name = "fermions"
kind = "fermions"
orbitals = 1
initial = { kind = "plane-waves" }
[[species]]
name = "bosons"
initial = { kind = "expression", amplitude = "1 + 0.4*cos(x) + 0.3*cos(y)" }
[[interaction]]
between = ["bosons", "fermions"]
kind = "gaussian"
strength = 4.0
width = 0.8
[scaling]
kind = "bose-fermi-micro"
[time]
final = 0.3
step = 0.05
[output]
observables = { every = 3 }
[many_body]
picture = "occupations"
tolerance = 1e-9
[[many_body.modes]]
kind = "plane-waves"
largest = 1
"""
"""A fermion among bosons on a torus, in five plane waves each."""


def bodies(text: str, *overrides: str, with_limit: bool = False) -> ManyBodies:
    """N bodies of a file, on this rank alone."""
    problem = parse_problem(text, overrides)
    system = ModeSystem.of(problem, MPI.COMM_SELF)
    return ManyBodies(system, MPI.COMM_SELF, looked=lambda step: step % 2 == 0, with_limit=with_limit)


def at_the_end(several: ManyBodies) -> dict[str, float]:
    """What is measured after the last step."""
    while not several.is_finished:
        several.advance()
    measurement = Measurement(several)
    return measurement.measure() | measurement.judge()
