"""The real command under MPICH, and runs that begin under one MPI library and go on under the other.

scripts/setup-mpich makes .venv/mpich; the other library is the machine's. The evolution of given fields has the same
bits under both (CONVENTIONS.md, Ranks); a ground state has not, its sums are rounded in an order that is the library's.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import patience
from tests.system.commands import COMMAND, clean_environment, hpcmix, summary

MPICH = Path(__file__).resolve().parents[2] / ".venv" / "mpich"

pytestmark = pytest.mark.skipif(
    not (MPICH / "setup.stamp").exists(), reason="there is no .venv/mpich: scripts/setup-mpich makes it"
)

# The main job on a coarser grid: a ground state, then expansion for so many steps.
MAIN_JOB = ["rubidium-mixture", "--set", "grid.points=[48,45,40]", "--set", "ground_state.tolerance=1e-6"]
MAIN_JOB += ["--set", "output.directory=out", "--set", "output.snapshots.interval=0.5"]


def command(*arguments: str, ranks: int) -> list[str]:
    return [str(MPICH / "bin" / "mpiexec"), "-n", str(ranks), str(MPICH / "bin" / "hpcmix"), *arguments]


def environment() -> dict[str, str]:
    """What `. .venv/mpich/bin/activate` sets."""
    own = {
        "MPI4PY_LIBMPI": str(MPICH / "lib" / "libmpi.so.12"),
        "MPIR_CVAR_POLLS_BEFORE_YIELD": "10",
        "MPIR_CVAR_ENABLE_HEAVY_YIELD": "1",
    }
    return clean_environment() | own


def under_mpich(*arguments: str, ranks: int = 2, folder: Path) -> subprocess.CompletedProcess[str]:
    """As :func:`tests.system.commands.hpcmix`, by MPICH's mpiexec."""
    return subprocess.run(
        command(*arguments, ranks=ranks),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(200.0),
        check=False,
    )


def under_the_machines(*arguments: str, ranks: int = 2, folder: Path) -> subprocess.CompletedProcess[str]:
    return hpcmix(*arguments, ranks=ranks, folder=folder, timeout=200.0)


BEGINNINGS = {"mpich": under_mpich, "the machine's": under_the_machines}


@pytest.fixture(scope="module", params=BEGINNINGS)
def begun(request, tmp_path_factory) -> Path:
    """The main job's first steps under one of the libraries, on two ranks."""
    folder = tmp_path_factory.mktemp("begun")
    result = BEGINNINGS[request.param]("run", *MAIN_JOB, "--set", "time.final=1.0", folder=folder)
    assert result.returncode == 0, result.stderr
    found = summary(folder / "out")
    assert (found["status"], found["ranks"]) == ("done", 2)  # and not two runs of one rank each
    assert found["versions"]["mpi"].startswith("MPICH 4") == (request.param == "mpich")
    return folder


def test_a_run_goes_on_under_either_library_with_the_same_bits(begun, tmp_path):
    digests = {}
    for place, (go_on, ranks) in enumerate([(under_mpich, 2), (under_the_machines, 2), (under_mpich, 3)]):
        folder = tmp_path / str(place)
        shutil.copytree(begun, folder)
        result = go_on("restart", "out", "--until", "2.0", ranks=ranks, folder=folder)
        assert result.returncode == 0, result.stderr
        found = summary(folder / "out")
        assert (found["status"], found["ranks"], len(found["ancestors"])) == ("done", ranks, 1)
        digests[place] = found["digest"]
        checked = under_the_machines("verify", "out", ranks=1, folder=folder)
        assert checked.returncode == 0, checked.stdout
    assert len(set(digests.values())) == 1


def test_one_process_speaks_and_the_log_names_the_library(begun):
    result = under_mpich("verify", "out", folder=begun)
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and lines == sorted(set(lines), key=lines.index)  # none twice
    name = summary(begun / "out")["versions"]["mpi"]
    assert f"2 ranks as 2 slabs, {name}\n" in (begun / "out" / "run.log").read_text()
    assert "  " not in name and ":" not in name


WAVES = """
title = "Two packets"
[grid]
points = [24]
lengths = [20.0]
[[species]]
name = "left"
initial = { kind = "gaussian", width = 1.5, centre = -3.0, momentum = 0.5 }
[[interaction]]
between = ["left", "left"]
kind = "contact"
strength = -0.5
[time]
final = 400.0
step = 0.01
[output]
directory = "out"
observables = { every = 2 }
"""


@contextmanager
def started(folder: Path):
    """A run of many steps under mpiexec, which has written some records."""
    (folder / "waves.toml").write_text(WAVES)
    process = subprocess.Popen(
        command("run", "waves.toml", ranks=2),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        series, begin = folder / "out" / "observables.jsonl", time.monotonic()
        while not series.exists() or series.read_bytes().count(b"\n") < 3:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() - begin < patience(100.0), "no records"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGTERM", "SIGINT"])
def test_mpiexec_passes_the_signals_of_job_scripts_on_and_ends_with_the_status_of_the_ranks(name, tmp_path):
    with started(tmp_path) as process:
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=patience(100)) == 75
    assert name in summary(tmp_path / "out")["message"]


def test_files_ask_for_a_checkpoint_and_for_the_end(tmp_path):
    with started(tmp_path) as process:
        for name, wanted in (("CHECKPOINT", 1), ("STOP", 2)):
            (tmp_path / "out" / name).touch()
            begin = time.monotonic()
            while (tmp_path / "out" / name).exists():
                assert time.monotonic() - begin < patience(100.0), f"{name} is still there"
                time.sleep(0.05)
            assert (process.poll() is None) or wanted == 2
        assert process.wait(timeout=patience(100)) == 75
    steps = sorted(int(path.stem) for path in (tmp_path / "out" / "checkpoints").glob("*.h5"))
    assert len(steps) == 2 and 0 < steps[0] < steps[1]  # the first, of step 0, gave way to the third


def test_ranks_that_are_single_ones_are_refused(tmp_path):
    """MPICH's mpiexec starts processes that find Open MPI, and themselves alone: not two runs, but a sentence. (The
    other way round MPICH itself refuses to start.)"""
    version = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout
    if "Open MPI" not in version:
        pytest.skip("the machine's MPI starts MPICH's ranks as well")
    mpiexec = command(ranks=2)[:-1]
    result = subprocess.run(
        [*mpiexec, *COMMAND, "run", "rubidium-mixture"],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(100.0),
        check=False,
    )
    assert result.returncode == 1
    assert "the launcher started 2 processes but each of them is alone under Open MPI" in result.stderr
    assert not (tmp_path / "runs").exists()
