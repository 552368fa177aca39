"""How far the densities of two species lie on top of each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH


def density_products(look: Look) -> np.ndarray:
    """integral rho_a rho_b dx in the laboratory, shape (species, species). Collective over the world."""
    mixture, densities = look.mixture, look.densities
    count = len(mixture.species)
    local = np.zeros((count, count))
    for a in range(count):
        for b in range(a + 1):
            local[a, b] = local[b, a] = mixture.grid.integrate(densities[a], densities[b])
    dilution = mixture.grid.frame.contraction(look.clock) ** mixture.grid.dimensions
    return np.asarray(mixture.communicators.sum(local)) * dilution


class _Overlap(Observable):
    """Of every pair of different species."""

    labels = (
        Label(
            "overlap",
            "overlap of the densities of two species",
            None,
            definition="integral rho_a rho_b dx / sqrt(integral rho_a^2 dx integral rho_b^2 dx): one where densities "
            "are the same but for a factor, zero where they do not meet",
        ),
        Label(
            "overlap_integral",
            "integral of the product of the densities of two species",
            lambda axes: LENGTH * -axes,
            definition="integral rho_a rho_b dx, with rho_a integrating to N_a",
        ),
    )

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        products, names = look.once(density_products), [model.name for model in look.mixture.species]
        # the roots one by one: of dilute clouds the product of the two integrals is below the smallest float
        root = np.sqrt(np.diag(products))
        others = [b for b in range(len(names)) if b != species]
        both = {names[b]: root[species] * root[b] for b in others}
        return {
            "overlap": {
                names[b]: float(products[species, b] / both[names[b]]) if both[names[b]] > 0.0 else None for b in others
            },
            "overlap_integral": {names[b]: float(products[species, b]) for b in others},
        }


OBSERVABLE = _Overlap()
