"""Wrong problem files through the real command: status 2, every sentence on standard error, no traceback."""

from __future__ import annotations

import pytest

from hpcmix.cli import main
from tests.system.commands import hpcmix
from tests.unit.test_problem_mistakes import GOOD, MISTAKES


def test_the_table_is_long_enough():
    assert len(MISTAKES) >= 25


@pytest.mark.parametrize(("right", "wrong", "line", "key", "sentence"), MISTAKES)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_mistake_ends_with_status_2(command, right, wrong, line, key, sentence, tmp_path, monkeypatch, capfd):
    (tmp_path / "wrong.toml").write_text(GOOD.replace(right, wrong, 1))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpcmix", command, "wrong.toml"])
    with pytest.raises(SystemExit) as left:
        main()
    shown = capfd.readouterr().err
    assert left.value.code == 2
    assert f"wrong.toml:{line}: {key}: " in shown and sentence in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "runs").exists()  # nothing was begun


def test_under_mpirun_the_complaints_come_once(tmp_path):
    (tmp_path / "wrong.toml").write_text(GOOD.replace("mass = 1.0", "mas = 1.0").replace("step = 0.01", "stepp = 0.01"))
    result = hpcmix("run", "wrong.toml", ranks=3, folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("unknown key") == 2
    assert result.stderr.count('did you mean "mass"?') == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Missing argument"),
        (["run", "no-such-file.toml"], "no-such-file.toml"),
        (["runn", "x"], "runn"),
        (["run", "manakov-soliton", "--restart", "maybe"], "--restart maybe: there is neither a checkpoint nor"),
        (["run", "manakov-soliton", "--max-wall", "soon"], '"soon" is no duration'),
        (["restart", "nowhere"], "nowhere"),
        (["ground", "manakov-soliton", "--restart", "maybe"], "maybe"),
        (["plan", "rubidium-mixture", "--ranks", "0"], "0"),
        (["plan", "rubidium-mixture", "--set", "time.stepp=1"], "--set time.stepp=1"),
        (["plot", "nowhere"], "nowhere"),
        (["run", "/dev/null"], "/dev/null: is a device or a pipe"),
        (["job", "manakov-soliton", "--stop-before", "25:99:00"], "60 minutes in an hour"),
        (["plan", "rubidium-mixture", "--ranks", "6011"], "the next below is 4704"),
    ],
)
def test_wrong_command_lines(arguments, sentence, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpcmix", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert sentence in capfd.readouterr().err


def test_run_without_a_time_section_points_at_ground(tmp_path, monkeypatch, capfd):
    (tmp_path / "still.toml").write_text(
        GOOD.replace("[time]\nfinal = 1\nstep = 0.01\n", "").replace("every = 10", "every = 1")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hpcmix", "run", "still.toml"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "hpcmix ground" in capfd.readouterr().err


def test_a_potential_file_that_does_not_fit_is_named_with_its_line(tmp_path):
    import h5py
    import numpy as np

    with h5py.File(tmp_path / "trap.h5", "w") as file:
        file["potential"] = np.zeros((4, 4, 4))
    text = GOOD.replace('{ kind = "gaussian", height = 1, width = 1 }', '{ kind = "file", path = "trap.h5" }')
    (tmp_path / "wrong.toml").write_text(text)
    result = hpcmix("run", "wrong.toml", folder=tmp_path)
    assert result.returncode == 2
    assert "wrong.toml:13: species.up.potential.1: dataset potential of" in result.stderr
    assert "has shape (4, 4, 4), the grid has (16, 16, 16)" in result.stderr


@pytest.mark.parametrize(
    ("command", "variable", "value", "sentence"),
    [
        ("run", "OMP_NUM_THREADS", "abc", "the number of threads of a rank, at least 1"),
        ("bench", "OMP_NUM_THREADS", "0", "at least 1"),
        ("run", "HPCMIX_SHARED_MEMORY", "maybe", "it must be yes, the default, or no"),
        ("run", "HPCMIX_HANG_SECONDS", "soon", "a number of seconds"),
    ],
)
def test_wrong_environment_variables(command, variable, value, sentence, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("sys.argv", ["hpcmix", command, "manakov-soliton"])
    with pytest.raises(SystemExit) as left:
        main()
    shown = capfd.readouterr().err
    assert left.value.code == 2
    assert variable in shown and f'"{value}"' in shown and sentence in shown
    assert "Traceback" not in shown and not (tmp_path / "runs").exists()


def test_the_final_time_of_a_restart_is_called_by_its_option(tmp_path, monkeypatch, capfd):
    (tmp_path / "problem.toml").write_text(GOOD)  # the resolved problem of a run
    for text, sentence in (("abc", 'unknown unit "abc"'), ("-1", "must be positive"), ("1 um", "has a unit")):
        monkeypatch.setattr("sys.argv", ["hpcmix", "restart", str(tmp_path), "--until", text])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capfd.readouterr().err
        assert left.value.code == 2
        assert f"--until {text}: " in shown and sentence in shown and "time.final" not in shown


def test_ranks_that_do_not_fit_are_refused_before_anything_is_moved(tmp_path):
    (tmp_path / "atoms.toml").write_text("""
[grid]
points = [16]
lengths = [12.0]
[[species]]
name = "atoms"
kind = "fermions"
orbitals = 4
potential = [{ kind = "harmonic", frequency = 1 }]
initial = { kind = "oscillator", frequency = 1 }
[time]
final = 0.1
step = 0.05
[output]
directory = "out"
""")
    assert hpcmix("run", "atoms.toml", folder=tmp_path).returncode == 0
    settings = ("--set", "parallel.orbital_groups=3", "--restart", "never")
    result = hpcmix("run", "atoms.toml", *settings, ranks=2, folder=tmp_path)
    assert result.returncode == 2
    assert "parallel.orbital_groups=3: parallel.orbital_groups: 2 ranks cannot be divided into 3" in result.stderr
    assert [path.name for path in tmp_path.glob("out*")] == ["out"]
    shown = hpcmix("show", "out", folder=tmp_path)
    assert "done" in shown.stdout


PLANE = """
[grid]
points = [12, 12]
lengths = [8, 8]
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1 }
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 1
[time]
final = 0.1
step = 0.01
"""
FERMIONS = "species.0={name='a', kind='fermions', orbitals=%d, initial={kind='oscillator', frequency=%s}}"
SCATTERING = (
    "interaction.0={between=['a', 'a'], kind='scattering', potential={kind='square-barrier', height=-3, radius=1}, "
)
VALUES = [
    # what only the grid shows: an option, the key, the sentence
    ("species.0.potential={kind='expression', value='1/x'}", "species.a.potential", "is not finite at x = 0, y = -4"),
    ("species.0.potential={kind='expression', value='log(x) + 0*t'}", "species.a.potential",
     "is not finite at x = -4, y = -4, t = 0"),
    ("species.0.potential={kind='expression', value='1/x', from=0}", "species.a.potential", "is not finite at x = 0"),
    ("species.0.potential={kind='harmonic', frequency=1, factor='1/t'}", "species.a.potential.factor",
     "is not finite at t = 0"),
    ("species.0.potential={kind='harmonic', frequency=1, factor='1/(t - 0.05)'}", "species.a.potential.factor",
     "is not finite at t = 0.05"),
    ("species.0.vector_potential={kind='expression', value=['1/y', '0']}", "species.a.vector_potential",
     "is not finite at x = -4, y = 0"),
    ("species.0.initial={kind='expression', amplitude='1/x'}", "species.a.initial", "is not finite at x = 0, y = -4"),
    ("species.0.initial={kind='expression', amplitude='0*x'}", "species.a.initial", "zero everywhere on the grid"),
    ("species.0.initial={kind='gaussian', width=1e-3, centre=0.1}", "species.a.initial", "zero everywhere on the grid"),
    ("interaction=[]|species.0.initial={kind='thomas-fermi'}", "species.a.initial", "no contact repulsion of its own"),
    ("interaction=[]|" + FERMIONS % (60, 9.0), "species.a.initial", "60 orbitals span only"),
    ("grid.points=[12,12,12]|grid.lengths=[8,8,8]|" + SCATTERING + "particles=9, neumann_radius=1}",
     "interaction.0.potential", "binds two particles"),
    ("interaction.0={between=['a', 'a'], kind='coulomb', strength=1}|grid.lengths=[8, 4e6]", "interaction.0",
     "because its range is very many spacings"),
]  # fmt: skip
COMMANDS = {"plan": [], "show": [], "job": ["--time", "1h"], "run": [], "ground": [], "bench": ["--steps", "1"],
            "check": ["conservation"], "scaling": ["--ranks", "1"]}  # fmt: skip


@pytest.mark.parametrize(("options", "key", "sentence"), VALUES)
def test_every_command_refuses_what_a_run_refuses_in_the_same_words(
    options, key, sentence, tmp_path, monkeypatch, capfd
):
    """From the file alone, before anything is begun: nothing is left behind."""
    (tmp_path / "wrong.toml").write_text(PLANE)
    monkeypatch.chdir(tmp_path)
    sets = [word for option in options.split("|") for word in ("--set", option)]
    said = {}
    for command, words in COMMANDS.items():
        words = [*words, "wrong.toml"] if command == "check" else ["wrong.toml", *words]
        monkeypatch.setattr("sys.argv", ["hpcmix", command, *words, *sets])
        with pytest.raises(SystemExit) as left:
            main()
        said[command] = capfd.readouterr().err
        assert left.value.code == 2, (command, said[command])
        assert [path.name for path in tmp_path.iterdir()] == ["wrong.toml"], command
    assert f": {key}" in said["run"] and sentence in said["run"]
    assert set(said.values()) == {said["run"]}


def test_job_refuses_a_file_without_time_as_run_does(tmp_path, monkeypatch, capfd):
    (tmp_path / "wrong.toml").write_text(PLANE[: PLANE.index("[time]")])
    monkeypatch.chdir(tmp_path)
    said = {}
    for command, words in {"run": [], "job": ["--time", "1h"]}.items():
        monkeypatch.setattr("sys.argv", ["hpcmix", command, "wrong.toml", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said[command] = capfd.readouterr().err
        assert left.value.code == 2 and "run needs a [time] section" in said[command]
    assert said["run"] == said["job"]


def test_a_factor_that_fails_between_the_steps_ends_a_run_with_its_sentence(tmp_path, monkeypatch, capfd):
    """An expression in x and t is not evaluated in advance: the run ends with status 3, no traceback."""
    (tmp_path / "late.toml").write_text(PLANE)
    monkeypatch.chdir(tmp_path)
    late = "species.0.potential={kind='expression', value='x/(t - 0.05)'}"
    monkeypatch.setattr("sys.argv", ["hpcmix", "run", "late.toml", "--set", late])
    with pytest.raises(SystemExit) as left:
        main()
    shown = capfd.readouterr().err
    assert left.value.code == 3 and "species.a.potential.0 is not finite at x = " in shown and "Traceback" not in shown
