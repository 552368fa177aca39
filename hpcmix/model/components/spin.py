"""The spin-dependent interaction of spin-1 atoms, which turns two of m = 0 into one of m = 1 and one of m = -1.

With psi = (psi_1, psi_0, psi_-1), psi_m = sqrt(nu) phi_m, and the matrices f of spin 1

    E = c_2/2 integral |F|^2,        F = psi^+ f psi,        i hbar d/dt psi = ... + c_2 (F.f) psi,

    (F.f psi)_1  = F_z psi_1 + (F_x - i F_y) psi_0 / sqrt 2,
    (F.f psi)_0  = [(F_x + i F_y) psi_1 + (F_x - i F_y) psi_-1] / sqrt 2,
    (F.f psi)_-1 = (F_x + i F_y) psi_0 / sqrt 2 - F_z psi_-1.

Along the flow of this term alone F stays what it is at every point, and so does n: it is

    psi(tau) = [1 - i sin(theta) u.f + (cos(theta) - 1) (u.f)^2] psi,    theta = c_2 |F| tau / hbar,    u = F / |F|,

and commutes with every potential that is the same for all three.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.spinor import MAGNETIC_NUMBERS

Components = Sequence[np.ndarray]
"""Arrays of m = 1, 0, -1, of one shape."""

CHARGES = np.array([np.ones(3), MAGNETIC_NUMBERS])
"""What a particle of each component counts: in the number of particles, in the magnetisation."""


@dataclass(frozen=True)
class Spin:
    """A spinor gas.

    members        the species of m = 1, 0, -1, by index.
    strength       c_2.
    magnetisation  (N_1 - N_-1) / N that ground states are sought at; None: whichever has the lowest energy.
    conserved      whether nothing else turns the spins, so that N_1 - N_-1 stays what it is.
    """

    members: tuple[int, int, int]
    strength: float
    magnetisation: float | None = None
    conserved: bool = True

    @classmethod
    def all_of(cls, problem: Problem) -> tuple[Spin, ...]:
        """Those of a problem, in the order of its file."""
        turned = {name for entry in problem.coupling for name in entry.turned}
        spins = []
        for entry in problem.spinor:
            plus, zero, minus = problem.indices(entry.species)
            _, strength = entry.couplings(problem)
            conserved = turned.isdisjoint(entry.species)
            spins.append(cls((plus, zero, minus), strength, entry.magnetisation, conserved))
        return tuple(spins)

    def of(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What belongs to its members, of what there is for every species."""
        return [values[a] for a in self.members]

    def strength_in_frame(self, contraction: float, dimensions: int) -> float:
        """b^(2-d) c_2: of an interaction at a point, where the frame has grown."""
        return self.strength * contact_factor(contraction, dimensions)

    @staticmethod
    def coherent_populations(magnetisation: float) -> np.ndarray:
        """Parts of the particles in m = 1, 0, -1 where all spins point the same way: ((1 + M)/2)^2, (1 - M^2)/2,
        ((1 - M)/2)^2."""
        up, down = 0.5 * (1.0 + magnetisation), 0.5 * (1.0 - magnetisation)
        return np.array([up * up, 2.0 * up * down, down * down])


def spin_density(left: Components, right: Components) -> list[np.ndarray]:
    """left^+ f right, complex arrays of x, y and z: F where both are psi (the imaginary parts are rounding then)."""
    plus, zero, minus = (np.conj(part) for part in left)
    raised = (plus * right[1] + zero * right[2]) * math.sqrt(0.5)  # left^+ (f_x + i f_y) right / 2
    lowered = (zero * right[0] + minus * right[1]) * math.sqrt(0.5)
    return [raised + lowered, -1j * (raised - lowered), plus * right[0] - minus * right[2]]


def along_spin(vector: Components, psi: Components) -> list[np.ndarray]:
    """(G.f) psi for a vector G, real or complex, of arrays of x, y and z."""
    x, y, z = vector
    up, down = (x + 1j * y) * math.sqrt(0.5), (x - 1j * y) * math.sqrt(0.5)
    return [z * psi[0] + down * psi[1], up * psi[0] + down * psi[2], up * psi[1] - z * psi[2]]


def squared_length(vector: Components) -> np.ndarray:
    """|F|^2 of the real parts."""
    return sum((part.real**2 for part in vector[1:]), vector[0].real ** 2)


EMPTY = 1e-10
"""Part of the particles below which what differs in m counts as none: a search leaves some 1e-16 in components that
are empty, and their chemical potentials would be rounding."""


def parts_of_charges(norms: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Of every component x + m y with sum_m (x + m y) c_m norms_m = sum_m c_m products_m for both charges c: (x + m y)
    phi_m is what a vector with <phi_m|vector> = products_m has of phi_m and m phi_m, norms_m = |phi_m|^2. Where these
    two depend on each other, the least x and y."""
    values, vectors = np.linalg.eigh((CHARGES * norms) @ CHARGES.T)
    kept = values > EMPTY * values[-1]
    vectors = vectors[:, kept]
    return np.asarray(CHARGES.T @ (vectors @ ((vectors.T @ (CHARGES @ products)) / values[kept])))


def has_two_charges(norms: np.ndarray) -> bool:
    """Whether phi_m and m phi_m are two directions, norms_m = |phi_m|^2."""
    values = np.linalg.eigvalsh((CHARGES * norms) @ CHARGES.T)
    return bool(values[0] > EMPTY * values[-1])
