"""Flows of markers on every number of ranks: without fields, with adaptive steps, and where one rank's force fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from physics.systems import System, system

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.model.potentials.finite import NotFinite
from hpcmix.parallel.process.mpi import MPI
from hpcmix.state.marker_cloud import marker_cloud

GAS = {
    "name": "gas",
    "kind": "classical",
    "particles": 1.0,
    "markers": {"number": 500, "tolerance": 1e-8},
    "initial": {"kind": "gaussian", "width": 0.7, "momentum": 0.5},
}
TRAP = {"kind": "harmonic", "frequency": 1.1}
TIME = {"final": 2.0, "integrator": "blanes-moan-4", "check_step": False}


def arrays(one: System) -> np.ndarray:
    """Positions and momenta of all markers by their indices, on every rank. Collective."""
    cloud = marker_cloud(one.state.clouds[-1])
    mine = np.column_stack([cloud.index.astype(float), cloud.position, cloud.momentum])
    rows = np.concatenate(one.mixture.communicators.world.allgather(mine))
    return rows[np.argsort(rows[:, 0]), 1:]


@pytest.mark.parametrize("potential", ([], [TRAP]), ids=("free", "in a trap"))
@pytest.mark.parametrize("dimensions", (1, 2, 3))
def test_markers_that_no_field_acts_on(comm, dimensions, potential):
    """They go around the torus and pass from rank to rank all the same."""

    def end(comm: MPI.Comm) -> np.ndarray:
        gas = GAS | {"potential": potential}
        return arrays(
            system([16] * dimensions, [4.0] * dimensions, [gas], time=TIME | {"step": 0.2}, comm=comm).evolve()
        )

    assert np.array_equal(end(comm), end(MPI.COMM_SELF))


def test_adaptive_steps(comm):
    """The same steps and the same bits: errors are rounded to ten digits before anything is decided by them."""

    def end(comm: MPI.Comm) -> tuple[np.ndarray, int]:
        pair = {"between": ["gas", "gas"], "kind": "gaussian", "strength": 2.0, "width": 1.1}
        gas = GAS | {"potential": [TRAP]}
        one = system([20, 24], [10.0, 12.0], [gas], [pair], time=TIME | {"step": {"tolerance": 1e-4}}, comm=comm)
        stepper = AdaptiveStepper(one.mixture, one.problem.timing)
        _, first, _ = one.problem.timing.adaptive.within(2.0)
        one.state.progress = replace(one.state.progress, step_size=first).adaptive()
        while one.state.time < 2.0:
            stepper.advance(one.state)
        stepper.complete(one.state)
        return arrays(one), one.state.step

    (values, steps), (alone, steps_alone) = end(comm), end(MPI.COMM_SELF)
    assert steps == steps_alone > 3
    assert np.array_equal(values, alone)


def test_a_force_that_fails_on_one_rank_is_told_on_all(comm):
    """sqrt(1.2 - x) has no slope beyond 1.2, where one rank's markers have arrived when it begins to count."""
    edge = {"kind": "expression", "value": "sqrt(where(t > 1, 1.2 - x, 1))"}
    one = None
    with pytest.raises(NotFinite, match=r"species\.gas\.potential\.0"):
        one = system(
            [16, 16],
            [4.0, 4.0],
            [GAS | {"initial": {"kind": "gaussian", "width": 0.1, "momentum": [1.0, 0.0]}, "potential": [edge]}],
            time=TIME | {"step": 0.2},
            comm=comm,
        )
        one.evolve()
    assert one is not None and 0 < one.state.step < 10
