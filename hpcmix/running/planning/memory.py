"""How much memory this process holds, from Linux's /proc. Imports no MPI.

What ranks of one node share is resident in each of them; here every rank counts its proportional part, so that the sum
over the ranks is what the node holds.
"""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from pathlib import Path

_PROCESS = Path("/proc/self")


class MemoryMeter:
    """The peak of this process above what it held when the meter was made.

    Make it before fields are allocated; call :meth:`restart` after the set-up, so that what was needed in passing there
    does not count; then :meth:`beyond_baseline`.
    """

    def __init__(self) -> None:
        self._baseline = _own_bytes("VmRSS")

    def restart(self) -> None:
        """Forget the peak so far. Where the system does not let us, the peak of the set-up counts too."""
        with suppress(OSError):
            (_PROCESS / "clear_refs").write_text("5")

    def beyond_baseline(self) -> int | None:
        """Bytes of the peak since :meth:`restart` beyond the baseline; None where the system does not tell."""
        peak = _own_bytes("VmHWM")
        return None if peak is None or self._baseline is None else max(0, peak - self._baseline)


def _own_bytes(kind: str) -> int | None:
    """Resident bytes, now (VmRSS) or at the peak (VmHWM), with this process's part of the shared ones."""
    try:
        status = (_PROCESS / "status").read_text()
        shared = (_PROCESS / "smaps_rollup").read_text()
    except OSError:
        return None
    resident, resident_shared = _entry(status, kind), _entry(status, "RssShmem")
    proportional = _entry(shared, "Pss_Shmem")
    if resident is None:
        return None
    if resident_shared is None or proportional is None:  # an old kernel: shared memory counts whole
        return resident
    return resident - resident_shared + proportional


def _entry(text: str, name: str) -> int | None:
    """An entry such as ``VmRSS:   1234 kB`` in bytes."""
    match = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return None if match is None else int(match[1]) * 1024


def release_freed_memory() -> None:
    """Give pages that were freed inside the heap back to the system, where the C library can (glibc).

    Arrays up to 32 MB come from the heap, which by itself shrinks only from its end: what set-up and ground state have
    used in passing would stay with the process (measured: as much as the fields of a run).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
