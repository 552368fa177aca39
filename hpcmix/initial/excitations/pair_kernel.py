"""The Bogoliubov transformation of Chong, Lee and Sun, after which excitations are counted (their (1.36), Prop. 3.5).

    T = exp( 1/2 sum_ab double integral [ k_ab(x, y) z_a^+(x) z_b^+(y) - h.c. ] )
    k_ab(x, y) = -N w_ab(N (x - y)) psi_a(x) psi_b(y),        psi_a = sqrt(nu_a) phi_a,        w = 1 - f_l

acts on one particle by the real-linear map Theta and its inverse,

    Theta f = ch f + sh conj(f),        Theta^-1 f = ch f - sh conj(f)
    ch = sum_n (k conj k)^n / (2n)!,    sh = sum_n (k conj k)^n k / (2n+1)!

With the antilinear map K f = k conj(f), that is

    (K f)_a = -psi_a sum_b (N w_ab(N .)) * (psi_b conj(f_b))

(k conj k)^n f = K^2n f and (k conj k)^n k conj(f) = K^(2n+1) f: Theta = exp(K), ch f its even part, sh conj(f) its odd
one. A kernel of two points is never laid out: it is one convolution for every component, with the transform of
N w(N .), N^-2 w^(k/N). In a frame x = b y (frame.py), where fields are b^(3/2) times those of the laboratory
without their quadratic phases, the same with b^-3 N^-2 w^(k/(b N)): at t = infinity Theta is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture

REMAINDER = 1e-16
"""Of a vector's norm, what the terms of the series that are left out may have: below rounding."""

MEASURED = 1e-12
"""The same in numbers of particles, which are squares: far below what their sampling leaves open."""

Fields = Sequence[np.ndarray]
"""A complex array of this rank's block for every species."""


def pair_transformation(mixture: Mixture, orbitals: Fields, contraction: float = 1.0) -> PairTransformation:
    """Theta of condensates phi_a, complete (no pending kick), of norm one, at 1/b = `contraction`. Collective over the
    group.

    Raises TypeError for a mixture that knows of no correlations.
    """
    if mixture.correlations is None:
        raise TypeError("the mixture was built without correlations of its pairs")
    roots = [np.sqrt(nu) * orbital for nu, orbital in zip(mixture.weights, orbitals, strict=True)]
    return PairTransformation(mixture, roots, mixture.correlations.multipliers(contraction))


class PairTransformation:
    """Theta = exp(K) of given psi_a and multipliers of N w_ab(N .), lower index first. Collective over the group.

    terms  of the series: ||K|| is at most the norm of the matrix max|psi_a| max|(N w_ab(N .))^| max|psi_b|, and what is
           left out of the series is below :data:`REMAINDER`.
    """

    def __init__(self, mixture: Mixture, roots: Fields, multipliers: dict[tuple[int, int], np.ndarray]) -> None:
        self._mixture, self._roots = mixture, roots
        self._multipliers = multipliers
        self._norm = self._bound()
        self.terms = _terms(self._norm, REMAINDER)

    def parts(self, fields: Fields) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """ch f and sh conj(f), new arrays. Collective."""
        even, odd = [field.copy() for field in fields], [np.zeros_like(field) for field in fields]
        term = [field.copy() for field in fields]
        for order in range(1, self.terms + 1):
            self._apply(term, 1.0 / order)
            for total, added in zip(odd if order % 2 else even, term, strict=True):
                total += added
        return even, odd

    def applied(self, fields: Fields) -> list[np.ndarray]:
        """Theta f = ch f + sh conj(f). Collective."""
        even, odd = self.parts(fields)
        return [ch + sh for ch, sh in zip(even, odd, strict=True)]

    def undone(self, fields: Fields) -> list[np.ndarray]:
        """Theta^-1 f = ch f - sh conj(f). Collective."""
        even, odd = self.parts(fields)
        return [ch - sh for ch, sh in zip(even, odd, strict=True)]

    def dressed(self, upper: Fields, lower: Fields) -> list[np.ndarray]:
        """w' = ch w - sh conj(u) of a pair u = U f, w = V conj(f): the part of Theta^-1 (U f + V conj(f)) that is
        antilinear in f, and what is created after T. Collective.

        One series for both, w - K (u - K/2 (w - K/3 (u - ..))), to :data:`MEASURED` of the pair.
        """
        order = _terms(self._norm, MEASURED)
        sources = (lower, upper)
        total = [field.copy() for field in sources[order % 2]]
        for divisor in range(order, 0, -1):
            self._apply(total, -1.0 / divisor)
            for field, source in zip(total, sources[(divisor - 1) % 2], strict=True):
                field += source
        return total

    def _apply(self, fields: Fields, factor: float) -> None:
        """f <- factor K f, in place. Collective."""
        transform, scale = self._mixture.transform, factor * self._mixture.transform.inverse_points
        spectra = []
        for field, root in zip(fields, self._roots, strict=True):
            np.multiply(root, field.conj(), out=field)
            spectra.append(transform.forward(field, transform.empty_wave()))
        for a, (field, root) in enumerate(zip(fields, self._roots, strict=True)):
            total = transform.empty_wave()
            total[...] = 0.0
            for b, spectrum in enumerate(spectra):
                multiplier = self._multipliers.get((min(a, b), max(a, b)))
                if multiplier is not None:
                    total += multiplier * spectrum
            transform.backward(total, field, normalise=False)
            field *= -scale * root

    def _bound(self) -> float:
        """At least the norm of K. Collective."""
        mixture, count = self._mixture, len(self._roots)
        heights = [float(np.max(np.abs(root), initial=0.0)) for root in self._roots]
        strengths = np.zeros((count, count))
        for (a, b), multiplier in self._multipliers.items():
            strengths[a, b] = strengths[b, a] = np.max(np.abs(multiplier), initial=0.0)
        largest = mixture.communicators.maximum([*heights, *strengths.ravel()])
        heights_everywhere, strengths = largest[:count], largest[count:].reshape(count, count)
        return float(np.linalg.norm(np.outer(heights_everywhere, heights_everywhere) * strengths, 2))


def _terms(bound: float, remainder: float) -> int:
    """How many terms of the exponential series of an operator of that norm count."""
    order, size = 0, 1.0
    while size > remainder:
        order += 1
        size *= bound / order
    return order - 1
