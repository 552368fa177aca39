"""How many fields a run keeps, in units of a rank's block: transforms, convolutions, external potentials."""

from __future__ import annotations

from hpcmix.model.ranks import precision_of
from hpcmix.model.terms.channels import channels_through, shapes_of
from hpcmix.parallel.decomposition import Decomposition
from hpcmix.problem.schema import Problem


def real_bytes(problem: Problem) -> int:
    """Bytes of a real number of the fields; a complex one takes twice as many."""
    return precision_of(problem).real_bytes


def resident_share(decomposition: Decomposition) -> float:
    """Fields of a rank's size that a rank has in its resident memory for each field in shared memory: its own part, and
    the lines that it transforms in the parts of the others."""
    first = decomposition.pencil_grid[0]
    return 1.0 if decomposition.dimensions == 1 else 1.0 + (first - 1) / first


def transform_fields(decomposition: Decomposition) -> float:
    """Complex fields that a whole transform works in, in units of a rank's block.

    On one rank the spectrum; on several an array to begin in and, for each direction of the pencil grid that has more
    than one rank, a landing array.
    """
    if decomposition.dimensions == 1 or decomposition.ranks == 1:
        return 1.0
    return 1.0 + sum(1.0 + (ranks - 1) / ranks for ranks in decomposition.pencil_grid if ranks > 1)


def kernel_fields(problem: Problem, decomposition: Decomposition) -> float:
    """Real fields that convolutions keep, beside densities and potentials (costs/kicks.py).

    Periodic: of each channel (model/terms/channels.py) a half spectrum and the field, of each species that feels one
    the potential, and the multipliers of half size. In free space: per channel a half spectrum along the last axis,
    which is as large as a complex field, and where it is exchanged the others' part of it; the multipliers, four times
    as large where dipoles are tilted against the axes. In a frame that expands every multiplier has beside it what it
    is filled anew from: itself at the start, or the places of its |k| in a list.
    """
    copies = 2.0 if problem.grid.frame.map.expanding else 1.0
    periodic, free = (channels_through(problem, boundary) for boundary in ("periodic", "free"))
    fields = 0.0
    if periodic.count:
        fields += copies * 0.5 * len(periodic.multipliers)
        fields += periodic.count * (1.0 + resident_share(decomposition)) + len(periodic.felt)
    if free.count:
        tilted = {
            number
            for number, shape in enumerate(shapes_of(problem, "free"))
            if not problem.interaction[shape.interaction].even_along_axes
        }
        sizes = [4.0 if any(shape in tilted for _, shape in blend) else 1.0 for blend in free.multipliers]
        second = decomposition.pencil_grid[1]
        fields += copies * sum(sizes) + 2.0 * resident_share(decomposition) * free.count
        fields += 2.0 if decomposition.ranks > 1 else 0.0  # the lines before they are exchanged
        fields += 2.0 * (2.0 - 1.0 / second) if second > 1 else 0.0
    return fields


def potential_fields(problem: Problem) -> int:
    """Number of real fields that the external potentials keep; with the confinement of a frame that expands. Species
    whose constant potentials are the same share one (model/potentials.share_equal)."""
    fields = len(problem.species) if problem.grid.frame.map.expanding else 0
    constant = []
    for species in problem.species:
        varying = [entry for entry in species.potential if entry.switched or entry.moves]
        fields += len(varying) + (1 if varying else 0)
        never_changes = [entry for entry in species.potential if not (entry.switched or entry.moves)]
        weighs = any(entry.proportional_to_mass for entry in never_changes)
        turned = problem.rotation is not None  # what the frame adds depends on mass and charge too
        key = (never_changes, species.mass if weighs or turned else 0.0, species.vector_potential if turned else None)
        if (never_changes or turned) and key not in constant:
            constant.append(key)
    return fields + len(constant)
