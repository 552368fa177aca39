"""What was probably meant by a quantity that cannot be understood, or that has another dimension than it should.

A repair rewrites the text as somebody may have meant it. What comes out is suggested only if it is a quantity of the
dimension that is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_UNIT_WITH_DIGIT = re.compile(r"(?<![A-Za-z0-9_^])([A-Za-zµμΩÅ]+)(-?[1-9])(?![A-Za-z0-9_.])")
_NAME = re.compile(r"(?<![A-Za-z_µμ])[A-Za-zµμΩÅ_][A-Za-z0-9_µμ]*")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_^.])-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![0-9_.])")

MEANT = {
    "h": "planck_constant", "aB": "a0", "a_B": "a0", "aBohr": "a0", "a_Bohr": "a0", "nk": "nK", "uk": "uK",
    "µk": "µK", "mk": "mK", "khz": "kHz", "KHz": "kHz", "mhz": "MHz", "Sec": "s", "mS": "ms", "uS": "us", "UM": "um",
    "NM": "nm", "Um": "um", "micro": "um", "Mu": "um", "AMU": "u", "U": "u", "kb": "k_B", "KB": "k_B", "k": "k_B",
}  # fmt: skip
"""Names that mean something else, or nothing, and what people mean by them. "h" is the hour."""

_RECOIL = re.compile(r"(?<![A-Za-z0-9_])(E_?[rR](ec(oil)?)?|recoil)(?![A-Za-z0-9_])")
RECOIL = (
    '; a recoil energy depends on mass and wavelength: write it out, as a number times "hbar^2 / u / um^2", or as the '
    'frequency E/h, such as "2.0 kHz"'
)

_ISOTOPE = re.compile(r"\s*(?:(\d{1,3})[\s-]*([A-Z][a-z]?)|([A-Z][a-z]?)[\s-]*(\d{1,3}))\s*")
MASSES = {
    "1H": "1.00783", "4He": "4.00260", "6Li": "6.01512", "7Li": "7.01600", "23Na": "22.98977",
    "39K": "38.96371", "40K": "39.96400", "41K": "40.96183", "52Cr": "51.94051", "84Sr": "83.91342",
    "85Rb": "84.91179", "86Sr": "85.90926", "87Rb": "86.90918", "87Sr": "86.90888", "88Sr": "87.90561",
    "133Cs": "132.90545", "161Dy": "160.92694", "162Dy": "161.92681", "163Dy": "162.92874",
    "164Dy": "163.92918", "166Er": "165.93030", "167Er": "166.93205", "168Er": "167.93238",
    "170Yb": "169.93477", "171Yb": "170.93633", "173Yb": "172.93822", "174Yb": "173.93887",
}  # fmt: skip
"""Atomic masses in u, of the atoms that are made into quantum gases; digits that no evaluation disputes."""


def isotope_hint(text: str) -> str:
    """What to say about "87Rb" or "Rb-87" in place of a mass; empty where the text is no isotope's name."""
    match = _ISOTOPE.fullmatch(text)
    if not match:
        return ""
    number, symbol = match[1] or match[4], match[2] or match[3]
    if symbol not in {name.lstrip("0123456789") for name in MASSES}:
        return ""
    name = f"{number}{symbol}"
    if name in MASSES:
        return f'; the mass of {name} is "{MASSES[name]} u"'
    return f'; masses of atoms are given in u, that of 87Rb is "{MASSES["87Rb"]} u"'


def hint(text: str, fits: Callable[[str], bool]) -> str:
    """What to add to a sentence about the text: a suggestion that `fits`, or nothing."""
    for repaired in _repaired(text):
        if repaired != text and fits(repaired):
            hour = ' ("h" is the hour)' if "planck_constant" in repaired and "planck_constant" not in text else ""
            return f'{hour}; did you mean "{repaired}"?'
    return RECOIL if _RECOIL.search(text) else ""


def _repaired(text: str) -> Iterator[str]:
    """The text after each repair alone, then after all of them in turn; the first that fits is the smallest change."""
    for repair in REPAIRS:
        yield repair(text)
    for repair in REPAIRS:
        text = repair(text)
    yield text


def _decimal_point(text: str) -> str:
    return re.sub(r"(?<=\d),(?=\d)", ".", text)


def _without_brackets(text: str) -> str:
    """Brackets around factors change nothing, unless something is divided by them."""
    return text if "/" in text.partition("(")[0] else " ".join(re.sub(r"[()]", " ", text).split())


def _with_power(text: str) -> str:
    """m2 for m^2, s-1 for s^-1."""
    return _UNIT_WITH_DIGIT.sub(r"\1^\2", text)


def _without_one(text: str) -> str:
    """ "1000 1/s" for "1000 /s"."""
    return re.sub(r"(?<=\d)\s+1\s*/\s*", " / ", text)


def _number_first(text: str) -> str:
    """ "k_B 100 nK" for "100 k_B nK": the only number is put in front."""
    numbers = _NUMBER.findall(text)
    if len(numbers) == 1 and not text.lstrip().startswith(numbers[0]):
        rest = _NUMBER.sub(" ", text).replace("*", " ")
        return " ".join([numbers[0], *rest.split()])
    return text if numbers else f"1 {text.strip()}"


def _usual_names(text: str) -> str:
    return _NAME.sub(lambda name: MEANT.get(name[0], name[0]), text)


REPAIRS: tuple[Callable[[Any], str], ...] = (
    _decimal_point,
    _without_brackets,
    _with_power,
    _without_one,
    _usual_names,
    _number_first,
)
