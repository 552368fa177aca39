"""What the shell may complete a word to."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

_FILES = CompletionItem("", type="file")
"""Leaves the word to the shell, which knows files best."""


def complete_cards(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
    """The names of examples."""
    from hpcmix.problem.files.cards import cards

    return [CompletionItem(name) for name in cards() if name.startswith(beginning)]


def complete_keys(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
    """Sections of the problem file and their keys, kinds of tables among them, one part after the other; where no place
    begins so, the ends of places that help answers to: potential.lattice."""
    from hpcmix.problem.reference.lookup import endings, places

    begun = beginning.count(".")
    known = dict.fromkeys(".".join(place.split(".")[: begun + 1]) for place, *_ in places())
    begin_so = [place for place in known if place.startswith(beginning)]
    return [CompletionItem(place) for place in begin_so or endings(beginning)]


def complete_problems(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
    """Problem files here, and the names of examples; any file where neither begins so."""
    here = [] if "/" in beginning else sorted(Path().glob("*.toml"))
    files = [CompletionItem(path.name) for path in here if path.name.startswith(beginning)]
    return [*files, *complete_cards(context, parameter, beginning)] or [_FILES]


def complete_paths(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
    """What ``show`` takes: directories and files are the shell's; an example's name where it begins so and no file
    does."""
    if "/" in beginning or any(path.name.startswith(beginning) for path in Path().iterdir()):
        return [_FILES]
    return complete_cards(context, parameter, beginning) or [_FILES]
