"""Where a result came from: program, libraries, machine and problem."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy

import hpcmix
from hpcmix.kernels.twins.fourier.library import library


@dataclass(frozen=True)
class Provenance:
    """Identity of the program and the run.

    commit       of the checkout the program runs from, None for an installed one.
    versions     of the libraries, by name.
    hosts        names of the machines, each once.
    started      time in UTC, ISO 8601.
    problem      text of the resolved problem file.
    ancestors    digests of the checkpoints the run went on from, oldest first.
    """

    versions: dict[str, str]
    hosts: tuple[str, ...]
    ranks: int
    problem: str = ""
    ancestors: tuple[str, ...] = ()
    version: str = hpcmix.__version__
    commit: str | None = None
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @classmethod
    def collect(
        cls, hosts: Sequence[str], mpi_library: str, problem: str = "", ancestors: Sequence[str] = ()
    ) -> Provenance:
        """Describe this run. `hosts`: the host name of every rank, in the order of ranks; `mpi_library`: its name
        and version.
        """
        return cls(
            library_versions(mpi_library),
            tuple(dict.fromkeys(hosts)),
            len(hosts),
            problem,
            tuple(ancestors),
            commit=commit_of_checkout(),
        )

    def all_versions(self) -> dict[str, str]:
        """Versions of hpcmix (with its commit) and of the libraries, as summary.json lists them."""
        own = {"hpcmix": self.version} | ({"commit": self.commit} if self.commit else {})
        return own | self.versions

    def attributes(self) -> dict[str, str | int | float]:
        """The same as flat attributes of an HDF5 file."""
        shown = ", ".join(self.hosts[:16]) + (f" and {len(self.hosts) - 16} more" if len(self.hosts) > 16 else "")
        result: dict[str, Any] = {"hpcmix_version": self.version}
        if self.commit:
            result["hpcmix_commit"] = self.commit
        result |= {f"{name}_version": version for name, version in self.versions.items()}
        result |= {"hosts": shown, "ranks": self.ranks, "started": self.started}
        if self.ancestors:
            result["ancestors"] = "\n".join(self.ancestors)
        if self.problem:
            result["problem"] = self.problem
        return result


def library_versions(mpi_library: str = "") -> dict[str, str]:
    """Versions of Python and the libraries that the numbers depend on. mpi4py is asked without starting MPI."""
    versions = {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "h5py": h5py.__version__ + (" (parallel)" if h5py.get_config().mpi else ""),
        "hdf5": h5py.version.hdf5_version,
        library().NAME: library().VERSION,
        "mpi4py": _installed("mpi4py"),
        "mpi": mpi_library,
    }
    return {name: version for name, version in versions.items() if version}


def _installed(package: str) -> str:
    # here and not above: importing it costs as much as the rest of this module
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def commit_of_checkout(root: Path | None = None) -> str | None:
    """The git commit that is checked out where hpcmix is imported from, None if that is no checkout or cannot be told.

    Read from git's files: starting a process from an MPI program is not safe on every network, and compute nodes
    often lack git.
    """
    try:
        root = root or Path(hpcmix.__file__).resolve().parent.parent
        repository = root / ".git"
        if repository.is_file():  # a worktree: the file says where its repository is
            repository = (root / repository.read_text().removeprefix("gitdir:").strip()).resolve()
        head = (repository / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return _commit(head)
        reference = head.removeprefix("ref:").strip()
        shared = repository / "commondir"
        common = (repository / shared.read_text().strip()).resolve() if shared.exists() else repository
        for place in (repository / reference, common / reference):
            if place.exists():
                return _commit(place.read_text().strip())
        for line in (common / "packed-refs").read_text().splitlines():
            if line.endswith(f" {reference}"):
                return _commit(line.split()[0])
    except (OSError, UnicodeDecodeError):
        pass
    return None


def _commit(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9a-f]{40,64}", text) else None
