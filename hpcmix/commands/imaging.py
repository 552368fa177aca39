"""``image``: what a camera sees of a run."""

from __future__ import annotations

from pathlib import Path

import click

from hpcmix.commands.options import directory_argument, overrides_option


@click.command()
@directory_argument
@click.option(
    "--snapshots", "words", metavar="last|all|0,3", default="last", show_default=True, help="Which of them to look at."
)
@overrides_option
def image(directory: Path, words: str, overrides: tuple[str, ...]) -> int:
    """Take pictures of the snapshots of a run as output.images of its problem says, now or after a time of flight.

    Another camera: --set output.images.time_of_flight="10 ms". Of a flight with interactions (expansion = "frame") each
    snapshot is a run of its own, on as many ranks as there are.
    """
    from hpcmix.running.courses.imaging.snapshots import image_run

    return image_run(directory, words, overrides)
