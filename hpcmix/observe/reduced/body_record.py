"""One record of N bodies beside their mean field, and what a file of reduced density matrices holds of them.

Columns of a record, of fixed names: ``alpha(1,0)``, ``R(1,1)``, ``S(1,1;0.5)``, ``Gamma`` (measurement.py), ``norm``,
``energy.total`` and ``energy.mean_field`` (``frame_energy`` in an expanding frame, whose energies they then are), and
of every species ``particles``, ``natural_occupations`` (eigenvalues of gamma^(1), descending, of sum one) and
``edge_weight``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.mode_field import energy_per_weight
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.density_matrices import DensityMatrix
from hpcmix.observe.reduced.distances.comparison import Comparison
from hpcmix.observe.reduced.measurement import Measurement, edge_weights
from hpcmix.observe.reduced.on_grid import density_on_grid, in_fixed_modes
from hpcmix.problem.units.dimensions import ENERGY, Dimension

LABELS: Mapping[str, tuple[str, Dimension | None]] = {
    "norm": ("norm of the wave function of N bodies", None),
    "energy_total": ("energy of the N bodies", ENERGY),
    "energy_mean_field": ("energy of the mean field in the same modes", ENERGY),
    "frame_energy_total": ("energy of the N bodies in the expanding frame", ENERGY),
    "frame_energy_mean_field": ("energy of the mean field in the expanding frame", ENERGY),
    "particles": ("mean number of particles", None),
    "natural_occupations": ("eigenvalues of the density matrix of one particle, sum one", None),
    "edge_weight": ("weight where as many particles are outside as there is room for", None),
}
"""Long names and dimensions of entries by their names, keys of nested tables joined with underscores."""

_KINDS = {
    "alpha": "part of the particles outside the orbitals of the mean field, order {}",
    "R": "distance in trace norm from the density matrix of the mean field, order {}",
    "S": "the same with powers of the kinetic energy, order and power {}",
    "Gamma": "distance in trace norm of the density matrix of one particle of either species",
}


def labels_of(names: Sequence[str]) -> dict[str, tuple[str, Dimension | None]]:
    """Of everything in records with these columns."""
    columns = {
        name: (_KINDS[name.partition("(")[0]].format(name.partition("(")[2].rstrip(")")), None) for name in names
    }
    return {**LABELS, **columns}


@dataclass(frozen=True)
class BodyLook:
    """N bodies and their mean field at a time.

    record    see above.
    compared  the density matrices, in the modes that psi is written in.
    """

    record: dict[str, Any]
    compared: Comparison


def look_at(bodies: ManyBodies, measurement: Measurement) -> BodyLook:
    """Measure them. Collective."""
    compared = measurement.compare()
    columns = measurement.measure(compared)
    energies = {"total": bodies.energy(), "mean_field": mean_field_energy(bodies)}
    edges = edge_weights(bodies)
    species = {
        name: {
            "particles": gamma.trace,
            "natural_occupations": [float(value) for value in gamma.natural_occupations],
            "edge_weight": edge,
        }
        for name, gamma, edge in zip(bodies.system.names, compared.single, edges, strict=True)
    }
    key = "frame_energy" if bodies.system.frame.expanding else "energy"
    record = {"step": bodies.step, "time": bodies.time, "norm": bodies.norm(), **columns, key: energies}
    return BodyLook(record | {"species": species}, compared)


def mean_field_energy(bodies: ManyBodies) -> float:
    """Of the orbitals beside the N bodies, code units; on the frame's clock."""
    weights = [
        1.0 if kind is Statistics.FERMIONS else float(number)
        for kind, number in zip(bodies.system.model.statistics, bodies.particles, strict=True)
    ]
    return energy_per_weight(bodies.model(bodies.clock), fixed_orbitals(bodies), weights)


def fixed_orbitals(bodies: ManyBodies) -> list[np.ndarray]:
    """C_a of the mean field in the system's own modes, (m_a, M_a). Local."""
    return [unitary @ own for unitary, own in zip(bodies.unitaries(), bodies.orbitals(), strict=True)]


def fixed_matrices(bodies: ManyBodies, compared: Comparison) -> Iterator[tuple[DensityMatrix, np.ndarray]]:
    """Density matrices of one particle, and of one of each of two species, in the system's own modes. Local."""
    unitaries = bodies.unitaries()
    for unitary, gamma in zip(unitaries, compared.single, strict=True):
        yield gamma, in_fixed_modes(gamma.matrix, unitary)
    if compared.pair is not None:
        yield compared.pair, in_fixed_modes(compared.pair.matrix, np.kron(*unitaries))


@dataclass(frozen=True)
class Densities:
    """Particles per volume on this rank's block, of the N bodies and of the mean field."""

    bodies: np.ndarray
    mean_field: np.ndarray


def densities_of(bodies: ManyBodies, compared: Comparison) -> list[Densities]:
    """Of every species, on the frame's grid. Local."""
    densities = []
    kinds = bodies.system.model.statistics
    parts = zip(compared.single, bodies.unitaries(), fixed_orbitals(bodies), bodies.system.model.modes, strict=True)
    for number, (gamma, unitary, orbitals, modes) in enumerate(parts):
        exact = density_on_grid(in_fixed_modes(gamma.matrix, unitary), modes, gamma.trace)
        count = orbitals.shape[1]
        weight = float(count if kinds[number] is Statistics.FERMIONS else bodies.particles[number])
        densities.append(Densities(exact, density_on_grid(orbitals @ orbitals.conj().T / count, modes, weight)))
    return densities
