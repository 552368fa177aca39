"""Values that a file gives at some times: ``{ path = "ramp.txt" }``, two columns, the time and the value.

Between two times the value is a cubic that is monotone wherever the values are (Fritsch and Butland, SIAM J. Sci. Stat.
Comput. 5 (1984) 300): it never leaves the range of its neighbours, so that a ramp of a coupling has no overshoot.
Before the first time and after the last the value stays what it is there. The slope is continuous in between; where the
table begins and ends it may bend, and steps end there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.columns import columns_of
from hpcmix.problem.reading.section import Section, StandIn, context_of, wrong
from hpcmix.problem.reading.taken import Taken, of_text
from hpcmix.problem.reading.values import PAIR, described, number_in_range, real, sequence
from hpcmix.problem.times.fixed_steps import SAME_TIME
from hpcmix.problem.units.dimensions import DIMENSIONLESS, LENGTH, TIME, Dimension
from hpcmix.problem.units.units import UnitError


class TimeTable(Section):
    """A value as a function of time, from a text file of two columns that become two lists: a problem that was read no
    longer depends on the file. Code units, or the ``units`` of the two columns, such as ``["ms", "a0"]``."""

    times: Annotated[tuple[Annotated[float, real()], ...], sequence()]
    """When, code units, increasing; or, with ``values``, the columns of the file named by ``path``.
    Example: ``[0.0, 5.0, 10.0]``."""
    values: Annotated[tuple[Annotated[float, real()], ...], sequence()]
    """What it is at these times, code units.
    Example: ``[0.0, 0.8, 1.0]``."""

    stand_ins: ClassVar[Mapping[str, StandIn]] = {
        "path": StandIn(
            of_text('"ramp.txt"', "path of a file, relative to that of the problem"),
            "A text file with two columns, the time and the value; lines that begin with # are remarks.",
        ),
        "units": StandIn(
            Taken("two units", PAIR, example='["ms", "a0"]'),
            'Of the two columns of the file, ``""`` for a pure number. Left out: code units.',
        ),
    }

    dimension: ClassVar[Dimension] = DIMENSIONLESS
    """Of the values."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, table: Any, info: ValidationInfo) -> Any:
        if not isinstance(table, dict):
            return table
        if "path" not in table:
            if "units" in table:
                raise wrong("is for the columns of a file; lists of times and values are in code units", key="units")
            if "times" not in table and "values" not in table:
                raise wrong("needs the path of a text file with two columns, the time and the value")
            return table
        times, values = columns_of(table, ("times", "values"), "the time", info)
        first, second = cls._scales(table.get("units"), info)
        others = {key: value for key, value in table.items() if key not in ("path", "units")}
        return others | {"times": (first * times).tolist(), "values": (second * values).tolist()}

    @classmethod
    def _scales(cls, units: Any, info: ValidationInfo) -> tuple[float, float]:
        """What the columns are multiplied by to be in code units."""
        if units is None:
            return 1.0, 1.0
        if not isinstance(units, (list, tuple)) or len(units) != 2 or not all(isinstance(unit, str) for unit in units):
            message = 'must be the units of the two columns, such as ["ms", "a0"], "" for a pure number'
            raise wrong(f"{message}, not {described(units)}", key="units")
        known = context_of(info).units
        if known is None:
            return 1.0, 1.0  # the file is refused for another reason
        scales = []
        for unit, dimension in zip(units, (TIME, cls.dimension), strict=True):
            try:
                scales.append(1.0 if unit == "" else known.convert(f"1 {unit}", dimension))
            except UnitError as error:
                raise wrong(str(error), key="units") from None
        return scales[0], scales[1]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.times) != len(self.values):
            raise wrong(f"has {len(self.values)} entries for {len(self.times)} times", key="values")
        if len(self.times) < 2:
            raise wrong(f"needs at least 2 times to change between, but has {len(self.times)}", key="times")
        span = max(map(abs, (self.times[0], self.times[-1])))
        for first, second in zip(self.times, self.times[1:], strict=False):
            if not second - first > SAME_TIME * span:
                raise wrong(f"must increase, but {second:g} comes after {first:g}", key="times")
        for number in (*self.times, *self.values):
            number_in_range(number)
        return self

    @property
    def variables_used(self) -> frozenset[str]:
        """The time."""
        return frozenset({"t"})

    def jumps_or_bends(self, variable: str) -> bool:
        """Whether there are jumps and bends beside the :attr:`corners`."""
        return False

    @property
    def corners(self) -> tuple[float, float]:
        """Where it begins and ends to change."""
        return self.times[0], self.times[-1]

    @property
    def last_change(self) -> float:
        """The time after which it is constant."""
        return self.times[-1]

    @property
    def extremes(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return min(self.values), max(self.values)

    @cached_property
    def _between(self) -> Any:
        from scipy.interpolate import PchipInterpolator  # only who uses it waits for it

        return PchipInterpolator(self.times, self.values)

    def evaluate(self, **values: float | np.ndarray) -> np.ndarray | np.float64:
        """The value at t, for a number or an array of times."""
        inside = np.clip(values["t"], self.times[0], self.times[-1])
        return np.asarray(self._between(inside), dtype=np.float64)[()]

    def over(self, unit: float) -> TimeTable:
        """The same in units of a value."""
        return TimeTable(times=self.times, values=tuple(value / unit for value in self.values))


class LengthInTime(TimeTable):
    """A length as a function of time: a scattering length, a coordinate."""

    dimension: ClassVar[Dimension] = LENGTH
