"""Kinetic energies with a vector potential and their flows against dense matrices."""

import numpy as np
import pytest
from physics.magnetic import LENGTHS, POINTS, ROUGH, TURNED, dense, random_field, semirelativistic, turned
from physics.systems import largest, require_below, species, system

from hpcmix.model.kinetic import lanczos as lanczos_module
from hpcmix.model.kinetic.lanczos import Lanczos


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("rotation", [False, True], ids=["laboratory", "rotating"])
def test_hermitian_and_positive(dimensions, rotation):
    """To rounding, with every mode of the grid in play; and the energy is the operator's average."""
    if rotation and dimensions == 1:
        pytest.skip("nothing rotates in one dimension")
    frame = None if not rotation else ({"rate": 0.6} if dimensions == 2 else TURNED)
    one = turned(dimensions, ROUGH[dimensions], frame)
    kinetic = one.mixture.species[0].kinetic
    matrix = dense(kinetic, one.grid.position_shape)
    scale = largest(matrix)
    require_below(largest(matrix - matrix.conj().T), 1e-14 * scale, "not Hermitian")  # a dozen roundings
    assert largest(matrix.imag) > 1e-2 * scale  # A acts
    assert np.linalg.eigvalsh(matrix)[0] > -1e-13 * scale
    field = random_field(one.grid.position_shape)
    average = float(np.vdot(field, matrix @ field.ravel()).real)
    assert kinetic.averages(field)[0] == pytest.approx(average, rel=1e-13)
    require_below(abs(semirelativistic(one)._average(field) - _of(matrix, 0.8, 1.3, field)), 1e-11 * average, "average")


def _of(matrix, mass, species_mass, field):
    """<field| sqrt(m^2 + 2 m_s T) |field> by diagonalisation."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.conj().T))
    roots = np.sqrt(mass**2 + 2.0 * species_mass * np.maximum(values, 0.0))
    return float(np.sum(roots * np.abs(vectors.conj().T @ field.ravel()) ** 2))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_without_a_vector_potential_it_is_the_multiplier(dimensions):
    """The Nyquist modes included."""
    free, still = turned(dimensions), turned(dimensions, ["0"] * dimensions)
    field = random_field(free.grid.position_shape)
    found = np.empty_like(field)
    still.mixture.species[0].kinetic.apply(field, found)
    symbols = free.mixture.species[0].kinetic.axis_terms(free.grid)
    total = sum(np.meshgrid(*symbols, indexing="ij"))
    expected = np.fft.ifftn(total * np.fft.fftn(field))
    require_below(largest(found - expected), 1e-14 * largest(expected), "T without A")


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("duration", [0.02, -0.4, 30.0])
def test_flow_against_the_dense_exponential(dimensions, duration):
    """Short, backwards, and so long that it is done in parts; norm to 1e-12."""
    one = turned(dimensions, ROUGH[dimensions], None if dimensions == 1 else {"rate": 0.6})
    kinetic = one.mixture.species[0].kinetic
    values, vectors = np.linalg.eigh(dense(kinetic, one.grid.position_shape))
    field = random_field(one.grid.position_shape)
    expected = vectors @ (np.exp(-1j * duration * values) * (vectors.conj().T @ field.ravel()))
    found = field.copy()
    kinetic.drift(found, duration)
    parts = max(1.0, abs(duration) * values[-1] / 20.0)  # each within its tolerance of 1e-13
    require_below(np.linalg.norm(found.ravel() - expected), 4e-13 * parts * np.linalg.norm(field), "flow")
    require_below(abs(np.linalg.norm(found) / np.linalg.norm(field) - 1.0), 1e-12, "norm")


def test_vectors_made_again_have_the_bits_of_stored_ones():
    one = turned(2, ROUGH[2])
    operator = one.mixture.species[0].kinetic.apply
    results = []
    for stored in (4, 60):
        field = random_field(one.grid.position_shape)
        lanczos = Lanczos(one.mixture.transform, stored)
        lanczos.exponential(operator, field, -0.3j)
        results.append(field)
        assert lanczos.dimensions > 8
    assert np.array_equal(*results)


def test_what_a_long_time_costs_grows_with_it_alone():
    """Dimensions end at the cap, then the flow is done in parts."""
    one = turned(1, ROUGH[1])
    kinetic = one.mixture.species[0].kinetic
    field = random_field(one.grid.position_shape)
    kinetic.drift(field, 200.0)
    assert kinetic._lanczos.dimensions < lanczos_module.LARGEST_EXPONENTIAL
    require_below(abs(np.linalg.norm(field) / np.linalg.norm(random_field(field.shape)) - 1.0), 1e-12, "norm")


def test_expression_and_file_agree(tmp_path):
    """The same field read back from a file gives the same bits."""
    import h5py

    written = turned(2, ROUGH[2])
    shape = (2, *written.grid.points)
    x, y = written.grid.coordinates
    path = tmp_path / "field.h5"
    with h5py.File(path, "w") as file:
        file["vector_potential"] = np.broadcast_arrays(-0.9 * y + 0 * x, 0.4 * x + 0.3 * x * y)
        assert file["vector_potential"].shape == shape
    one = species("a", mass=1.3, initial={"kind": "plane-waves", "numbers": 0},
                  vector_potential={"kind": "file", "path": str(path)})  # fmt: skip
    read = system(POINTS[2], LENGTHS[2], [one])
    field = random_field(written.grid.position_shape)
    results = [np.empty_like(field) for _ in range(2)]
    for source, result in zip((written, read), results, strict=True):
        source.mixture.species[0].kinetic.apply(field, result)
    assert np.array_equal(*results)


@pytest.mark.parametrize(("dimensions", "rotation"), [(1, None), (2, {"rate": 0.6}), (3, TURNED)])
def test_the_lowpass_of_the_kinetic_momentum(dimensions, rotation):
    """Symmetric, positive, and one at most, whatever A is: what a preconditioner has to be."""
    one = turned(dimensions, ROUGH[dimensions], rotation)
    kinetic, shape = one.mixture.species[0].kinetic, one.grid.position_shape
    matrix = np.zeros((int(np.prod(shape)),) * 2, complex)
    for number, unit in enumerate(np.eye(len(matrix), dtype=complex)):
        field = unit.reshape(shape).copy()
        kinetic.lowpass(field, 0.7, one.grid, one.mixture.transform)
        matrix[:, number] = field.ravel()
    require_below(largest(matrix - matrix.conj().T), 1e-14, "not Hermitian")  # five transforms of short lines
    levels = np.linalg.eigvalsh(matrix)
    assert levels[0] > 0.0
    assert levels[-1] < 1.0 + 1e-14
    assert largest(matrix.imag) > 1e-3  # A acts


def test_the_lowpass_takes_a_flow_for_what_it_is():
    """Where A_x is a whole number of the box's wave numbers at a height y, exp(-i A_x x) is at rest there along x, and
    a field of one line keeps what it has but for the other axis."""
    length, points, line = 8.0, 16, 11
    height = -0.5 * length + line * length / points
    rate = 2.0 * np.pi / length * 3.0 / height  # A_x = rate y: three waves there
    field_of = {"kind": "expression", "value": [f"{rate!r}*y", "0"]}
    still = {"kind": "plane-waves", "numbers": 0}
    one = system([points] * 2, [length] * 2, [species("a", vector_potential=field_of, initial=still)])
    x, energies = one.grid.axis(0), 0.5 * one.grid.wave_numbers(1) ** 2
    field = np.zeros((points, points), complex)
    field[:, line] = np.exp(-1j * rate * height * x)
    expected = field[:, [line]] * np.fft.ifft(0.7 / (0.7 + energies) * np.fft.fft(np.eye(points)[line]))[line]
    one.mixture.species[0].kinetic.lowpass(field, 0.7, one.grid, one.mixture.transform)
    require_below(largest(field[:, [line]] - expected), 1e-14, "a wave at rest")  # a few roundings of numbers below one
