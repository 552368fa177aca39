"""Checks of ``[[loss]]`` against the rest of the file: what has no meaning for the species, or for the flow."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.parts import Parts, entries
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding, findings
from hpcmix.problem.sections.components.losses import LossSection

MOST_IN_A_STEP = 50.0
"""Largest rate times the step, of a loss of single particles: e^-50 is below the rounding of what was there."""


def check_losses(parts: Parts) -> Iterator[Finding]:
    """Everything about losses that takes more than their own section to see."""
    yield from _check_species(parts)
    if parts.loss and parts.excitations is not None and parts.excitations.method == "tangent-map":
        message = (
            '"tangent-map" follows a flow that keeps its particles; leave [[loss]] out, or use "minimum" or "dense", '
            "whose modes are those without losses"
        )
        yield ("excitations", "method"), message, None
    for index, loss in parts.loss.items():
        for message in _contradictions(parts):
            yield ("loss", index), message, None
        yield from _check_frame(parts, index, loss)
        step = 0.0 if parts.time is None or parts.time.adaptive is not None else parts.time.step_size
        rate = loss.known_rate
        largest = loss.largest_until(parts.time.final) if parts.time is not None else 1.0
        if rate is not None and rate[1] * largest * step > MOST_IN_A_STEP:
            times = "" if largest == 1.0 else f" times its factor, {largest:.6g} at most,"
            message = (
                f"{rate[1]:.6g}{times} takes all but e^-{rate[1] * largest * step:.3g} in one step of "
                f"{step:.6g}, a wall from which waves turn back; use at most {MOST_IN_A_STEP:g} over the step, or a "
                "smaller time.step"
            )
            yield ("loss", index, rate[0]), message, None
        if parts.grid is not None:
            yield from findings(loss.misfits(parts.grid), "loss", index)


def _check_species(parts: Parts) -> Iterator[Finding]:
    """Losses act on one wave function at a time: each keeps its shape where the rate is the same everywhere."""
    given = {species.name: species for species in parts.species.values()}
    names = [entry.get("name") for entry in entries(parts.tables, "species")]
    known = [name for name in names if isinstance(name, str)]
    for index, loss in parts.loss.items():
        for path, name in loss.named.items():
            if name not in known:
                suggestion = closest(name, known)
                listing = "" if suggestion else f" (species: {', '.join(known)})"
                yield ("loss", index, *path), f'there is no species "{name}"{listing}', suggestion
        explicit = {name: path for path, name in loss.named.items()}
        touched = dict.fromkeys(name for reaction in loss.reactions(list(given)) for name in reaction.channel)
        for name in touched:
            why = _refused(given[name].statistics) if name in given else ""
            if why:
                yield ("loss", index, *explicit.get(name, ())), f'"{name}" {why}', None


def _refused(statistics: str) -> str:
    """Why a species of these statistics has no losses; empty for condensates."""
    return {
        "fermions": (
            "are fermions: orbitals that lose particles in places do not stay orthonormal, and the state no "
            "determinant; losses are those of condensates: leave it out"
        ),
        "classical": (
            "is classical: the weights of its markers never change; losses are those of condensates: leave it out"
        ),
    }.get(statistics, "")


def _check_frame(parts: Parts, index: int, loss: LossSection) -> Iterator[Finding]:
    """What is tied to places that move away, or has no limit where the frame has expanded to infinity."""
    if parts.grid is None or not parts.grid.frame.map.expanding:
        return
    if loss.in_places:
        message = (
            "stands still while the points of the grid move with the expanding frame; leave it out, or use "
            'grid.frame = "fixed"'
        )
        yield ("loss", index, "kind"), message, None
    if parts.time is None or not math.isinf(parts.time.final):
        return
    names = [species.name for species in parts.species.values()]
    fewest = min((len(reaction.channel) for reaction in loss.reactions(names)), default=3)
    power = 2 - parts.grid.dimensions * (fewest - 1)
    if power > 0:
        message = (
            f"takes ever more in the expanding frame, where its rate grows like b^{power}, b the scale, and "
            'time.final = "infinity" is not reached; give a finite time'
        )
        yield ("loss", index, "kind"), message, None


def _contradictions(parts: Parts) -> Iterator[str]:
    """What no loss goes with."""
    if "fluctuations" in parts.tables:
        yield (
            "does not go with [fluctuations], which are followed around a flow that keeps its particles; leave one of "
            "the two out"
        )
    if "many_body" in parts.tables:
        yield "does not go with [many_body], whose N bodies stay N; leave one of the two out"
    if "scaling" in parts.tables:
        yield (
            "does not go with [scaling], whose densities are not those of the particles that meet; leave one of the "
            "two out"
        )
