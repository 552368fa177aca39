"""Numbers that leave the range of the computation where they meet, and those that do not."""

import math

import pytest
from physics.systems import mixture_of

from hpcmix.initial.build import initial_state
from hpcmix.problem.checks.magnitudes import LARGEST_QUOTIENT
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

TEXT = """
[grid]
points = [16, 16]
lengths = [8.0, 8.0]
[[species]]
name = "a"
particles = 1000.0
potential = [{ kind = "gaussian", height = 1.0, width = 1.0 }]
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "b"
kind = "fermions"
orbitals = 2
initial = { kind = "plane-waves" }
[[interaction]]
between = ["a", "b"]
kind = "contact"
strength = 0.1
"""
KINETIC = 2 * (math.pi / 0.5) ** 2 / 2
"""Of the fastest mode of the grid."""


def complaints(*overrides, text=TEXT):
    with pytest.raises(ProblemError) as caught:
        parse_problem(text, overrides)
    return caught.value.complaints


def test_the_quotient_of_two_energies_has_a_limit():
    parse_problem(TEXT, [f"species.0.potential.0.height={-0.999 * LARGEST_QUOTIENT * KINETIC!r}"])
    (found,) = complaints(f"species.0.potential.0.height={1.001 * LARGEST_QUOTIENT * KINETIC!r}")
    assert found.key == "species.a.potential.0"
    assert "this potential reaches 3.95e+13 on this grid, and the largest kinetic energy is 39.5" in found.message


def test_kinetic_energies_may_vanish_where_no_ground_state_is_sought():
    frozen = "species.0.mass=1e30", "time.final=1.0", "species.0.potential.0.height=20.0"
    parse_problem(TEXT, [*frozen, "time.step=0.01"])
    (found,) = complaints(*frozen[:2], "time.step=0.01", "species.0.potential.0.height=1e15")
    assert "this potential reaches 1e+15 on this grid, and hbar over the step is 100 " in found.message
    ground = "species.0.initial={kind='ground-state'}"
    (found,) = complaints(*frozen, "time.step=0.01", ground)
    assert "and the largest kinetic energy is 3.95e-29" in found.message


@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("species.0.mass=1e30", "species.a.potential.0"),
        ("species.0.mass=1e-155", "species.a.mass"),
        ("grid.lengths=[1e30, 1e30]", "species.a.potential.0"),
        ("grid.lengths=[8, 1e30]", "grid.lengths"),
        ("species.0.particles=1e40", "interaction.0.strength"),
        ("interaction.0.strength=1e30", "interaction.0.strength"),
        (
            "ground_state.kernel_factors=[{ between = ['a', 'b'], factor = 1e30 }]",
            "ground_state.kernel_factors.0.factor",
        ),
    ],
)
def test_an_absurd_number_gets_one_sentence(override, key):
    (found,) = complaints(override)
    assert found.key == key
    assert "smaller" in found.message or "compute with" in found.message or "smallest" in found.message


def test_single_precision_has_less_room():
    parse_problem(TEXT, ["grid.lengths=[1e-8, 1e-8]", "species.0.potential=[]", "interaction.0.strength=1e-17"])
    (found,) = complaints(
        "grid.lengths=[1e-8, 1e-8]",
        "species.0.potential=[]",
        "interaction.0.strength=1e-17",
        "parallel.precision=single",
    )
    assert found.key == "species.a.particles"
    assert (
        'the density of "a" would be 2.56e+21 in this box, beyond what single precision computes with' in found.message
    )


def test_no_numbers_are_absurd_of_a_problem_in_metres_and_kilograms():
    """hbar = 1 makes the unit of time 1e34 s: frequencies of 1e36, masses of 1e-25."""
    problem = parse_problem("""
[units]
length = "1 m"
mass = "1 kg"
[grid]
points = [32, 32, 32]
lengths = ["32 um", "32 um", "32 um"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 50_000
potential = [{ kind = "harmonic", frequency = ["50 Hz", "50 Hz", "70 Hz"], until = "0 s" }]
[[interaction]]
between = ["up", "up"]
kind = "contact"
scattering_length = "95.4 a0"
[time]
final = "20 ms"
step = "2 us"
""")
    assert max(problem.species[0].potential[0].frequency) > 1e36


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("species.0.potential=[{kind='expression', value='1e200*x'}]",
         "is -4e+200, too large to compute with, at x = -4"),
        ("species.0.initial={kind='expression', amplitude='1e149*exp(-x**2)*1e10'}", "too large to compute with"),
        ("species.0.initial={kind='expression', amplitude='1e-200'}", "this state is zero everywhere"),
    ],
)  # fmt: skip
def test_values_of_expressions(override, sentence):
    problem = parse_problem(TEXT, [override])
    with pytest.raises(ProblemError) as caught:
        initial_state(problem, mixture_of(problem), lambda *numbers: None)
    assert sentence in str(caught.value)
