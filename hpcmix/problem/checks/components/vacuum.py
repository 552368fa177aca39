"""Checks of noise of the kind "wigner" against the rest of the file."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.sections.components.coupling import coupled_groups

_SAME_REACH = 1e-9
"""Of mass times cutoff, which decides about modes: more than what units round."""


def check_vacuum(parts: Parts) -> Iterator[Finding]:
    """Yield path and sentence for noise of a Wigner function where its half quanta would mean something else, or
    nothing."""
    grid = parts.grid
    reasons = [
        (parts.rotation is not None, "a rotating frame, whose modes are no plane waves; without [rotation]"),
        (parts.fluctuations is not None, "[fluctuations], which follow the quanta themselves; take one of the two"),
        (parts.many_body is not None, "[many_body], which has the quanta itself; take one of the two"),
        (grid is not None and grid.frame.map.expanding, 'an expanding frame; use frame = "fixed"'),
    ]
    coupled = {name for entry in parts.exchanges for name in entry.turned}
    for index, species in parts.species.items():
        if not species.has_orbitals or species.wave_functions.vacuum_noise is None:
            continue
        own = [
            (species.is_set, "a set of fermions: it is of bosons"),
            (species.kinetic != "nonrelativistic", "a semi-relativistic species: its modes are those of p^2/2m"),
            (species.vector_potential is not None, "a vector potential: its modes are plane waves"),
            (species.particles == 0.0 and species.name not in coupled, "a species without particles: give it some"),
        ]
        for concerned, what in (*reasons, *own):
            if concerned:
                yield ("species", index, "initial", "noise", "kind"), f'"wigner" does not go with {what}', None
    yield from _check_turned(parts)


def _check_turned(parts: Parts) -> Iterator[Finding]:
    """Species that turn into each other hand over their half quanta with their particles: what is taken off as so many
    modes each is right only where all of them have as many, up to the same k."""
    indices = [index for index, species in parts.species.items() if species.has_orbitals]
    names = [parts.species[index].name for index in indices]
    known = [entry for entry in parts.exchanges if set(entry.turned) <= set(names)]
    for group in coupled_groups(names, known):
        reaches = {indices[place]: _reach(parts, indices[place]) for place in group}
        first = next((index for index, reach in reaches.items() if reach > 0.0), None)
        if first is None:
            continue
        for index, reach in reaches.items():
            if math.isclose(reach, reaches[first], rel_tol=_SAME_REACH):
                continue
            what = 'noise of the kind "wigner"' if reach == 0.0 else "as many modes"
            message = (
                f'needs {what} as "{parts.species[first].name}" has: the two turn into each other, and half quanta '
                "with their particles; give both the same cutoff of the noise times mass"
            )
            yield ("species", index, "initial", *(() if reach == 0.0 else ("noise", "cutoff"))), message, None


def _reach(parts: Parts, index: int) -> float:
    """Mass times cutoff of a species' noise, hbar^2 k^2 / 2 of the last mode; zero where it has none."""
    species = parts.species[index]
    noise = species.wave_functions.vacuum_noise
    return 0.0 if noise is None else species.mass * noise.cutoff
