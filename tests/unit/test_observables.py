"""The register of observables: words, modules and labels belong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcmix.observe import observables
from hpcmix.observe.observable import Observable
from hpcmix.observe.registry import ALWAYS, AROUND_FLOW, dimensions_of_lists, labels_of_all, requested
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


def test_every_spectrum_has_its_wave_numbers():
    """What a list runs over is a coordinate with a unit, in wave numbers or distances; vortices are counted."""
    counted = {"vortex", "vortex_line", "vortex_point"}
    labels = labels_of_all(3)
    spectra = {name: along for name, along in dimensions_of_lists().items() if along not in counted}
    known = ("momentum_distribution_x", "structure_factor", "density_modes_z_im", "spectra_incompressible")
    assert {*known, "fluctuations_structure_factor", "coherence_y_re"} <= set(spectra)
    for name, along in spectra.items():
        assert spectra[along] == along, name
        assert labels[along][1].length in (-1, 1), name


def test_dimensions_that_depend_on_the_axes():
    assert [labels_of_all(axes)["maximum_density"][1].length for axes in (1, 2, 3)] == [-1, -2, -3]
    currents = [labels_of_all(axes)["largest_current"][1] for axes in (1, 2, 3)]
    assert [(one.length, one.time) for one in currents] == [(0, -1), (-1, -1), (-2, -1)]
