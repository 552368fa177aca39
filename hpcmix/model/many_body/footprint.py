"""What a many-body run needs, from numbers alone: nothing is allocated, and numbers may be beyond any machine.

For `hpcmix plan` and for refusals. A run holds :data:`VECTORS` wave functions of 16 bytes an amplitude, cut over the
ranks, tables on every rank, and a tile of one product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.model.many_body.configurations import count_configurations
from hpcmix.model.many_body.hamiltonian import Statistics

VECTORS = 4
"""The state, two of Chebyshev's, and one for what is measured. Magnus steps hold :data:`MAGNUS_VECTORS`."""

MAGNUS_VECTORS = 24
"""The state, two for the estimate of errors, and a Krylov basis of at most 21."""

SECONDS_PER_AMPLITUDE = 25e-9
"""A product on one core, estimated; measured between 16 (in cache) and 35."""


@dataclass(frozen=True)
class SpeciesCount:
    """One species as `count_configurations` wants it; `excitations`: K, None for all configurations."""

    statistics: Statistics
    particles: int
    modes: int
    excitations: int | None = None
    coherent: bool = False

    @property
    def configurations(self) -> int:
        """D_a, exact."""
        return count_configurations(self.statistics, self.particles, self.modes, self.excitations, self.coherent)

    @property
    def table_entries(self) -> int:
        """At most so many entries have the sparse matrices of this species in all: of its own operator, every change by
        two particles, and of channels, every hop for each of up to m^2 of them."""
        columns = self.modes + (1 if self.coherent else 0)
        own = min(self.configurations, math.comb(columns + 1, 2) ** 2)
        return self.configurations * (own + columns**2 * min(self.configurations, columns**2))


@dataclass(frozen=True)
class Footprint:
    """amplitudes     D = D_1 D_2 .., exact
    configurations    D_a of each species
    vector_bytes      of one wave function, on all ranks together
    bytes_per_rank    of vectors, and at most of tables
    seconds           of one product on one rank of so many, estimated
    """

    amplitudes: int
    configurations: tuple[int, ...]
    vector_bytes: int
    bytes_per_rank: int
    seconds: float


def footprint(species: Sequence[SpeciesCount], ranks: int = 1, moving: bool = False) -> Footprint:
    """What a run needs; `moving`: with Magnus steps. One species of bosons goes by pairs, without tables."""
    counts = tuple(each.configurations for each in species)
    amplitudes = math.prod(counts)
    alone = len(species) == 1 and species[0].statistics is Statistics.BOSONS and species[0].excitations is None
    tables = 0 if alone else 20 * sum(each.table_entries for each in species)
    vectors = MAGNUS_VECTORS if moving else VECTORS
    per_rank = vectors * 16 * -(-amplitudes // ranks) + tables
    seconds = SECONDS_PER_AMPLITUDE * (amplitudes // ranks) if amplitudes < 10**300 else math.inf
    return Footprint(amplitudes, counts, 16 * amplitudes, per_rank, seconds)


def largest_fitting(species: Sequence[SpeciesCount], factors: Sequence[int], memory: float, ranks: int = 1) -> int:
    """The largest whole k for which k times `factors` particles fit into `memory` bytes a rank; 0 where none does.

    So a refusal can name the largest N of the same ratio.
    """

    def fits(k: int) -> bool:
        scaled = [
            SpeciesCount(each.statistics, k * factor, each.modes, each.excitations, each.coherent)
            for each, factor in zip(species, factors, strict=True)
        ]
        return footprint(scaled, ranks).bytes_per_rank <= memory

    if not fits(1):
        return 0
    low, high = 1, 2
    while fits(high):
        if high > 2**40:
            return high  # excitations: any number fits
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
