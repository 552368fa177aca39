"""Wrong problem files: the sentence and the line that each mistake gets, and all mistakes at once."""

import math
from pathlib import Path

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.files.overrides import ARRAYS
from hpcmix.problem.mistakes.errors import Complaint, ProblemError, closest
from hpcmix.problem.sections.components.coupling import dressed_groups
from hpcmix.problem.words.show import resolved_toml
from hpcmix.splittings import INTEGRATORS

GOOD = """\
[grid]
points = [16, 16, 16]
lengths = [
    8,
    8.0,
    8,
]
[[species]]
name = "up"
mass = 1.0
potential = [
    { kind = "harmonic", frequency = 1 },
    { kind = "gaussian", height = 1, width = 1 },
]
[[species]]
name = "down"
initial = { kind = "gaussian", width = 1 }
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 1
[time]
final = 1
step = 0.01
[output]
observables = { every = 10 }
[parallel]
precision = "double"
"""

HARMONIC = '    { kind = "harmonic", frequency = 1 },'
INITIAL = 'initial = { kind = "gaussian", width = 1 }'
CONTACT = 'kind = "contact"\nstrength = 1'
SCATTERING = (
    'kind = "scattering"\npotential = { kind = "square-barrier", height = 1, radius = 1 }\n'
    "particles = 1000\nneumann_radius = 0.5"
)
SCHEDULE = "observables = { every = 10 }"

MISTAKES = [
    # what is replaced, by what, line, key, sentence
    # spelling
    ("mass = 1.0", "mas = 1.0", 10, "species.up.mas", 'unknown key; did you mean "mass"?'),
    ("[time]", "[tiem]", 22, "tiem", 'unknown section; did you mean "time"?'),
    ("[parallel]", "[xyzzy]", 27, "xyzzy", "unknown section (sections: title, units, parameters, grid,"),
    ("points =", "Points =", 2, "grid.Points", 'did you mean "points"?'),
    (HARMONIC, '    { kind = "harmonik", frequency = 1 },', 12, "species.up.potential.0.kind",
     'unknown kind "harmonik"; did you mean "harmonic"?'),
    (HARMONIC, '    { kind = "harmonic", frequenzy = 1 },', 12, "species.up.potential.0.frequenzy",
     'did you mean "frequency"?'),
    (HARMONIC, '    { kind = "gaussian", height = 1, width = 1, depth = 2 },', 12, "species.up.potential.0.depth",
     "unknown key"),
    ('"up", "down"]', '"up", "dwon"]', 19, "interaction.0.between.1",
     'there is no species "dwon"; did you mean "down"?'),
    ("step = 0.01", 'step = 0.01\nintegrator = "blanes-maon-4"', 25, "time.integrator",
     'did you mean "blanes-moan-4"?'),
    ("step = 0.01", 'step = 0.01\nintegrator = "euler"', 25, "time.integrator",
     "(available: strang, mclachlan-2, blanes-moan-4,"),
    ('precision = "double"', 'precision = "duoble"', 28, "parallel.precision", 'did you mean "double"?'),
    (SCHEDULE, 'snapshots = { fields = ["density", "fase"] }', 26, "output.snapshots.fields.1",
     'unknown field "fase"; did you mean "phase"?'),
    # in the wrong place
    ("step = 0.01", 'step = 0.01\ntitle = "a"', 25, "time.title",
     "; title stands at the top of the file, before the first [section]"),
    ("step = 0.01", 'step = 0.01\nprecision = "single"', 25, "time.precision", "; it belongs to [parallel]"),
    ("[grid]\n", "final = 3\n[grid]\n", 1, "final", "; it belongs to [time]"),
    ("mass = 1.0", "frequency = 1", 10, "species.up.frequency",
     "; it belongs to transverse of [grid] or potential of [[species]] or initial of [[species]]"),
    ("mass = 1.0", "time = 1", 10, "species.up.time", "; it is a section of its own, [time]"),
    ("mass = 1.0", "interaction = []", 10, "species.up.interaction", "; it is a section of its own, [[interaction]]"),
    (HARMONIC, '    { kind = "harmonic", frequency = 1, depth = 2 },', 12, "species.up.potential.0.depth",
     '; it belongs to kind = "lattice"'),
    (INITIAL, "initial = { width = 1 }", 17, "species.down.initial.kind", 'did you mean "gaussian"?'),
    (INITIAL, 'initial = { start = "gaussian", width = 1 }', 17, "species.down.initial.kind", "is required"),
    # missing and misplaced
    ('name = "up"\n', "", 8, "species.0.name", "is required"),
    ("step = 0.01\n", "", 22, "time.step", "is required"),
    (HARMONIC, '    { kind = "harmonic" },', 12, "species.up.potential.0.frequency", "is required"),
    (HARMONIC, "    { frequency = 1 },", 12, "species.up.potential.0.kind", "is required (available: harmonic,"),
    (CONTACT, 'kind = "contact"', 18, "interaction.0", "needs strength or scattering_length"),
    ("[[interaction]]", "[interaction]", 18, "interaction", "must be a section with two brackets, [[interaction]]"),
    ("[time]\nfinal = 1\nstep = 0.01", "[[time]]", 22, "time", "must be a section [time], not a list of 1"),
    (INITIAL, 'initial = "gaussian"', 17, "species.down.initial", 'must be a table, such as { kind = "ground-state" }'),
    (INITIAL, 'potential = "harmonic"', 17, "species.down.potential", "must be a table or a list of tables"),
    # types and ranges
    ("points = [16, 16, 16]", "points = [16, 16.0, 16]", 2, "grid.points.1", "must be a whole number, not 16.0"),
    ("points = [16, 16, 16]", "points = [16, 1, 16]", 2, "grid.points.1", "must be at least 2"),
    ("points = [16, 16, 16]", "points = 16", 2, "grid.points", "must be a list of 1 to 3 whole numbers"),
    ("points = [16, 16, 16]", "points = [4, 4, 4, 4]", 2, "grid.points", "must have 1 to 3 entries"),
    ("    8,\n    8.0,", "    8,", 3, "grid.lengths", "must have 3 lengths like grid.points, but has 2"),
    ("    8.0,", "    -8.0,", 5, "grid.lengths.1", "must be positive, not -8.0"),
    ("mass = 1.0", "mass = true", 10, "species.up.mass", "must be a number, not true"),
    ("mass = 1.0", "mass = inf", 10, "species.up.mass", "must be finite, not inf"),
    ("mass = 1.0", "mass = 1" + "0" * 400, 10, "species.up.mass", "must be finite"),
    ("mass = 1.0", "particles = 0", 10, "species.up.particles", "must be positive: no [[coupling]]"),
    ("mass = 1.0", 'particles = "many"', 10, "species.up.particles", 'must be a number, not "many"'),
    ('name = "up"', 'name = "up/down"', 9, "species.up/down.name", "must be a name of letters a to z, digits and _"),
    ('name = "up"', 'name = "time"', 9, "species.time.name", '"time" is the name of the time in the output files'),
    ('name = "up"', 'name = "step"', 9, "species.step.name", '"step" is the name of the step in the output files'),
    (HARMONIC, '    { kind = "harmonic", frequency = [1,\n  1, -1] },', 13, "species.up.potential.0.frequency.2",
     "must not be negative, but is -1"),
    (HARMONIC, '    { kind = "harmonic", frequency = [1, 1] },', 12, "species.up.potential.0.frequency",
     "needs 3 values, one per axis (or a single one for all), but has 2"),
    ("step = 0.01", "step = 0.01\ncheck_step = 1", 25, "time.check_step", "must be true or false, not 1"),
    (INITIAL, 'initial = { kind = "gaussian", width = 1, noise = { amplitude = 0 } }', 17,
     "species.down.initial.noise.amplitude", "must be positive"),
    (INITIAL, 'initial = { kind = "oscillator", frequency = 1, numbers = [0, -1, 0] }', 17,
     "species.down.initial.numbers.1", "must be at least 0"),
    (INITIAL, 'initial = { kind = "file", path = "x.h5", dataset = 3 }', 17, "species.down.initial.dataset",
     "must be text in quotes, not 3"),
    (SCHEDULE, "observables = { every = 0 }", 26, "output.observables.every", "must be at least 1"),
    (SCHEDULE, 'directory = ""', 26, "output.directory", "must be the path of a directory"),
    ('precision = "double"', "pencil_grid = [2]", 28, "parallel.pencil_grid", "must have two entries [P1, P2]"),
    ('precision = "double"', "pencil_grid = [0, 2]", 28, "parallel.pencil_grid", "must hold positive whole numbers"),
    ('precision = "double"', 'pencil_grid = "slab"', 28, "parallel.pencil_grid", 'must be "auto" or a list'),
    ('precision = "double"', 'orbital_groups = "all"', 28, "parallel.orbital_groups", 'must be "auto" or a positive'),
    ("step = 0.01", "step = {}", 24, "time.step.tolerance", "is required"),
    ("step = 0.01", "step = { toleranse = 1e-6 }", 24, "time.step.toleranse", 'did you mean "tolerance"?'),
    ("step = 0.01", "step = { tolerance = -1 }", 24, "time.step.tolerance", "must be positive, not -1"),
    ("step = 0.01", "step = { tolerance = 1.5 }", 24, "time.step.tolerance", "must be less than 1"),
    ("step = 0.01", "step = { tolerance = 1e-12 }", 24, "time.step.tolerance",
     "rounding in double precision makes errors of this size; blanes-moan-4 needs at least 2.7e-12"),
    ("step = 0.01", "step = { tolerance = 1e-6, largest = 0.5 }", 24, "time.step.largest",
     "the largest step that blanes-moan-4 allows is 0.24"),
    ("step = 0.01", "step = { tolerance = 1e-6, smallest = 0.2, initial = 0.1 }", 24, "time.step.smallest",
     "0.2 is larger than initial = 0.1"),
    ("step = 0.01", "step = [0.1]", 24, "time.step", "must be a number, not a list of 1"),
    ("step = 0.01", "step = 1e-20", 24, "time.step", "too many to count"),
    # absurd by themselves
    ("step = 0.01", "step = 1e-300", 24, "time.step", "1e-300 is too small to compute with: in code units at least"),
    ("mass = 1.0", "particles = 1e-320", 10, "species.up.particles",
     "too small to compute with: in code units zero or at least 1e-60"),
    ("mass = 1.0", "mass = 1e300", 10, "species.up.mass", "1e+300 is too large to compute with: in code units at most"),
    ("    8.0,", "    1e-320,", 5, "grid.lengths.1", "is too small to compute with"),
    (HARMONIC, '    { kind = "harmonic", frequency = 1e200 },', 12, "species.up.potential.0.frequency",
     "is too large to compute with"),
    (INITIAL, 'initial = { kind = "gaussian", width = 1e-320 }', 17, "species.down.initial.width", "is too small"),
    (INITIAL, INITIAL.replace("width = 1", "width = 1, noise = { amplitude = 1e300 }"), 17,
     "species.down.initial.noise.amplitude", "is too large"),
    (CONTACT, 'kind = "contact"\nstrength = -1e300', 21, "interaction.0.strength", "-1e+300 is too large"),
    ('name = "down"', 'name = "down"\nvector_potential = { kind = "uniform", field = 1e300 }', 17,
     "species.down.vector_potential.field", "is too large"),
    # absurd beside the others
    ("[time]", "[ground_state]\ntolerance = 1e20\n[time]", 23, "ground_state.tolerance", "must be less than 1"),
    (CONTACT, 'kind = "table"\nradii = [0, 1e-20, 1, 2]\nvalues = [1, 1, 1, 0]', 21, "interaction.0.radii",
     "are too close for a spline"),
    ("mass = 1.0", "mass = 1e40", 12, "species.up.potential.0", "rounding leaves nothing of the smaller"),
    ("    8.0,", "    1e30,", 3, "grid.lengths", "the largest may be 1e+06 times the smallest"),
    (HARMONIC, '    { kind = "harmonic", frequency = 1e20 },', 12, "species.up.potential.0",
     "this potential reaches 2.4e+41 on this grid, and the largest kinetic energy is 59.2"),
    (HARMONIC, '    { kind = "gaussian", height = -1e20, width = 1 },', 12, "species.up.potential.0", "reaches 1e+20"),
    (HARMONIC, '    { kind = "lattice", depth = 1e20, period = 4 },', 12, "species.up.potential.0", "reaches 3e+20"),
    (CONTACT, 'kind = "contact"\nstrength = 1e20', 21, "interaction.0.strength",
     'the mean field of "down" at one point reaches 8e+20'),
    (CONTACT, 'kind = "contact"\nscattering_length = 1e20', 21, "interaction.0.scattering_length", "the mean field"),
    (CONTACT, 'kind = "coulomb"\nstrength = -1e20', 21, "interaction.0.strength", "the mean field"),
    (CONTACT, 'kind = "gaussian"\nwidth = 1\nstrength = 1e20', 22, "interaction.0.strength", "the mean field"),
    (CONTACT, 'kind = "dipolar"\ndipolar_length = 1e20', 21, "interaction.0.dipolar_length", "the mean field"),
    (CONTACT, SCATTERING.replace("height = 1", "height = 1e20"), 21, "interaction.0.potential",
     "which must be between 1e-60 and 1e+08"),
    (CONTACT, SCATTERING.replace("= 0.5", "= 1e20"), 22, "interaction.0.particles", "use limit = true"),
    ('name = "down"', 'name = "down"\nvector_potential = { kind = "uniform", field = 1e20 }', 17,
     "species.down.vector_potential", "A^2/2m of this potential reaches"),
    ('name = "down"', 'name = "down"\nvector_potential = { kind = "solenoid", flux = 1e20, radius = 1 }', 17,
     "species.down.vector_potential", "A^2/2m of this potential reaches"),
    ('name = "down"',
     'name = "down"\nvector_potential = { kind = "random", amplitude = 1e20, correlation_length = 2 }', 17,
     "species.down.vector_potential", "A^2/2m of this potential reaches"),
    ("final = 1\nstep = 0.01", "final = 1e20\nstep = { tolerance = 1e-6 }", 23, "time.final", "too many to count"),
    ("[time]", "[rotation]\nrate = 1e20\n[time]", 23, "rotation.rate", "m (rate r)^2/2 reaches"),
    ("points = [16, 16, 16]", "points = [16, 16, 1" + "0" * 400 + "]", 2, "grid.points.2", "is too large a number"),
    # units
    ("mass = 1.0", 'mass = "87 u"', 10, "species.up.mass", '"87 u" has a unit and needs [units]'),
    # contradictions
    ('name = "down"', 'name = "up"', 16, "species.1.name", '"up" is already the name of species 0'),
    ("step = 0.01", "step = 2", 24, "time.step", "is longer than the whole evolution"),
    ("step = 0.01", "step = 0.5", 24, "time.step", "the largest step that blanes-moan-4 allows is 0.12"),
    (CONTACT, CONTACT + "\nscattering_length = 1", 22, "interaction.0.scattering_length", "contradicts strength"),
    (CONTACT, CONTACT + '\n[[interaction]]\nbetween = ["down", "up"]\n' + CONTACT, 23, "interaction.1.between",
     "a contact interaction of down and up is already interaction 0"),
    (SCHEDULE, "observables = { every = 10, interval = 1 }", 26, "output.observables.interval", "contradicts every"),
    (SCHEDULE, "observables = { interval = 1e-3 }", 26, "output.observables.interval", "is smaller than the step"),
    (SCHEDULE, 'snapshots = { fields = ["phase", "phase"] }', 26, "output.snapshots.fields", "names a field twice"),
    (HARMONIC, '    { kind = "harmonic", frequency = 1, from = 2, until = 1 },', 12, "species.up.potential.0.until",
     "is on from 2 until 1 in code units, which is never"),
    (HARMONIC, '    { kind = "harmonic", frequency = 1, ramp = 2 },', 12, "species.up.potential.0.ramp",
     'does nothing without "from" or "until"'),
    (HARMONIC, '    { kind = "harmonic", frequency = 1, from = 2, ramp_shape = "smooth" },', 12,
     "species.up.potential.0.ramp_shape", 'does nothing without "ramp"'),
    ("[output]", "[ground_state]\nstep = 1\n[output]", 26, "ground_state.step", 'is for method = "imaginary-time"'),
    # what does not fit the grid
    (HARMONIC, '    { kind = "harmonic", frequency = 1, centre = [0, 5, 0] },', 12, "species.up.potential.0.centre.1",
     "5 on axis y is outside the box, which reaches from -4 to 4"),
    (HARMONIC, '    { kind = "lattice", depth = 1, period = [2, 3, 4] },', 12, "species.up.potential.0.period.1",
     "3 on axis y does not fit the periodic box: 8 holds 2.66667 periods"),
    (HARMONIC, '    { kind = "lattice", depth = 1, period = 0.5 },', 12, "species.up.potential.0.period",
     "is less than two grid spacings"),
    (HARMONIC, '    { kind = "box", height = 1, lengths = [8, 9, 8] },', 12, "species.up.potential.0.lengths.1",
     "9 on axis y is larger than the grid's 8"),
    (INITIAL, 'initial = { kind = "plane-waves", numbers = [0, 8, 0] }', 17, "species.down.initial.numbers.1",
     "16 points carry -8 to 7"),
    (INITIAL, 'initial = { kind = "gaussian", width = 1, momentum = 7 }', 17, "species.down.initial.momentum",
     "is beyond the grid's largest momentum"),
    (HARMONIC, '    { kind = "expression", value = "0.5*w**2" },', 12, "species.up.potential.0.value",
     'column 5: unknown name "w"'),
    (HARMONIC, '    { kind = "harmonic", frequency = 1, factor = "x" },', 12, "species.up.potential.0.factor",
     '"x" does not exist here (variables: t, mass)'),
    (INITIAL, 'initial = { kind = "expression", amplitude = "t" }', 17, "species.down.initial.amplitude",
     '"t" does not exist here (variables: x, y, z, mass)'),
    (INITIAL, 'initial = { kind = "file", path = "absent.h5" }', 17, "species.down.initial.path", "there is no file"),
    (INITIAL, 'initial = { kind = "file", path = "." }', 17, "species.down.initial.path", "is not a file"),
    # kinds of species and what is required of them
    ('name = "down"', 'name = "down"\nkind = "classic"', 17, "species.down.kind",
     'unknown kind "classic"; did you mean "classical"?'),
    ('name = "down"', 'name = "down"\nvector_potential = {}', 17, "species.down.vector_potential.kind",
     "is required (available: uniform"),
    # semi-relativistic species
    ('name = "down"', 'name = "down"\nkinetic = "semi-relativistic"', 17, "species.down.kinetic",
     'unknown kinetic "semi-relativistic"; did you mean "semirelativistic"?'),
    ('name = "down"', 'name = "down"\nkinetic = "relativistic"', 17, "species.down.kinetic",
     'unknown kinetic "relativistic"; did you mean "semirelativistic"?'),
    ('name = "down"', 'name = "down"\nkinetic = "non-relativistic"', 17, "species.down.kinetic",
     'unknown kinetic "non-relativistic"; did you mean "nonrelativistic"?'),
    ('name = "down"', 'name = "down"\nkinetic = "semirelativistic"\nmass = -1', 18, "species.down.mass",
     "must be positive"),
    ('name = "down"', 'name = "down"\nkinetic = "semirelativistic"\nrest_mass = "none"', 18, "species.down.rest_mass",
     'unknown rest_mass "none" (available: included, subtracted)'),
    ('name = "down"', 'name = "down"\nrest_mass = "subtracted"', 17, "species.down.rest_mass",
     'is for kinetic = "semirelativistic"; it is "nonrelativistic" here'),
    # kernels
    (CONTACT, 'kind = "culomb"\nstrength = 1', 20, "interaction.0.kind",
     'unknown kind "culomb"; did you mean "coulomb"?'),
    (CONTACT, 'kind = "yukawa"\nstrength = 1\nscreening = -1', 22, "interaction.0.screening", "must be positive"),
    (CONTACT, 'kind = "yukawa"\nstrength = 1\nscreening = 1\nboundary = "open"', 23, "interaction.0.boundary",
     'unknown boundary "open" (available: periodic, free)'),
    (CONTACT, 'kind = "gaussian"\nstrength = 1\nwidth = -0.5', 22, "interaction.0.width", "must be positive"),
    (CONTACT, 'kind = "coulomb"\nstrength = 1\nscreening = 1', 22, "interaction.0.screening", "unknown key"),
    (CONTACT, 'kind = "dipolar"', 18, "interaction.0", "needs strength or dipolar_length"),
    (CONTACT, 'kind = "dipolar"\nstrength = 1\ndipolar_length = 1', 22, "interaction.0.dipolar_length",
     "contradicts strength"),
    (CONTACT, 'kind = "dipolar"\nstrength = 1\ndirection = [0, 0, 0]', 22, "interaction.0.direction",
     "must be three numbers that are not all zero"),
    (CONTACT, 'kind = "dipolar"\nstrength = 1\ndirection = [1, 0]', 22, "interaction.0.direction", "three numbers"),
    (CONTACT, 'kind = "table"', 18, "interaction.0", "needs radii and values, or the path of a text file"),
    (CONTACT, 'kind = "table"\nradii = [0, 1, 2, 3]\nvalues = [1, 2]', 22, "interaction.0.values",
     "has 2 entries for 4 radii"),
    (CONTACT, 'kind = "table"\nradii = [0, 1]\nvalues = [1, 2]', 21, "interaction.0.radii", "at least 4 entries"),
    (CONTACT, 'kind = "table"\nradii = [0, 2, 1, 3]\nvalues = [1, 2, 3, 4]', 21, "interaction.0.radii",
     "must increase, but 1 comes after 2"),
    (CONTACT, 'kind = "table"\nradii = [1, 2, 3, 4]\nvalues = [1, 2, 3, 4]', 21, "interaction.0.radii",
     "must begin at r = 0, not at 1"),
    (CONTACT, 'kind = "table"\nradii = [0, 1, 2, -3]\nvalues = [1, 2, 3, 4]', 21, "interaction.0.radii.3",
     "must not be negative"),
    (CONTACT, 'kind = "table"\nradii = [0, 1, 2, 3]\nvalues = [0, 0, 0, 0]', 22, "interaction.0.values", "all zero"),
    (CONTACT, 'kind = "table"\nradii = [0, 1, 2, 5]\nvalues = [1, 2, 3, 4]', 21, "interaction.0.radii",
     "reach to 5, beyond half the box (4)"),
    (CONTACT, 'kind = "table"\npath = "absent.txt"', 21, "interaction.0.path", "there is no file"),
    (CONTACT, 'kind = "table"\npath = 3', 21, "interaction.0.path", "must be the path of a file"),
    (CONTACT, 'kind = "scattering"\npotential = { kind = "square-barrier", height = 1, radius = -1 }', 21,
     "interaction.0.potential.radius", "must be positive"),
    (CONTACT, 'kind = "scattering"\npotential = { kind = "hard-sphere", radius = 1 }', 21,
     "interaction.0.potential.kind", 'unknown kind "hard-sphere"; did you mean "soft-sphere"?'),
    (CONTACT, 'kind = "scattering"\npotential = { kind = "square-barrier", height = 1, radius = 1 }', 18,
     "interaction.0.particles", "is required, unless limit = true"),
    (CONTACT, SCATTERING.replace("0.5", "0.0005"), 23, "interaction.0.neumann_radius",
     "0.0005 is too small: the ball of radius N l = 0.5 must hold the potential, whose radius is 1"),
    (CONTACT, SCATTERING.replace("1000", "0.2").replace("0.5", "9"), 22, "interaction.0.particles",
     "0.2 is too small: the kernel then reaches to 5, beyond half the box (4)"),
    ("points =", 'frame = "expanding"\npoints =', 2, "grid.frame", "needs its rate"),
    ("points =", 'frame = "expandin"\npoints =', 2, "grid.frame", 'did you mean "expanding"?'),
    ("points =", 'frame = { kind = "expanding", rate = 0 }\npoints =', 2, "grid.frame.rate", "must be positive"),
    (SCHEDULE, "checkpoints = { keep = 0 }", 26, "output.checkpoints.keep", "must be at least 1, but is 0"),
    (SCHEDULE, 'checkpoints = { wall = "half an hour" }', 26, "output.checkpoints.wall", "is no duration"),
    (SCHEDULE, "checkpoints = { wall = 0 }", 26, "output.checkpoints.wall", "must be positive"),
    (SCHEDULE, "checkpoints = { interval = 1e-9 }", 26, "output.checkpoints.interval", "is smaller than the step"),
    # fermions and scalings
    ('name = "down"', 'name = "down"\nkind = "fermions"', 15, "species.down.orbitals", "is required for fermions"),
    ('name = "down"', 'name = "down"\norbitals = 3', 17, "species.down.orbitals", 'belongs to kind = "fermions"'),
    ('name = "down"', 'name = "down"\nkind = "fermions"\norbitals = 0', 18, "species.down.orbitals", "at least 1"),
    ('name = "down"', 'name = "down"\nkind = "fermions"\norbitals = 3', 19, "species.down.initial.kind",
     '"gaussian" is one wave function, and fermions need orthogonal ones'),
    (INITIAL, 'kind = "fermions"\norbitals = 3\nparticles = 4', 19, "species.down.particles",
     "must equal orbitals = 3"),
    (INITIAL, 'kind = "fermions"\norbitals = 100000', 18, "species.down.orbitals", "more than the grid's 4096 points"),
    (INITIAL, 'kind = "fermions"\norbitals = 3\ninitial = { kind = "plane-waves", numbers = 1 }', 19,
     "species.down.initial.numbers", "fermions fill the orbitals of lowest energy"),
    (INITIAL, 'initial = { kind = "plane-waves" }', 17, "species.down.initial.numbers", "is required"),
    ('precision = "double"', "orbital_groups = 3", 28, "parallel.orbital_groups",
     "3 groups cannot share 2 orbitals, a condensate counting as one"),
    ("[output]", '[ground_state]\ncoupling = [{ between = ["up", "down"], factor = 2.0 }]\n[output]', 26,
     "ground_state.coupling", "is called kernel_factors: it multiplies kernels"),
    ("[output]", '[scaling]\nkind = "fraction"\n[output]', 26, "scaling.kind", 'did you mean "fractions"?'),
    ("[output]", '[scaling]\nkind = "bose-fermi-micro"\n[output]', 26, "scaling.kind", "there are none"),
]  # fmt: skip


def complaints_of(text: str, *overrides: str) -> tuple[Complaint, ...]:
    with pytest.raises(ProblemError) as caught:
        parse_problem(text, overrides)
    return caught.value.complaints


def test_the_file_that_the_mistakes_are_made_in_is_right() -> None:
    assert parse_problem(GOOD).grid.lengths == (8.0, 8.0, 8.0)


@pytest.mark.parametrize(("right", "wrong", "line", "key", "sentence"), MISTAKES)
def test_one_mistake(right: str, wrong: str, line: int, key: str, sentence: str) -> None:
    assert GOOD.count(right) == 1
    found = [c for c in complaints_of(GOOD.replace(right, wrong)) if (c.line, c.key) == (line, key)]
    assert any(sentence in str(complaint) for complaint in found), complaints_of(GOOD.replace(right, wrong))
    assert str(found[0]).startswith(f"problem.toml:{line}: {key}: ")


WITH_UNITS = """\
[units]
length = "1 um"
mass = "87 u"
[grid]
points = [16]
lengths = ["8 um"]
[[species]]
name = "a"
mass = "87 u"
[[interaction]]
between = ["a", "a"]
kind = "contact"
strength = 1
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line", "key", "sentence"),
    [
        ('length = "1 um"', 'length = "1 s"', 2, "units.length", 'must be a length with its unit such as "1 um"'),
        ('length = "1 um"', "length = 1", 2, "units.length", "must be text in quotes"),
        ('length = "1 um"', 'length = "0 um"', 2, "units.length", "must be positive"),
        ('mass = "87 u"\n[grid]', "[grid]", 1, "units.mass", "is required"),
        ('mass = "87 u"\n[grid]', 'mass = "87 u"\ntime = "1 s"\n[grid]', 4, "units.time", "unknown key"),
        ('"a"\nmass = "87 u"', '"a"', 7, "species.a.mass", "is required, because the file has [units]"),
        ('"a"\nmass = "87 u"', '"a"\nmass = "87 s"', 9, "species.a.mass", 'must be a mass, but "87 s" is a time'),
        ('["8 um"]', '["8 umm"]', 6, "grid.lengths.0", 'unknown unit "umm"; did you mean "um"?'),
        ("strength = 1", 'strength = "1 J"', 13, "interaction.0.strength",
         'must be an energy times length, but "1 J" is an energy'),
        ("strength = 1", 'scattering_length = "1 a0"', 13, "interaction.0.scattering_length", "three dimensions only"),
        ('kind = "contact"', 'kind = "yukawa"\nscreening = 1', 12, "interaction.0.kind", "no meaning in one dimension"),
        ('kind = "contact"', 'kind = "coulomb"', 12, "interaction.0.kind", "no meaning in one dimension"),
        ('kind = "contact"', 'kind = "dipolar"', 12, "interaction.0.kind", "three dimensions only"),
        ('kind = "contact"\nstrength = 1', 'kind = "scattering"\nlimit = true\n'
         'potential = { kind = "soft-sphere", height = 1, radius = 1 }', 12, "interaction.0.kind",
         "three dimensions only"),
        ('name = "a"', 'name = "a"\npotential = { kind = "harmonic", frequency = "50 um" }', 9,
         "species.a.potential.frequency", 'must be a frequency, but "50 um" is a length'),
        ('["8 um"]', '["-8 um"]', 6, "grid.lengths.0", 'must be positive, not "-8 um"'),
        ('"a"\nmass = "87 u"', '"a"\nmass = "0 u"', 9, "species.a.mass", 'must be positive, not "0 u"'),
        ('name = "a"', 'name = "a"\npotential = { kind = "harmonic", frequency = "-3 Hz" }', 9,
         "species.a.potential.frequency", 'must not be negative, but is "-3 Hz"'),
        ("strength = 1", 'strength = 1\n[output.checkpoints]\nwall = "0 min"', 15, "output.checkpoints.wall",
         'must be positive, not "0 min"'),
        ("strength = 1", "strength = 1\n[parallel]\npencil_grid = [2]", 15, "parallel.pencil_grid", "leaves no choice"),
    ],
)  # fmt: skip
def test_one_mistake_with_units(right: str, wrong: str, line: int, key: str, sentence: str) -> None:
    assert parse_problem(WITH_UNITS) and WITH_UNITS.count(right) == 1
    (complaint,) = complaints_of(WITH_UNITS.replace(right, wrong))
    assert (complaint.line, complaint.key) == (line, key) and sentence in str(complaint)


def test_pencil_grid_in_two_dimensions() -> None:
    text = "grid = { points = [4, 4], lengths = [1, 1] }\n[[species]]\nname = 'a'\n"
    for given in ("[2]", "[2, 1]"):
        assert parse_problem(text, [f"parallel.pencil_grid={given}"]).parallel.pencil_grid == (2, 1)
    for given in ("[1, 2]", "[]", "[1, 1, 1]"):
        assert "must be [P1] in two dimensions" in str(complaints_of(text, f"parallel.pencil_grid={given}")[0])


def test_a_lattice_axis_of_depth_zero_needs_no_fitting_period() -> None:
    lattice = '    { kind = "lattice", depth = [1, 0, 0], period = [2, 3, 0.1] },'
    assert parse_problem(GOOD.replace(HARMONIC, lattice)).species[0].potential[0].depth == (1.0, 0.0, 0.0)


def test_every_mistake_at_once_in_the_order_of_the_file() -> None:
    text = (
        GOOD.replace("mass = 1.0", "mas = 1.0")
        .replace("step = 0.01", "step = 2")
        .replace('"up", "down"', '"up", "dow"')
    )
    text = text.replace(INITIAL, 'initial = { kind = "plane-waves", numbers = [99, 0, -99] }')
    found = complaints_of(text, "output.observables.every=0", "species.left.mass=2")
    assert [(complaint.line, complaint.key) for complaint in found] == [
        (10, "species.up.mas"),
        (17, "species.down.initial.numbers.0"),
        (17, "species.down.initial.numbers.2"),
        (19, "interaction.0.between.1"),
        (24, "time.step"),
        (None, "species.left.mass"),
        (None, "output.observables.every"),
    ]


def test_a_mistake_for_all_axes_is_told_once() -> None:
    text = GOOD.replace(HARMONIC, '    { kind = "harmonic", frequency = -1 },')
    assert [str(complaint) for complaint in complaints_of(text)] == [
        "problem.toml:12: species.up.potential.0.frequency: must not be negative, but is -1"
    ]


def test_wrong_units_do_not_cause_more_complaints() -> None:
    (complaint,) = complaints_of(WITH_UNITS.replace('"1 um"', '"1 umm"'))
    assert complaint.key == "units.length"


def test_wrong_grid_does_not_cause_more_complaints() -> None:
    text = WITH_UNITS.replace("points = [16]", "points = []").replace("strength = 1", 'strength = "1 J m"')
    (complaint,) = complaints_of(text)
    assert complaint.key == "grid.points"


def test_dotted_keys_and_sections_out_of_order() -> None:
    text = """\
time.final = 1
time.step = -1
species = [
  { name = "a", mass = -1 }, ]
[output.snapshots]
every = 0
[grid]
lengths = [1]
points = [1]
"""
    assert [(c.line, c.key) for c in complaints_of(text)] == [
        (2, "time.step"), (4, "species.a.mass"), (6, "output.snapshots.every"), (9, "grid.points.0")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "problem.toml: the file is empty; a problem needs at least [grid] and [[species]]"),
        ("# nothing\n\n", "problem.toml: the file is empty"),
        ("title = 'a'\n\nx = \n", "problem.toml:3: not valid TOML: a value is missing or is text without its quotes"),
        ("[grid]\npoints [4]\n", "problem.toml:2: not valid TOML: an = is missing after the key"),
        ("a = 1\na = 2\nb = 3\n", "problem.toml:2: not valid TOML: this key stands twice in its table"),
        ("[a]\n[a]\n", "problem.toml:2: not valid TOML: this section stands twice"),
        ("a = 1 b = 2\n", "problem.toml:1: not valid TOML: there is more on this line than one entry"),
        ("?\n", "problem.toml:1: not valid TOML: this is neither a [section] nor an entry"),
        ("x = 1\na = [1\n", "problem.toml:2: not valid TOML: a list is not closed with ]"),
        ("a = { b = 1\n", "problem.toml:1: not valid TOML: a table is not closed with }"),
        ("a = 'b\n", "problem.toml:1: not valid TOML: a text lacks one of its quotes"),
        ('[a]\nb = "up\nc = 1\n', "problem.toml:2: not valid TOML: a text lacks one of its quotes (column 8)"),
        ('b = up"\n', "problem.toml:1: not valid TOML: a text lacks one of its quotes"),
        ('b = ["up, "down"]\n', "problem.toml:1: not valid TOML: a text lacks one of its quotes"),
        ('b = ["up", "down]\n', "problem.toml:1: not valid TOML: a text lacks one of its quotes"),
        ('a = 1\nb = """up\nc = 1\n', "problem.toml:2: not valid TOML: a text is not closed with its quote"),
        ("a = up  # a 'remark\n", 'problem.toml:1: not valid TOML: a value that is text stands in quotes: "up"'),
        ("a = 50 Hz\n", 'problem.toml:1: not valid TOML: a quantity with a unit is text and stands in quotes: "50 Hz"'),
        ("mass = 87Rb\n", 'problem.toml:1: not valid TOML: text stands in quotes; the mass of 87Rb is "86.90918 u"'),
        ('a = "it\\"s" b = 1\n', "problem.toml:1: not valid TOML: there is more on this line than one entry"),
        ("a = " + "[" * 5000, "problem.toml: lists or tables are nested too deeply"),
    ],
)
def test_syntax(text: str, expected: str) -> None:
    (complaint,) = complaints_of(text)
    assert str(complaint).startswith(expected)


def test_missing_sections() -> None:
    assert [str(complaint) for complaint in complaints_of("title = 'a'")] == [
        "problem.toml: grid: the section [grid] is required",
        "problem.toml: species: the section [[species]] is required",
    ]
    (complaint,) = complaints_of("species = []\ngrid = { points = [4], lengths = [1] }")
    assert str(complaint) == "problem.toml:1: species: at least one [[species]] is required"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("time.step=3", "--set time.step=3: time.step: is longer than the whole evolution"),
        ("tim.step=3", '--set tim.step=3: tim: unknown section; did you mean "time"?'),
        ("species.upp.mass=2", "there is no species \"upp\" (species: up, down); did you mean \"up\"?"),
        ("species.mass=2", 'species.mass: there is no species "mass"'),
        ("species.5.mass=2", "there is no entry 5; species has 2, counted from 0"),
        ("interaction.x.strength=2", 'interaction is a list; "x" should be an index'),
        ("species.up.mass.value=2", "species.up.mass is no table, so it has no entry value"),
        ("time.3=2", "time is a single table, not a list"),
        ("species.down.initial.width=-1", "initial.width=-1: species.down.initial.width: must be positive"),
        ("species.up.potential=[{kind='harmonic'}]", "species.up.potential.0.frequency: is required"),
        ("time.step=2 us", "--set time.step=2 us: time.step: \"2 us\" has a unit and needs [units]"),
        ("time.step=1\n[grid]", "time.step: "),
        ("time.step", "--set time.step: must have the form key=value"),
        ("=3", "must have the form key=value"),
        ("a..b=3", "must have the form key=value"),
        ("species.down.initial.momentum.0=0.1", "give the whole list, species.down.initial.momentum=[...]"),
        ("species.up.potential.0.frequency.2=3", "is a single value, not a list; give the whole list"),
        ("species.up.potential.frequency=3", "counted from 0, as in species.up.potential.0.frequency"),
        ("species.down.potential.1.kind=box", "there is no entry 1; species.down.potential has 0, counted from 0"),
        ("species.up.initial.width=2",
         "--set species.up.initial.width=2: species.up.initial.kind: is required (available:"),
        ("coupling.0.detuning=1", "--set coupling.0.detuning=1: coupling.0.between: is required"),
    ],
)  # fmt: skip
def test_wrong_override(override: str, expected: str) -> None:
    assert any(expected in str(complaint) for complaint in complaints_of(GOOD, override))


def test_an_override_that_begins_a_section_is_blamed_for_what_it_lacks() -> None:
    text = GOOD.replace("[time]\nfinal = 1\nstep = 0.01\n", "")
    (complaint,) = complaints_of(text, "time.step=0.01")
    assert str(complaint) == "--set time.step=0.01: time.final: is required"


def test_an_override_fills_in_what_the_file_leaves_to_defaults() -> None:
    for species in ("0", "up"):
        problem = parse_problem(GOOD, [f"species.{species}.initial.start=gaussian"])
        assert (problem.species[0].initial.kind, problem.species[0].initial.start) == ("ground-state", "gaussian")
    problem = parse_problem(GOOD, ["species.up.initial.noise.amplitude=0.1", "species.up.initial.noise.seed=3"])
    assert problem.species[0].initial.noise.seed == 3
    assert parse_problem(GOOD, ["ground_state.tolerance=1e-5"]).ground_state.tolerance == 1e-5
    assert parse_problem(GOOD, ["output.checkpoints.keep=3"]).output.checkpoints.keep == 3
    assert parse_problem(GOOD, ["time.step.tolerance=1e-6"]).time.adaptive.tolerance == 1e-6


def test_overrides_begin_arrays_of_tables_and_let_them_grow() -> None:
    text = GOOD.replace(INITIAL, "")
    options = ["species.down.potential.0.kind=harmonic", "species.down.potential.0.frequency=2",
               "species.down.potential.1.kind=gaussian", "species.down.potential.1.height=3",
               "species.down.potential.1.width=1", "ground_state.kernel_factors.0.factor=2",
               'ground_state.kernel_factors.0.between=["up", "down"]', "coupling.0.rabi_frequency=1",
               'coupling.0.between=["up", "down"]']  # fmt: skip
    problem = parse_problem(text, options)
    assert [one.kind for one in problem.species[1].potential] == ["harmonic", "gaussian"]
    assert problem.ground_state.kernel_factors[0].factor == 2.0 and problem.coupling[0].rabi_frequency == 1.0
    alone = text[: text.index("[[interaction]]")] + text[text.index("[time]") :]
    options = ["interaction.0.kind=contact", 'interaction.0.between=["up", "up"]', "interaction.0.strength=2",
               "interaction.1.kind=contact", 'interaction.1.between=["up", "down"]',
               "interaction.1.strength=3"]  # fmt: skip
    assert [one.strength for one in parse_problem(alone, options).interaction] == [2.0, 3.0]


def test_a_refused_override_changes_nothing() -> None:
    """What is missing on the way is not made before the whole way is known: one complaint, not two."""
    (complaint,) = complaints_of(GOOD, "species.down.initial.momentum.0=1")
    assert complaint.key == "species.down.initial.momentum.0"


VALUES = [
    "0", "-1", "1.5", "inf", "nan", "1e300", "1e-320", "true", '""', '"text"', '"1 um"', '"x"', '"auto"', "[]", "[[]]",
    "{}", "[{}]", '{ kind = "harmonic" }', '[{ kind = "gaussian", width = 1, height = 1 }]', "1979-05-27", "[1, 2, 3]",
    '{ kind = 3 }', '["a", "b"]', '{ between = 1 }', '{ "" = 1 }', '"\\u0000"', "99999999999999999999",
]  # fmt: skip
KEYS = [
    "title", "units", "units.length", "grid", "grid.points", "grid.points.0", "grid.lengths", "grid.lengths.1",
    "grid.frame", "species", "species.0", "species.up.name", "species.up.mass", "species.up.particles",
    "species.up.kind", "species.up.potential", "species.up.potential.0", "species.up.potential.0.kind",
    "species.up.potential.0.frequency", "species.up.potential.0.from", "species.up.potential.0.until",
    "species.up.potential.0.factor", "species.down.initial", "species.down.initial.kind", "species.down.initial.width",
    "species.down.initial.noise", "species.down.initial.momentum", "interaction", "interaction.0",
    "interaction.0.between", "interaction.0.kind", "interaction.0.strength", "ground_state", "ground_state.tolerance",
    "ground_state.method", "time", "time.final", "time.step", "time.step.tolerance",
    "time.step.largest", "time.integrator", "time.check_step", "output",
    "output.directory", "output.observables", "output.snapshots.fields", "output.snapshots", "parallel",
    "parallel.pencil_grid", "parallel.orbital_groups", "other", "species.down.orbitals", "scaling", "scaling.kind",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_whatever_stands_there_nothing_but_a_problem_error_comes_out(key: str) -> None:
    for value in VALUES:
        try:
            problem = parse_problem(GOOD, [f"{key}={value}"])
        except ProblemError as error:
            assert error.complaints
        else:
            assert parse_problem(resolved_toml(problem)) == problem


def test_messages() -> None:
    complaint = Complaint("problem.toml", 14, "species.up.mas", "unknown key", "mass")
    assert str(complaint) == 'problem.toml:14: species.up.mas: unknown key; did you mean "mass"?'
    error = ProblemError([complaint, Complaint("--set x", None, "", "wrong")])
    assert str(error) == f"{complaint}\n--set x: wrong"


def test_closest_ignores_case_and_dashes() -> None:
    assert closest("Imaginary_Time", ["conjugate-gradients", "imaginary-time"]) == "imaginary-time"
    assert closest("qqq", ["mass"]) is None


def test_relative_paths_are_named_in_full(tmp_path: Path) -> None:
    text = GOOD.replace(INITIAL, 'initial = { kind = "file", path = "absent.h5" }')
    with pytest.raises(ProblemError, match=str(tmp_path / "absent.h5")):
        parse_problem(text, folder=tmp_path)


RELATIVISTIC = GOOD.replace('name = "down"', 'name = "down"\nkinetic = "semirelativistic"')


def test_a_semirelativistic_species_takes_no_scheme_that_would_lose_its_order() -> None:
    text = RELATIVISTIC.replace("step = 0.01", 'step = 0.01\nintegrator = "blanes-moan-rkn-6"')
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key) == (26, "time.integrator")
    assert complaint.message.startswith('"blanes-moan-rkn-6" has its order only for kinetic energies quadratic')
    assert complaint.message.endswith("use one of strang, mclachlan-2, blanes-moan-4, blanes-moan-rkn-4, blanes-moan-6")
    parse_problem(text.replace("rkn-6", "rkn-4"))


def test_a_semirelativistic_species_has_no_units() -> None:
    text = '[units]\nlength = "1 um"\nmass = "1 u"\n' + RELATIVISTIC.replace('name = "down"', 'name = "down"\nmass = 1')
    with pytest.raises(ProblemError) as caught:
        parse_problem(text)
    (complaint,) = caught.value.complaints
    assert (complaint.line, complaint.key) == (21, "species.down.kinetic")
    assert "c = 1" in complaint.message and "leave [units] out" in complaint.message


def test_the_largest_step_of_semirelativistic_species() -> None:
    """sqrt(m^2 + p^2) - m of the grid's shortest wave, pi / 0.5 along three axes, and the largest drift of the
    scheme."""
    text = RELATIVISTIC.replace('name = "up"', 'name = "up"\nkinetic = "semirelativistic"')
    largest = math.pi / (INTEGRATORS["strang"].largest_drift * (math.sqrt(1.0 + 3.0 * (2.0 * math.pi) ** 2) - 1.0))
    text = text.replace("final = 1", 'final = 1000\nintegrator = "strang"')
    parse_problem(text.replace("step = 0.01", f"step = {0.99 * largest}"))
    with pytest.raises(ProblemError, match="is too large for this grid"):
        parse_problem(text.replace("step = 0.01", f"step = {1.01 * largest}"))


COUPLED = (
    GOOD.replace("initial = { kind", "initial = { noise = { amplitude = 0.1, seed = 1 }, kind").replace(
        'name = "up"', 'name = "up"\ninitial = { kind = "gaussian", width = 1 }'
    )
    + """[[coupling]]
between = ["up", "down"]
rabi_frequency = 1.0
"""
)


@pytest.mark.parametrize(
    ("old", "new", "key", "sentence"),
    [
        (
            'between = ["up", "down"]\nrabi',
            'between = ["up", "dwon"]\nrabi',
            "coupling.0.between.1",
            'no species "dwon"',
        ),
        ('between = ["up", "down"]\nrabi', 'between = ["up", "up"]\nrabi', "coupling.0.between", "two different"),
        ("rabi_frequency = 1.0", "rabi_frequency = -1.0", "coupling.0.rabi_frequency", "must not be negative"),
        ("rabi_frequency = 1.0", "detuning = 1.0", "coupling.0.rabi_frequency", "is required"),
        ("rabi_frequency = 1.0", "rabi_frequency = 1.0\ndetunning = 1", "coupling.0.detunning", 'mean "detuning"'),
        ("rabi_frequency = 1.0", "rabi_frequency = 1.0\nfrom = 2\nuntil = 1", "coupling.0.until", "which is never"),
        ("rabi_frequency = 1.0", 'rabi_frequency = 1.0\nfactor = "x"', "coupling.0.factor", '"x" does not exist here'),
        ("rabi_frequency = 1.0", "rabi_frequency = 1.0\ndressed = 1", "coupling.0.dressed", "true or false"),
        ("rabi_frequency = 1.0", "rabi_frequency = 1\nfrom = 0\ndressed = true", "coupling.0.dressed", "is not on at"),
        ("step = 0.01", 'step = 0.01\nintegrator = "blanes-moan-rkn-6"', "time.integrator", "here is a [[coupling]]"),
        ('precision = "double"', "orbital_groups = 2", "parallel.orbital_groups", "must be 1 with [[coupling]]"),
        (
            'name = "up"\ninitial = { kind = "gaussian", width = 1 }',
            'name = "up"',
            "species.down.initial",
            '"down" is coupled to "up" at time 0-, which asks for the ground state that they share',
        ),
        ('name = "down"', 'name = "down"\nparticles = 0', "species.down.initial", "has no meaning without particles"),
        ('name = "down"', 'name = "down"\nparticles = -1', "species.down.particles", "must not be negative"),
        ("[parallel]", '[scaling]\nkind = "fractions"\n[parallel]', "scaling", "does not go with [[coupling]]"),
        (
            'name = "up"\ninitial = { kind = "gaussian", width = 1 }',
            'name = "up"\nkind = "fermions"\norbitals = 1\ninitial = { kind = "plane-waves" }',
            "coupling.0.between.0",
            "coherent coupling is for condensates",
        ),
    ],
)
def test_wrong_couplings(old, new, key, sentence) -> None:
    assert COUPLED.count(old) == 1
    parse_problem(COUPLED)
    with pytest.raises(ProblemError) as caught:
        parse_problem(COUPLED.replace(old, new))
    found = {complaint.key: complaint for complaint in caught.value.complaints}
    assert key in found, caught.value
    assert sentence in str(found[key]) and found[key].line is not None


GIVEN = COUPLED.replace('initial = { kind = "gaussian", width = 1 }', "", 1)
GIVEN = GIVEN.replace(GIVEN[GIVEN.index("initial = { noise") : GIVEN.index("[[interaction]]")], "")


@pytest.mark.parametrize(
    ("entries", "dressed"),
    [
        ("", True),
        ("until = 0.0", True),
        ("until = 0.0\nramp = 0.2", True),
        ("dressed = false", False),
        ("from = 0.0", False),
        ("from = 0.0\nramp = 0.5", False),
        ('factor = "1/cosh(20*(t - 0.7))"', False),
        ('factor = "exp(-((t - 0.5)/0.1)**2)"', False),
        ('factor = "1/cosh(20*(t - 0.7))"\ndressed = true', True),
        ('factor = "1 + 0.5*sin(4*t)"\ndressed = true', True),
        ('factor = "1 + 0.5*sin(4*t)"\ndressed = false', False),
        ("from = -0.1\nramp = 0.2\ndressed = true", True),
    ],
    ids=str,
)
def test_whether_a_ground_state_is_dressed(entries, dressed) -> None:
    """The particles that the file gives stand, unless a coupling is plainly on at time 0- or the file asks for it."""
    problem = parse_problem(GIVEN + entries)
    groups = dressed_groups(problem.species, problem.coupling)
    assert groups == ([(0, 1)] if dressed else [])
    assert parse_problem(resolved_toml(problem)) == problem


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ('factor = "1 + 0.5*sin(4*t)"', "factor"),
        ('factor = "exp(-t)"', "factor"),
        ('factor = "1/cosh(2*(t - 0.7))"', "factor"),
        ("from = -0.1\nramp = 0.2", "ramp"),
        ('from = -0.1\nramp = 0.2\nramp_shape = "smooth"', "ramp"),
    ],
    ids=str,
)
def test_a_coupling_of_which_it_is_not_clear_is_asked_about(entries, key) -> None:
    with pytest.raises(ProblemError, match=rf"coupling.0.{key}: at time 0- .* % of its largest .*dressed = false"):
        parse_problem(GIVEN + entries)
    for answer in ("true", "false"):
        parse_problem(f"{GIVEN}{entries}\ndressed = {answer}")
    # whose state is given anyway, is not asked
    parse_problem(COUPLED + entries)


def test_sets_of_orbitals_beside_a_dressed_state_are_refused() -> None:
    dressed = COUPLED.replace('initial = { kind = "gaussian", width = 1 }', "", 1)
    start, end = dressed.index("initial = { noise"), dressed.index("[[interaction]]")
    dressed = dressed[:start] + '[[species]]\nname = "sea"\nkind = "fermions"\norbitals = 3\n' + dressed[end:]
    parse_problem(dressed + 'from = "0"\n'.replace('"', ""))
    parse_problem(dressed.replace("orbitals = 3", "orbitals = 1"))
    with pytest.raises(ProblemError, match=r"orbitals: several orbitals do not go with a ground state of coupled"):
        parse_problem(dressed)


def test_a_species_without_particles_needs_a_coupling() -> None:
    with pytest.raises(ProblemError, match=r"particles: must be positive: no .*coupling"):
        parse_problem(GOOD.replace('name = "up"', 'name = "up"\nparticles = 0'))


def test_couplings_are_shown_and_read_back() -> None:
    problem = parse_problem(COUPLED + 'from = 0.5\nramp = 0.1\nfactor = "1 + t"\nphase = 0.3\n')
    assert parse_problem(resolved_toml(problem)) == problem
    assert problem.coupling[0].detuning == 0.0 and problem.orbital_groups == 1


def test_no_time_is_divided_by_while_the_grid_is_wrong() -> None:
    """A final time of infinity belongs to a frame that is not known then."""
    frame = 'frame = { kind = "expanding", rate = 1 }\nlengths = ['
    text = GOOD.replace("final = 1\n", 'final = "infinity"\n').replace("lengths = [", frame)
    assert [c.key for c in complaints_of(text, "grid.points.0=1e-300")] == ["grid.points.0"]


def test_more_quanta_than_points() -> None:
    text = GOOD.replace(INITIAL, 'initial = { kind = "oscillator", frequency = 1, numbers = [0, 16, 15] }')
    (complaint,) = complaints_of(text)
    assert str(complaint).endswith("numbers.1: 16 quanta on axis y are more than its 16 points hold")


def test_every_array_of_tables_can_be_begun_by_an_option() -> None:
    """As the schema has them: a new section is no exception."""
    for path in ARRAYS:
        if path == ("species",):
            continue
        keys: list[str] = []
        for depth, key in enumerate(path, start=1):
            keys.append(key)
            if path[:depth] in ARRAYS:  # those within an array of tables, too
                keys.append("down" if path[:depth] == ("species",) else "0")
        place, outermost = ".".join(keys), ".".join(keys[: 1 + next(n for n, key in enumerate(keys) if key == "0")])
        text = GOOD[: GOOD.index("[[interaction]]")] + GOOD[GOOD.index("[time]") :]
        complaints = [str(one) for one in complaints_of(text.replace(INITIAL, ""), f"{place}.xyzzy=1")]
        assert complaints and all(one.startswith(f"--set {place}.xyzzy=1: {outermost}") for one in complaints), place
