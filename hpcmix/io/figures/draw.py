"""Figures of a run, finished or not, as PNG files in its directory. Needs no MPI and no display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

from hpcmix.io.figures.fluctuations.growth import fluctuation_figure, with_fluctuations
from hpcmix.io.figures.fluctuations.spectra import spectra_figure, with_spectra
from hpcmix.io.figures.series import energy_figure, exchanges_particles, series_figure
from hpcmix.io.figures.snapshots.density import density_figure
from hpcmix.io.figures.snapshots.density_modes import modes_figure, with_modes
from hpcmix.io.figures.snapshots.momentum import momentum_figure, with_momenta
from hpcmix.io.figures.snapshots.phase_space import phase_space_figure, with_phase_space
from hpcmix.io.figures.snapshots.vortices import vortex_figure, with_vortices
from hpcmix.io.figures.spectra.flow import flow_spectra_figure, with_flow_spectra
from hpcmix.io.figures.style import STYLE, FigureUnits, save
from hpcmix.io.reader import RunReader
from hpcmix.observe.measures.rounding import PARTICLE_LIMIT
from hpcmix.problem.sections.components.coupling import shared_particles

_FILM_FRAMES = 6
"""As many stored times fit side by side into one figure."""


def draw(directory: str | Path) -> list[Path]:
    """Draw everything there is something to draw for, and return the paths written.

    energy.png     energy by term; relative change of the total energy and the particle numbers.
    series.png     widths, centres, chemical potentials and largest densities over time; particles per species where
                   they change by more than rounding.
    columns.png    the densities at the first and the last stored time (column densities along z in three dimensions).
    film.png       the same at all stored times if there are 3 or more, at six of them that are evenly spread if there
                   are more than six.
    phase-space.png
                   classical species over two axes of phase space at these times, where the file asks for them.
    excitations.png
                   the spectrum of small oscillations, where it was found.
    momentum.png   momentum distributions, where records hold them, at up to six times.
    density-modes.png
                   sizes of the first Fourier modes of the densities over time, where records hold them.
    spectra.png    particles and parts of the kinetic energy over wave numbers, where records hold them.
    vortices.png   tracks of vortices or the lines of the last record, and how many there were, where records hold them.
    fluctuations.png
                   excitations around the condensates with bands of one standard error, where records hold them.
    fluctuation-spectra.png
                   wave numbers of the particles outside, and structure factors, where records hold them.
    distance.png, occupations.png
                   in place of the first two for N bodies: alpha and distances of reduced density matrices; natural
                   occupations, and relative change of norm and energies.
    In micrometres and milliseconds for a problem with ``[units]``, otherwise in code units. Raises
    :class:`~hpcmix.io.reader.NotARun` and, for files that are damaged or cannot be written,
    :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    run = RunReader(directory)
    units = FigureUnits(run.scales)
    place = run.directory.path
    written = []
    with matplotlib.rc_context(STYLE):
        if run.records:
            draw_series = _draw_bodies if run.problem.get("many_body") else _draw_clouds
            written += draw_series(run, units, place)
        if (moving := with_momenta(run.records)) and (lengths := run.problem.get("grid", {}).get("lengths")):
            figure = momentum_figure(spread_out(moving), lengths, units, run.title)
            written.append(save(figure, place / "momentum.png"))
        if waving := with_modes(run.records):
            figure = modes_figure(waving, units, run.title)
            written.append(save(figure, place / "density-modes.png"))
        if flowing := with_flow_spectra(run.records):
            figure = flow_spectra_figure(spread_out(flowing), units, run.title)
            written.append(save(figure, place / "spectra.png"))
        if swirling := with_vortices(run.records):
            written.append(save(vortex_figure(swirling, units, run.title), place / "vortices.png"))
        if fluctuating := with_fluctuations(run.records):
            figure = fluctuation_figure(fluctuating, _particles(run), units, run.title)
            written.append(save(figure, place / "fluctuations.png"))
        if run.excitations is not None:
            from hpcmix.io.figures.spectra.excitations import excitations_figure

            figure = excitations_figure(run.excitations, run.directory.modes, units, run.title)
            written.append(save(figure, place / "excitations.png"))
        if spectra := with_spectra(run.records):
            figure = spectra_figure(spread_out(spectra), units, run.title)
            written.append(save(figure, place / "fluctuation-spectra.png"))
        if run.slices:
            written += _draw_slices(run, units, place)
    return written


def _draw_slices(run: RunReader, units: FigureUnits, place: Path) -> list[Path]:
    """Densities at the first and the last stored time and at some of all, and what they are made of in phase space."""
    frames, written = [run.read_slices(entry) for entry in spread_out(run.slices)], []
    if frames[0].slices:
        ends = frames if len(frames) == 1 else [frames[0], frames[-1]]
        written.append(save(density_figure(ends, units, run.title), place / "columns.png"))
        if len(frames) >= 3:
            written.append(save(density_figure(frames, units, run.title), place / "film.png"))
    if in_phase_space := with_phase_space(frames):
        written.append(save(phase_space_figure(in_phase_space, units, run.title), place / "phase-space.png"))
    return written


def _particles(run: RunReader) -> dict[str, float]:
    """Of every species, coupled ones together, as the problem file has them: records show what a scaling makes of
    them."""
    species, couplings = run.problem.get("species", []), run.problem.get("coupling", [])
    spins = [entry["species"] for entry in run.problem.get("spinor", [])]
    particles = {entry["name"]: float(entry.get("particles", 0.0)) for entry in species if "name" in entry}
    return shared_particles(particles, [*(entry["between"] for entry in couplings), *spins])


def _draw_clouds(run: RunReader, units: FigureUnits, place: Path) -> list[Path]:
    """Energies and conservation; shape and place of the clouds."""
    precision = run.problem.get("parallel", {}).get("precision", "double")
    exchanging = exchanges_particles(run.records, PARTICLE_LIMIT[precision])
    written = [save(energy_figure(run.records, units, run.title, exchanging), place / "energy.png")]
    entries = (entry for record in run.records for entry in record.get("species", {}).values())
    dimensions = max((len(entry.get("centre", ())) for entry in entries), default=0)
    if dimensions:
        figure = series_figure(run.records, units, run.title, dimensions, exchanging)
        written.append(save(figure, place / "series.png"))
    return written


def _draw_bodies(run: RunReader, units: FigureUnits, place: Path) -> list[Path]:
    """How far N bodies are from their mean field, and how many modes they take."""
    from hpcmix.io.figures.many_body import distance_figure, occupation_figure

    return [
        save(distance_figure(run.records, units, run.title), place / "distance.png"),
        save(occupation_figure(run.records, units, run.title), place / "occupations.png"),
    ]


def spread_out(stored: Sequence[Any]) -> list[Any]:
    """All of them, or as many as fit into a figure: the first, the last, and what lies evenly between."""
    frames = min(len(stored), _FILM_FRAMES)
    return [stored[round(place * (len(stored) - 1) / max(frames - 1, 1))] for place in range(frames)]
