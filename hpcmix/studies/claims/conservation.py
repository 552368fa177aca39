"""Are particles, energy, momentum and angular momentum kept over a long run, up to an error that goes with the step?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.measures.conservation import NORM_OF_A_TRANSFORM
from hpcmix.observe.record import observe
from hpcmix.observe.registry import requested
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.switching import Switching
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, WINDOW, Variation, variations
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.setting import DIVISION, Load, Setting, clock_label, evolved, first_loss
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "conservation",
    "particles of every species, energy, momentum and angular momentum do not change where the potentials leave them",
    "Anapolitanos, Hott and Hundertmark, (65) and Appendix B; Michelangeli and Olgiati (4.11); Chong, Lee and Sun, "
    "Proposition 2.4",
)

STEPS = (1.0, 2.0 / 3.0, 0.5)
"""The run's step by these factors: the drift is fitted against them."""

LARGE = 1e-3
"""A relative drift above it is no small error any more: nothing follows from how it behaves."""

SECULAR = 0.5
"""The largest drift up to t goes like a power of t: above this one it counts as secular, below as bounded."""

POWERS_OF_TIME = 8
"""Times, evenly in the logarithm, at which the largest drift until then is fitted, from LATE of the run on."""
LATE = 0.25

FALLING = 1.0
"""The power of the step that a drift must fall with at least to be the splitting's, which has order two or more."""

ELSEWHERE = ("grid", "box", WINDOW)
"""What a drift may come from that does not fall with the step."""

EXPLAINED = 2.0
"""A drift that grows by this factor on a coarser grid, in a smaller box or with narrower windows of markers comes from
there."""


MOVING, TURNING = ("momentum x", "momentum y", "momentum z"), ("angular x", "angular y", "angular z")
SCALES = ("energy scale", "momentum scale", "angular scale")
FIXED = "potentials fixed"


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve with three steps, on a coarser grid and in a smaller box, and look at the drifts. Collective."""
    problems, described = setting.on_root(_plan)
    first = problems[AS_GIVEN]
    names = tuple(columns(first))
    tracks = [Track(name, (problem,), names, measure, optional=name != AS_GIVEN) for name, problem in problems.items()]
    records = setting.work.follow_all(tracks)
    return first, conclude(first, records, described)


def _plan(load: Load) -> tuple[dict[str, Problem], list[Variation]]:
    first = evolved(load(()))
    step, records = first.timing.step_size, first.output.observables
    described = [variation for variation in variations(first) if variation.name in (*ELSEWHERE, AS_GIVEN)]
    for factor in STEPS[1:]:
        # a hair longer, so that the quotient of the run and the step does not round up
        overrides = [f"time.step={factor * step * (1.0 + 1e-12)!r}"]
        if records.every is not None:  # at nearly the same times
            overrides.append(f"output.observables.every={max(1, round(records.every / factor))}")
        described.append(Variation(_by_step(factor), f"multiplied by {factor:.3g}", tuple(overrides)))
    return {variation.name: load([*DIVISION, *variation.overrides]) for variation in described}, described


def _by_step(factor: float) -> str:
    return AS_GIVEN if factor == 1.0 else f"time step times {factor:.3g}"


# ---------------------------------------------------------------- what is measured


def columns(problem: Problem) -> list[str]:
    """Names of what :func:`measure` returns."""
    dimensions = problem.grid.dimensions
    particles = [f"particles {species.name}" for species in problem.species]
    turning = {3: TURNING, 2: TURNING[2:]}.get(dimensions, ())
    return [*particles, "energy", *MOVING[:dimensions], *turning, *SCALES, FIXED]


def measure(simulations: Sequence[Simulation]) -> list[float]:
    """Particles per species; energy, momentum and angular momentum of all species; what these
    are made of, so that a drift can be judged where they vanish: the sum of the energy's terms' magnitudes, the sum of
    N sqrt(2 m E_kin / N), and of that times the cloud's width. Collective."""
    simulation = simulations[0]
    mixture, problem = simulation.mixture, simulation.problem
    turns = requested(["angular-momentum"]) if mixture.grid.dimensions > 1 else ()
    record = observe(Look(mixture, simulation.state), turns)
    species, terms = list(record["species"].values()), record["energy"]
    particles = [each["particles"] for each in species]
    momentum = np.sum([each["momentum"] for each in species], axis=0)
    angular = np.sum([each["angular_momentum"] for each in species], axis=0) if turns else ()
    sizes = [
        np.sqrt(2.0 * own.mass * max(each["kinetic_energy"], 0.0) * each["particles"])
        for each, own in zip(species, problem.species, strict=True)
    ]
    widths = [float(np.linalg.norm(each["rms_width"])) for each in species]
    energy = sum(abs(value) for name, value in terms.items() if name != "total")
    scales = [energy, sum(sizes), sum(size * width for size, width in zip(sizes, widths, strict=True))]
    fixed = 1.0 if mixture.conserves_energy_after(0.0) else 0.0
    return [*particles, terms["total"], *momentum, *angular, *scales, fixed]


# ---------------------------------------------------------------- what symmetry keeps


def acts(potential: Switching) -> bool:
    """Whether a potential acts after t = 0."""
    return potential.until + potential.ramp > 0.0


def round_axes(problem: Problem) -> list[int]:
    """Axes about which every potential that acts and every kernel is round: no potential, or harmonic traps on the axis
    of equal frequencies across it; dipoles along it."""
    acting = [entry for species in problem.species for entry in species.potential if acts(entry)]
    axes = {3: (0, 1, 2), 2: (2,)}.get(problem.grid.dimensions, ())
    return [axis for axis in axes if all(entry.round_about(axis) for entry in (*acting, *problem.interaction))]


def drifts(problem: Problem, record: Record) -> dict[str, np.ndarray]:
    """The distance of every quantity that is kept from its first value, relative to its scale, at every record."""
    changes = {}
    of_all = {f"particles {species.name}": record.column(f"particles {species.name}") for species in problem.species}
    if problem.exchanges:  # species turn into each other, and what is left of them is their sum
        of_all = {"particles": np.sum(list(of_all.values()), axis=0)}
    for name, values in of_all.items():
        changes[name] = np.abs(values - values[0]) / values[0]
    vectors: dict[str, tuple[Sequence[str], str]] = {}
    if record.column(FIXED)[0]:
        vectors["energy"] = (("energy",), SCALES[0])
    turned = problem.rotation is not None or any(species.vector_potential is not None for species in problem.species)
    if turned or problem.exchanges:
        return changes | _vector_drifts(vectors, record)
    if not any(acts(entry) for species in problem.species for entry in species.potential):
        vectors["momentum"] = (MOVING[: problem.grid.dimensions], SCALES[1])
    if axes := round_axes(problem):
        vectors["angular momentum"] = ([TURNING[axis] for axis in axes], SCALES[2])
    return changes | _vector_drifts(vectors, record)


def _vector_drifts(vectors: Mapping[str, tuple[Sequence[str], str]], record: Record) -> dict[str, np.ndarray]:
    """Of every quantity its columns' distance from their first values, by the first value of its scale."""
    changes = {}
    for name, (parts, scale) in vectors.items():
        values = np.array([record.column(part) for part in parts])
        changes[name] = np.linalg.norm(values - values[:, :1], axis=0) / record.column(scale)[0]
    return changes


# ---------------------------------------------------------------- the verdict


def conclude(problem: Problem, records: Mapping[str, Record], described: Sequence[Variation]) -> Finding:
    """The verdict: every drift is rounding, or falls with the step, or comes from grid and box and is small."""
    if lost := first_loss(records):
        return Finding(CLAIM, ("step",), ((problem.timing.step_size,),), (), (), None, lost)
    of_all = {name: drifts(problem, record) for name, record in records.items()}
    given, clock = of_all[AS_GIVEN], records[AS_GIVEN].column("clock")
    steps = [problem.timing.step_size * factor for factor in STEPS]
    fits, notes, judged = [], [], {}
    for name in given:
        sizes = [float(np.max(of_all[_by_step(factor)][name])) for factor in STEPS]
        elsewhere: dict[str, float] = {
            label: float(np.max(of_all[label][name])) for label in ELSEWHERE if label in of_all
        }
        floor = _rounding(problem)
        fit = Fit.of(f"drift of {name}", "step", steps, sizes) if min(sizes) > floor else None
        fits += [fit] if fit else []
        judged[name], words = _judge(sizes, elsewhere, floor, fit)
        notes.append(f"{name}: largest drift {sizes[0]:.2g}, {words}{_over_time(clock, given[name], floor)}")
    names = tuple(f"drift of {name}" for name in given)
    rows = tuple(
        (step, *(float(np.max(of_all[_by_step(factor)][name])) for name in given))
        for step, factor in zip(steps, STEPS, strict=True)
    )
    verdicts = set(judged.values())
    holds = False if False in verdicts else None if None in verdicts else True
    worst = [note for note, verdict in zip(notes, judged.values(), strict=True) if verdict is not True]
    sources = [label for label in ELSEWHERE if label != WINDOW or problem.classical]
    explained = f"every drift is rounding or goes with the step, {_any_of(sources)} ({_sizes(given)})"
    reason = "; ".join(worst) if worst else explained
    return Finding(
        CLAIM,
        ("step", *names),
        rows,
        names,
        tuple(fits),
        holds,
        reason,
        curves=tuple(Curve(name, clock, values) for name, values in given.items()),
        abscissa=clock_label(problem),
        curve_scale="log",
        curve_ordinate="relative distance from the first value",
        ordinate="largest relative distance",
        scale="log",
        measured="distances from the first value, relative to what a quantity is made of: largest along the run",
        notes=tuple(notes)
        + tuple(f"{variation.name}: {variation.words}" for variation in described if variation.words),
    )


def _sizes(given: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {np.max(values):.1g}" for name, values in given.items())


def _rounding(problem: Problem) -> float:
    """The drift that the rounding of all transforms may come to; of sums over ranks and of small differences ten times
    that, hence the factor."""
    stages = len(problem.timing.splitting.drifts) * problem.timing.steps / min(STEPS)
    return 10.0 * NORM_OF_A_TRANSFORM[problem.parallel.precision] * max(stages, 100.0)


def _judge(
    sizes: Sequence[float], elsewhere: Mapping[str, float], floor: float, fit: Fit | None
) -> tuple[bool | None, str]:
    """Whether a drift is what it may be, and why, in words."""
    if sizes[0] <= floor:
        return True, f"within rounding ({floor:.0e})"
    if fit is None:  # within rounding for the shortest step
        words = "falls with the step to rounding"
    elif fit.exponent >= FALLING:
        words = f"falls with the step like its power {fit.exponent:.2f}"
    else:
        worse = [label for label, size in elsewhere.items() if size >= EXPLAINED * sizes[0]]
        if not worse:
            return False, f"does not go with the step (power {fit.exponent:.2f}), {_any_of(elsewhere)}"
        words = f"comes from the {worse[0]}: {elsewhere[worse[0]]:.2g} on the worse one"
    if not sizes[0] <= LARGE:
        return None, f"{words}, but is above {LARGE:g}: too coarse to tell"
    return True, words


def _any_of(names: Collection[str]) -> str:
    """ "the grid or the box"."""
    *first, last = (f"the {name}" for name in names)
    return f"{', '.join(first)} or {last}" if first else last


def _over_time(clock: np.ndarray, drift: np.ndarray, floor: float) -> str:
    """How the largest drift so far grows at late times, in words."""
    if np.max(drift) <= floor:
        return ""
    running = np.maximum.accumulate(drift)
    times = np.geomspace(LATE * clock[-1], clock[-1], POWERS_OF_TIME)
    values = np.interp(times, clock, running)
    if np.min(values) <= 0.0:
        return ""
    fit = Fit.of("largest drift", "t", times, values)
    kind = "secular" if fit.exponent > SECULAR else "bounded"
    return f"; over time {kind} (the largest so far goes like t^{fit.exponent:.2f})"
