"""The whole problem: one validated, immutable object in code units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.reading.section import Section
from hpcmix.problem.reading.source import KeyPath, Source
from hpcmix.problem.reading.taken import Value
from hpcmix.problem.reading.values import Text
from hpcmix.problem.sections.calculation.many_body import ManyBody
from hpcmix.problem.sections.calculation.output import OutputOptions
from hpcmix.problem.sections.calculation.parallel import ParallelOptions
from hpcmix.problem.sections.components.coupling import Exchange, RabiCoupling
from hpcmix.problem.sections.components.losses import Loss
from hpcmix.problem.sections.components.spinor import Spinor
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.sections.frames.rotating import Rotation
from hpcmix.problem.sections.frames.transverse import TransversePair
from hpcmix.problem.sections.functionals.kinds import Functional
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.kinds import Interaction
from hpcmix.problem.sections.interactions.section import reduced_mass
from hpcmix.problem.sections.parameters import PARAMETERS, Parameters
from hpcmix.problem.sections.scaling import Prefactors, Scaling, prefactors
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.times.evolution import NEEDS_TIME, GroundStateOptions, TimeOptions
from hpcmix.problem.units.units import Units, units_from_text


class CodeUnits(Section):
    """The third unit is hbar: the unit of time is mass length^2 / hbar, that of energy hbar / time."""

    length: Text
    """The unit of length.
    Example: ``"1 um"``."""
    mass: Text
    """The unit of mass; that of a species makes its mass 1.
    Example: ``"86.909 u"``."""


class Problem(Section):
    """A problem file, read. Equality compares what the file says, not where it was read from."""

    title: Text
    """What the run is about, for people; the name of the file unless given.
    Example: ``"Two hyperfine states of rubidium-87"``."""
    units: CodeUnits | None = None
    """The code units: every number of the file that has no unit counts in them. Left out: the file is dimensionless,
    with hbar = 1."""
    parameters: Annotated[Parameters, Value(Parameters, taken=PARAMETERS)] | None = Field(None, exclude=True)
    """Names for numbers, to be used in every expression and wherever a number stands. Once a file is read, its numbers
    hold what they stand for.
    Example: ``{ a = "95 a0", omega = "50 Hz" }``."""
    grid: Grid
    """The periodic box and its points."""
    species: tuple[Species, ...]
    """The kinds of particles, a table for each."""
    interaction: tuple[Interaction, ...] = ()
    """Between two species, or of one with itself; a pair is written once. Left out: no interaction."""
    functional: tuple[Functional, ...] = ()
    """Local functionals of the densities beside the interactions, E = integral e(rho) dx."""
    loss: tuple[Loss, ...] = ()
    """How particles leave."""
    rotation: Rotation | None = None
    """A frame that turns. Left out: the laboratory's."""
    coupling: tuple[RabiCoupling, ...] = ()
    """What turns particles of one species into those of another, coherently."""
    spinor: tuple[Spinor, ...] = ()
    """Three condensates that are the components of one gas of spin 1."""
    scaling: Scaling | None = None
    """The papers' prefactors of densities and kernels. Left out: densities integrate to the particles, kernels are as
    they are written."""
    ground_state: GroundStateOptions
    """How ground states are looked for."""
    time: TimeOptions | None = None
    """How far and by which steps the state evolves. Left out: the file only asks for a ground state."""
    many_body: ManyBody | None = None
    """N bodies beside their mean field. Left out: the mean field alone."""
    fluctuations: FluctuationsSection | None = None
    """Fluctuations that are followed around the mean field. Left out: none."""
    excitations: ExcitationsSection | None = None
    """The spectrum that ``hpcmix excitations`` looks for. Left out: with its defaults."""
    sweep: Sweep | None = None
    """Other values for some entries, for ``hpcmix sweep``. Left out: the one problem alone, which is what every other
    command computes."""
    output: OutputOptions
    """Where results go, and how often."""
    parallel: ParallelOptions
    """How ranks share the work."""

    _source: Source = PrivateAttr(default_factory=Source)

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Problem) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._content.values()))

    @property
    def _content(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "parameters"}

    @property
    def file(self) -> str:
        """The problem file as the user named it."""
        return self._source.file

    @property
    def tables(self) -> dict[str, Any]:
        """The tables of the file as they were written, quantities with their units, options in place."""
        return self._source.tables

    def is_option(self, *path: str | int) -> bool:
        """Whether an entry was given by a ``--set`` option, itself or with the table around it."""
        return any(path[:length] in self._source.options for length in range(1, len(path) + 1))

    @property
    def timing(self) -> TimeOptions:
        """The time section, for what cannot do without. Raises ProblemError where the file has none."""
        if self.time is None:
            raise self.complain("time", NEEDS_TIME)
        return self.time

    @property
    def hbar(self) -> float:
        """The reduced Planck constant in code units: one unless the scaling sets it (CONVENTIONS.md, Units)."""
        return self.prefactors.hbar

    @property
    def prefactors(self) -> Prefactors:
        """hbar, weights of the densities and factors of the kernels, as the scaling sets them."""
        return prefactors(self.scaling, self.species, self.grid.dimensions)

    @property
    def orbitals(self) -> tuple[int, ...]:
        """Number of orbitals of every species."""
        return tuple(species.number_of_orbitals for species in self.species)

    @property
    def markers(self) -> int:
        """The number of markers of all species."""
        return sum(species.number_of_markers for species in self.species)

    @property
    def classical(self) -> tuple[int, ...]:
        """The places of the species that markers carry."""
        return tuple(place for place, species in enumerate(self.species) if not species.has_orbitals)

    @property
    def classical_species(self) -> dict[int, Classical]:
        """The species that markers carry, by their places."""
        return {place: species for place, species in enumerate(self.species) if isinstance(species, Classical)}

    @property
    def integrals(self) -> tuple[float, ...]:
        """The integral of every species' density."""
        weights = self.prefactors.weights
        return tuple(species.integral(weight) for species, weight in zip(self.species, weights, strict=True))

    @property
    def bodies(self) -> ManyBody:
        """``[many_body]``, where it is known to be there. Raises TypeError."""
        if self.many_body is None:
            raise TypeError("the problem has no [many_body]")
        return self.many_body

    @property
    def pairs(self) -> int:
        """The number of pairs of amplitudes of ``[fluctuations]``; 0 without."""
        return 0 if self.fluctuations is None else self.fluctuations.pairs(len(self.species), self.grid.points)

    def without_fluctuations(self) -> Problem:
        """The same flow, nothing followed around it."""
        return self if self.fluctuations is None else self.model_copy(update={"fluctuations": None})

    def without_losses(self) -> Problem:
        """The same with all particles kept."""
        return self.model_copy(update={"loss": ()}) if self.loss else self

    def without_sweep(self) -> Problem:
        """The problem with the file's own values."""
        return self if self.sweep is None else self.model_copy(update={"sweep": None})

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All that turns species into each other."""
        return (*self.coupling, *self.spinor)

    @property
    def orbital_groups(self) -> int | None:
        """The number of groups that must be, None where it is to be chosen: species that turn into each other live on
        the same ranks, unless it is pairs of fluctuations that the groups share, and N bodies take the ranks for their
        configurations."""
        asked = self.parallel.orbital_groups
        together = self.many_body is not None or (bool(self.exchanges) and self.fluctuations is None)
        return 1 if together else None if asked == "auto" else asked

    @property
    def scales(self) -> Units:
        """Factors from code units to SI; each is None when the file has no ``[units]``."""
        return units_from_text(self.units.length, self.units.mass) if self.units else Units()

    def species_named(self, name: str) -> Species:
        """The species of that name. Raises KeyError."""
        for species in self.species:
            if species.name == name:
                return species
        raise KeyError(name)

    def indices(self, names: Sequence[str]) -> tuple[int, ...]:
        """The places of the named species in the file. Raises ValueError for a name that none has."""
        known = [species.name for species in self.species]
        return tuple(known.index(name) for name in names)

    def pair(self, between: tuple[str, str]) -> tuple[int, int]:
        """The places of the two species of an entry, the lower one first."""
        first, second = sorted(self.indices(between))
        return first, second

    def reduced_mass(self, between: tuple[str, str]) -> float:
        """``m_a m_b / (m_a + m_b)`` of two species, which may be the same."""
        first, second = (self.species_named(name).mass for name in between)
        return reduced_mass(first, second)

    def transverse(self, between: tuple[str, str]) -> TransversePair | None:
        """How two species lie to each other across the grid; None where the grid has all axes."""
        trap, (first, second) = self.grid.transverse, (self.species_named(name).mass for name in between)
        return None if trap is None else trap.pair(first, second, self.hbar)

    def complain(self, key: str, message: str) -> ProblemError:
        """The error for a mistake that only a later layer can see; raise it.

        ``key`` is the dotted path with species by name or index, ``species.up.potential.0.path``; the error names its
        file and line.
        """
        return ProblemError([self._source.complaint(self._source.path_of(key), message)])

    def complaint(self, path: KeyPath, message: str, suggestion: str | None = None) -> Complaint:
        """What is wrong at a path of the file, with its line."""
        return self._source.complaint(path, message, suggestion)

    def locate(self, error: ProblemError) -> ProblemError:
        """The same mistakes with the file and line of those that were raised without (``ProblemError.of``)."""
        located = [
            complaint
            if complaint.file
            else self._source.complaint(self._source.path_of(complaint.key), complaint.message)
            for complaint in error.complaints
        ]
        return ProblemError(located)
