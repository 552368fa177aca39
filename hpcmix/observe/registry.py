"""Which observables there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module

import numpy as np

from hpcmix.observe.fluctuations.observable import FLUCTUATIONS
from hpcmix.observe.observable import Label, Observable
from hpcmix.observe.observables.always.energies import ENERGIES
from hpcmix.observe.observables.always.healing_length import HEALING_LENGTH
from hpcmix.observe.observables.always.losses import LOSSES
from hpcmix.observe.observables.always.markers import MARKERS
from hpcmix.observe.observables.always.momentum import MOMENTUM
from hpcmix.observe.observables.always.orbital_sets import HIGHEST_LEVEL, NATURAL_WIDTHS, ORTHONORMALITY
from hpcmix.observe.observables.always.places import PARTICLES, PLACES
from hpcmix.observe.observables.always.progress import PROGRESS
from hpcmix.observe.observables.always.resolution import FACES, TAILS
from hpcmix.observe.observables.always.spin import SPIN
from hpcmix.observe.observables.angular_momentum import TURNED
from hpcmix.problem.sections.calculation.output import ObservablesOptions
from hpcmix.problem.sections.calculation.requests import REQUESTS
from hpcmix.problem.units.dimensions import Dimension

ALWAYS: tuple[Observable, ...] = (
    PROGRESS,
    PARTICLES,
    LOSSES,
    ENERGIES,
    PLACES,
    MOMENTUM,
    SPIN,
    MARKERS,
    FACES,
    TAILS,
    HEALING_LENGTH,
    TURNED,
    HIGHEST_LEVEL,
    NATURAL_WIDTHS,
    ORTHONORMALITY,
)
"""What every record holds, in this order, of the species that it concerns."""

AROUND_FLOW: tuple[Observable, ...] = (FLUCTUATIONS,)
"""What records hold in addition where fluctuations are followed."""


def requested(
    words: Iterable[str], reference: Sequence[np.ndarray] = (), options: ObservablesOptions | None = None
) -> tuple[Observable, ...]:
    """The observables of the words in ``output.observables.also``.

    reference  the orbitals of time zero, one array per species, where one of them compares with them.
    options    what the file says of them; None: nothing.
    """
    wanted = options or ObservablesOptions()
    return tuple(_of_word(word).with_options(wanted).compared_with(reference) for word in words)


def _of_word(word: str) -> Observable:
    return import_module(f"hpcmix.observe.observables.{word.replace('-', '_')}").OBSERVABLE


def labels_of_all(axes: int) -> dict[str, tuple[str, Dimension | None]]:
    """Long name and dimension of every entry that observables write on a grid of so many axes, by its name."""
    return {label.name: (label.long_name, label.on_axes(axes)) for label in _all_labels()}


def dimensions_of_lists() -> dict[str, str]:
    """The entries that are lists as long as they need to be, each with the name of what it has entries for."""
    return {label.name: label.list_of for label in _all_labels() if label.list_of is not None}


def definitions() -> dict[str, str]:
    """What entries are that their names do not tell, by their names."""
    return {label.name: label.definition for label in _all_labels() if label.definition}


def _all_labels() -> Iterator[Label]:
    known = (*ALWAYS, *(_of_word(request.word) for request in REQUESTS), *AROUND_FLOW)
    return (label for observable in known for label in observable.labels)
