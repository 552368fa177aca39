"""The lock of a directory: one job has it, whoever else wants it, dies, or is slow at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcmix.io.directories.locking.holder import PATIENCE_SECONDS
from hpcmix.io.directories.locking.lock import Lock, Locked

# Leaves the lock of a job that has died.
ACQUIRE = """
import sys
from pathlib import Path

from hpcmix.io.directories.locking.lock import Lock

Lock(Path(sys.argv[1])).acquire()
"""

# Jobs that want one directory at the same moment, as forks of a small program: `jobs` of them, `trials` times, each
# time with the lock of a dead job in their way. Calls that change the directory take up to `delay` seconds, before and
# after they act. Prints the number of jobs that had the directory, for every trial.
RACE = """
import json, os, random, subprocess, sys, time
from pathlib import Path
import hpcmix.io.directories.locking.lock
from hpcmix.io.directories.locking.holder import started
from hpcmix.io.directories.locking.lock import Lock, Locked

folder, jobs, trials, delay, links = Path(sys.argv[1]), *json.loads(sys.argv[2])
chance = random.Random(trials)


def slow(owner, name, delay):
    usual = getattr(owner, name)
    def replaced(*arguments, **options):
        time.sleep(random.uniform(0.0, delay))
        try:
            return usual(*arguments, **options)
        finally:
            time.sleep(random.uniform(0.0, delay))
    setattr(owner, name, replaced)

def in_a_fork(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(9)
    return child

def leave_a_dead_lock():
    Lock(folder).acquire()
    os._exit(0)

def job(start, ends, wins):
    random.seed(os.urandom(8))
    for name in ("rename", "open", "link", "unlink") if delay else ():
        slow(os, name, delay)
    if not links:
        def refused(*arguments, **options):
            raise PermissionError(1, "Operation not permitted")
        os.link = refused
    os.read(start, 1)
    try:
        Lock(folder).acquire()
        os.write(wins, b"1")
    except Locked:
        os.write(wins, b"0")
    os.read(ends, 1)
    os._exit(0)  # without a word: its lock is the dead one of the next trial

os.waitpid(in_a_fork(leave_a_dead_lock), 0)
winners = []
for trial in range(trials):
    number = chance.randint(*jobs)
    (start, go), (ends, end), (answers, wins) = os.pipe(), os.pipe(), os.pipe()
    children = [in_a_fork(lambda: job(start, ends, wins)) for _ in range(number)]
    os.write(go, b"." * number)
    said = b""
    while len(said) < number:
        said += os.read(answers, number)
    winners.append(said.count(b"1"))
    os.write(end, b"." * number)
    for child in children:
        os.waitpid(child, 0)
    for file in (start, go, ends, end, answers, wins):
        os.close(file)
leftovers = [name for name in os.listdir(folder) if name != ".lock"]
print(json.dumps([winners, leftovers]))
"""


def race(folder, trials, delay, links=True, timeout=100.0):
    result = subprocess.run(
        [sys.executable, "-c", RACE, str(folder), json.dumps([[2, 8], trials, delay, links])],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("trials", "delay", "links"),
    [
        (30, 0.0, True),
        (5, 0.02, True),
        (10, 0.002, False),
        pytest.param(1000, 0.0, True, marks=[pytest.mark.slow, pytest.mark.timeout(3000)]),
        pytest.param(1000, 0.01, True, marks=[pytest.mark.slow, pytest.mark.timeout(3000)]),
        pytest.param(300, 0.01, False, marks=[pytest.mark.slow, pytest.mark.timeout(3000)]),
    ],
)
def test_of_jobs_that_find_a_dead_lock_exactly_one_has_the_directory(tmp_path, trials, delay, links):
    """On quick and slow file systems, with hard links and without."""
    winners, leftovers = race(tmp_path, trials, delay, links, timeout=3000.0)
    assert winners == [1] * trials
    assert [name for name in leftovers if not name.startswith(".lock.")] == []


# Jobs that have the directory one after the other, again and again, and look whether somebody else is in it; some die
# with it, some while they take it.
TURNS = """
import json, os, random, sys, time
from pathlib import Path
from hpcmix.io.directories.locking.holder import started
from hpcmix.io.directories.locking.lock import Lock, Locked

folder, jobs, seconds, delay = Path(sys.argv[1]), *json.loads(sys.argv[2])
inside, mishaps, turns = folder / "inside", folder / "mishaps", folder / "turns"

def slow(name):
    usual = getattr(os, name)
    def replaced(*arguments, **options):
        time.sleep(random.uniform(0.0, delay))
        if random.random() < 0.003:
            os._exit(0)
        return usual(*arguments, **options)
    setattr(os, name, replaced)

def holder():
    try:
        return int(os.readlink(inside))
    except FileNotFoundError:
        return None

def job():
    random.seed(os.urandom(8))
    for name in ("rename", "open", "link", "unlink"):
        slow(name)
    symlink, alive = os.symlink, lambda process: started(process) is not None  # not one that nobody has waited for
    while time.monotonic() < end:
        lock = Lock(folder)
        try:
            lock.acquire()
        except Locked:
            time.sleep(random.uniform(0.0, 0.02))
            continue
        other = holder()
        if other is not None and alive(other) and other != os.getpid():
            mishaps.write_text(f"{os.getpid()} meets {other}")
        temporary = folder / f"inside-{os.getpid()}"
        symlink(str(os.getpid()), temporary)
        os.replace(temporary, inside)
        time.sleep(random.uniform(0.0, 0.01))
        lock.touch()
        if random.random() < 0.05:
            os._exit(0)
        if holder() != os.getpid():
            mishaps.write_text(f"{os.getpid()} was joined by {holder()}")
        os.remove(inside)
        with turns.open("a") as file:
            file.write("turn\\n")
        lock.release()
    os._exit(0)

end = time.monotonic() + seconds
children = set()
while time.monotonic() < end:
    while len(children) < jobs:
        child = os.fork()
        if child == 0:
            try:
                job()
            finally:
                mishaps.write_text("a job failed")
                os._exit(9)
        children.add(child)
    ended = os.waitpid(-1, os.WNOHANG)[0]
    children.discard(ended)
    time.sleep(0.0 if ended else 0.005)
for child in children:
    os.waitpid(child, 0)
print(len(turns.read_text().splitlines()), mishaps.read_text() if mishaps.exists() else "none")
"""


@pytest.mark.parametrize(
    ("jobs", "seconds"), [(5, 4.0), pytest.param(8, 300.0, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_jobs_take_turns_and_die_and_never_meet(tmp_path, jobs, seconds):
    result = subprocess.run(
        [sys.executable, "-c", TURNS, str(tmp_path), json.dumps([jobs, seconds, 0.003])],
        capture_output=True, text=True, timeout=800.0, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    turns, mishaps = result.stdout.strip().split(" ", 1)
    assert mishaps == "none", result.stderr
    assert int(turns) > seconds


def dead_lock(folder):
    """The lock of a process that has ended."""
    subprocess.run([sys.executable, "-c", ACQUIRE, str(folder)], check=True)


def during_the_next_rename(monkeypatch, action):
    """Do something between the moment when a lock is taken for a dead one and the rename; once."""
    usual, left = os.rename, [action]

    def rename(source, target):
        if left:
            left.pop()()
        usual(source, target)

    monkeypatch.setattr(os, "rename", rename)


def test_a_lock_that_was_renewed_a_moment_ago_is_put_back(tmp_path, monkeypatch):
    """The interleaving that once gave both of two jobs the directory."""
    dead_lock(tmp_path)
    first, second = Lock(tmp_path), Lock(tmp_path)
    during_the_next_rename(monkeypatch, first.acquire)
    with pytest.raises(Locked):
        second.acquire()
    entries = json.loads((tmp_path / ".lock").read_text().splitlines()[0])
    assert entries["key"] == first._key and os.listdir(tmp_path) == [".lock"]
    first.release()
    assert os.listdir(tmp_path) == []
    second.acquire()


def test_a_lock_that_was_moved_counts_where_it_is(tmp_path):
    """Whoever moved it died before it put it back: its job still has the directory, says that it lives, and can give
    it free."""
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.acquire()
    moved = tmp_path / ".lock.moved-by-a-dead-job"
    first.path.rename(moved)
    for attempt in (second.check, second.acquire):
        with pytest.raises(Locked, match="moved-by-a-dead-job"):
            attempt()
    assert os.listdir(tmp_path) == [moved.name]
    os.utime(moved, (0.0, 0.0))
    first.touch()
    assert time.time() - moved.stat().st_mtime < 30.0
    first.release()
    assert os.listdir(tmp_path) == []
    second.acquire()


def test_a_lock_that_is_moved_while_it_is_given_free_costs_nobody_elses(tmp_path, monkeypatch):
    """Between the look at its own lock and its removal another job's has come into its place."""
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.acquire()

    def change_hands():
        first.path.rename(tmp_path / "elsewhere")
        second.acquire()

    during_the_next_rename(monkeypatch, change_hands)
    first.release()
    entries = json.loads((tmp_path / ".lock").read_text().splitlines()[0])
    assert entries["key"] == second._key


def test_an_answer_that_a_file_server_loses_is_not_believed(tmp_path, monkeypatch):
    """It has made the link, or the rename, and says of the repeated request that it cannot."""
    usual_link, usual_rename = os.link, os.rename

    def link(source, target):
        usual_link(source, target)
        raise FileExistsError

    def rename(source, target):
        usual_rename(source, target)
        raise FileNotFoundError

    dead_lock(tmp_path)
    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(os, "rename", rename)
    lock = Lock(tmp_path)
    lock.acquire()
    assert os.listdir(tmp_path) == [".lock"]
    lock.release()
    assert os.listdir(tmp_path) == []


def test_a_job_that_is_about_to_end_is_waited_for(tmp_path):
    """For a while: then it is said how long."""
    first, second, said = Lock(tmp_path), None, []
    second = Lock(tmp_path, said.append)
    first.acquire()
    first.mark_stopping()

    def leave(seconds):
        time.sleep(seconds)
        first.release()

    import threading

    thread = threading.Thread(target=leave, args=(0.5,))
    thread.start()
    second.acquire()
    thread.join()
    assert len(said) == 1 and "about to end" in said[0] and "30 s at most" in said[0]


def test_a_job_that_does_not_end_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("hpcmix.io.directories.locking.holder._ENDING_SECONDS", 0.2)
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.acquire()
    first.mark_stopping()
    with pytest.raises(Locked, match=r"about to end and has not done so within 0 s"):
        second.acquire()
    assert first.path.exists()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the processes' states of Linux")
def test_a_process_that_nobody_has_waited_for_holds_no_lock(tmp_path):
    """It has ended, and its parent, slow or gone in a container, leaves it in the table of processes."""
    with subprocess.Popen([sys.executable, "-c", ACQUIRE, str(tmp_path)]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state == "Z" and (tmp_path / ".lock").exists()
        Lock(tmp_path).acquire()


@pytest.mark.parametrize("holder", ["gone", "other machine", "this job", "unreadable"])
def test_a_stale_lock_is_recognised_and_a_fresh_one_is_not(tmp_path, monkeypatch, holder):
    monkeypatch.setenv("SLURM_JOB_ID", "77")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    first, second = Lock(tmp_path), Lock(tmp_path)
    first.acquire()
    with pytest.raises(Locked, match="job 77"):
        second.acquire()
    entries = json.loads(first.path.read_text().splitlines()[0])
    if holder == "gone":
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            entries["process"] = process.pid
    elif holder == "other machine":
        entries |= {"machine": "elsewhere", "host": "elsewhere", "job": "5"}
    elif holder == "this job":
        entries |= {"machine": "elsewhere", "restarts": ""}
    first.path.write_text("" if holder == "unreadable" else json.dumps(entries) + "\nheld\n")
    if holder in ("other machine", "unreadable"):
        with pytest.raises(Locked):
            second.acquire()
        old = time.time() - PATIENCE_SECONDS - 5.0
        os.utime(first.path, (old, old))
    second.acquire()
    if holder == "unreadable":
        first.release()  # not its own any more: it stays
        assert second.path.exists()
    second.touch()
    assert time.time() - second.path.stat().st_mtime < 30.0
    second.release()
    assert not second.path.exists() and os.listdir(tmp_path) == []
