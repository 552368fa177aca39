"""Pairs of fluctuations beside condensates: the derivative of the flow as it is computed, for everything that may move
condensates; its invariants, its order, its exact solutions."""

from dataclasses import replace

import numpy as np
import pytest
from physics.pairs import (
    advanced,
    all_functions,
    amplitudes,
    condensate_functions,
    displaced,
    follow,
    functions_of,
    numbers,
    stacked,
    symplectic_defect,
    tangent_vectors,
)
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    evolution,
    expanding,
    gaussian,
    gaussian_kernel,
    harmonic,
    largest,
    log_slope,
    require_below,
    scattering,
    soft_core,
    species,
    system,
    table,
    yukawa,
)

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.problem.times.fixed_steps import Mark
from hpcmix.state.progress import Progress

POINTS = {1: [15], 2: [8, 11], 3: [6, 9, 8]}
LENGTHS = {1: [5.0], 2: [5.0, 4.0], 3: [5.0, 4.0, 4.4]}
RADII = np.linspace(0.0, 2.0, 9)
BARRIER = {"kind": "square-barrier", "radius": 1.5, "height": 4.0}
TRAP = {1: [1.0], 2: [1.0, 0.7], 3: [1.0, 0.7, 0.4]}


def power(names, strength, exponent):
    return {"species": list(names), "kind": "power", "strength": strength, "exponent": exponent}


def fluctuations(names, **keys):
    return {"species": list(names), "kind": "lee-huang-yang", **keys}


def rabi(**entries):
    return {"between": ["a", "b"], "rabi_frequency": 1.3, "detuning": 0.4, "phase": 0.5, **entries}


GAUSSIANS = [gaussian_kernel("a", "b", 0.8, 0.6), gaussian_kernel("b", "b", -0.5, 0.8), contact("a", "a", 0.6)]
FREE_GAUSSIANS = [entry | {"boundary": "free"} if entry["kind"] == "gaussian" else entry for entry in GAUSSIANS]
CONTACTS = [contact("a", "a", 0.7), contact("a", "b", -0.4), contact("b", "b", 0.5)]
MAGNETIC = {"vector_potential": {"kind": "expression", "value": ["-0.9*y", "0.4*x + 0.3*x*y"]}}

KINDS = {
    "contact on a line": (1, CONTACTS, {}),
    "contact in a plane": (2, CONTACTS, {}),
    "contact in space": (3, CONTACTS, {}),
    "gaussian on a line": (1, GAUSSIANS, {}),
    "gaussian in a plane": (2, GAUSSIANS, {}),
    "gaussian in space": (3, GAUSSIANS, {}),
    "yukawa": (3, [yukawa("a", "a", 0.8, 0.6), yukawa("a", "b", 0.8, 0.6)], {}),
    "dipolar on the box": (3, [dipolar("a", "b", 0.8, [1, 2, -0.5], boundary="periodic")], {}),
    "scattering": (3, [scattering("a", "b", BARRIER, particles=3.0, neumann_radius=0.8)], {}),
    "scattering limit": (3, [scattering("a", "b", BARRIER, limit=True)], {}),
    "table": (2, [table("a", "b", RADII, np.cos(RADII))], {}),
    "soft core": (2, [soft_core("a", "b", 0.8, 0.9)], {}),
    "free coulomb": (3, [coulomb("a", "a", 0.8), coulomb("a", "b", -0.8), contact("b", "b", 0.4)], {}),
    "free soft core on a line": (1, [soft_core("a", "b", -0.6, 0.7, boundary="free")], {}),
    "free beside periodic on a line": (1, [*GAUSSIANS, soft_core("a", "b", -0.6, 0.7, boundary="free")], {}),
    "power on a line": (1, CONTACTS, {"functional": [power("ab", 0.4, 3.0)]}),
    "semirelativistic on a line": (1, GAUSSIANS, {"first": {"kinetic": "semirelativistic"}}),
    "free gaussian in a plane": (2, FREE_GAUSSIANS, {}),
    "free dipolar": (3, [dipolar("a", "b", 0.8, [1, 2, -0.5])], {}),
    "free beside periodic": (3, [*GAUSSIANS, coulomb("a", "b", -0.8)], {}),
    "power of one density": (2, [], {"functional": [power("b", -0.5, 2.5)]}),
    "power of two densities": (3, CONTACTS, {"functional": [power("ba", 0.4, 7 / 3)]}),
    "quantum fluctuations of two": (3, CONTACTS, {"functional": [fluctuations("ab")]}),
    "quantum fluctuations of one on a line": (1, CONTACTS, {"functional": [fluctuations("a")]}),
    "quantum fluctuations in a plane": (2, CONTACTS, {"functional": [fluctuations("ab", cutoff=3.0)]}),
    "powers beside a kernel": (3, GAUSSIANS, {"functional": [power("ab", 0.4, 3.0), power("a", 0.3, 2.5)]}),
    "ramped coupling": (1, CONTACTS, {"coupling": [rabi(**{"from": 0.02, "ramp": 0.1})]}),
    "coupling in space": (3, GAUSSIANS, {"coupling": [rabi()]}),
    "rotating": (2, CONTACTS, {"rotation": {"rate": 0.4}}),
    "rotating with a kernel": (3, GAUSSIANS, {"rotation": {"rate": 0.6, "axis": [0.3, -0.5, 1.0]}}),
    "one in a vector potential": (2, GAUSSIANS, {"first": MAGNETIC}),
    "semirelativistic": (2, CONTACTS, {"first": {"kinetic": "semirelativistic"}}),
    "switched and moving": (
        2,
        GAUSSIANS,
        {
            "first": {
                "potential": [
                    harmonic(TRAP[2], until=0.07),
                    harmonic([0.4, 0.9], **{"from": 0.07, "ramp": 0.05}),
                    {"kind": "expression", "value": "0.8*sin(2*pi*x/5)*cos(9*t)"},
                ]
            }
        },
    ),
    "jumping and ramped interactions": (
        1,
        [
            gaussian_kernel("a", "b", 0.8, 0.6) | {"from": 0.05},
            gaussian_kernel("b", "b", -0.5, 0.8) | {"factor": "1 + 0.5*sin(9*t)"},
            contact("a", "a", 0.6) | {"until": 0.1},
            contact("a", "b", 0.5) | {"from": 0.02, "ramp": 0.1},
        ],
        {},
    ),
    "a kernel alone that jumps": (1, [gaussian_kernel("a", "b", 0.8, 0.6) | {"until": 0.05, "factor": "cos(5*t)"}], {}),
    "coupling in place, around a moving centre": (
        1,
        CONTACTS,
        {
            "coupling": [rabi(profile="1 + cos(x)", factor="1 + 0.5*sin(8*t)")],
            "first": {"potential": [harmonic(TRAP[1], centre=["0.3*sin(9*t)"])]},
        },
    ),
    "contact in a frame": (3, CONTACTS, {"grid": expanding(1.4)}),
    "contact in a frame on a line": (1, CONTACTS, {"grid": expanding(1.4)}),
    "gaussian in a frame": (3, GAUSSIANS, {"grid": expanding(1.4)}),
    "free coulomb in a frame": (3, [coulomb("a", "b", -0.8)], {"grid": expanding(1.4)}),
    "power in a frame": (2, CONTACTS, {"grid": expanding(1.4), "functional": [power("ab", 0.4, 7 / 3)]}),
}
"""Dimensions, interactions, and what is said beside them; "first": of the first species, in place of its trap or beside
it."""


def case(kind, integrator="strang", final=0.2, step=0.02, points=None):
    """Two clouds of different weights and masses that move against each other."""
    d, interactions, sections = KINDS[kind]
    sections = dict(sections)
    trap = [] if "frame" in sections.get("grid", {}) else [harmonic(TRAP[d])]
    first = {"potential": trap} | sections.pop("first", {})
    both = [
        species(
            "a",
            particles=3.0,
            initial=gaussian(0.8, centre=[0.3, 0.1, -0.2][:d], momentum=[0.6, -0.4, 0.3][:d]),
            **first,
        ),
        species("b", mass=1.7, particles=1.5, initial=gaussian(0.7, centre=[-0.4, 0.2, 0.1][:d])),
    ]
    return system(
        points or POINTS[d], LENGTHS[d], both, interactions, time=evolution(final, step, integrator), **sections
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_pairs_are_the_derivative_of_the_flow(kind):
    """(Phi(psi + e f) - Phi(psi - e f)) / 2 e = S f + O(e^2): of the flow of the steps, not of its limit."""
    start = case(kind)
    functions = functions_of(start, 1)
    expected = tangent_vectors(advanced(follow(start, functions)))[0]
    sizes, errors = np.array([4e-2, 2e-2, 1e-2]), []
    for size in sizes:
        ends = [stacked(displaced(case(kind), functions, sign * size).evolve()) for sign in (1, -1)]
        errors.append(largest((ends[0] - ends[1]) / (2 * size) - expected) / largest(expected))
    slope = log_slope(sizes, errors)
    assert abs(slope - 2.0) < 0.05, f"{kind}: {slope}, {errors}"
    assert errors[-1] < 3e-4  # the third derivative of the flow is of order one, times sizes[-1]^2


@pytest.mark.parametrize("kind", KINDS)
def test_invariants_and_linearity(kind):
    """The symplectic form after ten steps; S(x + y) and S(i x) from one and two pairs; u and w of i f."""
    one = case(kind)
    first, second = (functions_of(one, 1, seed) for seed in (1, 2))
    combined = [np.concatenate([x, y, x + y, 1j * x, 0.3 * x - 0.7 * y]) for x, y in zip(first, second, strict=True)]
    advanced(follow(one, combined))
    # ten steps of a Strang splitting, whose kicks and drifts round |f|^2 by some 1e-16 each; 1e-13 for each exponential
    # in a Krylov space
    krylov = not all(model.kinetic.diagonal for model in one.mixture.species)
    require_below(symplectic_defect(one, combined), 1e-12 if krylov else 1e-13, f"{kind}: symplectic defect")
    u, w = amplitudes(one)
    assert np.linalg.norm(w[0]) > 1e-3 * np.linalg.norm(u[0]), "nothing was excited"
    scale = np.linalg.norm(u[0])
    tolerance = 1e-11 if krylov else 1e-13
    for x in (u, w):
        require_below(np.linalg.norm(x[0] + x[1] - x[2]) / scale, tolerance, "additive")
        require_below(np.linalg.norm(0.3 * x[0] - 0.7 * x[1] - x[4]) / scale, tolerance, "real-linear")
    require_below(np.linalg.norm(1j * u[0] - u[3]) / scale, tolerance, "u is complex-linear in f")
    require_below(np.linalg.norm(-1j * w[0] - w[3]) / scale, tolerance, "w is antilinear in f")


@pytest.mark.parametrize("kind", KINDS)
def test_the_condensates_do_not_notice(kind):
    """Pairs beside them change none of their bits."""
    alone, beside = advanced(case(kind)), case(kind)
    advanced(follow(beside, functions_of(beside, 2)))
    for left, right in zip(alone.state.orbitals, beside.state.orbitals, strict=True):
        assert np.array_equal(left, right)
    assert beside.state.progress == alone.state.progress and beside.state.progress.pending_kick > 0.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4"])
def test_a_look_completes_pairs(kind, integrator):
    """Shear and phase of the pending kick, as the steps do them."""
    seen, whole = case(kind, integrator, final=0.06), case(kind, integrator, final=0.06)
    functions = functions_of(seen, 3)
    advanced(follow(seen, functions))
    follow(whole, functions)
    while whole.state.step < seen.state.step:
        whole.stepper.step(whole.state)
    for left, right in zip(amplitudes(seen), amplitudes(whole), strict=True):
        # merged kicks round differently
        assert largest(left - right) < 1e-12 * largest(right) + 1e-13
    assert seen.state.progress.pending_kick > 0.0
    raw = np.concatenate([array[0, 0].ravel() for array in seen.state.fluctuations.pairs])
    assert largest(raw - amplitudes(seen)[0][0]) > 1e-6


CHANGING = ("switched and moving", "ramped coupling", "jumping and ramped interactions", "a kernel alone that jumps")
UNCHANGING = [kind for kind in KINDS if "frame" not in kind and kind not in CHANGING]
"""Of step sizes too."""


@pytest.mark.parametrize("kind", UNCHANGING)
def test_forward_and_backward(kind):
    one = case(kind, "blanes-moan-4", final=0.1)
    functions = functions_of(one, 2)
    follow(one, functions).evolve()
    one.reverse()
    one.evolve(5)
    u, w = amplitudes(one)
    expected = np.concatenate([f.reshape(2, -1) for f in functions], axis=1)
    tolerance = 1e-12 if all(model.kinetic.diagonal for model in one.mixture.species) else 1e-11
    require_below(largest(u - expected) / largest(expected), tolerance, f"{kind}: u")
    require_below(largest(w) / largest(expected), tolerance, f"{kind}: w")


@pytest.mark.parametrize("kind", ["switched and moving", "jumping and ramped interactions"])
def test_forward_and_backward_where_potentials_change(kind):
    """The same with a switch and a ramp on the way: the stretches of equal steps, backwards."""
    one = case(kind, "blanes-moan-4", final=0.28, step=0.07)
    functions, table = functions_of(one, 2), one.problem.time.fixed_steps
    follow(one, functions).evolve()
    last, end = table.steps, one.state.time
    assert end == pytest.approx(0.28) and len(table.stretches) > 2
    for stretch in reversed(table.stretches):
        one.state = replace(one.state, progress=Progress(step_size=-stretch.size, mark=Mark(time=end)))
        one.stepper = Stepper(one.mixture, one.problem.time.splitting)
        one.evolve(last - stretch.mark.step)
        last, end = stretch.mark.step, stretch.mark.time
    u, w = amplitudes(one)
    expected = np.concatenate([f.reshape(2, -1) for f in functions], axis=1)
    require_below(largest(u - expected) / largest(expected), 1e-12, "u")
    require_below(largest(w) / largest(expected), 1e-12, "w")


@pytest.mark.parametrize(
    ("kind", "integrator", "pairs"),
    [
        ("contact on a line", "strang", all_functions),
        ("gaussian on a line", "strang", all_functions),
        ("free soft core on a line", "strang", lambda one: functions_of(one, 4)),
        ("contact on a line", "blanes-moan-6", lambda one: functions_of(one, 4)),
    ],
)
def test_symplectic_after_a_thousand_steps(kind, integrator, pairs):
    """Of all columns of the map, or of some functions."""
    one = case(kind, integrator, final=10.0, step=0.01)
    functions = pairs(one)
    advanced(follow(one, functions))
    assert one.state.step == 1000 and np.all(numbers(one) > 1e-3)
    # rounding grows with the steps: 1e-13 for ten of them
    require_below(symplectic_defect(one, functions), 1e-11, f"{kind}, {integrator}")


@pytest.mark.parametrize(
    ("integrator", "steps", "order"), [("strang", (40, 80, 160), 2), ("blanes-moan-4", (24, 48, 96), 4)]
)
@pytest.mark.parametrize("kind", ["contact on a line", "gaussian on a line"])
def test_numbers_have_the_order_of_the_integrator(kind, integrator, steps, order):
    def number(name, count):
        one = case(kind, name, final=0.8, step=0.8 / count)
        return numbers(follow(one, functions_of(one, 4)).evolve())

    exact = number("blanes-moan-6", 160)
    errors = [largest(number(integrator, count) - exact) for count in steps]
    assert errors[-1] > 1e3 * np.finfo(float).eps * largest(exact)
    assert abs(log_slope(steps, errors) + order) < 0.25, errors


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "coupling" not in kind])
def test_the_phase_of_each_species_alone(kind):
    """i psi_a(0) becomes i psi_a(t): a phase commutes with the flow."""
    for a in (0, 1):
        one = case(kind)
        advanced(follow(one, condensate_functions(one, a)))
        vector = tangent_vectors(one)[0].reshape(2, -1)
        one.evolve(0)
        expected = np.zeros_like(vector)
        expected[a] = 1j * one.field(a).ravel()
        tolerance = 1e-13 if all(model.kinetic.diagonal for model in one.mixture.species) else 1e-12
        require_below(largest(vector - expected) / largest(expected), tolerance, f"{kind}: phase of species {a}")


@pytest.mark.parametrize("kind", ["ramped coupling", "coupling in space"])
def test_the_common_phase_of_coupled_species(kind):
    one = case(kind)
    start = [1j * one.field(a)[np.newaxis] for a in (0, 1)]
    follow(one, start).evolve()
    vector, expected = tangent_vectors(one)[0], 1j * stacked(one)
    require_below(largest(vector - expected) / largest(expected), 1e-13, "common phase")


TRANSLATIONS = {
    "contact": [contact("a", "a", 0.7), contact("a", "b", 0.4)],
    "gaussian": GAUSSIANS,
}


def free_clouds(kernel):
    """Nothing but the interaction acts, so that all inertial frames are alike. Resolved to rounding: what a derivative
    along an axis does to the Nyquist mode is below it."""
    both = [
        species("a", particles=3.0, initial=gaussian(1.0, centre=0.3, momentum=0.4)),
        species("b", mass=1.7, particles=1.5, initial=gaussian(0.9, centre=-0.4)),
    ]
    return system([128], [20.0], both, TRANSLATIONS[kernel], time=evolution(0.6, 0.02, "blanes-moan-4"))


@pytest.mark.parametrize("kernel", TRANSLATIONS)
def test_translations(kernel):
    """-d psi/dx of all species together goes along."""
    one = free_clouds(kernel)

    def derivatives():
        k = one.grid.wave_numbers(0, odd=True)
        return [-np.fft.ifft(1j * k * np.fft.fft(one.field(a)))[np.newaxis] for a in (0, 1)]

    follow(one, derivatives()).evolve()
    vector = tangent_vectors(one)[0]
    expected = np.concatenate([array.ravel() for array in derivatives()])
    # a derivative multiplies rounding by the largest wave number, twenty
    require_below(largest(vector - expected) / largest(expected), 1e-12, "translation")


@pytest.mark.parametrize("kernel", TRANSLATIONS)
def test_boosts(kernel):
    """i m x psi / hbar becomes i m x psi - t d psi/dx: the position where a boosted cloud is. Splittings keep Galilei's
    group: x and p move in a drift as they do without a potential. Up to the tails at the edges, where x jumps."""
    one = free_clouds(kernel)
    (x,) = one.grid.coordinates
    masses = [model.mass for model in one.mixture.species]
    start = [1j * mass * (x * one.field(a))[np.newaxis] for a, mass in enumerate(masses)]
    follow(one, start).evolve()
    vector = tangent_vectors(one)[0]
    k, t = one.grid.wave_numbers(0, odd=True), one.state.time
    expected = np.concatenate([
        1j * mass * x * one.field(a) - t * np.fft.ifft(1j * k * np.fft.fft(one.field(a)))
        for a, mass in enumerate(masses)
    ])  # fmt: skip
    # psi is 1e-11 of its top at the edges after t = 0.6
    require_below(largest(vector - expected) / largest(expected), 1e-9, "boost")


@pytest.mark.parametrize("kind", ["contact on a line", "gaussian on a line"])
def test_rate_of_the_numbers(kind):
    """d/dt sum_a <N_a> = 2 Im sum over pairs of <w, K2 conj(u)> / hbar, K2 g = psi_a sum_b G_ab * (psi_b g_b)."""
    step = 0.002
    one = case(kind, "blanes-moan-6", final=0.4, step=step)
    follow(one, functions_of(one, 4)).evolve(150)
    counted, rate = [], None
    for place in range(9):
        counted.append(np.sum(numbers(one)))
        if place == 4:
            whole = replace(one.state)
            u, w = amplitudes(one)
            psi = np.concatenate([
                np.sqrt(one.mixture.weights[a]) * next(one.look().orbitals(a)).ravel() for a in (0, 1)
            ])  # fmt: skip
            densities = one.mixture.densities(whole.clouds)
            rate = 0.0
            for u_i, w_i in zip(u, w, strict=True):
                change = list((psi * u_i.conj()).reshape(2, *one.grid.position_shape))
                felt = [
                    np.asarray(one.mixture.interactions.responses(densities, [part(c) for c in change]))
                    for part in (np.real, np.imag)
                ]
                rate += 2.0 * np.vdot(w_i, psi * (felt[0] + 1j * felt[1]).ravel()).imag * one.grid.cell_volume
        one.evolve(1)
    eighth = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    measured = float(eighth @ counted) / step
    assert abs(rate) > 1e-2
    # sums of 1e-15 N over a step of 0.002
    assert measured == pytest.approx(rate, rel=1e-9)


@pytest.mark.skipif(dispatch.implementation() is reference, reason="there are no compiled kernels to compare with")
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_kernels_and_twins(kind, monkeypatch):
    def ends():
        one = case(kind, "blanes-moan-4", final=0.06)
        return amplitudes(advanced(follow(one, functions_of(one, 2))))

    compiled = ends()
    monkeypatch.setattr(dispatch, "implementation", lambda: reference)
    for left, right in zip(compiled, ends(), strict=True):
        assert largest(left - right) < 2e-13 * largest(compiled[0])


def test_settling_on_the_way_changes_no_bits():
    for kind in ("contact in space", "gaussian in space", "one in a vector potential"):
        one, other = case(kind), case(kind)
        for each in (one, other):
            follow(each, functions_of(each, 2))
        advanced(one, 4)
        for _ in range(4):
            advanced(other, 1)
        for left, right in zip(one.state.fluctuations.pairs, other.state.fluctuations.pairs, strict=True):
            assert np.array_equal(left, right)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("contact in space", {}),
        ("gaussian in space", {}),
        ("contact in a plane", {"functional": [power("ab", 0.4, 7 / 3)]}),
        ("free gaussian in a plane", {}),
    ],
)
def test_to_the_time_infinity(kind, more):
    """In a frame that a released mixture fills: the same checks where its scale is infinite."""
    d, interactions, _ = KINDS[kind]

    def released():
        trap = [harmonic(1.4, until=0.0)]
        both = [
            species("a", particles=3.0, potential=trap, initial=gaussian(0.8, momentum=[0.6, -0.4, 0.3][:d])),
            species("b", mass=1.7, particles=1.5, potential=trap, initial=gaussian(0.7, centre=[-0.4, 0.2, 0.1][:d])),
        ]
        time = evolution("infinity", 0.1, "blanes-moan-4")
        return system(POINTS[d], LENGTHS[d], both, interactions, grid=expanding(1.4), time=time, **more)

    one = released()
    functions = functions_of(one, 2)
    advanced(follow(one, functions))
    assert one.look().time == np.inf and np.all(numbers(one) > 1e-5)
    require_below(symplectic_defect(one, functions), 1e-13, f"{kind}: symplectic defect")
    ends = [stacked(displaced(released(), functions, sign * 1e-2).evolve()) for sign in (1, -1)]
    expected = tangent_vectors(one)[0]
    # the third derivative of the flow is of order one
    assert largest((ends[0] - ends[1]) / 2e-2 - expected) < 1e-4 * largest(expected)


def test_adaptive_steps_are_refused():
    one = system([16], [8.0], [species("a", particles=2.0)], time={"final": 1.0, "step": {"tolerance": 1e-6}})
    follow(one, functions_of(one, 1))
    with pytest.raises(TypeError, match="fixed steps"):
        AdaptiveStepper(one.mixture, one.problem.time).advance(one.state)


def test_sets_of_orbitals_are_refused():
    fermions = species("a", kind="fermions", orbitals=3, potential=[harmonic(1.0)])
    one = system([16], [8.0], [fermions], time=evolution(0.1, 0.05, "strang"))
    follow(one, [np.zeros((1, 16), complex)])
    with pytest.raises(TypeError, match="beside condensates"):
        one.evolve()


LINES = [(kind, 24) for kind, (d, *_) in KINDS.items() if d == 1]
LINES += [("gaussian on a line", 1000), ("gaussian on a line", 4200)]
"""All of 18 pairs are moved at once, 16 of them, each by itself."""


@pytest.mark.parametrize(("kind", "points"), LINES)
def test_pairs_of_a_line_do_not_depend_on_each_other(kind, points):
    """The bits of pairs and of looks at them, however many are moved at once and wherever a pair is among them."""
    count = 18

    def ends(places):
        one = case(kind, final=0.04, points=[points])
        advanced(follow(one, [f[list(places)] for f in functions_of(one, count)]))
        seen = [[array.copy() for array in pair] for pair in one.look().pairs()]
        return [*one.state.fluctuations.pairs, *map(np.stack, zip(*seen, strict=True))]

    whole = ends(range(count))
    assert all(largest(array[:, 1]) > 1e-5 for array in whole)
    for places in (range(7), range(7, count), range(count)[::-1], [count - 1]):
        for array, expected in zip(ends(places), whole, strict=True):
            assert np.array_equal(array, expected[list(places)])
