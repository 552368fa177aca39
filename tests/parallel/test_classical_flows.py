"""Flows of classical species on several ranks: looks do not disturb them, and they can be turned around."""

import numpy as np
from physics.classical.gases import classical, oscillator
from physics.systems import evolution, gaussian, gaussian_kernel, harmonic, species, system


def gases(comm):
    """Two classical gases that fly through each other and across the faces of the box, one of them semi-relativistic,
    and a condensate."""
    first = classical("first", 3.0, 700, oscillator(1.0, centre=[1.5, -0.5], momentum=[4.0, 0.0]))
    markers = {"number": 501, "seed": 4, "tolerance": 1e-6}
    second = classical("second", 2.0, markers, oscillator(1.3), mass=1.6, kinetic="semirelativistic")
    return system(
        [26, 23],
        [9.0, 8.0],
        [
            first | {"potential": [harmonic(0.8)]},
            second,
            species("condensate", particles=2.0, initial=gaussian(1.0, centre=-0.4)),
        ],
        [
            gaussian_kernel("first", "second", 1.0, 0.9),
            gaussian_kernel("first", "first", 0.6, 1.0),
            gaussian_kernel("first", "condensate", 0.8, 1.1),
        ],
        time=evolution(0.3, 0.05, "blanes-moan-4"),
        comm=comm,
    )


def markers_everywhere(comm, one, name):
    """Index, position, completed momentum and weight of the markers of all ranks, in the order of their indices."""
    number = [entry.name for entry in one.mixture.species].index(name)
    look = one.look()
    momenta = look.momenta(number)[:]
    cloud = look.cloud(number)
    table = np.column_stack([cloud.index, cloud.position, momenta, cloud.weight])
    table = np.concatenate(comm.allgather(table))
    return table[np.argsort(table[:, 0])]


def test_looking_does_not_change_the_run(comm):
    """Records in between leave the bits alone: completed momenta are copies."""
    one, alone = gases(comm), gases(comm)
    while one.state.step < one.problem.time.steps:
        one.record()
        one.stepper.advance(one.state)
        one.stepper.settle(one.state)
    alone.evolve()
    for name in ("first", "second"):
        assert np.array_equal(markers_everywhere(comm, one, name), markers_everywhere(comm, alone, name))


def test_forward_and_back(comm):
    """Every step is symmetric: turned around, all markers go back to where they came from."""
    one = gases(comm)
    before = markers_everywhere(comm, one, "first")
    one.evolve()
    away = markers_everywhere(comm, one, "first")
    assert np.max(np.abs(away - before)) > 0.5
    one.reverse()
    one.evolve(one.problem.time.steps)
    # fixed-point densities hardly notice markers that moved by rounding
    assert np.max(np.abs(markers_everywhere(comm, one, "first") - before)) < 1e-10
