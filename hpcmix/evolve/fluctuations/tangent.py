"""The tangent map of a kick: what it does to pairs of fluctuations beside the condensates.

A kick of duration tau turns psi_a = sqrt(nu_a) phi_a by theta_a = tau (U_a + W_a) / hbar, in densities that it leaves
alone. Its derivative in the direction of a pair u, w (:mod:`hpcmix.state.fluctuations`) is a shear and the same phase,

    d_b = conj(psi_b) u_b + psi_b conj(w_b),      g_a = (1 / hbar) sum_b G_ab * d_b
    u_a <- exp(-i theta_a) (u_a - i tau psi_a g_a),      w_a <- exp(-i theta_a) (w_a - i tau psi_a conj(g_a))

The shear leaves d alone, as the phase does: the two commute, shears add up over kicks done as one, and the map is
symplectic whatever tau is. G is the second variation of all terms of the interaction, in a frame that of b^2 W.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from hpcmix.kernels.tangent import Condensates, Pair
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.terms.term import Densities, HalfWayFields, Responses, Term


class FrozenKick:
    """A kick of pairs in the fields of condensates that do not change meanwhile.

    Made by :meth:`Tangent.kick_in`; its arrays are overwritten when the next one is made.
    """

    def __init__(
        self, tangent: Tangent, condensates: Condensates, densities: Densities, angle: float, instant: Instant
    ) -> None:
        mixture = tangent.mixture
        self._tangent = tangent
        self._kernels = mixture.engine.kernels
        self._angle = angle
        self._instant = instant
        self._densities = densities
        self._couplings = mixture.interactions.couplings_at(instant) * mixture.interactions.coupling_factor(
            instant.contraction
        )
        self._see(condensates, tangent.point_responses(densities, instant))

    def _see(self, condensates: Condensates, responses: Responses) -> None:
        """What pairs are seen beside, and the responses at points."""
        self._condensates = condensates
        self._turned = Condensates(condensates.orbitals, condensates.amplitudes)
        self._responses = responses

    def move(self, pairs: Sequence[np.ndarray], axes: int, half_way: bool, drift_follows: bool) -> None:
        """Kick pairs, in place: of every species an array (pairs, 2, *local grid) of u and w. Collective.

        axes           how many of the last axes of the fields a drift leaves transformed.
        half_way       whether they are.
        drift_follows  whether they are to be.
        """
        together = self._tangent.mixture.transform.fields_together
        if together > 1:
            self._move_stacks(pairs, together)
            return
        each = [[array[number, part] for part in (0, 1) for array in pairs] for number in range(len(pairs[0]))]
        self._move_each(each, axes, half_way and axes > 0, drift_follows and axes > 0)

    def _move_stacks(self, pairs: Sequence[np.ndarray], together: int) -> None:
        """Kick pairs where the transform moves many fields at once, and half way is position space: so many pairs are a
        pair of fields (number, *local grid) beside as many copies of the condensates. A kick does the same at every
        point wherever it lies, so that its bits are those of each pair alone."""
        count = 0
        for first in range(0, len(pairs[0]), together):
            arrays = [array[first : first + together] for array in pairs]
            if len(arrays[0]) != count:
                count = len(arrays[0])
                stacked = self._repeated(count)
            fields = [array[:, part] for part in (0, 1) for array in arrays]
            stack = [field.copy() for field in fields]
            stacked._move_each([stack], 0, False, False)
            for field, moved in zip(fields, stack, strict=True):
                field[...] = moved

    def _repeated(self, count: int) -> FrozenKick:
        """The same kick of stacks of pairs, fields of shape (count, *local grid)."""

        def repeat(field: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(np.broadcast_to(field, (count, *field.shape)))

        seen, stacked = self._condensates, copy(self)
        stacked._see(
            Condensates([*map(repeat, seen.orbitals)], seen.amplitudes, [*map(repeat, seen.factors)]),
            [[None if field is None else repeat(field) for field in row] for row in self._responses],
        )
        return stacked

    def _move_each(self, pairs: Sequence[Pair], axes: int, before: bool, after: bool) -> None:
        """Kick pairs, each given as u of all species and then w of all species, with transforms before and after."""
        if self._tangent.responds_at_points:
            self._kernels.kick_pairs(
                pairs,
                self._condensates,
                self._couplings,
                self._angle,
                responses=self._responses,
                axes=axes,
                inverse_before=before,
                forward_after=after,
            )
            return
        term = self._tangent.half_way_term
        for pair in pairs:
            if term is not None:
                seen = self._responses_half_way(term, pair, before)
                self._shear(pair, axes, after, seen)
            else:
                self._shear(pair, axes, after, sources=self._responses_in_position(pair, axes, before))

    def _shear(
        self,
        pair: Pair,
        axes: int,
        forward_after: bool,
        seen: HalfWayFields | None = None,
        sources: Sequence[np.ndarray] = (),
    ) -> None:
        """What is left of a kick once the fields are turned and the responses of other points are there."""
        self._kernels.kick_pairs(
            [pair],
            self._turned,
            self._couplings,
            self._angle,
            responses=self._responses,
            sources=[sources] if sources else (),
            spectra=[] if seen is None else [seen.spectra],
            weights=None if seen is None else seen.weights,
            axes=axes if seen is None else self._tangent.mixture.transform.plane_axes,
            forward_after=forward_after,
        )

    def _responses_half_way(self, term: Term, pair: Pair, inverse_before: bool) -> HalfWayFields:
        """g on its way from wave-number space, and the pair turned in position space. Collective."""

        def take_spectra(weights: np.ndarray, spectra: Sequence[np.ndarray]) -> None:
            self._kernels.pair_density_spectra(
                [pair],
                self._condensates,
                weights,
                [spectra],
                axes=self._tangent.mixture.transform.plane_axes,
                inverse_before=inverse_before,
            )

        return term.half_way_responses(take_spectra, self._instant)

    def _responses_in_position(self, pair: Pair, axes: int, inverse_before: bool) -> list[np.ndarray]:
        """g of the terms that need the pair's density of all points, and the pair turned in position space: real and
        imaginary parts are two real convolutions. Collective."""
        sources = self._tangent.complex_fields(pair[0].shape)
        self._kernels.pair_densities([pair], self._condensates, [sources], axes=axes, inverse_before=inverse_before)
        grid = self._tangent.mixture.grid
        shape = pair[0].shape[: -grid.dimensions] or (1,)  # one pair, or a stack of them
        many = [source.reshape(*shape, *grid.position_shape) for source in sources]
        for part in ([source.real for source in many], [source.imag for source in many]):
            felt = self._tangent.distant_responses(self._densities, part, self._instant)
            for target, response in zip(part, felt, strict=True):
                target[...] = 0.0 if response is None else response
        return sources


class Tangent:
    """Makes the kicks of pairs beside the condensates of a mixture, one orbital for each species.

    half_way_term  the one term there is whose response needs the pair's density at all points, where a kick can take
                   the response in from wave-number space; None where there is no such term, or several.
    """

    def __init__(self, mixture: Mixture) -> None:
        if any(species.orbitals != 1 for species in mixture.species) or mixture.communicators.groups > 1:
            raise TypeError("pairs of fluctuations move beside condensates, all of them in every orbital group")
        self.mixture = mixture
        self._amplitudes = np.sqrt(mixture.weights)
        self._point_terms = [term for term in mixture.interactions.separate if term.responds_at_points]
        self._distant_terms = [term for term in mixture.interactions.separate if not term.responds_at_points]
        alone = len(self._distant_terms) == 1 and self._distant_terms[0].comes_half_way
        self.half_way_term = self._distant_terms[0] if alone else None
        self._fields: list[np.ndarray] = []

    @property
    def responds_at_points(self) -> bool:
        """Whether the response at a point needs the pair's density at that point only."""
        return not self._distant_terms

    @property
    def needs_densities(self) -> bool:
        """Whether a response depends on the condensates' densities."""
        return bool(self._point_terms)

    def kick_in(
        self,
        orbitals: Sequence[np.ndarray],
        factors: Sequence[np.ndarray],
        densities: Densities,
        duration: float,
        instant: Instant,
    ) -> FrozenKick:
        """A kick in the fields of condensates.

        orbitals   phi_a of every species in position space, after the kick.
        factors    exp(-i theta_a), complex arrays of every species.
        densities  of every species, or nothing where they are not needed (:attr:`needs_densities`).
        instant    of the kick.
        """
        condensates = Condensates(orbitals, self._amplitudes, factors)
        return FrozenKick(self, condensates, densities, duration / self.mixture.hbar, instant)

    def point_responses(self, densities: Densities, instant: Instant) -> Responses:
        """The sum of the responses at points, beside those that are couplings; nothing where there are none."""
        total: list[list[np.ndarray | None]] = []
        for term in self._point_terms:
            rows = term.point_responses(densities, instant)
            total = (
                [list(map(_sum, *both)) for both in zip(total, rows, strict=True)] if total else list(map(list, rows))
            )
        return total

    def distant_responses(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant
    ) -> list[np.ndarray | None]:
        """The responses of the other terms to real changes of the densities, many of them: of every species an array
        (number, *local grid). Collective."""
        total: list[np.ndarray | None] = [None] * len(self.mixture.species)
        for term in self._distant_terms:
            total = list(map(_sum, total, term.responses_together(densities, changes, instant)))
        return total

    def complex_fields(self, shape: Sequence[int]) -> list[np.ndarray]:
        """A complex array of that shape for every species, kept for the next time."""
        if not self._fields or self._fields[0].shape != shape:
            self._fields = [self.mixture.engine.empty(shape, np.complex128) for _ in self.mixture.species]
        return self._fields


def _sum(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second
