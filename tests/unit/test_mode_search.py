"""The parts of a search for modes by themselves: the small problem, the bases, the XDMF description, the plan."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.initial.excitations.real_states.basis import Basis
from hpcmix.initial.excitations.real_states.ritz import NegativeForm, ritz_pairs
from hpcmix.io.fields.xdmf import describe_series
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning.plan_table import planned_lines

SIZE = 12


def forms(rng):
    """Two positive matrices and the frequencies of their pairs, omega^2 = eig(A_- A_+)."""
    plus, minus = (part @ part.T + np.eye(SIZE) for part in rng.normal(size=(2, SIZE, SIZE)))
    return plus, minus, np.sqrt(np.sort(np.linalg.eigvals(minus @ plus).real))


def test_pairs_in_whole_and_in_dependent_bases():
    rng = np.random.default_rng(3)
    plus, minus, expected = forms(rng)
    basis = rng.normal(size=(SIZE + 5, SIZE))  # five rows too many
    found = ritz_pairs(basis @ plus @ basis.T, basis @ minus @ basis.T, basis @ basis.T, 6)
    # a basis of condition 1e2 to 1e3, whose Gram matrices have its square
    assert found.energies == pytest.approx(expected[:6], rel=1e-8)
    p, q = found.p.T @ basis, found.q.T @ basis
    assert p @ q.T == pytest.approx(np.eye(6), abs=1e-8)
    assert p @ plus == pytest.approx(found.energies[:, None] * q, abs=1e-6)
    assert q @ minus == pytest.approx(found.energies[:, None] * p, abs=1e-6)


def test_pairs_of_part_of_the_space_lie_above():
    rng = np.random.default_rng(4)
    plus, minus, expected = forms(rng)
    basis = rng.normal(size=(SIZE - 4, SIZE))
    found = ritz_pairs(basis @ plus @ basis.T, basis @ minus @ basis.T, basis @ basis.T, 3)
    assert np.all(found.energies >= expected[:3])


def test_moves_are_independent_however_small():
    rng = np.random.default_rng(5)
    plus, minus, _ = forms(rng)
    basis = np.concatenate([np.eye(SIZE)[:6], 1e-9 * rng.normal(size=(3, SIZE)) + np.eye(SIZE)[6:9]])
    found = ritz_pairs(basis @ plus @ basis.T, basis @ minus @ basis.T, basis @ basis.T, 6)
    for moved, pairs, form in zip(found.moves(np.arange(3), 6), (found.p, found.q), (plus, minus), strict=True):
        gram = basis @ form @ basis.T
        assert moved.T @ gram @ moved == pytest.approx(np.eye(moved.shape[1]), abs=1e-9)
        assert pairs.T @ gram @ moved == pytest.approx(np.zeros((6, moved.shape[1])), abs=1e-9)


def test_a_negative_form_is_said():
    indefinite = np.diag([1.0, 2.0, -0.5])
    with pytest.raises(NegativeForm, match="A_\\+") as raised:
        ritz_pairs(indefinite, np.eye(3), np.eye(3), 2)
    direction = raised.value.coefficients
    assert direction @ indefinite @ direction < 0.0


def test_a_basis_combines_in_place():
    rng = np.random.default_rng(6)
    basis = Basis(2, 6, (1, 5))
    for array in basis.rows.arrays:
        array[...] = rng.normal(size=array.shape)
    added = basis.more(2)
    for array in added.arrays:
        array[...] = rng.normal(size=array.shape)
    before = [array.copy() for array in basis.whole.arrays]
    p, q = rng.normal(size=(2, 4, 3))
    basis.combine(p, q, 2)
    assert (basis.count, basis.used) == (2, 3)
    for array, old, matrix in zip(basis.whole.arrays, before, (p, q, p, q), strict=True):
        assert array == pytest.approx(np.einsum("i...,ij->j...", old, matrix), abs=1e-14)


@pytest.mark.parametrize("points", [(6,), (6, 5), (6, 5, 4)])
def test_the_description_of_modes_names_every_part(points):
    block = Block((0,) * len(points), points)
    grid = Grid(points, tuple(float(n) for n in points), block, block)
    root = ElementTree.fromstring(describe_series("excitations.h5", grid, 3, ["a/density_change"]))
    grids = root.findall("./Domain/Grid/Grid")
    assert [float(each.find("Time").get("Value")) for each in grids] == [0.0, 1.0, 2.0]
    for number, each in enumerate(grids):
        place, source = each.findall("./Attribute/DataItem/DataItem")
        first, stride, count = np.array(place.text.split(), int).reshape(3, -1)
        assert first.tolist() == [number, *(0 for _ in points)] and set(stride) == {1}
        assert count.tolist() == [1, *points]
        assert source.text == "excitations.h5:/a/density_change"
        assert source.get("Dimensions").split() == [str(n) for n in (3, *points)]


def test_the_plan_says_what_a_spectrum_takes():
    text = """
    [grid]
    points = [64, 64]
    lengths = [12.0, 12.0]
    [[species]]
    name = "a"
    particles = 10
    [excitations]
    modes = 10
    """
    line = next(line for line in planned_lines(parse_problem(text), 1) if line.startswith("excitations"))
    # (12 x 15 + 8 x 10) real fields of 4096 points
    assert "10 modes, 15 sought together: about 8.52 MB per rank" in line


def test_the_plan_says_what_matrices_take():
    text = """
    [grid]
    points = [20, 20]
    lengths = [12.0, 12.0]
    [[species]]
    name = "a"
    particles = 10
    [excitations]
    method = "dense"
    modes = 10
    """
    line = next(line for line in planned_lines(parse_problem(text), 1) if line.startswith("excitations"))
    # ten matrices of 800^2 numbers of 16 bytes; u, v, complex, and the change of the density of 10 modes
    assert line.endswith(
        "10 modes, by matrices of 800^2 complex numbers: about 102 MB on the first rank beside the state; "
        "160 kB of files"
    )
