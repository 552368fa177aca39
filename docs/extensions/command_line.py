"""The command line with all options of all commands, which the program itself imports one at a time."""

from __future__ import annotations

import click

from hpcmix.cli import app

commands = click.Group(
    "hpcmix", help=app.help, commands={name: deferred.command() for name, deferred in app.commands.items()}
)
