"""``initial`` of a species: the kinds of state at time zero. Every state is normalised to one after it is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, Tag, model_validator

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import TABLE, VALUE, Section, value_or_table, wrong
from hpcmix.problem.reading.taken import FILLED_IN, Taken, Value
from hpcmix.problem.reading.values import angle, described, existing_file, expression, integer, real, sequence
from hpcmix.problem.reading.vectors import Counts, Integers, Lengths, Momentum, Position, PositiveFrequencies
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.imprints import PhaseStep, Ring, Vortex, misfits_of
from hpcmix.problem.sections.species.noise import Noise, RelativeNoise, WignerNoise
from hpcmix.problem.sections.species.state import StateSection
from hpcmix.problem.units.dimensions import DIMENSIONLESS
from hpcmix.problem.units.expressions import Expression


class AddedModes(Section):
    """Modes of an ``excitations.h5`` that a condensate begins on: psi + amplitude (u exp(-i phase) + conj(v) exp(i
    phase)), summed over the modes and normalised. psi has the norm of the particles: a mode of norm one is excited with
    amplitude^2 quanta."""

    path: Annotated[str, existing_file()]
    """The file that ``hpcmix excitations`` wrote.
    Example: ``"runs/modes/excitations.h5"``."""
    numbers: Annotated[tuple[Annotated[int, integer(at_least=0)], ...], sequence()]
    """Of the modes, from 0 on, as the file and the table of the log have them.
    Example: ``[0, 3]``."""
    amplitude: Annotated[float, real(above=0)]
    """Its square is the number of quanta.
    Example: ``5.0``."""
    phase: Annotated[float, angle()] = 0.0
    """omega t at which the run finds the mode."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.numbers:
            raise wrong("must name at least one mode", key="numbers")
        if len(set(self.numbers)) < len(self.numbers):
            raise wrong("names a mode twice; a larger amplitude excites it more", key="numbers")
        return self


class InitialSection(StateSection):
    """What every state of wave functions can have: vortices, rings and steps of the phase that are imprinted on it,
    modes that it is displaced along, a boost ``exp(i p.x / hbar)`` and noise."""

    vortices: Annotated[tuple[Vortex, ...], sequence()] = ()
    """Vortex lines that are imprinted, in two dimensions points.
    Example: ``[{ position = ["1 um", "0 um"], charge = 1 }]``."""
    rings: Annotated[tuple[Ring, ...], sequence()] = ()
    """Vortex rings that are imprinted.
    Example: ``[{ centre = [0, 0, 0], radius = "3 um" }]``."""
    phase_steps: Annotated[tuple[PhaseStep, ...], sequence()] = ()
    """Steps of the phase that are imprinted; a step by pi makes a dark soliton.
    Example: ``[{ axis = "x", position = 0, jump = 3.14159 }]``."""
    momentum: Momentum = Field(0.0, validate_default=True)
    """Boost per axis: the state is multiplied by exp(i p.x / hbar).
    Example: ``[0.5, 0, 0]``."""
    noise: Noise | None = None
    """Random numbers on the state.
    Example: ``{ amplitude = 1e-3, seed = 1 }``."""
    modes: AddedModes | None = None
    """Excitations that it begins on.
    Example: ``{ path = "excitations.h5", numbers = [0], amplitude = 5 }``."""

    makes_sets: ClassVar[bool] = False
    """Whether it makes sets of orthogonal orbitals as well as one wave function."""

    written_down: ClassVar[bool]
    """Whether it is known without potentials and interactions (initial/written/closed_form.py)."""

    @property
    def is_imprinted(self) -> bool:
        """Whether vortices, rings or steps of the phase are imprinted on it."""
        return bool(self.vortices or self.rings or self.phase_steps)

    @property
    def is_changed(self) -> bool:
        """Whether anything is done to the state after it is made, of which nothing is left where it has no particles:
        half quanta are in empty modes too."""
        relative = self.relative_noise is not None
        return self.is_imprinted or any(self.momentum) or relative or self.modes is not None

    @property
    def relative_noise(self) -> RelativeNoise | None:
        """What multiplies the state before it is normalised."""
        return None if self.noise is None else self.noise.relative

    @property
    def vacuum_noise(self) -> WignerNoise | None:
        """What is added to the state after it is normalised."""
        return None if self.noise is None else self.noise.vacuum

    def misplaced_imprints(self, grid: Grid) -> Iterator[Misfit]:
        yield from misfits_of(self.vortices, self.rings, self.phase_steps, grid)

    def beyond_the_modes(self, grid: Grid, hbar: float) -> Iterator[Misfit]:
        for axis, momentum in enumerate(self.momentum):
            limit = hbar * math.pi / grid.spacings[axis]
            if abs(momentum) > limit:
                name = grid.axes[axis]
                message = f"{momentum:.6g} on axis {name} is beyond the grid's largest momentum pi hbar/h = {limit:.6g}"
                yield ("momentum", axis), message


class FileStart(Section):
    """A first guess: the wave functions of a snapshot, a checkpoint or any HDF5 file, as of the initial state of kind
    "file"."""

    path: Annotated[str, existing_file()]
    """An HDF5 file.
    Example: ``"guess.h5"``."""
    dataset: Annotated[str, FILLED_IN]
    """Of its values; <species>/wave_function unless given.
    Example: ``"up/wave_function"``."""


def _named_start(value: object) -> str:
    if value not in ("thomas-fermi", "gaussian"):
        words = ("thomas-fermi", "gaussian")
        suggestion = closest(value, words) if isinstance(value, str) else None
        raise wrong(
            f'must be "thomas-fermi", "gaussian" or a table {{ path = "FILE.h5" }}, not {described(value)}',
            suggestion=suggestion,
        )
    return value


class GroundStateInitial(InitialSection):
    """The ground state of all species that ask for it, in the potentials of time 0-; ``start`` is where the
    minimisation begins."""

    kind: Literal["ground-state"] = "ground-state"
    start: Annotated[
        Annotated[str, Value(_named_start, taken=Taken("word", {"enum": ["thomas-fermi", "gaussian"]})), Tag(VALUE)]
        | Annotated[FileStart, Tag(TABLE)],
        value_or_table(FileStart),
    ] = "thomas-fermi"
    """Where the search begins: the Thomas-Fermi profile, a Gaussian, or the wave function of a file.
    Example: ``{ path = "guess.h5" }``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the noise on the first guess, where there is some (``ground_state.noise``, ``ground_state.starts``). Another
    seed may find another minimum, of vortices say."""

    @property
    def finds_cores(self) -> bool:
        cores = [vortex.core for vortex in self.vortices] + [ring.core for ring in self.rings]
        return bool(cores) and all(core is None for core in cores)

    makes_sets: ClassVar[bool] = True
    is_ground_state: ClassVar[bool] = True
    fills_the_trap: ClassVar[bool] = True
    written_down: ClassVar[bool] = False


class GaussianInitial(InitialSection):
    """``exp(-sum_i (x_i - c_i)^2 / (2 width_i^2))``."""

    kind: Literal["gaussian"]
    width: Lengths
    """Per axis: the density falls to 1/e at this distance, its rms is width/sqrt(2).
    Example: ``["2 um", "2 um", "1 um"]``."""
    centre: Position = Field(0.0, validate_default=True)
    """Where it is, per axis.
    Example: ``["-4 um", 0, 0]``."""

    finite_everywhere: ClassVar[bool] = True
    written_down: ClassVar[bool] = True


class ThomasFermiInitial(InitialSection):
    """Root of the Thomas-Fermi density of the potentials and contact interactions of time 0-."""

    kind: Literal["thomas-fermi"]

    fills_the_trap: ClassVar[bool] = True
    written_down: ClassVar[bool] = False


class OscillatorInitial(InitialSection):
    """The oscillator state with ``numbers`` quanta per axis for angular frequencies ``frequency``; for fermions the
    orbitals of lowest energy."""

    kind: Literal["oscillator"]
    frequency: PositiveFrequencies
    """Angular frequency of the oscillator, per axis."""
    numbers: Counts | None = None
    """0 for a condensate that does not say; never given for a set of orbitals.
    Example: ``[0, 1, 0]``."""
    centre: Position = Field(0.0, validate_default=True)
    """Where it is, per axis.
    Example: ``["-4 um", 0, 0]``."""

    makes_sets: ClassVar[bool] = True
    finite_everywhere: ClassVar[bool] = True
    written_down: ClassVar[bool] = True

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        for axis, number in enumerate(self.numbers or ()):
            if number >= grid.points[axis]:
                name = grid.axes[axis]
                yield (
                    ("numbers", axis),
                    f"{number} quanta on axis {name} are more than its {grid.points[axis]} points hold",
                )


class PlaneWavesInitial(InitialSection):
    """``exp(2 pi i sum_i numbers_i x_i / L_i)``; for fermions the waves of lowest kinetic energy, a Fermi sphere."""

    kind: Literal["plane-waves"]
    numbers: Integers | None = None
    """Required for a condensate; never given for a set of orbitals.
    Example: ``[1, 0, 0]``."""

    makes_sets: ClassVar[bool] = True
    finite_everywhere: ClassVar[bool] = True
    written_down: ClassVar[bool] = True

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        if self.numbers is None:
            return  # a Fermi sphere; whether it fits is seen when it is made
        for axis, name in enumerate(grid.axes):
            points, number = grid.points[axis], self.numbers[axis]
            lowest, highest = -(points // 2), (points - 1) // 2
            if not lowest <= number <= highest:
                message = (
                    f"{number} on axis {name} is beyond the grid's modes: {points} points carry {lowest} to {highest}"
                )
                yield ("numbers", axis), message


class ExpressionInitial(InitialSection):
    """``amplitude(x, y, z) exp(i phase(x, y, z))``, normalised."""

    kind: Literal["expression"]
    amplitude: Annotated[Expression, expression()]
    """Up to a factor: the state is normalised.
    Example: ``"exp(-x**2/8) * tanh(x)"``."""
    phase: Annotated[Expression, expression(dimension=DIMENSIONLESS)] = Field("0", validate_default=True)
    """In radians.
    Example: ``"0.5*x"``."""

    written_down: ClassVar[bool] = True


class FileInitial(InitialSection):
    """The wave functions of a snapshot or a checkpoint of a run with this species, from another grid by trigonometric
    interpolation where its cloud fits; or of any HDF5 file with a dataset on the grid's points. Of fermions the dataset
    has the orbitals as its first axis."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    """An HDF5 file: a snapshot with wave functions, or with density and phase; a checkpoint; any other.
    Example: ``"runs/rubidium/snapshots/000400.h5"``."""
    dataset: Annotated[str, FILLED_IN]
    """Of its values; <species>/wave_function unless given, of checkpoints the orbitals. Names another species of a run.
    Example: ``"up/wave_function"``."""

    makes_sets: ClassVar[bool] = True
    written_down: ClassVar[bool] = True


Initial = Annotated[
    GroundStateInitial
    | GaussianInitial
    | ThomasFermiInitial
    | OscillatorInitial
    | PlaneWavesInitial
    | ExpressionInitial
    | FileInitial,
    Field(discriminator="kind"),
]
