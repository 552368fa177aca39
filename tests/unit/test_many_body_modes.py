"""Modes, their Hamiltonian and pair operators: against brute force on the grid, and against `hpcmix run`."""

import numpy as np
import pytest

from hpcmix.evolve.many_body.bogoliubov_limit import excitations_over_time
from hpcmix.evolve.many_body.excitation_frame import ExcitationFrame, completed
from hpcmix.evolve.many_body.mode_field import ModeField, constant, energy_per_weight, mean_fields
from hpcmix.initial.many_body import eigenstates, projection
from hpcmix.initial.many_body.modes import modes_of
from hpcmix.initial.many_body.prepare import prepare
from hpcmix.initial.many_body.projection import projected_orbitals
from hpcmix.model.many_body.build import ModeModel
from hpcmix.model.many_body.channels import pair_operator
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel, ModeSpecies, PairInteraction, Statistics
from hpcmix.model.many_body.modes.mode_channels import operator_norm
from hpcmix.model.many_body.modes.overlaps import overlaps
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from tests.physics.systems import System, coulomb, gaussian_kernel, harmonic, problem_text, species

TIME = {"final": 0.4, "step": 0.001, "integrator": "blanes-moan-6", "check_step": False}


def mixture(many_body, points=(16,), lengths=(8.0,), interaction=None, scaling="fractions", time=TIME, **changes):
    """Two species in a trap that is switched, with different masses."""
    trap = {"kind": "harmonic", "frequency": [1.0] * len(points)}
    two = [
        species(
            "up",
            particles=6,
            mass=1.0,
            potential=[trap, {"kind": "gaussian", "height": 0.4, "width": 1.0, "centre": [0.5] * len(points)}],
            initial={"kind": "gaussian", "width": 0.9, "centre": [0.3] * len(points), "momentum": [0.4] * len(points)},
            **changes,
        ),
        species(
            "down",
            particles=3,
            mass=1.5,
            potential=[trap],
            initial={"kind": "gaussian", "width": 1.1, "centre": [-0.4] * len(points)},
        ),
    ]
    if interaction is None:
        interaction = [
            gaussian_kernel("up", "up", 1.1, 0.8),
            {"between": ["down", "down"], "kind": "contact", "strength": 0.7},
            gaussian_kernel("up", "down", -0.6, 1.0),
            {"between": ["up", "down"], "kind": "contact", "strength": 0.2},
        ]
    sections = {"time": time, "many_body": many_body}
    if scaling:
        sections["scaling"] = {"kind": scaling}
    return problem_text(points, lengths, two, interaction, **sections)


def built(text):
    """The system of a text, its modes and model."""
    whole = System(parse_problem(text))
    modes = modes_of(whole.problem, whole.mixture)
    return whole, modes, ModeModel(whole.problem, whole.mixture, modes)


GRID = {"modes": [{"kind": "grid"}]}


@pytest.mark.parametrize("scaling", ["fractions", "geometric-mean", None])
def test_the_mean_field_of_all_grid_modes_is_that_of_the_run(scaling):
    time = TIME if scaling else TIME | {"final": 0.1, "step": 0.0002}
    whole, modes, source = built(mixture(GRID, scaling=scaling, time=time))
    start = projected_orbitals(whole.problem, whole.mixture, modes, whole.state.orbitals)
    field = ModeField(source.in_time(), start, [1, 1])
    whole.evolve()
    found = field.orbitals(whole.problem.time.end)
    for own, coefficients, expected in zip(modes, found, whole.state.orbitals, strict=True):
        evolved = np.tensordot(coefficients[:, 0], own, axes=1)
        difference = np.sqrt(np.sum(np.abs(evolved - expected[0]) ** 2) * whole.grid.cell_volume)
        assert difference < 3e-12


def test_fermions_are_orbitals_of_the_mean_field_of_the_run():
    two = [
        species("f", kind="fermions", orbitals=3, mass=0.5, initial={"kind": "oscillator", "frequency": 1.0}),
        species("b", particles=3, mass=0.5, initial={"kind": "gaussian", "width": 1.0}),
    ]
    text = problem_text(
        [16],
        [9.0],
        two,
        [gaussian_kernel("f", "b", 1.5, 0.9)],
        time=TIME,
        many_body=GRID,
        scaling={"kind": "bose-fermi-micro"},
    )
    whole, modes, source = built(text)
    start = projected_orbitals(whole.problem, whole.mixture, modes, whole.state.orbitals)
    field = ModeField(source.in_time(), start, [3, 1])
    whole.evolve()
    for own, coefficients, expected in zip(modes, field.orbitals(0.4), whole.state.orbitals, strict=True):
        evolved = np.tensordot(coefficients.T, own, axes=1)
        assert np.max(np.abs(evolved - expected)) * np.sqrt(whole.grid.cell_volume) < 3e-12


def test_what_is_switched_on_is_in_the_mean_field_too():
    potential = [
        harmonic(1.0, until=0.0),
        {"kind": "expression", "value": "0.3*x", "from": 0.1, "until": 0.25, "ramp": 0.05},
        {"kind": "expression", "value": "0.2*cos(3*t)*x**2"},
    ]
    one = [species("u", particles=5, potential=potential, initial={"kind": "gaussian", "width": 1.0})]
    text = problem_text(
        [16],
        [9.0],
        one,
        [gaussian_kernel("u", "u", 2.0, 0.7)],
        time=TIME | {"step": 0.0005},
        many_body=GRID,
        scaling={"kind": "fractions"},
    )
    whole, modes, source = built(text)
    start = projected_orbitals(whole.problem, whole.mixture, modes, whole.state.orbitals)
    field = ModeField(source.in_time(), start, [1], breaks=whole.problem.time.switching_times)
    whole.evolve()
    evolved = np.tensordot(field.orbitals(0.4)[0][:, 0], modes[0], axes=1)
    assert np.max(np.abs(evolved - whole.state.orbitals[0][0])) < 1e-11


@pytest.mark.parametrize("boundary", ["periodic", "free"])
def test_pair_operators_are_the_double_integrals(boundary):
    lengths = (5.0, 4.0)
    kernel = coulomb("up", "down", 0.8, boundary=boundary)
    many_body = {
        "modes": [
            {"kind": "eigenstates", "count": 4, "species": ["up"]},
            {"kind": "plane-waves", "largest": 1, "species": ["down"]},
        ],
        "lost": 0.9,
    }
    text = mixture(many_body, (6, 6), lengths, [kernel, gaussian_kernel("up", "up", 0.5, 0.7)])
    whole, modes, source = built(text)
    between = pair_operator(source.channels[0, 1])
    grid = whole.grid
    rng = np.random.default_rng(1)
    c, d = (rng.normal(size=len(own)) + 1j * rng.normal(size=len(own)) for own in modes)
    densities = [np.abs(np.tensordot(a, own, axes=1)) ** 2 for a, own in zip((c, d), modes, strict=True)]
    felt = whole.mixture.interactions.mean_fields([np.zeros(grid.position_shape), densities[1]])[0]
    expected = grid.integrate(densities[0], felt)
    found = np.einsum("prqs,p,r,q,s->", between, c.conj(), c, d.conj(), d)
    assert found.real == pytest.approx(expected, rel=1e-12)
    assert abs(found.imag) < 1e-12 * abs(expected)
    assert np.allclose(between, between.transpose(1, 0, 3, 2).conj(), atol=1e-13)  # hermitian
    own = pair_operator(source.channels[0, 0])
    assert np.allclose(own, own.transpose(2, 3, 0, 1), atol=1e-13)  # the particles are alike


def test_five_plane_waves_have_nine_channels_without_the_box_forgotten():
    many_body = {"modes": [{"kind": "plane-waves", "largest": 2}], "lost": 0.9}
    one = [species("u", particles=8, initial={"kind": "plane-waves", "numbers": [0]})]
    text = problem_text(
        [16],
        [5.0],
        one,
        [gaussian_kernel("u", "u", 1.3, 0.6)],
        time=TIME,
        many_body=many_body,
        scaling={"kind": "fractions"},
    )
    whole, _, source = built(text)
    channels = source.channels[0, 0]
    assert len(channels) == 9
    waves = whole.problem.many_body.modes[0].waves(1)
    operator = pair_operator(channels)
    # W_(pr)(qs) = V^(k) / L for r - p = -(s - q) = k: the volume of the box counts
    for p, (np_,) in enumerate(waves):
        for r, (nr,) in enumerate(waves):
            for q, (nq,) in enumerate(waves):
                for s, (ns,) in enumerate(waves):
                    k = 2.0 * np.pi / 5.0 * (nr - np_)
                    transform = 1.3 * np.sqrt(2.0 * np.pi) * 0.6 * np.exp(-0.5 * (0.6 * k) ** 2)
                    expected = transform / 5.0 if nr - np_ == nq - ns else 0.0
                    assert operator[p, r, q, s] == pytest.approx(expected, abs=1e-12)
    assert operator_norm(channels) >= np.max(np.abs(operator))
    energies = np.diagonal(source.at(Instant.after_start()).species[0].one_body).real
    assert energies == pytest.approx([0.5 * (2.0 * np.pi / 5.0 * n) ** 2 for (n,) in waves])


@pytest.mark.parametrize(
    ("scaling", "own", "pair", "feels"),
    [
        ("fractions", 1 / 6, 1 / 9, (3 / 9, 6 / 9, 1.0)),
        ("geometric-mean", 1 / 5, 1 / np.sqrt(18), (np.sqrt(3 / 6), np.sqrt(6 / 3), 1.0)),
        (None, 1.0, 1.0, (3.0, 6.0, 6.0)),
    ],
)
def test_prefactors_of_the_papers(scaling, own, pair, feels):
    many_body = {"modes": [{"kind": "eigenstates", "count": 5}], "lost": 0.9}
    _, _, source = built(mixture(many_body, scaling=scaling))
    model = source.at(Instant.after_start())
    by_pair = {(one.first, one.second): one for one in model.interactions}
    assert by_pair[0, 0].factor == pytest.approx(own)
    assert by_pair[0, 1].factor == pytest.approx(pair)
    assert (by_pair[0, 1].first_feels, by_pair[0, 1].second_feels) == pytest.approx(feels[:2])
    assert by_pair[0, 0].first_feels == pytest.approx(feels[2])
    assert model is source.at(Instant(0.3, 0.3))  # nothing has changed: the same object
    other = source.at(Instant.after_start(), (12, 6))
    assert [one.particles for one in other.species] == [12, 6]


@pytest.mark.parametrize("points", [(40,), (28, 48)])
def test_eigenstates_are_those_of_the_trap(points):
    many_body = {"modes": [{"kind": "eigenstates", "count": 6}], "lost": 0.9}
    one = [species("u", particles=5, potential=[harmonic([1.0, 3.1][: len(points)])])]
    text = problem_text(points, [12.0] * len(points), one, (), time=TIME, many_body=many_body)
    problem = parse_problem(text)
    whole = System(problem)
    (modes,) = modes_of(problem, whole.mixture)
    assert np.max(np.abs(overlaps(whole.mixture, modes, modes) - np.eye(6))) < 1e-13
    assert np.max(np.abs(modes.imag)) < 1e-12
    source = ModeModel(problem, whole.mixture, [modes])
    levels = np.linalg.eigvalsh(source.one_body[0].before_start())
    expected = [i + 0.5 + (3.1 * (j + 0.5) if len(points) == 2 else j * 100.0) for i in range(6) for j in range(6)]
    assert levels == pytest.approx(sorted(expected)[:6], abs=2e-5)


def test_oscillator_modes_are_orthonormal_and_diagonalise_the_frame():
    one = [species("u", particles=5, potential=[harmonic([1.0, 1.0], until=0.0)])]
    text = problem_text(
        [32, 32],
        [14.0, 14.0],
        one,
        [{"between": ["u", "u"], "kind": "contact", "strength": 0.4}],
        grid={"frame": {"kind": "expanding", "rate": 1.0}},
        time={"final": "infinity", "step": 0.01},
        many_body={"modes": [{"kind": "oscillator", "count": 6}], "lost": 0.5},
        scaling={"kind": "fractions"},
    )
    whole, (modes,), source = built(text)
    assert np.max(np.abs(overlaps(whole.mixture, modes, modes) - np.eye(6))) < 1e-13
    model = source.in_time()(0.7)
    assert model.species[0].one_body == pytest.approx(np.diag([1.0, 2.0, 2.0, 3.0, 3.0, 3.0]), abs=1e-7)
    assert source.in_time()(0.2).interactions[0].channels.strengths == pytest.approx(
        model.interactions[0].channels.strengths
    )  # b^(2-d) is one in two dimensions


def test_magnetic_and_semirelativistic_kinetic_energies_are_in_the_modes():
    one = [
        species("u", particles=5, kinetic="semirelativistic", initial={"kind": "gaussian", "width": 1.0}),
        species(
            "v",
            particles=5,
            vector_potential={"kind": "uniform", "field": 0.8},
            initial={"kind": "gaussian", "width": 1.0},
        ),
    ]
    text = problem_text(
        [8, 8],
        [7.0, 7.0],
        one,
        (),
        time=TIME | {"final": 0.1},
        many_body={"modes": [{"kind": "grid"}]},
        scaling={"kind": "fractions"},
    )
    whole, modes, source = built(text)
    start = projected_orbitals(whole.problem, whole.mixture, modes, whole.state.orbitals)
    model = source.at(Instant.after_start())
    energy = whole.energy(Instant(0.0, 0.0))
    assert energy_per_weight(model, start, whole.mixture.weights) == pytest.approx(energy.total, rel=1e-12)


def test_what_modes_miss_of_an_initial_state_is_refused_with_the_count_that_would_do():
    many_body = {"modes": [{"kind": "eigenstates", "count": 4}]}
    problem = parse_problem(mixture(many_body, points=(32,)))
    whole = System(problem)
    modes = modes_of(problem, whole.mixture)
    with pytest.raises(ProblemError) as refused:
        projected_orbitals(problem, whole.mixture, modes, whole.state.orbitals)
    assert len(refused.value.complaints) == 2  # of both species at once
    text = str(refused.value)
    assert 'of the initial state of "up", more than lost = 1e-06: count = ' in text
    count = int(text.split("count = ")[1].split(" ")[0])
    assert refused.value.complaints[0].line is not None
    enough = parse_problem(mixture({"modes": [{"kind": "eigenstates", "count": max(count, 20)}]}, points=(32,)))
    own = projected_orbitals(enough, whole.mixture, modes_of(enough, whole.mixture), whole.state.orbitals)
    assert all(one.conj().T @ one == pytest.approx(np.eye(1)) for one in own)


def test_the_least_that_would_do_may_be_the_first_wave():
    wave = {"kind": "expression", "amplitude": "1 + 0.4*cos(pi*x/4)"}  # of the box of length 8
    one = [species("up", particles=6, initial=wave)]
    modes = {"modes": [{"kind": "plane-waves", "largest": 1e-60}]}
    problem = parse_problem(problem_text((16,), (8.0,), one, (), time=TIME, many_body=modes))
    whole = System(problem)
    with pytest.raises(ProblemError, match="largest = 1 would do"):
        projected_orbitals(problem, whole.mixture, modes_of(problem, whole.mixture), whole.state.orbitals)


def test_searches_for_modes_tell_of_every_iteration_and_an_advice_takes_few(monkeypatch):
    """Whoever is told may raise, which is how a signal ends a search."""
    monkeypatch.setattr(eigenstates, "LARGEST_DENSE", 0)  # search, as on large grids
    monkeypatch.setattr(projection, "MOST_ITERATIONS_TRIED", 3)
    problem = parse_problem(mixture({"modes": [{"kind": "eigenstates", "count": 2}]}, points=(32,)))
    whole = System(problem)
    told = []

    def stop_at_once(iteration, residual, energy):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        modes_of(problem, whole.mixture, report=stop_at_once)
    modes = modes_of(problem, whole.mixture, report=lambda *values: told.append(values))
    assert told
    told.clear()
    with pytest.raises(ProblemError, match="try a larger count, other modes or another initial state"):
        projected_orbitals(
            problem, whole.mixture, modes, whole.state.orbitals, report=lambda *values: told.append(values)
        )
    assert len(told) == 2 * (3 + 1)  # of both species; the one behind the last ends it


@pytest.mark.parametrize(("dimensions", "each"), [(1, 14), (2, 8)])
def test_the_mean_field_follows_the_expanding_frame(dimensions, each):
    """h of the frame, its confinement and b^(2-d) of contact: again the run in all modes of the grid."""
    points = [each] * dimensions
    one = [
        species(
            "u",
            particles=5,
            mass=0.8,
            potential=[harmonic(1.3, until=0.0), {"kind": "expression", "value": "0.05*x**2", "until": 0.4}],
            initial={"kind": "gaussian", "width": 0.9, "centre": [0.2] * dimensions},
        )
    ]
    text = problem_text(
        points,
        [8.0] * dimensions,
        one,
        [{"between": ["u", "u"], "kind": "contact", "strength": 0.9}],
        grid={"frame": {"kind": "expanding", "rate": 1.3}},
        time=TIME | {"final": 0.8, "step": 0.001},
        many_body=GRID,
        scaling={"kind": "fractions"},
    )
    whole = System(parse_problem(text))
    ready = prepare(whole.problem, whole.mixture, whole.state.orbitals)
    time = whole.problem.time
    field = ModeField(ready.source.in_time(), ready.orbitals, [1], breaks=time.switching_times)
    whole.evolve()
    evolved = np.tensordot(field.orbitals(time.end)[0][:, 0], ready.modes[0], axes=1)
    difference = np.sqrt(np.sum(np.abs(evolved - whole.state.orbitals[0][0]) ** 2) * whole.grid.cell_volume)
    assert difference < 2e-11


def random_model(sizes=(4, 3), particles=(7, 5), seed=3):
    """Two species of bosons with random Hermitian matrices, the prefactors of fractions."""
    rng = np.random.default_rng(seed)

    def hermitian(*shape):
        a = rng.normal(size=shape) + 1j * rng.normal(size=shape)
        return 0.5 * (a + np.conj(np.swapaxes(a, -1, -2)))

    n1, n2 = particles
    kinds = [(0, 0, 1 / n1, 1.0, 1.0), (1, 1, 1 / n2, 1.0, 1.0), (0, 1, 1 / (n1 + n2), n2 / (n1 + n2), n1 / (n1 + n2))]
    pairs = []
    for a, b, factor, first, second in kinds:
        left = hermitian(2, sizes[a], sizes[a])
        right = left if a == b else hermitian(2, sizes[b], sizes[b])
        pairs.append(PairInteraction(a, b, factor, first, second, Channels(rng.normal(size=2), left, right)))
    both = tuple(
        ModeSpecies(name, Statistics.BOSONS, n, hermitian(m, m))
        for name, n, m in zip("uv", particles, sizes, strict=True)
    )
    return ManyBodyModel(1.3, both, tuple(pairs))


def start_of(model, seed=5):
    rng = np.random.default_rng(seed)
    vectors = [rng.normal(size=(one.modes, 1)) + 1j * rng.normal(size=(one.modes, 1)) for one in model.species]
    return [v / np.linalg.norm(v) for v in vectors]


def test_the_mean_field_conserves_norm_and_energy_and_goes_back():
    model = random_model()
    start = start_of(model)
    field = ModeField(constant(model), start, [1, 1])
    weights = [7 / 12, 5 / 12]
    at = {time: energy_per_weight(model, field.orbitals(time), weights) for time in (0.0, 1.0, 2.5)}
    assert max(at.values()) - min(at.values()) < 1e-12
    assert all(abs(np.linalg.norm(one) - 1.0) < 1e-12 for one in field.orbitals(2.5))
    back = ModeField(constant(model), field.orbitals(2.5), [1, 1], start=2.5).orbitals(0.0)
    assert max(np.max(np.abs(a - b)) for a, b in zip(back, start, strict=True)) < 2e-12


def test_the_frame_is_unitary_and_its_first_column_is_the_mean_field():
    model = random_model()
    start = start_of(model)
    frame = ExcitationFrame(constant(model), start)
    assert frame.defect(0.0) < 1e-14
    assert frame.unitaries(0.0)[0][:, :1] == pytest.approx(start[0])
    assert frame.defect(2.0) < 1e-12
    alone = ModeField(constant(model), start, [1, 1]).orbitals(2.0)
    moving = frame.model(2.0)
    for unitary, expected in zip(frame.unitaries(2.0), alone, strict=True):
        assert unitary[:, :1] == pytest.approx(expected, abs=1e-12)
    # <w~> in mode 0 is the mean field's own: -h~ is V+ w V
    fields = mean_fields(model, alone)
    for one, field, own in zip(moving.species, fields, alone, strict=True):
        assert -one.one_body[0, 0] == pytest.approx((own.conj().T @ field @ own)[0, 0], abs=1e-12)
    assert np.allclose(moving.interactions[0].channels.left, moving.interactions[0].channels.right)


def test_a_basis_is_completed_by_unit_vectors_where_it_can_be():
    assert completed(np.eye(4)[:, :2]) == pytest.approx(np.eye(4))


def test_uniform_gas_follows_bogoliubov():
    """A uniform condensate at rest: excitations sum_k (l_k/o_k)^2 sin^2(o_k t)."""
    length, strength, final = 6.0, 0.9, 1.7
    one = [species("u", particles=1000, initial={"kind": "plane-waves", "numbers": [0]})]
    text = problem_text(
        [16],
        [length],
        one,
        [gaussian_kernel("u", "u", strength, 0.6)],
        time=TIME,
        many_body={"modes": [{"kind": "plane-waves", "largest": 2}]},
        scaling={"kind": "fractions"},
    )
    whole, modes, source = built(text)
    start = projected_orbitals(whole.problem, whole.mixture, modes, whole.state.orbitals)
    found = excitations_over_time(source.in_time(), start, [0.5, final])
    for time, (value,) in zip((0.5, final), found, strict=True):
        expected = 0.0
        for n in (-2, -1, 1, 2):
            k = 2.0 * np.pi * n / length
            transform = strength * np.sqrt(2.0 * np.pi) * 0.6 * np.exp(-0.5 * (0.6 * k) ** 2)
            coupling, energy = transform / length, 0.5 * k**2
            frequency = np.sqrt(energy**2 + 2.0 * energy * coupling)
            expected += (coupling / frequency) ** 2 * np.sin(frequency * time) ** 2
        assert value == pytest.approx(expected, rel=1e-11)
