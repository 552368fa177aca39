"""An engine makes every transform once, and is where models take memory and kernels from."""

from __future__ import annotations

import numpy as np
import pytest
from parallel.engines import engine_on
from physics.systems import contact, evolution, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.transforms.resources import Resources


def engine_for(points, dtype=np.complex128):
    return engine_on(Communicators.create(MPI.COMM_SELF, points), dtype)


@pytest.mark.parametrize("points", [(16,), (8, 6), (6, 5, 4)])
def test_transforms_are_made_once(points):
    engine = engine_for(points)
    for make in (engine.complex_transform, engine.real_transform, engine.padded_transform):
        transform = make()
        assert make() is transform and make(3) is transform and make(0) is transform
    assert engine.complex_transform() is not engine.real_transform()
    engine.free()


def test_a_kept_transform_has_room_for_more_fields():
    """A convolution of several densities by the transform that was made for one."""
    engine, random = engine_for((6, 5, 4)), np.random.default_rng(4)
    transform = engine.real_transform()
    multiplier = np.ones(transform.wave_block.shape)
    for count in (1, 3):
        assert engine.real_transform(count) is transform
        sources = [random.standard_normal((6, 5, 4)) for _ in range(count)]
        targets = [transform.empty_position() for _ in sources]
        matrix = [[multiplier if a == b else None for b in range(count)] for a in range(count)]
        transform.convolve(sources, matrix, targets)
        np.testing.assert_allclose(targets, sources, atol=1e-14)


@pytest.mark.parametrize(("dtype", "real"), [(np.complex128, np.float64), (np.complex64, np.float32)])
def test_types_follow_the_precision(dtype, real):
    engine = engine_for((6, 4), dtype)
    assert (engine.complex_dtype, engine.real_dtype) == (dtype, real)
    assert engine.complex_transform().empty_position().dtype == dtype
    assert engine.real_transform().empty_position().dtype == real
    assert engine.real_transform().empty_wave().dtype == dtype
    assert engine.padded_transform().empty_position().dtype == real
    held = engine.holding(np.arange(3.0), engine.real_dtype)
    assert held.dtype == real and held.tolist() == [0.0, 1.0, 2.0]


class Counting:
    """Kernels that count their calls."""

    def __init__(self, kernels) -> None:
        self.kernels, self.calls = kernels, {}

    def __getattr__(self, name):
        self.calls[name] = self.calls.get(name, 0) + 1
        return getattr(self.kernels, name)


def test_the_loop_takes_kernels_and_memory_from_the_engine(monkeypatch):
    """The seam for another device: what a step calls is asked of the engine, and later steps ask for no more memory."""
    counting = Counting(Resources.kernels)
    monkeypatch.setattr(Resources, "kernels", counting)
    two = [species(name, potential=harmonic(1.0), initial=gaussian(0.7)) for name in ("a", "b")]
    run = system(
        [8, 6, 6],
        [6.0, 5.0, 5.0],
        two,
        [contact("a", "a", 0.3), gaussian_kernel("a", "b", 0.4, 0.7)],
        time=evolution(1.0, 0.1, "strang"),
    )
    run.stepper.advance(run.state)
    counting.calls.clear()
    for _ in range(3):
        run.stepper.advance(run.state)
    assert counting.calls == {"transform_densities": 3, "mix_lines": 3, "kick": 3, "multiply_lines": 6}
