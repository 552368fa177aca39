"""``help`` and ``schema``: the keys of the problem file."""

from __future__ import annotations

import click

from hpcmix.commands.guide.completing import complete_keys
from hpcmix.commands.options import by_one_process
from hpcmix.problem.mistakes.ending import ExitStatus


@click.command()
@click.argument("key", metavar="[KEY]", nargs=-1, shell_complete=complete_keys)
@click.pass_context
@by_one_process
def help(context: click.Context, key: tuple[str, ...]) -> int:
    """Say what a key or a section of the problem file takes: hpcmix help potential.lattice.

    Any part of a key's place will do; of a word that is no key, the keys are listed that have it in their text. Of a
    command it is the same as --help.
    """
    from hpcmix.problem.reference import lookup, words

    question = ".".join(key)
    if not question:
        click.echo(words.overview())
        return ExitStatus.DONE
    if question in ("expression", "expressions", "units", "functions"):
        click.echo(words.expressions())
        return ExitStatus.DONE
    found = lookup.answers(question)
    if found:
        click.echo(words.in_words(found))
        return ExitStatus.DONE
    if (text := _of_command(context.find_root(), question)) is not None:
        click.echo(text)
        return ExitStatus.DONE
    meant = lookup.suggestion(question)
    mentioned = lookup.mentions(question)
    hint = f'; did you mean "{meant}"?' if meant else "" if mentioned else "; hpcmix help lists the sections"
    click.echo(f'hpcmix: there is no key "{question}"{hint}', err=True)
    if mentioned:
        click.echo(words.mentioned(mentioned), err=True)
    return ExitStatus.BAD_INPUT


def _of_command(root: click.Context, name: str) -> str | None:
    """The help of a command, None where there is none of this name."""
    command = root.command.get_command(root, name) if isinstance(root.command, click.Group) else None
    if command is None:
        return None
    with command.make_context(name, ["--help"], parent=root, resilient_parsing=True) as context:
        return context.get_help()


@click.command()
@by_one_process
def schema() -> int:
    """Print the JSON schema of problem files, for editors that check and complete TOML."""
    import json

    from hpcmix.problem.reference.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False, allow_nan=False))
    return ExitStatus.DONE
