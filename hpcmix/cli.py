"""The command line: the group of all commands, and how the process ends.

A command (hpcmix/commands) is imported when it is called, and imports what it needs when it runs: help, show and plot
start without MPI, and the list of commands without any of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from hpcmix import __version__

SUMMARIES = {
    "guide.starting": {
        "examples": "List the examples, each with its grid and time: those whose name or title has every WORD.",
        "new": "Write the source of an example, comments and units included, as a problem file of one's own.",
    },
    "running": {
        "run": "Make the initial state, or go on from a checkpoint, and evolve to the final time.",
        "restart": "Go on with the run of a directory from its newest good checkpoint, on any number of ranks.",
        "ground": "Find the ground state only, and write it with its wave functions.",
        "excitations": "Find the ground state and the spectrum of its small oscillations: frequencies, fields, "
        "strengths.",
    },
    "sweeping": {
        "sweep": "Run FILE at every point of its [sweep], and gather all of them in one dataset and a figure.",
    },
    "claims": {
        "check": "Measure a claim of the papers: table, fitted exponent with its confidence, numerical errors, "
        "verdict, figure, JSON.",
    },
    "measuring": {
        "bench": "Time per step and phase and effective bandwidth on this machine; two components on 128^3 points "
        "without FILE.",
        "scaling": "Measure how well FILE scales over ranks, orbital groups, pencil grids and threads, with a model of "
        "more ranks.",
    },
    "looking": {
        "plan": "State memory per rank, file sizes, decomposition and time.",
        "show": "Print a problem with every default filled in; of a directory, what became of the run, check or study "
        "in it.",
        "verify": "Check every file of a directory of a run, check or study, or one checkpoint or snapshot: whole, "
        "sealed, of the right digest.",
    },
    "plotting": {
        "plot": "Draw what a run has left, finished or not, as files in its directory: densities, phases, series, "
        "spectra.",
    },
    "imaging": {
        "image": "Take pictures of the snapshots of a run as output.images of its problem says, now or after a time of "
        "flight.",
    },
    "job": {
        "job": "Print a script for a batch system: a run that goes on over its time limit until it is complete.",
    },
    "guide.keys": {
        "help": "Say what a key or a section of the problem file takes: hpcmix help potential.lattice.",
        "schema": "Print the JSON schema of problem files, for editors that check and complete TOML.",
    },
    "guide.shell": {
        "completion": "Print what makes a shell complete commands, options, examples and files: bash, zsh or fish.",
        "man": "Print a manual page, for man -l -; or write all of them.",
    },
}
"""The commands by the module of hpcmix/commands that defines them, each with the first sentence of its help."""


LISTENING = {"running", "sweeping", "claims", "measuring", "imaging"}
"""The modules whose commands compute: they listen to signals before they import anything else."""


class Deferred(click.Command):
    """A command of the list that is imported when it is called: the list needs the options of none."""

    def __init__(self, name: str, module: str) -> None:
        super().__init__(name, help=SUMMARIES[module][name])
        self._module, self._function = module, name

    def command(self) -> click.Command:
        """The command itself."""
        command: click.Command = getattr(import_module(f"hpcmix.commands.{self._module}"), self._function)
        return command

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """The context of the command itself, which then is what is invoked."""
        if self._module in LISTENING and not options.get("resilient_parsing"):  # else a shell asks what could follow
            _listen()
        return self.command().make_context(*arguments, **options)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpcmix", message="%(prog)s %(version)s")
def app() -> None:
    """Evolve mixtures of quantum gases on large grids, in parallel: mpirun -n 4 hpcmix run FILE.

    FILE is a problem file (TOML) or the bare name of an example.
    """


for module, commands in SUMMARIES.items():
    for name in commands:
        app.add_command(Deferred(name, module))


def main() -> None:
    """Entry point of the command ``hpcmix``: ends the process with the exit status of docs/reference/environment.md."""
    try:
        status = app(prog_name="hpcmix", standalone_mode=False)
    except Exception as error:
        status = _status_of(error)
        if status is None:
            raise
    finally:
        _listen_no_more()
    sys.exit(status or 0)


def _status_of(error: Exception) -> int | None:
    """Say what is wrong and give the exit status; None for an error that nobody expected."""
    from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen

    match error:
        case click.Abort():
            return ExitStatus.FAILED
        case click.ClickException():
            if _speaks():
                error.show()
            return ExitStatus.BAD_INPUT
        case Foreseen():
            if _speaks():
                click.echo(error.for_terminal, err=True)
            return error.status
    return None


def _listen() -> None:
    """Hear signals, and watch that the start comes to an end, from now on."""
    from hpcmix.running.stops.signals import SIGNALS
    from hpcmix.running.stops.watchdog import watch_the_start

    SIGNALS.listen()
    watch_the_start()


def _listen_no_more() -> None:
    """Leave signals and timers as they were, for who called :func:`main`: the command is over."""
    if "hpcmix.running.stops.signals" in sys.modules:
        import faulthandler

        from hpcmix.running.stops.signals import SIGNALS

        SIGNALS.close()
        faulthandler.cancel_dump_traceback_later()


def _speaks() -> bool:
    """Whether this process is the one that speaks, as far as the launcher's environment tells without MPI."""
    from hpcmix.parallel.job.launcher import rank_started

    return rank_started() == 0
