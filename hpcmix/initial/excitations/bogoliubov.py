"""The lowest modes of a real ground state: locally optimal block preconditioned four-dimensional conjugate gradients.

With p = u + v and q = u - v a mode is a pair A_- q = hbar omega p, A_+ p = hbar omega q, and 1 / (hbar omega) is
stationary for p^T q under p^T A_+ p = q^T A_- q = 1, largest for the lowest mode (Thouless; Bai and Li, SIAM J. Matrix
Anal. Appl. 34 (2013) 392). p and q have bases of their own: the present fields x, preconditioned residuals w and the
last directions d, from which the small problem (real_states/ritz.py) takes the best. Modes that have converged stay in
the basis and get no w and d; modes beside the wanted ones make these converge faster. A multiplet is never cut: as long
as the mode behind the last wanted one may belong to it, it is wanted too, and the block grows where it has to.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hpcmix.initial.excitations.real_states.basis import Basis, Block, combined, subtract
from hpcmix.initial.excitations.real_states.operator import RealOperator
from hpcmix.initial.excitations.real_states.preconditioner import PairPreconditioner
from hpcmix.initial.excitations.real_states.ritz import NegativeForm, RitzPairs, ritz_pairs
from hpcmix.initial.excitations.spectrum import SAME_MULTIPLET, NotAMinimum, OutOfIterations, Report, Spectrum
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.problem.sections.excitations import ExcitationsSection

GROWTH = 4
"""Modes that are added where a multiplet reaches the end of the block."""
STREAM = 1 << 60
"""Noise of its own, apart from that of initial states (streams 0, 1, ...) and searches for saddles (1 << 61)."""


class StaleImages(Exception):
    """Rounding that combined images have gathered makes a form look negative that is not."""


class ModeSearch:
    """The search for the lowest modes of a real state.

    operator  of the state, which must be a minimum.
    section   how many modes are wanted (more come where the last multiplet is larger), how well, and the seed of the
              noise that it begins with.
    All methods are collective.
    """

    method = "LOBP4DCG"

    def __init__(self, operator: RealOperator, section: ExcitationsSection) -> None:
        self._operator, self._tolerance, self._seed = operator, section.tolerance, section.seed
        self._preconditioner = PairPreconditioner(operator)
        points = int(np.prod(operator.mixture.grid.points))
        self._most = operator.general.species * points - len(operator.removed)
        self._size = min(section.rows, self._most)
        self._modes = min(section.modes, self._most)
        self._wanted = self._modes
        self._noises = 0
        self.energies = np.zeros(0)  # hbar omega of the rows
        self.residuals = np.zeros(0)
        self._basis = Basis(0, 0, operator.shape)

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """p and q of the present block: what a search can be begun with again."""
        return self._basis.rows.p, self._basis.rows.q

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """Begin with noise, or go on from rows that :attr:`rows` gave, and noise where they are too few."""
        kept = 0 if first is None or second is None else len(first)
        self._make_room(max(self._size, kept))
        rows = self._basis.rows
        if first is not None and second is not None:
            rows.p[:kept], rows.q[:kept] = first, second
        if kept < len(rows):
            self._fill_with_noise(rows.part(kept, len(rows)))
        self._refresh()

    def run(
        self,
        max_iterations: int,
        report: Report = lambda iteration, converged, residual: None,
        alive: Callable[[], None] = lambda: None,
    ) -> Spectrum:
        """Iterate until the wanted modes have converged. Raises :class:`OutOfIterations` and :class:`NotAMinimum`.

        report, alive  called after every iteration; `alive` may raise, the rows are as good as they were made.
        """
        for iteration in range(max_iterations + 1):
            self._judge()
            if self._is_done():
                self._refresh()
                if self._is_done():
                    report(iteration, self._wanted, float(np.max(self.residuals[: self._wanted])))
                    return self._spectrum(iteration)
            wanted = self.residuals[: self._wanted]
            report(iteration, int(np.sum(wanted <= self._tolerance)), float(np.max(wanted)))
            alive()
            if iteration < max_iterations:
                self._iterate()
        worst = float(np.max(self.residuals[: self._wanted]))
        done = int(np.sum(self.residuals[: self._wanted] <= self._tolerance))
        raise OutOfIterations(done, self._wanted, worst, max_iterations, self._tolerance)

    # --------------------------------------------------------------- an iteration

    def _iterate(self) -> None:
        """Improve the rows by the preconditioned residuals of those that have not converged."""
        operator, rows = self._operator, self._basis.rows
        active = np.flatnonzero(self.residuals > self._tolerance)
        added = self._basis.more(len(active))
        for p, q, row in zip(added.p, added.q, active, strict=True):
            np.multiply(rows.q[row], -self.energies[row], out=p)
            np.multiply(rows.p[row], -self.energies[row], out=q)
            p += rows.plus[row]
            q += rows.minus[row]
        self._preconditioner.apply(added.p, added.q)
        operator.project(added.p, added.q)
        self._make_independent(added.p, added.q)
        operator.apply(added.p, added.q, into=(added.plus, added.minus))
        try:
            pairs = self._small_problem()
        except StaleImages:
            self._refresh()
            return
        moves = pairs.moves(active, len(rows))
        self._basis.combine(np.hstack([pairs.p, moves[0]]), np.hstack([pairs.q, moves[1]]), pairs.p.shape[1])
        self._judge_rows(pairs.energies)

    def _make_independent(self, p: np.ndarray, q: np.ndarray) -> None:
        """Take from p what they have of the present p, orthogonal in A_+ (where these are orthogonal, of length
        hbar omega), from q the same in A_-, and make them of length one, in place: close to convergence little more is
        left."""
        rows, inverse = self._basis.rows, 1.0 / self.energies[:, np.newaxis]
        for _ in range(2):
            along_p, along_q = self._operator.overlaps_of([(rows.plus, p), (rows.minus, q)])
            subtract(p, rows.p, inverse * along_p)
            subtract(q, rows.q, inverse * along_q)
            for part in (p, q):
                part /= self._operator.norms(part).reshape(-1, *(1 for _ in self._operator.shape))

    def _small_problem(self) -> RitzPairs:
        """The best pairs in the bases, as many as there are rows."""
        whole = self._basis.whole
        products = [(whole.p, whole.plus), (whole.q, whole.minus), (whole.p, whole.q)]
        plus, minus, overlaps = self._operator.overlaps_of(products)
        try:
            return ritz_pairs(plus, minus, overlaps, self._basis.count)
        except NegativeForm as error:
            curvature = self._curvature_along(error, whole)
            if curvature < 0.0:
                raise NotAMinimum(curvature) from error
            raise StaleImages from error

    def _curvature_along(self, error: NegativeForm, block: Block) -> float:
        """The Rayleigh quotient of the form along its negative direction, with its image made anew: energy per particle
        moved."""
        of_sum = error.form == "A_+"
        direction = combined(block.p if of_sum else block.q, error.coefficients)
        self._operator.project(direction)
        image = self._operator.apply(direction, direction)[0 if of_sum else 1]
        energy, square = self._operator.overlaps_of([(direction, image), (direction, direction)])
        return float(energy[0, 0] / square[0, 0])

    def _judge_rows(self, energies: np.ndarray) -> None:
        """The residuals of all rows: |L x - omega x| / (omega |x|) with the parts along symmetries, in which p and q
        are free, chosen so that they solve their equation."""
        rows, local = self._basis.rows, np.zeros((self._basis.count, 2))
        for sums, energy, p, q, plus, minus in zip(local, energies, *rows.arrays, strict=True):
            sums[0] = np.sum((plus - energy * q) ** 2) + np.sum((minus - energy * p) ** 2)
            sums[1] = np.sum(p**2) + np.sum(q**2)
        distances, sizes = np.sqrt(self._operator.mixture.communicators.sum(local)).T
        self.energies, self.residuals = energies, distances / (energies * sizes)

    # --------------------------------------------------------------- what is wanted

    def _judge(self) -> None:
        """Want the mode behind the last wanted one too, as long as it may belong to the same multiplet."""
        self._wanted = min(self._modes, self._basis.count)
        while np.all(self.residuals[: self._wanted] <= self._tolerance):
            if self._wanted == self._basis.count:
                if self._wanted == self._most:
                    return
                self._grow()
                return
            last, following = self.energies[self._wanted - 1 : self._wanted + 1]
            if following * (1.0 - min(1.0, self.residuals[self._wanted])) > last * (1.0 + SAME_MULTIPLET):
                return  # an error of a frequency is of the second order in the residual: this bound is a safe one
            self._wanted += 1

    def _is_done(self) -> bool:
        self._judge()
        enough = self._wanted < self._basis.count or self._wanted == self._most
        return enough and bool(np.all(self.residuals[: self._wanted] <= self._tolerance))

    def _make_room(self, count: int) -> None:
        """For so many rows, their residuals and directions; the rows there are stay the first."""
        before = self._basis.rows
        self._basis = Basis(count, 3 * count, self._operator.shape)
        for array, old in zip(self._basis.rows.arrays, before.arrays, strict=True):
            array[: len(old)] = old

    def _grow(self) -> None:
        """More rows of noise, orthogonal to nothing: the small problem separates them."""
        begin = self._basis.count
        self._make_room(min(begin + GROWTH, self._most))
        self._fill_with_noise(self._basis.rows.part(begin, self._basis.count))
        self._refresh()

    def _refresh(self) -> None:
        """Rows and images anew, directions forgotten: those that were combined have gathered rounding errors."""
        self._basis.used = self._basis.count
        rows = self._basis.rows
        self._operator.project(rows.p, rows.q)
        self._operator.apply(rows.p, rows.q, into=(rows.plus, rows.minus))
        pairs = self._small_problem()
        self._basis.combine(pairs.p, pairs.q, pairs.p.shape[1])
        self._judge_rows(pairs.energies)

    def _fill_with_noise(self, rows: Block) -> None:
        """Smooth noise within the clouds: what the preconditioner makes of white noise."""
        operator = self._operator
        for first, second in zip(rows.p, rows.q, strict=True):
            for upper, lower in zip(first, second, strict=True):
                numbers = complex_noise(operator.mixture.grid, self._seed, STREAM + self._noises)
                upper[...], lower[...] = numbers.real, numbers.imag
                self._noises += 1
        operator.project(rows.p, rows.q)
        for _ in range(2):
            self._preconditioner.apply(rows.p, rows.q)

    # --------------------------------------------------------------- the result

    def _spectrum(self, iterations: int) -> Spectrum:
        operator = self._operator
        rows, energies = self._basis.rows.part(0, self._wanted), self.energies[: self._wanted]
        p, q = rows.p, rows.q
        phases = np.exp(1j * operator.theta).reshape(-1, *(1 for _ in operator.shape[1:]))
        local = np.sum((p - q) ** 2, axis=tuple(range(2, p.ndim)))
        shares = 0.25 * operator.mixture.communicators.sum(local) * operator.mixture.grid.cell_volume
        p, q = operator.completed(p, q, energies)
        return Spectrum(
            frequencies=(energies / operator.mixture.hbar).astype(np.complex128),
            u=0.5 * (p + q) * phases,
            v=0.5 * (p - q) * phases.conj(),
            residuals=self.residuals[: self._wanted],
            excitations=np.asarray(shares),
            method=self.method,
            iterations=iterations,
            transforms=operator.transforms,
            symmetries=tuple(operator.symmetries),
        )
