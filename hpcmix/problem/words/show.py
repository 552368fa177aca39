"""The complete problem: every default filled in, every number in code units."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pydantic import BaseModel

from hpcmix.problem.checks.many_body.size import configurations, sizes_of, total_configurations
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.frames.expanding import FixedFrame
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.units.expressions import Expression

_FIRST = ("name", "between", "kind", "orbitals")


def resolved_dict(problem: Problem) -> dict[str, Any]:
    """The problem as nested dicts and lists of JSON's types. Entries without a value and infinite times are left
    out, but for a final time that is infinite."""
    return _plain(problem)


def _plain(value: Any) -> Any:
    if isinstance(value, FixedFrame):
        return value.kind
    if isinstance(value, TimeOptions) and math.isinf(value.final):
        return {"final": "infinity", **_entries_of(value)}
    return _entries_of(value) if isinstance(value, BaseModel) else _plain_value(value)


def _entries_of(value: BaseModel) -> dict[str, Any]:
    fields = {name: field for name, field in type(value).model_fields.items() if not field.exclude}
    entries = {field.alias or name: getattr(value, name) for name, field in fields.items()}
    ordered = sorted(entries, key=lambda key: _FIRST.index(key) if key in _FIRST else len(_FIRST))
    return {key: _plain(entries[key]) for key in ordered if not _left_out(entries[key])}


def _plain_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, Expression):
        return value.text
    return value


def _left_out(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isinf(value))


def resolved_toml(problem: Problem) -> str:
    """The problem as a file that reads back to an equal Problem, floats to the last bit."""
    tables = resolved_dict(problem)
    title = f"title = {toml_value(tables.pop('title'))}"
    heading = "# the complete problem, every default filled in and every number in code units"
    blocks = ["\n".join([heading, *_named_numbers(problem), title])]
    for key, value in tables.items():
        if isinstance(value, list):
            comments = _COMMENTS_OF_TABLES[key](problem) if key in _COMMENTS_OF_TABLES else [""] * len(value)
            blocks += [f"[[{key}]]\n{_entries(table)}{comment}" for table, comment in zip(value, comments, strict=True)]
        else:
            comment = _COMMENTS.get(key, lambda _: "")(problem)
            blocks.append(f"[{key}]\n{_entries(value)}{comment}")
    return "\n\n".join(blocks) + "\n"


def _named_numbers(problem: Problem) -> list[str]:
    """What the numbers below came from, as comments."""
    if not problem.parameters:
        return []
    lines = [f"#     {name} = {toml_value(value)}" for name, value in problem.parameters.items()]
    return ["# of these parameters:", *lines]


def toml_of(tables: dict[str, Any]) -> str:
    """Tables of JSON's types, such as those of :func:`resolved_dict` with some replaced, as a file."""
    blocks = [f"title = {toml_value(tables['title'])}"] if "title" in tables else []
    for key, value in tables.items():
        if key == "title":
            continue
        of_array = [(f"[[{key}]]", table) for table in value] if isinstance(value, list) else [(f"[{key}]", value)]
        blocks += [f"{heading}\n{_entries(table)}" for heading, table in of_array]
    return "\n\n".join(blocks) + "\n"


def _entries(table: dict[str, Any]) -> str:
    return "\n".join(f"{key} = {_long(value)}" for key, value in table.items())


def _derived_units(problem: Problem) -> str:
    scales = problem.scales
    return (
        f"\n# length unit {scales.length_si:.9g} m, mass unit {scales.mass_si:.9g} kg, third unit hbar; from these:"
        f"\n# time unit   {scales.time_si:.9g} s"
        f"\n# energy unit {scales.energy_si:.9g} J = h * {scales.energy_in_hertz:.9g} Hz"
        f" = k_B * {scales.energy_in_nanokelvin:.9g} nK"
    )


def _frozen(problem: Problem) -> str:
    """Of a tight trap across the grid: the lengths of the ground states, and the couplings of scattering lengths."""
    trap = problem.grid.transverse
    if trap is None:
        return ""
    lengths = {species.name: trap.length(species.mass, problem.hbar) for species in problem.species}
    lines = [f"across the grid {name} has l = sqrt(hbar/(m omega)) = {length!r}" for name, length in lengths.items()]
    for entry in problem.interaction:
        pair = problem.transverse(entry.between)
        if pair is not None and entry.averaged_across:
            first, second = entry.between
            coupling = entry.strength_at_a_point(problem, problem.grid)[1] * math.prod(problem.grid.spacings)
            lines.append(f"the {entry.kind} interaction of {first} and {second} has the strength {coupling!r}")
    return "".join(f"\n# {line}" for line in lines)


def _filled_in(problem: Problem) -> str:
    """What the scaling comes to, as comments: masses and particle numbers stand with their species."""
    factors = problem.prefactors
    lines = [f"hbar = {factors.hbar!r}"]
    if problem.scaling is not None and problem.scaling.sets_bose_fermi:
        lines.append(f"lambda = 1/N = {factors.coupling!r}")
        if problem.classical and len(problem.classical) < len(problem.species):
            lines += problem.scaling.rule.limit_in_words
    lines += [
        f"density of {species.name} integrates to {integral!r}"
        for species, integral in zip(problem.species, problem.integrals, strict=True)
    ]
    names = [species.name for species in problem.species]
    for first, second in dict.fromkeys(problem.pair(entry.between) for entry in problem.interaction):
        factor = factors.kernel_factor(first, second)
        lines.append(f"kernels between {names[first]} and {names[second]} are multiplied by {factor!r}")
    return "".join(f"\n# {line}" for line in lines)


def _clock(problem: Problem) -> str:
    """What the steps are, where they are not all as long as the file says, or not steps of the laboratory's time."""
    time = problem.timing
    fixed = None if time.adaptive is not None else time.fixed_steps
    uneven = fixed if fixed is not None and fixed.largest > fixed.smallest * (1.0 + 1e-12) else None
    if not time.frame.expanding:
        if uneven is None:
            return ""
        lines = [
            f"{stretch.count} steps of {stretch.size!r} from t = {stretch.mark.time!r} on"
            for stretch in uneven.stretches
        ]
        return "\n# ".join(["", "steps end where something is switched, or a ramp begins or ends:", *lines])
    steps = "steps are adaptive" if fixed is None else f"{fixed.steps} steps of {fixed.largest!r}"
    if uneven is not None:
        steps = f"{uneven.steps} steps of {uneven.smallest!r} to {uneven.largest!r}, which end at switching times"
    return (
        f"\n# steps are taken on the frame's clock s = arctan(rate t)/rate, which stands at {time.end!r} at the end:"
        f"\n# {steps}; the frame has grown by "
        f"{time.frame.scale(time.end):.6g} then;\n# final, intervals, from and until are the laboratory's times"
    )


def _search(problem: Problem) -> str:
    """What the entries of the search mean, and the noise where it is not given."""
    lines = [
        "residual to reach; iterations of one job and one start, after which the state is kept;",
        "saddles: follow (downhill), report or ignore; starts: searches of which the lowest state is kept",
    ]
    if problem.ground_state.noise is None:
        lines.append("noise on the first guess: 0.05 for sets of orbitals, vector potentials, rotation, else none")
    return "".join(f"\n# {line}" for line in lines)


def _bodies(problem: Problem) -> str:
    """How large both sides are."""
    coherent = problem.bodies.state == "coherent"
    lines = []
    for species, size in zip(problem.species, sizes_of(problem), strict=True):
        _, number, modes, _ = size
        count = configurations(*size, coherent=coherent)
        lines.append(f"{species.name}: {number} {species.statistics} in {modes} modes, {count}")
    total = total_configurations(problem)
    return "".join(f"\n# {line} configurations" for line in lines) + f"\n# together {total} configurations"


def _pairs(problem: Problem) -> str:
    """What is followed exactly, what is sampled, and what the start is."""
    section, points = problem.fluctuations, problem.grid.points
    if section is None:
        return ""
    species, modes = len(problem.species), section.modes_on(points)
    of_each = "of each species" if species > 1 else "of the species"
    if section.whole:
        what = f"every mode {of_each} is followed, {modes}: nothing is sampled, numbers have no error bars"
    else:
        what = (
            f"psi exp(ikx) of the {modes} smallest |k| {of_each} followed exactly, the rest sampled by "
            f"{section.sampled} random functions"
        )
    start = {
        "vacuum": "at the start nothing is outside the condensates: product or coherent states",
        "correlated": "at the start pairs are correlated as they scatter: T_0 of the pair kernel",
    }[section.initial]
    count = counted(section.pairs(species, points), "pair")
    return f"\n# {what};\n# {count} of fields u and w per species; {start}"


def _of_species(problem: Problem) -> list[str]:
    """What every species says of itself."""
    grid, hbar = problem.grid, problem.hbar
    return ["".join(f"\n# {line}" for line in species.comments(hbar, grid)) for species in problem.species]


def _of_losses(problem: Problem) -> list[str]:
    """What every loss does to the densities."""
    names = [species.name for species in problem.species]
    return ["".join(f"\n# {each.in_words}" for each in loss.reactions(names)) for loss in problem.loss]


_COMMENTS_OF_TABLES = {"species": _of_species, "loss": _of_losses}
"""Comments below the entries of every table of an array."""

_COMMENTS = {
    "fluctuations": _pairs,
    "grid": _frozen,
    "many_body": _bodies,
    "units": _derived_units,
    "scaling": _filled_in,
    "time": _clock,
    "ground_state": _search,
}
"""Comments below the entries of a section."""


def _long(value: Any) -> str:
    """A value; a list of tables takes a line for each."""
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return "[\n" + "".join(f"    {toml_value(entry)},\n" for entry in value) + "]"
    return toml_value(value)


def _key(key: str) -> str:
    """A key, in quotes where it has other characters than bare keys can have."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def toml_value(value: Any) -> str:
    """A value of JSON's types on one line of TOML."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{_key(key)} = {toml_value(entry)}" for key, entry in value.items())
        return f"{{ {pairs} }}" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, which in addition wants the delete character escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
