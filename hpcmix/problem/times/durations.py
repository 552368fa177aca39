"""Durations on the clock on the wall: "3h50m", "30 min", "1-12:00:00", a number of seconds. They never meet code units
(CONVENTIONS.md, Units).

Time limits of Slurm are another thing, and are read as sbatch reads them: a number alone is minutes there, and "30:00"
is half an hour. Who writes units, or all of hh:mm:ss, means the same in both.
"""

from __future__ import annotations

import math
import re
from typing import Any

from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.taken import Taken, Value
from hpcmix.problem.reading.values import described, is_number, number_in_range

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_WORDS = {
    "d": "d", "day": "d", "days": "d", "h": "h", "hour": "h", "hours": "h", "m": "m", "min": "m", "minute": "m",
    "minutes": "m", "s": "s", "sec": "s", "second": "s", "seconds": "s",
}  # fmt: skip
_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")
_TWO_PARTS = re.compile(r"(\d+):(\d+)")
_CLOCK = re.compile(r"(\d+):(\d+):(\d+)")
_DAYS = re.compile(r"(\d+)-(\d+)(?::(\d+))?(?::(\d+))?")
_MINUTES = re.compile(r"(\d+)(?::(\d+))?")
_LONGEST = 1e10  # seconds, three centuries: beyond it something else was meant


class DurationError(ValueError):
    """A text that is no duration; the message is a sentence for the user."""


def seconds_of(text: str) -> float:
    """The seconds of a duration: units d, h, m or min, s, as in "2d", "3h50m", "90 s"; hh:mm:ss, d-hh, d-hh:mm or
    d-hh:mm:ss as Slurm writes it; or a plain number of seconds. Two numbers with a colon are refused: they are hours
    and minutes to some, minutes and seconds to Slurm. Raises :class:`DurationError`."""
    words = text.strip()
    if two := _TWO_PARTS.fullmatch(words):
        first, second = two.groups()
        raise DurationError(
            f'"{text}" is ambiguous, hours and minutes or minutes and seconds; '
            f'write "{first}h{second}m" or "{first}m{second}s"'
        )
    if clock := _CLOCK.fullmatch(words):
        _refuse_overflow(text, clock.groups(), with_days=False)
        return _bounded(text, _total(0, *clock.groups()))
    if days := _DAYS.fullmatch(words):
        _refuse_overflow(text, days.groups()[1:], with_days=True)
        return _bounded(text, _total(*days.groups()))
    if _NUMBER.fullmatch(words):
        return _bounded(text, float(words))
    return _bounded(text, _with_units(text, '"3h50m", "30 min", "90 s" or "12:00:00"'))


def slurm_seconds_of(text: str) -> float:
    """The seconds of a time limit as sbatch reads it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
    days-hours:minutes or days-hours:minutes:seconds; or with units, "30min", "3h50m", which sbatch does not know. As
    for sbatch, 90 minutes are as good as an hour and a half. Raises :class:`DurationError`."""
    words = text.strip()
    if words.lower() in ("unlimited", "infinite", "-1"):
        raise DurationError(f'"{text}" is no limit; a job that starts again needs one, such as "12:00:00"')
    if minutes := _MINUTES.fullmatch(words):
        seconds = _total(0, 0, *minutes.groups())
    elif clock := _CLOCK.fullmatch(words):
        seconds = _total(0, *clock.groups())
    elif days := _DAYS.fullmatch(words):
        seconds = _total(*days.groups())
    else:
        seconds = _with_units(text, '"12:00:00" (hh:mm:ss), "90" (minutes), "1-0" (days-hours) or "30min"')
    if seconds == 0.0:
        raise DurationError(f'"{text}" is no time at all, which Slurm takes for no limit; write one such as "12:00:00"')
    return _bounded(text, seconds)


def _total(days: str | int, hours: str | int | None, minutes: str | int | None, seconds: str | int | None) -> float:
    return 86400.0 * int(days) + 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(int(seconds or 0))


def _refuse_overflow(text: str, parts: tuple[str | None, ...], with_days: bool) -> None:
    hours, minutes, seconds = (int(part or 0) for part in parts)
    if minutes > 59 or seconds > 59 or (with_days and hours > 23):
        raise DurationError(
            f'"{text}" is no duration: there are 60 minutes in an hour, 60 seconds in a minute'
            + (" and 24 hours in a day" if with_days else "")
        )


def _with_units(text: str, examples: str) -> float:
    """The seconds of "3h50m" and its like."""
    result, position = 0.0, 0
    order: list[str] = []
    while position < len(text) or not order:
        part = _PART.match(text.lower(), position)
        unit = _WORDS.get(part[2]) if part else None
        if part is None or unit is None or unit in order:
            raise DurationError(f'"{text}" is no duration; write it as {examples}')
        order.append(unit)
        result += float(part[1]) * _SECONDS[unit]
        position = part.end()
    return result


def _bounded(text: str, seconds: float) -> float:
    if not seconds < _LONGEST:
        raise DurationError(f'"{text}" is too long a duration')
    return seconds


def duration(*, above: float | None = None) -> Value:
    """A duration of a problem file, in seconds."""

    def check(value: Any) -> float:
        if is_number(value):
            return number_in_range(value, above)
        if not isinstance(value, str):
            raise wrong(f'must be a duration such as "30 min", or a number of seconds, not {described(value)}')
        try:
            return number_in_range(seconds_of(value), above, written=value)
        except DurationError as error:
            raise wrong(str(error)) from None

    return Value(
        check, taken=Taken("time on the clock", {"type": ["string", "number"]}, "s, min, h, d", '"30 min"', "seconds")
    )


def as_clock(seconds: float) -> str:
    """hh:mm:ss or d-hh:mm:ss, rounded up, as Slurm takes it."""
    whole = math.ceil(seconds)
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock
