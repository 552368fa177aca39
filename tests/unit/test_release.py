"""One version, one licence: what the package, its metadata, the changelog and the citation say of the release."""

from __future__ import annotations

import re
import tomllib
from email import message_from_string
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from scikit_build_core.build import prepare_metadata_for_build_wheel

import hpcmix

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    """What a wheel of this tree says of itself."""
    folder = tmp_path_factory.mktemp("metadata")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = prepare_metadata_for_build_wheel(str(folder))
    return message_from_string((folder / name / "METADATA").read_text(encoding="utf-8"))


def test_the_version_is_said_once(metadata):
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest[1] == cited[1] == metadata["Version"] == hpcmix.__version__


def test_a_release_has_one_date():
    dated = re.search(r"^## \S+ \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    cited = re.search(r"^date-released: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert dated[1] == cited[1]


def test_who_wrote_it_and_under_which_licence(metadata):
    assert metadata["License-Expression"] == "BSD-3-Clause"
    compiled_in = [f"packaging/licences/{name}.txt" for name in ("nanobind", "robin-map")]
    assert metadata.get_all("License-File") == ["LICENSE", *compiled_in]
    assert metadata["Author"] == "hpcmix developers"
    assert "Typing :: Typed" in metadata.get_all("Classifier") and (ROOT / "hpcmix" / "py.typed").exists()
    assert metadata.get_all("Project-URL") is None
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License")


def test_what_is_under_another_licence_is_an_option(metadata):
    """ducc0 and FFTW through mpi4py-fft are GPL: nobody gets them without asking."""
    demanded = metadata.get_all("Requires-Dist")
    under_gpl = [line for line in demanded if line.startswith(("ducc0", "mpi4py-fft"))]
    assert len(under_gpl) == 2 and all("extra ==" in line for line in under_gpl)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert metadata.get_all("Provides-Extra") == list(extras)


def test_what_is_pinned_runs_on_the_oldest_python(metadata):
    """constraints.txt is for every Python that the package takes: a pin for later ones alone breaks the set-up."""
    oldest = metadata["Requires-Python"].removeprefix(">=") + ".0"
    pins = [line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    refused = []
    for name, version in pins:
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue  # only other ways to set up need it
        demands = installed.metadata["Requires-Python"] or ""
        if installed.version == version and oldest not in SpecifierSet(demands):
            refused.append(f"{name}=={version} wants Python {demands}")
    assert refused == [] and len(pins) > 80
