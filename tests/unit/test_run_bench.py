"""The pure parts of hpcmix bench: statistics, least traffic of a step, machine, memory, tables."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.bench.bench import DEFAULT_PROBLEM
from hpcmix.running.bench.machine import describe_machine, machine_line, processor_instructions
from hpcmix.running.bench.pairs import pair_line
from hpcmix.running.bench.spread import Spread
from hpcmix.running.bench.table import phase_table, summary_lines
from hpcmix.running.planning.costs.steps import transforms_per_step
from hpcmix.running.planning.costs.traffic import all_transforms_per_step, step_bytes, transform_operations

POINTS = 128**3


def problem(*overrides: str):
    return parse_problem(DEFAULT_PROBLEM, overrides)


def test_spread_is_median_and_quartiles():
    spread = Spread.of([5.0, 1.0, 3.0, 2.0, 4.0])
    assert spread == Spread(median=3.0, lower=2.0, upper=4.0, count=5)
    assert Spread.of(iter([1.0, 2.0])) == Spread(1.5, 1.25, 1.75, 2)
    assert spread.scaled(2.0) == Spread(6.0, 4.0, 8.0, 5)
    with pytest.raises(ValueError, match="median of nothing"):
        Spread.of([])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234.5, "1234"), (12.345, "12.3"), (0.5, "0.500"), (0.0012345, "0.00123"), (1.5e-7, "1.50e-07")],
)
def test_spread_prints_significant_digits(value, text):
    assert Spread(value, value, value, 3).text() == f"{text} ({text} to {text})"


def test_least_traffic_of_a_contact_step_is_counted_by_hand():
    # two fields of 16 bytes, two sweeps, each reads and writes; two potentials of 8 bytes are read
    assert step_bytes(problem()) == POINTS * (2 * 2 * 2 * 16 + 2 * 8)
    assert step_bytes(problem("parallel.precision=single")) == step_bytes(problem()) / 2
    assert step_bytes(problem("time.integrator=blanes-moan-4")) == 6 * step_bytes(problem())


def test_a_convolution_adds_its_densities_and_multipliers():
    yukawa = problem("interaction.2={between=['up', 'down'], kind='yukawa', strength=1.0, screening=1.0}")
    added = step_bytes(yukawa) - step_bytes(problem())
    # per species the field once more (16) and the spectrum of a real field four times (8 each); half a multiplier
    assert added == POINTS * (2 * (16 + 4 * 8) + 4)


def test_charges_are_one_channel():
    charges = [
        f"{{between={list(pair)}, kind='yukawa', strength={strength}, screening=1.0}}"
        for pair, strength in ((("up", "up"), 1.0), (("down", "down"), 4.0), (("up", "down"), -2.0))
    ]
    charges = problem(f"interaction=[{', '.join(charges)}]")
    # the fields of both species once more, the spectrum of one real field, one multiplier; half a pair of transforms
    assert step_bytes(charges) - step_bytes(problem()) == POINTS * (2 * 16 + 4 * 8 + 4)
    assert transforms_per_step(charges) - transforms_per_step(problem()) == 0.5 * 2


def test_operations_of_the_transforms_by_the_usual_count():
    # two fields, forward and backward, 5 N log2 N each
    assert transform_operations(problem()) == 2 * 2 * 5 * POINTS * math.log2(POINTS)


@pytest.mark.parametrize(
    ("flags", "instructions"),
    [("sse2 avx avx2 fma", "AVX2"), ("avx2 avx512f avx512dq avx512vl", "AVX-512"), ("avx2 avx512f", "AVX2"),
     ("sse2", "baseline")],
)  # fmt: skip
def test_instructions_are_read_from_the_flags(flags, instructions):
    assert processor_instructions(flags) == instructions


def test_the_machine_is_described_in_a_line():
    machine = describe_machine()
    assert machine["cores"] >= 1 and machine["kernels"]
    assert f"{machine['cores']} cores" in machine_line(machine)
    assert "unknown processor" in machine_line({})


MEMORY = """
import numpy as np
from hpcmix.running.planning.memory import MemoryMeter
meter = MemoryMeter()
if meter.beyond_baseline() is None:
    print("this system does not tell")
else:
    passing = np.ones(8_000_000)
    assert meter.beyond_baseline() >= 0.95 * passing.nbytes
    del passing
    meter.restart()
    kept = np.ones(5_000_000)
    # within half of what is kept: other pages come and go, but not the 64 MB from before
    assert 0.5 * kept.nbytes < meter.beyond_baseline() < 1.5 * kept.nbytes
"""


def test_memory_meter_sees_an_allocation_and_forgets_what_was_before():
    """In a process of its own: in this one, memory that other tests gave back may be handed out again."""
    finished = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode == 0, finished.stderr


def test_the_tables_show_phases_and_what_is_left_of_the_step():
    result = {
        "steps": 7,
        "seconds_per_step": {"median": 0.02, "lower": 0.019, "upper": 0.022, "count": 7},
        "phases": {
            "kick": {"seconds": 0.012, "largest": 0.013, "calls": 1.0, "share": 0.6},
            "lines": {"seconds": 0.006, "largest": 0.006, "calls": 2.0, "share": 0.3},
        },
        "transforms_per_step": 2.0,
        "operations_per_second": 4.4e9,
        "bytes_per_step": 3e8,
        "bytes_per_second": 1.5e10,
        "copy_bytes_per_second": 3e10,
        "memory_beyond_program_bytes": [100_000_000, None],
        "field_bytes": 50_000_000,
        "ranks": 2,
        "threads": 1,
        "machine": {"processor": "P", "cores": 2},
        "load": 0.1,
    }
    table = phase_table(result)
    assert list(table.columns[0].cells) == ["kick", "lines", "other", "step (median)"]
    assert list(table.columns[4].cells) == ["60.0 %", "30.0 %", "10.0 %", ""]
    lines = dict(summary_lines(result))
    assert lines["effective bandwidth"].startswith("15 GB/s of the 30 GB/s")
    assert lines["memory"] == "100 MB per rank beyond the program, 2.00 complex fields"
    assert lines["ranks and threads"] == "2 ranks, 1 each"


def test_pairs_of_fluctuations_are_counted_by_hand():
    """Of each u and w of two species, which pass and are transformed like orbitals; with a kernel a complex density of
    each species that feels it."""
    followed = "fluctuations={modes=1, probes=6}"  # eight pairs
    assert step_bytes(problem(followed)) - step_bytes(problem()) == 8 * POINTS * 4 * 2 * 2 * 16
    assert all_transforms_per_step(problem(followed)) == 2 + 8 * 4
    assert transform_operations(problem(followed)) == 17 * transform_operations(problem())
    yukawa = "interaction.2={between=['up', 'down'], kind='yukawa', strength=1.0, screening=1.0}"
    assert all_transforms_per_step(problem(yukawa, followed)) == 4 + 8 * (4 + 2 * 2)  # two kicks, two channels
    added = step_bytes(problem(yukawa, followed)) - step_bytes(problem(yukawa))
    assert added == 8 * POINTS * (4 * 2 * 2 * 16 + 2 * (2 * 16 + 4 * 8 * 2))


def test_what_a_pair_costs_is_told_in_steps_of_the_condensates():
    costs = {"count": 70, "replicas": 2, "held": 35, "seconds_per_pair": 4e-3, "condensate_steps_per_pair": 2.1}
    assert pair_line(costs) == "70, 35 in each of 2 groups: each 4 ms a step, as 2.1 steps of the condensates alone"
    assert pair_line(costs | {"replicas": 1, "held": 70}).startswith("70: each 4 ms a step")
