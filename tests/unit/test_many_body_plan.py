"""The plan of N bodies: what it counts is what a run allocates, and what does not fit is refused in a sentence."""

import math

import numpy as np
import pytest
from physics.many_body_files import INTERACTIONS

from hpcmix.evolve.many_body.bodies import ManyBodies
from hpcmix.evolve.many_body.system import ModeSystem
from hpcmix.model.many_body.basis.kinds import configurations_of
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.model.many_body.hops import many_body_family, one_body_family, pairs_of
from hpcmix.parallel.many_body.configurations import ConfigurationRows
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning.many_body.configuration_tables import Selection, Space, channel_counts, own_matrix
from hpcmix.running.planning.many_body.lines import bodies_lines
from hpcmix.running.planning.many_body.plan import UNITS, needed_bytes, plan_bodies
from hpcmix.running.planning.many_body.room import enough_ranks, largest_numbers, require_room_for_bodies

RING = (
    """
title = "bodies on a ring"
[grid]
points = [24]
lengths = [6.0]
[[species]]
name = "up"
particles = 8
[[species]]
name = "down"
particles = 4
"""
    + INTERACTIONS
    + """\
[time]
final = 1.0
step = 0.05
[many_body]
lost = 0.1
[[many_body.modes]]
kind = "plane-waves"
largest = 2
"""
)
TRAP = RING.replace("particles =", 'potential = [{ kind = "harmonic", frequency = 1 }]\nparticles =').replace(
    'kind = "plane-waves"\nlargest = 2', 'kind = "eigenstates"\ncount = 4'
)
FEW = RING.replace("[many_body]\n", '[many_body]\npicture = "excitations"\nexcitations = 3\n')
COHERENT = FEW.replace("excitations = 3\n", 'excitations = 3\nstate = "coherent"\n')
RAMPED = TRAP.replace(
    'kind = "harmonic", frequency = 1 }', 'kind = "harmonic", frequency = 1, from = 0.2, ramp = 0.1 }', 1
)
FERMIONS = TRAP.replace('name = "up"\n', 'name = "up"\nkind = "fermions"\norbitals = 2\n')
FERMIONS = FERMIONS.replace("particles = 8\n", "").replace('[scaling]\nkind = "fractions"\n', "")


def bodies_of(text):
    return ManyBodies(ModeSystem.of(parse_problem(text), MPI.COMM_SELF), MPI.COMM_SELF)


@pytest.mark.parametrize("text", [RING, TRAP, FEW, COHERENT, RAMPED], ids=["ring", "trap", "few", "coherent", "ramped"])
def test_what_is_planned_is_what_is_allocated(text):
    text = text.replace("final = 1.0", "final = 0.1")
    plan, bodies = plan_bodies(parse_problem(text), 1), bodies_of(text)
    assert [space.count for space in plan.spaces] == [len(space) for space in bodies.picture.spaces]
    assert plan.vector_bytes == bodies.psi.nbytes
    asked = count_vectors(bodies)
    bodies.advance()
    bodies.energy()
    assert asked[0] <= plan.vectors
    if plan.vectors == 4:
        assert asked[0] == 4
    product = bodies.picture._product
    occupations = sum(space.occupations.nbytes for space in bodies.picture.spaces)
    assert product.nbytes + occupations <= plan.table_bytes
    if text.startswith(RING[:200]) and "excitations" not in text:
        assert product.nbytes + occupations >= 0.95 * plan.table_bytes
    bodies.free()


def count_vectors(bodies):
    """How many vectors are made from now on, that of the state included."""
    made, usual = [1], bodies.cut.vector

    def counted():
        made[0] += not bodies.cut._spare
        return usual()

    bodies.cut.vector = counted
    return made


@pytest.mark.parametrize("particles", [1, 2, 5])
@pytest.mark.parametrize("kind", [Statistics.BOSONS, Statistics.FERMIONS])
def test_entries_are_counted_exactly(kind, particles):
    modes = 5
    if kind is Statistics.FERMIONS and particles == 5:
        modes = 7
    space = configurations_of(kind, particles, modes)
    counted = Space(kind is Statistics.FERMIONS, particles, modes, len(space))
    family = many_body_family(space, None, None)
    assert own_matrix(counted, Selection(), True).entries == len(family.columns)
    assert own_matrix(counted, Selection(), False).entries == len(one_body_family(space).columns)
    waves = Selection([(n,) for n in range(modes)])
    pairs = pairs_of(space)
    wanted = np.array([[waves.pair(taken, added) for taken in pairs] for added in pairs]).reshape((len(pairs),) * 2)
    family = many_body_family(space, np.eye(modes, dtype=bool), wanted)
    assert own_matrix(counted, waves, True).entries == len(family.columns)


def test_channels_of_waves_are_differences_of_momenta():
    counts = channel_counts(Selection([(n,) for n in range(-2, 3)]), 5, 5)
    assert (counts.channels, counts.hops, counts.diagonals) == (9, 20, 1)
    assert channel_counts(Selection(local=True), 5, 7).channels == 5


@pytest.mark.parametrize("ranks", [1, 3, 64])
def test_ranks_share_rows_as_the_vectors_do(ranks):
    problem = parse_problem(RING.replace("particles = 8", "particles = 20"))
    plan = plan_bodies(problem, ranks)
    rows = plan.spaces[0].count
    assert rows > UNITS
    unit = max(1, rows // UNITS)
    units = -(-rows // unit)
    bounds = np.minimum(rows, unit * (units * np.arange(ranks + 1) // ranks))
    assert int(np.max(np.diff(bounds))) <= plan.largest_part <= int(np.max(np.diff(bounds))) + unit
    if ranks == 1:
        alone = ConfigurationRows(MPI.COMM_SELF, rows, 3)
        assert alone.last == plan.largest_part and alone.unit == unit
        alone.free()


def test_a_plan_in_words():
    lines = bodies_lines(parse_problem(RING), 2)
    text = "\n".join(lines)
    assert lines[0] == "bodies on a ring"
    assert "8 + 4, all of their configurations: 495 x 70 = 34650 configurations" in text
    assert "2 ranks, up to 248 rows each" in text and "4 vectors of 554 kB" in text
    assert "20 stretches between looks" in text
    assert "at most 3 + 3 outside their condensates: 35 x 35" in "\n".join(bodies_lines(parse_problem(FEW), 1))
    assert "fluctuations above a coherent state: 56 x 56" in "\n".join(bodies_lines(parse_problem(COHERENT), 1))
    assert "outside" not in "\n".join(bodies_lines(parse_problem(FERMIONS), 1))
    assert "24 vectors" in "\n".join(bodies_lines(parse_problem(RAMPED), 1))
    over = TRAP.replace("frequency = 1 }", 'frequency = 1 }, { kind = "gaussian", height = 1, width = 1, until = 0 }')
    assert "4 vectors" in "\n".join(bodies_lines(parse_problem(over), 1))


def test_long_stretches_are_told():
    large = RING.replace("particles = 8", "particles = 24").replace("particles = 4", "particles = 24")
    sparse = large + "[output]\nobservables = { every = 400 }\nsnapshots = { every = 400 }\n"
    text = "\n".join(bodies_lines(parse_problem(sparse.replace("final = 1.0", "final = 100.0")), 4))
    assert "pass between looks" in text and "ask for more records" in text


def test_what_does_not_fit_is_refused_with_what_would():
    large = parse_problem(RING.replace("particles = 8", "particles = 64").replace("particles = 4", "particles = 32"))
    with pytest.raises(ProblemError) as refused:
        require_room_for_bodies(large, 2, 4e9)
    (complaint,) = refused.value.complaints
    assert complaint.key == "many_body"
    total = math.comb(68, 4) * math.comb(36, 4)
    assert f"{total:.4g} configurations" in complaint.message and "each of 2 ranks" in complaint.message
    enough = enough_ranks(large, 2, 4e9)
    assert f"{enough} ranks like these would do" in complaint.message
    assert needed_bytes(large, enough) <= 4e9 < needed_bytes(large, enough - 1)
    numbers = largest_numbers(large, 2, 4e9)
    assert f"{numbers[0]} + {numbers[1]} particles would fit here" in complaint.message
    assert numbers[0] == 2 * numbers[1] and needed_bytes(large, 2, numbers) <= 4e9
    assert needed_bytes(large, 2, (numbers[0] + 2, numbers[1] + 1)) > 4e9
    assert 'picture = "excitations" does not grow with N' in complaint.message


def test_of_one_species_more_ranks_help_where_it_has_no_tables():
    alone = TRAP[: TRAP.index('[[species]]\nname = "down"')] + TRAP[TRAP.index("[[interaction]]") :]
    begin = alone.index('[[interaction]]\nbetween = ["up", "down"]')
    alone = alone[:begin] + alone[alone.index("[scaling]") :]
    problem = parse_problem(alone.replace("particles = 8", "particles = 400"))
    with pytest.raises(ProblemError) as refused:
        require_room_for_bodies(problem, 1, 1e9)
    assert needed_bytes(problem, 2) <= 1e9 < needed_bytes(problem, 1)
    (fitting,) = largest_numbers(problem, 1, 1e9)
    assert needed_bytes(problem, 1, [fitting]) <= 1e9 < needed_bytes(problem, 1, [fitting + 1])
    said = f"2 ranks like these would do; {fitting} particles would fit here"  # by pairs, without tables
    assert said in str(refused.value)
    few = alone.replace("particles = 8", "particles = 400").replace(
        "[many_body]\n", '[many_body]\npicture = "excitations"\nexcitations = 90\n'
    )
    with pytest.raises(ProblemError) as refused:
        require_room_for_bodies(parse_problem(few), 1, 3e8)
    assert "fewer excitations or modes take less" in str(refused.value)
    assert "like these would do" not in str(refused.value)  # tables are whole on every rank
