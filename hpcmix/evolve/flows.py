"""The two exact flows, drift and kick, and the unit of work that the loop is written in: an alternating sequence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.together import together


class Flows:
    """Moves the orbitals of a mixture by its two flows (CONVENTIONS.md, Flows).

    The unit of work is a whole alternating sequence, :meth:`alternate`: whoever implements it may fuse a kick with the
    halves of the drifts before and after it, plane by plane. The loop calls nothing else.
    """

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        self._factors: dict[tuple[int, float], list[np.ndarray]] = {}
        # rho_b = nu_b |phi_b|^2: the weight goes into the coupling, so that the kernel needs no separate densities
        self._couplings = mixture.contact.couplings * mixture.weights[np.newaxis, :]

    def alternate(
        self,
        orbitals: Sequence[np.ndarray],
        kicks: Sequence[float],
        drifts: Sequence[float],
        instants: Sequence[Instant],
    ) -> None:
        """Apply K(kicks[0]) D(drifts[0]) K(kicks[1]) ... D(drifts[-1]) K(kicks[-1]), in place. Collective.

        kicks, drifts  durations in code units; one kick more than drifts.
        instants       one per kick: what its potentials are evaluated at.
        """
        self.kick(orbitals, kicks[0], instants[0])
        for drift, kick, instant in zip(drifts, kicks[1:], instants[1:], strict=True):
            self.drift(orbitals, drift)
            self.kick(orbitals, kick, instant)

    def drift(self, orbitals: Sequence[np.ndarray], duration: float) -> None:
        """phi -> exp(-i duration T / hbar) phi, in place. Collective."""
        mixture = self._mixture
        for species, array in enumerate(orbitals):
            factors = self._flow_factors(species, duration)
            for orbital in array:
                mixture.transform.multiply(
                    orbital, lambda spectrum, factors=factors: kernels.multiply_separable(spectrum, factors)
                )

    def kick(self, orbitals: Sequence[np.ndarray], duration: float, instant: Instant) -> None:
        """phi -> exp(-i duration (U + G * rho) / hbar) phi, in place; exact, because a phase leaves the densities
        alone. Collective."""
        mixture = self._mixture
        potentials = self._kick_potentials(orbitals, instant)
        with mixture.transform.timers.phase("kick"):
            kernels.kick_contact([array[0] for array in orbitals], potentials, self._couplings, duration / mixture.hbar)

    def _kick_potentials(self, orbitals: Sequence[np.ndarray], instant: Instant) -> list[np.ndarray | None]:
        """What a kick adds to the contact terms: U_a and the convolutions, None where there is neither. Collective."""
        with self._mixture.transform.timers.phase("potential"):
            potentials = self._external_potentials(instant)
            return self._with_convolutions(orbitals, potentials) if self._mixture.convolution else potentials

    def _external_potentials(self, instant: Instant) -> list[np.ndarray | None]:
        """U_a at an instant. An expression in time may fail at a point that one rank holds: the others learn of it
        here."""
        species = self._mixture.species
        if any(one.external.evaluates_expressions for one in species):
            with together(self._mixture.communicators.world):
                return [one.external.value(instant) for one in species]
        return [one.external.value(instant) for one in species]

    def _with_convolutions(
        self, orbitals: Sequence[np.ndarray], potentials: list[np.ndarray | None]
    ) -> list[np.ndarray | None]:
        """The external potentials plus W_a = sum_b G_ab * rho_b of the kernels, in new arrays where a kernel acts."""
        mixture = self._mixture
        densities = mixture.densities(orbitals)
        summed = [
            np.zeros_like(density) if external is None else external.copy()
            for density, external in zip(densities, potentials, strict=True)
        ]
        mixture.convolution.add_potential(densities, summed)
        return summed

    def _flow_factors(self, species: int, duration: float) -> list[np.ndarray]:
        key = (species, duration)
        if key not in self._factors:
            mixture = self._mixture
            # in double precision for single fields too: a phase rounded to single would change the norm to one side
            self._factors[key] = mixture.species[species].kinetic.flow_factors(
                mixture.grid, duration, mixture.transform.inverse_points
            )
        return self._factors[key]
