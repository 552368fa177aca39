"""What a record says of the physics, in lines for people: energy and how well it is kept, and of every species its
particles, chemical potential, widths and place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from hpcmix.problem.units.measure_words import MeasureWords, number
from hpcmix.problem.units.units import Units
from hpcmix.problem.words.times import TimeWords

ROUNDING_NOISE = 1e-6
"""A centre nearer to the origin than this part of the cloud's width is told as zero: it is rounding, or what the search
for a ground state left."""


def physics_lines(
    record: Mapping[str, Any], kept: Mapping[str, Any] | None, scales: Units, times: TimeWords, at: str = ""
) -> list[str]:
    """What stands at the end of a run; none without a record. `at`: where the record is, in words; its time unless
    given."""
    if not record:
        return []
    words = MeasureWords(scales)
    facts = [*energy_facts(record, kept, words, times), *species_facts(record, kept, words)]
    width = max((len(label) for label, _ in facts), default=0)
    at = at or f"at t = {times(record['time'])}"
    return [f"physics {at}:", *(f"  {label:<{width}}  {text}" for label, text in facts)]


def energy_facts(
    record: Mapping[str, Any], kept: Mapping[str, Any] | None, words: MeasureWords, times: TimeWords
) -> list[tuple[str, str]]:
    """The total energy with its terms, and its drift; `kept`: what
    :meth:`~hpcmix.running.stops.guard.Conservation.as_dict` says, if there is something to compare with."""
    terms = dict(record.get("energy") or {})
    total, of_mean_field = terms.pop("total", None), terms.pop("mean_field", None)
    if total is None:
        return []
    parts = ", ".join(f"{name} {words.energy(value)}" for name, value in terms.items() if value)
    facts = [("energy", words.energy(total, 12) + (f" = {parts}" if parts else ""))]
    if of_mean_field is not None:  # of N bodies, which have no terms
        facts.append(("of mean field", words.energy(of_mean_field, 12)))
    drift, since = (kept or {}).get("energy"), (kept or {}).get("energy_since")
    if drift is not None and since is not None and since != record.get("time"):
        began = "the start" if since == 0.0 else f"t = {times(since)}, when the last change from outside was over"
        facts.append(("energy drift", f"{drift:.1e} of the sum of its terms' magnitudes since {began}"))
    return facts


def species_facts(
    record: Mapping[str, Any], kept: Mapping[str, Any] | None, words: MeasureWords
) -> list[tuple[str, str]]:
    """A line for every species."""
    at_infinity = math.isinf(record.get("time") or 0.0)
    changes = (kept or {}).get("particles", {})
    facts = []
    for name, entries in (record.get("species") or {}).items():
        told = [text for key, tell in _TOLD if key in entries and (text := tell(entries[key], words))]
        widths = _widths(entries, "frame_" if at_infinity else "", words)
        if name in changes and "particles" in entries:
            told[0] += f" (change {changes[name]:.1e})"
        facts.append((name, ", ".join([*told, *widths])))
    together = {names: change for names, change in changes.items() if " + " in names}
    facts += [(names, f"particles together, change {change:.1e}") for names, change in together.items()]
    return facts


def _widths(entries: Mapping[str, Any], prefix: str, words: MeasureWords) -> list[str]:
    """Width and place of a cloud; of an infinite time those in the frame that grows with it."""
    widths, centre = entries.get(f"{prefix}rms_width"), entries.get(f"{prefix}centre")
    told = []
    if widths is not None:
        told.append(f"{'frame ' if prefix else ''}rms width ({words.lengths(widths)})")
    if centre is not None:
        near = [_rounded(x, width) for x, width in zip(centre, widths or centre, strict=True)]
        told.append(f"{'frame ' if prefix else ''}centre ({words.lengths(near)})")
    return told


def _rounded(x: float | None, width: float | None) -> float | None:
    """Zero for what is rounding beside the width."""
    if x is None or width is None:
        return x
    return 0.0 if abs(x) < ROUNDING_NOISE * abs(width) else x


def _particles(value: Any, words: MeasureWords) -> str:
    return f"{number(value)} particles"


def _markers(value: Any, words: MeasureWords) -> str:
    return f"{number(value)} markers"


def _energy_of(label: str) -> Callable[[Any, MeasureWords], str]:
    """An energy of a species, empty where it has none."""
    return lambda value, words: f"{label} {words.energy(value)}" if value is not None else f"no {label}"


_TOLD: tuple[tuple[str, Callable[[Any, MeasureWords], str]], ...] = (
    ("particles", _particles),
    ("markers", _markers),
    ("chemical_potential", _energy_of("chemical potential")),
    ("highest_level", _energy_of("highest level")),
)
"""Entries of a species in the order in which they are told."""
