"""Both sides of a many-body problem at time zero: modes, Hamiltonian, and the initial orbitals in the modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.many_body.modes import Say, modes_of
from hpcmix.initial.many_body.projection import projected_orbitals
from hpcmix.model.many_body.build import ModeModel
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem


@dataclass(frozen=True)
class Prepared:
    """What the evolution of N bodies and of their mean field begins with.

    source    modes, and the many-body model at any time and for any particle numbers.
    orbitals  C_a, (m_a, M_a) with orthonormal columns, of every species.
    """

    source: ModeModel
    orbitals: list[np.ndarray]

    @property
    def modes(self) -> tuple[np.ndarray, ...]:
        """Per species fields (m_a, *this rank's block)."""
        return self.source.modes

    @property
    def kinetic(self) -> list[np.ndarray]:
        """T of every species in its modes, code units of energy: the weights of Sobolev norms."""
        return [energy.kinetic for energy in self.source.one_body]

    @property
    def occupied(self) -> list[int]:
        """M_a."""
        return [own.shape[1] for own in self.orbitals]


def prepare(
    problem: Problem, mixture: Mixture, orbitals: Sequence[np.ndarray], say: Say = lambda sentence: None
) -> Prepared:
    """Make the modes of a checked problem with ``[many_body]``, the model in them, and project the initial state.
    Collective over the group; ``[many_body]`` has one orbital group.

    orbitals  of the state at time zero (hpcmix/initial/build.py), one array (M_a, *this rank's block) per species.
    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where modes do not fit or miss too much of a state.
    """
    modes = modes_of(problem, mixture, say)
    start = projected_orbitals(problem, mixture, modes, orbitals, say)
    return Prepared(ModeModel(problem, mixture, modes), start)
