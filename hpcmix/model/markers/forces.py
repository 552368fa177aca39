"""What external potentials do to the markers of one species: the sum of all entries at an instant.

In a frame x = b y (hpcmix/frame.py) places are y, and what acts is b^2 U(t, b y) with the gradient b^3 U'(b y), and the
confinement m w^2 y that comes with the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.frame import Frame
from hpcmix.grid import Grid
from hpcmix.model.markers.potentials import marker_potential
from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.model.potentials.external import shape_time
from hpcmix.model.potentials.finite import NotFinite, finite_strength
from hpcmix.model.potentials.shapes import PotentialShape
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.potentials import Potential

MARKERS_TOGETHER = 1 << 14
"""Markers that values are made of at a time: what passes between numpy's loops stays in a cache."""


@dataclass(frozen=True)
class MarkerForce:
    """One entry of ``potential``: a shape in space times an envelope in time.

    where  the key of the entry in the problem file, for messages.
    rests_after  the time after which the shape does not depend on time.
    """

    where: str
    envelope: Envelope
    shape: PotentialShape
    rests_after: float = -np.inf

    def strength(self, instant: Instant) -> float:
        """Of the envelope. Raises :class:`NotFinite`."""
        return finite_strength(self.envelope, instant, f"{self.where}.factor")

    def fingerprint(self, instant: Instant) -> tuple[float, ...]:
        """What forces of an instant depend on: equal fingerprints, equal forces; empty where it is off."""
        strength = self.strength(instant)
        if strength == 0.0:
            return ()
        return (strength, instant.contraction, shape_time(instant.time, self.rests_after))

    def require_finite(self, values: np.ndarray, position: np.ndarray, instant: Instant, what: str) -> None:
        """Raises :class:`NotFinite` naming the first place where the values are not."""
        if np.all(np.isfinite(values)):
            return
        marker = int(np.argmin(np.all(np.isfinite(values.reshape(len(values), -1)), axis=1)))
        place = ", ".join(f"{name} = {x:g}" for name, x in zip("xyz", position[marker], strict=False))
        raise NotFinite(self.where, f"{what} is not finite at {place}, t = {instant.time:g}, where a marker is")


@dataclass(frozen=True)
class MarkerForces:
    """The external potentials of one species at the places of its markers.

    forces  the entries of the file.
    mass    m, code units.
    frame   of the grid.
    """

    forces: tuple[MarkerForce, ...]
    mass: float
    frame: Frame

    @classmethod
    def of(cls, where: str, entries: Sequence[Potential], mass: float, grid: Grid) -> MarkerForces:
        """Of validated entries; `where`: the key of them all. Raises
        :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a file does not fit the grid. Local."""
        forces = []
        for place, entry in enumerate(entries):
            key = f"{where}.{place}"
            try:
                forces.append(
                    MarkerForce(key, Envelope.of(entry), marker_potential(entry, grid, mass), entry.rests_after)
                )
            except ValueError as error:
                raise ProblemError.of(key, str(error)) from error
        return cls(tuple(forces), mass, grid.frame)

    @property
    def act(self) -> bool:
        """Whether there may be any force."""
        return bool(self.forces) or self.frame.expanding

    @property
    def may_fail(self) -> bool:
        """Whether :meth:`gradient` may find what is not finite, at places that one rank alone has."""
        return any(
            force.shape.may_fail or force.envelope.factor is not None or force.rests_after > -np.inf
            for force in self.forces
        )

    def differ(self, first: Instant, second: Instant) -> bool:
        """Whether the gradients of two instants may differ."""
        return any(force.fingerprint(first) != force.fingerprint(second) for force in self.forces)

    def value(self, position: np.ndarray, instant: Instant) -> np.ndarray:
        """b^2 U(t, b y) at places y, shape (n, d), an array (n,), without what confines the frame: energies in the
        laboratory are 1/b^2 of it. Raises :class:`NotFinite`. Local."""
        scale = 1.0 / instant.contraction if instant.contraction > 0.0 else np.inf

        def of_force(force: MarkerForce, strength: float, places: np.ndarray) -> np.ndarray:
            values = np.broadcast_to(force.shape.values(list(places.T), instant.time), len(places))
            force.require_finite(values, places, instant, "its value")
            return strength * scale**2 * values

        return self._sum(position, instant, position.shape[:1], scale, of_force)

    def gradient(self, position: np.ndarray, instant: Instant) -> np.ndarray:
        """b^3 U'(t, b y), and m w^2 y of an expanding frame, at places y, both (n, d): minus what acts at an instant.
        Raises :class:`NotFinite`. Local."""
        scale = 1.0 / instant.contraction if instant.contraction > 0.0 else np.inf

        def of_force(force: MarkerForce, strength: float, places: np.ndarray) -> np.ndarray:
            gradient = force.shape.gradient(places, instant.time)
            force.require_finite(gradient, places, instant, "its gradient")
            gradient *= strength * scale**3
            return gradient

        total = self._sum(position, instant, position.shape, scale, of_force)
        if self.frame.expanding:
            total += (self.mass * self.frame.rate**2) * position
        return total

    def _sum(
        self,
        position: np.ndarray,
        instant: Instant,
        shape: tuple[int, ...],
        scale: float,
        of_force: Callable[[MarkerForce, float, np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """Of what acts at an instant, some markers at a time."""
        strengths = [(force, force.strength(instant)) for force in self.forces]
        acting = [(force, strength) for force, strength in strengths if strength != 0.0]
        if not acting:
            return np.zeros(shape)
        total = np.empty(shape)
        for first in range(0, len(position), MARKERS_TOGETHER):
            some = slice(first, first + MARKERS_TOGETHER)
            places = position[some] if scale == 1.0 else scale * position[some]
            for number, (force, strength) in enumerate(acting):
                values = of_force(force, strength, places)
                if number == 0:
                    total[some] = values
                else:
                    total[some] += values
        return total
