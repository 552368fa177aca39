"""Small systems for tests, from the text of a problem file to something that can be stepped.

A test says what the physics is; everything between (the problem file's reader, the model, the initial state, the
stepper) is the program's own, put together as ``hpcmix run`` does it. The system lives on one rank unless a test passes
its communicator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.initial.build import initial_state
from hpcmix.model.build import build_mixture
from hpcmix.model.mean_field.energies import energy
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.ranks import division_request, precision_of
from hpcmix.model.terms.energy import Energy
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.observe.registry import requested
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem

NOW = Instant(0.0, 0.0)
"""Time zero, after everything that switches there."""


def toml(value: Any) -> str:
    """A value as TOML text."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case dict():
            return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
        case list() | tuple() | np.ndarray():
            return "[" + ", ".join(toml(item) for item in value) + "]"
        case int() | np.integer():
            return str(int(value))
    return repr(float(value))


def problem_text(
    points: Sequence[int],
    lengths: Sequence[float],
    species: Sequence[dict],
    interaction: Sequence[dict] = (),
    **sections: dict | Sequence[dict],
) -> str:
    """The text of a problem file; ``grid`` among the sections adds to ``[grid]``, lists become arrays of tables."""
    tables = [("[grid]", {"points": list(points), "lengths": list(lengths), **sections.pop("grid", {})})]
    tables += [("[[species]]", one) for one in species]
    tables += [("[[interaction]]", one) for one in interaction]
    for name, section in sections.items():
        tables += [(f"[{name}]", section)] if isinstance(section, dict) else [(f"[[{name}]]", one) for one in section]
    return "\n\n".join(
        "\n".join([head, *(f"{key} = {toml(value)}" for key, value in body.items())]) for head, body in tables
    )


def mixture_of(problem: Problem, comm: MPI.Comm = MPI.COMM_SELF, exchange: str = "sub-array-messages") -> Mixture:
    """The model of a problem, with an engine of its own. Collective."""
    communicators = Communicators.of(division_request(problem), comm)
    return build_mixture(problem, Engine(communicators, precision_of(problem), Timers(), exchange))


class System:
    """A problem on this rank: ``problem``, ``mixture``, ``state``, ``ground_state`` (how it was found, or None) and its
    history of residuals.
    """

    def __init__(self, problem: Problem, comm: MPI.Comm = MPI.COMM_SELF, way: str = "sub-array-messages") -> None:
        self.problem = problem
        self.mixture = mixture_of(problem, comm, way)
        self.residuals: list[float] = []
        self.state, self.ground_state = initial_state(
            problem, self.mixture, lambda i, residual, e: self.residuals.append(residual)
        )
        self.stepper = None
        if problem.time:
            steps = problem.time.fixed_steps if problem.time.adaptive is None else None
            self.stepper = Stepper(self.mixture, problem.time.splitting, steps)

    @property
    def grid(self):
        """Points, positions and volume element."""
        return self.mixture.grid

    @property
    def time(self) -> float:
        """Time of the state."""
        return self.state.time

    def field(self, species: int = 0) -> np.ndarray:
        """psi = sqrt(nu) phi: its square is the density."""
        return np.sqrt(self.mixture.weights[species]) * self.state.orbitals[species][0]

    def put(self, species: int, psi: np.ndarray) -> None:
        """Replace a state by psi; its square must be a density of the species' particles."""
        particles = np.sum(np.abs(psi) ** 2) * self.grid.cell_volume
        if abs(particles / self.mixture.weights[species] - 1.0) > 1e-12:
            raise ValueError(f"this state holds {particles} particles, the species {self.mixture.weights[species]}")
        self.state.orbitals[species][0] = psi / np.sqrt(self.mixture.weights[species])

    def density(self, species: int = 0) -> np.ndarray:
        """rho of one species."""
        return self.mixture.densities(self.state.clouds)[species]

    def norms(self) -> np.ndarray:
        """<phi|phi> of every species."""
        local = [np.sum(np.abs(orbitals[0]) ** 2) for orbitals in self.state.orbitals]
        return self.mixture.communicators.sum(local) * self.grid.cell_volume

    def energy(self, instant: Instant = NOW) -> Energy:
        """The energy by term."""
        return energy(self.mixture, self.state.clouds, instant)

    def look(self) -> Look:
        """What is measured with."""
        return Look(self.mixture, self.state)

    def record(self, *also: str) -> dict[str, Any]:
        """What a run writes down of this state, and what is asked for beyond it."""
        return observe(self.look(), requested(also))

    def evolve(self, steps: int | None = None) -> System:
        """Take some steps, or all that are left until ``[time] final``."""
        for _ in range(self.problem.time.steps - self.state.step if steps is None else steps):
            self.stepper.advance(self.state)
        self.stepper.settle(self.state)
        self.stepper.complete(self.state)
        return self

    def reverse(self) -> None:
        """Turn the direction of time: the same times, passed backwards."""
        progress = self.state.progress
        self.state.progress = replace(progress, step=-progress.step, step_size=-progress.step_size)


def system(*arguments, comm: MPI.Comm = MPI.COMM_SELF, way: str = "sub-array-messages", **sections) -> System:
    """The system of :func:`problem_text`'s arguments, its ranks exchanging blocks in the given way."""
    return System(parse_problem(problem_text(*arguments, **sections)), comm, way)


def potentials_of(mixture: Mixture, densities: Sequence[np.ndarray], instant: Instant) -> list[np.ndarray]:
    """b^2 (U_a + W_a) of densities that need not be those of any state."""
    fields = mixture.interactions.mean_fields(densities, instant)
    return [mixture.potential(a, field, instant) for a, field in enumerate(fields)]


# ---------------------------------------------------------------- words of a problem file


def species(name: str, **entries: Any) -> dict:
    """A condensate; a single potential may stand without its list."""
    return {"name": name, **entries}


def harmonic(frequency, **entries: Any) -> dict:
    """A harmonic trap."""
    return {"kind": "harmonic", "frequency": frequency, **entries}


def gaussian(width, **entries: Any) -> dict:
    """A Gaussian as an initial state."""
    return {"kind": "gaussian", "width": width, **entries}


def contact(first: str, second: str, strength: float) -> dict:
    """G = strength delta(x)."""
    return {"between": [first, second], "kind": "contact", "strength": strength}


def gaussian_kernel(first: str, second: str, strength: float, width: float) -> dict:
    """G = strength exp(-r^2 / (2 width^2))."""
    return {"between": [first, second], "kind": "gaussian", "strength": strength, "width": width}


def soft_core(first: str, second: str, strength: float, radius: float, **entries: Any) -> dict:
    """G = strength / (1 + (r/radius)^6)."""
    return {"between": [first, second], "kind": "soft-core", "strength": strength, "radius": radius, **entries}


def yukawa(first: str, second: str, strength: float, screening: float) -> dict:
    """G = strength exp(-screening r) / r."""
    return {"between": [first, second], "kind": "yukawa", "strength": strength, "screening": screening}


def coulomb(first: str, second: str, strength: float, **entries: Any) -> dict:
    """G = strength / r, in free space unless told otherwise."""
    return {"between": [first, second], "kind": "coulomb", "strength": strength, **entries}


def dipolar(first: str, second: str, strength: float, direction: Sequence[float], **entries: Any) -> dict:
    """G = strength (1 - 3 cos^2) / r^3, in free space unless told otherwise."""
    chosen = {"kind": "dipolar", "strength": strength, "direction": list(direction)}
    return {"between": [first, second], **chosen, **entries}


def scattering(first: str, second: str, potential: dict, **entries: Any) -> dict:
    """G = N^3 (V f_l)(N x) or its limit."""
    return {"between": [first, second], "kind": "scattering", "potential": potential, **entries}


def table(first: str, second: str, radii: Sequence[float], values: Sequence[float], **entries: Any) -> dict:
    """G(r) by its values."""
    return {"between": [first, second], "kind": "table", "radii": list(radii), "values": list(values), **entries}


def expression(amplitude: str) -> dict:
    """An initial state by an expression."""
    return {"kind": "expression", "amplitude": amplitude}


def expanding(rate: float) -> dict:
    """What ``[grid]`` says of a frame that expands."""
    return {"frame": {"kind": "expanding", "rate": rate}}


def evolution(final: float, step: float, integrator: str = "blanes-moan-6") -> dict:
    """``[time]``; the step is the test's own business."""
    return {"final": final, "step": step, "integrator": integrator, "check_step": False}


def moving_mixture(
    time: dict, points: int = 40, first: dict | None = None, course: dict | None = None, **sections: dict
) -> System:
    """Two coupled condensates in moving potentials, with a convolution: nothing commutes with anything, which is what
    orders are measured on. `first`: entries of species "a" beside its own or in their place. `course`: of all
    interactions in time."""
    one = {
        "mass": 4.0,
        "particles": 3.0,
        "potential": [
            {"kind": "lattice", "depth": [3.0], "period": [2 * np.pi]},
            {"kind": "expression", "value": "3*sin(2*t)*sin(x)"},
        ],
        "initial": {"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
    }
    other = {
        "mass": 6.4,
        "particles": 2.0,
        "potential": [{"kind": "expression", "value": "3*cos(x)", "factor": "1 + 0.3*cos(3*t)"}],
        "initial": {"kind": "expression", "amplitude": "1 - 0.4*sin(x)"},
    }
    interactions = [
        contact("a", "a", 3.0),
        contact("b", "b", 2.1),
        contact("a", "b", 3.9),
        gaussian_kernel("a", "b", 1.8, 0.5),
    ]
    return system(
        [points],
        [2 * np.pi],
        [species("a", **(one | (first or {}))), species("b", **other)],
        [entry | (course or {}) for entry in interactions],
        time=time,
        **sections,
    )


def require_below(error: float, tolerance: float, what: str) -> None:
    """Fail unless 0 <= error < tolerance; ``pytest -rP`` shows the measured values."""
    print(f"measured: {what}: {error:.2e} (tolerance {tolerance:.0e})")
    assert 0.0 <= error < tolerance, f"{what}: {error:.3e}, tolerance {tolerance:.1e}"


def largest(array: np.ndarray) -> float:
    """Largest modulus."""
    return float(np.max(np.abs(array)))


def log_slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Exponent p of a least-squares fit y = c x^p."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
