"""External potentials U(t, x) on the grid: shapes with their envelopes in time, and the sum that acts on one species.

In a frame x = b y what acts is b^2 U(t, b y), and the confinement that comes with the frame
(docs/methods/expanding-frame.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.transforms import Allocate
from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.model.potentials.files import values_of_file
from hpcmix.model.potentials.finite import NotFinite, finite_strength, require_finite
from hpcmix.model.potentials.shapes import PotentialShape, harmonic, shape_of
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.potentials import FilePotential, Potential


def confinement(grid: Grid, mass: float) -> np.ndarray | None:
    """m w^2 y^2 / 2, which comes with a frame of rate w on top of all potentials; None where the grid is at rest."""
    if not grid.frame.expanding:
        return None
    rates = (grid.frame.rate,) * grid.dimensions
    return harmonic(grid.coordinates, mass, rates, (0.0,) * grid.dimensions)


def shape_time(time: float, rests_after: float) -> float:
    """The time that a shape depends on which rests after some time; one number for those that never move."""
    return min(time, rests_after) if rests_after > -np.inf else 0.0


class PotentialTerm:
    """One entry of ``potential``: a shape in space times an envelope in time, or an expression in both.

    where  the key of the entry in the problem file, for messages.
    shape  its values at the grid's points, or what gives them where it depends on time beyond the envelope or the
           points move with the frame.
    rests_after
           the time after which the shape does not depend on time.
    """

    def __init__(
        self, where: str, envelope: Envelope, shape: np.ndarray | PotentialShape, rests_after: float = -np.inf
    ) -> None:
        self.where = where
        self.envelope = envelope
        self.shape = shape
        self.rests_after = rests_after

    @property
    def constant(self) -> np.ndarray | None:
        """The values of a term that never changes in time, None of another."""
        return self.shape if self.envelope.constant and isinstance(self.shape, np.ndarray) else None

    def changes_after(self, time: float) -> bool:
        """Whether the term may change at or after `time` (its shape does while it is on)."""
        moves = self.rests_after > time and self.envelope.end + self.envelope.ramp > time
        return moves or self.envelope.changes_after(time)

    def fingerprint(self, instant: Instant) -> tuple[float, ...]:
        """What the value at an instant depends on: equal fingerprints, equal values; empty when the term is off."""
        strength = self.envelope(instant)
        if strength == 0.0:
            return ()
        if isinstance(self.shape, np.ndarray):
            return (strength, instant.contraction)
        return (strength, instant.contraction, shape_time(instant.time, self.rests_after))

    def value(self, grid: Grid, instant: Instant) -> np.ndarray | None:
        """b^2 U(t, b y) at an instant on this rank (broadcastable to its block), or None where the envelope is zero.

        Shapes given by their values are those of b = 1, the only scale at which they are asked for
        (problem/checks/frames/expanding.py)."""
        strength = finite_strength(self.envelope, instant, f"{self.where}.factor")
        if strength == 0.0:
            return None
        if isinstance(self.shape, np.ndarray):
            return self.shape if strength == 1.0 else strength * self.shape
        scale = 1.0 / instant.contraction
        values = self.shape.values([scale * y for y in grid.coordinates], instant.time)
        require_finite(self.where, grid, values, instant.time, scale)
        return strength * scale**2 * values


class ExternalPotential:
    """The sum of the potentials of one species.

    Terms that never change are added up once; the others are evaluated when asked for. The sum is kept until a time
    asks for a different one.

    frame  what a rotating frame adds (model/kinetic/magnetic.py); no entry of the problem file.
    zeros  makes an array of zeros of a shape and a type, where the sums are to lie.
    evaluates_expressions
           whether :meth:`value` evaluates expressions as time goes on, and may therefore fail.
    """

    def __init__(
        self,
        terms: list[PotentialTerm],
        grid: Grid,
        dtype: np.dtype,
        frame: np.ndarray | None = None,
        zeros: Allocate = np.zeros,
    ) -> None:
        self._grid = grid
        self._dtype = dtype
        self._zeros = zeros
        self._envelopes = [term.envelope for term in terms]
        self._varying = [term for term in terms if term.constant is None]
        self.evaluates_expressions = any(not isinstance(term.shape, np.ndarray) for term in self._varying)
        constant = [shape for term in terms if (shape := term.constant) is not None]
        constant += [] if frame is None else [frame]
        self._constant = self._total(constant) if constant else None  # the shapes themselves are not needed any more
        self._kept: tuple[tuple[tuple[float, ...], ...], np.ndarray] | None = None

    def require_start(self) -> None:
        """Evaluate what changes in time at its beginning, 0- and 0+. Raises
        :class:`~hpcmix.problem.mistakes.errors.ProblemError` where that is not finite. Local."""
        if not self._varying:
            return
        try:
            for instant in (Instant.before_start(), Instant.after_start()):
                for term in self._varying:
                    term.value(self._grid, instant)
        except NotFinite as error:
            raise error.of_the_file() from error

    def _total(self, parts: list[np.ndarray]) -> np.ndarray:
        total = self._zeros(self._grid.position_shape, self._dtype)
        for part in parts:
            total += part
        return total

    def share_constant(self, kept: list[np.ndarray]) -> None:
        """Take that one of the `kept` arrays for the constant part which it is equal to, or add it to them. Local."""
        if self._constant is None:
            return
        for array in kept:
            if np.array_equal(array, self._constant):
                self._constant = array
                return
        kept.append(self._constant)

    def on(self, instant: Instant) -> list[bool]:
        """Which entries of the problem file act at an instant."""
        return [envelope(instant) != 0.0 for envelope in self._envelopes]

    def changes_after(self, time: float) -> bool:
        """Whether the potential may change at or after `time`; if not, the energy is conserved from then on."""
        return any(term.changes_after(time) for term in self._varying)

    def differs(self, first: Instant, second: Instant) -> bool:
        """Whether the potentials of two instants may differ."""
        return bool(self._varying) and any(
            term.fingerprint(first) != term.fingerprint(second) for term in self._varying
        )

    def value(self, instant: Instant) -> np.ndarray | None:
        """b^2 U(t, b y) at an instant on this rank, or None for no potential. The array belongs to this object: read
        only.

        Raises :class:`NotFinite` with a sentence when an expression is not finite somewhere.
        """
        if not self._varying:
            return self._constant
        fingerprints = tuple(term.fingerprint(instant) for term in self._varying)
        if not any(fingerprints):
            return self._constant
        if self._kept is None or self._kept[0] != fingerprints:
            parts = [part for term in self._varying if (part := term.value(self._grid, instant)) is not None]
            if self._constant is not None:
                parts.append(self._constant)
            self._kept = (fingerprints, self._total(parts))
        return self._kept[1]


def share_equal(externals: Sequence[ExternalPotential]) -> None:
    """Let the constant potentials that are equal on this rank be one array: often a trap is one for all species. It is
    then kept once, and a kick reads it once. Local."""
    kept: list[np.ndarray] = []
    for external in externals:
        external.share_constant(kept)


def make_term(where: str, entry: Potential, grid: Grid, mass: float) -> PotentialTerm:
    """The term of one validated ``potential`` entry of the problem file.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when a file does not fit the grid or the potential is
    not finite."""
    envelope = Envelope.of(entry)
    try:
        shape = on_grid(entry, grid, mass)
        # in a frame that grows the points move; what is gone at time zero is needed at b = 1 alone
        at_rest = not entry.moves and (not grid.frame.expanding or entry.until + entry.ramp <= 0.0)
        if at_rest and not isinstance(shape, np.ndarray):
            shape = np.asarray(shape.values(grid.coordinates, 0.0), dtype=float)
        if isinstance(shape, np.ndarray):
            require_finite(where, grid, shape, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    except ValueError as error:
        raise ProblemError.of(where, str(error)) from error
    return PotentialTerm(where, envelope, shape, entry.rests_after)


@singledispatch
def on_grid(entry: object, grid: Grid, mass: float) -> PotentialShape | np.ndarray:
    """The shape of an entry, or its values on this rank's block where they are all that is known.

    Raises :class:`ValueError` with a sentence where a file does not fit."""
    return shape_of(entry, mass)


@on_grid.register
def _(entry: FilePotential, grid: Grid, mass: float) -> np.ndarray:
    return values_of_file(entry, grid)
