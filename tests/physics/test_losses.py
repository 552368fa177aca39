"""Losses against closed forms: uniform gases, channels, traps, edges that absorb, orders of the integrators."""

import math

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    expression,
    gaussian,
    gaussian_kernel,
    harmonic,
    largest,
    log_slope,
    require_below,
    soft_core,
    species,
    system,
)

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.running.planning.resolution.watch import ResolutionWatch
from hpcmix.running.stops.guard import BlowUp

UNIFORM = expression("1")
EVERY_STEP = 1e-12
"""Relative: some hundred roundings of a few hundred steps."""


def gas(loss, time, interaction=(), particles=3.0, dimensions=1, **sections):
    """A uniform gas in a box of volume 2^d."""
    one = species("a", particles=particles, initial=UNIFORM)
    return system([4] * dimensions, [2.0] * dimensions, [one], interaction, loss=loss, time=time, **sections)


def two_body(*channel, rate):
    return {"kind": "two-body", "channel": list(channel), "rate": rate}


def three_body(*channel, rate):
    return {"kind": "three-body", "channel": list(channel), "rate": rate}


DECAYS = pytest.mark.parametrize(
    ("loss", "remains"),
    [
        ({"kind": "one-body", "rate": 0.7}, lambda n, t: math.exp(-0.7 * t)),
        (two_body("a", "a", rate=0.3), lambda n, t: 1.0 / (1.0 + 0.3 * n * t)),
        (three_body("a", "a", "a", rate=0.2), lambda n, t: 1.0 / math.sqrt(1.0 + 0.4 * n**2 * t)),
    ],
    ids=["one", "two", "three"],
)
"""Losses of one gas, and what is left of the density n after a time."""


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@DECAYS
def test_a_uniform_gas_decays_as_written_down(loss, remains, dimensions):
    """Whatever the steps are: the flow is exact, and the drift leaves a uniform gas alone."""
    found = gas([loss], evolution(2.0, 0.25, "strang"), dimensions=dimensions)
    start = found.density().mean()
    found.evolve()
    assert found.density() == pytest.approx(start * remains(start, 2.0), rel=1e-13)
    record = found.record()["species"]["a"]
    assert sum(record["lost"]) == pytest.approx(3.0 - record["particles"], rel=1e-12)


@pytest.mark.parametrize(("integrator", "step"), [("strang", 0.1), ("blanes-moan-4", 0.2), ("blanes-moan-rkn-6", 0.2)])
def test_the_phase_of_a_gas_that_loses_three_at_a_time(integrator, step):
    """theta = -(g / (hbar K n_0)) (sqrt(1 + 2 K n_0^2 t) - 1); kicks see the densities of their instant, which is of
    second order in the step whatever the scheme: its error falls by four."""
    strength, rate, n = 0.8, 0.3, 1.5

    def error(size):
        found = gas([three_body("a", "a", "a", rate=rate)], evolution(2.0, size, integrator), [
            contact("a", "a", strength)
        ]).evolve()  # fmt: skip
        exact = -(strength / (rate * n)) * (math.sqrt(1.0 + 2.0 * rate * n**2 * 2.0) - 1.0)
        turn = np.angle(found.field() * np.exp(-1j * exact))
        assert np.ptp(turn) < 1e-13
        return abs(turn[0])

    errors = [error(step), error(step / 2)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.2), errors
    require_below(errors[1], 5e-3, "phase")


@pytest.mark.parametrize(("axes", "channel"), [(2, "aaa"), (1, "aaa"), (2, "ab"), (1, "aab")])
def test_a_tight_trap_across_the_grid_makes_rates_of_those_of_space(axes, channel):
    """Averages over the ground states' densities exp(-r^2/l^2)/(sqrt(pi) l)^axes, here by quadrature: of two masses."""
    both = [species("a", particles=3.0, initial=UNIFORM), species("b", mass=2.5, particles=2.0, initial=UNIFORM)]
    kind = {2: two_body, 3: three_body}[len(channel)]
    across = {"transverse": {"frequency": 9.0, "axes": axes}}
    found = system([4] * (3 - axes), [2.0] * (3 - axes), both, loss=[kind(*channel, rate=0.7)], grid=across,
                   time=evolution(1.0, 1.0, "strang"))  # fmt: skip
    x, step = np.linspace(-4.0, 4.0, 801, retstep=True)
    lengths = {"a": 1.0 / 3.0, "b": 1.0 / math.sqrt(22.5)}
    density = {name: np.exp(-((x / length) ** 2)) / (math.sqrt(math.pi) * length) for name, length in lengths.items()}
    along_axis = np.sum(math.prod(density[name] for name in channel)) * step
    assert found.mixture.losses.reactions[0].rate == pytest.approx(0.7 * along_axis**axes, rel=1e-13)


BOTH = [
    species("a", particles=5.0, initial=expression("1 + 0.5*cos(2*pi*x/9)")),
    species("b", particles=2.0, mass=2.0, initial=expression("1 + 0.4*sin(2*pi*x/9)")),
]


@pytest.mark.parametrize(
    ("channel", "conserved"), [("aab", (1.0, -2.0)), ("ab", (1.0, -1.0)), ("baa", (1.0, -2.0)), ("bbb", (1.0, 0.0))]
)
def test_what_a_channel_conserves_stays_at_every_point(channel, conserved):
    """n_A - 2 n_B for A + A + B, n_A - n_B for A + B, in one flow without drift."""
    kind = {2: two_body, 3: three_body}[len(channel)]
    found = system([9], [9.0], BOTH, loss=[kind(*channel, rate=2.0)], time=evolution(1.0, 1.0, "strang"))
    before = [found.density(a).copy() for a in (0, 1)]
    found.mixture.engine.kernels.react(
        np.array(before), [list(each) for each in found.state.orbitals], found.mixture.losses.reactions, 1.0
    )
    after = [found.density(a) for a in (0, 1)]
    assert np.sum(after[1]) < 0.9 * np.sum(before[1]) and np.all(after[1] > 0.0)
    kept = [sum(c * n for c, n in zip(conserved, densities, strict=True)) for densities in (before, after)]
    assert largest(kept[1] - kept[0]) < 1e-14 * largest(before[0]) * 4  # roundings of |psi|^2


def test_rates_count_particles_of_the_species_named_first():
    """d n_a = -K n_a^2 n_b and d n_b half of it for a, a, b; for b, a, a d n_b = -K n_b n_a^2 and d n_a twice it."""
    for channel, shares in (("aab", (1.0, 0.5)), ("baa", (2.0, 1.0)), ("ab", (1.0, 1.0))):
        kind = {2: two_body, 3: three_body}[len(channel)]
        one, other = species("a", particles=3.0, initial=UNIFORM), species("b", particles=5.0, initial=UNIFORM)
        rate = 1e-6
        found = system([2], [1.0], [one, other], loss=[kind(*channel, rate=rate)], time=evolution(1.0, 1.0, "strang"))
        found.evolve()
        product = math.prod({"a": 3.0, "b": 5.0}[name] for name in channel)
        lost = [found.record()["species"][name]["lost"][0] for name in "ab"]
        # to first order in K t n^2, here below 1e-4
        assert lost == pytest.approx([share * rate * product for share in shares], rel=1e-4)


def test_channels_together_take_what_each_takes_alone_at_first():
    """Three entries at once, by the series of the densities' equation: the balance closes by channel and species, and
    the rates are those of the entries."""
    losses = [three_body("a", "a", "b", rate=0.05), two_body("a", "b", rate=0.2), {"kind": "one-body", "rate": 0.1}]
    found = system([9], [9.0], BOTH, loss=losses, time=evolution(1e-3, 5e-4, "strang"))
    a, b = found.density(0).copy(), found.density(1).copy()
    volume = found.grid.cell_volume
    found.evolve()
    lost = np.array([found.record()["species"][name]["lost"] for name in "ab"]).T / 1e-3
    expected = [
        [0.05 * np.sum(a**2 * b) * volume, 0.025 * np.sum(a**2 * b) * volume],
        [0.2 * np.sum(a * b) * volume] * 2,
        [0.1 * 5.0, 0.1 * 2.0],
    ]
    assert lost == pytest.approx(np.array(expected), rel=2e-3)  # densities change by as much in a time of 1e-3
    assert np.sum(lost, axis=0) * 1e-3 == pytest.approx([5.0 - found.density(0).sum() * volume,
                                                         2.0 - found.density(1).sum() * volume], rel=1e-10)  # fmt: skip


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-rkn-6"])
def test_a_trapped_cloud_loses_k_times_the_integral_of_its_cube(integrator):
    """dN/dt = -K integral n^3 of records that are close in time, and N + lost stays to rounding."""
    rate = 0.05
    one = [species("a", particles=8.0, potential=harmonic([1.0]), initial=gaussian([0.8]))]
    found = system([48], [16.0], one, [contact("a", "a", 0.6)], loss=[three_body("a", "a", "a", rate=rate)],
                   time=evolution(0.2, 0.005, integrator))  # fmt: skip
    cubes, numbers, totals = [], [], []
    for _ in range(3):
        record = found.record()["species"]["a"]
        cubes.append(np.sum(found.density() ** 3) * found.grid.cell_volume)
        numbers.append(record["particles"])
        totals.append(record["particles"] + sum(record["lost"]))
        found.evolve(20)
    # Simpson's rule over 0.2 of a function whose fourth derivative is about 300 K N n^2: an error below 1e-4 of it
    integral = 0.2 / 6.0 * (cubes[0] + 4.0 * cubes[1] + cubes[2])
    assert numbers[0] - numbers[2] == pytest.approx(rate * integral, rel=2e-3)
    assert totals == pytest.approx([8.0] * 3, rel=EVERY_STEP)


def order_of(integrator, steps):
    """Of a cloud of two components that loses in three ways, against a run of a fine step."""

    def final(step):
        both = [
            species("a", particles=2.0, potential=harmonic([1.0]), initial=gaussian([1.0])),
            species("b", particles=1.0, potential=harmonic([1.0]), initial=gaussian([0.8], centre=[0.7])),
        ]
        losses = [three_body("a", "a", "b", rate=0.4), two_body("b", "b", rate=0.3),
                  {"kind": "one-body", "rate": 0.2, "profile": "exp(-x**2)"}]  # fmt: skip
        found = system([32], [14.0], both, [contact("a", "b", 0.5)], loss=losses, time=evolution(0.8, step, integrator))
        return np.array([found.evolve().field(a) for a in (0, 1)])

    exact = final(steps[-1] / 8)
    return log_slope(steps, [float(np.linalg.norm(final(step) - exact)) for step in steps])


@pytest.mark.parametrize(
    ("integrator", "steps"), [("strang", (0.1, 0.05)), ("blanes-moan-4", (0.2, 0.1)), ("blanes-moan-rkn-6", (0.2, 0.1))]
)
def test_steps_are_of_second_order_in_the_losses(integrator, steps):
    # against a step of an eighth, whose own error is a 64th of the smaller one
    assert order_of(integrator, steps) == pytest.approx(2.0, abs=0.15)


# ---------------------------------------------------------------- edges that absorb


SLOWEST = 1.0
WIDTH, STRENGTH = 20.0 / SLOWEST, 45.0 * SLOWEST**2
"""What docs/systems/losses.md recommends for waves from SLOWEST to ten times as fast."""


@pytest.mark.parametrize(("k", "size", "final"), [(1.4, 5.0, 90.0), (4.0, 2.0, 40.0), (9.3, 2.0, 16.0)])
def test_an_absorber_sends_nothing_back_of_a_decade_of_waves(k, size, final):
    """A packet in a box with absorbers beside the same in one four times as wide: what comes back, or through, in the
    part that both have outside the absorbers, at four times."""

    def box(factor, step, **losses):
        one = [species("a", initial=gaussian([size], momentum=[k]))]
        return system([384 * factor], [96.0 * factor], one, time=evolution(final, step, "strang"), **losses)

    absorbing = box(1, final / 200, loss=[{"kind": "absorber", "width": WIDTH, "strength": STRENGTH}])
    wide = box(4, final / 4)  # free: a drift of any length is exact
    inner = np.abs(absorbing.grid.axis(0)) < 48.0 - WIDTH
    same = slice(3 * 192, 5 * 192)  # the points of the one among those of the other
    assert np.array_equal(wide.grid.axis(0)[same], absorbing.grid.axis(0))
    worst = 0.0
    for _ in range(4):
        absorbing.evolve(50)
        wide.evolve(1)
        difference = (absorbing.field() - wide.field()[same])[inner]
        worst = max(worst, float(np.sum(np.abs(difference) ** 2)) * absorbing.grid.cell_volume)
    require_below(worst, 1e-6, f"comes back of the packet at k = {k}")
    record = absorbing.record()["species"]["a"]
    assert record["lost"] == pytest.approx([1.0 - record["particles"]], rel=EVERY_STEP)
    assert record["particles"] < 1e-6


class Lines:
    """A log that keeps what is said."""

    def __init__(self):
        self.said = []

    def line(self, text):
        self.said.append(text)


def test_what_an_absorber_lets_out_does_not_meet_its_images():
    """Neither a warning nor an end of the run where a cloud that a trap holds is at the faces of an open axis; and no
    judgement of what losses have left."""
    one = [species("a", potential=harmonic(1.0), initial=gaussian(1.0))]
    losses = [{"kind": "absorber", "width": 3.0, "strength": 4.0, "axes": "x"}]
    opened = system([24, 24], [9.0, 9.0], one, loss=losses, time=evolution(1.0, 0.1))
    found = opened.record()
    measured = found["species"]["a"] | {"face_density": [0.5, 1e-9]}

    def look(**entries):
        log = Lines()
        ResolutionWatch(opened.problem, log).look(found | {"species": {"a": measured | entries}})
        return [text for text in log.said if text.startswith("warning")]

    assert look() == []
    with pytest.raises(BlowUp, match="at the faces of the box along y is"):
        look(face_density=[1e-9, 0.5])
    assert look(face_density=[1e-9, 0.5], particles=1e-9, lost=[1.0]) == []


def test_an_absorber_that_is_off_opens_no_axis():
    one = [species("a", potential=harmonic(1.0), initial=gaussian(1.0))]
    losses = [{"kind": "absorber", "width": 3.0, "strength": 4.0, "axes": "x", "from": 0.5}]
    found = system([24, 24], [9.0, 9.0], one, loss=losses, time=evolution(1.0, 0.1))
    record = found.record()
    crowded = {"species": {"a": record["species"]["a"] | {"face_density": [0.5, 1e-9]}}}
    watch = ResolutionWatch(found.problem, Lines())
    watch.look(record | crowded | {"time": 0.6, "step": 6})
    with pytest.raises(BlowUp, match="at the faces of the box along x is"):
        watch.look(record | crowded | {"time": 0.4, "step": 4})


def test_an_absorber_acts_on_its_axes_and_species_alone():
    """In the plane a packet runs along y through faces that do not absorb, and one of another species along x."""
    both = [species("a", initial=gaussian(1.0, momentum=[0.0, 4.0])), species("b", initial=gaussian(1.0))]
    losses = [{"kind": "absorber", "width": [2.0, 3.0], "strength": 9.0, "axes": "x", "species": ["a"]}]
    found = system([40, 25], [16.0, 16.0], both, loss=losses, time=evolution(3.0, 0.1, "strang"))
    profile = found.mixture.losses.reactions[0].profile
    x = found.grid.axis(0)
    assert len(found.mixture.losses.reactions) == 1
    assert np.all(profile[np.abs(x) <= 6.0] == 0.0) and np.all(profile[np.abs(x) > 6.0] > 0.0)
    assert profile[0] == pytest.approx(np.ones(25)) and np.all(np.ptp(profile, axis=1) == 0.0)
    record = found.evolve().record()["species"]
    assert record["b"]["lost"] == [0.0]
    assert 0.0 < record["a"]["lost"][0] < 1e-2  # spreads, but does not run, along x


# ---------------------------------------------------------------- beside everything else that moves fields

TRAPPED = [
    species("a", particles=3.0, potential=harmonic(1.0), initial=gaussian(1.0, centre=0.4, momentum=0.5)),
    species("b", particles=2.0, potential=harmonic(0.8), initial=gaussian(0.9)),
]
CLASSICAL = {
    "name": "c", "kind": "classical", "particles": 1.0, "markers": 64, "potential": [harmonic(1.0)],
    "initial": gaussian(1.0, momentum_width=0.5),
}  # fmt: skip
MOVING = {"kind": "lattice", "depth": 0.6, "period": 4.0, "from": 0.1}
BESIDE = {
    "nothing": {},
    "kernels on the box": {"interaction": [gaussian_kernel("a", "b", 0.4, 0.7)]},
    "kernels in free space": {"interaction": [soft_core("a", "b", 0.4, 1.1, boundary="free")]},
    "a functional": {"functional": [{"kind": "power", "species": ["a", "b"], "exponent": 2.5, "strength": 0.2}]},
    "a coupling": {"coupling": [{"between": ["a", "b"], "rabi_frequency": 1.5, "detuning": 0.3, "from": 0.1}]},
    "a coupling in places": {
        "coupling": [
            {"between": ["a", "b"], "rabi_frequency": 1.5, "profile": "exp(-x**2/8)", "momentum": [math.pi / 3.0, 0.0]}
        ],
    },
    "a spinor": {
        "species": [
            *(each | {"potential": harmonic(1.0)} for each in TRAPPED),
            species("c", particles=1.0, potential=harmonic(1.0), initial=gaussian(0.9)),
        ],
        "contacts": [],
        "spinor": [{"species": ["a", "b", "c"], "spin_interaction": -0.8, "density_interaction": 2.0}],
    },
    "rotation": {"rotation": {"rate": 0.3}},
    "a classical species": {"species": [*TRAPPED, CLASSICAL], "interaction": [gaussian_kernel("a", "c", 0.4, 1.4)]},
    "fermions": {
        "species": [*TRAPPED, {"name": "f", "kind": "fermions", "orbitals": 2, "initial": {"kind": "plane-waves"}}],
        "interaction": [contact("a", "f", 0.4)],
    },
    "a switched potential": {"species": [TRAPPED[0] | {"potential": [harmonic(1.0), MOVING]}, TRAPPED[1]]},
}


def beside(name, losses, integrator="blanes-moan-4", step=0.05):
    sections = dict(BESIDE[name])
    both, interaction = sections.pop("species", TRAPPED), sections.pop("interaction", [])
    contacts = sections.pop("contacts", [contact("a", "a", 0.3), contact("a", "b", 0.2)])
    time = evolution(0.3, step, integrator)
    return system([17, 16], [12.0, 12.0], both, [*contacts, *interaction], loss=losses, time=time, **sections).evolve()


@pytest.mark.parametrize("name", BESIDE)
def test_losses_of_rate_zero_leave_every_bit_and_others_balance(name):
    """What stands in the middle of a step disturbs nothing of it: kicks, drifts, half-way fields, markers."""
    channel = ["a", "a", "b"]
    without = beside(name, [])
    idle = beside(name, [three_body(*channel, rate=0.0), {"kind": "one-body", "species": ["a", "b"], "rate": 0.0}])
    for left, right in zip(without.state.clouds, idle.state.clouds, strict=True):
        # orbitals of a set are turned by a phase made once, in the sweep of the transforms or apart from them
        assert left.squared_distance(right) <= (1e-28 if name == "fermions" else 0.0)
    assert idle.record()["lost"] == [0.0, 0.0]
    losses = [three_body(*channel, rate=0.5), {"kind": "absorber", "width": 4.0, "strength": 5.0, "species": ["a"]}]
    record = beside(name, losses).record()["species"]
    there = [record[each]["particles"] + sum(record[each]["lost"]) for each in "ab"]
    if "coupling" in BESIDE[name]:
        assert sum(there) == pytest.approx(5.0, rel=EVERY_STEP)
    elif "spinor" in BESIDE[name]:
        assert sum(there) + record["c"]["particles"] == pytest.approx(6.0, rel=EVERY_STEP)
        assert record["c"]["lost"] == [0.0, 0.0]
    else:
        assert there == pytest.approx([3.0, 2.0], rel=1e-9 if name == "rotation" else EVERY_STEP)  # Krylov spaces
    assert min(record["a"]["lost"]) > 1e-6 and record["b"]["lost"][1] == 0.0


@pytest.mark.parametrize("name", ["a coupling", "a coupling in places", "a spinor"])
def test_losses_of_species_that_turn_into_each_other_are_of_second_order(name):
    losses = [three_body("a", "a", "b", rate=0.9), two_body("b", "b", rate=0.6)]

    def final(step):
        return np.array([orbitals[0] for orbitals in beside(name, losses, "strang", step).state.orbitals])

    exact, steps = final(0.005), (0.1, 0.05)
    errors = [float(np.linalg.norm(final(step) - exact)) for step in steps]
    assert log_slope(steps, errors) == pytest.approx(2.0, abs=0.15), errors


@pytest.mark.parametrize("losses", [[two_body("a", "a", rate=0.3), {"kind": "one-body", "rate": 0.2}],
                                    [three_body("a", "a", "a", rate=0.2)]], ids=["one and two", "three"])  # fmt: skip
def test_a_released_cloud_loses_as_much_in_a_frame_that_expands_with_it(losses):
    """Against a run on a grid that stays, and of second order in the step of the frame's clock."""

    def released(step, **grid):
        one = [species("a", particles=3.0, potential=[harmonic(1.0) | {"until": 0.0}], initial=gaussian(1.0))]
        found = system([128], [40.0], one, [contact("a", "a", 0.4)], loss=losses, grid=grid,
                       time=evolution(1.5, step, "blanes-moan-4"))  # fmt: skip
        record = found.evolve().record()["species"]["a"]
        assert record["particles"] + sum(record["lost"]) == pytest.approx(3.0, rel=EVERY_STEP)
        return np.array([*record["lost"], *record["rms_width"]])

    exact, frame = released(0.005), {"kind": "expanding", "rate": 1.0}
    steps = (0.1, 0.05)
    errors = [largest(released(step, frame=frame) - exact) for step in steps]
    assert log_slope(steps, errors) == pytest.approx(2.0, abs=0.2), errors
    require_below(errors[1], 1e-3, "lost and width")


# ---------------------------------------------------------------- in time

COURSES = {
    "from": ({"from": 0.63}, 1.37),
    "until": ({"until": 0.63}, 0.63),
    "a ramp up": ({"from": 0.4, "ramp": 1.1}, 0.5 * 1.1 + 0.5),
    "a ramp down": ({"until": 0.4, "ramp": 1.1}, 0.4 + 0.5 * 1.1),
    "a factor": ({"factor": "2 - t"}, 2.0),
}
"""What a loss is multiplied by, and the area under it from t = 0 to 2."""


@pytest.mark.parametrize("course", COURSES)
@DECAYS
def test_a_loss_that_is_switched_takes_what_the_area_under_its_course_does(loss, remains, course):
    """The flows of a uniform gas add up their rates times durations, and half a step at each of its ends is the
    trapezoid rule: exact for steps, straight ramps and factors, as steps end at their corners."""
    keys, area = COURSES[course]
    found = gas([loss | keys], evolution(2.0, 0.25, "blanes-moan-4"))
    start = found.density().mean()
    found.evolve()
    assert found.density() == pytest.approx(start * remains(start, area), rel=1e-13)
    record = found.record()["species"]["a"]
    assert record["lost"][0] == pytest.approx(3.0 - record["particles"], rel=1e-12)


def test_a_table_in_time_takes_the_area_under_it():
    """Monotone cubics through points of a line are the line."""
    found = gas([{"kind": "one-body", "rate": 0.7, "factor": {"times": [0.3, 0.9, 1.7], "values": [0.0, 0.6, 1.4]}}],
                evolution(2.0, 0.25)).evolve()  # fmt: skip
    left = 3.0 * math.exp(-0.7 * (0.5 * 1.4**2 + 0.3 * 1.4))
    assert found.record()["species"]["a"]["particles"] == pytest.approx(left, rel=1e-12)


def lossy_cloud(step, losses, integrator="strang"):
    one = [species("a", particles=3.0, potential=harmonic(1.0), initial=gaussian(0.8, centre=0.5))]
    return system([48], [16.0], one, [contact("a", "a", 0.8)], loss=losses, time=evolution(1.0, step, integrator))


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4"])
def test_a_smooth_ramp_of_a_loss_keeps_the_second_order(integrator):
    """Corners at 0.13, 0.37 and 0.83, of which none is a multiple of a step."""
    ramp = {"from": 0.13, "ramp": 0.7, "ramp_shape": "smooth"}
    losses = [three_body("a", "a", "a", rate=0.4) | ramp, {"kind": "one-body", "rate": 0.5, "until": 0.37}]

    def final(step):
        found = lossy_cloud(step, losses, integrator).evolve()
        record = found.record()["species"]["a"]
        assert record["particles"] + sum(record["lost"]) == pytest.approx(3.0, rel=EVERY_STEP)
        return np.array([*record["lost"], *record["centre"], *record["rms_width"]])

    exact, steps = final(0.005), (0.04, 0.02)
    errors = [largest(final(step) - exact) for step in steps]
    assert log_slope(steps, errors) == pytest.approx(2.0, abs=0.25), errors
    require_below(errors[1], 1e-3, "lost, centre and width")


def test_adaptive_steps_end_where_a_loss_is_switched():
    """The two halves of a step take the area under a straight ramp exactly, whatever its length."""
    keys = {"from": 0.13, "ramp": 0.4, "until": 0.71}
    time = {"final": 1.5, "step": {"tolerance": 1e-3, "largest": 0.2}, "integrator": "strang"}
    found = gas([{"kind": "one-body", "rate": 0.7} | keys], time)
    stepper, ends = AdaptiveStepper(found.mixture, found.problem.time), []
    while found.state.time < 1.5 - 1e-12:
        stepper.advance(found.state)
        ends.append(found.state.time)
    assert {0.13, 0.53, 0.71, 1.11} <= {round(end, 12) for end in ends}
    record = found.record()["species"]["a"]
    assert record["particles"] == pytest.approx(3.0 * math.exp(-0.7 * (0.71 - 0.13)), rel=1e-12)
    assert record["lost"][0] == pytest.approx(3.0 - record["particles"], rel=1e-12)


def test_while_no_loss_acts_fields_have_the_bits_of_a_run_without():
    """Those of the run before a loss begins, whose steps end there; and energy is watched once none comes any more."""
    plain, later = lossy_cloud(0.1, []), lossy_cloud(0.1, [{"kind": "one-body", "rate": 0.5, "from": 0.5}])
    np.testing.assert_array_equal(plain.evolve(5).field(), later.evolve(5).field())
    assert later.record()["lost"] == [0.0]
    assert later.evolve(1).record()["lost"][0] > 0.05 and not later.mixture.conserves_energy_after(9.0)
    ended = lossy_cloud(0.1, [{"kind": "one-body", "rate": 0.5, "until": 0.2, "ramp": 0.3}])
    assert not ended.mixture.conserves_energy_after(0.49) and ended.mixture.conserves_energy_after(0.5)


def test_a_factor_that_becomes_negative_between_the_looks_ends_the_run():
    """Adaptive steps are looked at in advance at time zero alone."""
    time = {"final": 1.0, "step": {"tolerance": 1e-3}, "integrator": "strang"}
    found = gas([{"kind": "one-body", "rate": 0.7, "factor": "1 - 4*t"}], time)
    stepper = AdaptiveStepper(found.mixture, found.problem.time)
    with pytest.raises(FloatingPointError, match=r"loss\.0\.factor is negative at t = .* does not come back"):
        for _ in range(40):
            stepper.advance(found.state)
