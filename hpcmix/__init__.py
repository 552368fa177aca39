"""hpcmix: mixtures of quantum gases on large grids, in parallel.

    import hpcmix

    problem = hpcmix.Problem.read("rubidium-mixture").replace({"time.final": "5 ms"})
    print(problem.check())
    run = hpcmix.run(problem, directory="runs/rubidium")
    run.series.rms_width.sel(species="up", axis="x").plot()

Every name is imported when it is first asked for: ``import hpcmix`` alone reads neither MPI nor numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:  # for those who read types: they know nothing of __getattr__
    from hpcmix.api.endings import BadInput, BlewUp, NoCheckpoint, RunFailed, Stopped
    from hpcmix.api.findings import Finding, Findings
    from hpcmix.api.handle import RunHandle
    from hpcmix.api.problem import Problem
    from hpcmix.api.progress import Progress
    from hpcmix.api.results.run import Run, open_run
    from hpcmix.api.running import excitations, ground, run
    from hpcmix.api.studies.checks import Check, check, open_check
    from hpcmix.api.studies.sweeps import Sweep, open_sweep, sweep

__all__ = [
    "BadInput",
    "BlewUp",
    "Check",
    "Finding",
    "Findings",
    "NoCheckpoint",
    "Problem",
    "Progress",
    "Run",
    "RunFailed",
    "RunHandle",
    "Stopped",
    "Sweep",
    "check",
    "excitations",
    "ground",
    "open_check",
    "open_run",
    "open_sweep",
    "run",
    "sweep",
]

_PLACES = {
    "endings": ("BadInput", "BlewUp", "NoCheckpoint", "RunFailed", "Stopped"),
    "findings": ("Finding", "Findings"),
    "handle": ("RunHandle",),
    "problem": ("Problem",),
    "progress": ("Progress",),
    "running": ("excitations", "ground", "run"),
    "results.run": ("Run", "open_run"),
    "studies.checks": ("Check", "check", "open_check"),
    "studies.sweeps": ("Sweep", "open_sweep", "sweep"),
}
"""Where names are defined, by the modules of hpcmix.api."""

_MODULES = {name: module for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"hpcmix.api.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
