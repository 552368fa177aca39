"""The modes around a minimum, by the method that fits the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hpcmix.initial.excitations.bogoliubov import ModeSearch
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.minimum import AmplitudeSearch
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.real_states.operator import RealOperator, phases_of_real_state
from hpcmix.initial.excitations.spectrum import Report, Spectrum
from hpcmix.problem.sections.excitations import ExcitationsSection


class Search(Protocol):
    """A search for the lowest modes of a state. All methods are collective."""

    @property
    def method(self) -> str:
        """Its name."""

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays (rows, species, *grid) that it can be begun with again."""

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """Begin with noise, or go on from what :attr:`rows` gave."""

    def run(self, max_iterations: int, report: Report, alive: Callable[[], None]) -> Spectrum:
        """Iterate until the wanted modes have converged. Raises
        :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound`; what `alive` raises ends it between two
        iterations."""


@dataclass
class Talk:
    """Whom a search tells how it goes on.

    report   after every iteration.
    alive    between iterations; may raise to end the search.
    """

    report: Report = lambda iteration, converged, residual: None
    alive: Callable[[], None] = lambda: None


def search_of(operator: BogoliubovOperator, section: ExcitationsSection) -> Search:
    """The search for the modes of a minimum that fits the state: of a real one LOBP4DCG, of one that flows LOBPCG on
    complex pairs. Collective."""
    # the turning of spins about z mixes what real states keep apart
    theta = None if operator.mixture.rabi.spins else phases_of_real_state(operator)
    if theta is None:
        return AmplitudeSearch(QuadraticForm(operator), section.modes, section.tolerance, section.seed)
    return ModeSearch(RealOperator(operator, theta), section)


def spectrum_of(
    operator: BogoliubovOperator,
    section: ExcitationsSection,
    talk: Talk | None = None,
    rows: Sequence[np.ndarray] | None = None,
) -> Spectrum:
    """The lowest modes of a stationary state. `rows`: of an earlier search, to go on from. Raises
    :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound`. Collective."""
    talk = talk or Talk()
    search = search_of(operator, section)
    search.begin(*(rows or ()))
    return search.run(section.max_iterations, talk.report, talk.alive)
