"""What a functional may need of the rest of the file: its species as a uniform gas that interacts at points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Constants, InteractionSection
from hpcmix.problem.sections.species.section import Statistics

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class PointGas:
    """The species of a functional, in the order in which it names them, in three dimensions where a tight trap freezes
    the axes that the grid does not have.

    dimensions  of the gas.
    hbar        in code units.
    masses      m_a.
    couplings   g_ab of the contact interactions; not a number where the file has none between a pair.
    dipoles     C_ab of the dipolar interactions C_ab (1 - 3 cos^2 theta)/r^3, zero where there are none.
    directions  how many different ones the dipoles point to.
    changing    whether a coupling or dipoles change in time; they are those without their course in time then.
    scaled      whether a scaling multiplies densities and couplings by factors of its own.
    lengths     l_a of the ground states across the grid, along `frozen` axes; none where the grid has all axes.
    statistics  of each species.
    """

    dimensions: int
    hbar: float
    masses: tuple[float, ...]
    couplings: Matrix
    dipoles: Matrix
    directions: int = 0
    changing: bool = False
    scaled: bool = False
    lengths: tuple[float, ...] = ()
    frozen: int = 0
    statistics: tuple[Statistics, ...] = ()

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every pair of species once, each with itself too."""
        number = len(self.masses)
        return [(a, b) for a in range(number) for b in range(a, number)]

    def coupling(self, a: int, b: int, cosine: float = 0.0) -> float:
        """g_ab + (4 pi/3) C_ab (3 cos^2 - 1): the transform of contact and dipolar interaction in a direction of k, the
        cosine being that of its angle with the dipoles. Without dipoles the same in all directions."""
        dipoles = self.dipoles[a][b]
        return self.couplings[a][b] + (4.0 * math.pi / 3.0 * dipoles * (3.0 * cosine**2 - 1.0) if dipoles else 0.0)

    @property
    def directed(self) -> bool:
        """Whether any pair has dipoles."""
        return self.directions > 0


def gas_of_species(
    names: Sequence[str],
    masses: Sequence[float],
    interactions: Sequence[InteractionSection],
    constants: Constants,
    grid: Grid,
    scaled: bool,
    statistics: Sequence[Statistics],
    factors: Sequence[float] = (),
) -> PointGas:
    """The gas of the named species, of these masses and statistics, with the interactions of a file; where there are
    `factors`, one for each interaction, these are multiplied by them and change no more."""
    places = {name: place for place, name in enumerate(names)}
    couplings = [[math.nan] * len(places) for _ in places]
    dipoles = [[0.0] * len(places) for _ in places]
    directions, changing = set(), False
    for number, interaction in enumerate(interactions):
        if not set(interaction.between) <= set(places):
            continue
        a, b = (places[name] for name in interaction.between)
        pair, factor = interaction.at_long_waves(constants), factors[number] if factors else 1.0
        if pair.contact is not None:
            couplings[a][b] = couplings[b][a] = factor * pair.contact
        if pair.dipoles != 0.0:
            dipoles[a][b] = dipoles[b][a] = dipoles[a][b] + factor * pair.dipoles
            directions.add(pair.direction)
        acts = pair.contact is not None or pair.dipoles != 0.0
        changing = changing or (acts and interaction.switched and not factors)
    trap = grid.transverse
    return PointGas(
        3 if trap is not None else grid.dimensions,
        constants.hbar,
        tuple(masses),
        tuple(map(tuple, couplings)),
        tuple(map(tuple, dipoles)),
        len(directions),
        changing,
        scaled,
        () if trap is None else tuple(trap.length(mass, constants.hbar) for mass in masses),
        0 if trap is None else trap.axes,
        tuple(statistics),
    )
