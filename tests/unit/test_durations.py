"""Durations on the clock on the wall."""

from __future__ import annotations

import pytest

from hpcmix.problem.times.durations import DurationError, as_clock, seconds_of, slurm_seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3h50m", 13800), ("30 min", 1800), ("90 s", 90), ("90", 90), ("1.5 h", 5400), ("2d 3h", 183600),
        ("12:00:00", 43200), ("1-12:00:00", 129600), ("1-0", 86400), ("1-12:30", 131400),
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


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        # the six forms of sbatch(1)
        ("600", 36000), ("30:00", 1800), ("90:30", 5430), ("12:00:00", 43200), ("1-0", 86400), ("1-12:30", 131400),
        ("2-01:02:03", 176523),
        # as sbatch, which multiplies and adds
        ("0:90:00", 5400), ("0-36", 129600), ("00:30", 30),
        # and what cannot be misread
        ("30min", 1800), ("3h50m", 13800), ("12h", 43200),
    ],
)  # fmt: skip
def test_time_limits_are_read_as_sbatch_reads_them(text, seconds):
    assert slurm_seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("UNLIMITED", "is no limit"), ("-1", "is no limit"), ("0", "no time at all"), ("0:00", "no time at all"),
        ("1.5", "is no duration"), ("1-", "is no duration"), ("1:2:3:4", "is no duration"), ("", "is no duration"),
        ("99999999999", "too long"), ("noon", 'write it as "12:00:00"'),
    ],
)  # fmt: skip
def test_what_is_no_time_limit_is_said(text, sentence):
    with pytest.raises(DurationError, match=sentence):
        slurm_seconds_of(text)


@pytest.mark.parametrize("text", ["30:00", " 3:50 ", "00:30"])
def test_two_numbers_with_a_colon_are_no_wall_duration(text):
    """To sbatch they are minutes and seconds, to a clock hours and minutes."""
    with pytest.raises(DurationError, match=r'ambiguous, .*write "[0-9]+h[0-9]+m" or "[0-9]+m[0-9]+s"'):
        seconds_of(text)


@pytest.mark.parametrize("text", ["3h50m", "30 min", "12:00:00", "1-12:00:00", "1-0", "1-12:30", "2d 3h"])
def test_what_both_accept_they_read_alike_but_for_plain_numbers(text):
    assert seconds_of(text) == slurm_seconds_of(text)


@pytest.mark.parametrize("seconds", [59, 60, 3599, 3600, 86399, 86400, 100000])
def test_what_is_written_into_a_script_is_read_by_sbatch_as_it_was_meant(seconds):
    assert slurm_seconds_of(as_clock(seconds)) == seconds
