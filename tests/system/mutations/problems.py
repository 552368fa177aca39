"""What is mutated: the cards, and small files with every section and kind that the cards leave out."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hpcmix.problem.files.overrides import apply_overrides

JOBS = Path(__file__).resolve().parents[3] / "jobs"

MORE = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parent / "files").glob("*.toml"))
}
"""Beside the cards, in a few lines each."""


def cards() -> dict[str, dict[str, Any]]:
    """The tables of every card in the size of its own test, and of the files above."""
    found = {}
    for folder in sorted(path.parent for path in JOBS.glob("*/problem.toml")):
        tables = tomllib.loads((folder / "problem.toml").read_text(encoding="utf-8"))
        expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
        found[folder.name], _, complaints = apply_overrides(tables, expected["set"])
        assert not complaints, folder
        _from_anywhere(found[folder.name], folder)
    return found | {name: tomllib.loads(text) for name, text in MORE.items()}


def _from_anywhere(node: Any, folder: Path) -> None:
    """Name the files of a card so that they are found wherever a case of it lies; in place."""
    for entry in node.values() if isinstance(node, dict) else node:
        if isinstance(entry, (dict, list)):
            _from_anywhere(entry, folder)
    if isinstance(node, dict) and isinstance(node.get("path"), str) and (folder / node["path"]).is_file():
        node["path"] = str(folder / node["path"])
