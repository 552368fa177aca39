"""Every command on a problem file that lacks one of its sections: it does its work or says what is missing; no
traceback, ever. Called in this process, where an exception that a command lets through is a failure."""

from __future__ import annotations

import sys

import pytest

from hpcmix.cli import main

PARTS = {
    "title": 'title = "everything"',
    "units": '[units]\nlength = "1 um"\nmass = "86.909 u"',
    "grid": "[grid]\npoints = [12, 12]\nlengths = [9.0, 9.0]",
    "rotation": "[rotation]\nrate = 0.1",
    "species": "\n".join(
        f'[[species]]\nname = "{name}"\nparticles = 2.0\nmass = 1.0\n'
        'potential = [{ kind = "harmonic", frequency = 1.0 }]\ninitial = { kind = "ground-state" }'
        for name in "ab"
    ),
    "interaction": '[[interaction]]\nbetween = ["a", "b"]\nkind = "contact"\nstrength = 0.3',
    "coupling": '[[coupling]]\nbetween = ["a", "b"]\nrabi_frequency = 0.5',
    "scaling": '[scaling]\nkind = "fractions"',
    "ground_state": "[ground_state]\ntolerance = 1e-6",
    "time": "[time]\nfinal = 0.02\nstep = 0.01",
    "output": '[output]\ndirectory = "out"',
    "parallel": '[parallel]\nprecision = "double"',
}
APART = ("coupling", "rotation", "scaling")
"""Coherent coupling goes neither with rotation nor with a scaling."""
REQUIRED = ("grid", "species")
NEEDS_TIME = ("run", "check", "bench", "job", "scaling")
LONG = {
    "bench": (*REQUIRED, "time", "ground_state"),
    "check": (*REQUIRED, "time", "output"),
    "scaling": (*REQUIRED, "time"),
}
"""Commands that take a second and more, or start others, and the sections without which they are tried."""

CALLS = {
    "run": ["run", "all.toml"],
    "ground": ["ground", "all.toml"],
    "plan": ["plan", "all.toml"],
    "show": ["show", "all.toml"],
    "bench": ["bench", "all.toml", "--steps", "1"],
    "job": ["job", "all.toml", "--time", "1:00:00"],
    "check": ["check", "conservation", "all.toml"],
    "scaling": ["scaling", "all.toml", "--ranks", "1"],
}
OF_A_DIRECTORY = {"restart": ["restart", "out"], "show": ["show", "out"], "plot": ["plot", "out"],
                  "verify": ["verify", "out"]}  # fmt: skip


def text(removed: str, coupled: bool) -> str:
    left_out = {removed, *(("rotation", "scaling") if coupled else ("coupling",))}
    return "\n\n".join(part for name, part in PARTS.items() if name not in left_out) + "\n"


def status(arguments: list[str], monkeypatch) -> int:
    """How the command ends. Whatever it raises but the end of the process comes through and fails the test."""
    monkeypatch.setattr(sys, "argv", ["hpcmix", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    ("command", "removed"), [(name, one) for name in CALLS for one in PARTS if one in LONG.get(name, PARTS)]
)
def test_a_file_without_a_section(command, removed, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.toml").write_text(text(removed, coupled=removed in APART[1:]))
    ended = status(CALLS[command], monkeypatch)
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert (ended == 2) == (removed in REQUIRED or (removed == "time" and command in NEEDS_TIME)), said.err
    assert ended == 0 or said.err.strip()


@pytest.mark.parametrize("removed", PARTS)
def test_a_directory_whose_problem_lacks_a_section(removed, tmp_path, monkeypatch, capfd):
    """The ground state of a file without the section, or of the whole one where it is required; then the section is
    taken out of the problem in the directory, for what reads it there."""
    monkeypatch.chdir(tmp_path)
    coupled = removed in APART[1:]
    (tmp_path / "all.toml").write_text(text("" if removed in (*REQUIRED, "output") else removed, coupled))
    arguments = ["ground", "all.toml", "--set", 'output.directory="out"']
    assert status(arguments, monkeypatch) == 0
    (tmp_path / "out" / "problem.toml").write_text(text(removed, coupled))
    for command, call in OF_A_DIRECTORY.items():
        ended = status(call, monkeypatch)
        said = capfd.readouterr()
        assert "Traceback" not in said.err + said.out
        assert ended in (0, 1, 2, 4), command
        assert ended == 0 or said.err.strip() or "BAD" in said.out
