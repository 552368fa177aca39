"""The recipes of packaging/ ask for what pyproject.toml asks for, name this version, and say that no CI builds them."""

from __future__ import annotations

import re
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import hpcmix

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

SPACK_REPOSITORY = PACKAGING / "spack" / "spack_repo" / "hpcmix"
SPACK = SPACK_REPOSITORY / "packages" / "py_hpcmix" / "package.py"
CONDA = PACKAGING / "conda" / "recipe.yaml"
APPTAINER = PACKAGING / "apptainer" / "hpcmix.def"


def least_versions(texts: list[str]) -> dict[str, str]:
    """What is demanded, and from which version on."""
    requirements = map(Requirement, texts)
    return {one.name: next(iter(one.specifier)).version for one in requirements}


NEEDED = least_versions(PROJECT["project"]["dependencies"])
TO_BUILD = least_versions(PROJECT["build-system"]["requires"])
ON_REQUEST = least_versions(PROJECT["project"]["optional-dependencies"]["fast"])


def spack_recipe(monkeypatch) -> dict[str, list]:
    """What the recipe says, as Spack's own words would hear it: arguments by directive."""
    heard: dict[str, list] = {}
    words = ModuleType("spack.package")
    for word in ("depends_on", "version", "variant", "license"):
        setattr(words, word, lambda *given, word=word, **options: heard.setdefault(word, []).append((given, options)))

    @contextmanager
    def default_args(**_options):
        yield

    words.default_args = default_args
    systems = ModuleType("spack_repo.builtin.build_systems.python")
    systems.PythonPackage = type("PythonPackage", (), {})
    for name in ("spack", "spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, words.__name__, words)
    monkeypatch.setitem(sys.modules, systems.__name__, systems)
    exec(compile(SPACK.read_text(encoding="utf-8"), SPACK, "exec"), {})
    return heard


def test_spack(monkeypatch):
    heard = spack_recipe(monkeypatch)
    assert [given for given, _ in heard["version"]] == [(hpcmix.__version__,)]
    asked: dict[str, set[str]] = {}
    for (spec,), options in heard["depends_on"]:
        if match := re.fullmatch(r"py-([\w-]+)@([\d.]+):(\+mpi)?", spec):
            condition = options.get("when", "")
            assert condition in ("", "+parallel_hdf5", "~parallel_hdf5")
            asked.setdefault(match[1], set()).add(match[2])
    assert asked == {name: {version} for name, version in (NEEDED | TO_BUILD).items()}
    specs = {spec for (spec,), _ in heard["depends_on"]}
    assert {"mpi", f"python@{PROJECT['project']['requires-python'].removeprefix('>=')}:"} <= specs
    minimum = re.search(r"cmake_minimum_required\(VERSION ([\d.]+)\)", (ROOT / "CMakeLists.txt").read_text())
    assert f"cmake@{minimum[1]}:" in specs


def test_where_spack_finds_the_recipe():
    """Of repositories of version 2 Spack takes the namespace from the path behind spack_repo, and the recipe from the
    package's name as an identifier."""
    settings = dict(re.findall(r"^  (\w+): (\S+)$", (SPACK_REPOSITORY / "repo.yaml").read_text("utf-8"), re.MULTILINE))
    assert settings == {"namespace": SPACK_REPOSITORY.name, "api": "v2.0"}
    assert SPACK_REPOSITORY.parent.name == "spack_repo"
    path = SPACK_REPOSITORY.relative_to(ROOT)
    for text in (SPACK, PACKAGING / "README.md"):
        assert f"spack repo add {path}" in text.read_text(encoding="utf-8")


def test_conda():
    text = CONDA.read_text(encoding="utf-8")
    assert re.search(r'^  version: "(.*)"$', text, re.MULTILINE)[1] == hpcmix.__version__
    section = {
        name: dict(re.findall(r"^    - ([\w-]+) >=([\d.]+)", body, re.MULTILINE))
        for name, body in re.findall(r"^  (build|host|run|run_constraints):\n((?:    - .*\n)+)", text, re.MULTILINE)
    }
    python = section["run"].pop("python")
    assert python == PROJECT["project"]["requires-python"].removeprefix(">=")
    section["run"]["matplotlib"] = section["run"].pop("matplotlib-base")  # the package without the graphical toolkits
    assert section["run"] == NEEDED
    assert section["host"] == TO_BUILD
    assert section["run_constraints"] == ON_REQUEST
    for licence in PROJECT["project"]["license-files"]:
        assert all(str(path.relative_to(ROOT)) in text for path in ROOT.glob(licence))


def test_apptainer():
    text = APPTAINER.read_text(encoding="utf-8")
    assert re.search(r"image\.version (\S+)$", text, re.MULTILINE)[1] == hpcmix.__version__
    copied = re.findall(r"^    (\S+) /opt/hpcmix-source/(\S+)$", text, re.MULTILINE)
    assert all(source == target and (ROOT / source).exists() for source, target in copied)
    needed = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "pyproject.toml", "hpcmix", "jobs"}
    assert needed <= {source for source, _ in copied}


@pytest.mark.parametrize("path", [SPACK, CONDA, APPTAINER, PACKAGING / "README.md"], ids=lambda path: path.name)
def test_nobody_is_told_that_they_are_built(path):
    assert re.search(r"continuous integration builds|Not built by continuous integration", path.read_text("utf-8"))
