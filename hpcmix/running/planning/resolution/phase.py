"""Whether the grid resolves the phases that vector potentials make.

Where the momentum hbar k + A of a state is small, k follows -A: between neighbouring points its phase turns by
A h / hbar, and beyond pi, the grid's largest wave number pi / h, it is taken for a slower one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpcmix.grid import Grid
from hpcmix.model.kinetic.vector_potentials import cross, magnitudes, make_vector_potential
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.species import Species

if TYPE_CHECKING:
    from hpcmix.model.mixture import Mixture

SAMPLES = 48
"""Points along an axis at which a plan looks at a vector potential: few enough for no field, and the left face of the
box, where that of a uniform field is largest, is among them."""


def expected_warnings(problem: Problem) -> list[str]:
    """What a plan says: by the potentials at some points of the box, but those from files, which it does not read.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` for an expression that is not finite there.
    """
    lines = []
    for species in problem.species:
        if problem.rotation is not None or species.vector_potential is not None:
            lines += _warnings(problem, species, _expected(problem, species))
    return lines


def found_warnings(problem: Problem, mixture: Mixture) -> list[str]:
    """What a run says: by the potentials at all points of the grid. Collective over the group."""
    lines = []
    for species, model in zip(problem.species, mixture.species, strict=True):
        if model.kinetic_momentum is not None:
            largest = mixture.communicators.maximum(model.kinetic_momentum.magnitudes())
            lines += _warnings(problem, species, largest.tolist())
    return lines


def _expected(problem: Problem, species: Species) -> Sequence[float]:
    """The largest |A| along each axis, that of a rotating frame included."""
    shape = tuple(min(points, SAMPLES) for points in problem.grid.points)
    block = Block((0,) * len(shape), shape)
    grid = Grid(shape, problem.grid.lengths, block, block)
    potential = species.vector_potential
    most = None if potential is None else potential.expected_component
    known = potential if most is None else None
    own = make_vector_potential(f"species.{species.name}.vector_potential", known, grid)
    turn = (0.0, 0.0, 0.0) if problem.rotation is None else problem.rotation.vector
    frame = cross(tuple(-species.mass * part for part in turn), grid)
    both = [first if second is None else second if first is None else first + second
            for first, second in zip(own, frame, strict=True)]  # fmt: skip
    return [size + (most or 0.0) for size in magnitudes(both)]


def _warnings(problem: Problem, species: Species, largest: Sequence[float]) -> list[str]:
    """A sentence for the axis along which `largest`, |A|, exceeds most what the grid carries; none where it does not
    along any."""
    grid = problem.grid
    limits = [math.pi * problem.hbar / spacing for spacing in grid.spacings]
    excess, axis = max((size / limit, axis) for axis, (size, limit) in enumerate(zip(largest, limits, strict=True)))
    if excess <= 1.0:
        return []
    name = grid.axes[axis]
    potential = (
        "A" if problem.rotation is None else "-m Omega x r" if species.vector_potential is None else "A - m Omega x r"
    )
    gauge = ""
    if excess <= 2.0 and getattr(species.vector_potential, "gauge", "") == "landau":
        gauge = 'gauge = "symmetric", whose A is half as large, '
    return [
        f'warning: species "{species.name}": along {name} {potential} reaches {largest[axis]:.4g} in the box, and the '
        f"grid carries momenta up to pi hbar/h = {limits[axis]:.4g}: its phase is not resolved where it is larger; use "
        f"{gauge}{math.ceil(grid.points[axis] * excess)} or more points along {name}, or a smaller box, or keep the "
        "cloud away from there"
    ]
