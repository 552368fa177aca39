"""The harness of tests/conftest.py does what it says: it is given tests that fail on one rank only."""

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.conftest import give_time, hear_interruptions

TESTS = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 60  # a hang; the jobs below take two or three


def run_on_two_ranks(folder, code, *options):
    """Runs `code` as a test file under mpirun; returns exit status, all output and seconds."""
    file = folder / "test_given.py"
    file.write_text("from mpi4py import MPI\nimport pytest\ncomm = MPI.COMM_WORLD\n" + code)
    environment = os.environ | {"PYTHONPATH": str(TESTS), "HPCMIX_TEST_GRACE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--color=no",
        "--with-mpi",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-c", os.devnull, "--rootdir", str(folder), *options, str(file)]
    begin = time.monotonic()
    result = subprocess.run(
        ["mpirun", "-n", "2", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    return result.returncode, result.stdout + result.stderr, time.monotonic() - begin


@pytest.mark.parametrize("failing_rank", [0, 1])
def test_rank_that_fails_before_a_barrier_ends_the_job(tmp_path, failing_rank):
    code = f"""
def test_one_rank_raises():
    if comm.rank == {failing_rank}:
        raise RuntimeError("lost its way")
    comm.Barrier()
"""
    status, output, seconds = run_on_two_ranks(tmp_path, code)
    assert status != 0
    assert f"[rank {failing_rank}]" in output
    assert "did not follow within 1 s" in output
    assert "RuntimeError: lost its way" in output
    assert seconds < 20


def test_failure_on_one_rank_is_reported_by_rank_0_and_the_next_test_runs(tmp_path):
    code = """
def test_last_rank_is_wrong():
    print("about to compare")
    assert comm.rank == 0, "not the first"

def test_next():
    assert comm.allreduce(1) == 2
"""
    report = tmp_path / "report.xml"
    status, output, _ = run_on_two_ranks(tmp_path, code, f"--junitxml={report}")
    assert status != 0
    assert "1 failed, 1 passed" in output
    assert output.count("1 failed, 1 passed") == 1
    assert "[rank 1]" in output
    assert "not the first" in output
    assert "about to compare" in output
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_failing_set_up_on_one_rank_keeps_the_ranks_together(tmp_path):
    code = """
@pytest.fixture
def fragile():
    if comm.rank == 1:
        raise OSError("no such thing")

def test_uses_it(fragile):
    comm.Barrier()

def test_next():
    assert comm.allreduce(1) == 2
"""
    status, output, _ = run_on_two_ranks(tmp_path, code)
    assert status != 0
    assert "1 passed, 1 error" in output
    assert "no such thing" in output


def test_skipping_on_one_rank_only_is_a_failure(tmp_path):
    code = """
def test_skips_on_one():
    if comm.rank == 1:
        pytest.skip("not here")
"""
    status, output, _ = run_on_two_ranks(tmp_path, code)
    assert status != 0
    assert "the ranks disagree: ['passed', 'skipped']" in output


def test_rank_that_hangs_is_ended_by_the_time_limit(tmp_path):
    code = """
import time
def test_sleeps_on_one():
    if comm.rank == 1:
        time.sleep(600)
    comm.Barrier()
"""
    status, output, seconds = run_on_two_ranks(tmp_path, code, "--timeout=2", "--timeout-method=thread")
    assert status != 0
    assert "Timeout" in output
    assert seconds < 20


def test_an_interruption_is_heard_in_the_background_of_a_shell():
    """Where SIGINT is ignored as the process begins."""
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        hear_interruptions()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, usual)


@pytest.mark.parametrize(
    ("marks", "limit"),
    [([], 300.0), (["slow"], 1200.0), ([pytest.mark.timeout(7), "slow"], 7.0)],
    ids=["usual", "slow", "with a limit of its own"],
)
@pytest.mark.parametrize(("load_of_a_core", "factor"), [(0.0, 1.0), (3.0, 3.0), (50.0, 6.0)])
def test_the_time_limit_of_a_test(request, monkeypatch, marks, limit, load_of_a_core, factor):
    """A longer one for slow tests and where others use the machine, but not without end."""
    monkeypatch.setattr(os, "getloadavg", lambda: (load_of_a_core * os.cpu_count(), 0.0, 0.0))
    item = pytest.Function.from_parent(request.node.parent, name="given", callobj=lambda: None)
    for mark in marks:
        item.add_marker(mark)
    give_time(item)
    assert item.get_closest_marker("timeout").args == (factor * limit,)
