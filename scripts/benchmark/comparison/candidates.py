"""Who takes part: what each candidate can compute, whether it is installed, and how it is started."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comparison import xmds
from comparison.problem import Case
from comparison.turns import Contestant, Failed

PROGRAMS = Path(__file__).resolve().parent / "programs"


@dataclass(frozen=True)
class Candidate:
    """A program that takes turns.

    name       in the tables.
    unit       what a unit of work is: "step", "pair" (of transforms) or "evolution".
    start      makes the contestant for a case and a number of ranks.
    missing    a sentence when it is not installed, else None.
    tolerance  of its state against hpcmix's (relative, the larger of the components), or of the round trip for pairs.
    fields     complex fields that it holds in memory, roughly, per component: what decides how many run side by side.
    threaded   runs as one process with threads where others run with ranks.
    check      makes the contestant whose state is compared, where that is another program than the timed one.
    """

    name: str
    unit: str
    start: Callable[[Case, int], Contestant]
    missing: Callable[[], str | None]
    tolerance: float
    fields: float
    threaded: bool = False
    check: Callable[[Case, int], Contestant] | None = None


def _python(module: str, *, under_mpi: bool, has_state: bool = True) -> Callable[[Case, int], Contestant]:
    def start(case: Case, ranks: int) -> Contestant:
        return Contestant(
            [sys.executable, "-m", f"comparison.programs.{module}", case.to_json()],
            ranks if under_mpi else 1,
            under_mpi=under_mpi,
            threads=1 if under_mpi else ranks,
            state_bytes=case.components * case.field_bytes if has_state else 0,
        )

    return start


def _needs(*modules: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        absent = [module for module in modules if importlib.util.find_spec(module) is None]
        return f"not installed: {', '.join(absent)}" if absent else None

    return missing


def _xmds_start(writes_state: bool) -> Callable[[Case, int], Contestant]:
    def start(case: Case, ranks: int) -> Contestant:
        under_mpi = ranks > 1  # a user on one core leaves MPI out
        program = xmds.build(case, build_folder(), under_mpi, writes_state)
        length = case.final if case.integrator in xmds.ADAPTIVE else case.step
        return Contestant(
            [str(program), "--interval_length", repr(length)],
            ranks,
            under_mpi=under_mpi,
            state_bytes=case.components * case.field_bytes if writes_state else 0,
        )

    return start


def _xmds_missing() -> str | None:
    return None if shutil.which("xmds2") else "not installed: xmds2"


def _fftw(order: str) -> Callable[[Case, int], Contestant]:
    def start(case: Case, ranks: int) -> Contestant:
        distributed = bool(order)
        program = compile_c("fftw_pair", ["-DTURNS_MPI"] if distributed else [], _fftw_libraries(distributed))
        return Contestant([str(program), str(case.points), *([order] if order else [])], ranks, under_mpi=distributed)

    return start


def _fftw_libraries(distributed: bool) -> list[str]:
    return ["-lfftw3_mpi", "-lfftw3", "-lm"] if distributed else ["-lfftw3", "-lm"]


def _fftw_missing(distributed: bool) -> Callable[[], str | None]:
    def missing() -> str | None:
        header = "fftw3-mpi.h" if distributed else "fftw3.h"
        if not shutil.which("mpicc"):
            return "not installed: mpicc"
        probe = subprocess.run(
            ["mpicc", "-E", "-x", "c", "-"], input=f"#include <{header}>\n", text=True, capture_output=True, check=False
        )
        return f"not installed: {header}" if probe.returncode else None

    return missing


_FOLDER: list[tempfile.TemporaryDirectory] = []


def build_folder() -> Path:
    """Where programs are compiled; a temporary directory of this run, so that nothing old is measured."""
    if not _FOLDER:
        _FOLDER.append(tempfile.TemporaryDirectory(prefix="hpcmix-benchmark-programs-"))
    return Path(_FOLDER[0].name)


def compile_c(name: str, flags: list[str], libraries: list[str]) -> Path:
    """Compile a program of this folder with mpicc. Raises :class:`Failed` with the compiler's last line."""
    program = build_folder() / "-".join([name, *(flag.strip("-") for flag in flags)])
    if not program.exists():
        command = ["mpicc", "-O3", "-march=native", *flags, str(PROGRAMS / f"{name}.c"), "-o", str(program), *libraries]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            raise Failed(f"mpicc failed: {(result.stderr.strip().splitlines() or ['no message'])[-1]}")
    return program


ROUNDING = 1e-12
"""Relative difference that rounding may make in a few steps (a few 1e-15 were measured), double precision."""

SPLITTING = 1e-6
"""What XMDS2's schemes, which treat the mean field by iterations or stages, may differ by from ours in a few steps of
the benchmark's length (2e-7 were measured); that they converge to the same solution the time to an error shows."""

HPCMIX = Candidate(
    "hpcmix", "step", _python("hpcmix_step", under_mpi=True), lambda: None, tolerance=ROUNDING, fields=3.5
)
DOCUMENTED = Candidate(
    "mpi4py-fft + numpy, as documented", "step", _python("mpi4py_fft_documented", under_mpi=True),
    _needs("mpi4py_fft"), tolerance=ROUNDING, fields=9.0,
)  # fmt: skip
CAREFUL = Candidate(
    "mpi4py-fft + numpy, with care", "step", _python("mpi4py_fft_careful", under_mpi=True),
    _needs("mpi4py_fft"), tolerance=ROUNDING, fields=7.5,
)  # fmt: skip
NUMEXPR = Candidate(
    "pyFFTW + numexpr", "step", _python("pyfftw_numexpr", under_mpi=False),
    _needs("pyfftw", "numexpr"), tolerance=ROUNDING, fields=4.0, threaded=True,
)  # fmt: skip
XMDS = Candidate(
    "XMDS2", "step", _xmds_start(False), _xmds_missing, tolerance=SPLITTING, fields=7.0, check=_xmds_start(True)
)
DUCC0 = Candidate(
    "ducc0, bare pair", "pair", _python("ducc0_pair", under_mpi=False, has_state=False), lambda: None,
    tolerance=1e-10, fields=2.0, threaded=True,
)  # fmt: skip
FFTW = Candidate("FFTW, bare pair", "pair", _fftw(""), _fftw_missing(False), tolerance=1e-10, fields=2.0)
FFTW_NATURAL = Candidate(
    "FFTW-MPI, natural order", "pair", _fftw("natural"), _fftw_missing(True), tolerance=1e-10, fields=2.0
)
FFTW_TRANSPOSED = Candidate(
    "FFTW-MPI, transposed output", "pair", _fftw("transposed"), _fftw_missing(True), tolerance=1e-10, fields=2.0
)
