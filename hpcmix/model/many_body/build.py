"""From a problem, its modes and particle numbers to the many-body model, at any time.

The numbers that do not depend on how many particles there are - kinetic and potential energies in the modes, channels -
are made once; a model for other particle numbers costs nothing more. In an expanding frame x = b y time is the frame's
clock, energies are those of the frame, and the pair operators are multiplied by b^(2-d): contact interactions and
dipoles, the only ones that the frame takes here (problem/checks/many_body/consistency.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction, Statistics
from hpcmix.model.many_body.modes.mode_channels import channels_of_pair
from hpcmix.model.many_body.modes.one_body import OneBody
from hpcmix.model.many_body.modes.pair_kernels import pair_kernels
from hpcmix.model.many_body.prefactors import Populations, pair_factors
from hpcmix.model.mixture import Mixture
from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem


class ModeModel:
    """One-particle Hamiltonians and pair operators of a problem in given modes.

    modes  per species orthonormal fields, complex (m, *this rank's block).
    Collective over the group.
    """

    def __init__(self, problem: Problem, mixture: Mixture, modes: Sequence[np.ndarray]) -> None:
        self.problem = problem
        self.mixture = mixture
        self.modes = tuple(modes)
        self.one_body = tuple(OneBody(mixture, index, own) for index, own in enumerate(modes))
        self.channels: dict[tuple[int, int], Channels] = {}
        for kernel in pair_kernels(problem, mixture):
            pair = (kernel.first, kernel.second)
            self.channels[pair] = channels_of_pair(mixture, kernel, modes[kernel.first], modes[kernel.second])
        self._kept: tuple[Instant, tuple[int, ...], ManyBodyModel] | None = None

    @property
    def statistics(self) -> tuple[Statistics, ...]:
        """Of every species."""
        return tuple(Statistics(species.statistics) for species in self.problem.species)

    @property
    def particles(self) -> tuple[int, ...]:
        """N of every species as the file has them, whole numbers."""
        return whole_particles(self.problem)

    def changes_after(self, time: float) -> bool:
        """Whether the Hamiltonian may change at or after a time of the laboratory."""
        expands = self.mixture.grid.frame.expanding and self.mixture.grid.dimensions != 2 and bool(self.channels)
        return expands or any(energy.changes_after(time) for energy in self.one_body)

    def at(self, instant: Instant, particles: Sequence[int] | None = None) -> ManyBodyModel:
        """The model at an instant of the evolution, with the file's particle numbers or others. It is the same object
        where nothing has changed. Collective over the group."""
        numbers = self.particles if particles is None else tuple(particles)
        one_body = [energy.matrix(instant) for energy in self.one_body]
        if self._kept is not None:
            before, known, model = self._kept
            same = all(new is old.one_body for new, old in zip(one_body, model.species, strict=True))
            if same and known == numbers and (before.contraction == instant.contraction or not self.channels):
                return model
        model = self._model(one_body, instant.contraction, numbers)
        self._kept = (instant, numbers, model)
        return model

    def in_time(self, particles: Sequence[int] | None = None) -> ModelInTime:
        """The model as a function of the clock, with the file's particle numbers or others."""
        return ModelInTime(self, self.particles if particles is None else tuple(particles))

    def _model(self, one_body: Sequence[np.ndarray], contraction: float, particles: tuple[int, ...]) -> ManyBodyModel:
        problem = self.problem
        populations = Populations(particles, self.statistics)
        scaling = None if problem.scaling is None else problem.scaling.kind
        species = tuple(
            ModeSpecies(species.name, statistics, number, matrix)
            for species, statistics, number, matrix in zip(
                problem.species, self.statistics, particles, one_body, strict=True
            )
        )
        scale = contact_factor(contraction, self.mixture.grid.dimensions)
        interactions = []
        for (first, second), channels in sorted(self.channels.items()):
            factors = pair_factors(scaling, populations, first, second, problem.prefactors.coupling)
            scaled = channels if scale == 1.0 else replace(channels, strengths=scale * channels.strengths)
            interactions.append(
                PairInteraction(first, second, factors.factor, factors.first_feels, factors.second_feels, scaled)
            )
        return ManyBodyModel(problem.hbar, species, tuple(interactions))


@dataclass(frozen=True)
class ModelInTime:
    """The many-body model of given particle numbers as a function of the time on the clock of the grid's frame."""

    source: ModeModel
    particles: tuple[int, ...]

    def __call__(self, clock: float, middle: float | None = None) -> ManyBodyModel:
        """The model at a time on the clock. Collective over the group.

        middle  a time within the step that it is wanted in, which tells the side of a switching time that falls on it.
        """
        frame = self.source.mixture.grid.frame
        return self.source.at(Instant.on_clock(frame, clock, clock if middle is None else middle), self.particles)

    def changes_after(self, clock: float) -> bool:
        """Whether the Hamiltonian may change at or after a time on the clock."""
        return self.source.changes_after(self.source.mixture.grid.frame.laboratory_time(clock))


def whole_particles(problem: Problem) -> tuple[int, ...]:
    """N of every species, whole numbers. Raises :class:`ProblemError` where one is not whole."""
    for entry in problem.species:
        if entry.particles != round(entry.particles):
            message = f"must be a whole number of bodies, but is {entry.particles:g}"
            raise ProblemError.of(f"species.{entry.name}.particles", message)
    return tuple(round(species.particles) for species in problem.species)
