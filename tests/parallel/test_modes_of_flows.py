"""Modes are the same at every number of ranks and every division of the grid, by every method."""

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian_kernel, largest, require_below, species, system

from hpcmix.evolve.monodromy import modes as monodromy_modes
from hpcmix.evolve.monodromy.modes import TangentMapSearch
from hpcmix.evolve.monodromy.tangent_map import TangentMap
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.dense import DenseSearch
from hpcmix.initial.excitations.complex_states.minimum import AmplitudeSearch
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.mpi import MPI

POINTS, LENGTHS = [5, 6], [6.0, 7.0]
"""An odd axis among ranks, which have different numbers of its points, and room for four of them."""


def flow(comm, waves, cross):
    """Two species, at rest or flowing through each other."""
    return system(
        POINTS,
        LENGTHS,
        [
            species(name, particles=30.0, mass=mass, initial={"kind": "plane-waves", "numbers": list(wave)})
            for name, mass, wave in zip("ab", (1.0, 1.4), waves, strict=True)
        ],
        [contact("a", "a", 1.0), gaussian_kernel("b", "b", 1.1, 0.5), contact("a", "b", cross)],
        time=evolution(4.0, 0.4, "strang"),
        comm=comm,
    )


def form_of(one):
    fields = [orbitals[0] for orbitals in one.state.orbitals]
    return QuadraticForm(BogoliubovOperator(one.mixture, fields, Instant.before_start()))


def by_lobpcg(comm):
    search = AmplitudeSearch(form_of(flow(comm, ([0, 0], [0, 0]), 0.3)), 6, 1e-10, 0)
    search.begin()
    return search.run(200).frequencies


def by_matrices(comm):
    return DenseSearch(form_of(flow(comm, ([1, 0], [0, -1]), 1.8)), 10).run().frequencies


def by_tangent_map(comm):
    one = flow(comm, ([1, 0], [0, -1]), 1.8)
    form, time = form_of(one), one.problem.time

    def make(alive):
        return TangentMap(form, one.state, time.splitting, time.fixed_steps)

    return TangentMapSearch(form, make, 3, 1e-9, 0, True).run(60).frequencies


@pytest.mark.parametrize("method", [pytest.param(by_lobpcg, marks=pytest.mark.ranks(1, 2, 4)), by_matrices])
def test_frequencies_do_not_depend_on_ranks(comm, method):
    require_below(largest(method(comm) - method(MPI.COMM_SELF)), 1e-9, "frequencies")


@pytest.mark.parametrize("whole", [256, pytest.param(1, marks=pytest.mark.ranks(1, 2, 3))])
def test_multipliers_do_not_depend_on_ranks(comm, monkeypatch, whole):
    """By a matrix, and by a Krylov space."""
    monkeypatch.setattr(monodromy_modes, "WHOLE", whole)
    found, alone = by_tangent_map(comm), by_tangent_map(MPI.COMM_SELF)
    assert np.any(alone.imag > 0.01)
    require_below(largest(found - alone), 1e-8, "frequencies")
