"""A scaling study as jobs: a script for each configuration, one that collects, and one that submits them all."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hpcmix.io.documents.atomic import write_text
from hpcmix.running.planning.jobs.render import rendered
from hpcmix.running.planning.jobs.script import Job, launch_words, make_plain_script
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.launching import Measuring
from hpcmix.studies.scaling.measured.store import Store

SUBMIT = "submit.sh"


def write_jobs(
    store: Store, configurations: Sequence[Configuration], repeats: int, measuring: Measuring, job: Job
) -> list[Path]:
    """Write the scripts into the study's directory; their paths, the one that submits last.

    job  what all have in common; nodes, threads and names are made here.
    """
    paths = []
    for number, configuration in enumerate(configurations, 1):
        path = store.path / f"{number:03d}_{configuration.key}.{job.system.suffix}"
        write_text(path, configuration_script(store, configuration, repeats, measuring, job))
        paths.append(path)
    collecting = replace(job, name=f"{job.name}-collect", nodes=1, ranks_per_node=1, threads=1)
    collect = store.path / f"collect.{job.system.suffix}"
    write_text(
        collect,
        make_plain_script(collecting, [f"hpcmix scaling --collect {shlex.quote(str(store.path))}"]),
    )
    write_text(store.path / SUBMIT, submit_script(store, [*paths, collect], job))
    return [*paths, collect, store.path / SUBMIT]


def configuration_script(
    store: Store, configuration: Configuration, repeats: int, measuring: Measuring, job: Job
) -> str:
    """The job of one configuration: its repeats one after the other, those that are there already left out."""
    per_node = min(job.ranks_per_node, configuration.ranks)
    mine = replace(
        job,
        name=f"{job.name}-{configuration.ranks}",
        nodes=-(-configuration.ranks // per_node),
        ranks_per_node=per_node,
        threads=configuration.threads,
    )
    folder = store.result_of_job(configuration, 0).parent
    words = measuring.arguments(configuration, "$json", "$trial")
    program = " ".join(f'"{word}"' if word.startswith("$") else shlex.quote(word) for word in words)
    body = [
        f"directory={shlex.quote(str(folder))}",
        'mkdir -p "$directory"',
        "status=0",
        f"for round in $(seq 0 {repeats - 1}); do",
        "    json=$directory/$round.json trial=$directory/trial-$round",
        '    [ -s "$json" ] && continue',
        '    rm -rf "$trial"  # of a job that was killed',
        f'    {launch_words(mine, configuration.ranks)} hpcmix {program} 2>"$directory/output.txt" || status=$?',
        '    cat "$directory/output.txt" >&2',
        "done",
        'exit "$status"',
    ]
    return make_plain_script(mine, body)


def submit_script(store: Store, paths: Sequence[Path], job: Job) -> str:
    """The script that submits all, the last one behind the others."""
    names = [shlex.quote(path.name) for path in paths]
    return rendered(
        "study",
        command=job.command,
        system=job.system,
        directory=shlex.quote(str(store.path)),
        names=names[:-1],
        collecting=names[-1],
    )
