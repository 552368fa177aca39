"""The lowest modes of a state with any phase that is a minimum of the energy: locally optimal block preconditioned
conjugate gradients for complex pairs of amplitudes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcmix.initial.excitations.complex_states.curvature import lowest_curvatures, noise
from hpcmix.initial.excitations.complex_states.pencil import NotPositive, Pencil, Ritz, largest_of_pencil
from hpcmix.initial.excitations.complex_states.preconditioner import AmplitudePreconditioner
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm, signed
from hpcmix.initial.excitations.complex_states.solutions import spectrum_of_solutions
from hpcmix.initial.excitations.spectrum import SAME_MULTIPLET, NotAMinimum, OutOfIterations, Report, Spectrum

FEWEST_BESIDE, SHARE_BESIDE = 6, 2
"""Vectors beside the wanted ones: so many at least, and one to so many wanted."""
GROWTH = 6
"""Vectors that are added where a multiplet reaches the end of the block."""


class AmplitudeSearch:
    """The lowest modes of a state, each to |L x - omega x| <= tolerance |omega x|, with the rest of the last multiplet.

    Where H is positive, 1 / (hbar omega) are the largest theta of Sigma x = theta H x (pencil.py). That it is positive
    is looked for first (curvature.py).
    """

    method = "complex LOBPCG"

    def __init__(self, form: QuadraticForm, modes: int, tolerance: float, seed: int) -> None:
        self._form, self._tolerance, self._seed = form, tolerance, seed
        points = int(np.prod(form.mixture.grid.points))
        self._most = form.shape[1] * points - len(form.mixture.spheres)
        self._modes = min(modes, self._most)
        self._vectors = np.zeros((0, *form.shape), np.complex128)

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """u and v of the present block."""
        return self._vectors[:, 0], self._vectors[:, 1]

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """Begin with noise, or go on from what :attr:`rows` gave."""
        if first is not None and second is not None:
            self._vectors = np.stack([first, second], axis=1).astype(np.complex128)
            return
        size = min(self._most, self._modes + max(FEWEST_BESIDE, -(-self._modes // SHARE_BESIDE)))
        self._vectors = self._smooth_noise(size, self._seed)

    def run(
        self,
        max_iterations: int,
        report: Report = lambda iteration, converged, residual: None,
        alive: Callable[[], None] = lambda: None,
    ) -> Spectrum:
        """Iterate until the wanted modes have converged. Raises
        :class:`~hpcmix.initial.excitations.spectrum.NotAMinimum` and
        :class:`~hpcmix.initial.excitations.spectrum.OutOfIterations`. Collective."""
        form = self._form
        lowest = lowest_curvatures(form, self._seed, alive=alive)
        curvature = float(lowest.values[0])
        if curvature < 0.0:
            raise NotAMinimum(curvature)
        preconditioner = AmplitudePreconditioner(form)
        pencil = Pencil(form.algebra, signed, form.apply, preconditioner.apply, form.project)
        spent = 0

        def tell(ritz: Ritz) -> None:
            self._vectors = ritz.vectors
            report(spent + ritz.iterations, int(np.sum(self._good(ritz))), float(np.max(self._wanted_residuals(ritz))))
            alive()

        while True:
            try:
                ritz = largest_of_pencil(
                    pencil, self._vectors, lambda ritz: bool(np.all(self._good(ritz))), max_iterations - spent, tell
                )
            except NotPositive as error:
                energy = form.algebra.products(error.vector, form.apply(error.vector)).real
                raise NotAMinimum(float(energy[0] / form.algebra.lengths(error.vector)[0] ** 2)) from None
            spent += ritz.iterations
            good = self._good(ritz)
            if not np.all(good):
                worst = float(np.max(self._wanted_residuals(ritz)))
                raise OutOfIterations(int(np.sum(good)), len(good), worst, spent, self._tolerance)
            if len(good) < len(ritz.values) or len(good) >= self._most:
                break
            more = self._smooth_noise(min(GROWTH, self._most - len(good)), self._seed + len(good))
            self._vectors = np.concatenate([ritz.vectors, more])
        frequencies = 1.0 / (form.mixture.hbar * ritz.values[: len(good)])
        vectors = ritz.vectors[: len(good)].copy()
        form.complete(vectors, frequencies)
        return spectrum_of_solutions(
            form, frequencies, vectors, self.method, spent, curvature=curvature, negative_directions=0
        )

    def _wanted_residuals(self, ritz: Ritz) -> np.ndarray:
        """Of the modes up to the end of the last multiplet."""
        last = ritz.values[min(self._modes, len(ritz.values)) - 1]
        return ritz.residuals[: int(np.sum(ritz.values >= last * (1.0 - SAME_MULTIPLET)))]

    def _good(self, ritz: Ritz) -> np.ndarray:
        """Which of them have converged."""
        return self._wanted_residuals(ritz) <= self._tolerance

    def _smooth_noise(self, count: int, seed: int) -> np.ndarray:
        """What the preconditioner makes of white noise."""
        vectors = noise(self._form, count, seed)
        preconditioner = AmplitudePreconditioner(self._form)
        for _ in range(2):
            preconditioner.apply(vectors)
        return vectors
