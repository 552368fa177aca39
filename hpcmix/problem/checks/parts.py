"""The valid parts of a problem file, before they are checked against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hpcmix.problem.sections.calculation.many_body import ManyBody
from hpcmix.problem.sections.calculation.output import OutputOptions
from hpcmix.problem.sections.calculation.parallel import ParallelOptions
from hpcmix.problem.sections.components.coupling import Exchange, RabiCoupling
from hpcmix.problem.sections.components.losses import LossSection
from hpcmix.problem.sections.components.spinor import Spinor
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.sections.frames.rotating import Rotation
from hpcmix.problem.sections.frames.transverse import Transverse, TransversePair
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.kinds import Interaction
from hpcmix.problem.sections.interactions.section import reduced_mass
from hpcmix.problem.sections.scaling import Scaling, prefactors, scaled_species
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.times.evolution import GroundStateOptions, TimeOptions
from hpcmix.problem.units.units import Units


@dataclass(frozen=True)
class PartsConstants:
    """hbar, the masses of the species by their names, and the tight trap across the grid: see
    :class:`~hpcmix.problem.sections.interactions.section.Constants`."""

    hbar: float
    masses: Mapping[str, float]
    trap: Transverse | None

    def reduced_mass(self, between: tuple[str, str]) -> float:
        return reduced_mass(*(self.masses[name] for name in between))

    def transverse(self, between: tuple[str, str]) -> TransversePair | None:
        first, second = (self.masses[name] for name in between)
        return None if self.trap is None else self.trap.pair(first, second, self.hbar)


@dataclass
class Parts:
    """The valid parts of a problem file beside its tables as they were read. Species and interactions are by their
    index in the file."""

    tables: dict[str, Any]
    units: Units | None = None
    grid: Grid | None = None
    species: dict[int, Species] = field(default_factory=dict)
    interaction: dict[int, Interaction] = field(default_factory=dict)
    functional: dict[int, FunctionalSection] = field(default_factory=dict)
    loss: dict[int, LossSection] = field(default_factory=dict)
    rotation: Rotation | None = None
    coupling: dict[int, RabiCoupling] = field(default_factory=dict)
    spinor: dict[int, Spinor] = field(default_factory=dict)
    time: TimeOptions | None = None
    output: OutputOptions | None = None
    scaling: Scaling | None = None
    parallel: ParallelOptions | None = None
    ground_state: GroundStateOptions | None = None
    many_body: ManyBody | None = None
    fluctuations: FluctuationsSection | None = None
    excitations: ExcitationsSection | None = None
    sweep: Sweep | None = None

    @property
    def classical(self) -> dict[int, Classical]:
        """The species that markers carry."""
        return {index: species for index, species in self.species.items() if isinstance(species, Classical)}

    @property
    def exchanges(self) -> list[Exchange]:
        """All that turns species into each other."""
        return [*self.coupling.values(), *self.spinor.values()]

    @property
    def switching_times(self) -> list[float]:
        """When something jumps or bends."""
        switched = [potential for species in self.species.values() for potential in species.potential]
        zeeman = [energy for spinor in self.spinor.values() for energy in spinor.zeeman]
        entries = (*switched, *self.coupling.values(), *self.interaction.values(), *self.loss.values(), *zeeman)
        return [time for entry in entries for time in entry.switching_times]

    def as_scaled(self, grid: Grid) -> tuple[Parts, float]:
        """The parts with the masses and the number of bosons that the scaling sets, and its hbar. Of complete
        parts."""
        species, dimensions = list(self.species.values()), grid.dimensions
        scaled = scaled_species(self.scaling, species, dimensions)
        hbar = prefactors(self.scaling, species, dimensions).hbar
        return replace(self, species=dict(zip(self.species, scaled, strict=True))), hbar

    def constants(self, grid: Grid, hbar: float) -> PartsConstants:
        """What the numbers of interactions mean something with. Of scaled parts."""
        return PartsConstants(hbar, {species.name: species.mass for species in self.species.values()}, grid.transverse)

    @property
    def complete(self) -> bool:
        """Whether every species is valid, so that their number and kinds can be judged."""
        return bool(self.species) and len(self.species) == len(entries(self.tables, "species"))


def entries(tables: dict[str, Any], key: str) -> list[dict]:
    """The tables of an array of tables as they were read; anything else stands as an empty one, so that indices
    stay."""
    value = tables.get(key)
    return [entry if isinstance(entry, dict) else {} for entry in value] if isinstance(value, list) else []
