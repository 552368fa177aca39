"""The register of observables: words, modules and labels belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcmix.observe import observables
from hpcmix.observe.observable import Observable
from hpcmix.observe.registry import ALWAYS, AROUND_FLOW, labels_of_all, requested
from hpcmix.problem.sections.calculation.requests import REQUESTS

MODULES = {path.stem for path in Path(observables.__path__[0]).rglob("*.py")}


@pytest.mark.parametrize("word", [request.word for request in REQUESTS])
def test_every_word_has_its_observable(word):
    (found,) = requested([word])
    assert isinstance(found, Observable) and found.labels
    assert word.replace("-", "_") in MODULES


def test_every_observable_is_registered():
    """A module that nobody asks for would be forgotten in silence."""
    known = {type(one).__module__.rpartition(".")[2] for one in ALWAYS}
    known |= {request.word.replace("-", "_") for request in REQUESTS}
    assert known == MODULES - {"__init__"}


def test_labels_are_unique():
    known = (*ALWAYS, *requested(r.word for r in REQUESTS), *AROUND_FLOW)
    everything = [label.name for one in known for label in one.labels]
    everything.remove("angular_momentum")  # of every record where something turns the particles, else on request
    assert len(set(everything)) == len(everything)
    assert set(everything) == set(labels_of_all(3))


def test_dimensions_that_depend_on_the_axes():
    assert [labels_of_all(axes)["maximum_density"][1].length for axes in (1, 2, 3)] == [-1, -2, -3]
    currents = [labels_of_all(axes)["largest_current"][1] for axes in (1, 2, 3)]
    assert [(one.length, one.time) for one in currents] == [(0, -1), (-1, -1), (-2, -1)]
