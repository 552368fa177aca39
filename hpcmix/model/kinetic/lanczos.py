"""Functions of a Hermitian operator that is diagonal neither in x nor in k, applied to a field: Lanczos' method.

    A V_m = V_m T_m + beta_m v_{m+1} e_m^T,        f(A) phi ~ |phi| V_m f(T_m) e_1

V_m holds an orthonormal basis of the Krylov space of phi, T_m is a real symmetric tridiagonal matrix. For a unitary f
the result has the norm of phi whatever m is, as far as V_m is orthonormal.

Saad, SIAM J. Numer. Anal. 29 (1992) 209; Hochbruck and Lubich, SIAM J. Numer. Anal. 34 (1997) 1911.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hpcmix.model.kinetic.krylov_size import FEWEST_STORED, LARGEST, LARGEST_EXPONENTIAL, PASSING, stored_vectors
from hpcmix.parallel.transforms.transform import Transform

EVERY = 4
"""Dimensions between two looks at the error of a function from :data:`FEWEST_STORED` on: each diagonalises the matrix.
"""

TOLERANCES = {np.dtype(np.complex128): 1e-13, np.dtype(np.complex64): 1e-6}
"""Error of a function of the operator, relative to |f(A)| |phi|: some hundred roundings in double precision, ten in
single."""

Operator = Callable[[np.ndarray, np.ndarray], None]
"""``operator(source, target)`` makes target = A source. Collective over the group."""


class KrylovError(FloatingPointError):
    """A function of an operator that the largest space does not give; the text says what to change."""


class Lanczos:
    """Makes f(A) phi, one field at a time. Its vectors are kept for the next field; all methods are collective over the
    group of ranks that share the grid, and take the same decisions on all of them.

    stored      basis vectors that are kept, at most.
    operations  how often an operator was applied so far.
    dimensions  of the last space.
    """

    def __init__(self, transform: Transform, stored: int | None = None) -> None:
        self._transform = transform
        size = math.prod(transform.position_block.shape) * transform.wave_dtype.itemsize
        self._stored = stored_vectors(size) if stored is None else max(2, stored)
        self._tolerance = TOLERANCES[np.dtype(transform.wave_dtype)]
        self._vectors: list[np.ndarray] = []
        self._alphas: list[float] = []
        self._betas: list[float] = []
        self.operations = 0
        self.dimensions = 0

    def exponential(self, operator: Operator, field: np.ndarray, factor: complex) -> None:
        """field <- exp(factor A) field, in place, for an imaginary factor, or a negative one where A is not negative.

        The dimension is the first for which the bound |factor|^m beta_1 .. beta_m / m! of the error is below the
        tolerance (Jawecki, Auzinger and Koch, BIT 60 (2020) 157): rigorous, and sharp for short steps. Where
        :data:`LARGEST_EXPONENTIAL` dimensions do not do, half of the step is done twice.
        """
        norm = self._begin(field)
        if norm == 0.0 or factor == 0.0:
            return
        bound, converged = 1.0, False
        while not converged:
            if len(self._alphas) == LARGEST_EXPONENTIAL:
                for _ in range(2):
                    self.exponential(operator, field, 0.5 * factor)
                return
            beta = self._extend(operator)
            bound *= abs(factor) * beta / len(self._alphas)
            converged = self._exhausted or bound <= self._tolerance
        values, vectors = self._spectrum()
        self._combine(operator, field, norm * (vectors @ (np.exp(factor * values) * vectors[0])))

    def function(self, operator: Operator, field: np.ndarray, f: Callable[[np.ndarray], np.ndarray]) -> None:
        """field <- f(A) field, in place, for any f that is smooth on the spectrum of A.

        The error is estimated from the last two changes of f(T_m) e_1, continued as a geometric series. Raises
        :class:`KrylovError`.
        """
        norm = self._begin(field)
        if norm > 0.0:
            self._combine(operator, field, norm * self._converged(operator, f))

    def average(self, operator: Operator, field: np.ndarray, f: Callable[[np.ndarray], np.ndarray]) -> float:
        """The sum of conj(field) f(A) field over all points of the grid, without the volume element: e_1^T f(T_m) e_1,
        a Gauss quadrature. Raises :class:`KrylovError`."""
        norm = self._begin(field)
        return norm**2 * float(np.real(self._converged(operator, f)[0])) if norm > 0.0 else 0.0

    # --------------------------------------------------------------- the space

    def _begin(self, field: np.ndarray) -> float:
        """A space of one vector; the norm of the field."""
        norm = math.sqrt(float(self._sum(self._transform.kernels.squared_norm(field))))
        self._alphas, self._betas = [], []
        if norm > 0.0 and math.isfinite(norm):
            np.multiply(field, field.real.dtype.type(1.0 / norm), out=self._vector(0))
        elif not math.isfinite(norm):
            return 0.0  # what is not finite stays: the guard of the run finds it
        return norm

    def _extend(self, operator: Operator) -> float:
        """One dimension more: the next alpha and beta, and the next vector. Returns beta."""
        m = len(self._alphas)
        current, following = self._vector(m), self._vector(m + 1)
        self._apply(operator, m, following)
        alpha = float(self._sum(self._transform.kernels.inner_product(current, following).real))
        _add(-alpha, current, following)
        beta = math.sqrt(float(self._sum(self._transform.kernels.squared_norm(following))))
        self._alphas.append(alpha)
        self._betas.append(beta)
        if not self._exhausted:
            following *= following.real.dtype.type(1.0 / beta)
        self.dimensions = m + 1
        return beta

    def _apply(self, operator: Operator, m: int, following: np.ndarray) -> None:
        """A v_m - beta_{m-1} v_{m-1}."""
        operator(self._vector(m), following)
        self.operations += 1
        if m > 0:
            _add(-self._betas[m - 1], self._vector(m - 1), following)

    @property
    def _exhausted(self) -> bool:
        """Whether the space is invariant, up to rounding: there is no further vector."""
        scale = max(map(abs, (*self._alphas, *self._betas[:-1])))
        return not self._betas[-1] > 4.0 * np.finfo(self._transform.wave_dtype).eps * scale

    def _vector(self, number: int) -> np.ndarray:
        """Where the basis vector of that number lies; those beyond the stored ones take turns."""
        place = number if number < self._stored else self._stored + (number - self._stored) % PASSING
        while len(self._vectors) <= place:
            self._vectors.append(self._transform.empty_position())
        return self._vectors[place]

    def _spectrum(self, dimensions: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues and eigenvectors of T_m."""
        from scipy.linalg import eigh_tridiagonal

        m = dimensions or len(self._alphas)
        if m == 1:
            return np.array(self._alphas[:1]), np.ones((1, 1))
        return eigh_tridiagonal(np.array(self._alphas[:m]), np.array(self._betas[: m - 1]))

    # --------------------------------------------------------------- functions

    def _converged(self, operator: Operator, f: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """f(T_m) e_1 of a space that is large enough."""
        while len(self._alphas) < LARGEST:
            self._extend(operator)
            m = len(self._alphas)
            if not self._exhausted and (m < 3 or (m > FEWEST_STORED and m % EVERY)):
                continue
            last = self._first_column(f, m)
            if self._exhausted:
                return last
            before, earlier = self._first_column(f, m - 1), self._first_column(f, m - 2)
            change, change_before = _distance(last, before), _distance(before, earlier)
            rate = change / change_before if change_before > 0.0 else 0.0
            if rate < 1.0 and change * rate / (1.0 - rate) <= self._tolerance * float(np.linalg.norm(last)):
                return last
        raise KrylovError(
            f"the semirelativistic kinetic energy in a vector potential does not converge in {LARGEST} dimensions: the "
            "rest mass is too small beside the grid's largest momentum; use a coarser grid or a larger mass"
        )

    def _first_column(self, f: Callable[[np.ndarray], np.ndarray], dimensions: int) -> np.ndarray:
        values, vectors = self._spectrum(dimensions)
        return vectors @ (f(values) * vectors[0])

    def _combine(self, operator: Operator, field: np.ndarray, coefficients: np.ndarray) -> None:
        """field = sum_j coefficients_j v_j, with the vectors that are not stored made again."""
        field[...] = 0.0
        for number, coefficient in enumerate(coefficients[: self._stored]):
            _add(coefficient, self._vector(number), field)
        if len(coefficients) <= self._stored:
            return
        # the ring has gone over the first vectors beyond the stored ones: begin from the last two that are there
        for m in range(self._stored - 1, len(coefficients) - 1):
            following = self._vector(m + 1)
            self._apply(operator, m, following)
            _add(-self._alphas[m], self._vector(m), following)
            following *= following.real.dtype.type(1.0 / self._betas[m])
            _add(coefficients[m + 1], following, field)

    def _sum(self, value: float) -> float:
        return float(self._transform.communicators.sum(value))


def _add(factor: complex, source: np.ndarray, target: np.ndarray) -> None:
    """target += factor source, in place, without an array in passing."""
    from scipy.linalg.blas import get_blas_funcs

    get_blas_funcs("axpy", (source, target))(source.ravel(), target.ravel(), a=factor)


def _distance(longer: np.ndarray, shorter: np.ndarray) -> float:
    """|longer - shorter|, the shorter one continued with zeros."""
    return math.hypot(float(np.linalg.norm(longer[: len(shorter)] - shorter)), abs(longer[-1]))
