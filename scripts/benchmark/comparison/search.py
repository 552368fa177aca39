"""How few steps reach an error: the search behind the time to an error. Knows nothing of programs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """The least number of steps that reaches the target, and the error it has.

    measured  False when so many steps would take too long: then `steps` follows from the order of the scheme and the
              last error that was measured, and `error` is the target.
    """

    steps: int
    error: float
    measured: bool


def least_steps(
    error_of: Callable[[int], float],
    order: int,
    target: float,
    start: int,
    largest: int,
    fewest: int = 1,
    slack: float = 0.03,
) -> Found:
    """The least number of steps, to a share `slack`, with ``error_of(steps) <= target``, and not less than `fewest`.

    The error of a scheme of order p falls like steps^-p: each guess takes the nearest error that is known along this
    law and stays between the largest number of steps that failed and the smallest that did not. An error that is not
    finite (too large a step) counts as a failure that says nothing more.
    """
    failed, reached = fewest - 1, 0
    errors: dict[int, float] = {}
    guess = max(fewest, min(start, largest))
    while True:
        errors[guess] = error_of(guess)
        if errors[guess] <= target:
            reached = guess
        else:
            failed = max(failed, guess)
        if reached and reached - failed <= max(1.0, slack * reached):
            return Found(reached, errors[reached], True)
        guess = _next(errors, order, target, failed, reached)
        if guess > largest:
            if failed == largest:
                if not math.isfinite(errors[largest]):
                    raise ArithmeticError(f"no finite error with up to {failed} steps")
                return Found(math.ceil(largest * (errors[largest] / target) ** (1.0 / order)), target, False)
            guess = largest


def _next(errors: dict[int, float], order: int, target: float, failed: int, reached: int) -> int:
    """The next number of steps to try, between those that failed and those that reached the target."""
    known = {steps: error for steps, error in errors.items() if math.isfinite(error) and error > 0.0}
    if known:
        nearest = min(known, key=lambda steps: abs(math.log(known[steps] / target)))
        guess = math.ceil(nearest * (known[nearest] / target) ** (1.0 / order) * 1.001)
        guess = min(guess, 16 * nearest) if not reached else guess
    else:
        guess = 2 * failed
    lowest = failed + 1
    if not reached:
        return max(lowest, guess)
    # at least a third of the gap from either end, unless the law is sure of more: the gap shrinks in any case
    gap = reached - failed
    return min(reached - 1, max(lowest, min(max(guess, failed + gap // 3), reached - max(1, gap // 8))))
