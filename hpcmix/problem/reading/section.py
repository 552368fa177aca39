"""What every table of a problem file has in common: frozen, no unknown keys, and a way for a check to name the key it
blames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Discriminator, ValidationInfo
from pydantic_core import PydanticCustomError

from hpcmix.frame import Frame
from hpcmix.problem.reading.taken import Taken
from hpcmix.problem.units.dimensions import MASS
from hpcmix.problem.units.units import Constant, Units

VALUE, TABLE = "<value>", "<table>"
"""Tags of an entry that is a single value or a table, in the locations of pydantic's errors."""


def value_or_table(table: type[BaseModel]) -> Discriminator:
    """What tells the two apart, in an entry of the type ``Annotated[Annotated[..., Tag(VALUE)] | Annotated[table,
    Tag(TABLE)], value_or_table(table)]``."""

    def kind(value: Any) -> str:
        return TABLE if isinstance(value, (dict, table)) else VALUE

    return Discriminator(kind)


@dataclass(frozen=True)
class StandIn:
    """A key that stands for fields: what it takes, and what it does."""

    taken: Taken
    text: str


class Section(BaseModel):
    """Base of all tables. Immutable; a key that is no field is an error.

    What a table answers about itself without looking at its values is a class attribute. A base class that only
    annotates it, ``answer: ClassVar[bool]``, demands it: a class with a ``kind`` that leaves it open raises
    :class:`TypeError` where it is defined.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stand_ins: ClassVar[Mapping[str, StandIn]] = {}
    """Keys that stand for fields and become them while the table is read, in place of those that it would require."""

    foreign_keys: ClassVar[Mapping[str, str]] = {}
    """Keys of like tables that this one has not, each with the sentence that says why and what to do."""

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        open_answers = sorted(name for name in cls.__class_vars__ if not hasattr(cls, name))
        if "kind" in cls.model_fields and open_answers:
            raise TypeError(f"{cls.__name__} does not say {', '.join(open_answers)}")


@dataclass(frozen=True)
class Context:
    """What a value needs from the rest of the file to be understood.

    ``units`` is None while ``[units]`` itself is wrong, and ``dimensions`` while ``grid.points`` is: values that
    depend on them are then not judged, because the complaint about their cause says enough. ``frame`` is the map of
    ``grid.frame``, None while ``[grid]`` is wrong or not read yet. ``transverse``: whether ``[grid]`` has frozen axes
    beside its own, so that scattering lengths and dipoles are those of three dimensions. ``parameters`` are those of
    ``[parameters]``, ``mass`` is that of the species whose table is read, None elsewhere.
    """

    units: Units | None = field(default_factory=Units)
    dimensions: int | None = None
    folder: Path = Path()
    frame: Frame | None = None
    transverse: bool = False
    parameters: Mapping[str, Constant] = field(default_factory=dict)
    mass: float | None = None

    @property
    def names(self) -> Mapping[str, Constant]:
        """What a value or an expression can name beside the variables."""
        return self.parameters if self.mass is None else {**self.parameters, "mass": Constant(self.mass, MASS)}


def context_of(info: ValidationInfo[Any]) -> Context:
    """The Context of a pydantic validation, or one that knows nothing where there is none."""
    return info.context if isinstance(info.context, Context) else Context()


def wrong(message: str, *, key: str | None = None, suggestion: str | None = None) -> PydanticCustomError:
    """The error to raise in a validator: a sentence for the user. ``key`` names the entry of the table that is to
    blame, dotted for one in a table inside it."""
    return PydanticCustomError("problem", "{message}", {"message": message, "key": key, "suggestion": suggestion})
