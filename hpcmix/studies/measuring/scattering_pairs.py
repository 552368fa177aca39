"""The pairs of a file that scatter: what the claims about Gross-Pitaevskii scaling are about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.pair_kernels.radial.functions import RadialFunction, radial_function
from hpcmix.model.terms.entry_kernels import coefficient_of_pair
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction

RADII = 4000
"""Radii at which the sign of a potential is looked at."""


@dataclass(frozen=True)
class Pair:
    """Two species with a scattering potential: kappa of their relative motion, and l."""

    name: str
    function: RadialFunction
    kappa: float
    neumann_radius: float


def pairs_of(problem: Problem) -> list[Pair]:
    """The scattering interactions of a file, whose potentials must repel. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    pairs = []
    for index, entry in enumerate(problem.interaction):
        if not isinstance(entry, ScatteringInteraction):
            continue
        function = radial_function(entry.potential)
        if np.min(function.evaluate(np.linspace(0.0, function.radius, RADII))) < 0.0:
            raise problem.complain(f"interaction.{index}.potential", "is negative somewhere; the claim is about V >= 0")
        if entry.neumann_radius is None:
            raise problem.complain(f"interaction.{index}", "needs neumann_radius: the claim is about a fixed l")
        kappa = coefficient_of_pair(problem, entry.between)
        pairs.append(Pair("-".join(entry.between), function, kappa, entry.neumann_radius))
    if not pairs:
        raise problem.complain("interaction", 'holds no kind = "scattering"; this claim is about their potentials')
    return pairs
