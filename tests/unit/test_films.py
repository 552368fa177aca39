"""Films of runs, and figures that follow them."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from PIL import Image
from unit.test_io_reader import SPECIES, make_run

from hpcmix.io.directories.locking.lock import Lock
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.figures.films.film import film_figure, make_film
from hpcmix.io.figures.films.frames import Frames
from hpcmix.io.figures.films.watching import changes
from hpcmix.io.figures.style import FigureUnits
from hpcmix.io.reader import RunReader
from tests.unit.figure_checks import require_inside


def with_snapshots(directory, dimensions, numbers, sliced=True):
    """Snapshots of one species with a phase and one without, at some of the stored times."""
    shape, names = (10, 8, 6)[:dimensions], "xyz"[:dimensions]
    directory.snapshots.mkdir()
    for number in numbers:
        with h5py.File(directory.snapshot(number), "w") as file:
            file.attrs.update({"step": 10 * number, "time": 0.5 * number, "axes": list(names)})
            for name, points in zip(names, shape, strict=True):
                file[name] = np.arange(points) - points / 2
            for name in SPECIES:
                file[f"{name}/density"] = np.full(shape, 2.0 + number)
            file[f"{SPECIES[0]}/wave_function"] = np.full(shape, np.exp(1j * (0.3 + number)))
    if not sliced:
        for _, path in directory.stored_slices():
            path.unlink()
    return RunReader(directory.path)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("sliced", [True, False])
def test_frames_have_densities_and_phases(tmp_path, dimensions, sliced):
    run = with_snapshots(make_run(tmp_path / "run", dimensions, [0.0, 0.5, 1.0]), dimensions, (0, 2), sliced)
    frames = Frames(run)
    assert len(frames) == (3 if sliced else 2)
    last = frames[len(frames) - 1]
    expected = 3.0 if sliced else 4.0  # what slices hold, what snapshots hold
    column = 6.0 if dimensions == 3 and not sliced else 1.0  # six planes one apart
    assert set(last.densities) == set(SPECIES)
    assert np.all(last.densities[SPECIES[1]] == expected * column)
    assert last.densities[SPECIES[0]].shape == (10, 8, 6)[: min(dimensions, 2)]
    assert set(last.phases) == {SPECIES[0]}
    assert last.phases[SPECIES[0]] == pytest.approx(np.full((10, 8)[: min(dimensions, 2)], 2.3), abs=1e-14)
    if sliced:
        assert frames[1].phases == {}


def test_a_film_has_a_frame_for_every_stored_time(tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.animation.writers.is_available", lambda name: False)
    monkeypatch.setattr("hpcmix.io.figures.films.film.DOTS_OF_FILMS", 40)
    run = with_snapshots(make_run(tmp_path / "run", 1, [0.0, 0.5, 1.0]), 1, (0, 2))
    path = make_film(run)
    assert path == tmp_path / "run/film.gif"
    film = Image.open(path)
    assert (film.n_frames, film.info["duration"], film.info["loop"]) == (3, 250, 0)
    seen = [np.asarray(film.convert("RGB")).copy() for number in range(3) if film.seek(number) is None]
    assert not np.array_equal(seen[0], seen[1])
    assert not list(path.parent.glob("film.partial*"))


def test_nothing_of_a_film_is_cut_off(tmp_path):
    run = with_snapshots(make_run(tmp_path / "run", 2, [0.0, 0.5]), 2, (0, 1))
    figure, redraw = film_figure(Frames(run), FigureUnits(run.scales), "A mixture with a title")
    assert figure.axes[0].get_title() == f"{SPECIES[0]}, $t$ = 0 ms"
    require_inside(figure)
    redraw(Frames(run)[1])
    assert figure.axes[0].get_title() == f"{SPECIES[0]}, $t$ = 0.6842 ms"  # half a unit m um^2 / hbar
    low, high = figure.axes[0].get_images()[0].get_clim()
    assert (low, high) == (0.0, 2.0)  # the largest of all frames, in particles per square micrometre


def test_one_time_makes_no_film(tmp_path):
    assert make_film(RunReader(make_run(tmp_path / "run", 2, [0.0]).path)) is None


def test_a_damaged_file_is_told(tmp_path):
    directory = make_run(tmp_path / "run", 2, [0.0, 0.5])
    with h5py.File(directory.slice(1), "a") as file:
        del file["x"]
    with pytest.raises(OutputError, match=r"000001\.h5 is damaged"):
        make_film(RunReader(directory.path))
    assert not list(directory.path.glob("film*"))


def test_figures_follow_a_run_until_it_ends(tmp_path, monkeypatch):
    """Drawn at first, when a record has come, not where nothing has, and once more after the end."""
    directory = make_run(tmp_path / "run", 1, [0.0])
    at_work, slept = [True], []
    monkeypatch.setattr(Lock, "holder", lambda lock: at_work[0] or None)

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) != 2:
            with directory.series.open("a", encoding="utf-8") as series:
                series.write("{}\n")
        at_work[0] = len(slept) < 3

    assert [len(slept) for _ in changes(directory, 7.0, sleep)] == [0, 1, 3]
    assert slept == [7.0, 7.0, 7.0]
    assert len(list(changes(directory, 7.0, sleep))) == 1  # nobody is at work
