"""Whole runs of classical species: the digest of any ranks and groups, going on elsewhere, lost markers."""

from __future__ import annotations

import pytest
from parallel.interruptions import asked_to_stop_after, folder_of, run, series, summary

from hpcmix.parallel.markers.patches import PatchExchange
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.running import launch as launching
from hpcmix.running.launch import Request, launch

PROBLEM = """
title = "Two gases through each other"
[grid]
points = [18, 15]
lengths = [8.0, 7.0]
[[species]]
name = "light"
kind = "classical"
particles = 2.0
markers = { number = 900, tolerance = 1e-6 }
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.0, centre = [0.8, 0.0], momentum = [3.0, -9.0] }
[[species]]
name = "heavy"
kind = "classical"
mass = 3.0
particles = 1.0
markers = { number = 511, seed = 2, tolerance = 1e-6 }
potential = [{ kind = "harmonic", frequency = 1.1 }]
initial = { kind = "oscillator", frequency = 1.1 }
[[interaction]]
between = ["light", "heavy"]
kind = "gaussian"
strength = 0.9
width = 1.3
[time]
final = 0.4
step = 0.02
[output]
directory = "out"
resolution = "ignore"
observables = { every = 3 }
snapshots = { every = 10, slices = false, fields = ["density"] }
checkpoints = { every = 4, keep = 2 }
"""

CONDENSATE = """
[[species]]
name = "condensate"
particles = 2.0
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = { kind = "gaussian", width = 1.1, centre = [-0.4, 0.3] }
[[interaction]]
between = ["condensate", "light"]
kind = "gaussian"
strength = 0.7
width = 0.9
[[interaction]]
between = ["condensate", "condensate"]
kind = "contact"
strength = 0.3
"""
"""What is put before the interaction of the two gases."""


@pytest.fixture
def folder(comm, shared_tmp_path, monkeypatch):
    with folder_of(comm, shared_tmp_path, monkeypatch, PROBLEM) as prepared:
        yield prepared


def on_first(comm, monkeypatch, ranks, work):
    """A job on some of the ranks."""
    part = comm.Split(0 if comm.rank < ranks else 1, comm.rank)
    if comm.rank < ranks:
        with monkeypatch.context() as patch:
            patch.setattr(launching, "world", lambda: part)
            work(part)
    part.Free()
    comm.barrier()


def groups_of(ranks):
    return [groups for groups in (1, 2) if ranks % groups == 0]


@pytest.mark.ranks(1, 2, 4)
def test_the_digest_is_that_of_one_rank(comm, folder, monkeypatch):
    names = []
    for ranks in range(1, comm.size + 1):
        for groups in groups_of(ranks):
            names.append(f"{ranks}-{groups}")
            setting = f"parallel.orbital_groups={groups}"
            work = lambda part, name=names[-1], setting=setting: run(folder, name, setting)  # noqa: E731
            on_first(comm, monkeypatch, ranks, work)
    found = [summary(folder, name) for name in names]
    assert {entry["status"] for entry in found} == {"done"}
    assert len({entry["digest"] for entry in found}) == 1
    markers = {(name, entry["species"][name]["particles"]) for entry in found for name in ("light", "heavy")}
    assert {name: pytest.approx(particles, rel=1e-12) for name, particles in markers} == {"light": 2.0, "heavy": 1.0}


@pytest.mark.ranks(1, 2, 4)
def test_beside_a_condensate_the_digest_is_that_of_one_rank(comm, shared_tmp_path, monkeypatch):
    """Its start is normalised by an exact sum, and its evolution does not depend on ranks either."""
    problem = PROBLEM.replace("[[interaction]]", CONDENSATE.lstrip() + "[[interaction]]")
    with folder_of(comm, shared_tmp_path, monkeypatch, problem) as folder:
        names = [str(ranks) for ranks in range(1, comm.size + 1)]
        for ranks, name in enumerate(names, 1):
            on_first(comm, monkeypatch, ranks, lambda part, name=name: run(folder, name))
        summaries = [summary(folder, name) for name in names]
    assert {entry["status"] for entry in summaries} == {"done"}
    assert len({entry["digest"] for entry in summaries}) == 1


def test_adaptive_steps_are_those_of_one_rank(comm, folder, monkeypatch):
    """What chooses them are exact sums over markers."""
    settings = ("time.step={tolerance=1e-3}", "time.final=0.1")
    on_first(comm, monkeypatch, 1, lambda part: run(folder, "one", *settings))
    assert run(folder, "all", *settings) == ExitStatus.DONE
    found = [summary(folder, name) for name in ("one", "all")]
    assert found[0]["digest"] == found[1]["digest"] and found[0]["step"] == found[1]["step"] > 1


@pytest.mark.ranks(1, 2, 4)
def test_stopped_on_any_ranks_and_gone_on_with_on_others(comm, folder, monkeypatch):
    assert run(folder, "whole") == ExitStatus.DONE
    for ranks in range(1, comm.size + 1):
        name = f"from-{ranks}"

        def stop(part, name=name):
            with asked_to_stop_after(part, monkeypatch, 13):
                assert run(folder, name) == ExitStatus.STOPPED

        on_first(comm, monkeypatch, ranks, stop)
        assert launch(Request.to_go_on(folder / name, None)) == ExitStatus.DONE
        assert summary(folder, name)["digest"] == summary(folder, "whole")["digest"]
        assert ranks != comm.size or series(folder, name) == series(folder, "whole")


@pytest.mark.ranks(1, 2)
def test_checkpoints_and_records_change_nothing(folder):
    """A checkpoint puts markers into the order of their indices: records after it, and steps, are those without it."""
    assert run(folder, "never", "output.checkpoints={enabled=false}", "output.observables={every=1}") == ExitStatus.DONE
    assert run(folder, "always", "output.checkpoints={every=1}", "output.observables={every=1}") == ExitStatus.DONE
    assert summary(folder, "never")["digest"] == summary(folder, "always")["digest"]
    assert series(folder, "never") == series(folder, "always")


def test_a_density_that_is_not_the_markers_ends_the_run_on_every_rank(comm, folder, monkeypatch, capfd):
    add_up = PatchExchange.add_up
    calls = []

    def hole(exchange, patch, block):
        add_up(exchange, patch, block)
        calls.append(1)
        if len(calls) == 40 and comm.rank == comm.size - 1:
            block.reshape(-1)[0] += 1  # a unit of the fixed point: 2e-18 of all particles

    monkeypatch.setattr(PatchExchange, "add_up", hole)
    assert run(folder, "lost") == ExitStatus.FAILED
    said = capfd.readouterr().err
    assert comm.rank > 0 or "hpcmix: the density of markers is wrong: what was sent from patches" in said
    assert "Traceback" not in said
