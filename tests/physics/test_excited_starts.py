"""Runs that begin on modes of a spectrum (``initial.modes``): frequencies, the order of what is left, refusals."""

from dataclasses import replace

import h5py
import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian_kernel, harmonic, log_slope, require_below, species, system

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.modes import spectrum_of
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.excitations import ExcitationsSection

FINAL, STEP = 12.0, 0.04
POINTS, LENGTH = 48, 16.0


def trapped(time=True, initial=({}, {}), coupling=(), weaker=1.0):
    sections = {"coupling": list(coupling)} if coupling else {}
    if time:
        sections["time"] = evolution(FINAL, STEP)
    return system(
        [POINTS],
        [LENGTH],
        [
            species("a", particles=6.0, potential=harmonic([1.0]), initial={"kind": "ground-state", **initial[0]}),
            species("b", particles=4.0, mass=1.0, potential=harmonic([1.0]),
                    initial={"kind": "ground-state", **initial[1]}),
        ],
        [contact("a", "a", 0.4), gaussian_kernel("b", "b", 0.5 * weaker, 0.8), contact("a", "b", 0.2)],
        ground_state={"tolerance": 1e-12},
        **sections,
    )  # fmt: skip


def modes_file(path, one, modes=4):
    """The lowest modes of a system, as ``excitations`` writes them."""
    orbitals = [orbitals[0] for orbitals in one.state.orbitals]
    operator = BogoliubovOperator(one.mixture, orbitals, Instant.before_start())
    spectrum = spectrum_of(operator, ExcitationsSection(modes=modes, tolerance=1e-11))
    with h5py.File(path, "w") as file:
        for a, name in enumerate("ab"):
            file[f"{name}/u"], file[f"{name}/v"] = spectrum.u[:, a], spectrum.v[:, a]
            wave = operator.waves[a]
            file[f"{name}/density_change"] = 2.0 * (wave.conj() * spectrum.u[:, a] + wave * spectrum.v[:, a]).real
    return operator, spectrum


def on_modes(path, numbers, amplitude, phase=0.0):
    return {"modes": {"path": str(path), "numbers": list(numbers), "amplitude": amplitude, "phase": phase}}


def amplitudes(one, operator, spectrum, mode):
    """b(t) = sum_a integral conj(u_a) d_a - conj(v_a) conj(d_a) of d = exp(i mu t / hbar) psi - psi_0 at every step: of
    a single mode amplitude exp(-i omega t - i phase)."""
    times, values = [], []
    for step in range(one.problem.time.steps + 1):
        if step:
            one.stepper.step(one.state)
        total = 0.0
        for a, mu in enumerate(operator.chemical_potentials):
            change = np.exp(1j * mu * one.time) * one.field(a) - operator.waves[a]
            total += np.sum(spectrum.u[mode, a].conj() * change - (spectrum.v[mode, a] * change).conj())
        times.append(one.time)
        values.append(total * one.grid.cell_volume)
    return np.array(times), np.array(values)


def measured_frequency(times, values):
    return -np.polyfit(times, np.unwrap(np.angle(values)), 1)[0]


def test_a_run_on_a_mode_oscillates_at_its_frequency(tmp_path):
    """Every mode but Kohn's, whose frequency does not depend on the amplitude at all; the residuals of state and modes
    are 1e-11, the integrator's error 1e-10, the frequency's own shift is about amplitude^2 / N, and the harmonics of
    relative size amplitude turn the fit by amplitude / (omega time^2)."""
    path = tmp_path / "excitations.h5"
    operator, spectrum = modes_file(path, trapped(time=False))
    for mode in range(4):
        start = on_modes(path, [mode], 1e-5)
        one = trapped(initial=(start, start))
        times, values = amplitudes(one, operator, spectrum, mode)
        assert abs(values[0]) == pytest.approx(1e-5, rel=1e-3)
        require_below(abs(measured_frequency(times, values) - spectrum.frequencies[mode].real), 1e-8, "frequency")


def test_the_shift_is_of_the_second_order_in_the_amplitude(tmp_path):
    path = tmp_path / "excitations.h5"
    operator, spectrum = modes_file(path, trapped(time=False))
    mode = int(np.argmax(np.abs(spectrum.frequencies.real - 1.0)))  # not Kohn's
    sizes, shifts, rests = (0.05, 0.1, 0.2), [], []
    for amplitude in sizes:
        start = on_modes(path, [mode], amplitude)
        times, values = amplitudes(trapped(initial=(start, start)), operator, spectrum, mode)
        shifts.append(abs(measured_frequency(times, values) - spectrum.frequencies[mode].real))
        ideal = amplitude * np.exp(-1j * spectrum.frequencies[mode].real * times)
        rests.append(np.max(np.abs(values - ideal)))
    order = log_slope(sizes, rests)
    print(f"measured: shifts {shifts}, order {log_slope(sizes, shifts):.3f}; rest {rests}, order {order:.3f}")
    assert log_slope(sizes, shifts) == pytest.approx(2.0, abs=0.1)
    assert 1.9 < order < 3.2  # of the second order, or of the third where symmetry forbids the second


def test_phase_and_sums_of_modes(tmp_path):
    """A start with a phase is the linear flow at that phase; two modes add up."""
    path = tmp_path / "excitations.h5"
    operator, spectrum = modes_file(path, trapped(time=False))
    start = on_modes(path, [0, 2], 1e-5, 0.7)
    one = trapped(initial=(start, start))
    for mode, expected in ((0, 1e-5 * np.exp(-0.7j)), (1, 0.0), (2, 1e-5 * np.exp(-0.7j))):
        one.state.progress = replace(one.state.progress, step=one.problem.time.steps)
        change = [one.field(a) - operator.waves[a] for a in range(2)]
        value = sum(
            np.sum(spectrum.u[mode, a].conj() * change[a] - (spectrum.v[mode, a] * change[a]).conj()) for a in range(2)
        )
        require_below(abs(value * one.grid.cell_volume - expected), 1e-9, "amplitude")  # amplitude^2, and 1e-12 / 1e-5


def test_the_particles_of_coupled_species_are_exchanged(tmp_path):
    """A mode that moves particles between coupled species: their sum is kept, and each has what the mode gives it."""
    coupling = [{"between": ["a", "b"], "rabi_frequency": 1.3}]
    path = tmp_path / "excitations.h5"
    before = trapped(time=False, coupling=coupling)
    operator, spectrum = modes_file(path, before, modes=6)
    moved = [
        [2.0 * np.sum((operator.waves[a].conj() * u[a] + operator.waves[a] * v[a]).real) * before.grid.cell_volume
         for a in range(2)]
        for u, v in zip(spectrum.u, spectrum.v, strict=True)
    ]  # fmt: skip
    mode = int(np.argmax(np.abs(np.array(moved)[:, 0])))
    assert abs(moved[mode][0]) > 0.1
    amplitude = 1e-4
    start = on_modes(path, [mode], amplitude)
    after = trapped(time=False, initial=(start, start), coupling=coupling)
    change = [np.sum(after.density(a) - before.density(a)) * after.grid.cell_volume for a in range(2)]
    require_below(abs(change[0] + change[1]), 1e-12, "all particles")
    require_below(abs(change[0] - amplitude * moved[mode][0]), 1e-7, "moved particles")  # amplitude^2


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ({"numbers": [9]}, "has modes 0 to 3, and number 9"),
        ({"numbers": []}, "at least one mode"),
        ({"amplitude": 0.0}, "amplitude"),
        ({"path": "nowhere.h5"}, "there is no file"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, start, sentence):
    path = tmp_path / "excitations.h5"
    modes_file(path, trapped(time=False))
    modes = on_modes(path, [0], 1e-4)["modes"] | start
    with pytest.raises(ProblemError, match=sentence):
        trapped(initial=({"modes": modes}, {}))


def test_modes_of_another_state_are_refused(tmp_path):
    path = tmp_path / "excitations.h5"
    modes_file(path, trapped(time=False))
    with pytest.raises(ProblemError, match="modes of another state"):
        trapped(initial=({}, on_modes(path, [0], 1e-4)), weaker=0.2)
