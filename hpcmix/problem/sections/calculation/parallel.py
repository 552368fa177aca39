"""``[parallel]``: how ranks share the work, and the precision of the fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ValidationInfo

from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.taken import Value, listed, of_integer, or_word
from hpcmix.problem.reading.values import described, pure_number


def _groups(value: Any, info: ValidationInfo) -> str | int:
    if value == "auto":
        return "auto"
    value = pure_number(value, info)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise wrong(f'must be "auto" or a positive whole number, not {described(value)}')
    return value


def _pencil_grid(value: Any, info: ValidationInfo) -> str | tuple[int, ...]:
    if value == "auto":
        return value
    shape = f'must be "auto" or a list of positive whole numbers [P1, P2], not {described(value)}'
    if not isinstance(value, (list, tuple)):
        raise wrong(shape)
    value = [pure_number(ranks, info) for ranks in value]
    if not all(isinstance(ranks, int) and not isinstance(ranks, bool) and ranks >= 1 for ranks in value):
        raise wrong("must hold positive whole numbers, the ranks along each split axis")
    dimensions = context_of(info).dimensions
    if dimensions == 1:
        raise wrong('leaves no choice in one dimension; leave it out or write "auto"')
    if dimensions == 2 and (len(value) not in (1, 2) or tuple(value[1:]) not in ((), (1,))):
        raise wrong("must be [P1] in two dimensions: only the first axis is split")
    if dimensions in (3, None) and len(value) not in ((2,) if dimensions else (1, 2)):
        raise wrong(f"must have two entries [P1, P2], but has {len(value)}")
    return (value[0], value[1] if len(value) == 2 else 1)


class ParallelOptions(Section):
    """Ranks = orbital groups x pencil grid (CONVENTIONS.md, Ranks)."""

    orbital_groups: Annotated[Literal["auto"] | int, Value(_groups, taken=or_word(of_integer(1, "2"), "auto"))] = "auto"
    """Into how many groups the orbitals are dealt; each group of ranks shares a grid for its orbitals."""
    pencil_grid: Annotated[
        Literal["auto"] | tuple[int, int],
        Value(_pencil_grid, taken=or_word(listed(of_integer(1, "4, 2"), 1, 2), "auto")),
    ] = "auto"
    """(P1, P2), or "auto"."""
    exchange: Literal["auto", "shared-memory", "packed-messages", "sub-array-messages"] = "auto"
    """How ranks exchange blocks; "auto" tries them at the start and takes the quickest. The numbers are the same."""
    precision: Literal["double", "single"] = "double"
    """Of the fields: 16 or 8 bytes a complex number; single is for what needs no more than four digits."""
