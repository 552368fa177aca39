"""What differs between MPI libraries: names, errors of files, and the environment of the launchers."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from hpcmix.io.documents.atomic import explained
from hpcmix.parallel.communicators import library_name
from hpcmix.parallel.files import error_number
from hpcmix.parallel.job import launcher
from hpcmix.parallel.process import mpi
from hpcmix.parallel.process.mpi import MPI
from tests.system.commands import COMMAND, clean_environment


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022\0", "Open MPI v4.1.4"),
        ("MPICH Version:      4.3.2\nMPICH Release date: Mon Oct  6 11:14:20 AM CDT 2025\n", "MPICH 4.3.2"),
        ("MVAPICH2 Version      :\t2.3.7\nMVAPICH2 Release date : Wed March 02\n", "MVAPICH2 2.3.7"),
        ("MVAPICH Version:        3.0\nMVAPICH Release date:   12/16/2023\n", "MVAPICH 3.0"),
        ("MPI VERSION    : CRAY MPICH version 8.1.27.26 (ANL base 3.4a2)\n", "Cray MPICH 8.1.27.26"),
        ("Intel(R) MPI Library 2021.18.1 for Linux* OS\n", "Intel MPI 2021.18.1"),
    ],
)
def test_a_library_is_named_in_a_few_words(text, name):
    assert library_name(text) == name


ROMIO = "Other I/O error , error stack: ADIOI_GEN_WRITECONTIG(80): Other I/O error "


@pytest.mark.parametrize(
    ("error_class", "text", "number", "sentence"),
    [
        (MPI.ERR_IO, ROMIO + "No space left on device", errno.ENOSPC, "no space is left on the disk"),
        (MPI.ERR_IO, ROMIO + "Disk quota exceeded", errno.EDQUOT, "no space is left on the disk or in the quota"),
        (MPI.ERR_IO, ROMIO + "File too large", errno.EFBIG, "ulimit -f"),
        (MPI.ERR_NO_SPACE, "MPI_ERR_NO_SPACE: no space left on device", errno.ENOSPC, "no space is left on the disk"),
        (MPI.ERR_QUOTA, "MPI_ERR_QUOTA", errno.EDQUOT, "no space is left on the disk or in the quota"),
        (MPI.ERR_ACCESS, "MPI_ERR_ACCESS: invalid access mode", errno.EACCES, "does not let this user write"),
        (MPI.ERR_NO_SUCH_FILE, "File x does not exist", errno.ENOENT, "is not there (any more)"),
        # Open MPI's copy of ROMIO says nothing: the space that is left may explain it
        (MPI.ERR_IO, "MPI_ERR_IO: input/output error", errno.EIO, "input/output error; "),
    ],
)
def test_an_error_of_a_file_is_that_of_the_system(tmp_path, error_class, text, number, sentence):
    assert error_number(error_class, text) == number
    said = str(explained(OSError(number, text), tmp_path / "file"))
    assert sentence in said
    assert ("are free there" in said) == (number in (errno.ENOSPC, errno.EDQUOT, errno.EIO))


@pytest.mark.parametrize(
    ("variables", "rank", "ranks"),
    [
        ({}, 0, 1),
        ({"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4"}, 3, 4),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, 1, 2),
        # mpiexec of MPICH within a step of Slurm: the inner launcher counts
        ({"PMI_RANK": "1", "PMI_SIZE": "2", "SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}, 1, 2),
        ({"SLURM_PROCID": "5", "SLURM_STEP_NUM_TASKS": "8"}, 5, 8),
        ({"PMI_RANK": "", "SLURM_PROCID": "5"}, 5, 1),
    ],
)
def test_what_launchers_tell_a_process(monkeypatch, variables, rank, ranks):
    for name in (*launcher.RANK_VARIABLES, *launcher.SIZE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (launcher.rank_started(), launcher.ranks_started()) == (rank, ranks)


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "rubidium-mixture"],
        ["show", "rubidium-mixture"],
        ["verify", "."],
        ["job", "rubidium-mixture", "--time", "1h"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_without_mpi_speaks_once(words, tmp_path):
    """Started by a launcher, under whatever name it gives the ranks, all but the first end in silence."""
    said = {}
    for rank in ("0", "1"):
        environment = clean_environment() | {"PMI_RANK": rank, "PMI_SIZE": "2"}
        result = subprocess.run(
            [*COMMAND, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        said[rank] = result.stdout + result.stderr
        assert result.returncode == (1 if (words[0], rank) == ("verify", "0") else 0)  # there is no run here
    assert said["0"] and not said["1"]


def test_the_names_of_launchers_need_no_mpi():
    program = "import sys, hpcmix.parallel.job.launcher; sys.exit('mpi4py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture
def alone(monkeypatch):
    for name in (*launcher.RANK_VARIABLES, *mpi.ALONE):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("alone")
def test_a_process_alone_starts_mpi_quickly_and_leaves_its_environment():
    environment = dict(os.environ)
    with mpi._quick_start_alone():
        assert {name: os.environ.get(name) for name in mpi.ALONE} == mpi.ALONE
    assert dict(os.environ) == environment


@pytest.mark.parametrize("name", launcher.RANK_VARIABLES)
def test_a_rank_of_a_launcher_starts_mpi_as_it_was_told(alone, name):
    alone.setenv(name, "0")
    with mpi._quick_start_alone():
        assert not set(mpi.ALONE) & set(os.environ)


def test_what_the_user_says_about_mpi_stands(alone):
    name = "OMPI_MCA_pml"
    alone.setenv(name, "ucx")
    with mpi._quick_start_alone():
        assert os.environ[name] == "ucx"
    assert os.environ[name] == "ucx"
