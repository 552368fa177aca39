"""From the model of many bodies to the coefficients of its operators on given configurations.

    H = E + sum_a [ dG(M^a) + pairs(V^a) ] + sum_{a<b} sum_c dG_a(X_c) dG_b(Y_c)

Configurations with an offset (basis/family.py) count dG(A) from N A_00. Of a product dG_a(X) dG_b(Y) then remain

    N_a N_b X_00 Y_00 + N_b Y_00 dG_a(X) + N_a X_00 dG_b(Y) + dG_a(X) dG_b(Y),

the first goes into E, the next two into M^a and M^b, where they cancel against the mean field that an excitation frame
subtracts: nothing of order N is left in what is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.channels import pair_operator, without_rounding
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, PairInteraction
from hpcmix.model.many_body.hops import pair_coefficients


@dataclass(frozen=True)
class Between:
    """The channels of two different species, strengths and prefactor included in `left`.

    left, right  (channels, columns of the first or second species, the same again)
    """

    first: int
    second: int
    left: NDArray
    right: NDArray


@dataclass(frozen=True)
class Coefficients:
    """All coefficients of H.

    constant  E: what the operators leave out
    one_body  M^a, (columns, columns) for each species
    pairs     V^a, (pairs, pairs) for each species that interacts with itself, else None
    between   channels of different species
    """

    constant: float
    one_body: tuple[NDArray, ...]
    pairs: tuple[NDArray | None, ...]
    between: tuple[Between, ...]

    def of_species(self, species: int, pairs: int) -> NDArray:
        """M and V of a species in one row, as :func:`hpcmix.model.many_body.hops.many_body_family` wants them."""
        own = self.pairs[species]
        second = np.zeros(pairs**2) if own is None else own.ravel()
        return np.concatenate([self.one_body[species].ravel(), second])


def coefficients_of(parts: Sequence[tuple[float, ManyBodyModel]], spaces: Sequence[Configurations]) -> Coefficients:
    """The coefficients of sum_k weight_k H_k for models of the same species.

    An interaction whose channels are the same object in all parts is taken once, with the sum of the weights.
    """
    constant = 0.0
    one_body: list[NDArray] = [np.zeros((space.columns, space.columns), np.complex128) for space in spaces]
    pairs: list[NDArray | None] = [None] * len(spaces)
    between: list[Between] = []
    for weight, model in parts:
        for number, (species, space) in enumerate(zip(model.species, spaces, strict=True)):
            one_body[number] += weight * space.embed(np.asarray(species.one_body))
            constant += weight * space.mean_occupation * float(np.real(species.one_body[0][0]))
    for weight, interaction in _interactions(parts):
        a, b = interaction.first, interaction.second
        if a == b:
            operator = _embedded_pairs(interaction.channels, spaces[a])
            own, before = weight * interaction.factor * pair_coefficients(spaces[a], operator), pairs[a]
            pairs[a] = own if before is None else before + own
            constant += weight * interaction.factor * 0.5 * spaces[a].pairs_at_rest * float(operator[0, 0, 0, 0].real)
            continue
        strengths = weight * interaction.factor * interaction.channels.strengths[:, None, None]
        left = strengths * spaces[a].embed(interaction.channels.left)
        right = spaces[b].embed(interaction.channels.right)
        number_a, number_b = spaces[a].mean_occupation, spaces[b].mean_occupation
        one_body[a] += number_b * np.tensordot(right[:, 0, 0], left, axes=(0, 0))
        one_body[b] += number_a * np.tensordot(left[:, 0, 0], right, axes=(0, 0))
        constant += number_a * number_b * float(np.real(np.sum(left[:, 0, 0] * right[:, 0, 0])))
        between.append(Between(a, b, left, right))
    return Coefficients(
        constant,
        tuple(_real(matrix) for matrix in one_body),
        tuple(None if own is None else _real(own) for own in pairs),
        tuple(Between(each.first, each.second, _real(each.left), _real(each.right)) for each in between),
    )


def _interactions(parts: Sequence[tuple[float, ManyBodyModel]]) -> Iterator[tuple[float, PairInteraction]]:
    """(weight, interaction) of all parts; the same channels only once."""
    for number, interaction in enumerate(parts[0][1].interactions):
        same = all(model.interactions[number].channels is interaction.channels for _, model in parts)
        if same and all(model.interactions[number].factor == interaction.factor for _, model in parts):
            yield sum(weight for weight, _ in parts), interaction
        else:
            yield from ((weight, model.interactions[number]) for weight, model in parts)


def _embedded_pairs(channels: Channels, space: Configurations) -> NDArray:
    embedded = Channels(channels.strengths, space.embed(channels.left), space.embed(channels.right))
    return pair_operator(embedded)


def _real(matrices: NDArray) -> NDArray:
    """Real numbers where there is no imaginary part beyond rounding: one complex table makes a product of all."""
    cleaned = without_rounding(matrices)
    return matrices if np.iscomplexobj(cleaned) else cleaned
