"""``[output]``: where results go and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, ValidationInfo, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Value, of_integer, of_text, one_or_list
from hpcmix.problem.reading.values import (
    Text,
    described,
    integer,
    is_writable,
    pure_number,
    quantity,
    real,
    sequence,
    whole_number,
)
from hpcmix.problem.sections.calculation.images import ImagesOptions
from hpcmix.problem.sections.calculation.requests import REQUESTS, Request, requests_of
from hpcmix.problem.times.durations import duration
from hpcmix.problem.units.dimensions import TIME


class ScheduleSection(Section):
    """When something is written: every so many steps, or in intervals of time. Exactly one is set once a problem with
    [time] is loaded."""

    every: Annotated[int, integer(at_least=1)] | None = None
    """Number of steps from one record to the next.
    Example: ``10``."""
    interval: Annotated[float, quantity(TIME, above=0)] | None = None
    """Time from one record to the next. Fixed steps are not divided: each record comes with the first step that reaches
    its time, so that records are equally far apart where this is a whole number of steps.
    Example: ``"0.1 ms"``."""

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.every is not None and self.interval is not None:
            raise wrong("contradicts every; give one of the two", key="interval")
        return self


if TYPE_CHECKING:
    Also = str
else:
    Also = Literal[tuple(request.word for request in REQUESTS)]


class ObservablesOptions(ScheduleSection):
    """Time series of numbers; about a hundred records a run unless a schedule is given."""

    also: Annotated[tuple[Also, ...], sequence()] = ()
    """What to measure beyond the usual: it costs time or, for the overlap with the initial determinant, the memory of a
    second set of orbitals. The angular momentum is there anyway where a vector potential or a rotating frame turns the
    particles."""

    vortex_density_cut: Annotated[float, real(at_least=0)] | None = None
    """Of vortices: the part of the largest density, smoothed over a thirty-second of the box, below which a zero of the
    wave function is none; beside a cloud the phase is rounding. Left out: 0.05.
    Example: ``0.1``."""

    @model_validator(mode="after")
    def _cut_is_used(self) -> Self:
        if self.vortex_density_cut is None:
            return self
        if "vortices" not in self.also:
            raise wrong('belongs to also = ["vortices"], which is not asked for', key="vortex_density_cut")
        if self.vortex_density_cut >= 1.0:
            raise wrong("must be less than one: a part of the largest density", key="vortex_density_cut")
        return self

    @property
    def requests(self) -> list[Request]:
        """What is known of those asked for."""
        return requests_of(self.also)


PhaseSpaceAxis = Literal["x", "y", "z", "px", "py", "pz"]
SnapshotField = Literal["density", "phase", "wave_function", "thomas_fermi"]


def numbers_of(field: str, orbitals: int) -> int:
    """Real numbers at a grid point that a snapshot's field has of a species with so many orbitals; zero where it has
    no such field: a set has no phase of its own, a single wave function no Thomas-Fermi density of fermions, and a
    classical species, without orbitals, nothing but its density."""
    counts = {
        "density": 1,
        "phase": int(orbitals == 1),
        "wave_function": 2 * orbitals,
        "thomas_fermi": int(orbitals > 1),
    }
    return counts[field]


class CheckpointsOptions(ScheduleSection):
    """Files to go on from. Without a schedule and without `wall` they come as often as pays; a run that is asked to
    stop always writes one."""

    enabled: StrictBool = True
    """False: none but when the run is asked to stop."""
    wall: Annotated[float, duration(above=0)] | None = None
    """Seconds of the clock on the wall from one to the next."""
    keep: Annotated[int, integer(at_least=1)] = 2
    """How many of the newest stay.
    Example: ``3``."""
    mean_time_between_failures: Annotated[float, duration(above=0)] = 365 * 86400.0
    """Seconds that one node runs on average until something ends the job on it: the measure for how often pays.
    Example: ``"30 d"``."""


class SnapshotsOptions(ScheduleSection):
    """Fields on the whole grid; at the start and the end unless a schedule is given."""

    slices: StrictBool = True
    """Also write cheap slices and column densities."""
    fields: Annotated[tuple[SnapshotField, ...], sequence()] = ("density",)
    """Of a set of orbitals: its density, all wave functions, or the Thomas-Fermi density in its present potential.
    Example: ``["density", "phase"]``."""

    @model_validator(mode="after")
    def _fields_once(self) -> Self:
        if len(set(self.fields)) < len(self.fields):
            raise wrong("names a field twice", key="fields")
        return self


def _power_of_two(value: Any, info: ValidationInfo) -> int:
    number = whole_number(pure_number(value, info), at_least=1)
    if number & (number - 1):
        raise wrong(
            f"must be a power of two, such as {1 << number.bit_length()}, not {number}: markers of other multiples are "
            "no even sample of the density in phase space"
        )
    return number


class MarkersOutput(ScheduleSection):
    """Marker files in openPMD's form, of all classical species; at the start and the end unless a schedule is given."""

    every_nth: Annotated[int, Value(_power_of_two, taken=of_integer(1, "4"))] = 1
    """Only markers whose index is a multiple of this, a power of two: a sample of the same f, as their points are a
    sequence in base two. Other multiples are a biased one: the mean of every third of 16 384 points is a fifteenth of
    an axis off."""


def _bins(value: Any, info: ValidationInfo) -> tuple[int, int]:
    numbers = value if isinstance(value, (list, tuple)) else (value, value)
    if len(numbers) != 2:
        raise wrong(f"needs 2 numbers, one for each axis (or a single one for both), but has {len(numbers)}")
    first, second = (whole_number(pure_number(number, info), at_least=1) for number in numbers)
    if first * second > MOST_BINS:
        raise wrong(f"are {first} x {second}, more than the {MOST_BINS} of a histogram that every rank holds")
    return first, second


MOST_BINS = 2**24
"""128 MB of float64, on every rank while ranks add their parts."""


class PhaseSpaceOutput(Section):
    """A histogram of one classical species over two axes of phase space, written with the slices: the integral of f
    over all others, per area of the two axes."""

    species: Text
    """Which one.
    Example: ``"cloud"``."""
    axes: Annotated[tuple[PhaseSpaceAxis, ...], sequence()]
    """Two of x, y, z, px, py, pz.
    Example: ``["x", "px"]``."""
    bins: Annotated[tuple[int, int], Value(_bins, taken=one_or_list(of_integer(1, "256"), 2, 2))] = (200, 200)
    """Along each of the two axes, or one number for both.
    Example: ``[256, 128]``."""

    @model_validator(mode="after")
    def _two_axes(self) -> Self:
        if len(self.axes) != 2 or self.axes[0] == self.axes[1]:
            raise wrong('must be two different axes of phase space, such as ["x", "px"]', key="axes")
        return self


_LONGEST_NAME = 255
"""Bytes of one name in a path, on all file systems of Linux and macOS."""


def _directory(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not is_writable(value):
        raise wrong(f"must be the path of a directory in quotes, not {described(value)}")
    if any(len(part.encode()) > _LONGEST_NAME for part in value.split("/")):
        raise wrong(f"has a name of more than {_LONGEST_NAME} bytes, which no file system takes: {described(value)}")
    return value


class OutputOptions(Section):
    """The run's directory and its schedules, and what is to become of clouds that box or grid do not hold."""

    directory: Annotated[str, Value(_directory, taken=of_text('"runs/rubidium"'))] = ""
    """Relative to where the program is started. Left out: runs/<name of the file>."""
    resolution: Literal["check", "warn", "ignore"] = "check"
    """Of a cloud that a trap should keep away from the faces of the box and does not, or whose spectrum reaches the
    grid's largest wave number: warn, and end the run where it is lost; only warn; or say nothing."""
    observables: ObservablesOptions = Field(default_factory=ObservablesOptions)
    """Time series of numbers.
    Example: ``{ interval = "0.1 ms", also = ["momentum-distribution"] }``."""
    snapshots: SnapshotsOptions = Field(default_factory=SnapshotsOptions)
    """Fields on the whole grid.
    Example: ``{ interval = "5 ms", slices = true }``."""
    checkpoints: CheckpointsOptions = Field(default_factory=CheckpointsOptions)
    """Files to go on from.
    Example: ``{ wall = "30 min", keep = 2 }``."""
    markers: MarkersOutput | None = None
    """Files with the markers of classical species. Left out: none.
    Example: ``{ interval = "1 ms", every_nth = 4 }``."""
    phase_space: tuple[PhaseSpaceOutput, ...] = ()
    """Histograms of classical species.
    Example: ``[{ species = "cloud", axes = ["x", "px"] }]``."""
    images: ImagesOptions | None = None
    """The camera of ``hpcmix image``. Left out: it takes its own defaults.
    Example: ``{ axes = ["z"], time_of_flight = "20 ms" }``."""

    @property
    def fields(self) -> tuple[SnapshotField, ...]:
        """The fields of a snapshot: those asked for, and the wave functions where they are to fly to a camera."""
        flying: tuple[SnapshotField, ...] = ("wave_function",) if self.images and self.images.needs_phases else ()
        return tuple(dict.fromkeys((*self.snapshots.fields, *flying)))
