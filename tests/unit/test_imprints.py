"""Vortices, rings and steps of the phase on states at time zero: where they are, periodic, and what is refused."""

import numpy as np
import pytest
from physics.systems import contact, gaussian, harmonic, species, system

from hpcmix.initial.written.vortices import PointVortex, periodic_factor, phase_step, ring_factor
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

BOXES = [(8.0, 6.0), (6.0, 8.0), (3.0, 15.0)]
EVERYWHERE = {"kind": "plane-waves", "numbers": 0}


def circulation(field, first, last):
    """Turns of the phase round a rectangle of grid points, counter-clockwise."""
    (i, j), (k, m) = first, last
    loop = np.concatenate([field[i:k, j], field[k, j:m], field[k:i:-1, m], field[i, m:j:-1], field[i : i + 1, j]])
    return np.sum(np.angle(loop[1:] / loop[:-1])) / (2 * np.pi)


@pytest.mark.parametrize("lengths", BOXES)
def test_neutral_sets_are_periodic_and_flow_as_little_as_they_can(lengths):
    at = np.array([(-0.3, 0.1), (0.35, -0.4), (0.1, 0.45)]) * lengths
    vortices = [PointVortex(tuple(place), q, 0.1 * min(lengths)) for place, q in zip(at, (1, -2, 1), strict=True)]
    u, v = np.linspace(-0.5, 0.5, 81)[:, None] * lengths[0], np.linspace(-0.5, 0.5, 65)[None] * lengths[1]
    factor = periodic_factor(u, v, lengths, vortices)
    assert np.abs(factor[0] - factor[-1]).max() < 1e-13  # rounding of a dozen factors
    assert np.abs(factor[:, 0] - factor[:, -1]).max() < 1e-13
    phases = factor / np.abs(factor)
    for axis, other in ((0, 1), (1, 0)):  # at most half a wave in the mean over the box, each line's being whole
        steps = np.angle(np.take(phases, range(1, phases.shape[axis]), axis) / np.delete(phases, -1, axis))
        turns = np.delete(steps, -1, other).sum(axis=axis) / (2 * np.pi)
        assert np.abs(turns - np.round(turns)).max() < 1e-12
        assert abs(turns.mean()) <= 0.52  # the mean over lines is that over the box within a line's share


def test_a_vortex_is_where_it_is_said_and_its_density_one_half_at_the_core():
    vortices = [PointVortex((0.4, -0.3), 1, 0.3), PointVortex((-3.6, 2.7), -1, 0.3)]
    angle = np.linspace(0.0, 2 * np.pi, 5)
    u, v = 0.4 + 0.3 * np.cos(angle), -0.3 + 0.3 * np.sin(angle)
    assert np.abs(periodic_factor(np.array([0.4]), np.array([-0.3]), (8.0, 6.0), vortices)) < 1e-15
    density = np.abs(periodic_factor(u, v, (8.0, 6.0), vortices)) ** 2
    # the periodic distance of the other vortex is about L / pi, which takes (0.3 pi / 6)^2 away
    assert density == pytest.approx(0.5, rel=0.025)


def test_states_with_vortices_have_their_circulation():
    pair = [{"position": [-1.9, 0.6]}, {"position": [2.1, -1.4], "charge": -1}]
    made = system(
        [48, 40], [12.0, 10.0], [species("a", initial=EVERYWHERE | {"vortices": pair})], [contact("a", "a", 900)]
    )
    field = made.state.orbitals[0][0]
    assert circulation(field, (8, 8), (24, 36)) == pytest.approx(1.0, abs=1e-12)
    assert circulation(field, (25, 4), (44, 30)) == pytest.approx(-1.0, abs=1e-12)
    assert circulation(field, (4, 2), (46, 38)) == pytest.approx(0.0, abs=1e-12)
    assert made.norms()[0] == pytest.approx(1.0, abs=1e-13)
    # no core is given: hbar / sqrt(m g n) / 0.8247544945, and next to the vortex the density is that of the core
    core = 1.0 / 0.8247544945 / np.sqrt(900.0 / 120.0 * made.mixture.weights[0])
    x, y = made.grid.coordinates
    r2 = (x + 1.9) ** 2 + (y - 0.6) ** 2
    near = r2 < 0.25 * core**2
    ratio = np.abs(field[near]) ** 2 / (r2 / (r2 + core**2))[near]
    assert ratio == pytest.approx(np.mean(ratio), rel=0.05)  # what the other core, ten of them away, changes there


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_lines_turn_about_their_axis(axis):
    pair = [{"position": [-1.5, -0.4], "axis": axis}, {"position": [1.5, 0.4], "axis": axis, "charge": -1}]
    made = system([16] * 3, [8.0] * 3, [species("a", initial=EVERYWHERE | {"vortices": pair})], [contact("a", "a", 50)])
    field = np.moveaxis(made.state.orbitals[0][0], "xyz".index(axis), 2)[:, :, 3]  # planes in the order of names
    sign = -1 if axis == "y" else 1  # (x, z) is a left-handed plane about y
    assert circulation(field, (1, 1), (8, 14)) == pytest.approx(sign, abs=1e-12)
    assert circulation(field, (8, 1), (14, 14)) == pytest.approx(-sign, abs=1e-12)


@pytest.mark.parametrize("axis", [0, 2])
def test_a_ring_flows_through_itself_along_its_axis(axis):
    initial = EVERYWHERE | {"rings": [{"centre": [0.4, -0.3, 0.2], "radius": 2.0, "axis": "xyz"[axis], "core": 0.5}]}
    made = system([32, 30, 36], [10.0, 11.0, 12.0], [species("a", initial=initial)])
    field = made.state.orbitals[0][0]
    shape = field.shape
    inside = [
        round((c / length + 0.5) * n) for c, length, n in zip([0.4, -0.3, 0.2], made.grid.lengths, shape, strict=True)
    ]
    for place, turns in ((inside, 1.0), ([0, 0, 0], 0.0)):
        line = field[tuple(slice(None) if other == axis else place[other] for other in range(3))]
        line = np.append(line, line[0])
        assert np.angle(line[1:] / line[:-1]).sum() / (2 * np.pi) == pytest.approx(turns, abs=1e-12)
    spectrum = np.abs(np.fft.fftn(field))
    for other in range(3):  # smooth across the faces: kinks there would leave 1e-2 of the spectrum at its end
        assert np.take(spectrum, shape[other] // 2, axis=other).max() < 1e-3 * spectrum.max()


def test_a_ring_is_a_circle():
    # zeros of the factor along rays: on the axes exactly, in between to what the series leaves of (pi R / L)^24
    for angle in (0.0, 0.3, np.pi / 4):
        r = np.linspace(1.9, 2.1, 201)
        across = [r * np.cos(angle), r * np.sin(angle)]
        size = np.abs(ring_factor(across, (10.0, 10.0), np.zeros(1), 9.0, 2.0, 1, 0.3))
        assert r[np.argmin(size)] == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("width", [0.0, 0.4])
def test_steps_of_the_phase(width):
    steps = [{"axis": "x", "position": p, "jump": np.pi / 2 * s, "width": width} for p, s in ((-2.0, 1), (2.05, -1))]
    made = system([80], [10.0], [species("a", initial=EVERYWHERE | {"phase_steps": steps})])
    x, field = made.grid.coordinates[0], made.state.orbitals[0][0]
    phase = np.angle(field / field[np.argmin(np.abs(x))])
    assert phase[np.abs(x) < 0.5] == pytest.approx(0.0, abs=2e-3)  # tanh is 1 - 2 exp(-7.5) so far away
    assert phase[np.abs(x) > 4.0] == pytest.approx(-np.pi / 2, abs=2e-3)
    assert phase_step(np.array([-5.0]), 10.0, 2.0, 0.5) + 1.0 == pytest.approx(
        phase_step(np.array([5.0]), 10.0, 2.0, 0.5)
    )


def test_a_single_vortex_needs_a_cloud_that_ends_before_the_faces():
    one = {"vortices": [{"position": [0.2, 0.0], "core": 0.5}]}
    trapped = system([32, 32], [12.0, 12.0], [species("a", initial=gaussian(1.2) | one)])
    assert circulation(trapped.state.orbitals[0][0], (10, 10), (22, 22)) == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(
        ProblemError, match=r"total charge 1 about z: the phase jumps .* add vortices of charge -1 in all"
    ):
        system([32, 32], [12.0, 12.0], [species("a", initial=EVERYWHERE | one)])
    with pytest.raises(ProblemError, match=r"vortices.0.core: is required: no repulsion"):
        system([32, 32], [12.0, 12.0], [species("a", initial=gaussian(1.2) | {"vortices": [{"position": [0, 0]}]})])
    step = {"phase_steps": [{"axis": "y", "position": 1.0, "jump": 2.0}]}
    with pytest.raises(ProblemError, match=r"jump by 2 in all along y: .* add a step that takes it back"):
        system([32, 32], [12.0, 12.0], [species("a", initial=EVERYWHERE | step)])


def test_ground_states_and_fermions_take_vortices():
    trap = {"mass": 1.0, "potential": [harmonic(1.0)]}
    one = {"vortices": [{"position": [0.3, 0.0]}]}
    found = system([24, 24], [12.0, 12.0], [species("a", initial=one, particles=50, **trap)], [contact("a", "a", 1)])
    assert circulation(found.state.orbitals[0][0], (7, 7), (17, 17)) == pytest.approx(1.0, abs=1e-12)
    filled = {"kind": "oscillator", "frequency": 1.0, "vortices": [{"position": [0.3, 0.0], "core": 0.5}]}
    gas = system(
        [24, 24], [12.0, 12.0], [{"name": "f", "kind": "fermions", "mass": 1, "orbitals": 3, "initial": filled}]
    )
    orbitals = gas.state.orbitals[0].reshape(3, -1)
    gram = orbitals.conj() @ orbitals.T * gas.grid.cell_volume
    assert np.abs(gram - np.eye(3)).max() < 1e-12


FILE = """\
[grid]
points = [16, 16, 16]
lengths = [8, 8, 8]
[[species]]
name = "a"
particles = 10
[species.initial]
kind = "gaussian"
width = 1
KEY
[time]
step = 0.01
final = 1
"""
FLAT = FILE.replace("[16, 16, 16]", "[16, 16]").replace("[8, 8, 8]", "[8, 8]")
LINE = FLAT.replace("[16, 16]", "[16]").replace("[8, 8]", "[8]")
MISTAKES = [
    (FILE, "vortices = [{ position = [1, 2, 3] }]", "vortices.0.position", "needs 2 values, x and y of the vortex"),
    (
        FILE,
        'vortices = [{ position = [1, 5], axis = "y" }]',
        "vortices.0.position.1",
        "5 on axis z is outside the box",
    ),
    (FILE, "vortices = [{ position = [1, 2], charge = 0 }]", "vortices.0.charge", "must not be zero"),
    (FILE, "vortices = [{ position = [1, 2], charge = 1.5 }]", "vortices.0.charge", "must be a whole number, not 1.5"),
    (FILE, "vortices = [{ position = [1, 2], core = -1 }]", "vortices.0.core", "must be positive, not -1"),
    (
        FILE,
        "vortices = [{ position = [1, 2] }, { position = [1, 2], charge = -1 }]",
        "vortices.1.position",
        "is that of another vortex",
    ),
    (FLAT, 'vortices = [{ position = [1, 2], axis = "x" }]', "vortices.0.axis", "a vortex is a point of the plane"),
    (LINE, "vortices = [{ position = [1, 2] }]", "vortices", "needs two or three dimensions; in one, phase_steps"),
    (FLAT, "rings = [{ centre = [0, 0], radius = 1 }]", "rings.0", "needs three dimensions; in two a ring is a pair"),
    (FILE, "rings = [{ centre = [0, 0, 9], radius = 1 }]", "rings.0.centre.2", "9 on axis z is outside the box"),
    (FILE, "rings = [{ centre = 0, radius = 4 }]", "rings.0.radius", "the ring meets its images"),
    (FLAT, 'phase_steps = [{ axis = "z", position = 0, jump = 1 }]', "phase_steps.0.axis", "the grid has no axis z"),
    (
        FLAT,
        'phase_steps = [{ axis = "y", position = 0, jump = 1, width = 3 }]',
        "phase_steps.0.width",
        "3 is more than a quarter of the box along y",
    ),
    (FILE, "vortex = [{ position = [1, 2] }]", "vortex", 'did you mean "vortices"'),
]


@pytest.mark.parametrize(("text", "line", "key", "sentence"), MISTAKES)
def test_refusals_name_key_and_line(text, line, key, sentence):
    with pytest.raises(ProblemError) as refusal:
        parse_problem(text.replace("KEY", line))
    (complaint,) = refusal.value.complaints
    assert complaint.key == f"species.a.initial.{key}"
    assert complaint.line == 10
    assert sentence in str(complaint)


def test_imaginary_time_does_not_keep_phases():
    text = FLAT.replace('kind = "gaussian"\nwidth = 1\nKEY', "vortices = [{ position = [1, 2] }]")
    text += '[ground_state]\nmethod = "imaginary-time"\n'
    with pytest.raises(
        ProblemError, match=r'ground_state\.method: "imaginary-time" does not keep the phase'
    ) as refusal:
        parse_problem(text)
    assert refusal.value.complaints[0].line == text.splitlines().index('method = "imaginary-time"') + 1
    parse_problem(text + "[rotation]\nrate = 0.2\n")  # there the search is free
    parse_problem(text.replace("[1, 2]", "[1, 2], core = 0.5"))


def test_the_density_cut_belongs_to_vortices():
    text = FLAT.replace("KEY", "") + "[output.observables]\nvortex_density_cut = CUT\n"
    line = len(text.splitlines())
    cases = (("0.1", "", 'belongs to also = ["vortices"]'), ("1.0", "vortices", "must be less than one"))
    for cut, word, sentence in cases:
        with pytest.raises(ProblemError) as refusal:
            parse_problem(text.replace("CUT", cut) + (f'also = ["{word}"]\n' if word else ""))
        (complaint,) = refusal.value.complaints
        assert complaint.key == "output.observables.vortex_density_cut" and complaint.line == line
        assert sentence in complaint.message


def test_vortices_are_looked_for_in_two_dimensions_or_three():
    with pytest.raises(ProblemError, match=r"output\.observables\.also"):
        parse_problem(LINE.replace("KEY", "") + '[output.observables]\nalso = ["vortices"]\n')
