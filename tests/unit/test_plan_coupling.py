"""What a plan says of coherently coupled components, beside the same without coupling."""

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning import plan
from hpcmix.running.planning.costs import steps


def problem(points, masses=(1.0, 1.0), coupling="rabi_frequency = 2.0", kinetic="nonrelativistic"):
    names = "abc"[: len(masses)]
    text = f"""
[grid]
points = {points}
lengths = {[16.0] * len(points)}
[time]
final = 1.0
step = 0.01
integrator = "strang"
check_step = false
"""
    for name, mass in zip(names, masses, strict=True):
        text += f"""
[[species]]
name = "{name}"
mass = {mass}
kinetic = "{kinetic}"
initial = {{ kind = "gaussian", width = 1.0 }}
"""
    for second in names[1:] if coupling else "":
        text += f'[[coupling]]\nbetween = ["a", "{second}"]\n{coupling}\n'
    return parse_problem(text)


@pytest.fixture(autouse=True)
def a_pair_takes_a_millisecond(monkeypatch):
    monkeypatch.setattr(steps, "seconds_per_pair", lambda points, ranks: 1e-3)


@pytest.mark.parametrize(
    ("masses", "kinetic", "least", "most"),  # ratios of steps, as scripts/benchmark/coupling.py measures them
    [
        ((1.0, 1.0), "nonrelativistic", 1.0, 1.1),
        ((1.0, 1.7), "nonrelativistic", 1.1, 1.25),
        ((1.0, 1.0), "semirelativistic", 1.1, 1.25),
        ((1.0, 1.0, 1.0), "nonrelativistic", 1.0, 1.1),
        ((1.0, 1.7, 0.8), "nonrelativistic", 1.4, 1.6),
    ],
)
def test_the_step(masses, kinetic, least, most):
    coupled, alone = (
        plan.make_plan(problem([64, 64], masses, coupling, kinetic), 1) for coupling in ("rabi_frequency = 2.0", "")
    )
    assert coupled.transforms_per_step == alone.transforms_per_step
    assert least < coupled.seconds_per_step / alone.seconds_per_step < most


def test_small_grids_and_changing_couplings():
    """However small the grid, calls take time; matrices that change are made in every drift."""
    still, changing = (
        steps.seconds_per_step(problem([8, 8], coupling=coupling), 1)
        for coupling in ("rabi_frequency = 2.0", 'rabi_frequency = 2.0\nfactor = "cos(t)"')
    )
    assert changing - still == pytest.approx(steps.SECONDS_PER_DRIFT)
    assert still > 2e-3 + steps.SECONDS_PER_DRIFT


def test_memory_grows_with_what_moves_together():
    """Components are completed together, and exchanged together where several ranks share the grid."""
    alone = [plan.make_plan(problem([32, 32, 32], coupling=""), ranks).evolution_bytes for ranks in (1, 2)]
    coupled = [plan.make_plan(problem([32, 32, 32]), ranks).evolution_bytes for ranks in (1, 2)]
    assert coupled[0] - alone[0] == 2 * 16 * 32**3
    assert coupled[1] - alone[1] == 4 * 16 * 32**3 // 2
