"""What a search for modes returns, whatever its method: frequencies, fields and residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.problem.mistakes.ending import Foreseen

SAME_MULTIPLET = 1e-6
"""Relative distance of frequencies that belong to one multiplet: a grid that resolves the state to nine digits splits
multiplets by less, and two different modes are hardly ever so close."""

PURELY_GROWING = 1e-9
"""Share of its growth rate below which the real part of a mode's frequency is rounding, and is shown as zero: it comes
out as some 1e-15."""

Report = Callable[[int, int, float], None]
"""Called after every iteration with its number, how many modes have converged, and the largest residual of those
wanted."""


@dataclass(frozen=True)
class Spectrum:
    """Modes of small oscillations, by their frequency.

    frequencies  omega in code units; complex, of a stable state real.
    u, v         complex, shape (modes, species, *grid of this rank), of H (u, v) = hbar omega Sigma (u, v)
                 (bogoliubov_operator.py), normalised to sum_a integral |u_a|^2 - |v_a|^2 = 1; of growing modes, for
                 which it is zero, to sum_a integral |u_a|^2 + |v_a|^2 = 1.
    residuals    |L x - omega x| / (omega |x|) of x = (u, v), L = Sigma H / hbar.
    excitations  sum_a integral |v_a|^2 of what is orthogonal to the condensates: the mode's share in the particles
                 outside of them. Shape (modes, species).
    method       name of the method.
    symmetries   directions without a frequency that were left out, in words.
    curvature    the lowest curvature of the energy in other directions, per particle moved; None where it was not
                 looked for.
    negative_directions
                 along how many directions the energy falls; None where they were not counted.
    """

    frequencies: np.ndarray
    u: np.ndarray
    v: np.ndarray
    residuals: np.ndarray
    excitations: np.ndarray
    method: str
    iterations: int
    transforms: int
    symmetries: tuple[str, ...] = ()
    curvature: float | None = None
    negative_directions: int | None = None

    def __len__(self) -> int:
        return len(self.frequencies)


class ModesNotFound(RuntimeError, Foreseen):
    """A search that did not come to its end, or a state that has no such modes; the text says which, with the number,
    and what to change."""

    of_the_problem = True


class OutOfIterations(ModesNotFound):
    """The iterations that were allowed are spent; the rows are as good as they made them, and can be gone on from."""

    def __init__(self, converged: int, wanted: int, residual: float, iterations: int, tolerance: float) -> None:
        self._how_far = (
            f"excitations: {converged} of {wanted} modes have converged to {tolerance:.1e} after {iterations} "
            f"iterations, the worst has {residual:.1e}; "
        )
        super().__init__(self._how_far + "raise excitations.max_iterations or excitations.tolerance")

    def keeping(self, place: str) -> ModesNotFound:
        """The same with what there is to do when the rows are kept at a place."""
        return ModesNotFound(
            f"{self._how_far}how far they came is kept in {place}: the same command again goes on from it, for "
            "excitations.max_iterations more, and --set excitations.tolerance=... takes them sooner"
        )


class NotAMinimum(ModesNotFound):
    """The state is stationary and no minimum of the energy.

    curvature  the energy of the direction along which it falls, per particle moved, code units.
    """

    def __init__(self, curvature: float) -> None:
        super().__init__(
            f"excitations: the state is no minimum of the energy, which falls along a direction with curvature "
            f"{curvature:.6g} (code units, per particle moved); its oscillations grow or have negative energy. "
            'excitations.method = "dense" (on small grids) and "tangent-map" (growing ones) give them'
        )
        self.curvature = curvature
