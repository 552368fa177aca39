"""``[[spinor]]``: three condensates that are the components of one gas of spin-1 atoms."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.taken import Taken, Widened, instead, of_quantity
from hpcmix.problem.reading.values import described, different_species, quantity, real
from hpcmix.problem.sections.interactions.section import Constants
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

MAGNETIC_NUMBERS = (1, 0, -1)
"""m of the components, in the order in which ``species`` names them."""


class ScatteringLengths(Section):
    """a_0 and a_2 of two atoms whose spins add up to 0 and to 2."""

    a0: Annotated[float, quantity(LENGTH)]
    """Of two atoms whose spins add up to 0.
    Example: ``"101.8 a0"``."""
    a2: Annotated[float, quantity(LENGTH)]
    """Of two atoms whose spins add up to 2.
    Example: ``"100.4 a0"``."""


class Zeeman(Switching):
    """An energy p or q, times the envelope of time that potentials have too."""

    energy: Annotated[float, quantity(ENERGY)]
    """p or q at full strength.
    Example: ``"20 Hz"``."""


def _three_names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or len(value) != 3 or not all(isinstance(name, str) for name in value):
        raise wrong(f'must name the species of m = 1, 0, -1, such as ["plus", "zero", "minus"], not {described(value)}')
    return different_species(value)


def _energies(value: Any) -> Any:
    """A bare energy is one that always acts; a table or a list of tables says when."""
    entries = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(entry if isinstance(entry, (dict, Zeeman)) else {"energy": entry} for entry in entries)


THREE_NAMES = Taken(
    "three names of species", {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3}
)


def _energies_taken(inner: Taken) -> Taken:
    """An energy, a table with its course in time, or a list of both."""
    energy = of_quantity(ENERGY)
    entry = {"anyOf": [energy.schema, inner.schema["items"]]}
    alternatives = {"anyOf": [*entry["anyOf"], {"type": "array", "items": entry}]}
    return Taken("energy; table, or list of tables, where it changes in time", alternatives, energy.unit, '"20 Hz"')


class Spinor(Section):
    """Atoms of spin 1 in the states m = 1, 0, -1, with F = psi^+ f psi and f the matrices of spin 1:

        c_2/2 integral |F|^2 + c_0/2 integral n^2 + integral psi^+ (-p f_z + q f_z^2) psi.

    ``scattering_lengths`` are short for c_0 = 4 pi hbar^2 (a_0 + 2 a_2) / 3m and c_2 = 4 pi hbar^2 (a_2 - a_0) / 3m,
    in three dimensions.
    """

    species: Annotated[tuple[str, ...], Widened(_three_names, widens=instead(THREE_NAMES))]
    """The components m = 1, 0, -1, in this order.
    Example: ``["plus", "zero", "minus"]``."""
    spin_interaction: Annotated[float, quantity(lambda dimensions: ENERGY + LENGTH * dimensions)] | None = None
    """c_2: ferromagnetic where it is negative.
    Example: ``-0.02``."""
    density_interaction: Annotated[float, quantity(lambda dimensions: ENERGY + LENGTH * dimensions)] | None = None
    """c_0, which adds to contact interactions of the three; left out: zero, or that of the scattering lengths.
    Example: ``1.0``."""
    scattering_lengths: ScatteringLengths | None = None
    """a_0 and a_2, in place of the two couplings, in three dimensions or across a tight trap.
    Example: ``{ a0 = "101.8 a0", a2 = "100.4 a0" }``."""
    linear_zeeman: Annotated[tuple[Zeeman, ...], Widened(_energies, widens=_energies_taken)] = ()
    """p: positive favours m = 1."""
    quadratic_zeeman: Annotated[tuple[Zeeman, ...], Widened(_energies, widens=_energies_taken)] = ()
    """q."""
    magnetisation: Annotated[float, real(at_least=-1)] | None = None
    """(N_1 - N_-1) / N that ground states are sought at; left out: whichever has the lowest energy.
    Example: ``0.0``."""

    @model_validator(mode="after")
    def _interaction_is_given(self, info: ValidationInfo) -> Self:
        if self.scattering_lengths is None:
            if self.spin_interaction is None:
                raise wrong("needs spin_interaction or scattering_lengths")
            return self
        for key in ("spin_interaction", "density_interaction"):
            if getattr(self, key) is not None:
                raise wrong("contradicts scattering_lengths; give one of the two", key=key)
        context = context_of(info)
        if context.dimensions not in (3, None) and not context.transverse:
            raise wrong(
                "have a meaning in three dimensions only; give spin_interaction and density_interaction here, or the "
                "tight trap as grid.transverse",
                key="scattering_lengths",
            )
        return self

    @model_validator(mode="after")
    def _magnetisation_is_possible(self) -> Self:
        if self.magnetisation is not None and self.magnetisation > 1.0:
            raise wrong(
                f"is between -1 and 1, a number per particle, but is {self.magnetisation:g}", key="magnetisation"
            )
        return self

    @property
    def turned(self) -> tuple[str, ...]:
        """The species that turn into each other: two of m = 0 into one of m = 1 and one of m = -1."""
        return self.species

    @property
    def dresses(self) -> bool:
        """Whether ground states share their particles among the three: always."""
        return True

    @property
    def zeeman(self) -> tuple[Zeeman, ...]:
        """All that changes in time, p and q."""
        return self.linear_zeeman + self.quadratic_zeeman

    @property
    def strength_keys(self) -> tuple[str, str]:
        """The keys that give c_0 and c_2."""
        if self.scattering_lengths is not None:
            return "scattering_lengths", "scattering_lengths"
        return "density_interaction", "spin_interaction"

    def couplings(self, constants: Constants) -> tuple[float, float]:
        """c_0 and c_2 in code units; from scattering lengths across a tight trap times what contact interactions are
        multiplied by there."""
        lengths = self.scattering_lengths
        if lengths is None:
            return self.density_interaction or 0.0, self.spin_interaction or 0.0
        pair = (self.species[0], self.species[0])
        unit = 2.0 * math.pi * constants.hbar**2 / (3.0 * constants.reduced_mass(pair))
        across = constants.transverse(pair)
        if across is not None:
            unit *= across.overlap
        return unit * (lengths.a0 + 2.0 * lengths.a2), unit * (lengths.a2 - lengths.a0)
