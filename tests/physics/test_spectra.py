"""Spectra of condensates: particles and kinetic energies in shells, structure factors, coherence, overlaps."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import xarray
from physics.systems import contact, evolution, expression, gaussian, harmonic, species, system
from scipy.special import ive, kve

from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.plain_json import line_of
from hpcmix.io.documents.series import as_dataset
from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.observe.registry import definitions, dimensions_of_lists, labels_of_all, requested

PARTS = ("incompressible", "compressible", "quantum_pressure")
ALL = ("spectra", "structure-factor", "coherence", "overlap")


def asked(tested, *words):
    return observe(Look(tested.mixture, tested.state), requested(words))


def stirred(dimensions, odd=False, **changes):
    """A cloud with compressible flow, circulation and zeros: waves with vortices in two and three dimensions."""
    text = "1 + 0.6*cos(2*pi*x/9)" + ("*sin(2*pi*y/8)" if dimensions > 1 else "") + ("+ 0.2*cos(z)" * (dimensions > 2))
    phase = "sin(2*pi*x/9)" + (" + 2*cos(2*pi*y/8)*sin(4*pi*x/9)" if dimensions > 1 else "")
    points = [12 + odd, 10, 8][:dimensions]
    initial = {"kind": "expression", "amplitude": text, "phase": phase}
    entry = species("a", mass=1.7, particles=6.0, initial=initial) | changes
    return system(points, [9.0, 8.0, 2 * math.pi][:dimensions], [entry, species("b", initial=gaussian(1.0))])


@pytest.mark.parametrize("dimensions, odd", [(1, False), (2, True), (2, False), (3, False)])
def test_spectra_add_up_to_particles_and_kinetic_energy(dimensions, odd):
    """Every grid point and every mode is counted once: to rounding, Nyquist modes included, which this coarse grid
    fills."""
    tested = stirred(dimensions, odd)
    record = asked(tested, "spectra")
    spectra = record["species"]["a"]["spectra"]
    energy = math.fsum(sum(spectra[part]) for part in PARTS)
    assert energy == pytest.approx(record["species"]["a"]["kinetic_energy"], rel=1e-13)
    assert sum(spectra["particles"]) == pytest.approx(6.0, rel=1e-13)
    assert sum(record["wave_vectors"]) == math.prod(tested.problem.grid.points)
    assert len(record["wave_numbers"]) == len(spectra["particles"]) == len(record["wave_vectors"])
    assert (sum(spectra["incompressible"]) > 1e-2 * energy) == (dimensions > 1)


def test_spectra_with_a_vector_potential_are_those_of_the_velocity():
    """(p + A)^2/2m as in the record, whatever the gauge; in a turning frame they are the laboratory's instead, those of
    p^2/2m: the same cloud without rotation has the same."""
    field = {"kind": "uniform", "field": 0.4}
    record = asked(stirred(2, vector_potential=field), "spectra")["species"]["a"]
    assert sum(sum(record["spectra"][part]) for part in PARTS) == pytest.approx(record["kinetic_energy"], rel=1e-12)
    initial = {"kind": "expression", "amplitude": "x*exp(-(x**2 + y**2)/2)", "phase": "x*y/2"}
    entry = [species("a", initial=initial)]
    resting, turning = (system([40, 40], [14.0, 14.0], entry, **turn) for turn in ({}, {"rotation": {"rate": 0.7}}))
    found, expected = (asked(one, "spectra")["species"]["a"]["spectra"] for one in (turning, resting))
    for part in PARTS:
        assert found[part] == pytest.approx(expected[part], abs=1e-11)  # energies of about one


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_phonon_has_no_incompressible_part(dimensions):
    """psi = sqrt(n) (1 + u exp(ikx) + v exp(-ikx)): its flow is along k and depends on kx alone, so it has no curl, and
    the energy is n k^2 (|u|^2 + |v|^2) / 2m."""
    k, u, v = 2 * math.pi * 2 / 10.0, 0.05, -0.03
    amplitude = f"sqrt((1 + ({u + v})*cos({k}*x))**2 + (({u - v})*sin({k}*x))**2)"
    phase = f"atan2(({u - v})*sin({k}*x), 1 + ({u + v})*cos({k}*x))"
    initial = {"kind": "expression", "amplitude": amplitude, "phase": phase}
    tested = system([32, *[8] * (dimensions - 1)], [10.0] * dimensions, [species("a", particles=7.0, initial=initial)])
    record = asked(tested, "spectra")["species"]["a"]
    norm = 1 + u**2 + v**2
    assert record["kinetic_energy"] == pytest.approx(7.0 * k**2 * (u**2 + v**2) / 2 / norm, rel=1e-10)
    compressible, pressure = (np.array(record["spectra"][part]) for part in PARTS[1:])
    # to first order all is in the shell of k, the flow with (u - v)^2, the density with (u + v)^2
    assert compressible[2] == pytest.approx(7.0 * k**2 * (u - v) ** 2 / 4, rel=0.02)
    assert pressure[2] == pytest.approx(7.0 * k**2 * (u + v) ** 2 / 4, rel=0.02)
    # rounding, beside a compressible part of about one
    assert np.max(np.abs(record["spectra"]["incompressible"])) < 1e-15


def vortex_spectrum(core):
    """|k|, the incompressible energies of a vortex, the exact ones of an endless one, and their means per mode."""
    length, cut = 48.0, 14.0
    amplitude = f"sqrt(x**2 + y**2)/sqrt(x**2 + y**2 + {core**2})*exp(-(sqrt(x**2 + y**2)/{cut})**3)"
    initial = {"kind": "expression", "amplitude": amplitude, "phase": "atan2(y, x)"}
    tested = system([192, 192], [length, length], [species("a", initial=initial)])
    record = asked(tested, "spectra")
    grid = tested.mixture.grid
    r2 = sum(x**2 for x in grid.coordinates)
    density = 1.0 / (np.sum(r2 / (r2 + core**2) * np.exp(-2 * (np.sqrt(r2) / cut) ** 3)) * grid.cell_volume)
    k = np.sqrt(sum(k**2 for k in grid.broadcast_wave_numbers(grid.wave_block)))
    z = np.where(k > 0, k, 1.0) * core / 2
    flow = np.pi * core * (ive(0, z) * kve(1, z) - ive(1, z) * kve(0, z))
    places = np.rint(k * length / (2 * np.pi)).astype(int)
    exact = np.bincount(places.ravel(), (density / (2 * length**2) * flow**2).ravel())
    found = np.array(record["species"]["a"]["spectra"]["incompressible"])
    return np.array(record["wave_numbers"]), found, exact, found / record["wave_vectors"]


def test_one_vortex_goes_like_k_to_the_minus_one_and_then_minus_three():
    """psi = sqrt(n) (x + iy)/sqrt(r^2 + a^2) has sqrt(rho) v = sqrt(n) hbar/(m sqrt(r^2 + a^2)) around the axis, and

        w^(k) = 2 pi sqrt(n) (hbar/m) (a/2) [I_0 K_1 - I_1 K_0](ka/2)

    which is 1/k far outside the core and 1/(a k^2) inside, so that E(k) ~ k |w^|^2 is k^-1 and k^-3 (Bradley and
    Anderson, Phys. Rev. X 2 (2012) 041001, have the same core). The cloud is cut smoothly at 14 of 24: within 1.5 per
    cent in shells that are far from 1/14 and from the grid's end, where the kink at the axis is aliased."""
    _, found, exact, _ = vortex_spectrum(1.0)
    assert found[4:20] == pytest.approx(exact[4:20], rel=0.015)
    for core, part, power in ((0.25, slice(4, 9), -1), (4.0, slice(12, 24), -3)):  # ka below 0.3, and above 6
        k, _, _, of_a_mode = vortex_spectrum(core)
        slope = np.polyfit(np.log(k[part]), np.log((k * of_a_mode)[part]), 1)[0]
        assert slope == pytest.approx(power, abs=0.15)


def test_coherence():
    """A plane wave is coherent over the whole box, exp(iks); two boosted halves are not; the shape divides out."""
    k = 2 * math.pi * 3 / 12.0
    one = system([48, 20], [12.0, 11.0], [species("a", particles=3.0, initial=gaussian(1.1, momentum=[k, 0.0]))])
    record = asked(one, "coherence")
    found, s = record["species"]["a"]["coherence"]["x"], np.array(record["distances_x"])
    near = s < 3.5
    assert np.array(found["re"])[near] == pytest.approx(np.cos(k * s[near]), abs=1e-6)  # its image: exp(-8.5^2 / 4.84)
    assert np.array(found["im"])[near] == pytest.approx(np.sin(k * s[near]), abs=1e-6)
    assert np.array(found["overlap"])[near] == pytest.approx(np.exp(-(s[near] ** 2) / (4 * 1.1**2)), abs=1e-6)
    assert record["species"]["a"]["coherence"]["y"]["re"][:4] == pytest.approx([1.0] * 4, abs=1e-12)
    standing = system([48], [12.0], [species("a", initial=expression(f"cos({k}*x)"))])
    waves = asked(standing, "coherence")["species"]["a"]["coherence"]["x"]
    envelope = np.array(waves["overlap"]) * np.array(waves["re"])
    assert envelope == pytest.approx(np.cos(k * s), abs=1e-12)


def test_structure_factor_of_a_density_wave():
    """rho_a = n (1 + c cos kx), rho_b the same with -c: S_aa = N c^2/4 at k, S_ab = -S_aa, and N at k = 0."""
    k, c = 2 * math.pi * 3 / 12.0, 0.2
    entries = [
        species(name, particles=50.0, initial=expression(f"sqrt(1 {sign} {c}*cos({k}*x))"))
        for name, sign in (("a", "+"), ("b", "-"))
    ]
    record = asked(system([40], [12.0], entries), "structure-factor", "overlap")
    own, other = (np.array(record["species"]["a"]["structure_factor"][name]) for name in "ab")
    exact = np.zeros(len(own))
    exact[[0, 3]] = 50.0, 50.0 * c**2 / 4
    assert own == pytest.approx(exact, abs=1e-12)
    exact[3] *= -1
    assert other == pytest.approx(exact, abs=1e-12)
    together = record["species"]["a"]
    assert together["overlap"] == {"b": pytest.approx((1 - c**2 / 2) / (1 + c**2 / 2), rel=1e-12)}
    assert together["overlap_integral"] == {"b": pytest.approx(2500.0 / 12.0 * (1 - c**2 / 2), rel=1e-12)}


def test_a_pending_kick_counts_and_densities_do_not_mind():
    """Between two steps spectra are those of the completed state."""
    entry = [species("a", potential=[harmonic(1.0)], initial=expression("exp(-(x-1)**2/2)")), species("b")]
    one = system([48], [16.0], entry, [contact("a", "b", 0.3)], time=evolution(0.5, 0.05, "strang"))
    one.stepper.advance(one.state)
    one.stepper.settle(one.state)
    assert one.state.progress.pending_kick != 0.0
    pending = asked(one, *ALL)
    one.stepper.complete(one.state)
    complete = asked(one, *ALL)
    for name in (*PARTS, "particles"):
        known = complete["species"]["a"]["spectra"][name]
        assert pending["species"]["a"]["spectra"][name] == pytest.approx(known, abs=1e-13)
    lines = [record["species"]["a"]["coherence"]["x"]["im"][:10] for record in (pending, complete)]  # the cloud's size
    assert lines[0] == pytest.approx(lines[1], abs=1e-12)


def test_sets_have_particles_and_empty_species_nothing_to_divide_by():
    shell = {"kind": "fermions", "orbitals": 3, "initial": {"kind": "plane-waves"}}
    filled = {"between": ["e", "a"], "rabi_frequency": 1.0, "from": 0.0}
    entries = [species("f", **shell), species("e", particles=0.0), species("a")]
    one = system([16], [8.0], entries, coupling=[filled])
    record = asked(one, *ALL)
    found = record["species"]["f"]
    assert set(found["spectra"]) == {"particles"}
    assert found["spectra"]["particles"][:3] == pytest.approx([1.0, 2.0, 0.0], abs=1e-12)
    # g1 of a Fermi sea, sin(M pi s/L) / (M sin(pi s/L))
    s = np.array(record["distances_x"][1:])
    assert found["coherence"]["x"]["re"][1:] == pytest.approx(
        np.sin(3 * np.pi * s / 8) / (3 * np.sin(np.pi * s / 8)), abs=1e-12
    )
    assert record["species"]["a"]["overlap"]["e"] is None
    assert record["species"]["a"]["structure_factor"]["e"][0] is None
    assert record["species"]["e"]["coherence"]["x"]["re"][0] is None


def test_every_spectrum_has_its_coordinate_and_its_definition(tmp_path):
    tested = stirred(2)
    records = [asked(tested, *ALL, "momentum-distribution") | {"time": time} for time in (0.0, 1.0)]
    content = as_dataset(
        [json.loads(line_of(record)) for record in records],
        Metadata.of(tested.problem),
        labels_of_all(2),
        dimensions_of_lists(),
        definitions(),
    )
    content.write(tmp_path / "observables.h5")
    with xarray.open_dataset(tmp_path / "observables.h5") as data:
        for name in ("spectra_particles", *(f"spectra_{part}" for part in PARTS), "structure_factor_b"):
            assert data[name].dims == ("time", "species", "wave_numbers") and "shell" in data[name].definition
        np.testing.assert_allclose(data.wave_numbers, records[0]["wave_numbers"], rtol=0)
        assert data.wave_numbers.dims == ("wave_numbers",) and "dk" in data.wave_numbers.definition
        assert data.coherence_y_re.dims[-1] == "distances_y" and data.distances_y[1] == pytest.approx(0.8)
        assert data.momentum_distribution_x.dims[-1] == "wave_numbers_x"
        assert data.wave_numbers_x[0] == pytest.approx(-6 * 2 * math.pi / 9.0)
        assert data.overlap_a.sel(species="b")[0] == records[0]["species"]["b"]["overlap"]["a"]
        assert "rho_a rho_b" in data.overlap_integral_a.definition
