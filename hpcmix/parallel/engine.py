"""What a model computes with: the transforms of its fields, made once, and memory, kernels and ranks."""

from __future__ import annotations

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.transforms.line import LineTransform
from hpcmix.parallel.transforms.padded import PaddedTransform
from hpcmix.parallel.transforms.pencil import PencilTransform
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.transform import Transform


class Engine:
    """The transforms on the grid of the communicators, and the resources that they share.

    exchange       name of the way in which ranks exchange blocks (:mod:`hpcmix.parallel.transforms.trial` finds the
                   quickest).
    communicators  the ranks of the run.
    timers         where the time goes.
    kernels        what works on fields.
    complex_dtype  type of orbitals and spectra; real_dtype of densities, potentials and multipliers.
    empty, zeros, holding
                   make arrays, see :class:`Resources`.

    Everything that computes fields takes an engine, and nothing but an engine makes a transform. Each transform is made
    when it is first asked for, then kept, and given room where more fields are to be moved at once than before.
    """

    def __init__(
        self,
        communicators: Communicators,
        precision: Precision,
        timers: Timers,
        exchange: str = "sub-array-messages",
    ) -> None:
        self.resources = resources = Resources(communicators, precision, timers, exchange)
        self.communicators = communicators
        self.timers = timers
        self.kernels = resources.kernels
        self.complex_dtype, self.real_dtype = resources.complex_dtype, resources.real_dtype
        self.empty, self.zeros, self.holding = resources.empty, resources.zeros, resources.holding
        self._transforms: dict[bool, Transform] = {}
        self._padded: PaddedTransform | None = None

    # --------------------------------------------------------------- transforms

    def complex_transform(self, fields: int = 1) -> Transform:
        """That of orbitals, of which a drift moves so many at once. Collective over the group."""
        return self._transform(False, fields)

    def real_transform(self, fields: int = 1) -> Transform:
        """That of densities, of which a convolution takes so many at once. Collective over the group."""
        return self._transform(True, fields)

    def padded_transform(self, fields: int = 1) -> PaddedTransform:
        """That of convolutions without periodic images, of so many fields at once. Collective over the group."""
        if self._padded is None:
            self._padded = PaddedTransform(self.resources, max(1, fields))
        self._padded.make_room_for(fields)
        return self._padded

    def _transform(self, real: bool, fields: int) -> Transform:
        if real not in self._transforms:
            line = self.communicators.decomposition.dimensions == 1
            kind = LineTransform if line else PencilTransform
            self._transforms[real] = kind(self.resources, real)
        transform = self._transforms[real]
        transform.make_room_for(fields)
        return transform

    def free(self) -> None:
        """Give the MPI resources of all transforms back (collective). The communicators stay the caller's."""
        for transform in self._transforms.values():
            transform.free()
        if self._padded is not None:
            self._padded.free()
        self._transforms, self._padded = {}, None
