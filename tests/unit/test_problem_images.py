"""``output.images``: what a camera may be asked for, and every refusal with its key and line."""

from __future__ import annotations

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.words.show import resolved_toml, toml_of

TEXT = """
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [16, 16, 16]
lengths = [8.0, 8.0, 8.0]
[[species]]
name = "up"
particles = 10
mass = "86.909 u"
[output]
images = {{ {images} }}
"""
LINE = 13
FLAT = "points = [16]\nlengths = [8.0]"


def of(images: str, points: str = "") -> str:
    text = TEXT.format(images=images)
    return text.replace("points = [16, 16, 16]\nlengths = [8.0, 8.0, 8.0]", points) if points else text


def test_a_camera_in_units():
    images = parse_problem(
        of('axes = ["z", "x"], time_of_flight = "20 ms", resolution = "2 um", cross_section = "0.29 um^2", '
           'shot_noise = { photons = 500, seed = 3 }, stern_gerlach = [{ species = "up", shift = ["0 um", "30 um", '
           '"0 um"] }]')
    ).output.images  # fmt: skip
    assert images is not None
    assert (images.axes, images.resolution, images.cross_section) == (("z", "x"), 2.0, 0.29)
    assert images.stern_gerlach[0].shift == (0.0, 30.0, 0.0)
    assert images.expansion == "fresnel"


@pytest.mark.parametrize(("images", "fields"), [
    ('axes = "z"', ("density",)),
    ('time_of_flight = "1 ms"', ("density", "wave_function")),
])  # fmt: skip
def test_what_is_to_fly_is_stored(images, fields):
    assert parse_problem(of(images)).output.fields == fields


def test_it_reads_back():
    problem = parse_problem(of('time_of_flight = "1 ms", expansion = "frame", rate = "50 Hz", stern_gerlach = '
                               '[{ species = "up", shift = 1.0 }]'))  # fmt: skip
    assert parse_problem(resolved_toml(problem)) == problem


@pytest.mark.parametrize(("images", "key", "sentence"), [
    ('axes = "w"', "axes", 'must be "x", "y" or "z", or a list of these, not "w"'),
    ("axes = []", "axes", 'must be "x", "y" or "z", or a list of these, not a list of 0'),
    ('axes = ["x", "x"]', "axes", "names an axis twice"),
    ("axes = [[1], 2]", "axes", 'must be "x", "y" or "z", or a list of these, not a list of 2'),
    ('time_of_flight = "-1 ms"', "time_of_flight", "must not be negative"),
    ('expansion = "far-field"', "expansion", 'needs a time_of_flight, which is zero; "far-field" has none then'),
    ('time_of_flight = 1.0, expansion = "frame"', "expansion", "needs the rate of the expanding frame beside it"),
    ("time_of_flight = 1.0, rate = 2.0", "rate", 'is that of expansion = "frame"'),
    ("shot_noise = { photons = 9 }", "shot_noise", "needs their cross_section"),
    ("cross_section = 1.0, shot_noise = { photons = 0 }", "shot_noise.photons", "must be positive"),
    ("pixel = 2.0, field_of_view = 1.0", "pixel", "is wider than the field_of_view"),
    ('stern_gerlach = [{ species = "ub", shift = 1.0 }]', "stern_gerlach.0.species",
     '"ub" is no species (species: up)'),
    ('stern_gerlach = [{ species = "up", shift = 1.0 }, { species = "up", shift = 1.0 }]', "stern_gerlach.1.species",
     '"up" is moved already'),
    ('stern_gerlach = [{ species = "up", shift = [1.0] }]', "stern_gerlach.0.shift", "needs 3 values, one per axis"),
])  # fmt: skip
def test_refusals(images, key, sentence):
    with pytest.raises(ProblemError) as caught:
        parse_problem(of(images))
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key) == (LINE, f"output.images.{key}")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("images", "key", "sentence"), [
    ('axes = "x"', "axes", 'along "x" nothing is left of one dimension to see; take "y" or "z"'),
    ('axes = ["y", "z"], cross_section = 1.0', "cross_section",
     "is an area, and along y, z the picture of 1 dimension has particles per length; leave it out"),
])  # fmt: skip
def test_refusals_in_one_dimension(images, key, sentence):
    with pytest.raises(ProblemError) as caught:
        parse_problem(of(images, FLAT))
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key, complaint.message) == (LINE, f"output.images.{key}", sentence)


@pytest.mark.parametrize(("line", "sentence"), [
    ('kinetic = "semirelativistic"', 'is that of p^2/2m, and "up" is semirelativistic; leave it out'),
    ('kind = "classical"\nmarkers = 64', 'is that of wave functions, and "up" is classical; leave it out'),
])  # fmt: skip
def test_what_does_not_fly(line, sentence):
    text = of("time_of_flight = 1.0").replace('[units]\nlength = "1 um"\nmass = "86.909 u"\n', "")
    text = text.replace('mass = "86.909 u"', f'{line}\ninitial = {{ kind = "gaussian", width = 1.0 }}')
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    assert sentence in [complaint.message for complaint in caught.value.complaints]
    assert "output.images.time_of_flight" in [complaint.key for complaint in caught.value.complaints]


def test_a_flight_in_the_frame_does_not_begin_ramps_anew():
    text = of('time_of_flight = 1.0, expansion = "frame", rate = 1.0')
    contact = '[[interaction]]\nbetween = ["up", "up"]\nkind = "contact"\nstrength = 1.0\n'
    parse_problem(text + contact)
    with pytest.raises(ProblemError) as caught:
        parse_problem(text + contact + "until = 2.0\n")
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key) == (LINE, "output.images.expansion")
    assert "at whose time zero interactions that change in time would begin anew" in complaint.message


def test_tables_become_a_file():
    tables = {"title": 'a "b"', "grid": {"points": [4], "lengths": [1.0]}, "species": [{"name": "a"}, {"name": "b"}]}
    assert toml_of(tables) == (
        'title = "a \\"b\\""\n\n[grid]\npoints = [4]\nlengths = [1.0]\n\n[[species]]\nname = "a"\n\n'
        '[[species]]\nname = "b"\n'
    )
