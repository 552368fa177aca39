"""Drift and kick fused plane by plane, where the transform works on slabs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.evolve.flows import Flows
from hpcmix.kernels import transforms as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.slab_transform import SlabTransform


class FusedFlows(Flows):
    """The same flows with two sweeps over memory for a drift and a kick.

    Between two kicks a field's planes stay transformed: a kick's sweep brings a plane back from the drift before, turns
    its
    phase and sends it towards the drift after; a drift's sweep transforms the lines along x, multiplies them and
    transforms them back. A convolution needs the densities of all planes before the kick and takes one sweep more.
    """

    def alternate(
        self,
        orbitals: Sequence[np.ndarray],
        kicks: Sequence[float],
        drifts: Sequence[float],
        instants: Sequence[Instant],
    ) -> None:
        """See :meth:`Flows.alternate`."""
        mixture = self._mixture
        transform: SlabTransform = mixture.transform
        fields = [array[0] for array in orbitals]
        for number, (kick, instant) in enumerate(zip(kicks, instants, strict=True)):
            transformed = number > 0
            if transformed and mixture.convolution:
                for field in fields:
                    transform.planes_backward(field)
                transformed = False
            potentials = self._kick_potentials(orbitals, instant)
            with transform.timers.phase("kick"):
                kernels.kick_planes(
                    fields,
                    potentials,
                    self._couplings,
                    kick / mixture.hbar,
                    inverse_before=transformed,
                    forward_after=number < len(drifts),
                )
            if number < len(drifts):
                for species, field in enumerate(fields):
                    transform.multiply_planes(field, self._flow_factors(species, drifts[number]))


def make_flows(mixture: Mixture) -> Flows:
    """The quickest flows that the mixture's transform allows."""
    return FusedFlows(mixture) if isinstance(mixture.transform, SlabTransform) else Flows(mixture)
