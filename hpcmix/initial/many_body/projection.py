"""The initial orbitals of a species in its modes: projected, orthonormalised, and what the modes miss of them.

c_p = <p|phi>,        lost = |phi - P phi|^2 = 1 - sum_p |c_p|^2
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged, Report
from hpcmix.initial.many_body.modes import Say, make_modes, unheard
from hpcmix.model.many_body.modes.overlaps import orthonormal, overlaps
from hpcmix.model.mixture import Mixture
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem

MOST_TRIED = 512
"""Modes up to which a number that would do is looked for."""
MOST_ITERATIONS_TRIED = 100
"""Of searches for eigenstates, together, that an advice is worth: 39 numbers of modes, of which none closes a shell,
would take minutes."""


def projected_orbitals(
    problem: Problem,
    mixture: Mixture,
    modes: Sequence[np.ndarray],
    orbitals: Sequence[np.ndarray],
    say: Say = lambda sentence: None,
    report: Report = unheard,
) -> list[np.ndarray]:
    """Every species' initial orbitals in its modes, C_a of shape (m_a, M_a) with orthonormal columns. Collective over
    the group.

    orbitals  those of the state at time zero, (M_a, *this rank's block), all of them on every group of ranks.
    Raises :class:`ProblemError` with all species whose modes miss more than ``many_body.lost`` of an orbital, and the
    number of modes that would do.
    """
    projected, complaints = [], []
    for index, (species, own, fields) in enumerate(zip(problem.species, modes, orbitals, strict=True)):
        coefficients = overlaps(mixture, own, fields)
        lost = parts_lost(mixture, coefficients, fields)
        worst = int(np.argmax(lost))
        allowed = max(problem.bodies.lost, 1e-13)  # rounding is no loss
        if lost[worst] > allowed:
            complaints.append(_complaint(problem, mixture, index, worst, float(lost[worst]), fields, report))
            continue
        if lost[worst] > 1e-13:
            say(f'modes of "{species.name}" miss {lost[worst]:.2g} of its initial state, which is projected')
        projected.append(_orthonormal_columns(coefficients))
    if complaints:
        raise ProblemError(complaints)
    return projected


def parts_lost(mixture: Mixture, coefficients: np.ndarray, fields: np.ndarray) -> np.ndarray:
    """1 - sum_p |<p|phi_j>|^2 / |phi_j|^2 of every orbital."""
    flat = fields.reshape(len(fields), -1)
    local = np.sum(flat.real**2 + flat.imag**2, axis=1)
    norms = mixture.communicators.sum(local) * mixture.grid.cell_volume
    return 1.0 - np.sum(np.abs(coefficients) ** 2, axis=0) / norms


def _orthonormal_columns(coefficients: np.ndarray) -> np.ndarray:
    """The nearest matrix with orthonormal columns: C (C^+ C)^(-1/2)."""
    left, _, right = np.linalg.svd(coefficients, full_matrices=False)
    return left @ right


def _complaint(
    problem: Problem, mixture: Mixture, index: int, orbital: int, lost: float, fields: np.ndarray, report: Report
) -> Complaint:
    """What the modes miss, and the number that would do."""
    species = problem.species[index]
    number, entry = problem.bodies.entry_of(species.name)
    which = f'orbital {orbital} of "{species.name}"' if len(fields) > 1 else f'the initial state of "{species.name}"'
    enough = _enough(problem, mixture, index, fields, report)
    advice = (
        f"{entry.number_key} = {enough} would do"
        if enough is not None
        else f"try a larger {entry.number_key}, other modes or another initial state"
    )
    message = (
        f"the modes miss {lost:.2g} of {which}, more than lost = {problem.bodies.lost:g}: {advice}, or allow a "
        "larger many_body.lost"
    )
    error = ProblemError.of(f"many_body.modes.{number}.{entry.number_key}", message)
    return problem.locate(error).complaints[0]


class _TooLong(Exception):
    """More iterations than an advice is worth."""


def _enough(problem: Problem, mixture: Mixture, index: int, fields: np.ndarray, report: Report) -> int | None:
    """The smallest tried number of the entry's kind of modes that misses little enough; None where none was found
    within MOST_ITERATIONS_TRIED."""
    iterations = 0

    def counted(iteration: int, residual: float, energy: float) -> None:
        nonlocal iterations
        report(iteration, residual, energy)
        iterations += 1
        if iterations > MOST_ITERATIONS_TRIED:
            raise _TooLong

    species = problem.species[index]
    _, entry = problem.bodies.entry_of(species.name)
    if entry.number_key not in ("count", "largest"):
        return None
    points, start = problem.grid.points, int(getattr(entry, entry.number_key))
    step = max(1, start // 4) if entry.number_key == "count" else 1
    for trial in range(start + step, start + 40 * step, step):
        candidate = entry.model_copy(update={entry.number_key: trial})
        if candidate.number(points) > min(MOST_TRIED, int(np.prod(points))):
            return None
        try:
            own = orthonormal(mixture, make_modes(candidate, problem, mixture, index, lambda sentence: None, counted))
        except (np.linalg.LinAlgError, NotConverged, _TooLong):
            return None
        if np.max(parts_lost(mixture, overlaps(mixture, own, fields), fields)) <= problem.bodies.lost:
            return trial
    return None
