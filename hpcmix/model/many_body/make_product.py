"""Which of the two products a Hamiltonian is done with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hpcmix.model.many_body.basis.bosons import BosonConfigurations
from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.channels import without_rounding
from hpcmix.model.many_body.coefficients import coefficients_of
from hpcmix.model.many_body.hamiltonian import ManyBodyModel
from hpcmix.model.many_body.hops import LARGEST_TABLES, moves_of, pairs_of
from hpcmix.model.many_body.pair_product import PairProduct
from hpcmix.model.many_body.product import Changes, ManyBodyProduct, Parts
from hpcmix.parallel.many_body.configurations import BLOCK_BYTES, ConfigurationRows, Vector


class Product(Protocol):
    """H as a product; see :class:`hpcmix.model.many_body.product.ManyBodyProduct`."""

    rows: ConfigurationRows
    constant: float
    products: int
    alive: Callable[[], None]

    def load(self, parts: Parts) -> None: ...

    def apply(
        self, source: Vector, target: Vector, scale: float = 1.0, shift: float = 0.0, keep: float = 0.0
    ) -> None: ...

    def energy(self, psi: Vector, work: Vector) -> float: ...

    @property
    def nbytes(self) -> int: ...

    def free(self) -> None: ...


def make_product(
    model: ManyBodyModel,
    spaces: Sequence[Configurations],
    rows: ConfigurationRows,
    changes: Changes = Changes.NOTHING,
    block_bytes: float = BLOCK_BYTES,
) -> Product:
    """The quicker product: one species of bosons goes by pairs where its sparse matrix would have more entries in a row
    than pairs are taken and given back, or would be too large; everything else by channels. Collective."""
    space = spaces[0]
    if len(spaces) == 1 and isinstance(space, BosonConfigurations) and space.particles > 1 and space.modes > 1:
        entries = _entries_of_a_row(model, space, changes)
        if entries > 2 * len(pairs_of(space)) or 12.0 * entries * len(space) > LARGEST_TABLES:
            return PairProduct(model, space, rows, block_bytes)
    return ManyBodyProduct(model, spaces, rows, changes, block_bytes)


def _entries_of_a_row(model: ManyBodyModel, space: Configurations, changes: Changes) -> int:
    if changes is Changes.EVERYTHING:
        return len(moves_of(space, None, None, with_pairs=True))
    coefficients = coefficients_of([(1.0, model)], [space])
    one_body, pairs = without_rounding(coefficients.one_body[0]) != 0.0, coefficients.pairs[0]
    wanted = None if changes is Changes.ONE_BODY else one_body
    if pairs is None:
        return len(moves_of(space, wanted, None, with_pairs=False))
    return len(moves_of(space, wanted, without_rounding(pairs) != 0.0, with_pairs=True))
