"""One case, in a process of its own, forked from one that has imported everything: its memory and its processor time
are limited, and it plans and then runs the file for two steps."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

SECONDS_BEFORE_FIRST_STEP = 20
"""Of processor time, which a busy machine does not stretch."""
SECONDS_IDLE = 120
"""On the clock: a case that neither computes nor ends hangs."""


MEMORY = 6 << 30
"""Address space of a case, of which the libraries take one or two gigabytes."""
STEPS = 2


def _limited(seconds: int) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _run_case(folder: Path, report: Path) -> None:
    """Plan the file case.toml of the folder and run it for two steps; the statuses and what was said go to `report`."""
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limited(SECONDS_BEFORE_FIRST_STEP)
    found: dict[str, Any] = {}
    for command in ("plan", "run"):
        if command == "run":
            from mpi4py import MPI

            MPI.Init_thread(MPI.THREAD_SERIALIZED)
            _stop_after_steps()
        said = folder.parent / f"{folder.name}.{command}"
        with said.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = ["hpcmix", command, "case.toml"]
        try:
            from hpcmix.cli import main

            main()
        except SystemExit as left:
            found[command] = left.code
        except BaseException:
            traceback.print_exc()
            found[command] = "traceback"
        sys.stdout.flush()
        sys.stderr.flush()
        found[f"{command} said"] = said.read_text(errors="replace")
        if command == "plan":
            found["left by plan"] = sorted(path.name for path in folder.iterdir())
        report.write_text(json.dumps(found))


def _stop_after_steps() -> None:
    """Let a run end after two steps as if it had been asked to, find ground states roughly, and count its processor
    time anew from the first step."""
    from hpcmix.running import launch
    from hpcmix.running.courses import fields
    from hpcmix.running.many_body import command as bodies

    load = launch.load_problem

    def rough(*arguments):
        problem = load(*arguments)
        options = problem.ground_state
        rougher = {"tolerance": max(1e-3, options.tolerance), "max_iterations": min(20, options.max_iterations)}
        changed = problem.model_copy(update={"ground_state": options.model_copy(update=rougher)})
        changed._source = problem._source
        return changed

    def shortened(evolve):
        def short(simulation, *others):
            _limited(SECONDS_BEFORE_FIRST_STEP)
            stops = others[-1]
            stops.code = lambda needed=0.0: int(signal.SIGUSR1) if simulation.state.step >= STEPS else 0
            return evolve(simulation, *others)

        return short

    launch.load_problem = rough
    for course in (fields, bodies):  # N bodies go from look to look, and end at the first one behind two steps
        course.evolve = shortened(course.evolve)


def serve() -> None:
    """Fork a process for every folder that is named on standard input; answer with a line each."""
    import mpi4py

    mpi4py.rc.initialize = False
    import pint  # noqa: F401
    import scipy.optimize
    import scipy.special  # noqa: F401

    import hpcmix.io.figures.draw
    import hpcmix.running.courses.fields
    import hpcmix.running.launch
    import hpcmix.running.many_body.command
    import hpcmix.running.planning.plan
    import hpcmix.running.planning.preflight  # noqa: F401
    from hpcmix.problem.units.quantities import parse_quantity

    parse_quantity("1 um")
    for line in sys.stdin:
        folder = Path(line.strip())
        report = folder.parent / f"{folder.name}.json"
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                _run_case(folder, report)
            os._exit(0)
        status = _wait(child)
        print(json.dumps({"status": status, "seconds": time.monotonic() - begin}), flush=True)


def _wait(child: int) -> int:
    computed, since = 0.0, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        with contextlib.suppress(OSError, IndexError):
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            if (now := sum(map(float, fields[11:13]))) > computed:
                computed, since = now, time.monotonic()
        if time.monotonic() - since > SECONDS_IDLE:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -1
        time.sleep(0.02)
