"""Cards with mistakes in them, and what becomes of each: the program that the tests of mutations run, and by hand

    python -m tests.system.mutations --seed 7 --count 2000 [--first 130] [--keep DIR]

Every case is made from the seed and its number alone. A case is a process of its own, forked from one that has imported
everything: MPI is started in it, its memory and its processor time are limited, and it plans and then runs the file for
two steps.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

from hpcmix.problem.files.load import load_problem
from hpcmix.problem.files.overrides import apply_overrides
from hpcmix.problem.mistakes.errors import ProblemError
from tests.system.commands import clean_environment

JOBS = Path(__file__).resolve().parents[2] / "jobs"
SECONDS_BEFORE_FIRST_STEP = 20
"""Of processor time, which a busy machine does not stretch."""
SECONDS_IDLE = 120
"""On the clock: a case that neither computes nor ends hangs."""
LARGE = 2**21
"""Values of the fields from which a run may take longer before its first step: it has much to do."""
MEMORY = 6 << 30
"""Address space of a case, of which the libraries take one or two gigabytes."""
STEPS = 2

# small, and in a few lines each: every section and kind that the cards leave out
MORE = {
    "spinor": """
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "plus"
particles = 1.0
[[species]]
name = "zero"
particles = 2.0
[[species]]
name = "minus"
particles = 0.5
[[spinor]]
species = ["plus", "zero", "minus"]
spin_interaction = -0.5
density_interaction = 2.0
linear_zeeman = [{ energy = 0.3 }]
quadratic_zeeman = [{ energy = 0.4, until = 0.0 }, { energy = 0.2, from = 0.0, ramp = 0.01, factor = "cos(t)" }]
magnetisation = 0.2
[time]
step = 0.01
final = 0.02
""",
    "spinor-in-space": """
[grid]
points = [6, 5, 4]
lengths = [4.0, 4.0, 4.0]
[[species]]
name = "plus"
[[species]]
name = "zero"
[[species]]
name = "minus"
[[spinor]]
species = ["plus", "zero", "minus"]
scattering_lengths = { a0 = 0.02, a2 = 0.01 }
""",
    "imprinted-and-lost": """
[grid]
points = [10, 10, 10]
lengths = [12.0, 12.0, 12.0]
[[species]]
name = "a"
particles = 5.0
[species.initial]
kind = "gaussian"
width = 0.9
rings = [{ centre = [0.1, 0.0, 0.0], radius = 1.5, charge = 1, core = 0.5 }]
phase_steps = [{ axis = "x", position = 0.5, jump = 1.0, width = 0.4 }]
[[species]]
name = "b"
particles = 3.0
potential = [{ kind = "harmonic", frequency = 1.0, factor = { times = [0.0, 0.01, 0.02], values = [1.0, 1.5, 2.0] } }]
[species.initial]
kind = "gaussian"
width = 1.1
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.1
[[loss]]
kind = "one-body"
rate = 0.1
profile = "1 + x**2"
[[loss]]
kind = "two-body"
channel = ["a", "b"]
rate = 0.2
[[loss]]
kind = "absorber"
strength = 3.0
width = 5.0
axes = ["x"]
[time]
step = 0.01
final = 0.02
[output.images]
axes = "z"
time_of_flight = 0.5
expansion = "frame"
rate = 1.0
resolution = 0.3
field_of_view = 10.0
pixel = 0.5
cross_section = 0.1
shot_noise = { photons = 100.0, seed = 1 }
stern_gerlach = [{ species = "a", shift = [0.5, 0.0, 0.0] }]
""",
    "sampled": """
[grid]
points = [24]
lengths = [12.0]
[[species]]
name = "a"
particles = 20.0
[species.initial]
kind = "gaussian"
width = 1.0
noise = { kind = "wigner", cutoff = 5.0, temperature = 0.2, seed = 3 }
[time]
step = 0.01
final = 0.02
""",
    "widened": """
[grid]
points = [32]
lengths = [16.0]
transverse = { frequency = 10.0, axes = 2 }
[[species]]
name = "a"
particles = 5.0
initial = { kind = "gaussian", width = 1.0 }
[[functional]]
kind = "non-polynomial"
species = "a"
scattering_length = 0.01
[time]
step = 0.001
final = 0.002
""",
    "lattice-and-box": """
[grid]
points = [16, 12]
lengths = [8.0, 6.0]
[[species]]
name = "a"
particles = 3.0
potential = [{ kind = "lattice", depth = [1.0, 2.0], period = 2.0, phase = 0.1, factor = "1 + 0.1*sin(t)" },
             { kind = "box", height = 30.0, lengths = 5.0, edge = 0.3 },
             { kind = "gaussian", height = 1.0, width = 0.7, centre = [0.5, -0.5], from = 0.01, ramp = 0.02 },
             { kind = "expression", value = "0.1*x*y*cos(t)" }]
initial = { kind = "expression", amplitude = "exp(-x**2 - y**2)", phase = "0.3*x", noise = { amplitude = 0.01 } }
[[species]]
name = "b"
initial = { kind = "oscillator", frequency = [1.0, 1.5], numbers = [1, 0], momentum = 0.1 }
[[interaction]]
between = ["a", "b"]
kind = "table"
radii = [0.0, 0.5, 1.0, 1.5, 2.0]
values = [1.0, 0.8, 0.3, 0.1, 0.0]
boundary = "free"
[[functional]]
species = ["a", "b"]
kind = "power"
exponent = 2.5
strength = 0.3
[[interaction]]
between = ["a", "a"]
kind = "gaussian"
strength = 0.5
width = 2.0
boundary = "free"
[[interaction]]
between = ["b", "b"]
kind = "coulomb"
strength = 0.5
[[interaction]]
between = ["a", "b"]
kind = "soft-core"
strength = 0.2
radius = 1.5
[time]
final = 0.1
step = { tolerance = 1e-6, initial = 0.01, smallest = 1e-7, largest = 0.05 }
[output]
observables = { interval = 0.05 }
snapshots = { interval = 0.1, fields = ["density", "phase", "wave_function"] }
checkpoints = { wall = "30 min", keep = 2, mean_time_between_failures = "30 d" }
""",
    "many-bodies": """
[grid]
points = [24]
lengths = [10.0]
[[species]]
name = "a"
particles = 6
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "b"
particles = 3
initial = { kind = "plane-waves", numbers = [0] }
[[species]]
name = "c"
particles = 2
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0 }
[[interaction]]
between = ["a", "b"]
kind = "contact"
strength = 0.5
[scaling]
kind = "fractions"
[time]
final = 0.1
step = 0.01
[many_body]
picture = "excitations"
excitations = 4
tolerance = 1e-11
lost = 1e-3
[many_body.measure]
orders = [[1, 0, 0], [2, 1, 0]]
sobolev = [0.5, 1.0]
[[many_body.modes]]
species = ["a"]
kind = "eigenstates"
count = 6
[[many_body.modes]]
species = ["b"]
kind = "plane-waves"
largest = 2
[[many_body.modes]]
species = ["c"]
kind = "oscillator"
count = 5
""",
    "fermions-in-a-field": """
[grid]
points = [12, 12, 12]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = 4
potential = [{ kind = "harmonic", frequency = 1.0, centre = 0.1 }]
vector_potential = { kind = "uniform", field = [0.0, 0.0, 0.5], gauge = "symmetric" }
initial = { kind = "oscillator", frequency = 1.0 }
[[species]]
name = "p"
kind = "fermions"
orbitals = 3
initial = { kind = "plane-waves", noise = { amplitude = 1e-3, seed = 4 } }
vector_potential = { kind = "random", amplitude = 0.1, correlation_length = 2.0, seed = 1 }
[[species]]
name = "c"
initial = { kind = "ground-state", start = "gaussian", seed = 1 }
vector_potential = { kind = "solenoid", flux = 1.0, radius = 1.0, centre = [0.3, 0.0] }
potential = { kind = "harmonic", frequency = [1.0, 1.1, 1.2], until = 0.02, ramp = 0.01, ramp_shape = "smooth" }
[[interaction]]
between = ["f", "c"]
kind = "yukawa"
strength = 0.2
screening = 0.5
boundary = "free"
[[interaction]]
between = ["c", "c"]
kind = "contact"
scattering_length = 0.01
[[functional]]
species = ["c"]
kind = "power"
exponent = 3.0
strength = 0.001
[ground_state]
method = "imaginary-time"
step = 0.05
tolerance = 1e-3
kernel_factors = [{ between = ["c", "c"], factor = 0.5 }]
[time]
final = 0.04
step = 0.02
integrator = "strang"
[output]
observables = { every = 1, also = ["determinant-overlap", "momentum-distribution"] }
[parallel]
orbital_groups = 1
precision = "single"
exchange = "auto"
""",
    "scattering": """
[grid]
points = [10, 10, 10]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "b"
initial = { kind = "plane-waves", numbers = [1, 0, 0] }
[[interaction]]
between = ["a", "b"]
kind = "scattering"
potential = { kind = "gaussian-bump", height = 1.0, width = 0.5, radius = 2.0 }
particles = 4.0
neumann_radius = 1.5
[[interaction]]
between = ["a", "a"]
kind = "scattering"
potential = { kind = "table", radii = [0.0, 0.3, 0.6, 1.0], values = [1.0, 0.9, 0.4, 0.0] }
particles = 4.0
neumann_radius = 1.5
[[interaction]]
between = ["b", "b"]
kind = "scattering"
potential = { kind = "soft-sphere", height = 1.0, radius = 1.0 }
limit = true
[time]
final = 0.04
step = 0.02
""",
    "rotating": """
[grid]
points = [20, 20]
lengths = [12.0, 12.0]
[[species]]
name = "v"
particles = 1.0
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "ground-state", seed = 3 }
[[interaction]]
between = ["v", "v"]
kind = "contact"
strength = 20.0
[rotation]
rate = 0.4
[time]
final = 0.1
step = 0.01
[output]
checkpoints = { interval = 0.05 }
""",
    "coupled": """
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [16, 16]
lengths = ["10 um", "10 um"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 100.0
potential = [{ kind = "harmonic", frequency = "100 Hz" }]
initial = { kind = "gaussian", width = "1 um" }
[[species]]
name = "down"
mass = "86.909 u"
particles = 0.0
potential = [{ kind = "harmonic", frequency = "100 Hz" }]
[[coupling]]
between = ["up", "down"]
rabi_frequency = "50 Hz"
detuning = "5 Hz"
phase = "30 deg"
until = "0.5 ms"
factor = "1 + 0.1*t"
[time]
final = "0.2 ms"
step = "10 us"
""",
    "slow-waves": """
[grid]
points = [16, 16]
lengths = [16.0, 16.0]
frame = { kind = "expanding", rate = 1.0 }
[[species]]
name = "s"
particles = 2.0
initial = { kind = "thomas-fermi" }
potential = [{ kind = "harmonic", frequency = 1.0, until = 0.0 }]
[[interaction]]
between = ["s", "s"]
kind = "contact"
strength = 3.0
[time]
final = "infinity"
step = 0.02
check_step = false
""",
    "vlasov": """
[grid]
points = [24, 20]
lengths = [12.0, 10.0]
[[species]]
name = "a"
kind = "classical"
particles = 3.0
markers = { number = 64, seed = 1, tolerance = 1e-4 }
potential = { kind = "harmonic", frequency = 1.0 }
initial = { kind = "oscillator", frequency = 1.0, centre = [0.1, 0.2], momentum = 0.1 }
[[species]]
name = "b"
kind = "classical"
particles = 2.0
markers = 32
initial = { kind = "gaussian", width = 1.0, centre = 0.1, momentum_width = 0.7, momentum = 0.1 }
[[species]]
name = "c"
kind = "classical"
particles = 2.0
markers = 32
initial = { kind = "gaussian", width = 1.0, temperature = 0.7 }
[[species]]
name = "d"
kind = "classical"
particles = 2.0
markers = 32
initial = { kind = "plane-waves", momentum = 0.1 }
[[interaction]]
between = ["a", "b"]
kind = "gaussian"
strength = 1.0
width = 1.5
[time]
step = 0.01
final = 0.1
[output]
markers = { every = 2, every_nth = 4 }
phase_space = [{ species = "a", axes = ["x", "px"], bins = [20, 10] }]
""",
    "vlasov-in-a-trap": """
[grid]
points = [64]
lengths = [16.0]
[[species]]
name = "a"
kind = "classical"
particles = 3.0
markers = 64
potential = { kind = "harmonic", frequency = 1.0 }
initial = { kind = "ground-state", momentum = 0.1 }
[[species]]
name = "b"
kind = "classical"
particles = 2.0
markers = 32
potential = { kind = "harmonic", frequency = 1.0 }
initial = { kind = "thermal", temperature = 0.7, statistics = "fermi-dirac", momentum = 0.1 }
[[interaction]]
between = ["a", "b"]
kind = "gaussian"
strength = 1.0
width = 1.0
[time]
step = 0.01
final = 0.1
[output]
markers = { interval = 0.05 }
""",
    "vlasov-of-an-expression": """
[grid]
points = [32]
lengths = [12.0]
[[species]]
name = "e"
kind = "classical"
particles = 2.0
markers = 32
initial = { kind = "expression", value = "exp(-x**2 - px**2)", momentum_extent = 5.0, momentum = 0.1 }
[time]
step = 0.01
final = 0.1
""",
}


# ---------------------------------------------------------------- the mutations

NUMBERS = (
    0, -1, 1, 2, 3, 7, 2**31, 2**63, 10**30, -(10**30), 0.0, -0.0, 0.5, -1.5, 5e-324, 1e-300, 1e-60, 1e-20, 1e-9, 1e-3,
    1e3, 1e9, 1e20, 1e60, 1.7e308, -1e9, -1e60, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
WORDS = (
    "", " ", "x", "каппа", "名前", "naïve", "🦀", "a" * 300, "a/b", "a\tb", '"', "auto", "infinity", "1 um", "2 h",
    "87Rb", "5 nK", "1/x", "sqrt(x)", "x**400", "0", "exp(1e9*x)", "t", "true", "None", "free", "file", "scattering",
    "table", "up", "contact", "\u0000", "\u202e", "1e400", "-3 Hz", "9" * 80,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    True, False, [], {}, [[]], [{}], [1, 2, 3], [0.5], ["a", "b"], {"kind": "harmonic"}, {"kind": "table"},
    {"kind": "file", "path": "case.toml"}, {"kind": "ground-state", "start": "gaussian"}, {"every": 1}, {"x": 1},
    {"tolerance": 1e-8}, {"kind": "expanding", "rate": 1.0}, {"kind": "gaussian", "width": 1.0, "height": 1.0},
)  # fmt: skip


def cards() -> dict[str, dict[str, Any]]:
    """The tables of every card in the size of its own test, and of the files above."""
    found = {}
    for folder in sorted(path.parent for path in JOBS.glob("*/problem.toml")):
        tables = tomllib.loads((folder / "problem.toml").read_text(encoding="utf-8"))
        expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
        found[folder.name], _, complaints = apply_overrides(tables, expected["set"])
        assert not complaints, folder
        _from_anywhere(found[folder.name], folder)
    return found | {name: tomllib.loads(text) for name, text in MORE.items()}


def _from_anywhere(node: Any, folder: Path) -> None:
    """Name the files of a card so that they are found wherever a case of it lies; in place."""
    for entry in node.values() if isinstance(node, dict) else node:
        if isinstance(entry, (dict, list)):
            _from_anywhere(entry, folder)
    if isinstance(node, dict) and isinstance(node.get("path"), str) and (folder / node["path"]).is_file():
        node["path"] = str(folder / node["path"])


def mutated(seed: int, number: int, tables_of: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """Description and text of case `number`: a card with one to three mutations."""
    dice = random.Random(f"{seed}/{number}")
    name = dice.choice(sorted(tables_of))
    tables = copy.deepcopy(tables_of[name])
    done = [_mutate(tables, dice) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    text = toml(tables)
    if dice.random() < 0.06:
        text, what = _torn(text, dice)
        done.append(what)
    return f"{name}: {'; '.join(done)}", text


def _places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all entries below a node."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from _places(value, (*path, key))


def _mutate(tables: dict[str, Any], dice: random.Random) -> str:
    places = list(_places(tables))
    if not places:
        tables["title"] = 3
        return "empty"
    path = dice.choice(places)
    holder: Any = tables
    for key in path[:-1]:
        holder = holder[key]
    key, old = path[-1], holder[path[-1]]
    where = ".".join(map(str, path))
    kind = dice.choice(("delete", "type", "number", "number", "number", "number", "word", "double", "swap", "add"))
    if kind == "delete":
        del holder[key]
        return f"delete {where}"
    if kind == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(old))
        return f"double {where}"
    if kind == "double" and isinstance(old, dict):
        holder[key] = [old, copy.deepcopy(old)]
        return f"double {where}"
    if kind == "swap":
        other = dice.choice(places)
        value: Any = tables
        for part in other:
            value = value[part]
        holder[key] = copy.deepcopy(value)
        return f"{where} <- {'.'.join(map(str, other))}"
    if kind == "add" and isinstance(old, dict):
        word = dice.choice((*WORDS, "kind", "title", "centre", "factor", "momentum", "seed", "step", "strength"))
        old[word] = copy.deepcopy(dice.choice((*NUMBERS, *WORDS, *OTHERS)))
        return f"add {where}.{word} = {old[word]!r}"
    if kind == "number" or (kind in ("double", "add") and dice.random() < 0.5):
        numeric = [one for one in places if _is_number(_at(tables, one))]
        if numeric:
            path = dice.choice(numeric)
            holder, key = _at(tables, path[:-1]), path[-1]
        old = holder[key]
        value = dice.choice(NUMBERS)
        if _is_number(old) and dice.random() < 0.35:
            value = old * dice.choice((-1, 0.1, 0.5, 2, 3, 10, 1e3, 1e6, 1e-6, 1e12, 1e-12))
            value = round(value) if isinstance(old, int) and dice.random() < 0.7 else value
        holder[key] = value
        return f"{'.'.join(map(str, path))} = {value!r}"
    holder[key] = copy.deepcopy(dice.choice(OTHERS if kind == "type" else WORDS))
    return f"{where} = {holder[key]!r}"


def _at(tables: Any, path: tuple) -> Any:
    for key in path:
        tables = tables[key]
    return tables


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _torn(text: str, dice: random.Random) -> tuple[str, str]:
    """A text with a line or a character less or more."""
    lines = text.split("\n")
    row = dice.randrange(len(lines))
    what = dice.choice(("lose a line", "double a line", "lose a character", "gain a character"))
    if what == "lose a line":
        del lines[row]
    elif what == "double a line":
        lines.insert(row, lines[row])
    elif lines[row]:
        column = dice.randrange(len(lines[row]))
        gained = dice.choice('"[]{}=.#\\é\x07') if what == "gain a character" else ""
        lines[row] = lines[row][:column] + gained + lines[row][column + (not gained) :]
    return "\n".join(lines), f"{what} at {row + 1}"


def toml(tables: dict[str, Any]) -> str:
    """Tables as TOML: sections where they are tables, the rest in line."""
    plain = {key: value for key, value in tables.items() if not _is_section(value)}
    lines = [f"{_key(key)} = {_inline(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        if key in plain:
            continue
        for entry in value if isinstance(value, list) else [value]:
            lines.append(f"[[{_key(key)}]]" if isinstance(value, list) else f"[{_key(key)}]")
            lines += [f"{_key(inner)} = {_inline(one)}" for inner, one in entry.items()]
    return "\n".join(lines) + "\n"


def _is_section(value: Any) -> bool:
    tables = value if isinstance(value, list) else [value]
    return bool(tables) and all(isinstance(one, dict) for one in tables)


def _key(key: str) -> str:
    return key if key and all(c.isascii() and (c.isalnum() or c in "_-") for c in key) else _inline(key)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


# ---------------------------------------------------------------- one case, in a process of its own


def _limited(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _run_case(folder: Path, report: Path) -> None:
    """Plan the file case.toml of the folder and run it for two steps; the statuses and what was said go to `report`."""
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limited(SECONDS_BEFORE_FIRST_STEP)
    found: dict[str, Any] = {}
    for command in ("plan", "run"):
        if command == "run":
            from mpi4py import MPI

            MPI.Init_thread(MPI.THREAD_SERIALIZED)
            _stop_after_steps()
        said = folder.parent / f"{folder.name}.{command}"
        with said.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = ["hpcmix", command, "case.toml"]
        try:
            from hpcmix.cli import main

            main()
        except SystemExit as left:
            found[command] = left.code
        except BaseException:
            traceback.print_exc()
            found[command] = "traceback"
        sys.stdout.flush()
        sys.stderr.flush()
        found[f"{command} said"] = said.read_text(errors="replace")
        if command == "plan":
            found["left by plan"] = sorted(path.name for path in folder.iterdir())
        report.write_text(json.dumps(found))


def _stop_after_steps() -> None:
    """Let a run end after two steps as if it had been asked to, find ground states roughly, and count its processor
    time anew from the first step."""
    from hpcmix.running import launch
    from hpcmix.running.courses import fields

    load, evolve = launch.load_problem, fields.evolve

    def rough(*arguments):
        problem = load(*arguments)
        options = problem.ground_state
        rougher = {"tolerance": max(1e-3, options.tolerance), "max_iterations": min(20, options.max_iterations)}
        changed = problem.model_copy(update={"ground_state": options.model_copy(update=rougher)})
        changed._source = problem._source
        return changed

    def short(simulation, outputs, checkpoints, stops):
        _limited(SECONDS_BEFORE_FIRST_STEP)
        stops.code = lambda needed=0.0: int(signal.SIGUSR1) if simulation.state.step >= STEPS else 0
        return evolve(simulation, outputs, checkpoints, stops)

    launch.load_problem, fields.evolve = rough, short


def serve() -> None:
    """Fork a process for every folder that is named on standard input; answer with a line each."""
    import mpi4py

    mpi4py.rc.initialize = False
    import pint  # noqa: F401
    import scipy.optimize
    import scipy.special  # noqa: F401

    import hpcmix.io.figures.draw
    import hpcmix.running.courses.fields
    import hpcmix.running.launch
    import hpcmix.running.planning.plan
    import hpcmix.running.planning.preflight  # noqa: F401
    from hpcmix.problem.units.quantities import parse_quantity

    parse_quantity("1 um")
    for line in sys.stdin:
        folder = Path(line.strip())
        report = folder.parent / f"{folder.name}.json"
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _run_case(folder, report)
            os._exit(0)
        status = _wait(child)
        print(json.dumps({"status": status, "seconds": time.monotonic() - begin}), flush=True)


def _wait(child: int) -> int:
    computed, since = 0.0, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        with contextlib.suppress(OSError, IndexError):
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            if (now := sum(map(float, fields[11:13]))) > computed:
                computed, since = now, time.monotonic()
        if time.monotonic() - since > SECONDS_IDLE:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -1
        time.sleep(0.02)


# ---------------------------------------------------------------- judging


def judged(folder: Path, answer: dict[str, Any]) -> tuple[str, int | str | None]:
    """What is wrong with what became of a case, empty where nothing is; and how its run ended."""
    report = folder.parent / f"{folder.name}.json"
    status = json.loads(report.read_text()).get("run") if report.exists() else None
    return fault_of(folder, answer), status


def fault_of(folder: Path, answer: dict[str, Any]) -> str:
    """What is wrong with what became of a case; empty where nothing is."""
    report = folder.parent / f"{folder.name}.json"
    if answer["status"] != 0:
        number = answer["status"] & 0x7F
        if number == signal.SIGXCPU and _is_large(folder / "case.toml"):
            return ""
        what = {-1: "hung", int(signal.SIGXCPU): "computed longer than 20 s before a step"}
        key = answer["status"] if answer["status"] < 0 else number
        return what.get(key, f"was ended by signal {number}")
    if not report.exists():
        return "left no report"
    found = json.loads(report.read_text())
    said = found.get("plan said", "") + found.get("run said", "")
    if "plan" not in found or "run" not in found:
        return "ended early: " + said[-300:]
    for words in ("Traceback", "RuntimeWarning", "DeprecationWarning", "UserWarning"):
        if words in said:
            return f"{words}: " + said[-600:]
    if found["plan"] not in (0, 2) or found["run"] not in (0, 1, 2, 3, 75):
        return f"plan ended with {found['plan']}, run with {found['run']}: {said[-300:]}"
    if found["left by plan"] != ["case.toml"]:
        return f"plan left {found['left by plan']}"
    if found["run"] in (1, 2, 3) and not found["run said"].strip():
        return f"ended with {found['run']} without a word"
    if found["run"] == 1 and "hpcmix: " not in found["run said"]:
        return f"ended with 1 without a sentence: {found['run said'][-300:]}"
    left = sorted(path.name for path in folder.iterdir())
    if found["run"] == 2:
        if left != ["case.toml"]:
            return f"a refused run left {left}"
        if found["plan"] == 2 and not found["run said"].endswith(found["plan said"]):
            return f"plan says {found['plan said'][:300]} and run says {found['run said'][:300]}"
    if "run needs a [time] section" in found["run said"]:
        return ""  # which a plan of a ground state does without
    if "has no potential that holds the cloud" in found["run said"]:
        return ""  # which is known when the cloud has been found, in its mean field
    if (found["plan"] == 2) != (found["run"] == 2):
        return f"plan ended with {found['plan']}, run with {found['run']}: {said[-500:]}"
    if found["run"] != 2 and len(left) > 2:
        return f"wrote outside of its directory: {left}"
    return ""


def _is_large(path: Path) -> bool:
    """Whether the fields of a file have very many values."""
    with contextlib.suppress(ProblemError):
        problem = load_problem(str(path))
        return math.prod(problem.grid.points) * sum(problem.orbitals) > LARGE
    return False


@dataclass(frozen=True)
class Outcome:
    """What became of a case: how its run ended, and what is wrong with that, empty where nothing is."""

    number: int
    description: str
    status: int | str | None
    fault: str


def outcomes(seed: int, count: int, first: int, folder: Path, workers: int = 2) -> Iterator[Outcome]:
    """Make the cases and see what becomes of each; those with a fault stay in the folder."""
    tables = cards()
    numbers = list(range(first, first + count))

    def work(mine: list[int]) -> Iterator[Outcome]:
        command = [sys.executable, "-m", "tests.system.mutations", "--serve"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(), cwd=JOBS.parent
        ) as server:
            for number in mine:
                description, text = mutated(seed, number, tables)
                place = folder / f"{number:06d}"
                place.mkdir()
                (place / "case.toml").write_text(text, encoding="utf-8")
                server.stdin.write(f"{place}\n")
                server.stdin.flush()
                fault, status = judged(place, json.loads(server.stdout.readline()))
                yield Outcome(number, description, status, fault)
                if not fault:
                    for path in folder.glob(f"{number:06d}*"):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
            server.stdin.close()

    def put(mine: list[int]) -> None:
        try:
            for outcome in work(mine):
                queue.put(outcome)
        finally:
            queue.put(None)

    queue: Queue[Outcome | None] = Queue()
    with ThreadPoolExecutor(workers) as pool:
        working = [pool.submit(put, numbers[place::workers]) for place in range(workers)]
        for _ in working:
            while (outcome := queue.get()) is not None:
                yield outcome
        for one in working:
            one.result()


def main() -> int:
    """By hand: print the faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    number_of_faults, statuses = 0, Counter()
    for one in outcomes(options.seed, options.count, options.first, folder, options.workers):
        statuses[str(one.status)] += 1
        if one.fault:
            number_of_faults += 1
            print(f"--- seed {options.seed}, case {one.number}: {one.description}\n{one.fault}\n", flush=True)
    print(f"seed {options.seed}: {options.count} cases, {number_of_faults} faults; statuses {dict(statuses)}")
    return 1 if number_of_faults else 0


if __name__ == "__main__":
    sys.exit(main())
