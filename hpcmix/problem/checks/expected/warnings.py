"""What a problem file says that is allowed and probably not meant; and the lengths of its clouds beside the grid's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hpcmix.problem.checks.expected.confinement import Confinement
from hpcmix.problem.checks.expected.lengths import Lengths, expected_lengths
from hpcmix.problem.checks.expected.losses import loss_warnings
from hpcmix.problem.checks.expected.transverse import transverse_warnings
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.contact import ContactInteraction
from hpcmix.problem.sections.species.initial import GaussianInitial
from hpcmix.problem.units.laboratory import micrometres

VISIBLE_AT_FACES = 1e-2
"""Density at the faces, relative to the largest, from which on a trapped cloud feels its periodic images: ten per cent
of the amplitude."""

DENSE = 1.0
"""Gas parameter n |a|^3 from which on the mean field has no meaning at all: its first correction, 128 / (15 sqrt(pi))
sqrt(n a^3), is five times as large as itself. (At 1e-3 it is 15 per cent.)"""


def resolution_lines(problem: Problem) -> list[str]:
    """The lengths of every cloud beside spacing and box, as far as the file tells them."""
    lines = []
    for index, species in enumerate(problem.species):
        lengths = expected_lengths(problem, index)
        named = {
            "oscillator length": _per_axis(problem, lengths.oscillator),
            lengths.radius_name: _per_axis(problem, lengths.radii or ()),
            "healing length": _per_axis(problem, (lengths.healing,)),
            "1/k_F": _per_axis(problem, (lengths.fermi,)),
        }
        estimates = [f"{name} {value}" for name, value in named.items() if value]
        if estimates:
            lines.append(f'"{species.name}": {", ".join(estimates)}')
    if not lines:
        return []
    half = tuple(0.5 * length for length in problem.grid.lengths)
    return [f"spacing {_per_axis(problem, problem.grid.spacings)}, half the box {_per_axis(problem, half)}", *lines]


def expected_warnings(problem: Problem) -> list[str]:
    """Sentences, each of them once, that begin with "warning:"."""
    sentences = [
        *_exclusion(problem),
        *_dense(problem),
        *transverse_warnings(problem),
        *loss_warnings(problem),
    ]
    if problem.output.resolution != "ignore":
        for index in range(len(problem.species)):
            sentences += _of_cloud(problem, index)
    return [f"warning: {sentence}" for sentence in sentences]


def _exclusion(problem: Problem) -> Iterator[str]:
    """A contact interaction between equal fermions."""
    statistics = {species.name: species.statistics for species in problem.species}
    for entry in problem.interaction:
        first, second = entry.between
        if isinstance(entry, ContactInteraction) and first == second and statistics[first] == "fermions":
            yield (
                f'"{first}" are fermions of one kind: by Pauli\'s principle no two of them are at one point, and their '
                "contact interaction is zero (exchange takes away what the Hartree mean field, which is used here, "
                "adds: with it even one fermion repels itself); leave this [[interaction]] out, or make a species of "
                "each spin"
            )


def _dense(problem: Problem) -> Iterator[str]:
    """Scattering lengths beyond the distance between particles."""
    if problem.scaling is not None:
        return  # densities are then not those of the particles
    peaks = [expected_lengths(problem, index).peak_density for index in range(len(problem.species))]
    for entry in problem.interaction:
        if not isinstance(entry, ContactInteraction) or entry.length is None:
            continue
        first, second = entry.between
        known = [
            peak * _peak_across(problem, place)
            for place in problem.indices(entry.between)
            if (peak := peaks[place]) is not None
        ]
        gas = max(known, default=0.0) * abs(entry.length) ** 3
        if gas > DENSE:
            unit = ""
            if problem.units is not None:
                unit = f'; a number without a unit counts in units of {problem.units.length}: was "a0" meant?'
            yield (
                f'the gas parameter n |a|^3 of "{first}" and "{second}" is about {gas:.2g} at the peak density, and a '
                "mean field needs it far below one; check scattering_length, "
                f"{entry.length:.6g} in code units{unit}"
            )


def _peak_across(problem: Problem, place: int) -> float:
    """What a density of the grid is multiplied by to be that of three dimensions on its axis."""
    trap = problem.grid.transverse
    if trap is None:
        return 1.0
    return float((math.sqrt(math.pi) * trap.length(problem.species[place].mass, problem.hbar)) ** -trap.axes)


def _of_cloud(problem: Problem, index: int) -> Iterator[str]:
    """A cloud that the box or the grid will not hold."""
    species, lengths = problem.species[index], expected_lengths(problem, index)
    if species.initial.fills_the_trap:
        narrow = [axis for axis in _axes(problem) if _narrow(problem, lengths, axis)]
        if narrow:
            yield (
                f'species "{species.name}": along {problem.grid.in_words(narrow)} the trap is narrower than a spacing '
                f"of the grid (oscillator length {_listed(problem, lengths.oscillator, narrow)}, spacing "
                f"{_listed(problem, problem.grid.spacings, narrow)}): use more points, a smaller box, or a weaker trap"
            )
        wide = [axis for axis in _axes(problem) if _wide(problem, index, lengths, axis)]
        if wide:
            yield (
                f'species "{species.name}": along {problem.grid.in_words(wide)} its trap lets it reach the faces of '
                f"the box ({_extent(problem, lengths, wide)}): use a larger box, and check particles, scattering "
                "lengths and trap"
            )
    elif isinstance(species.initial, GaussianInitial):
        narrow = [axis for axis in _axes(problem) if species.initial.width[axis] < problem.grid.spacings[axis]]
        if narrow:
            yield (
                f'species "{species.name}": along {problem.grid.in_words(narrow)} its Gaussian is narrower than a '
                "spacing of the grid: use more points, a smaller box, or a wider initial state"
            )
    if lengths.fermi is not None:
        most = math.pi / max(problem.grid.spacings)
        if 1.0 / lengths.fermi > 2.0 / 3.0 * most:
            yield (
                f'species "{species.name}": its Fermi wave number {1.0 / lengths.fermi:.4g} is beyond two thirds of '
                f"the grid's largest, {most:.4g}: use more points or a smaller box"
            )


def _axes(problem: Problem) -> range:
    return range(problem.grid.dimensions)


def _narrow(problem: Problem, lengths: Lengths, axis: int) -> bool:
    """Whether a ground state is smaller than a spacing: a Gaussian has then 3e-3 of its spectrum beyond two thirds of
    the largest wave number, and soon all modes alike."""
    length = lengths.oscillator[axis]
    if length is None:
        return False
    radius = 0.0 if lengths.radii is None else 0.5 * (lengths.radii[axis] or 0.0)
    return max(length, radius) < problem.grid.spacings[axis]


def _wide(problem: Problem, index: int, lengths: Lengths, axis: int) -> bool:
    """Whether a trap that begins away from the faces leaves a ground state's density there."""
    species = problem.species[index]
    length, radius = lengths.oscillator[axis], 0.0 if lengths.radii is None else lengths.radii[axis] or 0.0
    unknown = length is None and radius == 0.0
    if unknown or not Confinement.of(problem, species).holds(axis, 0.0, before_start=True):
        return False
    traps = species.harmonic_traps
    centres = [entry.centre_at(0.0)[axis] for entry in traps if entry.frequency[axis]]
    room = 0.5 * problem.grid.lengths[axis] - max(map(abs, centres))
    return room < max(radius, (length or 0.0) * math.sqrt(-math.log(VISIBLE_AT_FACES)))


def _extent(problem: Problem, lengths: Lengths, axes: list[int]) -> str:
    half = [0.5 * length for length in problem.grid.lengths]
    radius = "" if lengths.radii is None else f"radius {_listed(problem, lengths.radii, axes)}, "
    waves = all(lengths.oscillator[axis] is not None for axis in axes)
    length = f"oscillator length {_listed(problem, lengths.oscillator, axes)}, " if waves else ""
    return f"{radius}{length}half the box {_listed(problem, half, axes)}"


def _listed(problem: Problem, values: Sequence[float | None], axes: list[int]) -> str:
    """Lengths along some axes."""
    return _joined(problem, [values[axis] for axis in axes], ", ")


def _per_axis(problem: Problem, values: Sequence[float | None]) -> str:
    """Lengths along the axes; empty where there are none."""
    return _joined(problem, values, " x ") if any(value is not None for value in values) else ""


def _joined(problem: Problem, values: Sequence[float | None], between: str) -> str:
    """Lengths in micrometres where the file has [units], one where they are equal."""
    factor, unit = micrometres(problem.scales.length_si)
    texts = ["-" if value is None else f"{factor * value:.3g}" for value in values]
    return (texts[0] if len(set(texts)) == 1 else between.join(texts)) + unit
