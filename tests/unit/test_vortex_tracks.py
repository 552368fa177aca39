"""Vortices and lines keep their numbers from record to record."""

import numpy as np

from hpcmix.observe.vortices.lines import vortex_lines
from hpcmix.observe.vortices.tracks import numbered

BOX = [10.0, 8.0]


def record(places, charges, time=0.0):
    entries = {"count": len(places), "charge": list(charges), "box": BOX}
    entries |= {axis: [place[number] for place in places] for number, axis in enumerate("xy")}
    return {"time": time, "species": {"a": {"particles": 1.0, "vortices": entries}, "b": {"particles": 2.0}}}


def numbers(records):
    return [entry["species"]["a"]["vortices"]["number"] for entry in numbered(records)]


def test_vortices_keep_their_numbers_whatever_their_order_in_the_record():
    one = record([(-4, 0), (0, 1), (3, -2)], [1, -1, 1])
    two = record([(2.8, -2.1), (-4.3, 0.2), (0.2, 1)], [1, 1, -1])
    assert numbers([one, two]) == [[0, 1, 2], [2, 0, 1]]


def test_across_a_face():
    assert numbers([record([(-4.9, 0), (4, 3.9)], [1, 1]), record([(4.9, 0), (4, -3.9)], [1, 1])]) == [[0, 1]] * 2


def test_charges_are_not_mixed_up_and_births_get_new_numbers():
    one = record([(0, 0), (0.2, 0)], [1, -1])
    two = record([(0.2, 0), (0, 0), (-3, 3)], [1, -1, 1])
    assert numbers([one, two, record([(-3, 3)], [1]), record([(-3, 3), (0, 0)], [1, 1])]) == [
        [0, 1],
        [0, 1, 2],
        [2],
        [2, 3],
    ]


def test_a_fast_vortex_is_expected_where_it_goes():
    """Two on one line move by almost their distance in a unit of time: the nearest is then the wrong one."""
    moving = [record([(-4 + 0.9 * t, 0), (-3 + 0.9 * t, 0)], [1, 1], t) for t in (0.0, 0.4, 1.4, 2.4)]
    assert numbers(moving) == [[0, 1]] * 4


def test_too_far_is_another_one():
    assert numbers([record([(0, 0)], [1]), record([(1.3, 0)], [1])]) == [[0], [1]]


def test_lines_keep_theirs_and_records_without_vortices_stay():
    height = np.linspace(-4, 4, 9)

    def lines(*at):
        points = {
            "x": np.concatenate([[x] * 9 for x in at]),
            "y": np.tile(0.1 * height, len(at)),
            "z": np.tile(height, len(at)),
        }
        entries = {key: value.tolist() for key, value in points.items()}
        entries |= {"line": np.repeat(range(len(at)), 9).tolist(), "length": [8.0] * len(at), "box": [10.0, 10.0, 8.0]}
        return {"time": 0.0, "species": {"a": {"vortex_lines": entries}}}

    found = [entry["species"]["a"]["vortex_lines"]["number"] for entry in numbered([lines(-2, 2), lines(2.2, -1.9)])]
    assert found == [[0, 1], [1, 0]]
    plain = {"step": 0, "time": 0.0, "species": {"a": {"particles": 1.0}}}
    assert numbered([plain]) == [plain]


def test_lines_follow_the_circulation_through_cubes_and_faces():
    """Up through the plaquettes at (1, 1), then one cube to the side, and round the periodic box; and a piece of a line
    that ends."""
    normals = np.array([2, 2, 0, 2, 2])
    corners = np.array([(1, 1, 0), (1, 1, 1), (2, 1, 1), (2, 1, 2), (2, 1, 3)])
    winding = np.ones(5, int)
    places = corners + 0.5
    (line,) = vortex_lines((4, 4, 4), normals, corners, winding, places)
    assert not line.closed and line.points == (0, 1, 2, 3, 4)  # from z = 3 it would have to come back to x = 1
    backwards = vortex_lines((4, 4, 4), normals, corners, -winding, places)
    assert backwards[0].points == (4, 3, 2, 1, 0)
    straight = np.array([(1, 1, z) for z in range(4)])
    (line,) = vortex_lines((4, 4, 4), np.full(4, 2), straight, np.ones(4, int), straight + 0.5)
    assert line.closed and line.points == (0, 1, 2, 3)


def test_two_lines_in_one_cube_are_told_apart():
    corners = np.array([(1, 1, 1), (1, 1, 1), (1, 1, 2), (2, 1, 1)])
    normals, winding = np.array([2, 0, 2, 0]), np.ones(4, int)
    places = np.array([(1.2, 1.5, 1.0), (1.0, 1.5, 1.2), (1.8, 1.5, 2.0), (2.0, 1.5, 1.2)])
    lines = vortex_lines((4, 4, 4), normals, corners, winding, places)
    # 0 and 3 are 0.82 apart, 1 and 3 are 1.0, 0 and 2 are 1.17
    assert {line.points for line in lines} == {(0, 3), (1, 2)}
