"""What ``hpcmix plan`` counts of functionals, couplings in places and spins: by what the flows do."""

import pytest
from physics.systems import System, contact, evolution, gaussian, harmonic, mixture_of, problem_text, species

from hpcmix.evolve.flows import Flows
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning.costs import kicks, steps, traffic
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines

POWER = {"kind": "power", "species": ["a"], "exponent": 2.5, "strength": 0.1}
CURVED = {"kind": "power", "species": ["a", "b"], "exponent": 2.2, "strength": 0.1}
WRITTEN = {"kind": "expression", "species": ["b"], "value": "0.1*b**3"}
QUANTUM = {"kind": "lee-huang-yang", "species": ["a", "b"], "imaginary": "drop"}


def problem(*functionals, points=16, integrator="strang", **sections):
    gases = [species(name, particles=100.0, potential=harmonic(1.0), initial=gaussian(1.0)) for name in "ab"]
    contacts = [contact("a", "a", 0.01), contact("b", "b", 0.01), contact("a", "b", -0.005)]
    sections = {"time": evolution(0.2, 0.1, integrator)} | sections
    if functionals:
        sections["functional"] = list(functionals)
    return parse_problem(problem_text([points] * 3, [12.0] * 3, gases, contacts, **sections))


def beside_fermions(*functionals):
    """Of a condensate beside a set of orbitals, whose densities come first."""
    fermions = {"name": "f", "kind": "fermions", "orbitals": 2, "initial": {"kind": "plane-waves"}}
    gases = [species("a", particles=9.0, initial=gaussian(1.0)), fermions]
    time = evolution(0.2, 0.1)
    return parse_problem(problem_text([16] * 3, [12.0] * 3, gases, functional=list(functionals), time=time))


@pytest.mark.parametrize(
    ("made", "along", "apart"),
    [
        (problem(POWER), 1, 0),
        (problem(CURVED), 0, 1),
        (problem(WRITTEN), 0, 1),
        (problem(QUANTUM), 1, 0),
        (problem(POWER, WRITTEN, QUANTUM), 2, 1),
        (beside_fermions(POWER), 0, 1),
    ],
    ids=["power", "another power", "expression", "LHY", "three", "beside a set of orbitals"],
)
def test_a_plan_takes_along_what_the_flows_do(made, along, apart):
    """The same functionals, and no densities of all points where all of them are taken along."""
    flows, planned = Flows(mixture_of(made)), kicks.Functionals.of(made)
    assert len(planned.along) == len(flows._at_points) == along
    assert len(planned.apart) == len(flows._apart) == apart
    assert kicks.density_fields(made) == (2.0 * len(made.species) if apart else 0.0)
    whole, without = (traffic.step_bytes(each) for each in (made, made.model_copy(update={"functional": ()})))
    assert (whole > without) == bool(apart)


def test_memory_and_words_of_a_functional_are_those_of_what_runs():
    """At 16^3 two densities and two potentials of two species, where it is not taken along."""
    plain, power, written = (make_plan(problem(*each), 1) for each in ((), (POWER,), (WRITTEN,)))
    assert power.evolution_bytes == plain.evolution_bytes
    assert written.evolution_bytes - plain.evolution_bytes == 4 * 8 * 16**3
    text = problem(POWER, WRITTEN)
    lines = plan_lines(text, make_plan(text, 1), 1)
    assert "kicks          power of a: computed as kicks go over the orbitals" in lines
    assert "               expression of b: of the densities of all points, made before each kick" in lines
    assert not any(line.startswith("kicks") for line in plan_lines(problem(), make_plan(problem(), 1), 1))


@pytest.fixture
def a_pair_takes_a_millisecond(monkeypatch):
    monkeypatch.setattr(steps, "seconds_per_pair", lambda points, ranks: 1e-3)


@pytest.mark.parametrize(
    ("functional", "least", "most"),  # ratios of steps at 64^3 that were measured: 1.02 to 1.08, 1.15 to 1.19, 1.63
    [(POWER, 1.0, 1.1), (QUANTUM, 1.12, 1.25), (WRITTEN, 1.5, 1.75)],
)
@pytest.mark.usefixtures("a_pair_takes_a_millisecond")
def test_a_step_with_a_functional(functional, least, most):
    plain = steps.seconds_per_step(problem(), 1)
    assert least < steps.seconds_per_step(problem(functional), 1) / plain < most


IN_PLACES = {"between": ["a", "b"], "rabi_frequency": 1.0, "profile": "exp(-x**2/8)"}


@pytest.mark.parametrize(
    ("integrator", "changing", "least", "most"),  # measured at 64^3: 2.66, 7.9, 5.5, 24
    [("strang", False, 2.2, 2.9), ("strang", True, 7.0, 8.5), ("blanes-moan-4", False, 5.0, 7.5),
     ("blanes-moan-4", True, 20.0, 28.0)],
)  # fmt: skip
@pytest.mark.usefixtures("a_pair_takes_a_millisecond")
def test_a_step_with_a_coupling_in_places(integrator, changing, least, most):
    coupling = IN_PLACES | ({"factor": "1 + 0.1*sin(t)"} if changing else {})
    plain, coupled = problem(integrator=integrator), problem(integrator=integrator, coupling=[coupling])
    assert least < steps.seconds_per_step(coupled, 1) / steps.seconds_per_step(plain, 1) < most
    (line,) = [line for line in plan_lines(coupled, make_plan(coupled, 1), 1) if line.startswith("kicks")]
    count = {"strang": 2, "blanes-moan-4": 42}[integrator]
    assert f"of a and b: {count} unitaries at every point a step" in line


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4"])
def test_unitaries_that_are_kept_are_counted(integrator):
    """One of each duration, four complex fields of two species; two copies, and the coupling both ways."""
    coupled = problem(points=8, integrator=integrator, coupling=[IN_PLACES], time=evolution(0.01, 0.01, integrator))
    system = System(coupled)
    system.stepper.advance(system.state)
    kept = system.stepper._flows._mixing._kept
    arrays = sum(len(unitary) for unitary in kept.values())
    assert kicks.turning_fields(coupled) == 3 + 2 + arrays
    plain = problem(points=8, integrator=integrator, coupling=[IN_PLACES | {"profile": "1", "rabi_frequency": 0.0}])
    more = make_plan(coupled, 1).evolution_bytes - make_plan(plain, 1).evolution_bytes
    assert more == 16 * 8**3 * (5 + arrays)
