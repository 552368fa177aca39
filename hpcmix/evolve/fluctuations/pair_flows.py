"""What moves beside the condensates in a kick: pairs of fluctuations, and the correction that they make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.evolve.fluctuations.correction import kick_correction
from hpcmix.evolve.fluctuations.tangent import Tangent
from hpcmix.evolve.kick import Kick
from hpcmix.evolve.stages import Stages
from hpcmix.model.mixture import Mixture
from hpcmix.model.terms.term import Densities
from hpcmix.state.fluctuations import Fluctuations


class PairFlows:
    """Kicks :class:`~hpcmix.state.fluctuations.Fluctuations` by the tangent map of the kick that condensates have gone
    through (:mod:`hpcmix.evolve.fluctuations.tangent`)."""

    def __init__(self, mixture: Mixture, stages: Stages) -> None:
        self._mixture, self._stages = mixture, stages
        self._tangent = Tangent(mixture)
        self._factors: list[np.ndarray] = []
        self._fields = 0

    def fields_of_ones(self) -> list[np.ndarray]:
        """A complex field of ones for every species, kept for the next time: a kick makes its factors of them."""
        if not self._factors:
            shape, engine = self._mixture.grid.position_shape, self._mixture.engine
            self._factors = [engine.empty(shape, engine.complex_dtype) for _ in self._mixture.species]
        for factor in self._factors:
            factor[...] = 1.0
        return self._factors

    @property
    def needs_densities(self) -> bool:
        """See :class:`~hpcmix.evolve.fluctuations.tangent.Tangent`."""
        return self._tangent.needs_densities

    def kick(
        self,
        fluctuations: Fluctuations,
        orbitals: Sequence[np.ndarray],
        factors: Sequence[np.ndarray],
        densities: Densities,
        kick: Kick,
        half_way: bool,
        drift_follows: bool,
    ) -> None:
        """Kick everything, in place. Where not all species are half way, or a correction looks at the pairs, they are
        brought to position space and back beside the kick. Collective.

        orbitals   of every species in position space, after the kick.
        factors    exp(-i theta_a) of every species.
        densities  of every species, where a response depends on them.
        half_way, drift_follows  whether pairs are half way to position space, and are to be.
        """
        stages = self._stages
        self._make_room_for(fluctuations)
        frozen = self._tangent.kick_in(orbitals, factors, densities, kick.whole, kick.instant)
        if len(set(stages.axes)) == 1 and not fluctuations.correction:
            frozen.move(fluctuations.pairs, stages.axes[0], half_way, drift_follows)
            return
        for fields in fluctuations.moving if half_way else ():
            stages.enter_position(fields)
        if fluctuations.correction:
            self._kick_correction(fluctuations, orbitals, factors, kick)
        frozen.move(fluctuations.pairs, 0, False, False)
        for fields in fluctuations.moving if drift_follows else ():
            stages.leave_position(fields)

    def _make_room_for(self, fluctuations: Fluctuations) -> None:
        """Have drifts join the messages of pairs, as far as that makes them worth their latency. Collective where there
        are more than before."""
        fields = sum(len(array) for array in fluctuations.fields)
        if fields > self._fields:
            self._fields = fields
            self._mixture.engine.complex_transform(fields)

    def _kick_correction(
        self, fluctuations: Fluctuations, orbitals: Sequence[np.ndarray], factors: Sequence[np.ndarray], kick: Kick
    ) -> None:
        """The correction to the condensates, which sees pairs and condensates as they were before. Collective."""
        kick_correction(
            self._mixture,
            [
                np.sqrt(weight) * orbital * factor.conj()
                for weight, orbital, factor in zip(self._mixture.weights, orbitals, factors, strict=True)
            ],
            factors,
            fluctuations.pairs,
            [field[0] for field in fluctuations.correction],
            kick.whole,
            kick.instant,
        )
