"""The bytes and messages that the scaling model counts are those that the exchanges send."""

from __future__ import annotations

from math import log2, prod

import pytest

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.parallel.transforms import exchange
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.log import Log
from hpcmix.running.simulation import build_simulation
from hpcmix.studies.scaling.measured.traffic import Division, traffic_of

FILE = """
[grid]
points = [24, 24, 24]
lengths = [12.0, 12.0, 12.0]
[[species]]
name = "up"
initial = { kind = "gaussian", width = 1.2 }
[[species]]
name = "down"
kind = "fermions"
orbitals = 4
initial = { kind = "oscillator", frequency = 1.0 }
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 1.0
[time]
final = 0.1
step = 0.01
integrator = "blanes-moan-4"
[parallel]
exchange = "packed-messages"
orbital_groups = 1
"""


@pytest.mark.parametrize("second", [1, 2, 4])
def test_a_step_sends_what_the_model_counts(comm, second, monkeypatch):
    """24 points divide by 1 to 4 ranks, so that every rank is as full as the fullest."""
    if comm.size % second:
        pytest.skip(f"{comm.size} ranks are no pencils {second} wide")
    pencil_grid = (comm.size // second, second)
    problem = parse_problem(FILE, [f"parallel.pencil_grid={list(pencil_grid)}"])
    simulation = build_simulation(problem, comm, Log(speaks=False))
    stepper, state = Stepper(simulation.mixture, problem.time.splitting), simulation.state
    stepper.advance(state)
    sent = {"messages": 0, "bytes": 0}
    usual = exchange.PackedExchange._move

    def counted(self, sources, source_blocks, source_shapes, targets, target_blocks, target_shapes):
        fields = min(len(sources), len(targets))
        for rank, shape in enumerate(source_shapes):
            if rank != self._comm.rank:
                sent["messages"] += 1
                sent["bytes"] += fields * prod(shape) * 16
        usual(self, sources, source_blocks, source_shapes, targets, target_blocks, target_shapes)

    monkeypatch.setattr(exchange.PackedExchange, "_move", counted)
    stepper.advance(state)
    simulation.free()
    division = Division((24, 24, 24), comm.size, 1, pencil_grid, comm.size, in_place=False)
    found = traffic_of(problem, division)
    assert found.node_bytes == sent["bytes"]
    assert found.node_messages == pytest.approx(sent["messages"] + log2(comm.size))  # and the vote
    assert (sent["bytes"] > 0) == (comm.size > 1)
