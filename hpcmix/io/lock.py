"""The lock that keeps two jobs out of one directory, and how one that a dead job left behind is recognised."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcmix.io.atomic import OutputError, explained

HEARTBEAT_SECONDS = 15.0
"""How often a living job touches its lock."""

PATIENCE_SECONDS = 120.0
"""How long a lock of another machine counts after the last heartbeat: some of them may be late on a busy file
system."""


class Locked(OutputError):
    """Another job is at work in the directory; the text says which."""


class Lock:
    """The file ``.lock`` in a run's directory. For the root rank."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / ".lock"
        self._mine: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise :class:`Locked` when a living job holds the directory."""
        holder = self._holder()
        if holder is not None and not self._stale(holder):
            raise Locked(self._sentence(holder))

    def acquire(self) -> None:
        """Take the directory, from a dead job if need be. Raises :class:`Locked`, or :class:`OutputError`."""
        mine = _identity() | {"key": os.urandom(8).hex()}
        for _ in range(10):
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                self.check()
                with suppress(FileNotFoundError):  # another job may be recognising it at the same moment
                    os.rename(self.path, self.path.with_name(f".lock.stale-{os.getpid()}"))
                    os.unlink(self.path.with_name(f".lock.stale-{os.getpid()}"))
                continue
            except OSError as error:
                raise explained(error, self.path) from error
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(mine) + "\n")
            self._mine = mine
            return
        raise Locked(f"{self.path} changes hands too quickly; is more than one job being started here?")

    def touch(self) -> None:
        """Say that this job is alive."""
        if self._mine is not None:
            with suppress(OSError):
                os.utime(self.path)

    def release(self) -> None:
        """Give the directory free, if the lock is still ours."""
        if self._mine is not None and self._holder() == self._mine:
            with suppress(OSError):
                os.unlink(self.path)
        self._mine = None

    def _holder(self) -> dict[str, Any] | None:
        """What the lock says of its owner; an empty table when it cannot be understood."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _stale(self, holder: Mapping[str, Any]) -> bool:
        """Whether the owner is gone: its process on this machine, or its heartbeat on another one."""
        mine = _identity()
        if holder.get("machine") == mine["machine"]:
            return _started(int(holder.get("process", 0))) != holder.get("process_started")
        if mine["job"] and holder.get("job") == mine["job"] and holder.get("restarts") != mine["restarts"]:
            return True  # an earlier incarnation of this very job: Slurm has ended it before it started this one
        return self._silent_for() > PATIENCE_SECONDS

    def _silent_for(self) -> float:
        """Seconds since the last heartbeat, by the clock of the file system: those of two machines may differ."""
        probe = self.path.with_name(f".clock-{os.getpid()}")
        try:
            probe.write_text("")
            now = probe.stat().st_mtime
            probe.unlink()
            return now - self.path.stat().st_mtime
        except FileNotFoundError:
            return float("inf")
        except OSError as error:
            raise explained(error, self.path) from error

    def _sentence(self, holder: Mapping[str, Any]) -> str:
        job = f" (job {holder['job']})" if holder.get("job") else ""
        since = f" since {holder['since']}" if holder.get("since") else ""
        process, host = holder.get("process", "?"), holder.get("host", "?")
        return (
            f"{self.path.parent} is in use by process {process} on {host}{job}{since}; "
            f"wait for it, or remove {self.path} if it is dead (after {PATIENCE_SECONDS:.0f} s without a sign of life "
            "that is not needed)"
        )


def _identity() -> dict[str, Any]:
    """Who this process is. `machine` is equal where process numbers mean the same: one boot of one kernel, one
    container."""
    return {
        "host": socket.gethostname(),
        "machine": f"{socket.gethostname()} {_boot()} {_namespace()}",
        "process": os.getpid(),
        "process_started": _started(os.getpid()),
        "job": os.environ.get("SLURM_JOB_ID", ""),
        "restarts": os.environ.get("SLURM_RESTART_COUNT", ""),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process of this machine started, in ticks since boot; None when there is none, or one that has ended and
    is only waiting for its parent to notice (in a container whose first process is slow at that, for seconds)."""
    try:
        # the second entry is the name in brackets, which may hold blanks
        state, *others = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return None if state in "ZX" else others[18]
    except (OSError, ValueError, IndexError):
        return None
