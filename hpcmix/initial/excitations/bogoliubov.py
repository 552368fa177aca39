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
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.excitations.real_states.operator import RealOperator
from hpcmix.initial.excitations.real_states.preconditioner import PairPreconditioner
from hpcmix.initial.excitations.real_states.ritz import NegativeForm, RitzPairs, ritz_pairs
from hpcmix.initial.excitations.spectrum import SAME_MULTIPLET, NotAMinimum, OutOfIterations, Report, Spectrum
from hpcmix.initial.noise import complex_noise

FEWEST_BESIDE, SHARE_BESIDE = 4, 2
"""Modes beside the wanted ones: so many at least, and one to so many wanted."""
GROWTH = 4
"""Modes that are added where a multiplet reaches the end of the block."""
CHUNK = 1 << 16
"""Numbers of a row that are combined at a time: what is combined fits in a cache."""
STREAM = 1 << 60
"""Noise of its own, apart from that of initial states (streams 0, 1, ...) and searches for saddles (1 << 61)."""


class StaleImages(Exception):
    """Rounding that combined images have gathered makes a form look negative that is not."""


@dataclass
class Block:
    """Rows p and q (rows, species, *grid) and their images A_+ p and A_- q."""

    p: np.ndarray
    q: np.ndarray
    plus: np.ndarray
    minus: np.ndarray

    def __len__(self) -> int:
        return len(self.p)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All four."""
        return self.p, self.q, self.plus, self.minus

    def joined(self, *others: Block) -> Block:
        """The rows of this block and of others behind them: new arrays."""
        columns = zip(self.arrays, *(other.arrays for other in others), strict=True)
        return Block(*(np.concatenate(column) for column in columns))

    def combined(self, p: np.ndarray, q: np.ndarray) -> Block:
        """sum_i row_i p[i, j] and q[i, j] for every column j: new arrays."""
        return Block(*(_combined(rows, matrix) for rows, matrix in zip(self.arrays, (p, q, p, q), strict=True)))

    def __getitem__(self, rows: np.ndarray | slice) -> Block:
        return Block(*(array[rows] for array in self.arrays))


class ModeSearch:
    """The search for the lowest modes of a real state.

    operator   of the state, which must be a minimum.
    modes      how many are wanted; more come where the last multiplet is larger.
    tolerance  |L x - omega x| / (omega |x|) to reach.
    seed       of the noise that it begins with.
    All methods are collective.
    """

    method = "LOBP4DCG"

    def __init__(self, operator: RealOperator, modes: int, tolerance: float, seed: int) -> None:
        self._operator, self._tolerance, self._seed = operator, tolerance, seed
        self._preconditioner = PairPreconditioner(operator)
        points = int(np.prod(operator.mixture.grid.points))
        self._most = operator.general.species * points - len(operator.removed)
        self._modes = min(modes, self._most)
        self._wanted = self._modes
        self._noises = 0
        self.energies = np.zeros(0)  # hbar omega of the rows
        self.residuals = np.zeros(0)
        self._rows = Block(*(np.zeros((0, *operator.shape)) for _ in range(4)))
        self._directions = self._rows

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """p and q of the present block: what a search can be begun with again."""
        return self._rows.p, self._rows.q

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """Begin with noise, or go on from rows that :attr:`rows` gave, and noise where they are too few."""
        operator = self._operator
        size = min(self._most, self._modes + max(FEWEST_BESIDE, -(-self._modes // SHARE_BESIDE)))
        none = np.zeros((0, *operator.shape))
        p, q = none if first is None else first, none if second is None else second
        if len(p) < size:
            fresh_p, fresh_q = self._noise(size - len(p))
            p, q = np.concatenate([p, fresh_p]), np.concatenate([q, fresh_q])
        operator.project(p, q)
        block = Block(p, q, *operator.apply(p, q))
        self._rows, self._directions = block, block[:0]
        self._take(self._small_problem(block), block, len(block))

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
        operator, rows = self._operator, self._rows
        active = np.flatnonzero(self.residuals > self._tolerance)
        energies = self.energies[active].reshape(-1, *(1 for _ in operator.shape))
        p = rows.plus[active] - energies * rows.q[active]
        q = rows.minus[active] - energies * rows.p[active]
        self._preconditioner.apply(p, q)
        operator.project(p, q)
        self._make_independent(p, q)
        block = rows.joined(Block(p, q, *operator.apply(p, q)), self._directions)
        try:
            self._take(self._small_problem(block), block, len(rows))
        except StaleImages:
            self._refresh()

    def _make_independent(self, p: np.ndarray, q: np.ndarray) -> None:
        """Take from p what they have of the present p, orthogonal in A_+ (where these are orthogonal, of length
        hbar omega), from q the same in A_-, and make them of length one, in place: close to convergence little more is
        left."""
        rows, inverse = self._rows, 1.0 / self.energies[:, np.newaxis]
        for _ in range(2):
            along_p, along_q = self._operator.overlaps_of([(rows.plus, p), (rows.minus, q)])
            p -= _combined(rows.p, inverse * along_p)
            q -= _combined(rows.q, inverse * along_q)
            for part in (p, q):
                part /= _column(self._operator.norms(part), part.ndim)

    def _small_problem(self, block: Block) -> RitzPairs:
        products = [(block.p, block.plus), (block.q, block.minus), (block.p, block.q)]
        plus, minus, overlaps = self._operator.overlaps_of(products)
        try:
            return ritz_pairs(plus, minus, overlaps, len(self._rows))
        except NegativeForm as error:
            curvature = self._curvature_along(error, block)
            if curvature < 0.0:
                raise NotAMinimum(curvature) from error
            raise StaleImages from error

    def _curvature_along(self, error: NegativeForm, block: Block) -> float:
        """The Rayleigh quotient of the form along its negative direction, with its image made anew: energy per particle
        moved."""
        of_sum = error.form == "A_+"
        direction = _combined(block.p if of_sum else block.q, error.coefficients[:, np.newaxis])
        self._operator.project(direction)
        image = self._operator.apply(direction, direction)[0 if of_sum else 1]
        energy, square = self._operator.overlaps_of([(direction, image), (direction, direction)])
        return float(energy[0, 0] / square[0, 0])

    def _take(self, pairs: RitzPairs, block: Block, rows: int) -> None:
        """The pairs become the rows; what moved those that have not converged is kept as their directions."""
        self._rows = block.combined(pairs.p, pairs.q)
        self.energies = pairs.energies
        self._judge_rows()
        active = self.residuals > self._tolerance
        if len(block) > rows and np.any(active):
            self._directions = block.combined(*pairs.moves(active, rows))
        else:
            self._directions = self._rows[:0]

    def _judge_rows(self) -> None:
        """The residuals of all rows: |L x - omega x| / (omega |x|) with the parts along symmetries, in which p and q
        are free, chosen so that they solve their equation."""
        rows, operator = self._rows, self._operator
        energies = _column(self.energies, rows.p.ndim)
        first = operator.norms(rows.plus - energies * rows.q)
        second = operator.norms(rows.minus - energies * rows.p)
        size = np.hypot(operator.norms(rows.p), operator.norms(rows.q))
        self.residuals = np.hypot(first, second) / (self.energies * size)

    # --------------------------------------------------------------- what is wanted

    def _judge(self) -> None:
        """Want the mode behind the last wanted one too, as long as it may belong to the same multiplet."""
        self._wanted = min(self._modes, len(self._rows))
        while np.all(self.residuals[: self._wanted] <= self._tolerance):
            if self._wanted == len(self._rows):
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
        enough = self._wanted < len(self._rows) or self._wanted == self._most
        return enough and bool(np.all(self.residuals[: self._wanted] <= self._tolerance))

    def _grow(self) -> None:
        """More rows of noise, orthogonal to nothing: the small problem separates them."""
        p, q = self._noise(min(GROWTH, self._most - len(self._rows)))
        self._operator.project(p, q)
        block = self._rows.joined(Block(p, q, *self._operator.apply(p, q)))
        self._rows = block
        self._take(self._small_problem(block), block, len(block))

    def _refresh(self) -> None:
        """Images anew: those that were combined have gathered rounding errors."""
        p, q = self._rows.p, self._rows.q
        self._operator.project(p, q)
        block = Block(p, q, *self._operator.apply(p, q))
        self._take(self._small_problem(block), block, len(block))

    def _noise(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Smooth noise within the clouds: what the preconditioner makes of white noise."""
        operator = self._operator
        p = np.empty((count, *operator.shape))
        q = np.empty_like(p)
        for first, second in zip(p, q, strict=True):
            for upper, lower in zip(first, second, strict=True):
                numbers = complex_noise(operator.mixture.grid, self._seed, STREAM + self._noises)
                upper[...], lower[...] = numbers.real, numbers.imag
                self._noises += 1
        operator.project(p, q)
        self._preconditioner.apply(p, q)
        self._preconditioner.apply(p, q)
        return p, q

    # --------------------------------------------------------------- the result

    def _spectrum(self, iterations: int) -> Spectrum:
        operator = self._operator
        rows, energies = self._rows[slice(0, self._wanted)], self.energies[: self._wanted]
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


def _combined(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """sum_i rows_i matrix[i, j], some numbers of every row at a time."""
    flat, result = rows.reshape(len(rows), -1), np.empty((matrix.shape[1], *rows.shape[1:]))
    target = result.reshape(len(result), int(np.prod(rows.shape[1:])))
    for begin in range(0, flat.shape[1], CHUNK):
        target[:, begin : begin + CHUNK] = matrix.T @ flat[:, begin : begin + CHUNK]
    return result


def _column(values: np.ndarray, axes: int) -> np.ndarray:
    return values.reshape(-1, *(1 for _ in range(axes - 1)))
