"""The tangent map of the mean-field flow over a time after which the state has come back: the monodromy of a periodic
state, the propagator of oscillations around a stationary one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.spectrum import ModesNotFound
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.splittings import Splitting
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.state import State

RETURNS = 1e-6
"""|exp(i alpha) phi(tau) - phi(0)| up to which a state has come back: multipliers are wrong by about as much."""


class TangentMap:
    """x(0) -> x(tau) on blocks of amplitudes x = (u, v), v = conj(w) of the pairs (u, w) that move beside psi
    (:mod:`hpcmix.state.fluctuations`), with the phases taken away that the condensates gather,

        phi_a(tau) = exp(-i alpha_a) phi_a(0),      u_a -> exp(i alpha_a) u_a,      v_a -> exp(-i alpha_a) v_a,

    and projected as the quadratic form projects. Complex-linear; symplectic for Sigma up to rounding, so that with a
    multiplier lambda also 1/lambda, conj(lambda) and 1/conj(lambda) are one. It has the errors of the integrator.

    form       around the state at time zero.
    state      of the condensates at time zero; left alone.
    splitting  of the steps.
    steps      from time zero to tau.
    alive      called before every step.

    change     |exp(i alpha) phi(tau) - phi(0)|, the largest of the spheres.
    applied    vectors moved so far.
    Raises :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound` where the state has not come back. Collective.
    """

    def __init__(
        self,
        form: QuadraticForm,
        state: State,
        splitting: Splitting,
        steps: FixedSteps,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._form, self._steps, self._alive = form, steps, alive
        self._state = replace(state.copy(), fluctuations=None)
        self._stepper = Stepper(form.mixture, splitting, steps)
        self.duration = steps.stretches[-1].time(steps.steps)
        self.applied = 0
        self._turns, self.change = self._come_back(self._moved(None))
        if self.change > RETURNS:
            raise ModesNotFound(
                f"excitations: after {self.duration:.9g} the state differs from the one at the start by "
                f"{self.change:.2g}, beyond a phase: modes of the tangent map are those of stationary states and of "
                "periodic ones over a period (excitations.duration, time.step)"
            )

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """The images of a block, projected; a new array."""
        images = self.unprojected(vectors)
        self._form.project(images)
        return images

    def unprojected(self, vectors: np.ndarray) -> np.ndarray:
        """The images of a block, a new array."""
        species = vectors.shape[2]
        pairs = [
            np.stack([vectors[:, 0, a], vectors[:, 1, a].conj()], axis=1).astype(np.complex128, order="C")
            for a in range(species)
        ]
        moved = self._moved(Fluctuations(pairs, held=range(len(vectors)), exact=0)).fluctuations
        if moved is None:
            raise TypeError("pairs do not get lost on the way")
        images = np.empty_like(vectors)
        for a, (array, turn) in enumerate(zip(moved.pairs, self._turns, strict=True)):
            images[:, 0, a] = turn * array[:, 0]
            images[:, 1, a] = (turn * array[:, 1]).conj()
        self.applied += len(vectors)
        return images

    def _moved(self, fluctuations: Fluctuations | None) -> State:
        """The state at the end, with pairs that move along; complete wave functions."""
        state = replace(self._state.copy(), fluctuations=fluctuations)
        for _ in range(self._steps.steps):
            self._alive()
            self._stepper.advance(state)
        self._stepper.settle(state)
        self._stepper.complete(state)
        return state

    def _come_back(self, state: State) -> tuple[np.ndarray, float]:
        """exp(i alpha) per species, and what is left of the change."""
        operator, mixture = self._form.operator, self._form.mixture
        first = [np.asarray(orbitals[0], np.complex128) for orbitals in self._state.orbitals]
        last = [np.asarray(orbitals[0], np.complex128) for orbitals in state.orbitals]
        overlaps = operator.sphere_sums(operator.products(last, first))
        sizes = np.abs(overlaps)
        turns = np.where(sizes > 0.0, overlaps / np.where(sizes > 0.0, sizes, 1.0), 1.0)
        rest = [turn * after - before for turn, after, before in zip(turns, last, first, strict=True)]
        distance = np.sqrt(operator.sphere_sums(operator.products(rest, rest).real))
        occupied = mixture.weights > 0.0
        return turns, float(np.max(distance, where=occupied, initial=0.0))
