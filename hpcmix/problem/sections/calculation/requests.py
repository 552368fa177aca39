"""The observables that a file asks for beyond the usual, ``output.observables.also``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What is known of an observable before there is a model to measure it in.

    word          in the file; ``hpcmix/observe/observables`` has a module of that name, with _ for -.
    dimensions    the fewest that it has a meaning in.
    of_orbitals   whether it is measured of wave functions only, and not of markers.
    of_sets       whether it is measured of sets of orbitals only.
    in_frame      whether it can be measured where the frame has expanded: there no grid resolves the phase that wave
                  functions have in the laboratory.
    from_start    whether it compares with the orbitals of time zero: they are kept, in checkpoints too.
    orbital_sets  how many further sets of orbitals measuring it holds, these not counted.
    real_fields   how many fields of real numbers it holds.
    numbers_per_point
                  about how many numbers a record has of it for every point along an axis, and of every species.
    """

    word: str
    dimensions: int = 1
    of_orbitals: bool = True
    of_sets: bool = False
    in_frame: bool = False
    from_start: bool = False
    orbital_sets: int = 0
    real_fields: int = 0
    numbers_per_point: float = 0.0


REQUESTS = (
    # r x p: what the frame's phase adds to p is along r
    Request("angular-momentum", dimensions=2, of_orbitals=False, in_frame=True),
    Request("momentum-distribution", numbers_per_point=1.0),
    Request("determinant-overlap", of_sets=True, from_start=True),
    Request("semiclassical-norms", of_sets=True, orbital_sets=2),
    Request("largest-current", in_frame=True, real_fields=7),
    Request("density-modes", of_orbitals=False, in_frame=True),
    # a copy in double precision, phases, the smoothed density with its spectrum, differences of phases
    # the flow's spectra along every axis, and what they are made of
    Request("spectra", real_fields=16, numbers_per_point=2.0),
    Request("structure-factor", real_fields=4, numbers_per_point=0.5),
    Request("coherence", real_fields=6, numbers_per_point=0.5),
    Request("overlap", of_orbitals=False, in_frame=True),
    Request("vortices", dimensions=2, in_frame=True, real_fields=12),
)

_BY_WORD = {request.word: request for request in REQUESTS}


def requests_of(words: Iterable[str]) -> list[Request]:
    """The requests of these words, in their order."""
    return [_BY_WORD[word] for word in words]
