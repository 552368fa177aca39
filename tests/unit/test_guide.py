"""From an example to a problem of one's own, and what shells and ``man`` are told of the commands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from hpcmix.cli import SUMMARIES, app
from hpcmix.commands.guide.roff import EXIT_STATUSES
from hpcmix.problem.files.cards import cards, find_card
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.examples import rough


def call(*words):
    answer = CliRunner().invoke(app, list(map(str, words)), standalone_mode=False, catch_exceptions=False)
    assert not answer.return_value
    return answer.output


def test_examples_are_listed_with_grid_time_and_title():
    head, *lines = call("examples", "MIXTURE").splitlines()
    assert head.split() == ["name", "grid", "time", "title"]
    line = next(line for line in lines if line.startswith("rubidium-mixture "))
    assert "96^3, 2 species" in line and line.endswith("Two hyperfine states of rubidium-87, released from the trap")
    assert " s " in line or " min " in line  # of 75 steps, on any machine
    assert all("mixture" in line.casefold() for line in lines)
    modes = call("examples", "collective").splitlines()[1]
    assert "(hpcmix excitations)" in modes and " - " in modes  # nothing evolves
    with pytest.raises(ProblemError, match="no example has this"):
        call("examples", "mixture", "helium-5")


def test_every_example_is_listed(monkeypatch):
    """Without its time, which is measured."""
    monkeypatch.setattr("hpcmix.running.planning.examples._seconds", lambda problem: None)
    names = [line.split()[0] for line in call("examples").splitlines()[1:]]
    assert names == list(cards())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "< 1 s"), (44.4, "44 s"), (89.0, "89 s"), (90.0, "2 min"), (5400.0, "2 h"), (4e5, "5 d")],
)
def test_times_are_told_roughly(seconds, text):
    assert rough(seconds) == text


@pytest.mark.parametrize("name", cards())
def test_a_new_problem_is_the_example_with_a_directory_of_its_own(name, tmp_path, monkeypatch):
    """Comments and units are those of the source; what it reads is beside it; it is the same problem."""
    monkeypatch.chdir(tmp_path)
    said = call("new", name, "work/mine.toml")
    command = {"collective-modes": "excitations", "miscible-immiscible": "sweep"}.get(name, "run")
    assert f"hpcmix plan work/mine.toml says what it takes; mpirun -n 2 hpcmix {command} work/mine.toml" in said
    source, copied = find_card(name).read_text(), Path("work/mine.toml").read_text()
    differing = [(old, new) for old, new in zip(source.splitlines(), copied.splitlines(), strict=True) if old != new]
    assert differing in ([], [(f'directory = "runs/{name}"', 'directory = "runs/mine"')])
    mine, card = load_problem("work/mine.toml"), load_problem(name)
    assert mine.output.directory == "runs/mine"
    output = {"output": card.output}
    assert mine.model_copy(update=output) == card.model_copy(update=output)


def test_nothing_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("my own")
    with pytest.raises(ProblemError, match=r"mine\.toml: is there already and is left as it is"):
        call("new", "feshbach-ramp", "mine.toml")
    Path("ramp.txt").write_text("my own")
    with pytest.raises(ProblemError, match=r"ramp\.txt: is there already"):
        call("new", "feshbach-ramp", "other.toml")
    assert not Path("other.toml").exists() and Path("ramp.txt").read_text() == "my own"
    Path("ramp.txt").write_text((find_card("feshbach-ramp").parent / "ramp.txt").read_text())  # from an earlier one
    call("new", "feshbach-ramp", "other.toml")
    with pytest.raises(ProblemError, match='did you mean "feshbach-ramp"'):
        call("new", "fesbach-ramp", "third.toml")
    assert call("new", "manakov-soliton", "-") == find_card("manakov-soliton").read_text()


def completions(*words):
    *before, beginning = words
    return [item.value for item in ShellComplete(app, {}, "hpcmix", "X").get_completions(list(before), beginning)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("rubidium.toml", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "runs").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("run", "rubid"), ["rubidium.toml", "rubidium-mixture"]),
        (("run", "--restart", "auto", "manak"), ["manakov-soliton"]),
        (("job", "lattice-"), ["lattice-ramp"]),
        (("scaling", "scaling-m"), ["scaling-mixture"]),
        (("new", "mana"), ["manakov-soliton"]),
        (("show", "mana"), ["manakov-soliton"]),
        (("check", "disp"), ["dispersion"]),
        (("check", "dispersion", "boson-"), ["boson-star"]),
        (("ru",), ["run"]),
        (("run", "--acc"), ["--accept-changes"]),
        (("job", "--batch", "p"), ["pbs"]),
        (("sweep", "rubid"), ["rubidium.toml", "rubidium-mixture"]),
        (("help", "potential.lat"), ["potential.lattice"]),
        (("help", "time.integ"), ["time.integrator"]),
        (("help", "potential.lattice.per"), ["potential.lattice.period"]),
        (("help", "screening"), ["screening"]),
    ],
)
def test_shells_complete_commands_options_examples_and_files(folder, words, expected, monkeypatch):
    monkeypatch.setattr("hpcmix.cli._listen", lambda: pytest.fail("a shell that asks waits for nothing"))
    assert completions(*words) == expected


@pytest.mark.parametrize("words", [("run", "runs/"), ("run", "no"), ("show", "run"), ("verify", "no")])
def test_other_words_are_left_to_the_shell(folder, words):
    kinds = [item.type for item in ShellComplete(app, {}, "hpcmix", "X").get_completions([words[0]], words[1])]
    assert kinds == ["file"]


def test_bash_completes(folder):
    """In a real bash, by the function that it is given."""
    source = call("completion", "bash")
    program = folder / "hpcmix"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from hpcmix.cli import main; main()' \"$@\"\n")
    program.chmod(0o755)
    asks = 'COMP_WORDS=(hpcmix run manak) COMP_CWORD=2; _hpcmix_completion hpcmix; echo "${COMPREPLY[@]}"'
    answer = subprocess.run(
        ["bash", "-c", f"{source}\n{asks}"], capture_output=True, text=True, check=False,
        env={"PATH": f"{folder}:/usr/bin:/bin"}, cwd=folder,
    )  # fmt: skip
    assert answer.stdout.strip() == "manakov-soliton", answer.stderr


@pytest.mark.parametrize(("shell", "word"), [("zsh", "compdef"), ("fish", "complete --no-files --command hpcmix")])
def test_other_shells_have_their_own(shell, word):
    assert word in call("completion", shell)


def test_every_command_has_a_page_with_all_its_options(tmp_path):
    assert f"{len(app.commands) + 1} pages written" in call("man", "--all", tmp_path / "man1")
    for name, command in app.commands.items():
        page = (tmp_path / "man1" / f"hpcmix-{name}.1").read_text().replace("\\-", "-")
        options = [
            option for parameter in command.command().params for option in parameter.opts if option.startswith("--")
        ]
        assert [option for option in options if option not in page] == [], name
    whole = (tmp_path / "man1" / "hpcmix.1").read_text()
    sentences = [text for listed in SUMMARIES.values() for text in listed.values()]
    assert [text for text in sentences if text.replace("-", "\\-") not in whole] == []
    assert set(EXIT_STATUSES) == {int(status) for status in ExitStatus}


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man here")
def test_man_reads_the_pages_without_a_warning(tmp_path):
    call("man", "--all", tmp_path)
    for path in sorted(tmp_path.iterdir()):
        shown = subprocess.run(
            ["man", "--warnings", "-l", path], capture_output=True, text=True, check=True,
            env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
        assert shown.stderr == "" and "NAME" in shown.stdout and "Usage" not in shown.stdout
    page = call("man", "check")
    assert ".nf\n" in page and "gross\\-pitaevskii\\-limit  the modified system" in page  # a list keeps its lines


def test_a_page_of_no_command_is_refused():
    with pytest.raises(click.UsageError, match="there is no command walk"):
        call("man", "walk")
