"""Who holds the lock of a directory: what its file says, and whether that job is still alive."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.io.documents.atomic import explained
from hpcmix.parallel.job.launcher import RANK_VARIABLES

PATIENCE_SECONDS = 120.0
"""How long a lock of another machine counts after the last heartbeat: some of them may be late on a busy file
system."""

HELD, STOPPING = "held", "stopping"
"""Lines that a job adds to its lock: it has made sure that the directory is its own; it was asked to end."""

_CLAIM_SECONDS = 10.0
"""How long one waits for a job that is just taking the directory: it may withdraw, or die on the way."""
_ENDING_SECONDS = 30.0
"""How long one waits for a job that is about to end: it may be writing its last checkpoint."""


@dataclass(frozen=True)
class Holder:
    """What the file `path` says of the job that holds the directory.

    entries  who it is, :func:`identity`; empty where that cannot be understood.
    notes    the lines that it added: :data:`HELD`, :data:`STOPPING`.
    """

    path: Path
    entries: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Holder | None:
        """The holder by its file; None where there is no file."""
        try:
            first, *notes = path.read_text(encoding="utf-8").splitlines() or [""]
            entries = json.loads(first)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError):
            return cls(path, {})
        return cls(path, entries, tuple(notes)) if isinstance(entries, dict) else cls(path, {})

    @property
    def key(self) -> str:
        """What tells two jobs apart, whatever else is equal."""
        return str(self.entries.get("key", ""))

    @property
    def in_words(self) -> str:
        """Which process it is, where, and since when."""
        since = f", since {self.entries['since']}" if self.entries.get("since") else ""
        return f"process {self.entries.get('process', '?')} on {self.entries.get('host', '?')}{since}"

    def is_gone(self) -> bool:
        """Whether the job has ended: its process on this machine, or its heartbeat on another one."""
        mine = identity()
        if self.entries.get("machine") == mine["machine"]:
            return started(self._process) != self.entries.get("process_started")
        if mine["job"] and self.entries.get("job") == mine["job"] and self.entries.get("restarts") != mine["restarts"]:
            return True  # an earlier incarnation of this very job: Slurm has ended it before it started this one
        return self._silent_for() > PATIENCE_SECONDS

    @property
    def is_ending(self) -> bool:
        """Whether the job was asked to end, or has lost the launcher that started it, which comes to the same."""
        if STOPPING in self.notes:
            return True
        launcher = self.entries.get("launcher")
        if not launcher or self.entries.get("machine") != identity()["machine"]:
            return False
        return _parent(self._process) not in (launcher, None)

    @property
    def patience(self) -> float:
        """How many seconds it is worth to wait for the directory."""
        if self.is_ending:
            return _ENDING_SECONDS
        return _CLAIM_SECONDS if self.entries.get("claims") and HELD not in self.notes else 0.0

    def sentence(self, waited: float) -> str:
        """Why the directory cannot be used, and what to do."""
        job = f" (job {self.entries['job']})" if self.entries.get("job") else ""
        since = f" since {self.entries['since']}" if self.entries.get("since") else ""
        host = self.entries.get("host", "?")
        state = ""
        if waited and self.is_ending:
            state = f", which is about to end and has not done so within {waited:.0f} s"
        return (
            f"{self.path.parent} is in use by process {self.entries.get('process', '?')} on {host}{job}{since}{state}; "
            f"wait for it, or remove {self.path} if it is dead (after {PATIENCE_SECONDS:.0f} s without a sign of life "
            "that is not needed)"
        )

    @property
    def _process(self) -> int:
        try:
            return int(self.entries.get("process", 0))
        except (TypeError, ValueError):
            return 0

    def _silent_for(self) -> float:
        """Seconds since the last heartbeat, by the clock of the file system: those of two machines may differ."""
        probe = self.path.with_name(f".clock-{os.urandom(8).hex()}")
        try:
            probe.write_text("")
            now = probe.stat().st_mtime
            return now - self.path.stat().st_mtime
        except FileNotFoundError:
            return float("inf")
        except OSError as error:
            raise explained(error, self.path) from error
        finally:
            with suppress(OSError):
                probe.unlink()


def identity() -> dict[str, Any]:
    """Who this process is. `machine` is equal where process numbers mean the same: one boot of one kernel, one
    container. `launcher` is the process that started this one as a rank; 0 where nothing did."""
    ranked = any(name in os.environ for name in RANK_VARIABLES if name != "SLURM_PROCID")  # a batch script has that too
    return {
        "host": socket.gethostname(),
        "machine": f"{socket.gethostname()} {_boot()} {_namespace()}",
        "process": os.getpid(),
        "process_started": started(os.getpid()),
        "launcher": os.getppid() if ranked else 0,
        "job": os.environ.get("SLURM_JOB_ID", ""),
        "restarts": os.environ.get("SLURM_RESTART_COUNT", ""),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def started(process: int) -> str | None:
    """When a process of this machine started, in ticks since boot; None when there is none, or one that has ended and
    is only waiting for its parent to notice (in a container whose first process is slow at that, for seconds)."""
    entries = _entries_of(process)
    return None if not entries or entries[0] in "ZX" else entries[19]


def _parent(process: int) -> int | None:
    """The process that is the parent of another one of this machine; None where that one has ended."""
    entries = _entries_of(process)
    return int(entries[1]) if entries else None


def _entries_of(process: int) -> list[str]:
    """State, parent and all that Linux tells of a process; empty when there is none."""
    try:
        # the second entry is the name in brackets, which may hold blanks
        entries = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return entries if len(entries) > 19 else []
    except OSError:
        return []


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
