"""What a kick takes along as it goes over the orbitals, and for what the densities of all points are made first.

The flows go by it, and plans, which have no mixture. Imports no MPI.
"""

from __future__ import annotations

from collections.abc import Sequence

from hpcmix.model.terms.term import Term


def densities_come_first(orbitals: Sequence[int], groups: int, diagonal: Sequence[bool]) -> bool:
    """Whether a kick sees densities that were made before: it takes them along where every species is one field on this
    rank, at the same stage of its transform; not of sets of orbitals, not of species without any, not where another
    group holds some, not where only some are half way.

    orbitals  how many every species has.
    groups    of ranks, among which orbitals are dealt.
    diagonal  whether the kinetic energy of every species is a multiplier in k.
    """
    return any(number != 1 for number in orbitals) or groups > 1 or (any(diagonal) and not all(diagonal))


def computed_by_kicks(terms: Sequence[Term], species: int, dimensions: int) -> list[Term]:
    """Those of the terms whose potentials a kick computes as it goes over the orbitals, where densities do not come
    first."""
    return [term for term in terms if term.point_functions(species, dimensions) is not None]
