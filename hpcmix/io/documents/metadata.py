"""What every output file says about itself: title, names, units and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hpcmix.problem.schema import Problem
from hpcmix.problem.units.dimensions import ENERGY, FREQUENCY, LENGTH, MASS, MOMENTUM, TIME, Dimension
from hpcmix.problem.units.units import Units

_SI_NAMES = {LENGTH: "m", MASS: "kg", TIME: "s", ENERGY: "J", MOMENTUM: "kg m s-1", FREQUENCY: "rad s-1"}
_NAMES = {LENGTH: "length", MASS: "mass", TIME: "time", ENERGY: "energy", MOMENTUM: "momentum", FREQUENCY: "frequency"}


@dataclass(frozen=True)
class Metadata:
    """The description that goes into every file of a run.

    species, axes    names in the order of the problem file; axes are the first of x, y, z.
    scales           code units in SI; empty for a problem without ``[units]``.
    provenance       entries of :meth:`hpcmix.io.documents.provenance.Provenance.attributes`: version, commit, resolved
    problem,
                     ...
    """

    title: str = ""
    species: tuple[str, ...] = ()
    axes: tuple[str, ...] = ("x", "y", "z")
    scales: Units = field(default_factory=Units)
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)
    hbar: float = 1.0

    @classmethod
    def of(cls, problem: Problem, provenance: Mapping[str, str | int | float] | None = None) -> Metadata:
        """The description of a problem's files."""
        names = tuple(species.name for species in problem.species)
        return cls(problem.title, names, problem.grid.axes, problem.scales, dict(provenance or {}), problem.hbar)

    def attributes(self) -> dict[str, str | int | float]:
        """Attributes of a file: title, convention of units with the factors to SI where they are known, provenance."""
        return {
            "title": self.title,
            "units": "code units (hbar = 1): multiply by an attribute si_factor to have SI"
            if self.scales.given
            else f"dimensionless (hbar = {self.hbar:.17g})",
            **self.factors(),
            **self.provenance,
        }

    def factors(self) -> dict[str, float]:
        """SI values of the code units: ``length_si``, ``mass_si``, ``time_si``, ``energy_si``; empty without
        ``[units]``.
        """
        return {
            f"{_NAMES[dimension]}_si": factor
            for dimension in (LENGTH, MASS, TIME, ENERGY)
            if (factor := self.scales.factor_si(dimension)) is not None
        }

    def summary_factors(self) -> dict[str, dict[str, dict[str, float | str]]]:
        """The entry ``si`` of a summary: for every quantity that its numbers are of, what they are multiplied by and
        the unit that they are in then; nothing without ``[units]``."""
        if not self.scales.given:
            return {}
        quantities = {name: dimension for dimension, name in _NAMES.items()}
        quantities |= {"density": density_dimension(len(self.axes))}
        return {
            "si": {
                name: {"factor": float(unit["si_factor"]), "unit": str(unit["si_unit"])}
                for name, unit in ((name, self.unit(dimension)) for name, dimension in quantities.items())
            }
        }

    def unit(self, dimension: Dimension) -> dict[str, str | float]:
        """Attributes of a quantity: ``units`` in words and, where known, ``si_factor`` and ``si_unit``.

        Dimensions are those of the tables above or powers of length, mass and time.
        """
        if dimension in _NAMES:
            name, si_name = _NAMES[dimension], _SI_NAMES[dimension]
        else:
            bases = (LENGTH, dimension.length), (MASS, dimension.mass), (TIME, dimension.time)
            powers = [(base, power) for base, power in bases if power]
            name = " ".join(_NAMES[base] if power == 1 else f"{_NAMES[base]}^{power}" for base, power in powers)
            si_name = " ".join(_SI_NAMES[base] if power == 1 else f"{_SI_NAMES[base]}{power}" for base, power in powers)
        factor = self.scales.factor_si(dimension)
        if factor is None:
            return {"units": f"code unit of {name}"}
        return {"units": f"code unit of {name}", "si_factor": factor, "si_unit": si_name}


def density_dimension(axes: int) -> Dimension:
    """Particles per length^axes: a density in that many dimensions."""
    return LENGTH * -axes
