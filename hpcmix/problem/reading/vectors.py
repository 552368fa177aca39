"""The types of entries that have one value per axis of the grid; a single value stands for all axes."""

from __future__ import annotations

from typing import Annotated

from hpcmix.problem.reading.values import angle, integer, per_axis, quantity
from hpcmix.problem.units.dimensions import ENERGY, FREQUENCY, LENGTH, MOMENTUM

Angles = Annotated[tuple[Annotated[float, angle()], ...], per_axis()]
Energies = Annotated[tuple[Annotated[float, quantity(ENERGY)], ...], per_axis()]
Frequencies = Annotated[tuple[Annotated[float, quantity(FREQUENCY, at_least=0)], ...], per_axis()]
PositiveFrequencies = Annotated[tuple[Annotated[float, quantity(FREQUENCY, above=0)], ...], per_axis()]
Lengths = Annotated[tuple[Annotated[float, quantity(LENGTH, above=0)], ...], per_axis()]
Momenta = Annotated[tuple[Annotated[float, quantity(MOMENTUM, above=0)], ...], per_axis()]
"""Sizes of momenta, along each axis."""
Momentum = Annotated[tuple[Annotated[float, quantity(MOMENTUM)], ...], per_axis()]
Position = Annotated[tuple[Annotated[float, quantity(LENGTH)], ...], per_axis()]

Integers = Annotated[tuple[Annotated[int, integer()], ...], per_axis()]
Counts = Annotated[tuple[Annotated[int, integer(at_least=0)], ...], per_axis()]
