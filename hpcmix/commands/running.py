"""``run``, ``restart``, ``ground`` and ``excitations``: what computes a state, or what is around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hpcmix.commands.options import (
    Duration,
    directory_argument,
    file_argument,
    max_wall_option,
    overrides_option,
    plot_option,
)

Command = Callable[..., Any]

restart_option = click.option(
    "--restart",
    metavar="auto|never|PATH",
    default="auto",
    show_default=True,
    help="auto goes on with the run of the directory from its newest good checkpoint; never moves it aside and starts "
    "from the beginning; a checkpoint or the directory of another run is gone on from.",
)
accept_changes_option = click.option(
    "--accept-changes", is_flag=True, help="Go on although the file's physics are not those of the checkpoint."
)

search_max_wall_option = click.option(
    "--max-wall", metavar="3h50m", type=Duration(), help="Stop before the program has run so long."
)


def search_restart_option(text: str) -> Callable[[Command], Command]:
    """--restart of what looks for a state and has no way behind it; `text`: its help."""
    return click.option("--restart", type=click.Choice(["auto", "never"]), default="auto", show_default=True, help=text)


@click.command()
@file_argument
@restart_option
@accept_changes_option
@max_wall_option
@plot_option
@overrides_option
def run(
    file: str, restart: str, accept_changes: bool, max_wall: float | None, drawing: bool, overrides: tuple[str, ...]
) -> int:
    """Make the initial state, or go on from a checkpoint, and evolve to the final time."""
    from hpcmix.running.launch import Request, launch

    return launch(
        Request(file, overrides, restart=restart, accept_changes=accept_changes, max_wall=max_wall, drawing=drawing)
    )


@click.command()
@directory_argument
@click.option("--until", metavar="T", help="Go on beyond the final time: a time in code units, or with its unit.")
@accept_changes_option
@max_wall_option
@plot_option
def restart(directory: Path, until: str | None, accept_changes: bool, max_wall: float | None, drawing: bool) -> int:
    """Go on with the run of a directory from its newest good checkpoint, on any number of ranks."""
    from hpcmix.running.launch import Request, launch

    options = {"accept_changes": accept_changes, "max_wall": max_wall, "drawing": drawing}
    return launch(Request.to_go_on(directory, until, **options))


@click.command()
@file_argument
@search_restart_option(
    "Where a run exists already: auto leaves it alone and says so, never moves it aside. A search that was cut "
    "short is gone on with."
)
@search_max_wall_option
@overrides_option
def ground(file: str, restart: str, max_wall: float | None, overrides: tuple[str, ...]) -> int:
    """Find the ground state only, and write it with its wave functions."""
    from hpcmix.running.courses.fields import GroundTask
    from hpcmix.running.launch import Request, launch

    return launch(Request(file, overrides, GroundTask(), restart=restart, max_wall=max_wall))


@click.command()
@file_argument
@search_restart_option(
    "auto goes on with a search that was cut short, and leaves a complete one alone; never moves aside what is "
    "there and begins anew."
)
@search_max_wall_option
@plot_option
@overrides_option
def excitations(file: str, restart: str, max_wall: float | None, drawing: bool, overrides: tuple[str, ...]) -> int:
    """Find the ground state and the spectrum of its small oscillations: frequencies, fields, strengths."""
    from hpcmix.running.courses.excitations.command import ExcitationsTask
    from hpcmix.running.launch import Request, launch

    request = Request(file, overrides, ExcitationsTask(), restart=restart, max_wall=max_wall, drawing=drawing)
    return launch(request)
