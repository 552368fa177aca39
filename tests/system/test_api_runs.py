"""Runs that Python starts: in its own process, through mpirun, beside it; how they end."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest
from patience import patience
from system.commands import MPI_ENVIRONMENT, summary

import hpcmix
from hpcmix.api.endings import failure
from hpcmix.api.handle import launch_words
from hpcmix.api.progress import progress_of
from hpcmix.cli import main

TABLES = {
    "grid": {"points": [32], "lengths": [12.0]},
    "species": [
        {
            "name": "up",
            "particles": 10,
            "initial": {"kind": "gaussian", "width": 1.0},
            "potential": [{"kind": "harmonic", "frequency": 1.0}],
        }
    ],
    "interaction": [{"between": ["up", "up"], "kind": "contact", "strength": 0.1}],
    "time": {"final": 0.2, "step": 0.01},
    "output": {"resolution": "ignore"},
}
"""A condensate in closed form with a contact interaction: the same bits at every number of ranks (CONVENTIONS.md)."""

ENDLESS = {"time.final": 1e4, "output.observables.every": 100}
"""A million steps."""


@pytest.fixture
def problem(tmp_path, monkeypatch):
    """In a folder of its own, with what Open MPI needs."""
    monkeypatch.chdir(tmp_path)
    for name, value in MPI_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return hpcmix.Problem.from_dict(TABLES, name="clouds")


def test_the_digest_is_that_of_the_command(problem, tmp_path, monkeypatch):
    """In this process, through mpirun on two ranks, and by the command."""
    here = hpcmix.run(problem, directory="here")
    elsewhere = hpcmix.run(problem, ranks=2, directory="elsewhere")
    problem.to_toml(tmp_path / "clouds.toml")
    monkeypatch.setattr("sys.argv", ["hpcmix", "run", "clouds.toml", "--set", "output.directory=told"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    digests = {summary(tmp_path / name)["digest"] for name in ("here", "elsewhere", "told")}
    assert len(digests) == 1
    assert (here.summary["ranks"], elsewhere.summary["ranks"]) == (1, 2)
    np.testing.assert_array_equal(here.snapshots.density, elsewhere.snapshots.density)
    assert not [path.name for path in (tmp_path / "elsewhere").iterdir() if path.name.startswith(".")]


def test_a_complete_run_is_opened(problem):
    first = hpcmix.run(problem)
    again = hpcmix.run(problem)
    assert again.summary == first.summary
    assert str(first.directory) == "runs/clouds"


def test_a_ground_state(problem):
    """Of 10 particles with g = 0.1 on the trap: the virial theorem, 2 T - 2 V + I = 0, to the residual's size."""
    run = hpcmix.ground(problem.replace({"species.up.initial": {"kind": "ground-state"}}))
    energy = run.summary["energy"]
    virial = 2.0 * energy["kinetic"] - 2.0 * energy["potential"] + energy["interaction"]
    assert abs(virial) < 1e-9 * energy["total"]
    assert run.summary["ground_state"]["residual"] < 1e-10
    assert "wave_function" in run.snapshots


def test_nothing_is_said_and_everything_is_in_the_log(problem, capsys):
    run = hpcmix.run(problem)
    assert capsys.readouterr() == ("", "")
    assert "done: 20 steps" in run.log


def test_a_run_beside_this_program(problem):
    """Progress, a stop after a checkpoint, and on from there by the same call."""
    handle = hpcmix.run(problem.replace(ENDLESS), directory="beside", wait=False)
    assert handle.status is None
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0.01)
    deadline = time.monotonic() + patience(60.0)
    while (handle.progress.step or 0) < 100 and time.monotonic() < deadline:
        time.sleep(0.1)
    progress = handle.progress
    assert progress.status == "running" and progress.final == 1e4 and 0.0 < progress.share < 1.0
    handle.stop()
    with pytest.raises(hpcmix.Stopped, match=r"stopped by the file .*STOP") as caught:
        handle.wait(patience(60.0))
    assert str(caught.value.directory) == "beside"
    stopped = hpcmix.open_run("beside")
    assert stopped.progress.status == "stopped" == stopped.summary["status"]
    step = stopped.summary["step"]
    final = (step + 10) * 0.01
    run = hpcmix.run(problem.replace(ENDLESS | {"time.final": final}), directory="beside", accept_changes=True)
    assert f"step {step}" in run.log and run.summary["step"] == step + 10


def test_an_interrupted_kernel_stops_the_run(problem):
    """A SIGINT, which is what Ctrl-C and a notebook's stop button send; handlers are then what they were."""
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(hpcmix.Stopped, match="SIGINT"):
        hpcmix.run(problem.replace(ENDLESS))
    assert signal.getsignal(signal.SIGINT) is before


def wait_for_records(directory):
    """Until the run there has taken a hundred steps."""
    deadline = time.monotonic() + patience(60.0)
    while (progress_of(directory).step or 0) < 100:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_an_interruption_stops_the_processes_that_are_waited_for(problem):
    """Of a launcher, which knows nothing of signals that this program gets."""

    def interrupt():
        wait_for_records("runs/clouds")
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(hpcmix.Stopped, match="STOP"):
        hpcmix.run(problem.replace(ENDLESS), launcher="env")
    thread.join()


@pytest.mark.slow
def test_a_run_that_is_ended_goes_on_from_its_checkpoint(problem):
    endless = problem.replace(ENDLESS | {"output.checkpoints.every": 50})
    handle = hpcmix.run(endless, wait=False)
    wait_for_records("runs/clouds")
    handle.end()
    with pytest.raises(hpcmix.RunFailed):
        handle.wait()
    again = hpcmix.run(endless, wait=False)
    deadline = time.monotonic() + patience(60.0)
    while "going on from runs/clouds/checkpoints" not in hpcmix.open_run("runs/clouds").log:
        assert again.status is None and time.monotonic() < deadline
        time.sleep(0.1)
    again.end()
    assert again.status is not None


def test_a_launcher_that_hides_how_its_ranks_ended(problem):
    pole = problem.replace({"species.up.potential": [{"kind": "expression", "value": "1/x"}]})
    with pytest.raises(hpcmix.RunFailed, match="is not finite at x = 0"):
        hpcmix.run(pole, launcher="""sh -c '"$@"; exit 0' sh""")


def test_max_wall_counts_from_the_call(problem):
    """This process is older than that."""
    begin = time.monotonic()
    with pytest.raises(hpcmix.Stopped, match="--max-wall"):
        hpcmix.run(problem.replace(ENDLESS), max_wall="0.5s")
    assert time.monotonic() - begin > 0.4


def test_a_solution_that_is_lost(problem):
    """A contact interaction a hundred thousand times as strong, with the same steps."""
    wild = problem.replace({"interaction.0.strength": 1e4})
    with pytest.raises(hpcmix.BlewUp, match="energy is not conserved") as caught:
        hpcmix.run(wild)
    assert caught.value.status == 3
    assert hpcmix.open_run(caught.value.directory).summary["status"] == "failed"


def test_a_directory_that_holds_another_run(problem):
    hpcmix.run(problem)
    with pytest.raises(hpcmix.BadInput, match=r"time.step"):
        hpcmix.run(problem.replace({"time.step": 0.02}))


def test_no_checkpoint_to_go_on_from(problem, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(hpcmix.RunFailed) as caught:
        hpcmix.run(problem, restart=tmp_path / "empty")
    assert isinstance(caught.value, (hpcmix.NoCheckpoint, hpcmix.BadInput))


def test_mistakes_of_the_call(problem):
    with pytest.raises(hpcmix.BadInput, match="at least 1"):
        hpcmix.run(problem, ranks=0)
    with pytest.raises(hpcmix.BadInput, match='"auto" or "never"'):
        hpcmix.ground(problem, restart="maybe")
    with pytest.raises(hpcmix.BadInput, match="max_wall"):
        hpcmix.run(problem, max_wall="soon")
    with pytest.raises(hpcmix.BadInput, match="ranks}"):
        hpcmix.run(problem, ranks=2, launcher="srun")
    with pytest.raises(hpcmix.BadInput, match="whole number"):
        hpcmix.run(problem, ranks="2")
    with pytest.raises(hpcmix.BadInput, match="max_wall: must be seconds"):
        hpcmix.run(problem, max_wall=-1)
    with pytest.raises(hpcmix.BadInput, match=r"launcher must say .* not 5"):
        hpcmix.run(problem, ranks=2, launcher=5)
    with pytest.raises(hpcmix.BadInput, match="is no command"):
        hpcmix.run(problem, ranks=2, launcher="mpirun '-n {ranks}")
    with pytest.raises(hpcmix.BadInput, match="not from a table"):
        hpcmix.run(problem.to_dict())
    with pytest.raises(hpcmix.RunFailed, match='there is no program "no-such-launcher"'):
        hpcmix.run(problem, ranks=2, launcher="no-such-launcher -n {ranks}")
    with pytest.raises(hpcmix.BadInput, match="ranks"):
        hpcmix.run(problem, ranks=1000)


def test_what_only_the_processes_find_out(problem):
    """An expression with a pole on the grid is the same sentence in this process and, from a thread, in another:
    signals are the main thread's alone."""
    pole = problem.replace({"species.up.potential": [{"kind": "expression", "value": "1/x"}]})
    with pytest.raises(hpcmix.BadInput) as here:
        hpcmix.run(pole)
    elsewhere = []

    def in_a_thread():
        try:
            hpcmix.run(pole)
        except hpcmix.BadInput as error:
            elsewhere.append(str(error))

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join(60.0)
    (finding,) = here.value.findings
    assert elsewhere == [f"{finding.key}: {finding.message}"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(1, hpcmix.RunFailed), (2, hpcmix.BadInput), (3, hpcmix.BlewUp), (4, hpcmix.NoCheckpoint), (75, hpcmix.Stopped)],
)
def test_exit_statuses_as_exceptions(status, kind):
    error = failure(status, "why")
    assert type(error) is kind and error.status == status and str(error) == "why"
    assert type(failure(-9, "killed")) is hpcmix.RunFailed


def test_words_of_launchers():
    assert launch_words("srun -n {ranks} --mpi=pmix", 4) == ["srun", "-n", "4", "--mpi=pmix"]
    assert launch_words("", 1) == []
