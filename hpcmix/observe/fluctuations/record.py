"""What records and summaries say of the fluctuations around a flow."""

from __future__ import annotations

from typing import Any

from hpcmix.initial.excitations.probes import beginning_of
from hpcmix.observe.fluctuations.beyond_grid import beyond_grid
from hpcmix.observe.fluctuations.corrections import correction_traces
from hpcmix.observe.fluctuations.defect import symplectic_defect
from hpcmix.observe.fluctuations.dressed import Dressed
from hpcmix.observe.fluctuations.numbers import Outside, condensates_of
from hpcmix.observe.fluctuations.spectra import MomentumShells, StructureFactor
from hpcmix.observe.fluctuations.sums import PairSum, fluctuations_of, go_over
from hpcmix.observe.look import Look
from hpcmix.observe.measures.spectra.shells import Shells
from hpcmix.state.beginning import Beginning


def fluctuation_record(look: Look) -> dict[str, Any]:
    """Numbers of a state that has fluctuations, names and nesting as in summary.json:

    pairs                              how many are followed in all replicas together.
    symplectic_defect                  how far they are from exact commutation relations (defect.py).
    wave_numbers                       |k| of the shells, where spectra are asked for (measures/spectra/shells.py).
    species.NAME.excitations           <N_a>, and transverse_excitations <N_perp,a>, each with its ..._error
                                       (numbers.py).
    species.NAME.beyond_grid           what the grid misses of excitations; None where nobody knows (beyond_grid.py).
    species.NAME.dressed_excitations   beside the correlations that the fluctuations begin with, and ..._error; where
                                       they begin with them (dressed.py).
    species.NAME.correction_trace      tr D_a, with matrices = true: zero but for rounding (corrections.py).
    species.NAME.momentum_distribution, structure_factor
                                       per shell, the second a table over the species; on request.

    Collective over the world.
    """
    mixture, also = look.mixture, fluctuations_of(look).section.also
    fluctuations, beginning = fluctuations_of(look), beginning_at(look)
    condensates = condensates_of(look)
    outside = Outside(look, condensates, beginning)
    sums: list[PairSum] = [outside]
    shells = Shells(mixture) if {"momentum-distribution", "structure-factor"} & set(also) else None
    momenta = MomentumShells(mixture, shells) if shells and "momentum-distribution" in also else None
    structure = StructureFactor(mixture, shells, condensates) if shells and "structure-factor" in also else None
    dressed = Dressed(look, condensates) if mixture.correlations is not None else None
    sums += [each for each in (momenta, structure, dressed) if each is not None]
    go_over(look, sums)
    excitations, transverse = outside.estimates()
    missing = beyond_grid(look, beginning)
    names = [species.name for species in mixture.species]
    species: dict[str, dict[str, Any]] = {
        name: {
            "excitations": excitations[a].value,
            "excitations_error": excitations[a].error,
            "transverse_excitations": transverse[a].value,
            "transverse_excitations_error": transverse[a].error,
            "beyond_grid": missing[a],
        }
        for a, name in enumerate(names)
    }
    if dressed is not None:
        for name, estimate in zip(names, dressed.estimates(), strict=True):
            species[name] |= {"dressed_excitations": estimate.value, "dressed_excitations_error": estimate.error}
    if fluctuations.correction:
        for name, trace in zip(names, correction_traces(look), strict=True):
            species[name]["correction_trace"] = trace
    if momenta is not None:
        for name, particles in zip(names, momenta.particles(), strict=True):
            species[name]["momentum_distribution"] = particles
    if structure is not None:
        for name, lines in zip(names, structure.values(), strict=True):
            species[name]["structure_factor"] = dict(zip(names, lines, strict=True))
    record: dict[str, Any] = {
        "pairs": fluctuations.exact + fluctuations.section.sampled,
        "symplectic_defect": symplectic_defect(look, beginning),
    }
    if shells is not None:
        record["wave_numbers"] = shells.wave_numbers
    return record | {"species": species}


def beginning_at(look: Look) -> Beginning:
    """The numbers of time zero, made when they are first asked for and kept with the fluctuations. Collective over the
    world."""
    fluctuations = fluctuations_of(look)
    if fluctuations.beginning is None:
        fluctuations.beginning = beginning_of(look.mixture, fluctuations)
    return fluctuations.beginning
