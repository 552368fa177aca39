"""Every figure of a run by its word: what makes it of a scene, None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from hpcmix.io.figures.fluctuations.growth import fluctuation_figure, with_fluctuations
from hpcmix.io.figures.fluctuations.spectra import spectra_figure, with_spectra
from hpcmix.io.figures.over_time.clouds import series_figure
from hpcmix.io.figures.over_time.energies import energy_figure, exchanges_particles
from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.snapshots.density import density_figure
from hpcmix.io.figures.snapshots.density_modes import modes_figure, with_modes
from hpcmix.io.figures.snapshots.momentum import momentum_figure, with_momenta
from hpcmix.io.figures.snapshots.phase import phase_figure, with_phases
from hpcmix.io.figures.snapshots.phase_space import phase_space_figure, with_phase_space
from hpcmix.io.figures.snapshots.profiles import profiles_figure
from hpcmix.io.figures.snapshots.space_time import FEWEST_TIMES, space_time_figure
from hpcmix.io.figures.snapshots.views import views_figure
from hpcmix.io.figures.snapshots.vortices import vortex_figure, with_vortices
from hpcmix.io.figures.spectra.flow import flow_spectra_figure, with_flow_spectra
from hpcmix.observe.measures.conservation import PARTICLE_LIMIT
from hpcmix.problem.sections.components.coupling import shared_particles

Maker = Callable[[Scene], Figure | None]

FEWEST_FRAMES = 3
"""Of a film side by side; fewer are what ``columns`` shows."""


def _energy(scene: Scene) -> Figure | None:
    if not scene.lasts or _of_bodies(scene):
        return None
    since = ((scene.run.summary or {}).get("conservation") or {}).get("energy_since")
    return energy_figure(scene.records, scene.units, scene.title, _exchanging(scene), since)


def _series(scene: Scene) -> Figure | None:
    entries = (entry for record in scene.records for entry in record.get("species", {}).values())
    dimensions = max((len(entry.get("centre", ())) for entry in entries), default=0)
    if not scene.lasts or _of_bodies(scene) or not dimensions:
        return None
    return series_figure(scene.records, scene.units, scene.title, dimensions, _exchanging(scene))


def _shows_profiles(scene: Scene) -> bool:
    done = (scene.run.summary or {}).get("status") == "done"  # one that goes on will have more than one time
    alone = len(scene.run.slices) == 1 and done
    return (alone or "profiles" in scene.request.what) and bool(scene.frames) and bool(scene.frames[0].slices)


def _profiles(scene: Scene) -> Figure | None:
    if not _shows_profiles(scene):
        return None
    last = scene.frames[-1]
    none: dict[str, Any] = {}
    record = next((record for record in reversed(scene.records) if record.get("step") == last.step), none)
    return profiles_figure(last, record, scene.units, scene.title)


def _columns(scene: Scene) -> Figure | None:
    if not scene.frames or not scene.frames[0].slices:
        return None
    if len(scene.frames[0].axes) == 3:
        return views_figure(scene.ends, scene.units, scene.title, integrated=True)
    if len(scene.frames[0].axes) == 1 and not scene.request.what and _shows_profiles(scene):
        return None  # which shows the same
    return density_figure(scene.ends, scene.units, scene.title)


def _slices(scene: Scene) -> Figure | None:
    if not scene.frames or not scene.frames[0].slices:
        return None
    if len(scene.frames[0].axes) == 3:
        return views_figure(scene.ends, scene.units, scene.title, integrated=False)
    return density_figure(scene.ends, scene.units, scene.title)


def _film(scene: Scene) -> Figure | None:
    if len(scene.frames) < FEWEST_FRAMES or not scene.frames[0].slices:
        return None
    if _has_space_time(scene) and not scene.request.what:
        return None  # which shows as much and more
    return density_figure(scene.frames, scene.units, scene.title)


def _has_space_time(scene: Scene) -> bool:
    frames = scene.frames
    return len(scene.run.slices) >= FEWEST_TIMES and bool(frames[0].slices) and len(frames[0].axes) == 1


def _space_time(scene: Scene) -> Figure | None:
    return space_time_figure(scene) if scene.run.slices and _has_space_time(scene) else None


def _phase(scene: Scene) -> Figure | None:
    return phase_figure(scene) if with_phases(scene.run) else None


def _phase_space(scene: Scene) -> Figure | None:
    shown = with_phase_space(scene.frames)
    return phase_space_figure(shown, scene.units, scene.title) if shown else None


def _momentum(scene: Scene) -> Figure | None:
    moving, lengths = with_momenta(scene.records), scene.run.problem.get("grid", {}).get("lengths")
    return momentum_figure(scene.shown(moving), lengths, scene.units, scene.title) if moving and lengths else None


def _density_modes(scene: Scene) -> Figure | None:
    waving = with_modes(scene.records)
    return modes_figure(waving, scene.units, scene.title) if waving else None


def _spectra(scene: Scene) -> Figure | None:
    flowing = with_flow_spectra(scene.records)
    return flow_spectra_figure(scene.shown(flowing), scene.units, scene.title) if flowing else None


def _vortices(scene: Scene) -> Figure | None:
    swirling = with_vortices(scene.records)
    return vortex_figure(swirling, scene.units, scene.title) if swirling else None


def _excitations(scene: Scene) -> Figure | None:
    if scene.run.excitations is None:
        return None
    from hpcmix.io.figures.spectra.excitations import excitations_figure

    return excitations_figure(scene.run.excitations, scene.run.directory.modes, scene.units, scene.title)


def _fluctuations(scene: Scene) -> Figure | None:
    fluctuating = with_fluctuations(scene.records)
    return fluctuation_figure(fluctuating, _particles(scene), scene.units, scene.title) if fluctuating else None


def _fluctuation_spectra(scene: Scene) -> Figure | None:
    spectra = with_spectra(scene.records)
    return spectra_figure(scene.shown(spectra), scene.units, scene.title) if spectra else None


def _distance(scene: Scene) -> Figure | None:
    if not scene.records or not _of_bodies(scene):
        return None
    from hpcmix.io.figures.over_time.many_body import distance_figure

    return distance_figure(scene.records, scene.units, scene.title)


def _occupations(scene: Scene) -> Figure | None:
    if not scene.records or not _of_bodies(scene):
        return None
    from hpcmix.io.figures.over_time.many_body import occupation_figure

    return occupation_figure(scene.records, scene.units, scene.title)


def _of_bodies(scene: Scene) -> bool:
    return bool(scene.run.problem.get("many_body"))


def _exchanging(scene: Scene) -> bool:
    precision = scene.run.problem.get("parallel", {}).get("precision", "double")
    return exchanges_particles(scene.records, PARTICLE_LIMIT[precision])


def _particles(scene: Scene) -> dict[str, float]:
    """Of every species, coupled ones together, as the problem file has them: records show what a scaling makes of
    them."""
    problem = scene.run.problem
    spins = [entry["species"] for entry in problem.get("spinor", [])]
    particles = {
        entry["name"]: float(entry.get("particles", 0.0)) for entry in problem.get("species", []) if "name" in entry
    }
    return shared_particles(particles, [*(entry["between"] for entry in problem.get("coupling", [])), *spins])


MAKERS: Mapping[str, Maker] = {
    "energy": _energy,
    "series": _series,
    "profiles": _profiles,
    "columns": _columns,
    "slices": _slices,
    "film": _film,
    "space-time": _space_time,
    "phase": _phase,
    "phase-space": _phase_space,
    "momentum": _momentum,
    "density-modes": _density_modes,
    "spectra": _spectra,
    "vortices": _vortices,
    "excitations": _excitations,
    "fluctuations": _fluctuations,
    "fluctuation-spectra": _fluctuation_spectra,
    "distance": _distance,
    "occupations": _occupations,
}
"""In the order of :data:`~hpcmix.io.figures.request.FIGURES`, with the same words."""
