"""Spectra on any number of ranks are those of one rank."""

from __future__ import annotations

import numpy as np
import pytest
from physics.systems import expression, species, system

from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.observe.registry import requested
from hpcmix.parallel.process.mpi import MPI

WORDS = ("spectra", "structure-factor", "coherence", "overlap")


def numbers(entries) -> list[float]:
    if isinstance(entries, dict):
        return [number for key in sorted(entries) for number in numbers(entries[key])]
    return [value for value in (entries if isinstance(entries, list) else [entries]) if value is not None]


@pytest.mark.parametrize("groups", [1, "auto"])
def test_ranks_agree(comm, groups):
    """Sums over ranks differ by rounding; odd and even axes, condensates beside a set of orbitals."""
    stirred = expression("1 + 0.5*cos(x)*sin(y)") | {"phase": "sin(x + y) + cos(y)"}
    entries = [
        species("a", particles=4.0, initial=stirred),
        species("f", kind="fermions", orbitals=4, initial={"kind": "plane-waves"}),
    ]
    records = []
    for ranks, divided in ((comm, groups), (MPI.COMM_SELF, 1)):
        lengths = [2 * np.pi] * 2
        tested = system([10, 9], lengths, entries, comm=ranks, parallel={"orbital_groups": divided})
        records.append(observe(Look(tested.mixture, tested.state), requested(WORDS)))
    found, expected = (numbers(record["species"]) + numbers(record["wave_vectors"]) for record in records)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
