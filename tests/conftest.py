"""Tests on several ranks: outcomes are agreed on, rank 0 reports, and a rank that fails alone never hangs the others.

Under `mpirun -n N python -m pytest --with-mpi` every rank runs every test. Each phase of a test (set-up, call,
tear-down) ends at a meeting of all ranks on a communicator of its own:

* All ranks come: a failure on any of them becomes the outcome on all of them, so they take the same way onwards.
* A rank that failed waits in vain: the others are inside a collective operation that it never entered. After a while
  (HPCMIX_TEST_GRACE seconds, 10 by default) it prints its traceback and aborts the job.
* A rank hangs by itself: pytest-timeout (method "thread") ends its process, and with it the job.

MPI is started only under mpirun with several ranks, or by a test that asks for the fixture `comm`.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from patience import patience

# Set by the launchers: Open MPI's, and those that speak PMI (MPICH, Intel MPI, Slurm).
_SIZE = int(os.environ.get("OMPI_COMM_WORLD_SIZE") or os.environ.get("PMI_SIZE") or 1)
_RANK = int(os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("PMI_RANK") or 0)
_GRACE_SECONDS = float(os.environ.get("HPCMIX_TEST_GRACE", "10"))
_POLL_SECONDS = 1e-4
_SLOW_LIMIT_SECONDS = 1200.0  # the longest was measured to take 200 s and 300 s; four times as much


class CollectiveOutcomes:
    """Plugin that makes the outcome of every phase of every test the same on all ranks."""

    def __init__(self) -> None:
        from mpi4py import MPI

        self.comm = MPI.COMM_WORLD.Dup()  # the tests' own messages never meet ours

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Meets the other ranks, then replaces this rank's outcome by the common one."""
        report = yield
        failure = _failure_text(report) if report.failed else ""
        self._meet(item.nodeid, failure)
        outcomes = self.comm.allgather((report.outcome, failure))
        failures = [(rank, text) for rank, (outcome, text) in enumerate(outcomes) if outcome == "failed"]
        if failures and report.failed:
            report.sections += [(f"rank {rank}", text) for rank, text in failures if rank != _RANK]
        elif failures:
            report.outcome = "failed"
            report.longrepr = "\n".join(f"[rank {rank}]\n{text}" for rank, text in failures)
        elif len({outcome for outcome, _ in outcomes}) > 1:
            report.outcome = "failed"
            report.longrepr = f"the ranks disagree: {[outcome for outcome, _ in outcomes]}"
        return report

    def _meet(self, test: str, failure: str) -> None:
        """Waits for all ranks. A rank with a failure waits for a limited time, then aborts the job."""
        request, begin = self.comm.Ibarrier(), time.monotonic()
        while not request.Test():
            if failure and time.monotonic() - begin > _GRACE_SECONDS:
                sys.__stderr__.write(
                    f"\n[rank {_RANK}] {test} failed here, and the other ranks did not follow within "
                    f"{_GRACE_SECONDS:g} s:\n{failure}\n"
                )
                sys.__stderr__.flush()
                self.comm.Abort(1)
            time.sleep(_POLL_SECONDS)


def _failure_text(report) -> str:
    """The traceback and what the test printed before it failed."""
    printed = "\n".join(f"--- {title}\n{text}" for title, text in report.sections if text)
    return f"{report.longrepr}\n{printed}".rstrip()


def pytest_addoption(parser):
    """Adds --slow, --ranks and --library."""
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")
    parser.addoption("--ranks", type=int, metavar="N", help="refuse to run unless MPI sees N ranks")
    parser.addoption("--library", metavar="NAME", help="refuse to run unless that is the MPI library: Open MPI, MPICH")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """On several ranks: agreed outcomes, one report, one temporary directory for each rank."""
    _require_mpi(config.getoption("--ranks"), config.getoption("--library"))
    hear_interruptions()
    if _SIZE == 1:
        return
    config.pluginmanager.register(CollectiveOutcomes(), "collective-outcomes")
    # Ranks that share pytest's directory for temporary files remove each other's.
    temporary = Path(tempfile.gettempdir()) / f"hpcmix-tests-{os.getuid()}-rank-{_RANK}"
    temporary.mkdir(exist_ok=True)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(temporary)
    if _RANK != 0:
        config.option.xmlpath = None
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # stays open as long as the process


def hear_interruptions() -> None:
    """A shell lets what it starts in the background ignore SIGINT, and every program inherits that: tests that send one
    to themselves or to a run would wait for ever."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _require_mpi(ranks: int | None, library: str | None) -> None:
    """Tests on N single ranks, or under another library, would pass and show nothing."""
    if ranks is None and library is None:
        return
    from mpi4py import MPI

    if ranks not in (None, MPI.COMM_WORLD.size):
        message = (
            f"MPI sees {MPI.COMM_WORLD.size} ranks in place of {ranks}: the launcher belongs to another MPI library"
        )
        pytest.exit(f"{message} than {MPI.get_vendor()[0]}, which mpi4py found", returncode=1)
    if library not in (None, MPI.get_vendor()[0]):
        pytest.exit(f"mpi4py found {MPI.get_vendor()[0]} in place of {library}", returncode=1)


def pytest_collection_modifyitems(config, items):
    """Leaves out slow tests without --slow, what is marked with other numbers of ranks and, under --with-mpi, what is
    neither in tests/parallel nor marked mpi."""
    wanted = [_is_wanted(config, item) for item in items]
    config.hook.pytest_deselected(items=[item for item, keep in zip(items, wanted, strict=True) if not keep])
    items[:] = [item for item, keep in zip(items, wanted, strict=True) if keep]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    """Before pytest-timeout asks for the limit of a test."""
    give_time(item)
    return (yield)


def give_time(item) -> None:
    """The limit of a test: its own, that of a slow one, or that of all, and more where others use the machine. A limit
    that is reached ends the process, and with it all tests that come after."""
    own = item.get_closest_marker("timeout")
    if own:
        limit = own.args[0]
    elif item.get_closest_marker("slow"):
        limit = _SLOW_LIMIT_SECONDS
    else:
        limit = item.config.getini("timeout")
    if limit and item.config.getoption("timeout") is None:
        item.add_marker(pytest.mark.timeout(patience(float(limit))), append=False)


def _is_wanted(config, item) -> bool:
    if item.get_closest_marker("slow") and not config.getoption("--slow"):
        return False
    if (ranks := item.get_closest_marker("ranks")) and _SIZE not in ranks.args:
        return False
    if not config.getoption("--with-mpi"):
        return True
    serial_folders = (Path(__file__).parent / name for name in ("unit", "physics", "system", "mpich"))
    is_serial = any(folder in item.path.parents for folder in serial_folders)
    return not is_serial or item.get_closest_marker("mpi") is not None


@pytest.fixture
def comm():
    """All ranks of the job (mpi4py's COMM_WORLD); one rank without mpirun."""
    from hpcmix.parallel.process.mpi import MPI

    return MPI.COMM_WORLD


@pytest.fixture
def shared_tmp_path(comm, tmp_path) -> Path:
    """A fresh directory, the same on all ranks (rank 0's `tmp_path`)."""
    return Path(comm.bcast(str(tmp_path)))
