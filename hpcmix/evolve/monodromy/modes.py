"""Modes from the tangent map over a time tau: multipliers lambda = exp(-i omega tau), of stationary states the
frequencies of their oscillations, growing ones too, and of periodic ones the Floquet exponents."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcmix.evolve.monodromy.krylov_schur import KrylovSchur, RitzValues, largest_eigenvalues
from hpcmix.evolve.monodromy.tangent_map import TangentMap
from hpcmix.initial.excitations.complex_states.blocks import combined
from hpcmix.initial.excitations.complex_states.curvature import noise
from hpcmix.initial.excitations.complex_states.families import lowest, representatives
from hpcmix.initial.excitations.complex_states.matrices import WholeVectors, complement
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm, signed
from hpcmix.initial.excitations.complex_states.solutions import spectrum_of_solutions
from hpcmix.initial.excitations.spectrum import SAME_MULTIPLET, ModesNotFound, Report, Spectrum

WHOLE = 256
"""Points times species up to which all multipliers are computed by a matrix."""
BLOCK = 4
"""Vectors moved at a time beside each other; where a multiplet has as many, or more, the search goes on with more."""
GROWTH_SEEN = 1e-6
"""|lambda| - 1 from which on a multiplier counts as growing: pairs of multipliers on the unit circle are torn apart by
rounding and the integrator by less."""


class TangentMapSearch:
    """The modes of the tangent map, growing ones first.

    Of small systems (:data:`WHOLE`) all multipliers are computed by a matrix, and the first `modes` of the modes that
    stand for others are given. Of larger ones a Krylov space finds the multipliers outside the unit circle, at most
    `modes` of them: those of steady modes all lie on it, and none of them stands out.

    form       around the state at time zero.
    make_map   makes the tangent map, which takes a run over tau.
    tolerance  |S x - lambda x| / |lambda x| to reach.
    stationary whether the state is: the frequency of a mode is then that of the many with its multiplier that fits L
               best; of periodic states it lies between -pi / tau and pi / tau.
    """

    method = "tangent map"

    def __init__(
        self,
        form: QuadraticForm,
        make_map: Callable[[Callable[[], None]], TangentMap],
        modes: int,
        tolerance: float,
        seed: int,
        stationary: bool,
    ) -> None:
        self._form, self._make_map, self._modes = form, make_map, modes
        self._tolerance, self._seed, self._stationary = tolerance, seed, stationary

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Nothing: a Krylov space is begun anew."""
        empty = np.zeros((0, *self._form.shape[1:]), np.complex128)
        return empty, empty

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """It begins with noise, always."""

    def run(
        self,
        max_iterations: int,
        report: Report = lambda iteration, converged, residual: None,
        alive: Callable[[], None] = lambda: None,
    ) -> Spectrum:
        """The modes. `max_iterations` of restarts of the Krylov space. Raises
        :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound`. Collective."""
        tangent = self._make_map(alive)
        species, points = self._form.shape[1], int(np.prod(self._form.mixture.grid.points))
        if species * points <= WHOLE:
            exponents, vectors = self._all(tangent, alive)
        else:
            exponents, vectors = self._growing(tangent, max_iterations, report)
        chosen = lowest(exponents, None if self._stationary else self._modes)
        exponents, vectors = exponents[chosen], vectors[chosen]
        images = tangent.unprojected(vectors)
        residuals = self._residuals(exponents, vectors, images)
        self._complete(exponents, vectors, images)
        frequencies = self._frequencies(exponents, vectors, tangent.duration)
        order = lowest(frequencies, self._modes)
        spectrum = spectrum_of_solutions(
            self._form, frequencies[order], vectors[order], self.method, tangent.applied, residuals[order]
        )
        report(tangent.applied, len(spectrum), float(np.max(spectrum.residuals, initial=0.0)))
        return spectrum

    def _all(self, tangent: TangentMap, alive: Callable[[], None]) -> tuple[np.ndarray, np.ndarray]:
        """omega tau and vectors of all modes that stand for others, by a matrix."""
        form, whole = self._form, WholeVectors(self._form)
        matrix = whole.matrix(tangent, alive, 1.0)
        excluded = whole.everywhere(form.excluded)
        answer = None
        if whole.is_root:
            basis = complement(excluded)
            multipliers, states = np.linalg.eig(basis.conj().T @ matrix @ basis)
            answer = representatives(_exponents(multipliers), basis @ states, whole.sign, np.pi)
        exponents, columns = form.mixture.communicators.group.bcast(answer)
        return exponents, whole.here(columns)

    def _growing(self, tangent: TangentMap, restarts: int, report: Report) -> tuple[np.ndarray, np.ndarray]:
        """omega tau of multipliers outside the unit circle, those with a real part that is not negative, and their
        vectors."""

        def wanted(values: np.ndarray) -> int:
            # every growing mode has a partner of the same modulus, and a multiplet is not cut
            moduli = np.abs(values)
            growing = int(np.sum(moduli > 1.0 + GROWTH_SEEN))
            count = min(growing, 2 * self._modes)
            if 0 < count < growing:
                count += int(np.sum(moduli[count:growing] > moduli[count - 1] * (1.0 - SAME_MULTIPLET)))
            return count

        def tell(ritz: RitzValues, count: int) -> None:
            residuals = ritz.residuals[: max(count, 1)]
            report(ritz.applied, int(np.sum(residuals <= self._tolerance)), float(np.max(residuals)))

        multipliers, vectors = np.zeros(0, complex), np.zeros((0, *self._form.shape), complex)
        while True:
            beginning = np.concatenate([vectors, noise(self._form, BLOCK, self._seed + len(vectors))])
            self._form.project(beginning)
            space = KrylovSchur(tangent, self._form.algebra, beginning, 2 * self._modes + 4 * len(beginning))
            multipliers, vectors, residuals = largest_eigenvalues(space, wanted, self._tolerance, restarts, tell)
            if np.any(residuals > self._tolerance):
                raise ModesNotFound(
                    f"excitations: {np.sum(residuals <= self._tolerance)} of {len(residuals)} growing modes have "
                    f"converged to {self._tolerance:.1e} after {restarts} restarts, the worst has "
                    f"{np.max(residuals):.1e}; a longer excitations.duration sets growing modes apart sooner"
                )
            if _largest_multiplet(multipliers) < len(beginning):
                break  # a space finds no more members of a multiplet than it has vectors to begin with
        if len(multipliers) == 0:
            raise ModesNotFound(
                f"excitations: no growing mode was found: no multiplier over {tangent.duration:.6g} lies outside the "
                f"unit circle by more than {GROWTH_SEEN:g}. Steady modes of systems of more than {WHOLE} points come "
                'from excitations.method = "minimum" or "dense"'
            )
        exponents = _exponents(multipliers)
        kept = exponents.real >= -GROWTH_SEEN
        return exponents[kept], np.ascontiguousarray(vectors[kept])

    def _frequencies(self, exponents: np.ndarray, vectors: np.ndarray, duration: float) -> np.ndarray:
        """omega of omega tau, which is known up to 2 pi; of stationary states by <x|L x> / <x|x>."""
        frequencies = exponents / duration
        if self._stationary:
            form = self._form
            images = signed(form.apply(vectors)) / form.mixture.hbar
            near = form.algebra.products(vectors, images).real / form.algebra.lengths(vectors) ** 2
            turns = np.round((near - frequencies.real) * duration / (2.0 * np.pi))
            frequencies = frequencies + turns * (2.0 * np.pi / duration)
        return frequencies

    def _residuals(self, exponents: np.ndarray, vectors: np.ndarray, images: np.ndarray) -> np.ndarray:
        """|S x - lambda x| / |lambda x| of projected vectors, S projected."""
        column = np.exp(-1j * exponents).reshape(-1, *[1] * (vectors.ndim - 1))
        rest = images - column * vectors
        self._form.project(rest)
        return self._form.algebra.lengths(rest) / self._form.algebra.lengths(column * vectors)

    def _complete(self, exponents: np.ndarray, vectors: np.ndarray, images: np.ndarray) -> None:
        """Add the parts along the phases' directions z, in place: S x = lambda x + sum beta z for projected x, and
        beta z / (lambda - 1) makes it a mode of the whole map."""
        form = self._form
        phases = form.phases()
        norms = form.algebra.lengths(phases) ** 2
        parts = form.algebra.overlaps(phases, images) / np.where(norms > 0.0, norms, 1.0)[:, np.newaxis]
        away = np.exp(-1j * exponents) - 1.0
        vectors += combined(phases, parts / np.where(np.abs(away) > 0.0, away, np.inf))


def _exponents(multipliers: np.ndarray) -> np.ndarray:
    """omega tau with the real part above -pi and up to pi; those at the cut go to pi."""
    exponents = 1j * np.log(multipliers)
    exponents[exponents.real < -np.pi * (1.0 - 1e-9)] += 2.0 * np.pi
    return exponents


def _largest_multiplet(multipliers: np.ndarray) -> int:
    """How many multipliers agree, at most."""
    same = np.abs(multipliers[:, np.newaxis] - multipliers) <= SAME_MULTIPLET * np.abs(multipliers)
    return int(np.max(np.sum(same, axis=1), initial=0))
