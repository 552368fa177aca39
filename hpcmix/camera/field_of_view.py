"""What part of the plane across a line of sight a picture shows, and its pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.camera.columns import Stored, spreads
from hpcmix.camera.flight import Flight

MOST_PIXELS = 4096
"""Along an axis: one process holds the picture and the matrices of the flights."""


FEWEST_PIXELS = 128
"""Along the longest axis of a picture after a flight: a coarse grid makes fringes that are finer than its points."""

SEEN = 6.0
"""Standard deviations of a cloud to either side of its centre; of a Gaussian one a billionth is beyond."""

ROUNDING = 1e-9


class TooManyPixels(ValueError):
    """A picture that is larger than :data:`MOST_PIXELS` along an axis; the text says which."""


@dataclass(frozen=True)
class View:
    """A line of sight and the pixels across it.

    sight   the name of its axis.
    kept    the grid's axes that are left, `names` theirs; gone: the one that is looked along, None where the grid has
            none of that name.
    depth   spacing of the points along it, one where there is none.
    points  of the grid along the axes that are left.
    pixels  positions of the pixels' centres; one lies at the origin, or they are the points of the grid.
    """

    sight: str
    kept: tuple[int, ...]
    names: tuple[str, ...]
    gone: int | None
    depth: float
    points: tuple[np.ndarray, ...]
    pixels: tuple[np.ndarray, ...]

    @property
    def widths(self) -> tuple[float, ...]:
        """Of a pixel along each axis."""
        return tuple(float(pixels[1] - pixels[0]) for pixels in self.pixels)


def widths_of_flight(flight: Flight, orbitals: Sequence[Stored], view: View, wave_to_velocity: float) -> list[float]:
    """How wide a picture is that holds the clouds after the flight, for each of its axes: six standard deviations to
    either side of the centre, or less where that is what the box has held,

        W = min(M L + 2 |v| t + (L / s_x) s_v t,  2 |M x + v t| + 12 (M s_x + s_v t)),

    M the magnification by the frame, x and v mean place and velocity, s_x and s_v their standard deviations.

    wave_to_velocity  hbar / m.
    """
    widths = [0.0] * len(view.points)
    for orbital in orbitals:
        known = spreads(orbital, view.gone, view.points)
        for number, (points, spread) in enumerate(zip(view.points, known, strict=True)):
            box = points.size * float(points[1] - points[0])
            drift, spreading = (
                flight.shift(wave_to_velocity * speed) for speed in (spread.wave_number, spread.wave_width)
            )
            filled = flight.scale * box + 2.0 * abs(drift) + (box / spread.width * spreading if spread.width else 0.0)
            still = flight.scale * spread.width + spreading
            seen = 2.0 * abs(flight.scale * spread.place + drift) + 2.0 * SEEN * still
            widths[number] = max(widths[number], min(filled, seen))
    return widths


def pixels_of(widths: Sequence[float], pixel: float | None, view: View) -> tuple[np.ndarray, ...]:
    """Centres of pixels of the width given along every axis of the picture; if none is given they are such squares that
    the longest axis has as many as the grid has points, at least :data:`FEWEST_PIXELS`. Raises
    :class:`TooManyPixels`."""
    each = pixel or max(widths) / max(FEWEST_PIXELS, *(points.size for points in view.points))
    return tuple(_centres(width, each, name) for width, name in zip(widths, view.names, strict=True))


def _centres(width: float, pixel: float, name: str) -> np.ndarray:
    number = max(2, math.ceil(width / pixel * (1.0 - ROUNDING)))
    if number > MOST_PIXELS:
        raise TooManyPixels(
            f"the picture has {number} pixels along {name}, more than {MOST_PIXELS}; "
            "give a larger pixel or a smaller field_of_view"
        )
    return pixel * (np.arange(number) - number // 2)
