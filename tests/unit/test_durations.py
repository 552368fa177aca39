"""Durations on the clock on the wall."""

from __future__ import annotations

import pytest

from hpcmix.problem.durations import DurationError, as_clock, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3h50m", 13800), ("30 min", 1800), ("90 s", 90), ("90", 90), ("1.5 h", 5400), ("2d 3h", 183600),
        ("12:00:00", 43200), ("12:30", 45000), ("1-12:00:00", 129600),
        ("1 hour 2 minutes 3 seconds", 3723), ("0.5", 0.5),
    ],
)  # fmt: skip
def test_spellings(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "h", "3x", "5m 5m", "-3h", "1e99 s", "soon", "3h, 5m", "999999999999", "25:99:00", "1:00:60",
     "1-24:00:00"],
)  # fmt: skip
def test_what_is_none_is_said(text):
    with pytest.raises(DurationError, match="duration"):
        seconds_of(text)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "00:00:01"), (3723, "01:02:03"), (129600, "1-12:00:00")])
def test_clock(seconds, text):
    assert as_clock(seconds) == text
    assert seconds_of(text) >= seconds
