"""The command in a process of its own that need not import what all commands share.

Half a second of each start is numpy, h5py and the schema of problem files. One process for each worker of pytest
imports them, without MPI, and makes a child for each call, in which the command goes on as in a fresh interpreter:
imports the rest, starts MPI, ends by itself. What depends on the start itself (signals in it, several ranks, the
installed command) is tested with fresh processes.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

SHARED = """
import array, gc, json, os, socket, sys
import h5py, numpy, rich.console
import hpcmix.commands.looking, hpcmix.io.reader, hpcmix.io.verify, hpcmix.problem.files.load, hpcmix.problem.words.show
import hpcmix.running.planning.plan
from hpcmix.cli import main

assert "mpi4py" not in sys.modules, "a child could not start MPI"
gc.freeze()  # children share these objects
calls = socket.socket(fileno=int(sys.argv[1]))
while True:
    request, streams, *_ = socket.recv_fds(calls, 1 << 20, 2)
    if not request:
        os._exit(0)
    child = os.fork()
    if child == 0:
        break
    for stream in streams:
        os.close(stream)
    calls.send(str(child).encode())
    calls.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
calls.close()
for number, stream in enumerate(streams, start=1):
    os.dup2(stream, number)
    os.close(stream)
arguments, folder, environment = json.loads(request)
os.chdir(folder)
os.environ.clear()
os.environ.update(environment)
sys.argv[1:] = arguments
main()
"""
"""The program: a call is the arguments, the folder and the environment, with two open files for what is printed; its
answers are the number of the child and, when it has ended, its exit status."""

OF_EACH_TEST = {"PYTEST_CURRENT_TEST", "PWD", "OLDPWD"}
"""Variables that libraries do not read while they are imported."""


class Forks:
    """The process that has imported, and the environment in which it did."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-c", SHARED, str(theirs.fileno())],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self.close)

    def serves(self, environment: dict[str, str]) -> bool:
        """Whether libraries that were imported in that environment are the same."""
        return _of_imports(environment) == _of_imports(self.environment)

    def run(
        self, arguments: list[str], folder: Path, environment: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What ``subprocess.run`` gives for the command with the arguments; raises TimeoutExpired as it does."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            call = json.dumps([arguments, str(folder), environment]).encode()
            socket.send_fds(self._calls, [call], [output.fileno(), errors.fileno()])
            self._calls.settimeout(None)
            child = int(self._calls.recv(100))
            self._calls.settimeout(timeout)
            try:
                status = int(self._calls.recv(100))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self._calls.settimeout(None)
                self._calls.recv(100)
                raise subprocess.TimeoutExpired(arguments, timeout) from None
            printed = []
            for stream in (output, errors):
                stream.seek(0)
                printed.append(stream.read())
        return subprocess.CompletedProcess(arguments, status, *printed)

    def close(self) -> None:
        """End the process."""
        self._calls.close()
        self._process.wait()


def _of_imports(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name not in OF_EACH_TEST}
