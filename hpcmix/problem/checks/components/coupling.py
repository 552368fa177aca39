"""Checks of the coherent couplings against the species they couple, and of species without particles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.sections.components.coupling import (
    Exchange,
    RabiCoupling,
    asks_for_ground_state,
    coupled_groups,
    dressed_groups,
)
from hpcmix.problem.sections.species.species import Condensate, Species
from hpcmix.splittings import INTEGRATORS

NEARLY_OFF = 0.01
"""Share of its largest strength up to which a coupling is a pulse that comes later, at time 0- its tail."""


def check_couplings(parts: Parts) -> Iterator[Finding]:
    """Everything about couplings that takes more than one part to see."""
    if not parts.complete:
        return
    species = list(parts.species.values())
    names = [each.name for each in species]
    known = {index: entry for index, entry in parts.coupling.items() if all(name in names for name in entry.between)}
    for index, entry in known.items():
        for position, name in enumerate(entry.between):
            coupled = species[names.index(name)]
            if not isinstance(coupled, Condensate):
                message = f'"{name}" is of kind "{coupled.kind}"; coherent coupling is for condensates'
                yield ("coupling", index, "between", position), message, None
    spinors = [entry for entry in parts.spinor.values() if all(name in names for name in entry.species)]
    groups = coupled_groups(names, [*known.values(), *spinors])
    members = {index for group in groups for index in group}
    yield from _check_empty(parts, members)
    if not known and not spinors:
        return
    section = "[[coupling]]" if known else "[[spinor]]"
    if parts.scaling is not None:
        message = (
            f"does not go with {section}: prefactors that depend on particle numbers would change as species turn "
            "into each other; write the kernels' strengths out"
        )
        yield ("scaling",), message, None
    for group in groups:
        if all(species[index].particles == 0.0 for index in group):
            who = " and ".join(f'"{names[index]}"' for index in group)
            yield ("species", group[0], "particles"), f"one of {who} must have particles", None
    dealt = parts.parallel.orbital_groups if parts.parallel is not None and parts.fluctuations is None else 1
    if dealt not in ("auto", 1):
        message = f"must be 1 with {section}: species that turn into each other live on the same ranks"
        yield ("parallel", "orbital_groups"), message, None
    if parts.time is not None and parts.time.splitting.quadratic_kinetic_energy:
        valid = [name for name, splitting in INTEGRATORS.items() if not splitting.quadratic_kinetic_energy]
        message = (
            f'"{parts.time.integrator}" has its order only where nothing but kinetic energy stands beside the '
            f"potentials, and here is a {section} too; use one of {', '.join(valid)}"
        )
        yield ("time", "integrator"), message, None
    yield from _check_dressing(parts, species, known)
    local = any(entry.depends_on_place and entry.dresses for entry in known.values())
    if local and parts.ground_state is not None and parts.ground_state.method == "imaginary-time":
        message = (
            '"imaginary-time" is for couplings that are the same everywhere; with "profile" or "momentum" use '
            '"conjugate-gradients"'
        )
        yield ("ground_state", "method"), message, None
    yield from _check_dressed(parts, species, [*known.values(), *spinors])


def _check_dressing(parts: Parts, species: list[Species], couplings: dict[int, RabiCoupling]) -> Iterator[Finding]:
    """Whether it is clear which couplings the ground state is sought with. A trace of a coupling is enough to divide
    the particles anew, so that one which is neither wholly on nor as good as off is asked about."""
    named = {each.name: each for each in species}
    final = parts.time.final if parts.time is not None else 0.0
    for index, entry in couplings.items():
        asking = [name for name in entry.between if asks_for_ground_state(named[name])]
        first, second = entry.between
        if entry.dressed and not entry.on_before_start:
            message = (
                "asks for a ground state with this coupling, which is not on at time 0-, when that is sought: its "
                'rabi_frequency, "from", "until" and "factor" say so; let it be on then, or leave this out'
            )
            yield ("coupling", index, "dressed"), message, None
        elif entry.dressed is None and asking and entry.on_before_start and not entry.dresses:
            share = entry.share_before_start(final)
            if not share <= NEARLY_OFF:
                message = (
                    f"at time 0- this coupling has {100 * share:.3g} % of its largest strength, and it is not clear "
                    "which state is meant: dressed = true seeks the ground state with it, and divides all particles of "
                    f'"{first}" and "{second}" anew; dressed = false keeps the particles that each is given'
                )
                key = "factor" if entry.factor is not None else "ramp"
                yield ("coupling", index, key), message, None


def _check_dressed(parts: Parts, species: list[Species], exchanges: Sequence[Exchange]) -> Iterator[Finding]:
    """What a ground state of coupled species takes: all of them in it, and nothing but condensates beside it."""
    groups = dressed_groups(species, exchanges)
    places = list(parts.species)
    for group in groups:
        asking = next(species[index].name for index in group if asks_for_ground_state(species[index]))
        for index in group:
            if not species[index].initial.is_ground_state:
                why = (
                    'let the coupling begin at "from" = 0, or say dressed = false in it'
                    if parts.coupling
                    else "or give all three another state"
                )
                message = (
                    f'"{species[index].name}" is coupled to "{asking}" at time 0-, which asks for the ground state '
                    f"that they share; ask for it here too, {why}"
                )
                yield ("species", places[index], "initial"), message, None
    sets = [index for index, each in enumerate(species) if each.is_set]
    if groups and sets:
        message = (
            "several orbitals do not go with a ground state of coupled condensates in this version; "
            'let the coupling begin at "from" = 0, say dressed = false in it, or give the condensates another initial '
            "state"
        )
        yield ("species", places[sets[0]], "orbitals"), message, None


def _check_empty(parts: Parts, coupled: set[int]) -> Iterator[Finding]:
    """A species without particles gets them by a coupling; its initial state has no meaning."""
    for place, (index, entry) in enumerate(parts.species.items()):
        if entry.particles > 0.0:
            continue
        if place not in coupled:
            yield (
                ("species", index, "particles"),
                "must be positive: no [[coupling]] and no [[spinor]] turns others into these",
                None,
            )
        initial = entry.wave_functions
        if not initial.is_ground_state or initial.is_changed:
            yield ("species", index, "initial"), "has no meaning without particles; leave it out", None
