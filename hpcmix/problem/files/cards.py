"""Finding the problem file that a user names: a path, or the bare name of an example card."""

from __future__ import annotations

import re
from pathlib import Path

from hpcmix.problem.mistakes.errors import Complaint, ProblemError, closest

CARD_FOLDERS = (Path(__file__).resolve().parents[2] / "cards", Path(__file__).resolve().parents[3] / "jobs")
"""Where example cards live: in the package when it is installed, beside it in a clone."""

_CARD_FOLDER_NAME = re.compile(r"\d+_(?P<name>.+)")


def cards() -> dict[str, Path]:
    """Every example card: its name and its file ``<name>/problem.toml`` or ``NN_<name>/problem.toml``; the first
    folder wins."""
    paths: dict[str, Path] = {}
    for folder in CARD_FOLDERS:
        for path in sorted(folder.glob("*/problem.toml")):
            paths.setdefault(_card_name(path), path)
    return paths


def _card_name(path: Path) -> str:
    match = _CARD_FOLDER_NAME.fullmatch(path.parent.name)
    return match["name"] if match else path.parent.name


def find_card(name: str) -> Path:
    """The file of an example card by its bare name. Raises :class:`ProblemError`."""
    known = cards()
    if name not in known:
        message = f"there is no example of this name; hpcmix examples lists all {len(known)}"
        raise _refusal(name, message, closest(name, known))
    return known[name]


def find_problem(file: str) -> tuple[Path, str]:
    """The path of the problem file and the name that its run goes by: the file's stem, or a card's name. Raises
    ProblemError."""
    path = Path(file)
    if path.is_file():
        is_card = path.name == "problem.toml" and path.resolve() in {card.resolve() for card in cards().values()}
        return path, _card_name(path.resolve()) if is_card else path.stem
    known = cards()
    if file in known:
        return known[file], file
    if path.is_dir():
        inside = path / "problem.toml"
        raise _refusal(file, "is a directory, not a problem file", str(inside) if inside.is_file() else None)
    if path.exists():
        raise _refusal(file, "is a device or a pipe; a problem is read from a file, which every rank can open", None)
    if path.name != file or path.suffix:
        siblings = [sibling.name for sibling in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        nearest = closest(path.name, siblings)
        raise _refusal(file, "there is no such file", str(path.parent / nearest) if nearest else None)
    suggestion = closest(file, known)
    listing = f" (examples: {', '.join(known)})" if known else ""
    raise _refusal(file, f"there is neither a file nor an example of this name{listing}", suggestion)


def _refusal(file: str, message: str, suggestion: str | None) -> ProblemError:
    return ProblemError([Complaint(file, None, "", message, suggestion)])
