"""Where a search for the ground state begins: the clouds of potentials and repulsion alone, tilted and shaken where a
symmetry would otherwise be kept to."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from hpcmix.initial.descent.held_phases import Phases
from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner
from hpcmix.initial.dressed import Dressing
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.orbitals.sets import (
    Say,
    fill_oscillator,
    normalise_set,
    orthonormalise_set,
)
from hpcmix.initial.trial.shells import oscillator_filling
from hpcmix.initial.trial.thomas_fermi import start_of_minimisation
from hpcmix.initial.trial.tilt import tilt
from hpcmix.initial.written import wave_functions
from hpcmix.initial.written.closed_form import read_field, read_set
from hpcmix.initial.written.imprint import Imprint, relaxed_while_searching
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.exact_sums import exact_sums
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import FileStart, GroundStateInitial

GUESS_NOISE = 0.05
"""Relative noise on the first guess of a set of orbitals, and of a condensate that may hold vortices: enough to break
every symmetry, little beside the guess."""
FURTHER_NOISE = 0.5
"""Relative smooth noise on the guesses of the second and later starts: enough to move, split and turn a cloud."""
SMOOTHNESS = 2.0
"""Waves of the smooth noise have kinetic energies up to about so many times that of the guess."""


class Guesses:
    """First guesses of all species that are looked for, as many different ones as there are starts.

    arrays    per species its orbitals where they are given and held, None where the ground state is looked for.
    dressing  of coupled species; their guesses' norms are the parts of the group's particles.
    """

    def __init__(
        self,
        problem: Problem,
        mixture: Mixture,
        dressing: Dressing,
        arrays: list[np.ndarray | None],
        say: Say = lambda sentence: None,
    ) -> None:
        self._problem, self._mixture, self._dressing, self._arrays = problem, mixture, dressing, arrays
        self._say = say
        self.held = frozenset(index for index, array in enumerate(arrays) if array is not None)

    def make(self, start: int) -> list[np.ndarray]:
        """The guess of a start, counted from zero: per species an array (orbitals held here, *grid), a condensate's in
        every orbital group. Collective."""
        problem, mixture = self._problem, self._mixture
        dtype = mixture.transform.wave_dtype
        guesses: list[np.ndarray] = []
        populations = self._dressing.populations
        apart = mixture.coupled_by(None, populations)  # every species with particles of its own
        densities = start_of_minimisation(apart, Instant.before_start())
        for index, species in enumerate(problem.species):
            if index in self.held:
                guesses.append(np.array(self._arrays[index], dtype))
            elif isinstance(file := self._sought(index).start, FileStart):
                guesses.append(self._stored(index, file))
            elif species.is_set:
                guesses.append(self._lowest_orbitals(index, start))
            else:
                density = densities[index] if self._sought(index).start == "thomas-fermi" else None
                field = self._gaussian(index) if density is None else np.sqrt(density)
                guesses.append(np.ascontiguousarray(field[np.newaxis], dtype))
        condensates = [
            index for index, species in enumerate(problem.species) if index not in self.held and not species.is_set
        ]
        given = [index for index in condensates if isinstance(self._sought(index).start, FileStart)]
        tilt(apart, guesses, [index for index in condensates if index not in given])
        for index in condensates:
            self._shake(guesses[index][0], index, 0)
            self._normalise(guesses[index][0], index)
        for index, numbers in enumerate(self._dressing.local.waves(len(guesses), mixture.grid.dimensions)):
            if index in condensates and index not in given and any(numbers):
                guesses[index] *= wave_functions.plane_wave(mixture.grid, tuple(numbers)).astype(dtype)
        if start > 0:
            self._disturb(guesses, start)
        for index, swirl in self._swirls.items():
            field = guesses[index][0]
            field[...] = np.abs(field) * swirl if index in self.phases else field * swirl
            self._normalise(field, index)
        shared = self._dressing.dressed(problem, mixture).weights
        for index in self._dressing.members:
            norm = self._dressing.signs[index] * math.sqrt(populations[index] / shared[index])
            guesses[index] *= guesses[index].real.dtype.type(norm)
        return guesses

    # --------------------------------------------------------------- vortices

    @property
    def imprinted(self) -> frozenset[int]:
        """The species whose guesses have vortices."""
        return frozenset(self._swirls)

    @cached_property
    def phases(self) -> Phases:
        """The phases of the species that keep theirs: those with vortices, which nothing else turns."""
        phases = {}
        for index, swirl in self._swirls.items():
            if self._mixture.species[index].kinetic.diagonal:
                size = np.abs(swirl)
                phase = np.divide(swirl, size, out=np.zeros_like(swirl), where=size > 0.0)
                phases[index] = phase.astype(self._mixture.transform.wave_dtype)
        return phases

    @cached_property
    def _swirls(self) -> dict[int, np.ndarray]:
        """What the guesses are multiplied by."""
        return {
            index: Imprint(self._mixture, index, self._sought(index), self._where(index)).guess()
            for index in relaxed_while_searching(self._problem) - self.held
        }

    # --------------------------------------------------------------- shapes

    def _sought(self, index: int) -> GroundStateInitial:
        """What the file says of a species that is looked for."""
        initial = self._problem.species[index].initial
        if not isinstance(initial, GroundStateInitial):
            raise TypeError(f"{self._where(index)} is given, not looked for")
        return initial

    def _stored(self, index: int, place: FileStart) -> np.ndarray:
        """The orbitals of a file."""
        mixture, species = self._mixture, self._problem.species[index]
        where, dtype = self._where(index), mixture.transform.wave_dtype
        length_si = self._problem.scales.length_si
        with together(mixture.communicators.world):
            if not species.is_set:
                return read_field(place, where, mixture.grid, length_si)[np.newaxis].astype(dtype)
            count, held = species.number_of_orbitals, mixture.held(index)
            orbitals = read_set(place, where, count, held, mixture.grid, length_si).astype(dtype)
        normalise_set(mixture, orbitals)
        orthonormalise_set(mixture, orbitals, index, where)
        return orbitals

    def _lowest_orbitals(self, index: int, start: int) -> np.ndarray:
        """The lowest oscillator orbitals of the trap, or of a cloud of a quarter of the box; a little noise on them, so
        that the search is not kept to the symmetries of the guess."""
        mixture, species = self._mixture, self._problem.species[index]
        centre, widths, trapped = self._shape(index)
        frequency = tuple(mixture.hbar / (species.mass * widths**2))
        orbitals = np.empty((len(mixture.held(index)), *mixture.grid.position_shape), mixture.transform.wave_dtype)
        filling = oscillator_filling(frequency, species.number_of_orbitals)
        if trapped and start == 0 and not filling.closes_a_shell:
            self._say(
                filling.sentence(species.name) + "; levels that interactions or potentials split only a little take "
                "the search many more iterations than closed shells do"
            )
        fill_oscillator(mixture, index, orbitals, filling, frequency, tuple(centre))
        for orbital, number in zip(orbitals, mixture.held(index), strict=True):
            self._shake(orbital, index, number)
        normalise_set(mixture, orbitals)
        orthonormalise_set(mixture, orbitals, index, self._where(index))
        return orbitals

    def _gaussian(self, index: int) -> np.ndarray:
        """The trap's oscillator state where a harmonic trap is on at time 0-, on the other axes a Gaussian of a quarter
        of the box."""
        centre, widths, _ = self._shape(index)
        return wave_functions.gaussian(self._mixture.grid, tuple(centre), tuple(widths))

    def _shape(self, index: int) -> tuple[np.ndarray, np.ndarray, bool]:
        """Centre and oscillator length per axis of the harmonic traps that are on at time 0-, and whether there is one
        on every axis; where there is none, the origin and, for a set of M orbitals, what lets the highest of them fill
        half of the box."""
        species, grid = self._problem.species[index], self._mixture.grid
        squares = np.zeros(grid.dimensions)
        centre = np.zeros(grid.dimensions)
        terms_on = self._mixture.species[index].external.on(Instant.before_start())
        for entry, term_on in zip(species.potential, terms_on, strict=True):
            if term_on and (trap := entry.harmonic_trap) is not None:
                squares += np.square(trap.frequency)
                centre = np.where(np.array(trap.frequency) > 0.0, trap.centre_at(0.0), centre)
        # M = number of oscillator states up to a radius of sqrt(2 n + d) lengths with n + 1 = (M d!)^(1/d)
        axes = grid.dimensions
        shells = (species.number_of_orbitals * math.factorial(axes)) ** (1.0 / axes)
        widths = np.array(grid.lengths) / (4.0 * math.sqrt(max(1.0, 2.0 * shells + axes - 2.0) / axes))
        if not species.is_set:
            widths = np.array(grid.lengths) / 4.0
        trapped = squares > 0.0
        widths[trapped] = np.sqrt(self._mixture.hbar / (species.mass * np.sqrt(squares[trapped])))
        return centre, widths, bool(trapped.all())

    # --------------------------------------------------------------- noise

    def _shake(self, orbital: np.ndarray, index: int, number: int) -> None:
        """White noise on an orbital, in place, where it is asked for or symmetries would be kept to."""
        amplitude = self._problem.ground_state.noise
        if amplitude is None:
            species = self._mixture.species[index]
            amplitude = GUESS_NOISE if species.is_set or not species.kinetic.diagonal else 0.0
        if amplitude > 0.0:
            seed = self._sought(index).seed
            orbital *= 1.0 + amplitude * complex_noise(self._mixture.grid, seed, (1 << 62) + (index << 32) + number)

    def _disturb(self, guesses: list[np.ndarray], start: int) -> None:
        """Multiply the guess of a further start by one plus smooth noise, in place. Collective."""
        mixture = self._mixture
        spectral = Preconditioner(mixture, [])
        for index, orbitals in enumerate(guesses):
            if index in self.held:
                continue
            alpha = SMOOTHNESS * self._kinetic_energy(spectral, orbitals, index)
            single = not mixture.species[index].is_set
            seed = self._sought(index).seed + start
            for orbital, number in zip(orbitals, range(1) if single else mixture.held(index), strict=True):
                stream = (1 << 62) + (1 << 60) + (index << 32) + number
                noise = complex_noise(mixture.grid, seed, stream).astype(orbital.dtype)
                for _ in range(2):
                    spectral.apply_lowpass(noise, index, alpha)
                total = float(mixture.communicators.sum([kernels.squared_norm(noise)])[0])
                noise *= FURTHER_NOISE / math.sqrt(total / math.prod(mixture.grid.points))
                orbital *= 1.0 + noise
                if single:
                    self._normalise(orbital, index)
            if not single:
                orthonormalise_set(mixture, orbitals, index, self._where(index))

    def _kinetic_energy(self, spectral: Preconditioner, orbitals: np.ndarray, index: int) -> float:
        """The mean kinetic energy of the orbitals, at least that of the box. Collective."""
        local = 0.0
        for orbital in orbitals:
            moving = orbital.copy()
            spectral.apply_kinetic(moving, index)
            local += kernels.inner_product(orbital, moving).real
        species, sums = self._mixture.species[index], self._mixture.communicators
        total = float((sums.sum_all if species.is_set else sums.sum)([local])[0]) * self._mixture.grid.cell_volume
        smallest = float(spectral.lowest_energies_of([index])[0])
        return max(total / species.orbitals - species.kinetic.rest_energy, smallest)

    def _normalise(self, field: np.ndarray, index: int) -> None:
        normalise(self._mixture, field, self._where(index))

    def _where(self, index: int) -> str:
        return f"species.{self._problem.species[index].name}.initial"


def normalise(mixture: Mixture, field: np.ndarray, where: str) -> None:
    """Give the field norm one, in place. Its bits are the same on any division of the grid, and so is then what evolves
    of it. Raises :class:`ProblemError` when it vanishes. Collective."""
    values = field.reshape(-1)

    def squares(piece: slice) -> np.ndarray:
        real, imaginary = values.real[piece].astype(np.float64), values.imag[piece].astype(np.float64)
        return np.stack([real * real, imaginary * imaginary])

    norm = float(exact_sums(mixture.communicators.group, len(values), squares).sum()) * mixture.grid.cell_volume
    if not norm > 0.0:
        raise ProblemError.of(where, "this state is zero everywhere on the grid; check centre, width and expressions")
    field /= np.sqrt(norm)
