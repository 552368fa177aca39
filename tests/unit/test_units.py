"""Quantities with units: exact conversion, the rule for hertz, energies by other names, and messages."""

import math
from fractions import Fraction

import pytest
from scipy import constants

from hpcmix.problem.units.dimensions import (
    DIMENSIONLESS,
    ENERGY,
    FREQUENCY,
    INVERSE_LENGTH,
    LENGTH,
    MASS,
    MOMENTUM,
    TIME,
    Dimension,
)
from hpcmix.problem.units.units import UnitError, Units, units_from_text

RUBIDIUM = 86.909 * constants.value("atomic mass constant")


@pytest.fixture(scope="module")
def units() -> Units:
    return units_from_text("1 um", "86.909 u")


@pytest.mark.parametrize(
    ("text", "dimension", "expected"),
    [
        ("1 um", LENGTH, 1.0),
        ("32 um", LENGTH, 32.0),
        ("0.1 um", LENGTH, 0.1),
        ("1 µm", LENGTH, 1.0),
        ("7e3 nm", LENGTH, 7.0),
        ("1_000 nm", LENGTH, 1.0),
        ("-3 um", LENGTH, -3.0),
        ("86.909 u", MASS, 1.0),
        ("0.25 / um", INVERSE_LENGTH, 0.25),
        ("0.25 um^-1", INVERSE_LENGTH, 0.25),
        ("180 deg", DIMENSIONLESS, math.pi),
        ("2 um^4.5", LENGTH * Fraction(9, 2), 2.0),
        ("2 um^(9/2)", LENGTH * Fraction(9, 2), 2.0),
        ("2 um**3.0", LENGTH * 3, 2.0),
    ],
)
def test_conversion_is_exact(units: Units, text: str, dimension: Dimension, expected: float) -> None:
    assert units.convert(text, dimension) == expected


def test_three_spellings_of_one_trap_agree(units: Units) -> None:
    expected = 2 * math.pi * 50 * RUBIDIUM * 1e-12 / constants.hbar
    for text in (
        "50 Hz",
        "2 pi 50 Hz",
        "2 pi*50 Hz",
        "2π 50 Hz",
        "2*pi * 50 Hz",
        "0.05 kHz",
        "2 pi 0.05 kHz",
        "50 turn/s",
    ):
        assert units.convert(text, FREQUENCY) == pytest.approx(expected, rel=1e-14), text
    assert units.convert("314.1592653589793 rad/s", FREQUENCY) == pytest.approx(expected, rel=1e-14)


def test_scales_follow_codata(units: Units) -> None:
    assert units.length_si == 1e-6
    assert units.mass_si == pytest.approx(RUBIDIUM, rel=1e-12)
    assert units.time_si == pytest.approx(RUBIDIUM * 1e-12 / constants.hbar, rel=1e-12)
    assert units.energy_si == pytest.approx(constants.hbar / units.time_si, rel=1e-14)
    assert units.energy_in_hertz == pytest.approx(units.energy_si / constants.h, rel=1e-12)
    assert units.energy_in_nanokelvin == pytest.approx(units.energy_si / constants.k * 1e9, rel=1e-12)
    assert units.density_si(3) == pytest.approx(1e18)


@pytest.mark.parametrize(
    ("text", "joules"),
    [
        ("1e-30 J", 1e-30),
        ("100 nK", 100e-9 * constants.k),
        ("2 kHz", 2e3 * constants.h),
        ("2 pi 2 kHz", 2e3 * constants.h),
        ("2e3 rad/s", 2e3 * constants.hbar),
    ],
)
def test_energy_by_temperature_and_frequency(units: Units, text: str, joules: float) -> None:
    assert units.convert(text, ENERGY) == pytest.approx(joules / units.energy_si, rel=1e-12)


def test_plancks_constant_times_a_frequency_is_the_energy_of_its_cycles(units: Units) -> None:
    """h f in every spelling: a hertz beside h is a cycle, beside hbar the angular frequency of one."""
    expected = constants.h * 2000.0
    for text in ("2 kHz", "2 planck_constant kHz", "2 kHz*planck_constant", "2 hbar kHz", "2 pi 2 hbar kHz", "2 ℏ kHz",
                 "2 ħ*kHz"):  # fmt: skip
        assert units.convert(text, ENERGY) * units.energy_si == pytest.approx(expected, rel=1e-9), text
    # both powers: h/kHz is h over a number of cycles, with h^2 there is none
    text = "2 planck_constant / kHz"
    assert units.convert(text, ENERGY + TIME * 2) == pytest.approx(
        2e-3 * constants.h / units.factor_si(ENERGY + TIME * 2) / (2 * math.pi), rel=1e-9
    )


def test_recoil_energies_written_out(units: Units) -> None:
    """E_R = h^2 / (8 m d^2) of a lattice of period d."""
    period, number = 0.532e-6, 10.0
    expected = number * constants.h**2 / (8 * RUBIDIUM * period**2)
    for text in ("1.25 planck_constant^2 / u / um^2", "1.25 planck_constant²/u/um²"):
        found = units.convert(text, ENERGY) * units.energy_si / 86.909 / 0.532**2
        assert found == pytest.approx(expected, rel=1e-9)


def test_coupling_as_energy_times_volume(units: Units) -> None:
    coupling = ENERGY + LENGTH * 3
    assert units.convert("1 nK um^3", coupling) == units.convert("1 nK", ENERGY)
    assert units.convert("1 Hz um³", coupling) == units.convert("1 Hz", ENERGY)
    assert units.convert("1e-50 J m^3", coupling) == pytest.approx(1e-50 / units.energy_si / 1e-18, rel=1e-14)


def test_bohr_radius_and_momentum(units: Units) -> None:
    assert units.convert("95.4 a0", LENGTH) == pytest.approx(95.4 * constants.value("Bohr radius") * 1e6, rel=1e-9)
    assert units.convert("1e-28 kg m/s", MOMENTUM) == pytest.approx(1e-28 * 1e-6 / constants.hbar, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "dimension", "sentence"),
    [
        ("3 Hz", LENGTH, 'must be a length, but "3 Hz" is a frequency'),
        ("3 um", TIME, 'must be a time, but "3 um" is a length'),
        ("3 nK", LENGTH, 'must be a length, but "3 nK" is a temperature'),
        ("3 J", ENERGY + LENGTH * 2, 'must be an energy times length^2, but "3 J" is an energy'),
        ("3 A", LENGTH, "is a quantity of dimension current"),
        ("3 hz", FREQUENCY, 'unknown unit "hz"; did you mean "Hz"?'),
        ("3 parrots", LENGTH, 'unknown unit "parrots"'),
        ("20 degC", ENERGY, "shifted zero"),
        ("3", LENGTH, "has no unit"),
        ("um", LENGTH, "the number before the unit is missing"),
        ("pi 50 Hz", FREQUENCY, "is ambiguous"),
        ("-2^0.5 um", LENGTH, "the root of a negative number"),
        ("2 um^(9/0)", LENGTH, '"^(9/0)" is not understood'),
        ("3 4 um", LENGTH, "the number 4 stands where a unit was expected"),
        ("3 (um)", LENGTH, '"(um)" is not understood'),
        ("", LENGTH, "is no quantity"),
        ("3 um *", LENGTH, "is no quantity"),
        ("* 3 um", LENGTH, "without a factor before it"),
        ("^2 um", LENGTH, "without a factor before it"),
        ("3 um^99", LENGTH, "too large an exponent"),
        ("9^9^9^9 um", LENGTH, "is no quantity"),
        ("1e999 um", LENGTH, "too large a number"),
        ("1/0 um", LENGTH, "divides by zero"),
        ("1" * 100 + " um", LENGTH, "too many digits"),
        ("3 dB", LENGTH, "cannot be used here"),
        # what was meant
        ("1 h kHz", ENERGY, '("h" is the hour); did you mean "1 planck_constant kHz"?'),
        ("1 h*kHz", ENERGY, 'did you mean "1 planck_constant*kHz"?'),
        ("h 2 kHz", ENERGY, 'did you mean "2 planck_constant kHz"?'),
        ("1 h", ENERGY, 'must be an energy, but "1 h" is a time'),
        ("5 m2", LENGTH * 2, 'did you mean "m^2"?'),
        ("5 um2", LENGTH * 2, 'did you mean "um^2"?'),
        ("5 cm-3", LENGTH * -3, 'did you mean "5 cm^-3"?'),
        ("100 aB", LENGTH, 'did you mean "100 a0"?'),
        ("100 a_B", LENGTH, 'did you mean "100 a0"?'),
        ("k_B 100 nK", ENERGY, 'did you mean "100 k_B nK"?'),
        ("kB*100nK", ENERGY, 'did you mean "100 kB nK"?'),
        ("1000 1/s", FREQUENCY, 'did you mean "1000 / s"?'),
        ("1,5 um", LENGTH, 'did you mean "1.5 um"?'),
        ("(2 pi) 50 Hz", FREQUENCY, 'did you mean "2 pi 50 Hz"?'),
        ("2/(3 um)", INVERSE_LENGTH, "is not understood"),
        ("100 nk", ENERGY, 'did you mean "100 nK"?'),
        ("10 E_r", ENERGY, "a recoil energy depends on mass and wavelength"),
        ("87Rb", MASS, '"87Rb" is the name of an isotope and no mass; the mass of 87Rb is "86.90918 u"'),
        ("Rb-87", MASS, 'the mass of 87Rb is "86.90918 u"'),
        ("99Rb", MASS, "masses of atoms are given in u"),
        ("__import__('os')", LENGTH, "is no quantity"),
    ],
)
def test_what_cannot_be_understood(units: Units, text: str, dimension: Dimension, sentence: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.convert(text, dimension)
    assert sentence in str(caught.value)


def test_without_code_units() -> None:
    nothing = Units()
    assert not nothing.given
    factors = (nothing.length_si, nothing.mass_si, nothing.time_si, nothing.energy_si, nothing.energy_in_hertz)
    assert set(factors) == {None} and nothing.density_si(3) is None
    with pytest.raises(UnitError, match=r"needs \[units\]"):
        nothing.convert("50 Hz", FREQUENCY)


@pytest.mark.parametrize(
    ("length", "mass"),
    [("1 s", "1 u"), ("1", "1 u"), ("-1 um", "1 u"), ("1 um", "0 u"), ("x", "1 u"), ("1e99 m", "1 u")],
)
def test_wrong_code_units(length: str, mass: str) -> None:
    with pytest.raises(UnitError):
        units_from_text(length, mass)


def test_the_boltzmann_constant_is_no_kilobyte() -> None:
    units = units_from_text("1 um", "86.909 u")
    assert units.convert("10 kB nK", ENERGY) == units.convert("10 k_B nK", ENERGY) == units.convert("10 nK", ENERGY)
    with pytest.raises(UnitError, match="information"):
        units.convert("10 MB nK", ENERGY)


def test_what_was_meant_for_a_code_unit() -> None:
    with pytest.raises(UnitError, match=r'the mass of 87Rb is "86.90918 u"'):
        units_from_text("1 um", "87Rb")
    with pytest.raises(UnitError, match='did you mean "1 a0"'):
        units_from_text("1 aB", "1 u")
    with pytest.raises(UnitError, match=r"the name of an isotope.*which needs .units."):
        Units().convert("87Rb", MASS)
