"""``output.images``: the camera that looks at the clouds, in the trap or after a flight."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.taken import Taken, Value, one_or_list
from hpcmix.problem.reading.values import AXES, Text, counted, described, integer, quantity, real, sequence
from hpcmix.problem.reading.vectors import Position
from hpcmix.problem.units.dimensions import FREQUENCY, LENGTH, TIME


def _lines_of_sight(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else ()
    if not names or any(name not in AXES for name in names):
        raise wrong(f'must be "x", "y" or "z", or a list of these, not {described(value)}')
    if len(set(names)) < len(names):
        raise wrong("names an axis twice")
    return names


class ShotNoise(Section):
    """The photons of the probe are counted: N_0 in a picture without atoms, N in one with them, both Poisson's, and the
    optical density that is seen is -log(N / N_0)."""

    photons: Annotated[float, real(above=0)]
    """Their mean number in a pixel without atoms.
    Example: ``500``."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the random numbers."""


class Displacement(Section):
    """Where a species stands beside its place without a gradient, per axis of the grid."""

    species: Text
    """Which one.
    Example: ``"up"``."""
    shift: Position
    """From its place without a gradient, per axis.
    Example: ``["0 um", "40 um", "0 um"]``."""


class ImagesOptions(Section):
    """What ``hpcmix image`` makes of the snapshots of a run."""

    axes: Annotated[
        tuple[str, ...],
        Value(_lines_of_sight, taken=one_or_list(Taken('"x", "y", "z"', {"enum": list(AXES)}, example='"z"'))),
    ] = ("z",)
    """The lines of sight: along each one picture of densities integrated along it."""
    time_of_flight: Annotated[float, quantity(TIME, at_least=0)] = 0.0
    """From the snapshot, when the clouds are released, to the picture.
    Example: ``"20 ms"``."""
    expansion: Literal["fresnel", "far-field", "frame"] = "fresnel"
    """Flight without interactions, exact at any time; its limit of long times, momenta as places; or flight with the
    interactions, in an expanding frame."""
    rate: Annotated[float, quantity(FREQUENCY, above=0)] | None = None
    """Of the expanding frame, about the frequency of the trap; for ``expansion = "frame"`` only."""
    resolution: Annotated[float, quantity(LENGTH, at_least=0)] = 0.0
    """Standard deviation of the Gaussian that a point becomes.
    Example: ``"2 um"``."""
    field_of_view: Annotated[float, quantity(LENGTH, above=0)] | None = None
    """Width of the pictures, centred at the origin; unless given the box, after a flight what the clouds take.
    Example: ``"400 um"``."""
    pixel: Annotated[float, quantity(LENGTH, above=0)] | None = None
    """Width of a pixel at the clouds; unless given the grid's spacing, after a flight such that there are as many as
    the grid has points, and at least 128.
    Example: ``"2 um"``."""
    cross_section: Annotated[float, quantity(LENGTH * 2, above=0)] | None = None
    """sigma of the optical density sigma n, n the column density: 3 lambda^2 / 2 pi on a closed line in resonance."""
    shot_noise: ShotNoise | None = None
    """That of the light, of pictures in optical densities. Left out: none.
    Example: ``{ photons = 500, seed = 1 }``."""
    stern_gerlach: Annotated[tuple[Displacement, ...], sequence()] = ()
    """How far a gradient of the magnetic field has moved each species when the picture is taken."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.shot_noise is not None and self.cross_section is None:
            raise wrong("is that of photons that atoms absorb, and needs their cross_section", key="shot_noise")
        if self.expansion == "frame" and self.rate is None:
            raise wrong('needs the rate of the expanding frame beside it, such as rate = "50 Hz"', key="expansion")
        if self.expansion != "frame" and self.rate is not None:
            raise wrong('is that of expansion = "frame"', key="rate")
        if self.expansion != "fresnel" and self.time_of_flight == 0.0:
            raise wrong(f'needs a time_of_flight, which is zero; "{self.expansion}" has none then', key="expansion")
        if self.field_of_view is not None and self.pixel is not None and self.pixel > self.field_of_view:
            raise wrong("is wider than the field_of_view", key="pixel")
        return self

    @property
    def needs_phases(self) -> bool:
        """Whether wave functions fly, and densities alone do not tell where to."""
        return self.time_of_flight > 0.0

    def kept(self, sight: str, dimensions: int) -> str:
        """The names of the axes of a picture along a line of sight."""
        return "".join(name for name in AXES[:dimensions] if name != sight)

    def misfits(self, dimensions: int | None, species: Collection[str]) -> Iterator[tuple[KeyPath, str, str | None]]:
        """Key, sentence and suggestion for what does not fit the grid's axes, where they are known, and the species of
        these names."""
        for number, displacement in enumerate(self.stern_gerlach):
            if displacement.species not in species:
                suggestion = closest(displacement.species, list(species))
                listing = "" if suggestion else f" (species: {', '.join(species)})"
                yield (
                    ("stern_gerlach", number, "species"),
                    f'"{displacement.species}" is no species{listing}',
                    suggestion,
                )
            if displacement.species in [other.species for other in self.stern_gerlach[:number]]:
                yield ("stern_gerlach", number, "species"), f'"{displacement.species}" is moved already', None
        if dimensions is None:
            return
        views = {sight: len(self.kept(sight, dimensions)) for sight in self.axes}
        for sight, left in views.items():
            if left == 0:
                yield ("axes",), f'along "{sight}" nothing is left of one dimension to see; take "y" or "z"', None
        if self.cross_section is not None and any(left == 1 for left in views.values()):
            message = (
                f"is an area, and along {', '.join(sight for sight, left in views.items() if left == 1)} the picture "
                f"of {counted(dimensions, 'dimension')} has particles per length; leave it out"
            )
            yield ("cross_section",), message, None
