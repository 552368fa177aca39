"""Pages of the documentation, followed as a reader does: files are saved, commands called, Python executed, in order.

What stands in blocks of code is done. A block of TOML, Python or text whose first line is ``# NAME`` is saved
as this file. Comments before a block, which readers do not see, say what else is to be known:

    <!-- in: sodium.toml -->            the TOML of the block is what is changed in, or added to, this file
    <!-- output -->                     the lines of the block are in the output of the block before; ... is anything
    <!-- exit: 2 -->                    the command of the block ends with this status
    <!-- small: hpcmix run ... -->      this is called in place of the block, at a size that a test can afford
    <!-- not executed: REASON -->       a block that changes the machine
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from hpcmix.cli import main
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.words.show import toml_of
from tests.patience import patience

REMARK = re.compile(r"^<!--\s*(in|output|exit|small|not executed)(?::\s*(.*?))?\s*-->$")
FENCE = re.compile(r"^( *)(`{3,})(\w*)\s*$")
FILE_NAME = re.compile(r"^# ([\w-]+\.(?:toml|py|txt))$")
LAUNCHER = re.compile(r"^(?:mpirun|srun|mpiexec)(?: -n \d+)? (?=hpcmix )")
ELSEWHERE = re.compile(r"^(?:git|cd|scripts/setup|pip|module|python3? -m venv|\. |export|source|ssh|apt-get|#)")
"""Commands that a page may show without being followed: they change the machine, or need one that is not here."""


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, the remarks before it, and the line where it stands."""

    language: str
    text: str
    remarks: dict[str, str]
    line: int


def blocks(page: Path) -> list[Block]:
    """The blocks of a page in their order."""
    result: list[Block] = []
    remarks: dict[str, str] = {}
    lines = page.read_text().splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        if remark := REMARK.match(line.strip()):
            remarks[remark[1]] = remark[2] or ""
        elif fence := FENCE.match(line):
            end = lines.index(fence[1] + fence[2], number + 1)
            text = "\n".join(within.removeprefix(fence[1]) for within in lines[number + 1 : end])
            result.append(Block(fence[3], text, remarks, number + 1))
            remarks, number = {}, end
        elif line.strip():
            remarks = {}
        number += 1
    return result


def merged(old: Any, new: Any) -> Any:
    """A document with what another adds to it or puts in its place; tables of a list are told apart by their names."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old[key], value) if key in old else value for key, value in new.items()}
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(entry, dict) for entry in old + new):
        known = {_name(entry): entry for entry in old}
        if None not in known and all(_name(entry) is not None for entry in new):
            return list((known | {_name(entry): merged(known.get(_name(entry), {}), entry) for entry in new}).values())
    return new


def _name(entry: dict[str, Any]) -> str | None:
    """What tells a table of a list from its neighbours: the name of a species, the pair of an interaction."""
    return entry.get("name") or ("-".join(sorted(entry["between"])) if "between" in entry else None)


@dataclass
class Reader:
    """Follows a page in a folder; `shell`: by real commands in a real shell, otherwise in this process, on one rank.

    names    what the page's Python has defined.
    output   what the last block said.
    """

    folder: Path
    shell: bool = False
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})
    output: str = ""

    def follow(self, block: Block) -> None:
        """Do what a block says. An AssertionError says what does not come out as the page has it."""
        if "output" in block.remarks:
            self._compare(block.text)
        elif "not executed" in block.remarks:
            assert block.language == "bash" and all(map(ELSEWHERE.match, filter(None, block.text.splitlines())))
        elif block.language == "bash":
            text = block.remarks.get("small") or block.text
            self.output = ""
            for command in re.sub(r"\\\n\s*", "", text).splitlines():
                if command.strip() and not command.startswith("#"):
                    self._call(command, int(block.remarks.get("exit", 0)))
        elif block.language == "toml":
            self._save_problem(block)
        elif block.language == "text" and (name := FILE_NAME.match(block.text.partition("\n")[0])):
            (self.folder / name[1]).write_text(block.text.partition("\n")[2] + "\n")
        elif block.language == "python":
            if name := FILE_NAME.match(block.text.partition("\n")[0]):
                (self.folder / name[1]).write_text(block.text + "\n")
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()) as said:
                exec(compile(block.text, f"line {block.line}", "exec"), self.names)
            self.output = said.getvalue()
        else:
            raise AssertionError(f"nobody knows how to follow a block of {block.language or 'no language'}")

    def _save_problem(self, block: Block) -> None:
        document = tomllib.loads(block.text)
        name = FILE_NAME.match(block.text.partition("\n")[0])
        assert name or "in" in block.remarks, "say of which file this TOML is: # NAME.toml or <!-- in: NAME.toml -->"
        if name:
            (self.folder / name[1]).write_text(block.text + "\n")
        else:
            path = self.folder / block.remarks["in"]
            path.write_text(toml_of(merged(tomllib.loads(path.read_text()), document)))
            load_problem(str(path))

    def _compare(self, text: str) -> None:
        for line in filter(str.strip, text.splitlines()):
            pattern = r"[^\n]*".join(re.escape(" ".join(part.split())) for part in line.split("..."))
            said = "\n".join(" ".join(within.split()) for within in self.output.splitlines())
            assert re.search(pattern, said), f"{line!r} is not in the output:\n{self.output}"

    def _call(self, command: str, status: int) -> None:
        ended = self._in_a_shell(command) if self.shell or not _known(command) else self._within(command)
        assert ended == status, f"{command} ended with {ended}:\n{self.output}"

    def _in_a_shell(self, command: str) -> int:
        environment = os.environ | {"PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=patience(250),
        )
        self.output += ended.stdout
        return ended.returncode

    def _within(self, command: str) -> int:
        """Call the command line in this process: as much as the real command, without a second to start it."""
        words, pipe, behind = command.partition(" | ")
        words, redirected, name = words.partition(" > ")
        said, complaints, status = io.StringIO(), io.StringIO(), 0
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(complaints),
            mock.patch.object(sys, "argv", shlex.split(LAUNCHER.sub("", words))),
        ):
            try:
                main()
            except SystemExit as end:
                status = int(end.code or 0)
        self.output += complaints.getvalue()
        if redirected:
            (self.folder / name.strip()).write_text(said.getvalue())
        elif pipe:
            (self.folder / "piped").write_text(said.getvalue())
            return status or self._in_a_shell(f"{behind} < piped")
        else:
            self.output += said.getvalue()
        return status


def _known(command: str) -> bool:
    return LAUNCHER.sub("", command).startswith("hpcmix ")
