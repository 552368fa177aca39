"""Data flows one way: a module imports only from the layers on its left."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hpcmix

PACKAGE = Path(hpcmix.__file__).parent
LAYERS = [
    "frame",
    "splittings",
    "kernels",
    "problem",
    "parallel",
    "grid",
    "state",
    "model",
    "initial",
    "evolve",
    "observe",
    "io",
    "run",
    "studies",
    "commands",
    "cli",
]
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "cards" not in path.parts)


def layer_of(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_module_is_in_a_layer():
    layers = {layer_of(path.relative_to(PACKAGE).parts) for path in MODULES} - {"__init__"}
    assert layers <= set(LAYERS)
    assert {"problem", "parallel", "grid", "model", "run", "cli"} <= layers


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_come_from_the_left(path):
    own = layer_of(path.relative_to(PACKAGE).parts)
    if own == "__init__":
        assert imports_of(path) == set()
        return
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "mpi4py" or parts[0] == "mpi4py_fft":
            assert own == "parallel", f"only hpcmix.parallel knows MPI, but {path} imports {name}"
        if parts[0] == "hpcmix" and len(parts) > 1 and parts[1] in LAYERS:
            assert LAYERS.index(parts[1]) <= LAYERS.index(own), f"{path} imports {name} from its right"


KNOW_THE_PENDING_KICK = {"state.py", "observe/look.py", "io/checkpoint.py"}


def test_who_knows_the_pending_kick():
    """Steppers and looks; checkpoints store it. Everybody else takes a look."""
    found = set()
    for path in MODULES:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)} | imported_names(path)
        if names & {"pending_kick", "pending_instant"}:
            found.add(str(path.relative_to(PACKAGE)))
    assert {one for one in found if not one.startswith("evolve/")} <= KNOW_THE_PENDING_KICK


def imported_names(path: Path) -> set[str]:
    return {name.rpartition(".")[2] for name in imports_of(path)}


def imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules of the package that a file imports, for types only or not."""
    found = set()
    for name in imports_of(path):
        found |= {module for module in (name, name.rpartition(".")[0]) if module in modules}
    return found


def circle_of(module: str, graph: dict[str, set[str]]) -> list[str]:
    """A way by imports from a module back to itself; empty where there is none."""
    ways = [[module]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for following in graph[way[-1]]:
            if following == module:
                return [*way, module]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []


def test_no_modules_import_each_other():
    modules = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in MODULES
        if path.name != "__init__.py"
    }
    graph = {name: imported_modules(path, modules) for name, path in modules.items()}
    assert sum(map(len, graph.values())) > 500
    circles = [circle for name in modules if (circle := circle_of(name, graph))]
    assert not circles, circles


def test_a_circle_is_found():
    assert circle_of("a", {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"a"}}) == ["a", "b", "d", "a"]
    assert circle_of("a", {"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_packages_import_nothing(path):
    assert imports_of(path) == set()


@pytest.mark.parametrize(
    "module",
    [
        "hpcmix.cli",
        "hpcmix.commands.job",
        "hpcmix.commands.looking",
        "hpcmix.problem.load",
        "hpcmix.problem.show",
        "hpcmix.run.plan",
        "hpcmix.run.plan_table",
        "hpcmix.io.figures",
        "hpcmix.io.reader",
        "hpcmix.io.verify",
        "hpcmix.run.job_script",
        "hpcmix.studies.claim_options",
        "hpcmix.studies.scaling.command",
    ],
)
def test_commands_without_mpi_do_not_import_it(module):
    code = f"import sys, {module}; sys.exit('mpi4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
