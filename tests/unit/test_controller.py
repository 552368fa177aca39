"""The choice of adaptive steps, for a method of known error."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hpcmix.evolve.stepping.controller import Controller
from hpcmix.problem.times.adaptive import AdaptiveStep, largest_local_error, smallest_tolerance
from hpcmix.state.progress import Adaptation


def controlled(error_of, order=4, final=1.0, **options):
    """The accepted steps (begin, length) of a method whose step of length h at t has the error error_of(t, h)."""
    controller = Controller(AdaptiveStep(**options), order, final)
    size, memory, steps = controller.initial, Adaptation(), []
    while memory.time < final:
        begin, cut = memory.time, memory.time + size >= final
        end = final if cut else memory.time + size
        decision = controller.decide(memory, size, end, error_of(begin, end - begin), cut)
        size, memory = decision.next_size, decision.adaptation
        if decision.accepted:
            steps.append((begin, end - begin))
    return steps, memory, controller


@pytest.mark.parametrize("order", [2, 4, 6])
def test_steps_become_those_that_the_tolerance_allows(order):
    tolerance, tau = 1e-5, 0.7
    best = tau * tolerance ** (1.0 / order)
    steps, memory, _ = controlled(
        lambda t, h: (h / tau) ** (order + 1), order, 30.0, tolerance=tolerance, initial=best / 20, largest=10 * best
    )
    # nine tenths of what is allowed, but for what is not lengthened any more and three digits of the error
    assert all(0.9 / 1.1 * best < 1.001 * length <= 1.002 * 0.9 * best for _, length in steps[20:-1])
    assert memory.estimate == pytest.approx(sum((h / tau) ** (order + 1) for _, h in steps), rel=1e-12)
    assert memory.estimate <= 30.0 / tau * tolerance
    assert memory.time == 30.0 and memory.rejected <= 1


def test_a_sudden_difficulty_is_met_by_rejections_and_left_again():
    def error(t, h):
        return (h / (0.01 if t + h > 4.0 and t < 5.0 else 1.0)) ** 5

    steps, memory, _ = controlled(error, final=10.0, tolerance=1e-4)
    inside = [h for t, h in steps if 4.0 <= t < 5.0]
    outside = [h for t, h in steps if t < 3.0 or t > 7.0]
    assert max(inside) < 0.01 * min(outside[2:-1]) * 2.0
    assert 1 < memory.rejected < 10
    assert memory.smallest <= min(inside) and memory.largest == max(h for _, h in steps[:-1])


def test_a_step_that_is_cut_short_changes_nothing_but_the_time():
    controller = Controller(AdaptiveStep(tolerance=1e-6), 4, 10.0)
    before = Adaptation(time=1.0, previous=0.9, error=0.5, rejected=3, smallest=0.1, largest=0.2, estimate=1e-9)
    decision = controller.decide(before, 0.2, 1.01, 1e-12, cut=True)
    assert decision.accepted and decision.next_size == 0.2
    assert decision.adaptation == replace(before, time=1.01, previous=1.0, estimate=1e-9 + 1e-12)
    failed = controller.decide(before, 0.2, 1.1, 1.0, cut=True)
    assert not failed.accepted and failed.next_size < 0.1
    assert failed.adaptation == replace(before, retrying=True, rejected=4)


def test_after_a_rejection_the_step_does_not_grow_at_once():
    controller = Controller(AdaptiveStep(tolerance=1e-4), 4, 10.0)
    memory = Adaptation(error=1.0, retrying=True)
    assert controller.decide(memory, 0.1, 0.1, 1e-15, cut=False).next_size == 0.1
    assert controller.decide(replace(memory, retrying=False), 0.1, 0.1, 1e-15, cut=False).next_size > 0.3


def test_sums_that_are_rounded_in_another_order_decide_the_same():
    controller = Controller(AdaptiveStep(tolerance=1e-6), 4, 10.0)
    memory, allowed = Adaptation(error=0.3), largest_local_error(1e-6, 4)
    for quotient in (0.123, 0.77, 1e-3, 3.21, 40.0):
        decisions = [
            controller.decide(memory, 0.1, 0.1, quotient * allowed * (1.0 + k * 2e-16), cut=False) for k in range(-8, 9)
        ]
        assert len({(one.accepted, one.next_size, one.adaptation.error) for one in decisions}) == 1


def test_an_error_that_is_no_number_is_left_to_the_guard():
    controller = Controller(AdaptiveStep(tolerance=1e-6), 4, 10.0)
    decision = controller.decide(Adaptation(), 0.1, 0.1, math.nan, cut=False)
    assert decision.accepted and decision.adaptation.estimate == 0.0


def test_the_range_of_steps():
    assert Controller(AdaptiveStep(tolerance=1e-6), 4, 2.0).largest == 2.0
    limited = AdaptiveStep(tolerance=1e-6, initial=0.3, smallest=0.1, largest=0.5)
    assert limited.within(2.0) == (0.1, 0.3, 0.5)
    assert limited.within(0.2) == (0.1, 0.2, 0.2)
    steps, _, _ = controlled(lambda t, h: 0.0, tolerance=1e-6, largest=0.25)
    assert max(h for _, h in steps) == 0.25 and len(steps) < 8


def test_the_smallest_tolerance_allows_the_error_of_rounding():
    for precision, rounding in (("double", 5e-14), ("single", 1.5e-5)):
        for order in (2, 4, 6):
            least = smallest_tolerance(precision, order)
            assert largest_local_error(least, order) == pytest.approx(rounding / (2.0**order - 1.0), rel=1e-12)
