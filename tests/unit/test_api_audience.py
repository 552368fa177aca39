"""Who watches a run that Python started: nobody, a terminal, a notebook."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from hpcmix.api import audience
from hpcmix.api.audience import Listener
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.log import Log


@pytest.fixture
def pages(monkeypatch):
    """What a notebook is shown, one page after the other, in a program that takes itself for a notebook's kernel."""
    shown = []

    def display(page, display_id):
        shown.append(page._repr_html_())
        return SimpleNamespace(update=lambda other: shown.append(other._repr_html_()))

    shell = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    monkeypatch.setattr(audience, "_SECONDS_BETWEEN", 0.0)
    return shown


def test_a_bar_below_the_cell(pages):
    log = Log(speaks=True, audience=Listener())
    with log.progress("evolving", total=4.0) as meter:
        meter.update(1.0, "E = 2")
    before, begun, quarter, after = pages
    assert (before, after) == ("", "")
    assert "evolving" in begun and "value='0.0000'" in begun
    assert "value='0.2500'" in quarter and "E = 2" in quarter


def test_work_of_unknown_length_has_a_bar_without_a_value(pages):
    with Log(speaks=True, audience=Listener()).progress("ground state", total=None) as meter:
        meter.update(7)
    assert "<progress " in pages[2] and "value=" not in pages[2] and "7" in pages[2]


def test_a_bar_is_not_told_everything(pages, monkeypatch):
    """A notebook gets a message for every change: within a second those of a quick loop are left out."""
    monkeypatch.setattr(audience, "_SECONDS_BETWEEN", 1000.0)
    with Log(speaks=True, audience=Listener()).progress("evolving", total=1000) as meter:
        for step in range(1000):
            meter.update(step)
    assert len(pages) == 3


def test_nobody_watches(pages, capsys, tmp_path):
    """Without a bar lines are for run.log alone, and the last complaint for the exception."""
    listener = Listener(shows=False)
    log = Log(speaks=True, audience=listener)
    log.open(tmp_path / "run.log")
    log.line("a line")
    error = ProblemError.of("time.step", "is too large")
    log.audience.complain(error)
    with log.progress("evolving", total=4) as meter:
        meter.update(1)
    log.close()
    assert listener.error is error
    assert pages == [] and capsys.readouterr() == ("", "")
    assert (tmp_path / "run.log").read_text() == "a line\n"


def test_other_ranks_have_no_bar(pages):
    with Log(speaks=False, audience=Listener()).progress("evolving", total=4) as meter:
        meter.update(1)
    assert pages == []
