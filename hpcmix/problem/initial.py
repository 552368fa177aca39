"""``initial`` of a species: the kinds of state at time zero. Every state is normalised to one after it is made."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator

from hpcmix.problem.adaptive import number_or_table
from hpcmix.problem.dimensions import FREQUENCY, LENGTH, MOMENTUM
from hpcmix.problem.errors import closest
from hpcmix.problem.expressions import Expression
from hpcmix.problem.section import Section, wrong
from hpcmix.problem.values import described, existing_file, expression, integer, per_axis, quantity, real, vector

Integers = Annotated[tuple[Annotated[int, integer()], ...], per_axis()]
Counts = Annotated[tuple[Annotated[int, integer(at_least=0)], ...], per_axis()]


class Noise(Section):
    """Random numbers added to a state; they depend on the seed and the grid point, never on the rank (CONVENTIONS.md,
    Ranks)."""

    amplitude: Annotated[float, real(above=0)]
    seed: Annotated[int, integer(at_least=0)] = 0


class InitialSection(Section):
    """What every initial state can have: a boost ``exp(i p.x / hbar)`` and noise."""

    momentum: vector(quantity(MOMENTUM)) = Field(0.0, validate_default=True)
    noise: Noise | None = None


class FileStart(Section):
    """A first guess: the wave function on the grid's points from a dataset of an HDF5 file, by default
    <species>/wave_function; of fermions the dataset has the orbitals as its first axis."""

    path: Annotated[str, existing_file()]
    dataset: str


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
    start: number_or_table(str, PlainValidator(_named_start), FileStart) = "thomas-fermi"
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the noise on the first guess, where there is some (``ground_state.noise``, ``ground_state.starts``). Another
    seed may find another minimum, of vortices say."""


class GaussianInitial(InitialSection):
    """``exp(-sum_i (x_i - c_i)^2 / (2 width_i^2))``."""

    kind: Literal["gaussian"]
    width: vector(quantity(LENGTH, above=0))
    centre: vector(quantity(LENGTH)) = Field(0.0, validate_default=True)


class ThomasFermiInitial(InitialSection):
    """Root of the Thomas-Fermi density of the potentials and contact interactions of time 0-."""

    kind: Literal["thomas-fermi"]


class OscillatorInitial(InitialSection):
    """The oscillator state with ``numbers`` quanta per axis for angular frequencies ``frequency``; for fermions the
    orbitals of lowest energy."""

    kind: Literal["oscillator"]
    frequency: vector(quantity(FREQUENCY, above=0))
    numbers: Counts | None = None
    """0 for a condensate that does not say; never given for a set of orbitals."""
    centre: vector(quantity(LENGTH)) = Field(0.0, validate_default=True)


class PlaneWavesInitial(InitialSection):
    """``exp(2 pi i sum_i numbers_i x_i / L_i)``; for fermions the waves of lowest kinetic energy, a Fermi sphere."""

    kind: Literal["plane-waves"]
    numbers: Integers | None = None
    """Required for a condensate; never given for a set of orbitals."""


class ExpressionInitial(InitialSection):
    """``amplitude(x, y, z) exp(i phase(x, y, z))``, in code units."""

    kind: Literal["expression"]
    amplitude: Annotated[Expression, expression()]
    phase: Annotated[Expression, expression()] = Field("0", validate_default=True)


class FileInitial(InitialSection):
    """The wave function on the grid's points from a dataset of an HDF5 file; the dataset is by default
    <species>/wave_function. For fermions the dataset has the orbitals as its first axis."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    dataset: str


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
