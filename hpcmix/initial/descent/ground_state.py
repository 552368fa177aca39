"""What a search for a ground state ends with: the state's numbers, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from hpcmix.initial.descent.saddles import Nature
from hpcmix.model.mixture import Mixture
from hpcmix.problem.mistakes.ending import Foreseen

Report = Callable[[int, float, float], None]
"""Called after every iteration with its number, the residual and the energy."""


@dataclass(frozen=True)
class Levels:
    """The filled levels of a set of orbitals: energies in ascending order, the residual of each orbital, and the
    distance from the highest to the lowest level outside, zero where no shell is closed."""

    energies: list[float]
    residuals: list[float]
    gap: float


@dataclass(frozen=True)
class FilledGas:
    """A classical species in the mean fields that it takes part in.

    chemical_potential  the level mu up to which phase space is filled, rest energy included.
    residual            how far its mean field is from what it makes, in units of what moves its particles.
    iterations          number of mean fields that took.
    """

    chemical_potential: float
    residual: float
    iterations: int


@dataclass(frozen=True)
class GroundState:
    """How a minimisation ended.

    method       name of the method, as in the problem file.
    iterations   number of iterations.
    residual     largest of |H phi - mu phi| / |mu phi| over the species, coupled ones together.
    transforms   number of Fourier pairs (forward and backward) of one field.
    energy       total energy, code units.
    levels       of the species with sets of orbitals, by name; None where there are none.
    nature       minimum or saddle: the lowest curvature, and the saddles that the search left.
    starts       energies of all starts where there were several, None for those that did not converge.
    gases        the classical species that were looked for, by name.
    """

    method: str
    iterations: int
    residual: float
    transforms: int
    energy: float
    levels: dict[str, Levels] | None = None
    nature: Nature = field(default_factory=Nature)
    starts: tuple[float | None, ...] = ()
    gases: Mapping[str, FilledGas] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What summary.json says of it."""
        entries: dict[str, Any] = {
            "method": self.method,
            "iterations": self.iterations,
            "residual": self.residual,
            "transforms": self.transforms,
        }
        if self.nature.curvature is not None:
            entries |= {"curvature": self.nature.curvature, "curvature_is_sure": self.nature.sure}
        if self.nature.saddles:
            entries["saddles"] = [asdict(saddle) for saddle in self.nature.saddles]
        if self.starts:
            entries["starts"] = list(self.starts)
        if self.levels:
            entries["levels"] = {name: asdict(levels) for name, levels in self.levels.items()}
        if self.gases:
            entries["gases"] = {name: asdict(gas) for name, gas in self.gases.items()}
        return entries

    def counted_with(self, at_rest: Sequence[float] | np.ndarray, mixture: Mixture) -> GroundState:
        """The same with what energies were counted from: `at_rest`, of one particle of every species."""
        lowest = {species.name: level for species, level in zip(mixture.species, at_rest, strict=True)}
        levels = {
            name: replace(filled, energies=[energy + lowest[name] for energy in filled.energies])
            for name, filled in (self.levels or {}).items()
        }
        of_all = sum(mixture.species[sphere[0]].particles * at_rest[sphere[0]] for sphere in mixture.spheres)
        saddles = tuple(replace(saddle, energy=saddle.energy + of_all) for saddle in self.nature.saddles)
        return replace(
            self,
            energy=self.energy + of_all,
            levels=levels or self.levels,
            nature=replace(self.nature, saddles=saddles),
            starts=tuple(None if energy is None else energy + of_all for energy in self.starts),
        )


class NotConverged(RuntimeError, Foreseen):
    """The tolerance was not reached; the text says how far the iteration came and what to change."""

    of_the_problem = True


class OutOfIterations(NotConverged):
    """The iterations that were allowed are spent; the state is as good as they made it, and can be gone on from."""

    def __init__(self, how_far: str) -> None:
        self._how_far = f"{how_far}; "
        super().__init__(self._how_far + "raise ground_state.max_iterations or ground_state.tolerance")

    @classmethod
    def of_residual(cls, residual: float, best: float, iterations: int, tolerance: float) -> OutOfIterations:
        """Of a search that goes by its residual."""
        return cls(
            f"ground state: residual {residual:.1e} after {iterations} iterations (best {best:.1e}), asked for "
            f"{tolerance:.1e}"
        )

    def keeping(self, place: str) -> NotConverged:
        """The same with what there is to do when the state is kept at a place."""
        return NotConverged(
            f"{self._how_far}the state is kept in {place}: the same command again goes on from it, for "
            "ground_state.max_iterations more (--set ground_state.max_iterations=...), and --set "
            "ground_state.tolerance=... takes it sooner"
        )
