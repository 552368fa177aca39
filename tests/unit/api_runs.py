"""A run's directory with the smallest of everything, made in this process."""

from __future__ import annotations

from hpcmix.problem.files.load import problem_of
from hpcmix.problem.reading.source import Source
from hpcmix.running.courses.fields import RunTask
from hpcmix.running.launch import Request, launch

TABLES = {
    "title": "two clouds",
    "units": {"length": "2 um", "mass": "86.909 u"},
    "grid": {"points": [8, 6], "lengths": [8.0, 6.0]},
    "species": [
        {
            "name": "up",
            "mass": "86.909 u",
            "particles": 100,
            "initial": {"kind": "gaussian", "width": 1.5},
            "potential": [{"kind": "harmonic", "frequency": 0.4}],
        },
        {"name": "sea", "kind": "fermions", "mass": "86.909 u", "orbitals": 3},
    ],
    "time": {"final": 0.04, "step": 0.01},
    "output": {
        "resolution": "ignore",
        "observables": {"every": 1},
        "snapshots": {"every": 2, "fields": ["density", "phase", "wave_function"]},
    },
}
"""Anisotropic, with a condensate and a set of orbitals; a code unit of length is two micrometres."""


def make_run(directory, tables=TABLES, task=None):
    """Run the problem of the tables into a directory, as the command does that wants a task of it."""
    problem = problem_of(tables, [f"output.directory={directory}"], (), Source(), directory.parent, "clouds")
    assert launch(Request("clouds", problem=problem, restart="never", task=task or RunTask())) == 0
    return directory
