"""Data flows one way: a module imports only from the layers on its left."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
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
    "camera",
    "io",
    "running",
    "studies",
    "api",
    "commands",
    "cli",
]
ROOMS_IN_A_FOLDER = 12
"""Modules and folders; what is more wants a room of its own."""

LOOKING_UP = {"importlib.import_module", "typing.TYPE_CHECKING", "typing.Any"}
"""What the package itself may import: names of Python's users are looked up when they are asked for."""

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "cards" not in path.parts)


# The rooms of a layer, each with what it may import: itself and what stands before it. Modules that are not named here
# stand in the room "" of their layer.
ROOMS = {
    "problem": [
        ("mistakes",),
        ("units",),
        ("reading",),
        ("times",),
        ("sections",),
        ("schema",),
        ("checks",),
        ("words",),
        ("", "files"),
        ("reference",),
    ],
    "parallel": [
        ("job",),
        ("process", "precision"),
        ("", "sharing"),
        ("transforms",),
        ("engine", "orbital_algebra"),
        ("markers",),
    ],
    "model": [("potentials", "kinetic", "pair_kernels", "components"), ("markers",), ("terms",), ("",)],
    "initial": [("noise",), ("descent",), ("", "trial", "written"), ("build",)],
    "observe": [("look",), ("measures", "markers"), ("",), ("observables",), ("record", "registry")],
    "io": [
        ("documents",),
        ("directories",),
        ("checkpoints", "fields"),
        ("",),
        ("images",),
        ("figures",),
    ],
    "running": [
        ("stops",),
        ("log",),
        ("schedules",),
        ("planning", "resuming"),
        ("", "many_body", "marching", "output"),
        ("bench",),
    ],
    "studies": [("measuring", "tracks", "work"), ("claims",), ("scaling",), ("",)],
}


def layer_of(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


@cache
def read_names(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What a file imports, wherever in the file, and the attributes that it names: read once, and when a test asks, for
    every process that collects tests imports this module."""
    imports: set[str] = set()
    attributes: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            imports |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute):
            attributes.add(node.attr)
    return frozenset(imports), frozenset(attributes)


def imports_of(path: Path) -> frozenset[str]:
    """Every module that a file imports, wherever in the file."""
    return read_names(path)[0]


NAMED = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
    for path in MODULES
    if path.name != "__init__.py"
}


def imported_modules(path: Path, modules: dict[str, Path]) -> set[str]:
    """The modules of the package that a file imports, for types only or not."""
    found = set()
    for name in imports_of(path):
        found |= {module for module in (name, name.rpartition(".")[0]) if module in modules}
    return found


@cache
def graph_of_imports() -> dict[str, set[str]]:
    """The modules of the package, each with those that it imports."""
    return {name: imported_modules(path, NAMED) for name, path in NAMED.items()}


def test_every_module_is_in_a_layer():
    layers = {layer_of(path.relative_to(PACKAGE).parts) for path in MODULES} - {"__init__"}
    assert layers <= set(LAYERS)
    assert {"problem", "parallel", "grid", "model", "running", "cli"} <= layers


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_come_from_the_left(path):
    own = layer_of(path.relative_to(PACKAGE).parts)
    if own == "__init__":
        names = {name for name in imports_of(path) if not name.startswith("hpcmix.api.")}
        assert names == LOOKING_UP  # and what is in the layer of Python's users for those who read types
        return
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "mpi4py" or parts[0] == "mpi4py_fft":
            assert own == "parallel", f"only hpcmix.parallel knows MPI, but {path} imports {name}"
        if parts[0] == "hpcmix" and len(parts) > 1 and parts[1] in LAYERS:
            assert LAYERS.index(parts[1]) <= LAYERS.index(own), f"{path} imports {name} from its right"


def floor_of(module: str) -> int:
    """On which floor of its layer a module stands."""
    _, layer, name, *_ = module.split(".")
    floors = {room: floor for floor, rooms in enumerate(ROOMS[layer]) for room in rooms}
    return floors.get(name, floors[""])


@pytest.mark.parametrize("layer", ROOMS)
def test_rooms_import_from_floors_below(layer):
    graph = graph_of_imports()
    inside = [name for name in graph if name.startswith(f"hpcmix.{layer}.")]
    upward = [
        f"{module} imports {name} from a floor above"
        for module in inside
        for name in graph[module]
        if name in inside and floor_of(name) > floor_of(module)
    ]
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize("layer", ROOMS)
def test_rooms_exist(layer):
    names = {path.removesuffix(".py") for path in os.listdir(PACKAGE / layer)}
    assert {room for floor in ROOMS[layer] for room in floor if room} <= names


@pytest.mark.parametrize("folder", [path for path in PACKAGE.rglob("*") if (path / "__init__.py").exists()], ids=str)
def test_a_folder_can_be_taken_in_at_a_glance(folder):
    rooms = [path for path in folder.iterdir() if path.name[0] not in "_." and path.suffix in ("", ".py")]
    assert len(rooms) <= ROOMS_IN_A_FOLDER


KNOW_THE_PENDING_KICK = {"observe/look.py"}


def test_who_knows_the_pending_kick():
    """Steppers and looks; checkpoints store what there is. Everybody else takes a look."""
    found = set()
    for path in MODULES:
        if (read_names(path)[1] | imported_names(path)) & {"pending_kick", "pending_instant"}:
            found.add(str(path.relative_to(PACKAGE)))
    assert {one for one in found if not one.startswith("evolve/")} <= KNOW_THE_PENDING_KICK


def imported_names(path: Path) -> set[str]:
    return {name.rpartition(".")[2] for name in imports_of(path)}


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
    graph = graph_of_imports()
    assert sum(map(len, graph.values())) > 500
    circles = [circle for name in graph if (circle := circle_of(name, graph))]
    assert not circles, circles


def test_a_circle_is_found():
    assert circle_of("a", {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"a"}}) == ["a", "b", "d", "a"]
    assert circle_of("a", {"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_packages_import_nothing(path):
    assert path.parent == PACKAGE or imports_of(path) == set()


def test_the_package_itself_imports_nothing_until_it_is_asked():
    """In a process of its own: of all that is installed the package alone, and nothing of its rooms."""
    code = "import sys; before = set(sys.modules); import hpcmix; print(*sorted(set(sys.modules) - before))"
    named = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in named if name.partition(".")[0] not in sys.stdlib_module_names] == ["hpcmix"]


def test_names_of_the_package_are_those_that_types_tell():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    told = {
        (node.module, alias.name)
        for branch in tree.body
        if isinstance(branch, ast.If)
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {(f"hpcmix.api.{module}", name) for module, names in hpcmix._PLACES.items() for name in names}
    assert {name for _, name in told} == set(hpcmix.__all__) <= set(dir(hpcmix))


WITHOUT_MPI = [
    "hpcmix.api.problem",
    "hpcmix.api.results.run",
    "hpcmix.api.studies.checks",
    "hpcmix.api.studies.sweeps",
    "hpcmix.cli",
    "hpcmix.commands.job",
    "hpcmix.commands.looking",
    "hpcmix.running.courses.imaging.snapshots",
    "hpcmix.problem.files.load",
    "hpcmix.problem.words.show",
    "hpcmix.running.planning.plan",
    "hpcmix.running.planning.plan_table",
    "hpcmix.io.figures.draw",
    "hpcmix.io.reader",
    "hpcmix.io.verify",
    "hpcmix.running.planning.jobs.script",
    "hpcmix.studies.measuring.options",
    "hpcmix.running.planning.many_body.plan",
    "hpcmix.studies.scaling.command",
    "hpcmix.studies.looking.find",
    "hpcmix.studies.sweeps.collecting",
    "hpcmix.studies.sweeps.reading",
]


def test_commands_without_mpi_do_not_import_it():
    """One after the other in one process, which names the first that does: what those before it imported is not it."""
    code = f"""
import sys
from importlib import import_module
for module in {WITHOUT_MPI}:
    import_module(module)
    if "mpi4py" in sys.modules:
        sys.exit(module)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_scipy_is_imported_where_it_is_used():
    """It takes a fifth of a second of every start, and most runs use none of it."""
    code = "import sys, hpcmix.running.launch, hpcmix.running.courses.fields; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


OF_THE_LOOP = (
    "evolve/",
    "model/terms/",
    "model/mixture.py",
    "model/mean_field/",
    "parallel/transforms/",
    "parallel/engine.py",
)
TYPES_OF_KERNELS = {
    "Allocate",
    "Condensates",
    "MarkerGeometry",
    "Pair",
    "PointFunction",
    "Symbol",
    "TABLE_COEFFICIENTS",
    "processor",
}


def test_the_loop_takes_kernels_from_the_engine():
    """The seam for another device: no module of the loop calls kernels by a name of its own."""
    chosen = [path for path in MODULES if str(path.relative_to(PACKAGE)).startswith(OF_THE_LOOP)]
    assert len(chosen) > 15
    for path in chosen:
        used = {name for name in imports_of(path) if name.startswith("hpcmix.kernels")}
        assert {name.rpartition(".")[2] for name in used} <= TYPES_OF_KERNELS, path


def test_ranks_know_no_problem():
    """They know how a mistake is told, and what is to be shared as numbers."""
    for path in (PACKAGE / "parallel").rglob("*.py"):
        used = {name.rpartition(".")[0] for name in imports_of(path) if name.startswith("hpcmix.problem")}
        told = {"hpcmix.problem.mistakes.ending", "hpcmix.problem.mistakes.errors", "hpcmix.problem.reading.values"}
        assert used <= told, path


def test_only_an_engine_makes_transforms():
    kinds = {"LineTransform", "PencilTransform", "PaddedTransform"}
    makers = {str(path.relative_to(PACKAGE)) for path in MODULES if kinds & imported_names(path)}
    assert makers == {"parallel/engine.py", "parallel/transforms/trial.py"}
