"""XMDS2: the script for a case, and the program that it generates and compiles."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from string import Template

from comparison import problem
from comparison.problem import Case
from comparison.turns import Failed

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parent / "xmds" / "components.xmds.in"
ADAPTIVE = ("ARK45", "ARK89")
"""XMDS2's algorithms that choose their own steps by a tolerance; a unit of work is then the whole evolution."""

_OPEN_STATE = "turns_fields = (complex *)turns_state(sizeof(complex) * {size}L);"

_WRITE_STATE = """      <filter><dependencies basis="x y z">wavefunction</dependencies><![CDATA[
        if (turns_left == 0) {
          const long ix = lround((x - (${left})) / ${spacing});
          const long iy = lround((y - (${left})) / ${spacing});
          const long iz = lround((z - (${left})) / ${spacing});
          const long place = (ix * ${points} + iy) * ${points} + iz;
${writes}
        }
      ]]></filter>"""


def script(case: Case, name: str, under_mpi: bool, writes_state: bool) -> str:
    """The script of a case. `writes_state`: the program leaves its state after each turn, for which it transforms once
    more in every cycle: for errors, not for times."""
    points, size = case.points, case.points**3
    names = problem.NAMES[: case.components]
    left = -0.5 * problem.EDGE
    values = {
        "name": name,
        "define_mpi": "#define TURNS_MPI" if under_mpi else "",
        "driver": '<driver name="distributed-mpi" />' if under_mpi else "",
        "turns_header": HERE / "programs" / "turns.h",
        "points": points,
        "left": left,
        "right": -left,
        "spacing": repr(problem.EDGE / points),
        "trap": " + ".join(
            f"{square!r} * {x} * {x}" for x, square in zip("xyz", problem.SQUARED_FREQUENCIES, strict=True)
        ),
        "components": " ".join(names),
        "first": names[0],
        "initial": "\n".join(f"      {name} = {_initial(component)};" for component, name in enumerate(names)),
        "derivatives": _derivatives(names),
        "algorithm": case.integrator,
        "steps": f'tolerance="{case.tolerance!r}"' if case.integrator in ADAPTIVE else 'steps="1"',
        "writes": "\n".join(f"          turns_fields[{a * size}L + place] = {name};" for a, name in enumerate(names)),
    }
    values["open_state"] = _OPEN_STATE.format(size=case.components * size) if writes_state else ""
    values["write_state"] = Template(_WRITE_STATE).substitute(values) if writes_state else ""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(values)


def _initial(component: int) -> str:
    width = problem.WIDTHS[component]
    squares, phases = [], []
    for x, centre, momentum in zip("xyz", problem.CENTRES[component], problem.MOMENTA[component], strict=True):
        squares.append(f"({x} - ({centre!r})) * ({x} - ({centre!r}))")
        phases.append(f"({momentum!r}) * {x}")
    envelope = f"{problem.normalisation(component)!r} * exp(-({' + '.join(squares)}) / {2.0 * width * width!r})"
    return f"{envelope} * exp(i * ({' + '.join(phases)}))"


def _derivatives(names: tuple[str, ...]) -> str:
    lines = [f"            const real density_{name} = mod2({name});" for name in names]
    for a, name in enumerate(names):
        field = " + ".join(f"{problem.COUPLINGS[a][b]!r} * density_{other}" for b, other in enumerate(names))
        lines.append(f"            d{name}_dt = Tx[{name}] + Ty[{name}] + Tz[{name}] - i * (trap + {field}) * {name};")
    return "\n".join(lines)


def build(case: Case, folder: Path, under_mpi: bool, writes_state: bool) -> Path:
    """Generate and compile the program of a case; the path of the executable, from `folder` if it is there already.

    Raises :class:`Failed` with what xmds2 said.
    """
    text = script(case, "NAME", under_mpi, writes_state)
    text_and_header = text + (HERE / "programs" / "turns.h").read_text(encoding="utf-8")
    name = f"components_{hashlib.sha256(text_and_header.encode()).hexdigest()[:12]}"
    program = folder.resolve() / name
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.xmds").write_text(text.replace("<name>NAME</name>", f"<name>{name}</name>"), encoding="utf-8")
    result = subprocess.run(
        [shutil.which("xmds2") or "xmds2", f"{name}.xmds"], cwd=folder, capture_output=True, text=True, check=False
    )
    if result.returncode or not program.exists():
        raise Failed(f"xmds2 did not make a program: {' | '.join(result.stdout.split(chr(10))[-6:])}")
    return program
