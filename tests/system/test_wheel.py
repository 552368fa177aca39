"""What `pip wheel .` makes runs without a compiler, and is whole: kernels for every processor, cards, types, notices.

Built without network and without isolation, from the objects that scripts/setup has compiled: where those are missing,
the first build takes minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from system.commands import clean_environment, hpcmix, summary

import hpcmix as package
from hpcmix.kernels import _native

pytestmark = pytest.mark.timeout(1800)

PIP = [sys.executable, "-m", "pip", "--quiet"]
OFFLINE = ["--no-index", "--no-deps"]

ROOT = Path(__file__).parents[2]

CARD = """
[grid]
points = [16, 12, 10]
lengths = [9.0, 8.0, 8.5]

[[species]]
name = "a"
mass = 1.0
particles = 3
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0, centre = [0.3, 0, 0] }

[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 0.4

[time]
final = 0.1
step = 0.01

[output]
directory = "out"
resolution = "ignore"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    tag = subprocess.run(
        [sys.executable, "-c", "from packaging.tags import sys_tags; print(next(sys_tags()))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    python, abi, _ = tag.split("-", 2)
    (built,) = {path.name for path in (ROOT / "build").glob(f"{python}-{abi}-*-editable")} or {""}
    settings = ["--config-settings", f"build-dir=build/{built}"] if built else []
    subprocess.run(
        [*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--no-cache-dir", "-w", str(folder), *settings, "."],
        cwd=ROOT,
        check=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of programs of a virtual environment with the wheel, in which the other packages of this one are to be
    had too, but ducc0, which it does not demand; and nothing of this tree."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    subprocess.run(
        [*PIP, "--python", str(folder / "bin" / "python"), "install", *OFFLINE, wheel],
        check=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    elsewhere = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "others.pth").write_text("\n".join(elsewhere), encoding="utf-8")
    (packages / "ducc0.py").write_text("raise ImportError('not installed here')", encoding="utf-8")
    return folder / "bin"


OF_MPI = ("mpirun", "mpiexec", "orted", "prted", "prterun", "hydra_pmi_proxy", "ssh", "rsh", "sh")
"""What MPI starts processes with, or looks for."""


@pytest.fixture(scope="module")
def without_compiler(installed):
    """An environment whose PATH has the programs of the virtual environment, those of MPI and no others."""
    of_mpi = installed.parent / "mpi"
    of_mpi.mkdir()
    for path in filter(None, map(shutil.which, OF_MPI)):
        (of_mpi / Path(path).name).symlink_to(path)
    kept = {key: value for key, value in clean_environment().items() if key not in ("CC", "CXX", "PYTHONPATH")}
    path = os.pathsep.join(map(str, (installed, of_mpi)))
    assert not any(shutil.which(name, path=path) for name in ("cc", "c++", "gcc", "g++", "clang++", "cmake", "ninja"))
    return kept | {"PATH": path, "VIRTUAL_ENV": str(installed.parent), "HPCMIX_KERNELS": "native"}


def called(environment: dict[str, str], folder: Path, *command: str) -> str:
    """Standard output of a command that succeeds."""
    program = shutil.which(command[0], path=environment["PATH"])
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    (folder / "problem.toml").write_text(CARD, encoding="utf-8")
    return folder


def test_it_runs_without_a_compiler_to_the_same_bits(without_compiler, folder):
    done = hpcmix("run", "problem.toml", "--set", "output.directory=tree", folder=folder)
    assert done.returncode == 0, done.stderr
    expected = summary(folder / "tree")
    for ranks in (1, 2):
        launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        directory = f"wheel-{ranks}"
        run = ["hpcmix", "run", "problem.toml", "--set", f"output.directory={directory}"]
        called(without_compiler, folder, *launcher, *run)
        result = summary(folder / directory)
        assert result["ranks"] == ranks and result["versions"]["hpcmix"] == package.__version__
        assert "commit" not in result["versions"]  # it is no checkout that ran
        assert "pocketfft" in result["versions"] and "ducc0" not in result["versions"]
        assert result["digest"] == expected["digest"]
    library = f"Fourier library pocketfft {result['versions']['pocketfft']}"
    assert library in (folder / "wheel-1" / "run.log").read_text(encoding="utf-8")
    shown = called(without_compiler, folder, "hpcmix", "show", "wheel-1")
    assert library in " ".join(shown.split())


OF_EACH_SET = """
import json, numpy, hpcmix
from hpcmix.kernels import dispatch, processor
native = dispatch.implementation()
best, errors = native.instruction_set(), []
for name in native.available_instruction_sets():
    native.select_instruction_set(name)
    field = numpy.exp(1j * numpy.arange(60.0)).reshape(5, 12)
    expected = numpy.fft.fft(field, axis=1)
    processor.transform_lines(field, 1, True)
    errors.append(float(numpy.max(numpy.abs(field - expected))))
print(json.dumps([hpcmix.__file__, native.__file__, native.available_instruction_sets(), best, errors]))
"""


def test_its_kernels_are_those_of_the_processor(installed, without_compiler, folder):
    """What runs is the module of the wheel, with every instruction set that this processor has, the best chosen; and
    each of them transforms."""
    result = json.loads(called(without_compiler, folder, "python", "-c", OF_EACH_SET))
    package_file, kernels_file, available, chosen, errors = result
    assert all(Path(path).is_relative_to(installed.parent) for path in (package_file, kernels_file))
    assert available == _native.available_instruction_sets() and chosen == available[-1]
    assert len(errors) == len(available) and max(errors) < 1e-14  # sums of twelve numbers of size one


def test_it_holds_the_kernels_of_all_instruction_sets(wheel):
    """Those too that this processor lacks."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("hpcmix/kernels/_native"))
        module = archive.read(name)
    sets = ["baseline"] + (["avx2", "avx512"] if os.uname().machine == "x86_64" else [])
    loops = ("loops", "passes", "configuration_passes", "tangent_passes", "marker_passes", "pair_pass", "loss_pass")
    missing = [f"{loop}_{name}" for loop in loops for name in sets if f"{loop}_{name}E\0".encode() not in module]
    assert not missing


def test_it_is_whole(wheel):
    """Every module, the types' mark, every card, the templates, the licences; and no sources of the kernels."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    listing = ["git", "ls-files", "hpcmix", "jobs"]
    tracked = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    files = {file for file in tracked.stdout.split() if (ROOT / file).exists()}
    expected = {file for file in files if file.startswith("hpcmix/") and not file.startswith("hpcmix/kernels/src/")}
    cards = {f"hpcmix/cards/{file.removeprefix('jobs/')}" for file in files if file.startswith("jobs/")}
    assert "hpcmix/py.typed" in expected and len(cards) > 100
    assert expected | cards <= names
    assert not [name for name in names if name.endswith((".cpp", ".hpp", ".pyc"))]
    licences = {name.partition("/licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "packaging/licences/nanobind.txt", "packaging/licences/robin-map.txt"}


def test_cards_and_manual_pages_are_had(without_compiler, folder):
    """Cards by their bare names, and what the program writes for man."""
    shown = called(without_compiler, folder, "hpcmix", "show", "manakov-soliton")
    assert tomllib.loads(shown)["species"]
    called(without_compiler, folder, "hpcmix", "man", "--all", "man1")
    assert (folder / "man1" / "hpcmix-run.1").read_text(encoding="utf-8").count(".TH") == 1
