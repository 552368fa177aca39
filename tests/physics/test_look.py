"""A look: it refuses fields that are half way, computes each thing once, and agrees with the completed state."""

from __future__ import annotations

import numpy as np
import pytest
from physics.systems import contact, evolution, expanding, gaussian, harmonic, moving_mixture, species, system

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.io.checkpoints.checkpoint import write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import as_dataset
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.observe.registry import labels_of_all, requested
from hpcmix.problem.sections.calculation.requests import REQUESTS
from hpcmix.state.state import HalfWay

TIME = evolution(0.5, 0.05, "strang")


def test_half_way_fields_are_refused(tmp_path):
    """After a step the orbitals lie between wave numbers and positions; a look that took them would show nonsense."""
    one = moving_mixture(TIME)
    assert one.look().densities.shape == (2, 40)
    one.stepper.advance(one.state)
    assert one.state.half_way and one.state.copy().half_way
    with pytest.raises(HalfWay, match="after step 1 the orbitals are half way"):
        one.look()
    with pytest.raises(HalfWay):
        arguments = ["a", "b"], one.mixture.communicators, Bookmark(), Metadata()
        write_checkpoint(RunDirectory(tmp_path / "run"), one.state, *arguments)
    one.stepper.settle(one.state)
    assert not one.state.half_way
    particles = np.sum(one.look().densities, axis=1) * one.grid.cell_volume
    assert particles == pytest.approx([3.0, 2.0], rel=1e-12)


def test_another_stepper_goes_on_from_half_way():
    """That a state is half way is the state's, not its stepper's."""
    first, second = moving_mixture(TIME), moving_mixture(TIME)
    for _ in range(3):
        first.stepper.advance(first.state)
        second.stepper.advance(second.state)
        second.stepper = Stepper(second.mixture, second.problem.time.splitting)
    for one in (first, second):
        one.stepper.settle(one.state)
    for left, right in zip(first.state.orbitals, second.state.orbitals, strict=True):
        assert np.array_equal(left, right)


def test_a_potential_that_fails_leaves_no_state_to_look_at():
    failing = {"kind": "expression", "value": "sqrt(0.001 - t)*x"}
    table = evolution(0.1, 0.05, "blanes-moan-4")
    one = system([16], [8.0], [species("a", potential=[failing], initial=gaussian(1.0))], time=table)
    with pytest.raises(FloatingPointError):
        one.stepper.advance(one.state)
    with pytest.raises(HalfWay):
        one.look()


@pytest.mark.parametrize("frame", [{}, {"grid": expanding(0.7)}])
def test_completed_orbitals(comm, frame):
    """Those of a look are those of the state whose pending kick is done, in both forms, and the state stays."""
    entries = [
        {"name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "oscillator", "frequency": 1.0}},
        species("a", particles=2.0, potential=harmonic(1.0, **{"until": 0.0} if frame else {}), initial=gaussian(1.0)),
    ]
    options = {"time": evolution(0.5, 0.05, "strang"), "comm": comm, **frame}
    one = system([24, 20], [12.0, 11.0], entries, [contact("f", "a", 0.5)], **options)
    for _ in range(2):
        one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    before, look = one.state.copy(), one.look()
    sets = [look.orbital_set(a) for a in range(2)]
    one_by_one = [[orbital.copy() for orbital in look.orbitals(a)] for a in range(2)]
    for left, right in zip(before.orbitals, one.state.orbitals, strict=True):
        assert np.array_equal(left, right)
    one.stepper.complete(one.state)
    for a, complete in enumerate(one.state.orbitals):
        np.testing.assert_allclose(sets[a], complete, rtol=0, atol=1e-13)
        assert np.array_equal(sets[a], np.array(one_by_one[a]).reshape(sets[a].shape))
    assert not np.allclose(before.orbitals[1], one.state.orbitals[1], rtol=0, atol=1e-6)
    for a in range(2):  # nothing is pending any more
        assert np.array_equal(one.look().orbital_set(a), one.state.orbitals[a])


def test_everything_is_computed_once(monkeypatch):
    """A record of two sets and a condensate, with a kick pending, takes one pass over the densities and asks every
    term once."""
    sets = [
        {"name": name, "kind": "fermions", "orbitals": 3, "initial": {"kind": "oscillator", "frequency": 1.0}}
        for name in "fg"
    ]
    pairs = [contact("f", "g", 0.5), contact("f", "a", 0.3)]
    one = system([16, 15], [10.0, 10.0], [*sets, species("a", initial=gaussian(1.0))], pairs, time=TIME)
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    calls = []
    mixture, interactions = type(one.mixture), type(one.mixture.interactions)
    for kind, name in ((mixture, "densities"), (interactions, "interact"), (interactions, "mean_fields")):
        kept = getattr(kind, name)

        def counted(self, *arguments, name=name, kept=kept):
            calls.append(name)
            return kept(self, *arguments)

        monkeypatch.setattr(kind, name, counted)
    one.record("angular-momentum", "momentum-distribution", "semiclassical-norms", "largest-current")
    assert sorted(calls) == ["densities", "interact"]


@pytest.mark.parametrize("frame", [{}, {"grid": expanding(0.7)}])
def test_every_entry_of_a_record_has_a_label(frame):
    entries = [
        {"name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "oscillator", "frequency": 1.0}},
        species("a", particles=2.0, initial=gaussian(1.0)),
    ]
    words = [request.word for request in REQUESTS if request.in_frame or not frame]
    one = system([16, 15], [10.0, 10.0], entries, [contact("a", "a", 0.5)], time=TIME, **frame)
    record = observe(one.look(), requested(words, one.state.orbitals))
    dataset = as_dataset([record], Metadata.of(one.problem), labels_of_all(2))
    assert set(dataset.variables) >= {"energy_total", "chemical_potential", "natural_width", "largest_current"}
    assert [name for name, variable in dataset.variables.items() if "long_name" not in variable.attributes] == []


def test_once_is_by_what_is_measured():
    one, counts = moving_mixture(TIME), []

    def measure(look: Look) -> int:
        counts.append(look.time)
        return len(counts)

    look = one.look()
    assert look.once(measure) == look.once(measure) == 1
    assert one.look().once(measure) == 2
