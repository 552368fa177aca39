"""A command hears signals, the clock and the file STOP from its first moment on: it ends within seconds, says why,
leaves nothing that stands in the way of the next one, and that comes to the numbers of a run that nobody disturbed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from tests.patience import patience
from tests.system.commands import COMMAND, clean_environment, hpcmix, summary
from tests.system.faults import CLOCK, PROBLEM, run_with

TRAP = (
    PROBLEM[: PROBLEM.index("[[species]]")]
    + """
[[species]]
name = "up"
particles = 100.0
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 1.0
"""
    + PROBLEM[PROBLEM.index("[time]") :].replace("step = 0.01", "step = 0.001").replace("final = 0.4", "final = 0.04")
)

PATIENCE = 250.0
"""Seconds after which a command counts as hanging: more than it takes on a machine that is busy with other tests."""

WORDS = {"SIGINT": "SIGINT (Ctrl-C)", "SIGTERM": "SIGTERM", "SIGUSR1": "SIGUSR1"}

IMPORTS = """
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            disturb()
sys.meta_path.insert(0, Slow())
"""
SET_UP = """
import hpcmix.running.simulation as target
usual = target.build_mixture
def slow(*arguments):
    disturb()
    return usual(*arguments)
target.build_mixture = slow
"""
SEARCH = """
import hpcmix.initial.descent.conjugate_gradients as target
usual = target.ConjugateGradients.move
def slow(self):
    disturb()
    usual(self)
target.ConjugateGradients.move = slow
"""
PHASES = {"imports": IMPORTS, "set-up": SET_UP, "search": SEARCH}

DISTURB = """
import time
def disturb():
    '''The rank is told to end, and sits in a long call, as the others do.'''
    if os.environ.get("OMPI_COMM_WORLD_RANK", "0") in {victims!r}:
        os.kill(os.getpid(), {signal!r})
    time.sleep(1000)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "waves.toml").write_text(PROBLEM)
    (tmp_path / "trap.toml").write_text(TRAP)
    return tmp_path


@pytest.fixture(scope="module")
def whole_runs(tmp_path_factory):
    """Digests of runs that nobody disturbs and the seconds that they took, by file and number of ranks; made when they
    are needed."""
    found = {}

    def whole(name, ranks):
        if (name, ranks) not in found:
            folder, begin = tmp_path_factory.mktemp("whole"), time.monotonic()
            (folder / "waves.toml").write_text(PROBLEM)
            (folder / "trap.toml").write_text(TRAP)
            assert hpcmix("run", name, ranks=ranks, folder=folder, timeout=PATIENCE).returncode == 0
            found[name, ranks] = summary(folder / "out")["digest"], time.monotonic() - begin
        return found[name, ranks]

    return whole


def last_line(folder, name="run.log"):
    return (folder / "out" / name).read_text().splitlines()[-1]


def is_free(folder):
    """Whether no lock is in the next job's way."""
    from hpcmix.io.directories.locking.lock import Lock

    return Lock(folder / "out").holder() is None


CASES = [
    # phase, signal, ranks, which of them get it
    ("imports", "SIGINT", 3, "1"),
    ("set-up", "SIGTERM", 1, "0"),
    ("search", "SIGUSR1", 3, "012"),
]
ALL_CASES = [
    (phase, name, ranks, victims)
    for phase in PHASES
    for name in WORDS
    for ranks, victims in [(1, "0"), (2, "0"), (2, "01"), (3, "2"), (3, "012")]
]


@pytest.mark.parametrize(
    ("phase", "name", "ranks", "victims"),
    [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in ALL_CASES if case not in CASES)],
)
def test_a_signal_before_the_first_step_ends_the_job_with_a_word(folder, whole_runs, phase, name, ranks, victims):
    """Whatever the main thread does: it sits in a call that takes a quarter of an hour, on all ranks."""
    patch = DISTURB.format(victims=list(victims), signal=int(getattr(signal, name))) + PHASES[phase]
    result = run_with(patch, "run", "trap.toml", folder=folder, ranks=ranks)
    assert result.returncode == 1, result.stderr
    said = [line for line in result.stderr.splitlines() if line.startswith("hpcmix: ")]
    assert "Traceback" not in result.stderr and said
    assert f"stopped by {WORDS[name]} before" in said[0]
    if phase == "imports":
        assert not (folder / "out").exists()
    else:
        assert f"stopped by {WORDS[name]} before there was a state to go on from" in last_line(folder)
        assert summary(folder / "out")["message"] == last_line(folder) and summary(folder / "out")["ranks"] == ranks
        shown = hpcmix("show", "out", folder=folder).stdout
        assert f"reason    stopped by {WORDS[name]}" in shown and "the same command begins anew" in shown
        assert is_free(folder)
    again = hpcmix("run", "trap.toml", ranks=ranks, folder=folder)
    assert again.returncode == 0, again.stderr
    assert summary(folder / "out")["digest"] == whole_runs("trap.toml", ranks)[0]


@pytest.mark.parametrize("ranks", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_job_that_goes_on_is_stopped_before_its_first_step(folder, whole_runs, ranks):
    """There is a checkpoint: the status says that it is worth to go on, and nothing of before is lost."""
    # half of the way, in steps of the whole
    first = hpcmix("run", "waves.toml", "--set", "time.final=0.2", ranks=ranks, folder=folder)
    assert first.returncode == 0, first.stderr
    disturb = DISTURB.format(victims=["0"], signal=int(signal.SIGTERM))
    result = run_with(disturb + SET_UP, "restart", "out", "--until", "0.4", folder=folder, ranks=ranks)
    assert result.returncode == 75, result.stderr
    assert "stopped by SIGTERM before the first step of this job: hpcmix restart out goes on from step 20" in (
        last_line(folder)
    )
    assert summary(folder / "out")["status"] == "stopped"
    assert hpcmix("restart", "out", "--until", "0.4", ranks=ranks, folder=folder).returncode == 0
    assert summary(folder / "out")["digest"] == whole_runs("waves.toml", ranks)[0]


def test_the_clock_the_file_and_the_watchdog_work_before_the_first_step(folder):
    sleeping = DISTURB.format(victims=[], signal=0) + SET_UP
    result = run_with(CLOCK + sleeping, "run", "trap.toml", "--max-wall", "5s", folder=folder)
    assert result.returncode == 1 and "stopped by --max-wall before there was a state" in result.stderr
    assert "stopped by --max-wall" in last_line(folder) and is_free(folder)
    (folder / "out" / "STOP").touch()
    result = run_with(sleeping, "ground", "trap.toml", folder=folder)
    assert result.returncode == 1 and "stopped by the file out/STOP before there was a state" in result.stderr
    assert not (folder / "out" / "STOP").exists()
    # reading libraries is given 20 s, whatever the limit
    sooner = "import hpcmix.running.stops.watchdog as target\ntarget._START_SECONDS = 0.0\n"
    for phase in (IMPORTS, SET_UP):
        sleeping = sooner + DISTURB.format(victims=[], signal=0) + phase
        result = run_with(sleeping, "run", "trap.toml", folder=folder, environment={"HPCMIX_HANG_SECONDS": "8"})
        assert result.returncode == 1 and "in disturb" in result.stderr
    assert "no progress for 8 s" in summary(folder / "out")["message"]
    assert hpcmix("run", "trap.toml", folder=folder).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("bench", "waves.toml"), 1, "before the end of the benchmark, which keeps nothing"),
        (("ground", "trap.toml"), 1, "before"),
        (("check", "conservation", "waves.toml"), 1, "before a part of the study was done"),
        (("check", "conservation", "waves.toml", "--max-wall", "5s"), 1, "stopped by --max-wall before a part"),
    ],
    ids=["bench", "ground", "check", "check-max-wall"],
)
def test_every_command_that_computes_can_be_stopped_while_it_is_set_up(folder, arguments, status, words):
    victims = [] if "--max-wall" in arguments else ["0"]
    patch = CLOCK + DISTURB.format(victims=victims, signal=int(signal.SIGTERM)) + SET_UP
    result = run_with(patch, *arguments, folder=folder)
    assert result.returncode == status, result.stderr
    assert words in result.stderr and "Traceback" not in result.stderr
    if arguments[0] == "check":
        assert words in last_line(folder, "check.log")
        again = hpcmix(*arguments[:3], folder=folder)
        assert again.returncode == 0, again.stderr


def test_a_scaling_study_can_be_stopped_before_its_first_repeat(folder):
    patch = (
        DISTURB.format(victims=["0"], signal=int(signal.SIGTERM))
        + """
import hpcmix.studies.scaling.command as target
usual = target.Store.begin
def slow(self, *arguments):
    usual(self, *arguments)
    disturb()
target.Store.begin = slow
"""
    )
    arguments = ("scaling", "waves.toml", "--ranks", "1", "--repeats", "1", "--steps", "5", "--output", "out")
    result = run_with(patch, *arguments, folder=folder)
    assert result.returncode == 1 and "stopped by SIGTERM before anything was written" in result.stderr
    again = hpcmix(*arguments, folder=folder)
    assert again.returncode == 0, again.stderr
    assert "going on with the study in out" in again.stdout


# ------------------------------------------------------------------------------------------------- at random moments


@contextmanager
def started(folder, *arguments, ranks):
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    process = subprocess.Popen(
        [*launcher, *COMMAND, *arguments], cwd=folder, env=clean_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ranks_of(process):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in listed.stdout.split()]


def disturbed(folder, arguments, ranks, chance, longest):
    """Start a command and send a signal at a random moment, to somebody. Gives its status, what it said, and the
    signal."""
    with started(folder, *arguments, ranks=ranks) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.0, longest))
        name = chance.choice([*WORDS, "SIGKILL"])
        victims = (
            [process.pid] if ranks == 1 else chance.choice([[process.pid], ranks_of(process), ranks_of(process)[-1:]])
        )
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(victim, getattr(signal, name))
        said = "".join(process.communicate(timeout=patience(PATIENCE)))
        return process.returncode, said, name


@pytest.mark.parametrize(
    ("kind", "number"),
    [  # a mark of the function would be heard before that of a case
        *(
            pytest.param(kind, number, marks=pytest.mark.timeout(900))
            for kind, number in (("run", 2), ("ground", 1), ("check", 1))
        ),
        *(
            pytest.param(kind, 40, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])
            for kind in ("run", "ground", "check")
        ),
    ],
)
def test_signals_and_kills_at_random_moments_from_the_first_on(folder, whole_runs, kind, number):
    """To one rank, to all, to mpirun: the job ends, its directory tells the truth, and the same command goes on, or
    begins anew, or says that all is done."""
    chance = random.Random(number)
    arguments = {
        "run": ("run", "trap.toml"),
        "ground": ("ground", "trap.toml"),
        "check": ("check", "conservation", "waves.toml"),
    }[kind]
    longest = whole_runs("trap.toml", 1)[1]
    for _ in range(number):
        if chance.random() < 0.5:
            shutil.rmtree(folder / "out", ignore_errors=True)
        ranks = chance.choice([1, 2, 3])
        status, said, name = disturbed(folder, arguments, ranks, chance, longest)
        # Ctrl-C while Python itself starts, before any line of hpcmix
        assert said.count("Traceback") == said.count("\nKeyboardInterrupt"), said
        if (folder / "out" / "check.log").exists():
            shown = hpcmix("show", "out", folder=folder)
            assert shown.returncode == 0 and "check of a claim" in shown.stdout, shown.stderr
        elif (folder / "out" / "run.log").exists():
            shown = hpcmix("show", "out", folder=folder)
            assert shown.returncode == 0, shown.stderr
            told = summary(folder / "out") if (folder / "out" / "summary.json").exists() else {}
            assert told.get("status") != "done" or kind != "run" or told["step"] == 40
            if told.get("status") == "failed":
                assert "stopped by" in told["message"]
            if told.get("status") not in ("done", "failed", "stopped"):
                assert "not finished" in shown.stdout or "at work" in shown.stdout
        again = hpcmix(*arguments, ranks=ranks, folder=folder, timeout=PATIENCE)
        assert again.returncode == 0, (status, said, name, again.stdout, again.stderr)
        if kind == "run" and not summary(folder / "out").get("ancestors"):  # all of it by one job, on its ranks
            assert summary(folder / "out")["digest"] == whole_runs("trap.toml", summary(folder / "out")["ranks"])[0]
        elif kind == "check":
            assert json.loads((folder / "out" / "claim.json").read_text())["holds"] is not None


def test_a_second_order_to_mpirun_leaves_ranks_that_a_restart_waits_for(folder):
    """It ends at once then, and its ranks, which are about to write their checkpoint, are on their own."""
    settings = ("--set", "time.final=400.0", "--set", "output.observables={every=1000}")
    with started(folder, "run", "waves.toml", *settings, ranks=2) as process:
        while not list((folder / "out" / "checkpoints").glob("*.h5")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=patience(60))
        result = hpcmix("restart", "out", "--until", "0.5", folder=folder)
    assert "is in use" not in result.stderr, result.stderr
    assert result.returncode in (0, 2), result.stderr  # 2: the checkpoint is beyond that time


# ------------------------------------------------------------------------------------------------------ what is told


def test_a_run_that_never_began_says_what_became_of_it(folder):
    """Also where not even its problem file was written."""
    (folder / "out").mkdir()
    (folder / "out" / "run.log").write_text("starting from the beginning in out\n")
    result = hpcmix("restart", "out", folder=folder)
    assert result.returncode == 4
    assert "holds a run that never began" in result.stderr and "it left no word" in result.stderr
    assert "hpcmix run FILE begins it" in result.stderr
    (folder / "empty").mkdir()
    result = hpcmix("restart", "empty", folder=folder)
    assert result.returncode == 2 and "empty: holds no run of hpcmix" in result.stderr
    failed = hpcmix("run", "trap.toml", "--set", "ground_state.max_iterations=2", folder=folder)
    assert failed.returncode == 1
    shown = hpcmix("show", "out", folder=folder).stdout
    assert "status    failed" in shown and "after 2 iterations" in shown
    assert "the same command goes on with the search that is kept in out/ground-state-search.h5" in shown
    assert hpcmix("restart", "out", folder=folder).returncode == 1  # the same again: it knows its problem
    assert "after 2 iterations" in summary(folder / "out")["message"]


def test_finished_work_is_done_and_other_work_is_left_alone(folder):
    for arguments in (
        ("ground", "trap.toml"),
        ("check", "conservation", "waves.toml", "--set", "output.directory=check"),
    ):
        assert hpcmix(*arguments, folder=folder).returncode == 0
        again = hpcmix(*arguments, folder=folder)
        assert again.returncode == 0 and "nothing to do" in again.stdout, again.stderr
        other = hpcmix(*arguments, "--set", "grid.lengths=[21.0]", folder=folder)
        assert other.returncode == 4 and "is left as it is" in other.stderr


def test_an_interrupted_first_output_is_moved_aside_and_begun_anew(folder):
    """A job that was killed between its first record and its summary."""
    assert hpcmix("ground", "trap.toml", folder=folder).returncode == 0
    (folder / "out" / "summary.json").unlink()
    again = hpcmix("ground", "trap.toml", folder=folder)
    assert again.returncode == 0, again.stderr
    assert "now in" in again.stdout and (folder / "out.previous-1" / "snapshots" / "000000.h5").exists()
    assert summary(folder / "out")["status"] == "done"
