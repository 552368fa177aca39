"""Envelope: how strong a switched potential is at a time."""

import math

import numpy as np
import pytest

from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.problem.files.load import parse_problem


def at(envelope, *times):
    return [envelope(Instant(t, t)) for t in times]


def factor(text):
    """An expression in t, as a problem file gives it."""
    problem = parse_problem(
        '[grid]\npoints = [8]\nlengths = [1]\n[[species]]\nname = "a"\n'
        f'potential = {{ kind = "harmonic", frequency = 1, factor = "{text}" }}'
    )
    return problem.species[0].potential[0].factor


def test_always_on():
    envelope = Envelope()
    assert envelope.constant
    assert not envelope.changes_after(-1e9)
    assert at(envelope, -5.0, 0.0, 1e9) == [1.0, 1.0, 1.0]


def test_hard_switch_is_on_from_its_time_and_off_from_its_end():
    envelope = Envelope(begin=1.0, end=2.0)
    assert not envelope.constant
    assert at(envelope, 0.0, math.nextafter(1.0, 0.0), 1.0, 1.5, math.nextafter(2.0, 0.0), 2.0, 3.0) == [
        0,
        0,
        1,
        1,
        1,
        0,
        0,
    ]


def test_hard_switch_looks_at_switches_and_not_at_the_time():
    envelope = Envelope(begin=1.0)
    assert envelope(Instant(time=0.9, switches=1.1)) == 1.0
    assert envelope(Instant(time=1.1, switches=0.9)) == 0.0


def test_before_start_is_just_before_zero():
    before = Instant.before_start()
    assert before.time == 0.0
    assert before.switches < 0.0
    assert Envelope(end=0.0)(before) == 1.0
    assert Envelope(begin=0.0)(before) == 0.0
    assert Envelope(end=0.0)(Instant(0.0, 0.0)) == 0.0


def test_linear_ramps():
    envelope = Envelope(begin=1.0, end=4.0, ramp=2.0)
    values = at(envelope, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5, 5.0, 6.0, 7.0)
    np.testing.assert_allclose(values, [0, 0, 0.25, 0.5, 1, 1, 0.75, 0.5, 0, 0], atol=1e-15)
    # a ramp looks at the time
    assert envelope(Instant(time=1.5, switches=-1.0)) == 0.25


def test_smooth_ramps():
    envelope = Envelope(begin=1.0, end=4.0, ramp=2.0, smooth=True)
    times = np.array([0.5, 1.0, 1.4, 2.0, 2.6, 3.0, 4.0, 4.4, 5.0, 6.0])
    up, down = np.clip((times - 1) / 2, 0, 1), np.clip((times - 4) / 2, 0, 1)
    np.testing.assert_allclose(
        at(envelope, *times), 0.5 * (1 - np.cos(np.pi * up)) * 0.5 * (1 + np.cos(np.pi * down)), atol=1e-15
    )
    # flat where it begins and ends
    assert at(envelope, 1.0 + 1e-6)[0] < 1e-11
    assert at(envelope, 3.0 - 1e-6)[0] > 1 - 1e-11


def test_ramp_down_that_begins_before_the_ramp_up_has_ended():
    envelope = Envelope(begin=0.0, end=1.0, ramp=2.0)
    assert at(envelope, 1.5)[0] == pytest.approx(0.75 * 0.75)


def test_factor_multiplies():
    envelope = Envelope(begin=1.0, ramp=2.0, factor=factor("1 + 0.5*sin(3*t)"))
    assert not envelope.constant
    assert at(envelope, 2.0)[0] == pytest.approx(0.5 * (1 + 0.5 * math.sin(6.0)))
    assert at(envelope, 0.0) == [0.0]


@pytest.mark.parametrize(
    ("envelope", "time", "expected"),
    [
        (Envelope(begin=1.0), 0.5, True),
        (Envelope(begin=1.0), 1.0, False),
        (Envelope(begin=1.0, ramp=2.0), 2.9, True),
        (Envelope(begin=1.0, ramp=2.0), 3.0, False),
        (Envelope(end=0.0), 0.0, False),
        (Envelope(end=0.0, ramp=1.0), 0.5, True),
        (Envelope(begin=-2.0, end=5.0), 0.0, True),
        (Envelope(begin=-2.0, end=5.0), 5.0, False),
    ],
)
def test_changes_after(envelope, time, expected):
    assert envelope.changes_after(time) is expected


def test_a_factor_may_always_change():
    assert Envelope(factor=factor("cos(t)")).changes_after(1e9)
