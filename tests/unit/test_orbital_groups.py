"""Dealing orbitals to groups of ranks, and choosing how many groups: arithmetic, no MPI."""

import itertools

import pytest

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import DivisionRequest, choose_replicas, divide, fields_of_replica
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups, choose_groups
from hpcmix.problem.files.cards import cards
from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.mistakes.errors import ProblemError


@pytest.mark.parametrize("orbitals", [(1,), (5,), (1, 84), (4, 1, 3, 1)])
def test_every_orbital_is_held_once_and_every_group_holds_one(orbitals: tuple[int, ...]) -> None:
    for groups in range(1, sum(orbitals) + 1):
        dealt = OrbitalGroups(orbitals, groups)
        counts = [sum(len(dealt.held(group, a)) for a in range(len(orbitals))) for group in range(groups)]
        assert max(counts) == dealt.largest and max(counts) - min(counts) <= 1 and min(counts) >= 1
        for a, number in enumerate(orbitals):
            assert list(itertools.chain(*dealt.held_by_all(a))) == list(range(number))


def test_a_condensate_is_one_item_among_the_orbitals() -> None:
    dealt = OrbitalGroups((1, 3), 2)
    assert [len(dealt.held(0, 0)), len(dealt.held(0, 1))] == [1, 1]
    assert [len(dealt.held(1, 0)), len(dealt.held(1, 1))] == [0, 2]


def test_what_is_asked_for_is_taken_or_refused() -> None:
    assert choose_groups((10,), (16, 16, 16), 6, asked=3) == 3
    with pytest.raises(ProblemError, match="cannot be divided into 4 groups"):
        choose_groups((10,), (16, 16, 16), 6, asked=4)
    with pytest.raises(ProblemError, match="6 groups cannot share 5 orbitals"):
        choose_groups((4, 1), (16, 16, 16), 6, asked=6)
    assert choose_groups((10,), (16, 16, 16), 8, pencil_grid=(2, 1)) == 4


def test_groups_may_have_markers_and_no_orbitals() -> None:
    assert [len(OrbitalGroups((1, 0), 2).held(group, 0)) for group in range(2)] == [1, 0]
    assert [len(OrbitalGroups((0,), 2).held(group, 0)) for group in range(2)] == [0, 0]
    # unasked one group, whose grid its ranks share: condensates and markers have nothing to deal
    assert choose_groups((0, 0), (16, 16, 16), 4, markers=1000) == choose_groups((1, 0), (16, 16, 16), 4) == 1
    # sets of orbitals choose for themselves: markers cost every division alike
    assert choose_groups((8, 0), (256,), 8, markers=1000) == choose_groups((8,), (256,), 8)


def test_markers_are_shared_by_as_many_groups_as_are_asked_for() -> None:
    for orbitals in ((0,), (1, 0)):
        assert choose_groups(orbitals, (32, 32, 32), 4, asked=4, markers=1000) == 4
        assert choose_groups(orbitals, (32, 32, 32), 4, pencil_grid=(1, 1), markers=1000) == 4
        assert choose_groups(orbitals, (32, 32, 32), 4, markers=1000) == 1
        assert divide(DivisionRequest((32, 32, 32), orbitals, groups=2, markers=1000), 4).groups == 2
        assert divide(DivisionRequest((32, 32, 32), orbitals, groups=3, markers=1000), 4).groups == 2
    with pytest.raises(ProblemError, match="4 groups cannot share"):
        choose_groups((1, 0), (32, 32, 32), 4, asked=4, markers=2)


def test_the_choice() -> None:
    cube = (64, 64, 64)
    # condensates alone: one group, whatever the number of ranks
    assert choose_groups((1, 1, 1), cube, 6) == 1
    # never more groups than orbitals, and always a division that fits
    for ranks in range(1, 33):
        groups = choose_groups((7,), cube, ranks)
        assert ranks % groups == 0 and groups <= 7
    # one dimension has nothing to share: every rank would transform whole lines
    assert choose_groups((8,), (256,), 8) == 8
    # between nodes the exchange costs more than anything between groups
    assert choose_groups((64,), cube, 8, node_ranks=1) == 8
    # too little memory for whole grids on every rank: fewer groups
    large = (256, 256, 256)
    unlimited = choose_groups((64,), large, 8, node_ranks=1)
    needed = 16 * 256**3 * (8 + 4)
    assert choose_groups((64,), large, 8, node_ranks=1, memory_per_rank=0.9 * needed) < unlimited


TWO_GROUPS = """
[grid]
points = [16, 16, 16]
lengths = [8, 8, 8]
[[species]]
name = "f"
kind = "fermions"
orbitals = 5
initial = { kind = "oscillator", frequency = 1.0 }
[parallel]
orbital_groups = 4
pencil_grid = [2, 1]
"""


def request(*options: str) -> DivisionRequest:
    """What the file asks for, and options."""
    return division_request(parse_problem(TWO_GROUPS, list(options)))


@pytest.mark.parametrize(
    ("ranks", "groups", "pencil_grid", "notes"),
    [(8, 4, (2, 1), 0), (1, 1, (1, 1), 2), (2, 2, (1, 1), 2), (3, 3, (1, 1), 2), (6, 3, (2, 1), 1), (5, 1, (5, 1), 2)],
)
def test_a_file_runs_on_any_number_of_ranks(ranks, groups, pencil_grid, notes):
    """What it asks for gives way, and is told; what it asks for and can have, it gets."""
    division = divide(request(), ranks)
    assert (division.groups, division.decomposition.pencil_grid) == (groups, pencil_grid)
    assert len(division.notes) == notes
    counted = "1 rank" if ranks == 1 else f"{ranks} ranks"
    assert all(f"of the file is not for {counted}: " in note for note in division.notes)


def test_an_option_insists():
    with pytest.raises(ProblemError, match="1 rank cannot be divided into 2 groups of equal size"):
        divide(request("parallel.orbital_groups=2"), 1)
    with pytest.raises(ProblemError, match="3 x 1 pencils need 3 ranks, this run has 1"):
        divide(request("parallel.pencil_grid=[3, 1]"), 1)
    with pytest.raises(ProblemError, match="cannot be divided into 3 groups"):
        divide(request("parallel={orbital_groups=3}"), 4)


@pytest.mark.parametrize("card", sorted(cards()))
def test_every_card_runs_on_any_few_ranks(card):
    problem = load_problem(card)
    if problem.many_body is not None:
        pytest.skip("ranks share the configurations of N bodies, not the grid")
    card_request = division_request(problem)
    for ranks in range(1, 9):
        division = divide(card_request, ranks)
        assert division.replicas * division.groups * division.decomposition.ranks == ranks


AROUND_TWO = """
[grid]
points = [16, 16, 16]
lengths = [8, 8, 8]
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1.0 }
[[species]]
name = "b"
initial = { kind = "gaussian", width = 1.0 }
[time]
final = 1.0
step = 0.01
[fluctuations]
modes = 2
probes = 3
"""


def around(*options):
    """What two condensates with seven pairs around them ask for, and options."""
    return division_request(parse_problem(AROUND_TWO, list(options)))


def test_pairs_are_shared_by_as_many_replicas_as_have_two_each():
    for ranks, replicas in {1: 1, 2: 2, 3: 3, 4: 2, 5: 1, 6: 3, 8: 2, 12: 3}.items():
        division = divide(around(), ranks)
        assert (division.groups, division.replicas) == (1, replicas)
        assert division.decomposition.ranks == ranks // replicas
    assert choose_replicas(64, 2, (64, 64, 64), 64) == 32


def test_replicas_need_memory_for_their_condensates():
    """Pairs take the same memory however they are shared; every replica has its condensates beside them."""
    grid = (64, 64, 64)
    needed = {replicas: 16 * 64**3 * replicas // 8 * fields_of_replica(2, 64 // replicas) for replicas in (1, 2, 4, 8)}
    assert needed[1] < needed[2] < needed[4] < needed[8]
    for replicas in (1, 2, 4, 8):
        assert choose_replicas(64, 2, grid, 8, memory_per_rank=1.01 * needed[replicas]) == replicas
    assert choose_replicas(64, 2, grid, 8, memory_per_rank=1.0) == 1  # none fits: what needs least


def test_replicas_that_are_asked_for():
    assert divide(around("parallel.orbital_groups=4"), 4).replicas == 4
    assert divide(around("parallel.pencil_grid=[2, 1]"), 8).replicas == 4
    with pytest.raises(ProblemError, match="4 ranks cannot be divided into 3 groups"):
        divide(around("parallel.orbital_groups=3"), 4)
    with pytest.raises(ProblemError, match=r"8 groups cannot share 7 pairs of \[fluctuations\]"):
        around("parallel.orbital_groups=8")
    file = parse_problem(AROUND_TWO + "[parallel]\norbital_groups = 4\n")
    division = divide(division_request(file), 6)  # of a file it gives way
    assert division.replicas == 3 and "is not for 6 ranks" in division.notes[0]
    coupled = '[[coupling]]\nbetween = ["a", "b"]\nrabi_frequency = 1.0\n'
    file = parse_problem(AROUND_TWO.replace("[time]", f"{coupled}[time]"), ["parallel.orbital_groups=2"])
    assert divide(division_request(file), 2).replicas == 2  # species that turn into each other are in every replica
