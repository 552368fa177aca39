"""Durations on the clock on the wall: "3h50m", "30 min", "1-12:00:00", a number of seconds. They never meet code units
(CONVENTIONS.md, Units)."""

from __future__ import annotations

import math
import re
from typing import Any

from pydantic import PlainValidator

from hpcmix.problem.section import wrong
from hpcmix.problem.values import described, is_number, number_in_range

_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_WORDS = {
    "d": "d", "day": "d", "days": "d", "h": "h", "hour": "h", "hours": "h", "m": "m", "min": "m", "minute": "m",
    "minutes": "m", "s": "s", "sec": "s", "second": "s", "seconds": "s",
}  # fmt: skip
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]+)\s*")
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):(\d\d)(?::(\d\d))?")
_LONGEST = 1e10  # seconds, three centuries: beyond it something else was meant


class DurationError(ValueError):
    """A text that is no duration; the message is a sentence for the user."""


def seconds_of(text: str) -> float:
    """The seconds of a duration: units d, h, m or min, s, as in "2d", "3h50m", "90 s"; hh:mm, hh:mm:ss or d-hh:mm:ss as
    Slurm writes it; or a plain number of seconds. Raises :class:`DurationError`."""
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        if minutes > 59 or seconds > 59 or (clock[1] and hours > 23):
            raise DurationError(
                f'"{text}" is no duration: there are 60 minutes in an hour, 60 seconds in a minute'
                + (" and 24 hours in a day" if clock[1] else "")
            )
        result = 86400.0 * days + 3600.0 * hours + 60.0 * minutes + seconds
    elif re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip()):
        result = float(text)
    else:
        result, position, order = 0.0, 0, []
        while position < len(text) or not order:
            part = _PART.match(text.lower(), position)
            unit = _WORDS.get(part[2]) if part else None
            if unit is None or unit in order:
                raise DurationError(f'"{text}" is no duration; write it as "3h50m", "30 min", "90 s" or "12:00:00"')
            order.append(unit)
            result += float(part[1]) * _SECONDS[unit]
            position = part.end()
    if not result < _LONGEST:
        raise DurationError(f'"{text}" is too long a duration')
    return result


def duration(*, above: float | None = None) -> PlainValidator:
    """A duration of a problem file, in seconds."""

    def check(value: Any) -> float:
        if is_number(value):
            return number_in_range(value, above)
        if not isinstance(value, str):
            raise wrong(f'must be a duration such as "30 min", or a number of seconds, not {described(value)}')
        try:
            return number_in_range(seconds_of(value), above)
        except DurationError as error:
            raise wrong(str(error)) from None

    return PlainValidator(check)


def as_clock(seconds: float) -> str:
    """hh:mm:ss or d-hh:mm:ss, rounded up, as Slurm takes it."""
    whole = math.ceil(seconds)
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock
