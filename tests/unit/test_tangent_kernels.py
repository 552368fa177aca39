"""Compiled kicks of pairs against their numpy twins, against their formula, and against their promises."""

import numpy as np
import pytest

from hpcmix.kernels import processor, tangent
from hpcmix.kernels.twins import tangent as reference_tangent

native = pytest.importorskip("hpcmix.kernels._native", reason="the compiled kernels are not installed")

SHAPES = [(1, 1, 1), (3, 4, 5), (2, 17, 33), (1, 8, 40), (9, 3, 1), (5, 16, 12), (16, 16, 16), (4, 24, 64), (2, 0, 3)]
ROUNDINGS = 16.0 * np.finfo(np.float64).eps
"""Relative error of a result in the Euclidean norm: transforms there and back of lines of at most 64 points, and sums
of some products, add up to a few roundings."""


@pytest.fixture(autouse=True)
def restore_selection():
    """Instruction set and thread count are settings of the process: put them back."""
    instruction_set, threads = native.instruction_set(), native.thread_count()
    yield
    native.select_instruction_set(instruction_set)
    native.set_thread_count(threads)


@pytest.fixture(params=native.available_instruction_sets())
def instruction_set(request):
    """Each of the instruction sets that this machine has."""
    native.select_instruction_set(request.param)
    return request.param


class Case:
    """Some pairs beside p condensates on one grid, and everything that a kick of them may see."""

    def __init__(self, shape, components=2, pairs=3, channels=2, seed=5):
        self.random = np.random.default_rng(seed)
        self.shape = shape
        self.half = (*shape[:-1], shape[-1] // 2 + 1)
        self.pairs = [[self.field() for _ in range(2 * components)] for _ in range(pairs)]
        factors = [np.exp(-1j * self.random.uniform(0, 6, shape)) for _ in range(components)]
        self.condensates = beside(
            [self.field() for _ in range(components)], self.random.uniform(0.5, 2.0, components), factors
        )
        self.couplings = self.random.uniform(-1, 1, (components, components))
        self.responses = [
            [None if (a, b) == (0, 1) else self.random.uniform(-1, 1, shape) for b in range(components)]
            for a in range(components)
        ]
        self.sources = [[None if a == 1 else self.field() for a in range(components)] for _ in range(pairs)]
        self.weights = self.random.uniform(-1, 1, (components, channels))
        self.channels = channels

    def field(self):
        return self.random.uniform(-1, 1, self.shape) + 1j * self.random.uniform(-1, 1, self.shape)

    def spectra(self, axes):
        """Half spectra of real fields, as a convolution leaves them."""
        fields = [[self.random.uniform(-1, 1, self.shape) for _ in range(2 * self.channels)] for _ in self.pairs]
        if np.prod(self.shape) == 0:
            return [[np.zeros(self.half, np.complex128) for _ in row] for row in fields]
        places = tuple(range(-axes, 0))
        points = np.prod([self.shape[place] for place in places])
        return [[np.ascontiguousarray(np.fft.rfftn(one, axes=places) / points) for one in row] for row in fields]


def beside(orbitals, amplitudes, factors=()):
    return tangent.Condensates(orbitals, amplitudes, factors)


def copies(rows):
    return [[array.copy() for array in row] for row in rows]


def with_twins(monkeypatch):
    monkeypatch.setattr(tangent, "_implementation", lambda: reference_tangent)


def assert_close(actual, expected):
    for mine, other in zip(actual, expected, strict=True):
        for one, counterpart in zip(mine, other, strict=True):
            error = np.linalg.norm((one - counterpart).ravel())
            assert error <= ROUNDINGS * np.linalg.norm(counterpart.ravel())


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("components", [1, 2, 3])
class TestAgainstTwins:
    @pytest.mark.parametrize(
        ("axes", "before", "after"),
        [(0, False, False), (1, True, True), (2, True, True), (2, False, True), (1, True, False)],
    )
    @pytest.mark.parametrize("sees", ["couplings", "everything"])
    def test_kicks(self, monkeypatch, shape, components, axes, before, after, sees):
        case = Case(shape, components)
        options = {"axes": axes, "inverse_before": before, "forward_after": after}
        if sees == "everything":
            options |= {"responses": case.responses, "sources": case.sources}
            if axes > 0:
                options |= {"weights": case.weights, "spectra": case.spectra(axes)}
        results = []
        for twins in (False, True):
            if twins:
                with_twins(monkeypatch)
            pairs, own = copies(case.pairs), dict(options)
            if "spectra" in own:
                own["spectra"] = copies(options["spectra"])
            tangent.kick_pairs(pairs, case.condensates, case.couplings, 0.37, **own)
            results.append(pairs)
        assert_close(*results)

    @pytest.mark.parametrize(("axes", "before"), [(1, True), (2, True), (2, False)])
    def test_density_spectra(self, monkeypatch, shape, components, axes, before):
        case = Case(shape, components)
        results = []
        for twins in (False, True):
            if twins:
                with_twins(monkeypatch)
            pairs = copies(case.pairs)
            spectra = [[np.full(case.half, np.nan, np.complex128) for _ in range(4)] for _ in pairs]
            tangent.pair_density_spectra(
                pairs, case.condensates, case.weights.T.copy(), spectra, axes=axes, inverse_before=before
            )
            results.append((pairs, spectra))
        for actual, expected in zip(*results, strict=True):
            assert_close(actual, expected)

    @pytest.mark.parametrize(("axes", "before"), [(0, False), (1, True), (2, True)])
    def test_densities(self, monkeypatch, shape, components, axes, before):
        case = Case(shape, components)
        results = []
        for twins in (False, True):
            if twins:
                with_twins(monkeypatch)
            pairs = copies(case.pairs)
            densities = [[np.full(shape, np.nan, np.complex128) for _ in range(components)] for _ in pairs]
            tangent.pair_densities(pairs, case.condensates, densities, axes=axes, inverse_before=before)
            results.append((pairs, densities))
        for actual, expected in zip(*results, strict=True):
            assert_close(actual, expected)


@pytest.mark.usefixtures("instruction_set")
class TestFormula:
    """The formula of the module, in position space, written out once more."""

    def test_kick_is_phase_and_shear(self):
        case, angle = Case((4, 8, 24), components=2, pairs=2), 0.6
        psi = [a * f for a, f in zip(case.condensates.amplitudes, case.condensates.orbitals, strict=True)]
        expected = []
        for pair, sources in zip(case.pairs, case.sources, strict=True):
            turned = [factor * field for factor, field in zip(case.condensates.factors * 2, pair, strict=True)]
            u, w = turned[:2], turned[2:]
            d = [psi[b].conj() * u[b] + psi[b] * w[b].conj() for b in range(2)]
            new_u, new_w = [], []
            for a in range(2):
                g = sum(case.couplings[a, b] * d[b] for b in range(2)) + (0 if sources[a] is None else sources[a])
                g = g + sum(r * d[b] for b, r in enumerate(case.responses[a]) if r is not None)
                new_u.append(u[a] - 1j * angle * psi[a] * g)
                new_w.append(w[a] - 1j * angle * psi[a] * g.conj())
            expected.append(new_u + new_w)
        pairs = copies(case.pairs)
        tangent.kick_pairs(
            pairs, case.condensates, case.couplings, angle, responses=case.responses, sources=case.sources
        )
        assert_close(pairs, expected)

    def test_convolution_half_way_is_that_in_position_space(self):
        """A kernel that is one: densities there and back again are a coupling at a point."""
        case = Case((3, 12, 16), components=2, pairs=2, channels=2)
        inward, outward = case.weights.T.copy(), case.weights
        points = 12 * 16
        direct, around = copies(case.pairs), copies(case.pairs)
        spectra = [[np.zeros(case.half, np.complex128) for _ in range(4)] for _ in around]
        tangent.pair_density_spectra(around, case.condensates, inward, spectra, axes=2, inverse_before=True)
        for row in spectra:
            for spectrum in row:
                spectrum /= points
        turned = beside(case.condensates.orbitals, case.condensates.amplitudes)
        tangent.kick_pairs(
            around, turned, np.zeros((2, 2)), 0.3, spectra=spectra, weights=outward, axes=2, forward_after=True
        )
        tangent.kick_pairs(
            direct, case.condensates, outward @ inward, 0.3, axes=2, inverse_before=True, forward_after=True
        )
        assert_close(around, direct)


@pytest.mark.usefixtures("instruction_set")
class TestPromises:
    def kicked(self, case, pairs, spectra, **transforms):
        tangent.kick_pairs(
            pairs, case.condensates, case.couplings, 0.2, responses=case.responses, spectra=spectra,
            weights=case.weights, **transforms,
        )  # fmt: skip
        return pairs

    def test_bits_do_not_depend_on_threads(self):
        case = Case((5, 24, 48))
        transforms, spectra = {"axes": 2, "inverse_before": True, "forward_after": True}, case.spectra(2)
        results = []
        for threads in (1, 2, 3):
            native.set_thread_count(threads)
            results.append(self.kicked(case, copies(case.pairs), copies(spectra), **transforms))
        for other in results[1:]:
            assert all(
                np.array_equal(a, b)
                for one, two in zip(results[0], other, strict=True)
                for a, b in zip(one, two, strict=True)
            )

    def test_bits_do_not_depend_on_neighbours(self):
        """A pair alone, and some of the planes alone, give the same numbers."""
        case = Case((6, 20, 36))
        transforms, spectra = {"axes": 2, "inverse_before": True, "forward_after": True}, case.spectra(2)
        whole = self.kicked(case, copies(case.pairs), copies(spectra), **transforms)
        planes = slice(2, 5)
        part = Case((6, 20, 36))
        cut = lambda arrays: [None if one is None else np.ascontiguousarray(one[planes]) for one in arrays]  # noqa: E731
        part.condensates = beside(
            cut(case.condensates.orbitals), case.condensates.amplitudes, cut(case.condensates.factors)
        )
        part.responses = [cut(row) for row in case.responses]
        alone = self.kicked(part, [cut(case.pairs[1])], [cut(spectra[1])], **transforms)
        assert all(np.array_equal(a, b[planes]) for a, b in zip(alone[0], whole[1], strict=True))

    def test_bits_do_not_depend_on_a_transform_before(self):
        case = Case((3, 16, 32))
        spectra = case.spectra(2)
        fused = self.kicked(case, copies(case.pairs), copies(spectra), axes=2, inverse_before=True, forward_after=True)
        apart = copies(case.pairs)
        for pair in apart:
            for field in pair:
                processor.transform_planes(field, False, axes=2)
        self.kicked(case, apart, copies(spectra), axes=2)
        for pair in apart:
            for field in pair:
                processor.transform_planes(field, True, axes=2)
        assert all(
            np.array_equal(a, b) for one, two in zip(fused, apart, strict=True) for a, b in zip(one, two, strict=True)
        )


class TestWrongArguments:
    def test_single_precision(self):
        case = Case((2, 4, 4))
        single = beside([one.astype(np.complex64) for one in case.condensates.orbitals], case.condensates.amplitudes)
        with pytest.raises(TypeError, match="complex128, not complex64"):
            tangent.kick_pairs(case.pairs, single, case.couplings, 0.1)

    def test_shared_memory(self):
        case = Case((2, 4, 4))
        case.pairs[1][0] = case.pairs[0][3]
        with pytest.raises(ValueError, match="share memory"):
            tangent.kick_pairs(case.pairs, case.condensates, case.couplings, 0.1)

    def test_too_few_fields(self):
        case = Case((2, 4, 4))
        with pytest.raises(ValueError, match=r"pairs\[2\] must hold 4 arrays, not 3"):
            tangent.kick_pairs([*case.pairs[:2], case.pairs[2][:3]], case.condensates, case.couplings, 0.1)

    def test_spectra_without_axes(self):
        case = Case((2, 4, 4))
        with pytest.raises(ValueError, match="axes must be 1 or 2 where there are spectra"):
            tangent.kick_pairs(
                case.pairs, case.condensates, case.couplings, 0.1, spectra=case.spectra(1), weights=case.weights
            )

    def test_one_factor_for_two(self):
        case = Case((2, 4, 4))
        one = beside(case.condensates.orbitals, case.condensates.amplitudes, case.condensates.factors[:1])
        with pytest.raises(ValueError, match="2 factors or none, not 1"):
            tangent.kick_pairs(case.pairs, one, case.couplings, 0.1)
