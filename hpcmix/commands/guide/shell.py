"""``completion`` and ``man``: what a shell and ``man`` want to know of the commands."""

from __future__ import annotations

from pathlib import Path

import click

from hpcmix.commands.options import by_one_process

VARIABLE = "_HPCMIX_COMPLETE"
"""The variable by which a shell asks the program for completions."""


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@by_one_process
def completion(shell: str) -> int:
    """Print what makes a shell complete commands, options, examples and files: bash, zsh or fish.

    \b
    bash   eval "$(hpcmix completion bash)"           in ~/.bashrc
    zsh    eval "$(hpcmix completion zsh)"            in ~/.zshrc, behind compinit
    fish   hpcmix completion fish | source            in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    program = click.get_current_context().find_root().command
    click.echo(kind(program, {}, "hpcmix", VARIABLE).source())
    return 0


@click.command()
@click.argument("name", metavar="[COMMAND]", required=False)
@click.option(
    "--all",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the pages of all commands into a directory, such as ~/.local/share/man/man1.",
)
@by_one_process
def man(name: str | None, directory: Path | None) -> int:
    """Print a manual page, for man -l -; or write all of them.

    \b
    hpcmix man run | man -l -
    hpcmix man --all ~/.local/share/man/man1        from then on: man hpcmix-run
    """
    from hpcmix.commands.guide.roff import SECTION, pages

    written = pages(click.get_current_context().find_root())
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for file, page in written.items():
            (directory / file).write_text(page, encoding="utf-8")
        click.echo(f"{len(written)} pages written to {directory}")
        return 0
    file = f"hpcmix-{name}.{SECTION}" if name else f"hpcmix.{SECTION}"
    if file not in written:
        raise click.UsageError(f"there is no command {name}")
    click.echo(written[file], nl=False)
    return 0
