"""Ground states by imaginary time: a fallback, for comparison and for cases in which the conjugate gradients fail."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState, NotConverged, OutOfIterations, Report
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.descent.saddles import Say, minimum
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import Saddles
from hpcmix.problem.units.measure_words import PLAIN_MEASURES, MeasureWords

CHECK = 10
"""Steps between two looks at the residual."""
PATIENCE = 5
"""Looks without a fall of the residual by a tenth after which the step is halved."""


def relax(
    mixture: Mixture,
    fields: list[np.ndarray],
    instant: Instant,
    tolerance: float,
    max_iterations: int,
    step: float | None = None,
    report: Report = lambda iteration, residual, energy: None,
    held: frozenset[int] = frozenset(),
    saddles: Saddles = "follow",
    say: Say = lambda sentence: None,
    alive: Callable[[], None] = lambda: None,
    words: MeasureWords = PLAIN_MEASURES,
) -> GroundState:
    """Lower the energy by phi -> exp(-s W / 2) exp(-s R / 2) exp(-s T) exp(-s R / 2) exp(-s W / 2) phi, normalised, in
    place, until the residual is at most `tolerance`; R is the coherent coupling, if any.

    The splitting ends at a state whose residual is proportional to the square of the step s; the step is therefore
    halved whenever the residual stalls, and small tolerances need many iterations. `step` None: hbar / (10 mu) of the
    first state. Saddles are left as `saddles` says (saddles.py). Raises :class:`NotConverged`. Collective.
    """
    landscape = Landscape(mixture, fields, instant, held)

    def workspace() -> list[list[np.ndarray]]:
        return [[np.empty_like(field) for field in fields] for _ in range(6)]

    spent, nature = minimum(
        landscape,
        fields,
        lambda spent: _relax(landscape, spent, tolerance, max_iterations, step, report),
        workspace,
        saddles,
        say,
        alive,
        words,
    )
    return GroundState(
        "imaginary-time", spent, landscape.residual, landscape.transforms, landscape.energy, nature=nature
    )


def _relax(
    landscape: Landscape, spent: int, tolerance: float, max_iterations: int, step: float | None, report: Report
) -> int:
    """Step to the tolerance; `spent` steps are behind. The number of steps afterwards."""
    from scipy.linalg import expm

    mixture, fields, held = landscape.mixture, landscape.fields, landscape.held
    landscape.refresh()
    landscape.differentiate()
    if step is None:
        step = 0.1 * mixture.hbar / float(np.max(np.abs(landscape.chemical_potentials)))
    target, looks, lowest = math.inf, 0, landscape.residual
    for iteration in range(spent + 1, max_iterations + 1):
        for a, field in enumerate(fields):
            if a not in held:
                field *= np.exp((-0.5 * step / mixture.hbar) * landscape.totals[a])
        mix = expm((-0.5 * step / mixture.hbar) * landscape.coupling)
        _mix(fields, mixture.rabi.groups, mix)
        for a, field in enumerate(fields):
            if a not in held:
                landscape.preconditioner.apply_decay(field, a, step / mixture.hbar)
        _mix(fields, mixture.rabi.groups, mix)
        for a, field in enumerate(fields):
            if a not in held:
                field *= np.exp((-0.5 * step / mixture.hbar) * landscape.totals[a])
        landscape.transforms += len(fields)
        landscape.refresh()
        if iteration % CHECK:
            continue
        landscape.differentiate()
        report(iteration, landscape.residual, landscape.energy)
        if not math.isfinite(landscape.residual):
            raise NotConverged(
                "ground state: the energy is not finite in imaginary time; use a smaller ground_state.step"
            )
        if landscape.residual <= tolerance:
            return iteration
        looks, lowest = looks + 1, min(lowest, landscape.residual)
        if landscape.residual < 0.9 * target:
            target, looks = landscape.residual, 0
        elif looks >= PATIENCE:
            step, target, looks = 0.5 * step, math.inf, 0
    raise OutOfIterations.of_residual(landscape.residual, lowest, max_iterations, tolerance)


def _mix(fields: list[np.ndarray], groups: Sequence[tuple[int, ...]], matrix: np.ndarray) -> None:
    """phi_a <- sum_b matrix_ab phi_b within every group, in place."""
    for group in groups:
        mixed = [sum(fields[b].dtype.type(matrix[a, b]) * fields[b] for b in group) for a in group]
        for a, field in zip(group, mixed, strict=True):
            fields[a][...] = field
