"""The pages of the documentation that are made from the schema and from the language of expressions, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from hpcmix.problem.mistakes.hints.annotations import arrays_of
from hpcmix.problem.reference.docstrings import table_text
from hpcmix.problem.reference.entries import Key, is_section, keys_of, kind_of, toml, value_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.units.functions import CONSTANTS, FUNCTIONS
from hpcmix.problem.units.named import RESERVED, UNITS, VARIABLES

MADE = "<!-- Made by scripts/reference from the docstrings of the schema; changes belong there. -->\n\n"

_HEAD = "| key | takes | unit | default | what it does |\n|---|---|---|---|---|\n"

_INTRODUCTION = """# Keys of the problem file

Every section and every key, with what it takes, its units, its default, what it does, and an example. In a terminal
`hpcmix help potential.lattice` says the same of one of them, `hpcmix show FILE` prints a file with every default filled
in, and `hpcmix schema` makes an editor complete keys and mark mistakes ([how to](../how-to/editor.md)).

* A *quantity* - a length, an energy - is a number of code units; in a file with `[units]` it may be text with a unit,
  `"5 um"`. Frequencies in hertz are cycles per second: `"50 Hz"` is an angular frequency of 2 pi 50 rad/s. An energy
  may be given as a temperature or a frequency.
* Wherever a number stands, text may name parameters of the file: `"2*a"` ([expressions](expressions.md)).
* What is *required* must be given; everything else may be left out.
"""


def keys_page() -> str:
    """All keys, section after section."""
    arrays = arrays_of(Problem)
    single, sections, contents = [], [], []
    for key in keys_of(Problem):
        if not is_section(key):
            single.append(key)
            continue
        heading = f"[[{key.name}]]" if (key.name,) in arrays else f"[{key.name}]"
        use = "*required*" if key.required else ""
        contents.append(f"| [`{heading}`](#{key.name.replace('_', '-')}) | {use} | {_cell(_markdown(key.text))} |\n")
        inside = _tables(key, key.name, 3, {}) if key.models else [_entries(key)]
        sections += [f"({key.name.replace('_', '-')})=\n## {heading}", key.text, *inside]
    head = "| section | | what it says |\n|---|---|---|\n"
    return "\n\n".join([MADE + _INTRODUCTION, head + "".join(contents), _table(single), *sections]) + "\n"


def _entries(key: Key) -> str:
    """A section whose keys are the user's own."""
    entries = ", ".join(f"{name} = {toml(value)}" for name, value in value_of(key.taken.example).items())
    return f"```toml\n[{key.name}]\n" + entries.replace('", ', '"\n') + "\n```"


def _tables(key: Key, path: str, level: int, shown: dict[tuple[type[BaseModel], ...], str]) -> Iterator[str]:
    """The tables that a key can hold; what was shown on the way is referred to."""
    if key.models in shown:
        yield f"As under {shown[key.models]}."
        return
    shown[key.models] = f"`{path}`"
    kinds = [model for model in key.models if kind_of(model)]
    if len(kinds) > 1 and len(kinds) == len(key.models):
        yield from _kinds(kinds, path, level, shown)
        return
    for model in key.models:
        if key.text != table_text(model):
            yield _text(model)
        keys = keys_of(model)
        if keys:
            yield _table(keys)
        yield from _within(keys, path, level, shown)


def _kinds(
    kinds: Sequence[type[BaseModel]], path: str, level: int, shown: dict[tuple[type[BaseModel], ...], str]
) -> Iterator[str]:
    """Tables that their ``kind`` tells apart: what they have in common first."""
    of_each = {model: keys_of(model) for model in kinds}
    first = of_each[kinds[0]]
    common = [key for key in first if all(_alike(key, keys) for keys in of_each.values())]
    names = {key.name for key in common}
    words = ", ".join(f'`"{kind_of(model)}"`' for model in kinds)
    default = next((key.default for keys in of_each.values() for key in keys if key.name == "kind" and key.default), "")
    unless_given = f"; without one it is `{default}`" if default else ""
    yield f"Its `kind` is one of {words}{unless_given}." + (" Every kind has the keys" if common else "")
    if common:
        yield _table(common)
        yield from _within(common, path, level, shown)
    for model, keys in of_each.items():
        yield f'{"#" * level} {path}: kind = "{kind_of(model)}"'
        yield _text(model)
        own = [key for key in keys if key.name not in names and key.name != "kind"]
        if own:
            yield _table(own)
        yield from _within(own, path, level + 1, shown)


def _alike(key: Key, others: Sequence[Key]) -> bool:
    """Whether a table has the same key."""
    return any(
        (key.name, key.text, key.taken.words, key.default, key.required, key.models)
        == (other.name, other.text, other.taken.words, other.default, other.required, other.models)
        for other in others
    )


def _within(keys: Sequence[Key], path: str, level: int, shown: dict[tuple[type[BaseModel], ...], str]) -> Iterator[str]:
    """The tables within a table."""
    for key in keys:
        if key.models and key.models in shown:
            continue  # its row says what it does, its keys are those shown already
        if key.models:
            yield f"{'#' * min(level, 6)} {path}.{key.name}"
            yield from _tables(key, f"{path}.{key.name}", level + 1, shown)


def _table(keys: Sequence[Key], before: str = "") -> str:
    rows = "".join(map(_row, keys))
    return f"{before}\n\n{_HEAD}{rows}".strip()


def _row(key: Key) -> str:
    default = "*required*" if key.required else "" if key.default is None else f"`{key.default}`"
    text = " ".join(_markdown(key.text).split())
    example = f" <br> `{key.example}`" if key.taken.example else ""
    cells = (f"`{key.name}`", key.taken.words, key.taken.unit, default, text + example)
    return f"| {' | '.join(map(_cell, cells))} |\n"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def _markdown(text: str) -> str:
    """A text of docstrings: what stands in brackets like <species> is no tag."""
    pieces = text.replace("``", "`").split("`")
    return "`".join(piece if number % 2 else re.sub(r"<(?=\w+>)", r"\<", piece) for number, piece in enumerate(pieces))


def _text(model: type[BaseModel]) -> str:
    """What a table is; formulas that are set apart stay so."""
    parts = _markdown(table_text(model)).split("\n")
    return "\n\n".join(part for part in parts) if not any(part.startswith("    ") for part in parts) else _fenced(parts)


def _fenced(parts: Sequence[str]) -> str:
    blocks = [f"```text\n{part.strip()}\n```" if part.startswith("    ") else part for part in parts]
    return "\n\n".join(blocks)


# ---------------------------------------------------------------- expressions

_EXPRESSIONS = """# Expressions, parameters, units

Text in quotes is an *expression* where a key takes one: a potential, an amplitude, a factor that depends on time. It is
arithmetic, read by hpcmix itself and never run as a program.

```toml
potential = [
    # gravity
    { kind = "expression", value = "9.81 m/s^2 * mass * z" },
    # a magnetic gradient
    { kind = "expression", value = "0.5 mu_B * 12 G/cm * z" },
    # a trap with a dimple
    { kind = "expression", value = "0.5*mass*(50 Hz)^2*x^2 - 100 nK*exp(-x^2/(2 um)^2)" },
]
```

## What stands in it

* numbers, `+ - * /`, powers `**` or `^`, brackets;
* comparisons `< <= > >= == !=`, which count 1 where they hold and 0 elsewhere: `(0 < x)*(x < 1)`;
* the variables {variables}, where they have a meaning: positions, momenta of classical species, the time;
* `mass`, the mass of the species whose expression it is;
* the constants {constants};
* functions:

| function | value |
|---|---|
{functions}

The functional of `[[functional]] kind = "expression"` has the densities as variables, by the names of the species.

## Parameters

```toml
[parameters]
a = "95 a0"
omega = "2 pi 50 Hz"
n = 64
length = "8*width"
width = "2 um"
```

gives numbers a name, for every expression and wherever a number stands: `scattering_length = "a"`, `points = ["n", "n",
"2*n"]`, `frequency = ["omega", "omega", "1.4*omega"]`. Parameters may be made of others, in any order. `--set
parameters.a="96 a0"` changes one for a run, and `hpcmix show` prints the numbers that come out. A name has letters,
digits and `_`; these mean something already: {reserved}.

## Units

A unit stands behind its number, `9.81 m/s^2`, `0.5 hbar`; a slash belongs to it where a unit follows, and a
power behind a unit is the unit's: `2 um^4.5` is twice um^4.5, `(2 um)^4.5` the power of the whole. Factors of an
expression are joined by `*`. Common ones are {units}; any other of the
[SI or of pint](https://pint.readthedocs.io) is known, with prefixes. Units need `[units]` in the file.

* **Hertz** are cycles per second, here as everywhere: `50 Hz` is 2 pi 50 rad/s. So `cos(50 Hz*t)` swings 50 times a
  second; with one more factor 2 pi, `cos(2*pi*50 Hz*t)`, it is refused. `50 / s` is what it says.
* **Kelvin and hertz are energies** where energies are added: `100 nK + 2 kHz` is k_B T + h f.
* `G` is the gauss, 1e-4 tesla (`T`). `a0` is the Bohr radius, `mu_B` the magneton, `u` the atomic mass unit.

An expression that names a unit, or a parameter that has one, is **checked for its dimension**: a potential must be an
energy, a factor a pure number, what is added must be alike. Its plain numbers are pure numbers then. `"9.81 m/s^2 * z"`
is refused: *must be an energy ...; is the factor mass missing?* Without any unit all numbers of an expression are in
code units and nothing is checked.

Values that are no expressions - `"50 Hz"`, `"1.2e-3 nK um^3"`, `"2 pi 50 Hz"` - are a number with units: a product,
powers `^2` or `**2`, `^4.5` or `^(9/2)`, `/` before the one factor that divides.
"""


def expressions_page() -> str:
    """The language of expressions: functions, constants, parameters, units."""
    functions = "\n".join(
        f"| `{name}({function.arguments})` | {function.words} |" for name, function in FUNCTIONS.items()
    )
    text = MADE + _EXPRESSIONS
    for name, content in {
        "variables": _listed(name for name in VARIABLES if name != "mass"),
        "constants": " and ".join(f"`{name}` = {value:.6f}" for name, value in CONSTANTS.items()),
        "functions": functions,
        "reserved": _listed(sorted(RESERVED - set(FUNCTIONS), key=lambda name: (name.lower(), name)))
        + " and the functions",
        "units": _listed(UNITS),
    }.items():
        text = text.replace(f"{{{name}}}", content)
    return text


def _listed(names: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


PAGES = {"keys.md": keys_page, "expressions.md": expressions_page}
"""By their files in docs/reference."""
