"""``initial`` of a classical species: the densities f(x, p) in phase space at time zero.

Every word of a quantum species means the semi-classical limit of its state here. Every f is normalised to the
particles of the species: ``integral f dx dp = particles``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.values import existing_file, expression, quantity
from hpcmix.problem.reading.vectors import Lengths, Momenta, Momentum, Position, PositiveFrequencies
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.state import StateSection
from hpcmix.problem.units.dimensions import ENERGY
from hpcmix.problem.units.expressions import Expression

_TAIL = 8.0
"""Rms widths of a Gaussian beyond which there is 1e-15 of it."""

OF_WAVE_FUNCTIONS = {
    "numbers": "counts quanta of a wave function, and a classical species has none; leave it out",
    "noise": "is added to wave functions; of a classical species another markers.seed is another sample of the same f",
    "vortices": "are those of a wave function, and a classical species has none; leave it out",
    "rings": "are those of a wave function, and a classical species has none; leave it out",
    "phase_steps": "are those of a wave function, and a classical species has none; leave it out",
    "modes": "displace a wave function, and a classical species has none; leave it out",
    "start": "is a first guess of wave functions; a classical ground state is found without one, leave it out",
    "seed": "is of the noise on wave functions; that of the markers is markers.seed",
    "amplitude": 'is of a wave function; a classical species has value = "...", a function of x and px',
    "phase": "is of a wave function; of a classical species say the momenta in value",
    "dataset": "is of a wave function; markers are found in their file by openPMD's names, leave it out",
}
"""Keys of a quantum species' ``initial`` that have no limit."""


class DistributionSection(StateSection):
    """What every f(x, p) answers."""

    made_in_the_potential: ClassVar[bool] = False
    """Whether the potentials and mean fields of time 0- are part of it."""

    sampled: ClassVar[bool] = True
    """Whether as many markers as one likes are drawn from it."""

    foreign_keys: ClassVar[Mapping[str, str]] = OF_WAVE_FUNCTIONS

    @abstractmethod
    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        """What f is, and which quantum state it is the limit of, with the numbers that the file tells."""

    def largest_momenta(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """The largest |p| along each axis that a marker may begin with, as far as the file tells; zero where only a
        search or values tell. Of tails it is eight of their rms, beyond which there is 1e-15 of them."""
        return (0.0,) * grid.dimensions


class ShiftedDistribution(DistributionSection):
    """f(x, p - momentum)."""

    momentum: Momentum = Field(0.0, validate_default=True)
    """By which all momenta are shifted, per axis.
    Example: ``[0.5, 0, 0]``."""

    def largest_momenta(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """See :class:`DistributionSection`."""
        own = self.momentum_extents(particles, mass, hbar, grid)
        return tuple(extent + abs(shift) for extent, shift in zip(own, self.momentum, strict=True))

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """The same without the shift."""
        return (0.0,) * grid.dimensions


class OscillatorDistribution(ShiftedDistribution):
    """The Thomas-Fermi ball ``f = (2 pi hbar)^-d`` where ``sum_i p_i^2/2m + m w_i^2 (x_i - c_i)^2/2 <= mu``, ``mu =
    hbar (N d! prod w_i)^(1/d)``: the limit of the N lowest orbitals of an oscillator."""

    kind: Literal["oscillator"]
    frequency: PositiveFrequencies
    """Angular frequency of the oscillator, per axis."""
    centre: Position = Field(0.0, validate_default=True)
    """Where it is, per axis.
    Example: ``["-4 um", 0, 0]``."""

    finite_everywhere: ClassVar[bool] = True

    def _level(self, particles: float, hbar: float, grid: Grid) -> float:
        """mu."""
        d = grid.dimensions
        return hbar * (particles * math.factorial(d) * math.prod(self.frequency)) ** (1.0 / d)

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        level = self._level(particles, hbar, grid)
        radii = ", ".join(f"{math.sqrt(2.0 * level / mass) / rate:.6g}" for rate in self.frequency)
        return (
            f"f = (2 pi hbar)^-{grid.dimensions} where p^2/2m + m w^2 (x - c)^2/2 <= mu = {level:.6g}, to the radius "
            f"{radii}: the limit of the lowest orbitals of an oscillator"
        )

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """The radius of the ball."""
        return (math.sqrt(2.0 * mass * self._level(particles, hbar, grid)),) * grid.dimensions


class PlaneWavesDistribution(ShiftedDistribution):
    """Uniform in the box, momenta in the Fermi sphere of radius ``p_F = 2 pi hbar (N / (V v_d))^(1/d)``, v_d the volume
    of the unit ball."""

    kind: Literal["plane-waves"]

    finite_everywhere: ClassVar[bool] = True

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        momentum = self.momentum_extents(particles, mass, hbar, grid)[0]
        return f"f is uniform in the box with |p| <= p_F = {momentum:.6g}: the limit of a Fermi sphere of plane waves"

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """The Fermi momentum."""
        d = grid.dimensions
        ball = math.pi ** (0.5 * d) / math.gamma(0.5 * d + 1.0)
        return (2.0 * math.pi * hbar * (particles / (math.prod(grid.lengths) * ball)) ** (1.0 / d),) * d


class GroundStateDistribution(ShiftedDistribution):
    """``f = (2 pi hbar)^-d`` where ``T(p) + U(x) + W(x) <= mu``, in the potentials of time 0- and the mean field W of
    all species, found together with all that ask for their ground state."""

    kind: Literal["ground-state"] = "ground-state"

    is_ground_state: ClassVar[bool] = True
    fills_the_trap: ClassVar[bool] = True
    made_in_the_potential: ClassVar[bool] = True

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        return (
            f"f = (2 pi hbar)^-{grid.dimensions} where T(p) + U + W <= mu, in the potentials of time 0- and the mean "
            "field of all species: the limit of the ground state of fermions, Thomas and Fermi's"
        )


class GaussianDistribution(ShiftedDistribution):
    """``f ~ exp(-sum_i (x_i - c_i)^2/width_i^2 - p_i^2/(2 s_i^2))``, its density the square of the wave function of the
    same word: rms width/sqrt(2).

    The momenta have rms s_i = ``momentum_width``; or ``sqrt(m temperature)``; or, without either, ``hbar / (sqrt(2)
    width_i)`` as the Wigner function of the wave function has them.
    """

    kind: Literal["gaussian"]
    width: Lengths
    """Per axis: the rms of places is width/sqrt(2).
    Example: ``"2 um"``."""
    centre: Position = Field(0.0, validate_default=True)
    """Where it is, per axis.
    Example: ``["-4 um", 0, 0]``."""
    momentum_width: Momenta | None = None
    """rms of the momenta, per axis. Left out: from the temperature, or as the wave function has them."""
    temperature: Annotated[float, quantity(ENERGY, above=0)] | None = None
    """k_B T."""

    finite_everywhere: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if self.momentum_width is not None and self.temperature is not None:
            raise wrong("contradicts momentum_width; give one of the two", key="temperature")
        return self

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        widths = ", ".join(f"{width / math.sqrt(2.0):.6g}" for width in self.width)
        momenta = ", ".join(f"{momentum:.6g}" for momentum in self._rms_momenta(mass, hbar, grid))
        given = self.momentum_width is not None or self.temperature is not None
        source = "" if given else ", those of the Wigner function of the wave function of the same width"
        return f"f is Gaussian: places of rms width {widths}, momenta of rms width {momenta}{source}"

    def _rms_momenta(self, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """s_i."""
        if self.momentum_width is not None:
            return self.momentum_width
        if self.temperature is not None:
            return (math.sqrt(mass * self.temperature),) * grid.dimensions
        return tuple(hbar / (math.sqrt(2.0) * width) for width in self.width)

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """Eight of the rms."""
        return tuple(_TAIL * width for width in self._rms_momenta(mass, hbar, grid))

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """See :class:`~hpcmix.problem.sections.species.state.StateSection`: marker positions are points, so no width
        is too narrow; one that fills the box is."""
        for axis, (width, length) in enumerate(zip(self.width, grid.lengths, strict=True)):
            if width > length:
                name = grid.axes[axis]
                yield ("width", axis), f"{width:.6g} on axis {name} is larger than the box, which is {length:.6g} long"


class ThermalDistribution(ShiftedDistribution):
    """``f ~ exp(-(T + U + W)/temperature)``, or ``(2 pi hbar)^-d / (exp((T + U + W - mu)/temperature) + 1)``, in the
    potentials and mean fields of time 0-."""

    kind: Literal["thermal"]
    temperature: Annotated[float, quantity(ENERGY, above=0)]
    """k_B T."""
    statistics: Literal["boltzmann", "fermi-dirac"] = "boltzmann"
    """Boltzmann's weights, or those that Pauli's principle leaves."""

    fills_the_trap: ClassVar[bool] = True
    made_in_the_potential: ClassVar[bool] = True

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        energy = "T(p) + U + W"
        law = f"exp(-({energy})/{self.temperature:.6g})"
        if self.statistics == "fermi-dirac":
            occupation = f"1/(exp(({energy} - mu)/{self.temperature:.6g}) + 1)"
            law = f"(2 pi hbar)^-{grid.dimensions} {occupation}"
        return f"f ~ {law}, in the potentials of time 0- and the mean fields: in equilibrium"

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """Eight of the rms of Boltzmann's distribution."""
        return (_TAIL * math.sqrt(mass * self.temperature),) * grid.dimensions


class ExpressionDistribution(ShiftedDistribution):
    """``f ~ value(x, y, z, px, py, pz)`` in the box and where every ``|p_i| <= momentum_extent_i``; code units."""

    kind: Literal["expression"]
    value: Annotated[Expression, expression(momentum=True)]
    """f up to a factor, of x, y, z, px, py, pz.
    Example: ``"exp(-x**2 - px**2)"``."""
    momentum_extent: Momenta
    """|p| up to which f is looked at, per axis.
    Example: ``6.0``."""

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        return "f is the expression in value, times what makes its integral particles"

    def momentum_extents(self, particles: float, mass: float, hbar: float, grid: Grid) -> tuple[float, ...]:
        """As given."""
        return self.momentum_extent


class FileDistribution(DistributionSection):
    """Markers of an openPMD file, own or other: positions, momenta and weights."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    """An openPMD file with markers.
    Example: ``"runs/cloud/markers/000400.h5"``."""

    sampled: ClassVar[bool] = False

    def in_words(self, particles: float, mass: float, hbar: float, grid: Grid) -> str:
        return "f is that of the markers in the file, their weights times what makes their sum particles"


Distribution = Annotated[
    OscillatorDistribution
    | PlaneWavesDistribution
    | GroundStateDistribution
    | GaussianDistribution
    | ThermalDistribution
    | ExpressionDistribution
    | FileDistribution,
    Field(discriminator="kind"),
]
