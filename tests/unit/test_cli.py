"""The list of commands and the commands, which are imported only when they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpcmix.cli import app

COMMANDS = app.commands


def test_the_list_needs_no_command():
    code = (
        "import sys\nfrom hpcmix.cli import main\nsys.argv = ['hpcmix', '--help']\ntry:\n    main()\nfinally:\n"
        "    print([name for name in sys.modules if name.startswith('hpcmix')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "  verify " in shown
    assert shown.splitlines()[-1] == "['hpcmix', 'hpcmix.cli']"


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("width", [45, 67])
def test_the_list_says_what_the_help_of_a_command_begins_with(name, width):
    listed, real = COMMANDS[name], COMMANDS[name].command()
    assert real.name == name
    assert listed.get_short_help_str(width) == real.get_short_help_str(width)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_its_own_help(name):
    shown = subprocess.run(
        [sys.executable, "-c", "from hpcmix.cli import main; main()", name, "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    words = ["Usage:", f" {name} [OPTIONS]", "--help"]
    words += [option for parameter in COMMANDS[name].command().params for option in parameter.opts if "--" in option]
    assert [word for word in words if word not in shown] == []
