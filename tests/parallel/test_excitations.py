"""Frequencies do not depend on how the ranks share the grid: slabs and pencils, odd grids, kernels, coupled species."""

import numpy as np
import pytest
from physics.systems import contact, harmonic, species, system

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.modes import spectrum_of
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.sections.excitations import ExcitationsSection

TRAP = harmonic([1.0, 1.3])
GAUSSIAN = {"between": ["a", "b"], "kind": "gaussian", "strength": 0.4, "width": 0.8, "boundary": "free"}
COUPLED = [{"between": ["a", "b"], "rabi_frequency": 0.4, "phase": 0.5}]


def frequencies(comm, points, lengths, modes, entries, interaction, **sections):
    solved = system(points, lengths, entries, interaction, comm=comm, ground_state={"tolerance": 1e-11}, **sections)
    orbitals = [each[0] for each in solved.state.orbitals]
    operator = BogoliubovOperator(solved.mixture, orbitals, Instant.before_start())
    spectrum = spectrum_of(operator, ExcitationsSection(modes=modes))
    assert np.all(spectrum.residuals <= 1e-8)
    return spectrum.frequencies.real


@pytest.mark.parametrize(
    "points, lengths, interaction, sections",
    [
        ([26, 23], [12.0, 11.0], [contact("a", "a", 0.5), contact("a", "b", 0.2), GAUSSIAN], {}),
        ([26, 23], [12.0, 11.0], [contact("a", "a", 0.5), contact("b", "b", 0.6)], {"coupling": COUPLED}),
        ([12, 11, 10], [8.0, 7.5, 7.0], [contact("a", "b", 0.6), contact("b", "b", 0.5)], {}),
    ],
    ids=["free kernel", "coupled", "three dimensions"],
)
def test_frequencies_at_any_number_of_ranks(points, lengths, interaction, sections):
    trap = TRAP if len(points) == 2 else harmonic([1.0, 1.2, 1.5])
    entries = [species("a", particles=12.0, potential=trap), species("b", particles=8.0, potential=trap)]
    parts = (points, lengths, 5, entries, interaction)
    alone = frequencies(MPI.COMM_SELF, *parts, **sections)
    together = frequencies(MPI.COMM_WORLD, *parts, **sections)
    assert together == pytest.approx(alone, rel=1e-9)


def test_pencils():
    """Three dimensions over two directions of ranks."""
    ranks = MPI.COMM_WORLD.size
    pencils = {"parallel": {"pencil_grid": [1, ranks]}}
    entries = [species("a", particles=12.0, potential=harmonic([1.0, 1.2, 1.5]))]
    parts = ([12, 11, 10], [8.0, 7.5, 7.0], 4, entries, [contact("a", "a", 0.5)])
    alone = frequencies(MPI.COMM_SELF, *parts)
    assert frequencies(MPI.COMM_WORLD, *parts, **pencils) == pytest.approx(alone, rel=1e-9)
