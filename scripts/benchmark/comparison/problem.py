"""The problem that every candidate solves: one to three components in a trap, set in motion by a quench.

    i d/dt psi_a = [ -Laplacian / 2 + U + sum_b (g_ab |psi_b|^2 + Y_ab * |psi_b|^2) ] psi_a
    U = (x^2 + 1.2 y^2 + 0.8 z^2) / 2,      Y_ab(r) = lambda_ab exp(-r) / r  (only in the case "convolution")

in a periodic box of edge 16, every psi_a normalised to one, hbar = mass = 1. The first states are Gaussians beside the
trap's centre, with a momentum: nothing is near equilibrium. From FEWEST_POINTS per axis on everything is resolved:
hpcmix normalises the sum over the grid, the others the integral, and the two are then the same to rounding.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass

import numpy as np

EDGE = 16.0
FEWEST_POINTS = 32
SQUARED_FREQUENCIES = (1.0, 1.2, 0.8)
COUPLINGS = ((100.0, 60.0, 50.0), (60.0, 90.0, 40.0), (50.0, 40.0, 80.0))
YUKAWA_STRENGTHS = ((4.0, 2.0, 1.0), (2.0, 3.0, 1.5), (1.0, 1.5, 2.0))
SCREENING = 1.0
CENTRES = ((0.7, 0.0, 0.0), (-0.7, 0.3, 0.0), (0.0, -0.6, 0.4))
WIDTHS = (1.2, 1.1, 1.3)
MOMENTA = ((0.3, 0.0, 0.0), (0.0, -0.2, 0.0), (0.0, 0.0, 0.25))
NAMES = ("one", "two", "three")


@dataclass(frozen=True)
class Case:
    """What is computed, whoever computes it.

    points       along each of the three axes.
    interaction  "contact"; "convolution": a Yukawa kernel for every pair of species in addition; "free": neither
                 interaction nor trap, so that a step is a transform, the kinetic phase and the transform back.
    integrator   a name of hpcmix.splittings, or an algorithm of XMDS2.
    step         length of a time step; `tolerance`: of XMDS2's adaptive algorithms, which do without a step.
    """

    points: int
    components: int = 2
    interaction: str = "contact"
    integrator: str = "strang"
    precision: str = "double"
    step: float = 5e-4
    tolerance: float = 0.0
    final: float = 0.0

    @property
    def real_bytes(self) -> int:
        """Bytes of a real number."""
        return 8 if self.precision == "double" else 4

    @property
    def field_bytes(self) -> int:
        """Bytes of one complex field on the whole grid."""
        return 2 * self.real_bytes * self.points**3

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of a whole state: components, then the grid."""
        return (self.components, self.points, self.points, self.points)

    def to_json(self) -> str:
        """The case as one argument of a program."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Case:
        """The inverse of :meth:`to_json`."""
        return cls(**json.loads(text))


def axis(points: int) -> np.ndarray:
    """Positions along an axis: the left edge of the box belongs to the grid."""
    return -0.5 * EDGE + EDGE / points * np.arange(points)


def wave_numbers(points: int) -> np.ndarray:
    """Wave numbers along an axis in the order of numpy.fft."""
    return 2.0 * math.pi / EDGE * np.fft.fftfreq(points, 1.0 / points)


def open_axes(*axes: np.ndarray) -> list[np.ndarray]:
    """One-dimensional arrays shaped to broadcast against each other."""
    return list(np.ix_(*axes))


WHOLE = (slice(None),) * 3


def places(points: int, block: tuple[slice, ...] = WHOLE) -> list[np.ndarray]:
    """The coordinates of a block of the grid, one open axis after the other."""
    return open_axes(*(axis(points)[part] for part in block))


def squares(points: int, block: tuple[slice, ...] = WHOLE, half: bool = False) -> np.ndarray:
    """k^2 on a block of the spectrum of complex fields, or of the half spectrum of real ones."""
    k = wave_numbers(points)
    last = np.abs(k[: points // 2 + 1]) if half else k
    first, second, third = open_axes(k[block[0]], k[block[1]], last[block[2]])
    return first**2 + second**2 + third**2


def potential(axes: list[np.ndarray]) -> np.ndarray:
    """U on a block of points; `axes` broadcast against each other."""
    return 0.5 * sum(square * x * x for square, x in zip(SQUARED_FREQUENCIES, axes, strict=True))


def normalisation(component: int) -> float:
    """Factor that gives the Gaussian of a component the norm one (exact on the grid as long as it is resolved)."""
    return (math.sqrt(math.pi) * WIDTHS[component]) ** -1.5


def initial_field(component: int, axes: list[np.ndarray]) -> np.ndarray:
    """The first state of a component on a block of points."""
    width = WIDTHS[component]
    factors = [
        np.exp(-0.5 * ((x - centre) / width) ** 2 + 1j * momentum * x)
        for x, centre, momentum in zip(axes, CENTRES[component], MOMENTA[component], strict=True)
    ]
    return normalisation(component) * factors[0] * factors[1] * factors[2]


def yukawa_multiplier(first: int, second: int, squared_wave_number: np.ndarray) -> np.ndarray:
    """The transform of Y_ab: 4 pi lambda / (k^2 + screening^2)."""
    return 4.0 * math.pi * YUKAWA_STRENGTHS[first][second] / (squared_wave_number + SCREENING**2)


def problem_file(case: Case, check_step: bool = False) -> str:
    """The same problem as a file for hpcmix. Without `check_step` any step is taken: the time of a step does not depend
    on its length."""
    frequencies = [math.sqrt(square) for square in SQUARED_FREQUENCIES]
    lines = [
        f'title = "Benchmark: {case.components} components, {case.interaction}"',
        "[grid]",
        f"points = {[case.points] * 3}",
        f"lengths = {[EDGE] * 3}",
    ]
    free = case.interaction == "free"
    for component in range(case.components):
        lines += [
            "[[species]]",
            f'name = "{NAMES[component]}"',
            "particles = 1.0",
            "potential = []" if free else f'potential = [{{ kind = "harmonic", frequency = {frequencies} }}]',
            f'initial = {{ kind = "gaussian", width = {WIDTHS[component]}, centre = {list(CENTRES[component])}, '
            f"momentum = {list(MOMENTA[component])} }}",
        ]
    for first in range(0) if free else range(case.components):
        for second in range(first, case.components):
            pair = f'between = ["{NAMES[first]}", "{NAMES[second]}"]'
            lines += ["[[interaction]]", pair, 'kind = "contact"', f"strength = {COUPLINGS[first][second]}"]
            if case.interaction == "convolution":
                strength = YUKAWA_STRENGTHS[first][second]
                lines += ["[[interaction]]", pair, 'kind = "yukawa"', f"strength = {strength}"]
                lines += [f"screening = {SCREENING}"]
    lines += [
        "[time]",
        f"step = {case.step!r}",
        f"final = {1e6 * case.step!r}",  # never reached: who asks for steps takes them one by one
        f'integrator = "{case.integrator}"',
        f"check_step = {str(check_step).lower()}",
        "[parallel]",
        f'precision = "{case.precision}"',
    ]
    return "\n".join(lines) + "\n"
