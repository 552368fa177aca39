"""Names of measured quantities, which are plain text in tables, as formulas in figures."""

from __future__ import annotations

import re

_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "eta": "η", "zeta": "ζ", "xi": "ξ", "Xi": "Ξ", "phi": "φ", "Phi": "Φ",
    "psi": "ψ", "Psi": "Ψ", "rho": "ρ", "sigma": "σ", "hbar": "ħ", "grad": "∇",
}  # fmt: skip
_LETTER = re.compile(rf"(?<![A-Za-z])({'|'.join(_LETTERS)})(?![A-Za-z])")
_POWER = re.compile(r"\^\(([^()]*)\)|\^(-?[\d.]+)")
_INDEX = re.compile(r"(\bsup|\bN|\|)_(perp,\d+|perp|H1|[a-z]\b|xi|Xi|\d+)(?!\w)")
_VARIABLES = {
    "N": "particle number $N$",
    "M": "number of fermions $M$",
    "hbar": "semi-classical parameter $\\hbar$",
    "step": "time step",
    "t": "time $t$",
}


def typeset(name: str) -> str:
    """A name with Greek letters, powers and indices, such as N^(-1.005) and sup_t |phi|_H1."""
    name = _LETTER.sub(lambda match: _LETTERS[match[1]], _INDEX.sub(_indexed, name))
    return _POWER.sub(lambda match: f"$^{{\\mathrm{{{match[1] or match[2]}}}}}$", name)


def variable(name: str) -> str:
    """What a family is over, for the axis."""
    return _VARIABLES.get(name, typeset(name))


def _indexed(match: re.Match[str]) -> str:
    index = match[2].replace("perp", "\\perp")
    return f"{match[1]}$_{{\\mathrm{{{_LETTERS.get(index, index)}}}}}$"
