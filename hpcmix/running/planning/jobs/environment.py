"""The line of a job script that makes ``hpcmix`` a command."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def environment_line(asked: str | None) -> str:
    """What a job does to have the environment `asked` for, a virtual environment's directory, or, unless one is, that
    of the program that makes the script, by its absolute path. Variables such as $HOME are the job's.
    """
    if asked is not None:
        return f". {_quoted(asked)}/bin/activate"
    here = Path(sys.prefix)
    if (here / "bin" / "activate").is_file() and (here / "pyvenv.cfg").is_file():
        return f". {shlex.quote(str(here))}/bin/activate"
    return f"export PATH={shlex.quote(str(here / 'bin'))}:$PATH"


def _quoted(path: str) -> str:
    """The path as a word of the shell, which fills in its variables."""
    return f'"{path}"' if "$" in path else shlex.quote(path)
