"""``help`` and ``schema``: the keys of the problem file."""

from __future__ import annotations

import click

from hpcmix.commands.guide.completing import complete_keys
from hpcmix.commands.options import by_one_process
from hpcmix.problem.mistakes.ending import ExitStatus


@click.command()
@click.argument("key", metavar="[KEY]", required=False, shell_complete=complete_keys)
@by_one_process
def help(key: str | None) -> int:
    """Say what a key or a section of the problem file takes: hpcmix help potential.lattice."""
    from hpcmix.problem.reference import lookup, words

    if key is None:
        click.echo(words.overview())
        return ExitStatus.DONE
    if key in ("expression", "expressions", "units", "functions"):
        click.echo(words.expressions())
        return ExitStatus.DONE
    found = lookup.answers(key)
    if found:
        click.echo(words.in_words(found))
        return ExitStatus.DONE
    meant = lookup.suggestion(key)
    hint = f'; did you mean "{meant}"?' if meant else "; hpcmix help lists the sections"
    click.echo(f'hpcmix: there is no key "{key}"{hint}', err=True)
    return ExitStatus.BAD_INPUT


@click.command()
@by_one_process
def schema() -> int:
    """Print the JSON schema of problem files, for editors that check and complete TOML."""
    import json

    from hpcmix.problem.reference.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=1, ensure_ascii=False, allow_nan=False))
    return ExitStatus.DONE
