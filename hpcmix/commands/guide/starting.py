"""``examples`` and ``new``: from an example to a problem of one's own."""

from __future__ import annotations

import shlex

import click

from hpcmix.commands.guide.completing import complete_cards
from hpcmix.commands.options import by_one_process


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@by_one_process
def examples(words: tuple[str, ...]) -> int:
    """List the examples, each with its grid and time: those whose name or title has every WORD.

    The time is that of the evolution on one core of this machine, roughly; ground states and output come on top.
    hpcmix run NAME runs one, hpcmix new NAME FILE makes a problem of one's own of it.
    """
    from hpcmix.problem.mistakes.errors import ProblemError
    from hpcmix.running.planning.examples import examples as find
    from hpcmix.running.planning.examples import lines_of

    shown = find(words)
    if not shown:
        raise ProblemError.of(" ".join(words), "no example has this in its name or title; hpcmix examples lists all")
    click.echo("\n".join(lines_of(shown)))
    return 0


@click.command()
@click.argument("card", metavar="EXAMPLE", shell_complete=complete_cards)
@click.argument("file", metavar="FILE")
@by_one_process
def new(card: str, file: str) -> int:
    """Write the source of an example, comments and units included, as a problem file of one's own.

    What it reads is laid beside it, and its run goes to runs/<name of FILE>. With - as FILE it is printed.
    """
    from pathlib import Path

    from hpcmix.problem.files.cards import find_card
    from hpcmix.problem.files.copying import new_problem, source_of
    from hpcmix.running.planning.examples import command_of

    if file == "-":
        click.echo(source_of(card, Path(card)), nl=False)
        return 0
    for path in new_problem(card, file):
        click.echo(f"written: {path}")
    name, command = shlex.quote(file), command_of(find_card(card).parent)
    click.echo(f"hpcmix plan {name} says what it takes; mpirun -n 2 hpcmix {command} {name} computes it on two ranks")
    return 0
