"""Checks of rotating frames and vector potentials between the parts of a problem."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.sections.components.coupling import RabiCoupling
from hpcmix.problem.sections.frames.rotating import Rotation
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species


def check_turning(
    rotation: Rotation | None, species: dict[int, Species], coupling: dict[int, RabiCoupling], grid: Grid
) -> Iterator[Misfit]:
    """Yield path and sentence for everything that rotation and vector potentials do not go with."""
    magnetic = {each.name for each in species.values() if each.vector_potential is not None}
    for index, entry in coupling.items():
        charged = [name for name in entry.between if name in magnetic]
        if rotation is not None or charged:
            what = f'the vector potential of "{charged[0]}"' if charged else "[rotation]"
            yield ("coupling", index), f"coherent coupling does not go with {what}: it acts where T is diagonal in k"
    if rotation is None:
        return
    for each in species.values():
        if each.kinetic == "semirelativistic":
            message = (
                f'the rotating frame is for nonrelativistic species, and "{each.name}" is semi-relativistic: beyond '
                "the distance c/Omega sqrt(m^2 + p^2) - Omega.L has no lowest value"
            )
            yield ("rotation",), message
    yield from _check_trap(rotation, species, grid)


def _check_trap(rotation: Rotation, species: dict[int, Species], grid: Grid) -> Iterator[Misfit]:
    """Refuse ground states that the rotation throws out of a harmonic trap: m (omega^2 x^2 - (Omega x r)^2) / 2 must
    grow in every direction. With another potential beside the trap nothing is said."""
    turn = np.array(rotation.vector)
    axes = grid.dimensions
    centrifugal = (turn @ turn * np.eye(3) - np.outer(turn, turn))[:axes, :axes]
    for each in species.values():
        traps = [trap for trap in each.harmonic_traps if trap.from_time == -math.inf]
        if not each.initial.is_ground_state or not traps or len(traps) < len(each.potential) or each.vector_potential:
            continue
        squares = np.diag(sum(np.square(entry.frequency) for entry in traps))
        if np.linalg.eigvalsh(squares - centrifugal)[0] <= 0.0 and np.any(turn):
            frequencies = ", ".join(f"{root:.6g}" for root in np.sqrt(np.diag(squares)))
            message = (
                f'{rotation.rate:.6g} is too fast: it throws "{each.name}" out of its trap, whose frequencies are '
                f"{frequencies} in code units, and there is no ground state; rotate slower, or add a potential that "
                "grows faster than x^2"
            )
            yield ("rotation", "rate"), message
