"""Measuring in rounds: every configuration once a round, so that a machine that changes its speed does so for all."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from hpcmix.running.log import Log
from hpcmix.running.stops.requests import Stop
from hpcmix.running.stops.signals import SIGNALS, STOPPING
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.launching import Failed
from hpcmix.studies.scaling.measured.phases import oversubscribed
from hpcmix.studies.scaling.measured.store import Repeat, Store

Measure = Callable[[Configuration], dict[str, Any]]
"""Runs a configuration once; the JSON of ``hpcmix bench``. Raises :class:`Failed`."""


class Interrupted(Exception):
    """The study was asked to stop; the text says by what."""


def rounds(configurations: Sequence[Configuration], repeats: int) -> Iterator[tuple[int, Configuration]]:
    """Every configuration once a round; the order rotates, so that none is always behind the same other."""
    count = len(configurations)
    for round_number in range(repeats):
        for place in range(count):
            yield round_number, configurations[(place + round_number) % count]


def measure_all(
    store: Store, configurations: Sequence[Configuration], repeats: int, measure: Measure, log: Log
) -> Stop | None:
    """Measure what is missing, and keep every repeat as soon as it is there.

    A configuration that fails is said, and left alone for the rest of the call; a later call tries it again. Returns
    why it stopped early, None when it did not.
    """
    stored = store.read_repeats(mending=True)
    kept = {(repeat.configuration.key, repeat.round_number) for repeat in stored if repeat.result}
    wanted = list(rounds(configurations, repeats))
    missing = [(number, configuration) for number, configuration in wanted if (configuration.key, number) not in kept]
    if len(missing) < len(wanted):
        log.line(f"{len(wanted) - len(missing)} of {len(wanted)} repeats are there already")
    failed: set[str] = set()
    crowded: set[str] = set()
    done = len(wanted) - len(missing)
    with stoppable(), log.progress("repeat", len(wanted), done) as meter:
        try:
            for number, configuration in missing:
                if SIGNALS.number:  # it came before there was anything to interrupt
                    raise Interrupted(STOPPING[signal.Signals(SIGNALS.number)])
                if configuration.key not in failed:
                    try:
                        result = measure(configuration)
                        store.append(Repeat(number, configuration, result))
                        if oversubscribed(result) and configuration.key not in crowded:
                            crowded.add(configuration.key)
                            log.line(
                                f"oversubscribed: {configuration.label}: "
                                f"{result['ranks_per_node'] * configuration.threads} threads of a node share "
                                f"{result['cores_of_ranks']} cores"
                            )
                    except Failed as failure:
                        failed.add(configuration.key)
                        log.line(f"failed: {configuration.label}: {failure}")
                        store.append(Repeat(number, configuration, None, str(failure)))
                done += 1
                meter.update(done, configuration.label)
        except (Interrupted, KeyboardInterrupt) as stop:
            ended = {(repeat.configuration.key, repeat.round_number) for repeat in store.read_repeats()}
            # it may have come behind the last repeat
            done = len(ended & {(configuration.key, number) for number, configuration in wanted})
            return Stop(f"{stop or 'Ctrl-C'} after {done} of {len(wanted)} repeats")
    return None


@contextmanager
def stoppable() -> Iterator[None]:
    """Inside, SIGINT, SIGTERM and SIGUSR1 raise :class:`Interrupted`."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in usual:
            signal.signal(each, signal.SIG_IGN)  # a second one must not disturb the end of the ranks
        raise Interrupted("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)

    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    for number in usual:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
