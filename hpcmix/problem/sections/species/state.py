"""What every state of a species at time zero answers, be it wave functions or a density in phase space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import Section
from hpcmix.problem.sections.grid import Grid


class StateSection(Section):
    """``initial`` of a species. Checks and plans ask it; none of them knows its kind."""

    is_ground_state: ClassVar[bool] = False
    """Whether it is looked for by a minimisation."""

    fills_the_trap: ClassVar[bool] = False
    """Whether the cloud is as large as trap and repulsion make it."""

    finite_everywhere: ClassVar[bool] = False
    """Whether its values are finite whatever the numbers of the file; where they are not known to be, all are looked
    at before a run."""

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What does not fit the grid, beside its centre and momentum."""
        return iter(())

    def beyond_the_modes(self, grid: Grid, hbar: float) -> Iterator[Misfit]:
        """Momenta that the grid's modes do not carry."""
        return iter(())

    @property
    def finds_cores(self) -> bool:
        """Whether a search is to find the density beside vortices that it has."""
        return False

    def misplaced_imprints(self, grid: Grid) -> Iterator[Misfit]:
        """Vortices, rings and steps of the phase that do not fit the grid."""
        return iter(())
