"""``excitations.json`` and the table of the log: what the modes are, for programs and for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.spectrum import PURELY_GROWING, SAME_MULTIPLET, Spectrum
from hpcmix.observe.measures.modes import ModeMeasures
from hpcmix.problem.schema import Problem

AXES = "xyz"


def document(
    problem: Problem, operator: BogoliubovOperator, spectrum: Spectrum, measures: ModeMeasures, placed: bool
) -> dict[str, Any]:
    """The content of ``excitations.json``.

    residual        of the state, |H psi - mu psi| / |mu psi|.
    modes           by frequency: `frequency` omega (angular, code units), with [units] `frequency_hertz` omega / 2 pi,
                    of a growing one `growth_rate`; `residual`; `group`, the number of its multiplet; `excitations`,
                    integral |v|^2 outside the condensates; `dipole` and `monopole`, strengths of the total density
                    (observe/measures/modes.py), null where clouds reach the faces of the box; of every species its
                    `weight`, integral |u_a|^2 - |v_a|^2, and the same numbers.
    curvature       the lowest of the energy, and along how many directions it falls; null where that was not looked
    negative_directions  for.
    groups          multiplets: their modes, mean frequency and the sums of the strengths, which do not depend on which
                    members of a multiplet a search gives.
    """
    names = [species.name for species in problem.species]
    hertz = _hertz(problem)
    groups = multiplets(spectrum.frequencies)
    number_of = {mode: number for number, members in enumerate(groups) for mode in members}
    modes: list[dict[str, Any]] = []
    for mode, frequency in enumerate(spectrum.frequencies):
        entry: dict[str, Any] = {"frequency": float(frequency.real)}
        if hertz is not None:
            entry["frequency_hertz"] = float(frequency.real) * hertz
        if frequency.imag != 0.0:
            entry["growth_rate"] = float(frequency.imag)
        entry |= {
            "residual": float(spectrum.residuals[mode]),
            "group": number_of[mode],
            "excitations": float(np.sum(spectrum.excitations[mode])),
            **_strengths(measures, mode, slice(None), placed),
            "species": {
                name: {
                    "weight": float(measures.weights[mode, a]),
                    "excitations": float(spectrum.excitations[mode, a]),
                    **_strengths(measures, mode, slice(a, a + 1), placed),
                }
                for a, name in enumerate(names)
            },
        }
        modes.append(entry)
    return {
        "method": spectrum.method,
        "iterations": spectrum.iterations,
        "transforms": spectrum.transforms,
        "residual": operator.residual,
        "chemical_potentials": {name: float(mu) for name, mu in zip(names, operator.chemical_potentials, strict=True)},
        "symmetries": list(spectrum.symmetries),
        "curvature": spectrum.curvature,
        "negative_directions": spectrum.negative_directions,
        "modes": modes,
        "groups": [_group(modes, members, hertz) for members in groups],
    }


def multiplets(frequencies: np.ndarray) -> list[list[int]]:
    """The modes, by number, whose frequencies agree with that before to SAME_MULTIPLET."""
    groups: list[list[int]] = []
    for mode, frequency in enumerate(frequencies):
        if groups and abs(frequency - frequencies[mode - 1]) <= SAME_MULTIPLET * abs(frequency):
            groups[-1].append(mode)
        else:
            groups.append([mode])
    return groups


def table_lines(problem: Problem, found: dict[str, Any]) -> list[str]:
    """A line for every multiplet."""
    names = [species.name for species in problem.species]
    hertz, seconds = _hertz(problem), problem.scales.time_si
    unit = "hertz" if hertz is not None else "frequency"
    shown = max(9, *(len(name) + 2 for name in names))
    head = f"{'modes':>8}  {unit:>14}  {'residual':>9}  {'<N>':>9}  " + "".join(f"{name:>{shown}}" for name in names)
    lines = [head + ("   dipole x" + "".join(f"{axis:>11}" for axis in AXES[1 : problem.grid.dimensions]))]
    for group in found["groups"]:
        members = [found["modes"][mode] for mode in group["modes"]]
        first, last = group["modes"][0], group["modes"][-1]
        numbers = f"{first}" if first == last else f"{first}-{last}"
        value = group["frequency_hertz"] if hertz is not None else group["frequency"]
        growth = max((abs(member.get("growth_rate", 0.0)) for member in members), default=0.0)
        if abs(group["frequency"]) < PURELY_GROWING * growth:
            value = 0.0
        weights = [sum(member["species"][name]["weight"] for member in members) / len(members) for name in names]
        line = f"{numbers:>8}  {value:>14.9g}  {max(member['residual'] for member in members):>9.1e}  "
        line += f"{sum(member['excitations'] for member in members) / len(members):>9.3g}  "
        line += "".join(f"{weight:>z{shown}.3f}" for weight in weights)
        if group["dipole"] is not None:
            line += "".join(f"{strength:>11.3g}" for strength in group["dipole"])
        if growth:
            line += f"   growth rate {growth:.6g}" if seconds is None else f"   growth rate {growth / seconds:.6g} / s"
        lines.append(line)
    return lines


def _hertz(problem: Problem) -> float | None:
    """From an angular frequency in code units to cycles per second; None without [units]."""
    seconds = problem.scales.time_si
    return None if seconds is None else 1.0 / (2.0 * math.pi * seconds)


def _strengths(measures: ModeMeasures, mode: int, species: slice, placed: bool) -> dict[str, Any]:
    if not placed:
        return {"dipole": None, "monopole": None}
    dipole = np.abs(np.sum(measures.dipole[mode, species], axis=0)) ** 2
    return {"dipole": dipole.tolist(), "monopole": float(np.abs(np.sum(measures.monopole[mode, species])) ** 2)}


def _group(modes: Sequence[dict[str, Any]], members: list[int], hertz: float | None) -> dict[str, Any]:
    chosen = [modes[member] for member in members]
    frequency = math.fsum(entry["frequency"] for entry in chosen) / len(chosen)
    group: dict[str, Any] = {"modes": members, "degeneracy": len(members), "frequency": frequency}
    if hertz is not None:
        group["frequency_hertz"] = frequency * hertz
    placed = all(entry["dipole"] is not None for entry in chosen)
    group["dipole"] = np.sum([entry["dipole"] for entry in chosen], axis=0).tolist() if placed else None
    group["monopole"] = math.fsum(entry["monopole"] for entry in chosen) if placed else None
    return group
