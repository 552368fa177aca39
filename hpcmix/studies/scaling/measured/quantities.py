"""Latencies and bandwidths, and the lists of configurations, as the command line writes them."""

from __future__ import annotations

import re

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_BYTES = {"B/s": 1.0, "kB/s": 1e3, "MB/s": 1e6, "GB/s": 1e9, "TB/s": 1e12, "Mbit/s": 1.25e5, "Gbit/s": 1.25e8}


def latency_of(text: str) -> float:
    """Seconds of "2us", "1.5 ms". Raises ValueError with a sentence."""
    return _quantity(text, _SECONDS, 'no latency such as "2us"')


def bandwidth_of(text: str) -> float:
    """Bytes per second of "10GB/s", "100 Gbit/s". Raises ValueError with a sentence."""
    return _quantity(text, _BYTES, 'no bandwidth such as "10GB/s" or "100Gbit/s"')


def _quantity(text: str, units: dict[str, float], what: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*(\S+)\s*", text)
    if not match or match[2] not in units or float(match[1]) <= 0.0:
        raise ValueError(f'"{text}" is {what}; units are {", ".join(units)}')
    return float(match[1]) * units[match[2]]


def counts_of(text: str) -> tuple[int, ...]:
    """Positive whole numbers of "1,2,4". Raises ValueError with a sentence."""
    numbers = tuple(int(part) if part.strip().isdigit() else 0 for part in text.split(","))
    if min(numbers) < 1:
        raise ValueError(f'"{text}" is no list of positive whole numbers such as 1,2,4')
    return numbers


def groups_of(text: str) -> tuple[int | None, ...]:
    """Numbers of orbital groups of "1,2,auto"; None for auto. Raises ValueError with a sentence."""
    return tuple(None if part.strip() == "auto" else counts_of(part)[0] for part in text.split(","))


def pencil_grids_of(text: str) -> tuple[tuple[int, int] | None, ...]:
    """Pencil grids of "4x1,2x2,auto"; None for auto. Raises ValueError with a sentence."""
    shapes: list[tuple[int, int] | None] = []
    for part in text.split(","):
        numbers = re.fullmatch(r"\s*([1-9]\d*)x([1-9]\d*)\s*", part)
        if numbers is None and part.strip() != "auto":
            raise ValueError(f'"{text}" is no list of pencil grids such as 4x1,2x2,auto')
        shapes.append((int(numbers[1]), int(numbers[2])) if numbers else None)
    return tuple(shapes)
