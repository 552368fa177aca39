"""The preconditioner of states that flow: changes of the density and of the flow are told apart, and kinetic energies
are counted from the flow of the frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner, Triangle, factorised
from hpcmix.model.mixture import Mixture


class QuadraturePreconditioner(Preconditioner):
    """P = S^T K S, where S acts at a point and K is nearly alpha / (alpha + T).

    Where phi_a = |phi_a| exp(i theta_a), a change d_a = (x_a + i y_a) exp(i theta_a) changes the density by x_a and the
    flow by y_a. The repulsion 2 psi_a g+_ab psi_b withstands the first alone: S is the inverse Cholesky factor of
    alpha + B for x, and of alpha + B' for y,

        B'_ab = max(W_a - mu_a, 0) delta_ab + Re R_ab cos(theta_a - theta_b),       B_ab = B'_ab + 2 psi_a g+_ab psi_b.

    K is a function of the kinetic momentum along each axis (hpcmix/model/kinetic/axis_resolvents.py), for which a cloud
    that turns with the frame is at rest. In states without flow y is zero, and S that of :class:`Preconditioner`.
    Measured at a lattice of some forty vortices (144^2, g = 1000, rate 0.85): the linear equation of the second
    variation takes 450 iterations to 1e-4 in place of 2000; with S alone 1530, with K alone 800.
    """

    KINETIC_MULTIPLE = 3.0
    """alpha in units of the mean kinetic energy per particle; measured as above: 2 takes 480 iterations, 10 takes
    670."""

    def __init__(
        self, mixture: Mixture, members: Sequence[int] | None = None, coupling: np.ndarray | None = None
    ) -> None:
        super().__init__(mixture, members, coupling)
        self._directions: list[np.ndarray] = []  # exp(i theta_a)
        self._flow_factor: Triangle = []

    def prepare(
        self,
        fields: list[np.ndarray],
        totals: list[np.ndarray],
        chemical_potentials: np.ndarray,
        kinetic_energies: np.ndarray,
    ) -> None:
        """Take over the present fields phi_a, W_a, mu_a and <phi|T|phi> of the sphere of each: the Cholesky factors of
        alpha + B and alpha + B' at every point."""
        self._directions = [_direction(field) for field in fields]  # which the coupling is measured along
        super().prepare(fields, totals, chemical_potentials, kinetic_energies)
        nowhere = [np.zeros_like(field) for field in fields]
        self._flow_factor = factorised(self._stiffness(nowhere, totals, chemical_potentials, self._coupling_at))

    def apply(self, fields: list[np.ndarray]) -> None:
        """phi_a <- (1/sqrt(nu_a)) sum_b P_ab sqrt(nu_b) phi_b, in place. Collective."""
        for turned in (False, True):
            rows = [direction.conj() * field for direction, field in zip(self._directions, fields, strict=True)]
            density, flow = [row.real for row in rows], [row.imag for row in rows]
            solve = self._solve_transposed if turned else self._solve
            solve(self._factor, density)
            solve(self._flow_factor, flow)
            for field, direction, row in zip(fields, self._directions, rows, strict=True):
                np.multiply(direction, row, out=field)
            if not turned:
                for a, field in zip(self._members, fields, strict=True):
                    mixture = self._mixture
                    mixture.species[a].kinetic.lowpass(field, self._alpha, mixture.grid, mixture.transform)

    def _coupling_at(self, a: int, b: int) -> np.ndarray | float:
        """R_ab cos(theta_a - theta_b)."""
        first, second = self._directions[a], self._directions[b]
        return float(self._coupling[a, b]) * (first.real * second.real + first.imag * second.imag)


def preconditioner_for(
    mixture: Mixture, members: Sequence[int] | None = None, coupling: np.ndarray | None = None
) -> Preconditioner:
    """The preconditioner of condensates: :class:`QuadraturePreconditioner` in a frame that rotates. Arguments of both.

    In a vector potential alone, which few vortices follow, the other one is better: measured for `magnetic-hartree`, on
    48^2 x 36, 36 iterations in place of 256.
    """
    kinds = range(len(mixture.species)) if members is None else members
    flows = any(mixture.species[a].kinetic.rotates for a in kinds)
    return (QuadraturePreconditioner if flows else Preconditioner)(mixture, members, coupling)


def _direction(field: np.ndarray) -> np.ndarray:
    """exp(i theta) of the field, one where it is zero."""
    modulus = np.abs(field)
    there = modulus > 0.0
    return np.where(there, field / np.where(there, modulus, 1.0), field.dtype.type(1.0))
