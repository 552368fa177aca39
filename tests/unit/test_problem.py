"""Reading a problem file: values, defaults, derived numbers, overrides, and the object's own promises."""

import math
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.interactions.inverse_distance import YukawaInteraction
from hpcmix.problem.sections.species.potentials import HarmonicPotential
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.units.expressions import Expression

MINIMAL = """
[grid]
points = [8, 16]
lengths = [4, 8.0]

[[species]]
name = "atoms"
"""

RUBIDIUM = """
title = "released"
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [32, 32, 32]
lengths = ["32 um", 32, "0.032 mm"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 50_000
potential = { kind = "harmonic", frequency = ["50 Hz", "2 pi 50 Hz", "314.1592653589793 rad/s"], until = "0 s" }
[[species]]
name = "down"
mass = 2.0
[[interaction]]
between = ["up", "down"]
kind = "contact"
scattering_length = "100 nm"
[time]
final = "20 ms"
step = "2 us"
"""


def test_defaults() -> None:
    problem = parse_problem(MINIMAL, name="trial")
    atoms = problem.species[0]
    assert (problem.title, problem.units, problem.time, problem.interaction) == ("trial", None, None, ())
    assert (problem.grid.dimensions, problem.grid.axes, problem.grid.spacings) == (2, ("x", "y"), (0.5, 0.5))
    assert (atoms.kind, atoms.mass, atoms.particles, atoms.kinetic) == ("condensate", 1.0, 1.0, "nonrelativistic")
    assert atoms.potential == ()
    assert (atoms.initial.kind, atoms.initial.start, atoms.initial.momentum) == ("ground-state", "thomas-fermi", (0, 0))
    assert atoms.initial.noise is None
    assert problem.ground_state.tolerance == 1e-10 and problem.ground_state.max_iterations == 500
    assert problem.ground_state.method == "conjugate-gradients" and problem.ground_state.step is None
    assert problem.output.directory == "runs/trial"
    assert problem.output.observables.every is None and problem.output.snapshots.interval is None
    assert problem.output.snapshots.slices and problem.output.snapshots.fields == ("density",)
    parallel = problem.parallel
    assert (parallel.orbital_groups, parallel.pencil_grid, parallel.precision) == ("auto", "auto", "double")


def test_defaults_that_depend_on_other_entries() -> None:
    single = parse_problem(MINIMAL, ["parallel.precision=single"])
    assert single.ground_state.tolerance == 1e-4
    timed = parse_problem(MINIMAL, ["time.final=10", "time.step=0.01"])
    assert timed.time.integrator == "blanes-moan-4" and timed.time.check_step
    assert timed.output.observables.every == 10 and timed.output.observables.interval is None
    assert timed.output.snapshots.interval == 10.0 and timed.output.snapshots.every is None
    short = parse_problem(MINIMAL, ["time.final=1", "time.step=0.5", "output.snapshots.every=2"])
    assert short.output.observables.every == 1
    assert short.output.snapshots.every == 2 and short.output.snapshots.interval is None


def test_units_are_converted_once() -> None:
    problem = parse_problem(RUBIDIUM)
    assert problem.grid.lengths == (32.0, 32.0, 32.0)
    up, down = problem.species
    assert (up.mass, up.particles, down.mass) == (1.0, 50_000.0, 2.0)
    trap = up.potential[0]
    assert isinstance(trap, HarmonicPotential)
    assert trap.from_time == -math.inf and trap.until == 0.0
    assert trap.frequency == pytest.approx((100 * math.pi * problem.scales.time_si,) * 3, rel=1e-14)
    assert problem.time.final == pytest.approx(0.02 / problem.scales.time_si, rel=1e-14)
    assert problem.time.steps == 10_000
    # g = 2 pi a / m_red with a = 0.1 and m_red = 2/3
    assert problem.interaction[0].coupling(problem) == pytest.approx(0.3 * math.pi, rel=1e-14)


def test_equal_masses_give_the_textbook_coupling() -> None:
    problem = parse_problem(RUBIDIUM, ["species.down.mass=1"])
    assert problem.interaction[0].coupling(problem) == pytest.approx(4 * math.pi * 0.1, rel=1e-14)


@pytest.mark.parametrize(
    ("final", "step", "steps"),
    [(1.0, 0.1, 10), (0.3, 0.1, 3), (1.0, 0.3, 4), (1.0, 1.0, 1), (1.0, 0.999, 2), (0.7, 0.1, 7), (1e6, 0.1, 10**7)],
)
def test_steps(final: float, step: float, steps: int) -> None:
    time = TimeOptions(final=final, step=step)
    assert time.steps == steps
    assert time.step_size * steps == pytest.approx(final, rel=1e-15)


def test_every_kind_of_potential_and_initial_state(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "state.h5").write_bytes(b"")
    text = """
[grid]
points = [16, 16]
lengths = [8, 8]
[[species]]
name = "a"
potential = [
    { kind = "harmonic", frequency = 1 },
    { kind = "lattice", depth = [1, 0], period = [2, 3], phase = 0.5 },
    { kind = "box", height = 10, lengths = 6, edge = 0.1 },
    { kind = "gaussian", height = -2, width = [1, 2], centre = [0, 1], from = 1, ramp = 0.5, ramp_shape = "smooth" },
    { kind = "expression", value = "x*y*cos(t)", factor = "exp(-t)" },
    { kind = "file", path = "data/state.h5" },
]
initial = { kind = "file", path = "data/state.h5", noise = { amplitude = 1e-3 } }
[[species]]
name = "b"
initial = { kind = "gaussian", width = 1, momentum = [1, 0], noise = { amplitude = 0.1, seed = 7 } }
[[species]]
name = "c"
initial = { kind = "oscillator", frequency = 1, numbers = [1, 0] }
[[species]]
name = "d"
initial = { kind = "plane-waves", numbers = [-8, 7] }
[[species]]
name = "e"
initial = { kind = "expression", amplitude = "exp(-x**2)" }
[[species]]
name = "f"
initial = { kind = "thomas-fermi" }
[[interaction]]
between = ["a", "a"]
kind = "gaussian"
strength = 1
width = 0.5
[[interaction]]
between = ["a", "b"]
kind = "yukawa"
strength = -1
screening = 2
"""
    file = tmp_path / "many.toml"
    file.write_text(text)
    problem = load_problem(str(file))
    harmonic, lattice, box, gaussian, expression, from_file = problem.species[0].potential
    assert harmonic.frequency == (1.0, 1.0) and harmonic.centre == (0.0, 0.0)
    assert lattice.period == (2.0, 3.0) and lattice.phase == (0.5, 0.5)
    assert box.lengths == (6.0, 6.0) and box.edge == 0.1
    assert (gaussian.from_time, gaussian.ramp, gaussian.ramp_shape, gaussian.until) == (1.0, 0.5, "smooth", math.inf)
    assert expression.value == Expression("x*y*cos(t)", "xyt") and expression.factor.evaluate(t=0.0) == 1.0
    assert from_file.path == str((tmp_path / "data" / "state.h5").resolve()) and from_file.dataset == "potential"
    initial = [species.initial for species in problem.species]
    assert initial[0].dataset == "a/wave_function" and initial[0].noise.seed == 0
    assert initial[1].momentum == (1.0, 0.0) and initial[1].noise.amplitude == 0.1
    assert initial[2].numbers == (1, 0) and initial[2].frequency == (1.0, 1.0)
    assert initial[3].numbers == (-8, 7)
    assert initial[4].phase.evaluate() == 0.0
    assert initial[5].kind == "thomas-fermi"
    assert isinstance(problem.interaction[1], YukawaInteraction) and problem.interaction[1].boundary == "periodic"
    assert (problem.title, problem.output.directory, problem.file) == ("many", "runs/many", str(file))


def test_overrides() -> None:
    problem = parse_problem(
        RUBIDIUM,
        [
            "time.step=1e-3",
            "time.final=20 ms",
            "species.up.particles=10",
            "species.1.mass=4",
            "species.up.potential.frequency=2",
            "species.up.potential.0.centre=[1, 0, 0]",
            "interaction.0.scattering_length=0.5",
            "output.directory=runs/x",
            "grid.points=[16, 16, 16]",
            'title="quoted = too"',
            "output.observables={every=3}",
        ],
    )
    assert problem.time.step == 1e-3 and problem.time.final == pytest.approx(0.02 / problem.scales.time_si)
    assert problem.species[0].particles == 10.0 and problem.species[1].mass == 4.0
    assert problem.species[0].potential[0].frequency == (2.0, 2.0, 2.0)
    assert problem.species[0].potential[0].centre == (1.0, 0.0, 0.0)
    assert problem.interaction[0].scattering_length == 0.5
    assert problem.output.directory == "runs/x" and problem.grid.points == (16, 16, 16)
    assert problem.title == "quoted = too" and problem.output.observables.every == 3


def test_immutable_hashable_and_picklable() -> None:
    problem = parse_problem(RUBIDIUM)
    with pytest.raises(ValidationError):
        problem.title = "other"
    with pytest.raises(ValidationError):
        problem.species[0].mass = 2.0
    copy = pickle.loads(pickle.dumps(problem))
    assert copy == problem and hash(copy) == hash(problem)
    assert str(copy.complain("time.step", "no")) == "problem.toml:23: time.step: no"
    assert problem != parse_problem(RUBIDIUM, ["title=other"])
    assert problem != "problem"


def test_later_layers_can_complain() -> None:
    problem = parse_problem(RUBIDIUM, ["species.down.mass=3"])
    for key, text in {
        "species.up.potential.0.frequency": "problem.toml:13: species.up.potential.frequency: no",
        "species.0.potential.0": "problem.toml:13: species.up.potential: no",
        "species.down.mass": "--set species.down.mass=3: species.down.mass: no",
        "species.down.initial.path": "problem.toml:14: species.down.initial.path: no",
        "interaction.0.strength": "problem.toml:17: interaction.0.strength: no",
        "output.directory": "problem.toml: output.directory: no",
    }.items():
        error = problem.complain(key, "no")
        assert isinstance(error, ProblemError) and str(error) == text


def test_species_by_name() -> None:
    problem = parse_problem(RUBIDIUM)
    assert problem.species_named("down") is problem.species[1]
    with pytest.raises(KeyError):
        problem.species_named("sideways")


def test_the_file_may_have_windows_line_ends_and_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_problem(str(file)) == parse_problem(MINIMAL, name="windows")


def test_check_step_only_matters_when_something_acts() -> None:
    free = parse_problem(MINIMAL, ["time.final=10", "time.step=10"])
    assert free.time.steps == 1
    trapped = ["time.final=10", "time.step=10", 'species.0.potential={kind="harmonic", frequency=1}']
    with pytest.raises(ProblemError, match="too large for this grid"):
        parse_problem(MINIMAL, trapped)
    assert parse_problem(MINIMAL, [*trapped, "time.check_step=false"]).time.steps == 1


def test_the_largest_step_that_the_message_names_is_accepted() -> None:
    trap = 'species.0.potential={kind="harmonic", frequency=1}'
    for integrator in ("strang", "blanes-moan-4", "blanes-moan-rkn-6"):
        options = ["time.final=10", f"time.integrator={integrator}", trap]
        with pytest.raises(ProblemError) as caught:
            parse_problem(MINIMAL, [*options, "time.step=5"])
        words = str(caught.value).split()
        allowed = float(words[words.index("in", words.index("allows")) - 1])
        # T_max = 2 (pi/0.5)^2 / 2 on this grid
        problem = parse_problem(MINIMAL, [*options, f"time.step={allowed}"])
        limit = math.pi / (problem.time.splitting.largest_drift * (math.pi / 0.5) ** 2)
        assert 0.99 * limit <= allowed <= limit


def test_a_step_with_a_unit_is_refused_in_words_with_units() -> None:
    text = MINIMAL.replace("[grid]", '[units]\nlength = "1 um"\nmass = "23 u"\n\n[grid]', 1)
    options = ['species.0.mass="23 u"', 'time.final="10 ms"', 'species.0.potential={kind="harmonic", frequency=1}']
    with pytest.raises(ProblemError, match=r"time\.step: 250 us is too large for this grid") as caught:
        parse_problem(text, [*options, 'time.step="250 us"'])
    allowed, unit = re.findall(r"allows is ([\d.]+) (\w+);", str(caught.value))[0]
    assert unit == "us" and "code units" not in str(caught.value)
    parse_problem(text, [*options, f'time.step="{allowed} us"'])


def test_the_package_stands_alone() -> None:
    script = (
        "import sys, hpcmix.problem.files.load, hpcmix.problem.words.show\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('mpi4py', 'h5py', 'pint')"
        " or name.startswith('hpcmix.')"
        " and name.split('.')[1] not in ('problem', 'frame', 'splittings')])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
