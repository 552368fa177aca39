"""From measured numbers and their errors to a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from hpcmix.studies.measuring.budget import Budget
from hpcmix.studies.measuring.claim import Fit

NEXT_SLOWER = 0.5
"""What theory offers besides a bound that does not depend on N: growth like N^(1/2), as of a rate 1/sqrt(N) where 1/N
is claimed."""

BOUNDED = 0.5 * NEXT_SLOWER
"""An exponent below it counts as none: it lies nearer to none than to the next slower rate."""


def unresolved(budgets: Sequence[Budget]) -> str:
    """The worst of what the budgets have to say against a verdict; empty where every error is well below its effect."""
    return next((sentence for budget in budgets if (sentence := budget.unresolved)), "")


def bounded(fits: Sequence[Fit], limit: float = BOUNDED) -> bool | None:
    """Whether quantities stay below a constant: True when the whole interval of every exponent is below the limit,
    False when the whole interval of some exponent is above it, None where the numbers leave it open."""
    if any(fit.interval[0] > limit for fit in fits):
        return False
    return True if all(fit.interval[1] < limit for fit in fits) else None


def quickest(fits: Sequence[Fit]) -> Fit:
    """The fit whose interval reaches the highest."""
    return max(fits, key=lambda fit: fit.interval[1])
