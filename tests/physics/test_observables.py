"""What a record holds beside moments and energies: tails of spectra, densities at the faces, healing lengths, and on
request angular momentum and momentum distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.systems import contact, evolution, expanding, expression, gaussian, harmonic, largest, species, system

from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

NOISY = {"noise": {"amplitude": 0.05, "seed": 3}}
SET = {"name": "f", "kind": "fermions", "orbitals": 4, "initial": {"kind": "oscillator", "frequency": 1.5} | NOISY}
FIELD = {"kind": "uniform", "field": 1.0}


def asked(one, *names):
    return one.record(*names)["species"]


def expected_tails(one, index):
    """By numpy, from the orbitals: the share of modes |m| > n/3 along each axis."""
    orbitals = one.state.orbitals[index]
    axes = tuple(range(1, orbitals.ndim))
    spectral = np.sum(np.abs(np.fft.fftn(orbitals.astype(complex), axes=axes)) ** 2, axis=0)
    tails = []
    for axis, n in enumerate(spectral.shape):
        line = np.sum(spectral, axis=tuple(b for b in range(spectral.ndim) if b != axis))
        tails.append(np.sum(line[np.abs(np.fft.fftfreq(n, 1.0 / n)) > n / 3.0]) / np.sum(line))
    return tails


@pytest.mark.parametrize("points", [[48], [18, 21], [12, 10, 9]])
@pytest.mark.parametrize(
    "entry",
    [
        species("a", particles=7.0, initial=gaussian(0.8) | NOISY),
        species("a", particles=7.0, kinetic="semirelativistic", initial=gaussian(0.8) | NOISY),
        SET,
        SET | {"kinetic": "semirelativistic"},
    ],
)
def test_tails_of_spectra(points, entry):
    one = system(points, [9.0, 8.0, 8.5][: len(points)], [entry], time=evolution(0.1, 0.05, "strang"))
    (found,) = one.record()["species"].values()
    assert found["spectral_tail"] == pytest.approx(expected_tails(one, 0), rel=1e-10, abs=1e-15)
    assert min(found["spectral_tail"]) > 1e-4  # of noise


@pytest.mark.parametrize("entry", [species("a", initial=gaussian(0.8) | NOISY), SET])
def test_tails_with_a_vector_potential_and_in_a_frame(entry):
    turned = system([18, 21], [9.0, 8.0], [entry | {"vector_potential": FIELD}], time=evolution(0.1, 0.05, "strang"))
    grown = system([18, 21], [9.0, 8.0], [entry], grid=expanding(1.0), time=evolution(1.0, 0.05, "strang")).evolve(8)
    for one in (turned, grown):
        (found,) = one.record()["species"].values()
        assert found["spectral_tail"] == pytest.approx(expected_tails(one, 0), rel=1e-10, abs=1e-15)


def test_a_gaussian_that_is_too_narrow():
    """|phi^|^2 ~ exp(-k^2 w^2): erfc(2 pi w / 3 h) of it is in the tail, here with the images of all periods."""
    spacing, width = 0.25, 0.2
    one = system([64], [16.0], [species("a", initial=gaussian(width))])
    tail = one.record()["species"]["a"]["spectral_tail"][0]
    assert tail == pytest.approx(math.erfc(2.0 * math.pi * width / (3.0 * spacing)), rel=0.1)
    resolved = system([64], [16.0], [species("a", initial=gaussian(1.0))])
    assert resolved.record()["species"]["a"]["spectral_tail"][0] < 1e-25


def test_single_precision_is_no_tail():
    """Rounding of 6e-8 in every amplitude: 1e-15 of the norm in every mode, far below what is said."""
    options = {"parallel": {"precision": "single"}, "time": evolution(0.5, 0.01, "strang")}
    one = system([32, 32], [16.0, 16.0], [species("a", potential=[harmonic(1.0)], initial=gaussian(1.2))], **options)
    found = one.evolve().record()["species"]["a"]
    assert max(found["spectral_tail"]) < 1e-9
    assert max(found["face_density"]) < 1e-9


def test_faces_along_every_axis():
    one = system([20, 21, 22], [8.0, 9.0, 10.0], [species("a", initial=gaussian([1.0, 1.5, 9.0], centre=[2, 0, 0]))])
    density = one.density()
    expected = [
        max(np.max(np.take(density, plane, axis=axis)) for plane in (0, -1)) / np.max(density) for axis in range(3)
    ]
    assert one.record()["species"]["a"]["face_density"] == pytest.approx(expected, rel=1e-14)
    empty = system(
        [16],
        [8.0],
        [species("a", initial=gaussian(1.0)), species("b", particles=0.0)],
        coupling=[{"between": ["a", "b"], "rabi_frequency": 1.0, "from": 0.0}],
    )
    found = empty.record()["species"]["b"]
    assert found["face_density"] == [0.0] and math.isnan(found["spectral_tail"][0])


def test_healing_length():
    """xi = hbar / sqrt(2 m g n) of a uniform gas; none without contact."""
    one = system(
        [8, 8, 8],
        [2.0, 4.0, 5.0],
        [
            species("a", mass=1.5, particles=80.0, initial={"kind": "plane-waves", "numbers": 0}),
            species("b", initial={"kind": "plane-waves", "numbers": 1}),
        ],
        [contact("a", "a", 0.3), contact("a", "b", 1.0)],
    )
    found = one.record()["species"]
    assert found["a"]["healing_length"] == pytest.approx(1.0 / math.sqrt(2.0 * 1.5 * 0.3 * 2.0), rel=1e-12)
    assert "healing_length" not in found["b"]


# ------------------------------------------------------------------------------------ angular momentum


def test_angular_momentum_of_a_vortex_at_rest_in_the_laboratory():
    """(x + i y) exp(-r^2/2) has hbar per particle along z; boosted by p at r_0, r_0 x p more."""
    vortex = {"kind": "expression", "amplitude": "sqrt((x-1)**2 + y**2)*exp(-((x-1)**2 + y**2)/2)"}
    vortex |= {"phase": "atan2(y, x-1)", "momentum": [0.0, 0.7]}
    one = system([32, 36], [14.0, 15.0], [species("a", particles=5.0, initial=vortex)])
    found = asked(one, "angular-momentum")["a"]
    assert found["angular_momentum"] == pytest.approx([5.0 * (1.0 + 0.7)], abs=1e-6)
    assert "angular_momentum" not in one.record()["species"]["a"]


def test_angular_momentum_in_three_dimensions_and_of_sets():
    boosted = gaussian(1.0, centre=[0.5, -0.3, 0.2], momentum=[0.4, 0.8, -0.6])
    one = system([24, 25, 26], [11.0, 11.5, 12.0], [species("a", particles=3.0, initial=boosted)])
    expected = 3.0 * np.cross([0.5, -0.3, 0.2], [0.4, 0.8, -0.6])
    assert asked(one, "angular-momentum")["a"]["angular_momentum"] == pytest.approx(expected.tolist(), abs=1e-8)
    shell = SET | {"orbitals": 3, "initial": {"kind": "oscillator", "frequency": 1.0, "centre": [0.5, 0.0]}}
    shell["initial"]["momentum"] = [0.0, 0.9]
    fermions = system([32, 32], [14.0, 14.0], [shell])
    # three orbitals of one shell and below: each boosted, about a common centre, and no rotation of their own
    found = asked(fermions, "angular-momentum", "momentum-distribution")["f"]
    assert found["angular_momentum"] == pytest.approx([3.0 * 0.5 * 0.9], abs=1e-8)
    assert sum(found["momentum_distribution"]["x"]) == pytest.approx(3.0)


def test_angular_momentum_in_an_expanding_frame():
    """r x p is the same in the frame, and conserved."""
    initial = gaussian([1.0, 1.4], centre=[0.4, 0.0], momentum=[0.0, 0.8])
    one = system(
        [48, 48],
        [14.0, 14.0],
        [species("a", particles=2.0, initial=initial)],
        [contact("a", "a", 0.5)],
        grid=expanding(1.0),
        time=evolution(3.0, 0.02, "blanes-moan-4"),
    )
    before = asked(one, "angular-momentum")["a"]["angular_momentum"]
    assert before == pytest.approx([2.0 * 0.4 * 0.8], abs=1e-8)
    one.evolve()
    assert asked(one, "angular-momentum")["a"]["angular_momentum"] == pytest.approx(before, abs=1e-6)


def test_what_cannot_be_asked_for():
    text = '[grid]\npoints = [16]\nlengths = [8.0]\n{}[[species]]\nname = "a"\n[time]\nfinal = 1.0\nstep = 0.01\n'
    text += "[output]\nobservables = {{ also = [{}] }}\n"
    with pytest.raises(ProblemError, match="needs two or three dimensions"):
        parse_problem(text.format("", '"momentum-distribution", "angular-momentum"'))
    with pytest.raises(ProblemError, match=r"also.1: is measured of sets"):
        parse_problem(text.format("", '"momentum-distribution", "determinant-overlap"'))
    assert parse_problem(text.format("", '"momentum-distribution"')).output.observables.also
    frame = 'frame = { kind = "expanding", rate = 1.0 }\n'
    with pytest.raises(ProblemError, match="no grid resolves"):
        parse_problem(text.format(frame, '"momentum-distribution"'))


# ------------------------------------------------------------------------------------ momentum distributions


def test_momentum_distribution_of_a_condensate():
    """N |phi^|^2: of a boosted Gaussian one about the boost, of width 1 / (sqrt(2) w)."""
    boost = 2.0 * math.pi * 5 / 16.0
    one = system([64, 40], [16.0, 16.0], [species("a", particles=6.0, initial=gaussian(1.0, momentum=[boost, 0.0]))])
    found = asked(one, "momentum-distribution")["a"]["momentum_distribution"]
    for axis, (name, n, centre) in enumerate((("x", 64, boost), ("y", 40, 0.0))):
        k = 2.0 * math.pi / 16.0 * (np.arange(n) - n // 2)
        exact = 6.0 * (2.0 * math.pi / 16.0) / math.sqrt(math.pi) * np.exp(-((k - centre) ** 2))
        assert largest(np.array(found[name]) - exact) < 1e-8, axis


def test_one_fermion_and_one_atom_agree():
    initial = {"kind": "oscillator", "frequency": 1.3, "centre": 0.4, "momentum": 0.5}
    entries = [
        species("a", particles=1.0, initial=initial | {"numbers": 0}),
        species("f", kind="fermions", orbitals=1, initial=initial),
    ]
    one = system([40], [14.0], entries, comm=MPI.COMM_SELF)
    found = asked(one, "momentum-distribution")
    assert found["a"]["momentum_distribution"]["x"] == pytest.approx(found["f"]["momentum_distribution"]["x"])


def test_pending_kicks_count(comm):
    """Momenta between two steps are those of the completed state."""
    entry = species("a", potential=[harmonic(1.0)], initial=expression("exp(-(x-1)**2/2)"))
    one = system([48], [16.0], [entry], time=evolution(0.5, 0.05, "strang"))
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    assert one.state.progress.pending_kick != 0.0
    pending = asked(one, "momentum-distribution")["a"]["momentum_distribution"]["x"]
    one.stepper.complete(one.state)
    assert asked(one, "momentum-distribution")["a"]["momentum_distribution"]["x"] == pytest.approx(pending, abs=1e-14)
