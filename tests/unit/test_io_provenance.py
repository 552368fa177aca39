"""Where a result came from."""

from __future__ import annotations

import re
import subprocess
import sys

import hpcmix
from hpcmix.io.documents.provenance import Provenance, commit_of_checkout, library_versions

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_what_is_told():
    provenance = Provenance.collect(["n1", "n1", "n2"], "Open MPI v4", "title = 'a'", ["abc"])
    assert provenance.hosts == ("n1", "n2")
    assert provenance.ranks == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", provenance.started)
    versions = provenance.all_versions()
    assert versions["hpcmix"] == hpcmix.__version__
    assert {"python", "numpy", "h5py", "hdf5", "mpi4py"} <= set(versions)
    assert versions["mpi"] == "Open MPI v4"
    attributes = provenance.attributes()
    assert attributes["problem"] == "title = 'a'"
    assert attributes["ancestors"] == "abc"
    assert all(isinstance(value, (str, int, float)) for value in attributes.values())


def test_many_hosts_are_counted():
    hosts = Provenance.collect([f"n{i}" for i in range(20)], "").attributes()["hosts"]
    assert hosts.endswith("n15 and 4 more")


def test_commit_of_a_checkout(tmp_path):
    assert commit_of_checkout(tmp_path) is None
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of_checkout(tmp_path) is None  # a repository without a commit
    (git / "packed-refs").write_text(f"# pack-refs\n{'f' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n")
    assert commit_of_checkout(tmp_path) == COMMIT
    (git / "refs" / "heads" / "main").write_text(f"{'a' * 40}\n")
    assert commit_of_checkout(tmp_path) == "a" * 40
    (git / "HEAD").write_text(f"{COMMIT}\n")
    assert commit_of_checkout(tmp_path) == COMMIT


def test_commit_of_a_worktree(tmp_path):
    own = tmp_path / "repository" / "worktrees" / "w"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/topic\n")
    (own / "commondir").write_text("../..\n")
    (tmp_path / "repository" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / "repository" / "refs" / "heads" / "topic").write_text(COMMIT)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / ".git").write_text(f"gitdir: {own}\n")
    assert commit_of_checkout(checkout) == COMMIT


def test_versions_are_found_without_starting_mpi():
    module = "hpcmix.io.documents.provenance"
    code = f"import sys, {module} as p; p.library_versions(); sys.exit('mpi4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "mpi" not in library_versions()
