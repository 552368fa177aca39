"""The machine that measured times belong to: processor, cores, caches, memory, and the instructions the kernels use."""

from __future__ import annotations

import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcmix.kernels import dispatch

_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def describe_machine() -> dict[str, Any]:
    """What is known of this machine; what the system does not tell is left out."""
    entries = {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instructions": processor_instructions(),
        "kernels": kernel_instructions(),
        "caches": _caches(),
        "memory_bytes": _memory_bytes(),
        "system": platform.platform(terse=True),
    }
    return {name: value for name, value in entries.items() if value}


def machine_line(machine: dict[str, Any]) -> str:
    """The same in one line."""
    caches = ", ".join(f"{name} {size}" for name, size in machine.get("caches", {}).items())
    parts = [
        str(machine.get("processor", "unknown processor")),
        f"{machine.get('cores', '?')} cores",
        f"{machine.get('instructions', 'unknown instructions')} (kernels: {machine.get('kernels')})",
        f"caches {caches}" if caches else "",
        f"{machine['memory_bytes'] / 2**30:.0f} GiB" if "memory_bytes" in machine else "",
    ]
    return "; ".join(part for part in parts if part)


def kernel_instructions() -> str:
    """The instruction set that the compiled kernels run with, or "numpy"."""
    implementation = dispatch.implementation()
    return implementation.instruction_set() if hasattr(implementation, "instruction_set") else "numpy"


def processor_instructions(flags: str | None = None) -> str:
    """The widest vector instructions of the processor, as far as Linux tells: "AVX-512", "AVX2" or "baseline"."""
    if flags is None:
        flags = _cpu_entry("flags") or ""
    names = set(flags.split())
    if {"avx512f", "avx512dq", "avx512vl"} <= names:
        return "AVX-512"
    return "AVX2" if "avx2" in names else "baseline"


def _processor() -> str:
    return _cpu_entry("model name") or platform.processor()


def _cpu_entry(name: str) -> str:
    with suppress(OSError):
        match = re.search(rf"^{name}\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        return match[1].strip() if match else ""
    return ""


def _caches() -> dict[str, str]:
    """Sizes of the data caches as the first core sees them, by level."""
    sizes = {}
    for index in sorted(_CACHES.glob("index*")):
        with suppress(OSError):
            if (index / "type").read_text().strip() != "Instruction":
                sizes[f"L{(index / 'level').read_text().strip()}"] = (index / "size").read_text().strip()
    return sizes


def _memory_bytes() -> int:
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0
