"""Taking turns: the driver's side (:class:`Contestant`) and the side of a program written in Python (:func:`serve`).

A program is started once for each rank count and kept; between its turns it waits at a named pipe, every rank at its
own, so that it uses no processor while others are measured (a rank that waits inside MPI would spin). One line is one
turn: ``run N`` (N units of work, answered with their seconds between two barriers), ``state`` (write what the case
evolved, or tell the round trip's error), ``memory``, ``quit``. Rank 0 answers.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from comparison.problem import Case

if TYPE_CHECKING:  # the driver and programs without MPI must not start it
    from mpi4py import MPI

    from hpcmix.running.planning.memory import MemoryMeter


class Failed(RuntimeError):
    """A candidate broke down or did not answer; the text says what it said last."""


class Contestant:
    """A started candidate: the driver's handle.

    command      of the program, without the launcher.
    ranks        processes; more than one, or `under_mpi`, through mpirun.
    threads      that each may use.
    state_bytes  size of the file for the final state; 0 for none.
    """

    def __init__(
        self,
        command: Sequence[str],
        ranks: int,
        *,
        under_mpi: bool = True,
        threads: int = 1,
        state_bytes: int = 0,
        timeout: float = 900.0,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hpcmix-benchmark-")
        self._timeout = timeout
        folder = Path(self._folder.name)
        self.state_file = folder / "state"
        if state_bytes:
            with self.state_file.open("wb") as file:
                file.truncate(state_bytes)
        names = [f"turn.{rank}" for rank in range(ranks)] + ["answers"]
        for name in names:
            os.mkfifo(folder / name)
        # opened for both directions, so that neither side waits for the other to open
        *self._turns, self._answers = [os.open(folder / name, os.O_RDWR) for name in names]
        self._rest = b""
        self._said = (folder / "said").open("w+b")
        self._process = subprocess.Popen(
            [*(["mpirun", "-n", str(ranks)] if under_mpi else []), *command],
            env=os.environ
            | {
                "BENCHMARK_TURNS": str(folder),
                "BENCHMARK_STATE": str(self.state_file),
                "OMP_NUM_THREADS": str(threads),
            },
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Return when the set-up is done."""
        self._expect("ready")

    def run(self, units: int) -> float:
        """Seconds that `units` units of work took."""
        self._say(f"run {units}")
        return float(self._expect("seconds"))

    def state(self, case: Case) -> np.ndarray:
        """The whole state as the program left it (after a turn that completes it)."""
        self._say("state")
        self._expect("state")
        return self.written_state(case)

    def written_state(self, case: Case) -> np.ndarray:
        """What lies in the file of the state."""
        dtype = np.complex128 if case.precision == "double" else np.complex64
        return np.memmap(self.state_file, dtype, "r", shape=case.state_shape)

    def round_trip(self) -> float:
        """Largest deviation from the first field after the transforms of all turns so far."""
        self._say("state")
        return float(self._expect("difference"))

    def memory(self) -> float:
        """Largest over the ranks of the bytes beyond the program's baseline, at the peak after the set-up."""
        self._say("memory")
        return float(self._expect("memory"))

    def close(self, patience: float = 10.0) -> None:
        """End the program, kindly if it listens within `patience` seconds."""
        if self._process.poll() is None:
            self._say("quit")
            try:
                self._process.wait(timeout=patience)
            except subprocess.TimeoutExpired:
                self._kill()
        for descriptor in (*self._turns, self._answers):
            os.close(descriptor)
        self._said.close()
        self._folder.cleanup()

    def _kill(self) -> None:
        """End a program that does not listen: a launcher that is asked takes its ranks along, one that is killed may
        leave them."""
        for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, None)):
            os.killpg(self._process.pid, number)
            try:
                self._process.wait(timeout=patience)
                return
            except subprocess.TimeoutExpired:
                continue

    def _say(self, line: str) -> None:
        for turn in self._turns:
            os.write(turn, f"{line}\n".encode())

    def _expect(self, kind: str) -> str:
        line = self._line()
        word, _, rest = line.partition(" ")
        if word != kind:
            raise Failed(f"answered {line!r} where {kind!r} was due")
        return rest

    def _line(self) -> str:
        """The next line of the answers. Raises :class:`Failed` when the program ends or takes too long."""
        end = time.monotonic() + self._timeout
        while b"\n" not in self._rest:
            readable, _, _ = select.select([self._answers], [], [], 0.2)
            if readable:
                self._rest += os.read(self._answers, 4096)
            elif self._process.poll() is not None:
                raise Failed(f"ended with status {self._process.returncode}: {self._last_words()}")
            elif time.monotonic() > end:
                raise Failed(f"no answer within {self._timeout:.0f} s: {self._last_words()}")
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def _last_words(self) -> str:
        """The last lines that the program printed, as one."""
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines()]
        lines = [line for line in lines if line and not set(line) <= set("-=*")]
        return " | ".join(lines[-3:]) or "it said nothing"


class FreshStart(Contestant):
    """A candidate that is started anew for every unit of work: for programs whose unit is a whole evolution. The start
    does not count. Between its turns there is no process, and so no state that could be asked for."""

    def __init__(self, start: Callable[[], Contestant]) -> None:
        self._start = start
        self._memory = 0.0

    def wait_until_ready(self) -> None:
        """There is nothing to wait for."""

    def run(self, units: int) -> float:
        """Seconds that `units` evolutions took."""
        seconds = 0.0
        for _ in range(units):
            contestant = self._start()
            try:
                contestant.wait_until_ready()
                seconds += contestant.run(1)
                self._memory = max(self._memory, contestant.memory())
            finally:
                contestant.close()
        return seconds

    def memory(self) -> float:
        """See :meth:`Contestant.memory`."""
        return self._memory

    def close(self, patience: float = 10.0) -> None:
        """Nothing is running."""


class Program(Protocol):
    """What a candidate written in Python does in its turns."""

    def run(self, units: int) -> None:
        """Work; collective over the ranks."""

    def write_state(self, whole: np.ndarray) -> float | None:
        """Write this rank's part into `whole` and return None, or, of a program without a state, leave `whole`, which
        is empty, and return the round trip's error. Collective."""


def serve(
    program: Program, comm: MPI.Comm | None, meter: MemoryMeter, state_shape: tuple[int, ...] | None, dtype: np.dtype
) -> None:
    """Answer turns until told to quit; `comm` None for a program without MPI, `meter` a MemoryMeter made at the start.

    state_shape  of the whole state, None for programs that have none.
    """
    rank = comm.rank if comm else 0
    folder = Path(os.environ["BENCHMARK_TURNS"])
    turns = (folder / f"turn.{rank}").open()
    answers = (folder / "answers").open("w", buffering=1) if rank == 0 else None

    def answer(text: str) -> None:
        if answers:
            answers.write(text + "\n")

    def barrier() -> None:
        if comm:
            comm.Barrier()

    meter.restart()
    barrier()
    answer("ready")
    for line in iter(turns.readline, ""):
        match line.split():
            case ["run", units]:
                barrier()
                begin = time.perf_counter()
                program.run(int(units))
                barrier()
                answer(f"seconds {time.perf_counter() - begin:.9g}")
            case ["state"]:
                whole = np.empty(0, dtype)
                if state_shape is not None:
                    whole = np.memmap(os.environ["BENCHMARK_STATE"], dtype, "r+", shape=state_shape)
                difference = program.write_state(whole)
                if isinstance(whole, np.memmap):
                    whole.flush()
                if comm and difference is not None:
                    difference = max(comm.allgather(difference))
                barrier()
                answer("state" if difference is None else f"difference {difference:.3g}")
            case ["memory"]:
                known = meter.beyond_baseline()
                beyond = float("nan") if known is None else float(known)
                answer(f"memory {max(comm.allgather(beyond)) if comm else beyond:.0f}")
            case _:
                break
    barrier()
