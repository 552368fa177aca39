"""Which changes of a problem file make it another run."""

from __future__ import annotations

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.resuming.changes import Comparison, compare, ground_state_differences

TEXT = """
title = "a"
[grid]
points = [16, 12]
lengths = [8.0, 6.0]
[[species]]
name = "up"
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "down"
initial = { kind = "gaussian", width = 1.0 }
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 0.3
[[coupling]]
between = ["up", "down"]
rabi_frequency = 0.7
[time]
final = 1.0
step = 0.01
"""


def changed(*overrides):
    return parse_problem(TEXT, overrides)


STORED = resolved_toml(changed())


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("species.up.mass=2", "species.up.mass: 1.0 in the checkpoint, 2.0 now"),
        ("species.up.potential.0.frequency=1.5", "species.up.potential.0.frequency: [1.0, 1.0] in the checkpoint, "),
        ("species.up.kinetic=semirelativistic", "species.up.kinetic: 'nonrelativistic' in the checkpoint, "),
        ("species.up.kinetic=semirelativistic", "species.up.rest_mass: absent in the checkpoint, 'included' now"),
        ("coupling.0.rabi_frequency=0.8", "coupling.0.rabi_frequency: 0.7 in the checkpoint, 0.8 now"),
        ("coupling.0.detuning=0.8", "coupling.0.detuning: 0.0 in the checkpoint, 0.8 now"),
        ("interaction.0.strength=0.4", "interaction.0.strength: 0.3 in the checkpoint, 0.4 now"),
        ("time.step=0.005", "time.step: 0.01 in the checkpoint, 0.005 now"),
        ("time.integrator=strang", "time.integrator: 'blanes-moan-4' in the checkpoint, 'strang' now"),
        ("grid.lengths=[8, 7]", "grid.lengths: [8.0, 6.0] in the checkpoint, [8.0, 7.0] now"),
        ("species.down.initial.width=2", "species.down.initial.width: [1.0, 1.0] in the checkpoint, [2.0, 2.0] now"),
        ("parallel.precision=single", "parallel.precision: 'double' in the checkpoint, 'single' now"),
    ],
)  # fmt: skip
def test_a_difference_is_named_with_both_values(override, line):
    found = compare(STORED, changed(override))
    assert sum(text.startswith(line) for text in (*found.misfits, *found.others)) == 1


@pytest.mark.parametrize(
    "override",
    [
        "title=b", "time.final=3.0", "output.observables={every=2}", "output.checkpoints={every=3}",
        "parallel.pencil_grid=[2]",
        "ground_state.tolerance=1e-6", "output.directory=elsewhere", "time.check_step=false",
    ],
)  # fmt: skip
def test_what_is_no_physics_may_change(override):
    assert compare(STORED, changed(override)) == Comparison((), ())


def test_something_new_is_absent_in_the_checkpoint():
    more = parse_problem(
        TEXT.replace("[time]", '[[interaction]]\nbetween=["up","up"]\nkind="contact"\nstrength=1\n[time]')
    )
    assert "interaction.1.strength: absent in the checkpoint, 1.0 now" in compare(STORED, more).others


def test_a_stored_file_that_this_version_cannot_read_is_compared_as_it_is():
    stored = STORED + "\n[invention]\nkey = 1\n"
    assert compare(stored, changed()) == Comparison((), ("invention.key: 1 in the checkpoint, absent now",))


def test_a_run_of_before_kernel_factors_had_their_name_goes_on():
    assert "kernel_factors = []" in STORED
    stored = STORED.replace("kernel_factors = []", "coupling = []")
    assert compare(stored, changed()) == Comparison((), ())
    assert ground_state_differences(stored, changed()) == []
    assert parse_problem(stored) == parse_problem(STORED)


@pytest.mark.parametrize("override", ["grid.points=[16, 14]", "species.up.name=top", "parallel.precision=single"])
def test_arrays_that_do_not_fit(override):
    problem = parse_problem(
        TEXT.replace('between = ["up"', 'between = ["top"') if "top" in override else TEXT, [override]
    )
    found = compare(STORED, problem)
    assert len(found.misfits) == 1 and "do not fit" in found.misfits[0]
    assert not any(line.startswith(("grid.points", "parallel.precision", "species.up", "species.top"))
                   for line in found.others)  # fmt: skip
    assert compare(STORED, changed("species.up.mass=2")).misfits == ()


def test_fixed_steps_after_adaptive_ones_are_one_misfit_beside_the_other_differences():
    stored = resolved_toml(changed("time.step={tolerance=1e-6}"))
    found = compare(stored, changed("species.up.mass=2"))
    assert found.misfits == ("time.step: adaptive in the checkpoint, whose time is no multiple of the fixed step now",)
    assert found.others == ("species.up.mass: 1.0 in the checkpoint, 2.0 now",)
