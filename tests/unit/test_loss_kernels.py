"""Densities that react at a point: closed forms and the series beside an integrator of its own, and arguments."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from hpcmix.kernels import dispatch
from hpcmix.kernels.losses import Reaction, react
from hpcmix.kernels.twins import loops as reference

POINTS = 37
"""No multiple of what is worked on together."""
ALL = {
    "aab": [Reaction(0.7, (0, 0, 1), (1.0, 0.5))],
    "ab": [Reaction(0.4, (0, 1), (1.0, 1.0))],
    "aaa": [Reaction(0.3, (0, 0, 0), (1.0, 0.0))],
    "bb": [Reaction(0.6, (1, 1), (0.0, 1.0))],
    "a, b": [Reaction(0.2, (0,), (1.0, 0.0)), Reaction(0.5, (1,), (0.0, 1.0)), Reaction(0.1, (1,), (0.0, 1.0))],
    "aab, ab, aaa, b": [
        Reaction(0.7, (0, 0, 1), (1.0, 0.5)),
        Reaction(0.4, (0, 1), (1.0, 1.0)),
        Reaction(0.3, (0, 0, 0), (1.0, 0.0)),
        Reaction(0.2, (1,), (0.0, 1.0), np.linspace(0.0, 2.0, POINTS)),
    ],
}


@pytest.fixture(params=["native", "numpy"])
def kernels(request, monkeypatch):
    """Both implementations, one after the other."""
    if request.param == "numpy":
        monkeypatch.setattr(dispatch, "implementation", lambda: reference)
    elif dispatch.implementation() is reference:
        pytest.skip("no compiled kernels")


def start(dtype=np.float64):
    rho = np.random.default_rng(3).uniform(0.0, 2.0, (2, POINTS))
    rho[1, :5] = rho[0, :5]  # a + b of equal densities has a form of its own
    rho[0, 5], rho[1, 6], rho[:, 7] = 0.0, 0.0, 0.0
    return rho.astype(dtype)


def moved(rho, reactions, time):
    """Densities after a time, and what every reaction took."""
    kind = np.complex64 if rho.dtype == np.float32 else np.complex128
    fields = [np.exp(1j * np.arange(POINTS)).astype(kind) for _ in rho]
    taken = react(rho, [[field] for field in fields], reactions, time)
    return np.array([np.abs(field.astype(np.complex128)) ** 2 for field in fields]) * rho, taken


@pytest.mark.parametrize("time", [1e-5, 0.3, 50.0])
@pytest.mark.parametrize("name", ALL)
def test_densities_obey_their_equation(name, time, kernels):
    reactions, rho = ALL[name], start()

    def rates(_, values):
        densities, change = values.reshape(rho.shape), np.zeros_like(rho)
        for reaction in reactions:
            speed = reaction.rate * np.prod(densities[list(reaction.meeting)], axis=0)
            speed = speed if reaction.profile is None else speed * reaction.profile
            change -= np.outer(reaction.shares, speed)
        return change.ravel()

    exact = solve_ivp(rates, (0.0, time), rho.ravel(), method="DOP853", rtol=1e-12, atol=1e-15).y[:, -1]
    after, taken = moved(rho, reactions, time)
    # the integrator's own tolerance, met a few hundred times over
    assert after == pytest.approx(exact.reshape(rho.shape), rel=1e-9, abs=2e-13)
    assert np.all(after >= 0.0)
    gone = sum(np.array(reaction.shares) * count for reaction, count in zip(reactions, taken, strict=True))
    assert gone == pytest.approx(np.sum(rho - after, axis=1), rel=1e-13, abs=1e-14 * POINTS)


def test_single_reactions_are_the_same_by_the_series_as_written_down(kernels):
    """A second reaction of rate zero takes the general way."""
    for name in ("ab", "aaa", "bb"):
        still = Reaction(0.0, (0, 0, 1), (1.0, 0.5))
        for time in (1e-3, 3.0):
            written, series = moved(start(), ALL[name], time)[0], moved(start(), [*ALL[name], still], time)[0]
            assert series == pytest.approx(written, rel=3e-14), name  # some roundings of every piece


@pytest.mark.parametrize("name", ALL)
def test_compiled_kernels_do_what_numpy_does(name, monkeypatch):
    """On every instruction set here; their own sums and products have the same bits on all of them."""
    native = dispatch.implementation()
    if native is reference:
        pytest.skip("no compiled kernels")
    best, results = native.instruction_set(), []
    try:
        for instructions in native.available_instruction_sets():
            native.select_instruction_set(instructions)
            results.append(moved(start(), ALL[name], 0.7))
    finally:
        native.select_instruction_set(best)
    monkeypatch.setattr(dispatch, "implementation", lambda: reference)
    after, taken = moved(start(), ALL[name], 0.7)
    for densities, events in results:
        assert np.array_equal(densities, results[0][0]) and np.array_equal(events, results[0][1])
        assert densities == pytest.approx(after, rel=2e-14)
        assert events == pytest.approx(taken, rel=2e-14)


def test_few_points_have_the_bits_of_many(kernels):
    rho = start()
    after, _ = moved(rho, ALL["aab, ab, aaa, b"][:3], 3.0)
    for first in (0, 11, 36):
        part = np.ascontiguousarray(rho[:, first : first + 7])
        fields = [np.exp(1j * np.arange(POINTS))[first : first + 7].copy() for _ in rho]
        react(part, [[field] for field in fields], ALL["aab, ab, aaa, b"][:3], 3.0)
        assert np.array_equal(np.abs(np.array(fields)) ** 2 * part, after[:, first : first + 7])


def test_single_precision_rounds_what_double_precision_finds(kernels):
    rho = start(np.float32)
    after, taken = moved(rho, ALL["aab, ab, aaa, b"][:3], 0.5)
    exact, exactly = moved(rho.astype(np.float64), ALL["aab, ab, aaa, b"][:3], 0.5)
    assert after == pytest.approx(exact, rel=4e-7)  # a rounding or two of the field's parts, squared
    assert taken == pytest.approx(exactly, rel=1e-14)


def test_what_is_not_finite_stays_so_and_ends(kernels):
    rho = start()
    rho[0, 20], rho[1, 21], rho[0, 22] = np.nan, np.inf, 1e200
    after, _ = moved(rho, ALL["aab, ab, aaa, b"], 1.0)
    assert not np.isfinite(after[:, 20:22]).any(axis=0).all()
    assert np.isfinite(after[:, :20]).all() and np.isfinite(after[:, 23:]).all()


@pytest.mark.parametrize(
    ("reaction", "message"),
    [
        (Reaction(1.0, (0, 0, 1, 1), (1.0, 1.0)), "one to three"),
        (Reaction(1.0, (0, 2), (1.0, 1.0)), "one to three of the components"),
        (Reaction(1.0, (0, 1), (1.0,)), "share for each"),
        (Reaction(1.0, (0,), (1.0, 0.0), np.ones(3)), "profile must have shape"),
    ],
)
def test_arguments(reaction, message):
    with pytest.raises(ValueError, match=message):
        moved(start(), [reaction], 1.0)
