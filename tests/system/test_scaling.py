"""``hpcmix scaling``, the real command on tiny grids: files, going on, failures, refusals, Ctrl-C, scripts."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import time

import pytest

from tests.system.commands import COMMAND, clean_environment, hpcmix
from tests.unit.scaling_samples import MIXTURE

QUICK = ("--steps", "5", "--no-output-trial")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    # starts ranks, but not three of them
    (tmp_path / "start").write_text(
        '#!/bin/sh\nranks=$1; shift\n[ "$ranks" != 3 ] || { echo "hpcmix: no third rank today" >&2; exit 7; }\n'
        'exec mpirun -n "$ranks" "$@"\n'
    )
    (tmp_path / "start").chmod(0o755)
    return tmp_path


def repeats(directory):
    return [json.loads(line) for line in (directory / "repeats.jsonl").read_text().splitlines()]


def test_a_study_measures_goes_on_and_reports(folder):
    launcher = ("--launcher", f"{folder}/start {{ranks}}")
    arguments = ("scaling", "mixture.toml", "--ranks", "1,2,3", "--steps", "5", *launcher)
    first = hpcmix(*arguments, "--repeats", "1", folder=folder)
    assert first.returncode == 0, first.stderr
    assert "failed: 3 ranks: hpcmix: no third rank today" in first.stdout
    assert "not resolved: all ranks were on one node" in first.stdout and "\x1b" not in first.stdout
    assert "compute        not resolved: a single repeat tells nothing of the scatter" in first.stdout
    directory = folder / "runs" / "scaling-mixture"

    second = hpcmix(*arguments, "--repeats", "2", folder=folder)
    assert second.returncode == 0, second.stderr
    assert "going on with the study" in second.stdout and "2 of 6 repeats are there already" in second.stdout
    order = [(one["round"], one["configuration"]["ranks"], one["result"] is None) for one in repeats(directory)]
    # round by round; the failed configuration once in each call
    assert order == [(0, 1, False), (0, 2, False), (0, 3, True), (0, 3, True), (1, 2, False), (1, 1, False)]

    found = json.loads((directory / "scaling.json").read_text())
    assert found["serial_baseline"] and found["model"]["label"] == "model, not measured"
    assert [one["configuration"]["ranks"] for one in found["configurations"]] == [1, 2]
    assert found["failed"][0]["message"] == "hpcmix: no third rank today"
    for one in found["configurations"]:
        assert [repeat["round"] for repeat in one["repeats"]] == [0, 1]
        parts = {name: spread["median"] for name, spread in one["parts"].items()}
        assert parts["compute"] > 0.0 and parts["output"] > 0.0 and parts["reduction"] > 0.0
        assert (parts["exchange"] > 0.0) == (one["configuration"]["ranks"] == 2)
        for repeat in one["repeats"]:
            assert repeat["result"]["steps"] == 5 and repeat["result"]["problem"]["points"] == [24, 24, 24]
    one, two = (entry["seconds_per_step"]["median"] for entry in found["configurations"])
    # ratios are taken round by round; with two rounds their median is their mean, which lies between the extremes
    assert 0.2 * one / two < found["configurations"][1]["speed_up"]["median"] < 5.0 * one / two
    lines = list(csv.DictReader((directory / "repeats.csv").open()))
    assert len(lines) == 4 and {line["ranks"] for line in lines} == {"1", "2"}
    assert len(list(csv.DictReader((directory / "scaling.csv").open()))) == 2
    assert (directory / "scaling.png").stat().st_size > 20_000
    assert "best serial run" in (directory / "scaling.txt").read_text()
    assert not list(directory.glob(".repeat-*")) and not (directory / ".lock").exists()

    other = hpcmix(*arguments, "--set", "time.step=0.02", folder=folder)
    assert other.returncode == 4 and "holds another scaling study, which differs in the problem" in other.stderr
    # two repeats of a tiny grid scatter beyond any model: let the second be the first once more
    kept = {one["configuration"]["ranks"]: one for one in reversed(repeats(directory)) if one["result"]}
    again = [one | {"round": number} for one in kept.values() for number in (0, 1)]
    (directory / "repeats.jsonl").write_text("".join(json.dumps(one) + "\n" for one in again))
    collected = hpcmix("scaling", "--collect", "runs/scaling-mixture", "--latency", "2us", "--bandwidth", "10GB/s",
                       "--ranks-per-node", "8", folder=folder)  # fmt: skip
    assert collected.returncode == 0, collected.stderr
    assert "latency 2 us (given)" in collected.stdout and "8 consecutive ranks fill a node" in collected.stdout
    points = json.loads((directory / "scaling.json").read_text())["model"]["points"]
    assert [point["ranks"] for point in points if not point["left_out"]] == [64, 128]


def test_groups_are_measured_with_their_sums_and_too_few_cores_are_said(folder):
    sets = ("--set", 'species.down={name="down", kind="fermions", orbitals=4, '
            'initial={kind="oscillator", frequency=1.0}}')  # fmt: skip
    arguments = ("mixture.toml", "--ranks", "2", "--groups", "2", "--threads", "4", "--repeats", "1", *QUICK, *sets)
    result = hpcmix("scaling", *arguments, "--output", "study", folder=folder, timeout=280)
    assert result.returncode == 0, result.stderr
    assert "no serial run was measured" in result.stdout
    found = json.loads((folder / "study" / "scaling.json").read_text())["configurations"][0]
    measured = found["repeats"][0]["result"]
    assert (found["groups"], measured["threads"]) == (2, 4)
    assert "reduction" in measured["phases"] and found["parts"]["output"] is None
    assert found["oversubscribed"] == (measured["cores_of_ranks"] < 8)
    said = "oversubscribed: 2 ranks, 4 threads each, 2 groups: 8 threads of a node share"
    assert (said in result.stdout) == found["oversubscribed"]


def test_a_weak_study_grows_the_grid(folder):
    result = hpcmix("scaling", "mixture.toml", "--ranks", "1,2", "--weak", "--grow", "y", "--repeats", "1", *QUICK,
                    folder=folder, timeout=280)  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads((folder / "runs" / "weak-scaling-mixture" / "scaling.json").read_text())
    points = [one["repeats"][0]["result"]["problem"]["points"] for one in found["configurations"]]
    assert points == [[24, 24, 24], [24, 48, 24]]
    assert "weak scaling, measured" in result.stdout and "24x48x24" in result.stdout


def test_a_stopped_study_keeps_what_it_has(folder):
    arguments = ["scaling", "mixture.toml", "--ranks", "1,2", "--repeats", "2", *QUICK, "--output", "study"]
    with subprocess.Popen(
        [*COMMAND, *arguments], cwd=folder, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        kept, deadline = folder / "study" / "repeats.jsonl", time.monotonic() + 100.0
        while not (kept.exists() and kept.read_text()):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
    assert process.returncode == 75, said
    before = repeats(folder / "study")
    assert f"stopped by Ctrl-C after {len(before)} of 4 repeats; the same command goes on" in said
    assert 1 <= len(before) < 4 and (folder / "study" / "scaling.json").exists()
    result = hpcmix(*arguments, folder=folder)
    assert result.returncode == 0, result.stderr
    assert repeats(folder / "study")[: len(before)] == before and len(repeats(folder / "study")) == 4


def test_what_cannot_be_is_refused_in_a_sentence(folder):
    (folder / "still.toml").write_text(MIXTURE[: MIXTURE.index("[time]")])
    (folder / "full").mkdir()
    (folder / "full" / "thesis.tex").write_text("")
    refusals = [
        (("mixture.toml",), 2, "needs FILE and --ranks"),
        (("mixture.toml", "--ranks", "1,none"), 2, "is no list of positive whole numbers"),
        (("mixture.toml", "--ranks", "1", "--latency", "2"), 2, "is no latency"),
        (("mixture.toml", "--ranks", "1", "--grow", "x"), 2, "--grow: is for weak scaling"),
        (("mixture.toml", "--ranks", "1", "--weak", "--grow", "q"), 2, "no choice among the axes x, y, z"),
        (("mixture.toml", "--ranks", "1", "--launcher", "srun"), 2, "does not say {ranks}"),
        (("mixture.toml", "--ranks", "1", "--launcher", "nothing -n {ranks}"), 2, 'no program "nothing"'),
        (("mixture.toml", "--ranks", "1000"), 2, "no configuration is left to measure"),
        (("mixture.toml", "--ranks", "1", "--jobs", "j"), 2, "--ranks-per-node"),
        (("mixture.toml", "--ranks", "1", "--output", "full"), 4, "no directory of a scaling study and not empty"),
        (("still.toml", "--ranks", "1"), 2, "needs a [time] section"),
        (("nothing.toml", "--ranks", "1"), 2, "there is no such file"),
        (("--collect", "full"), 1, "it has no study.json"),
    ]
    script = "import sys\nfrom hpcmix.cli import main\nfor words in eval(sys.stdin.read()):\n"
    script += "    sys.argv = ['hpcmix', 'scaling', *words]\n    try:\n        main()\n    except SystemExit as left:\n"
    script += "        print('status', left.code, file=sys.stderr)\n"
    done = subprocess.run(
        [COMMAND[0], "-c", script], input=repr([words for words, _, _ in refusals]), cwd=folder, text=True,
        env=clean_environment(), capture_output=True, timeout=280, check=False,
    )  # fmt: skip
    said = done.stderr.split("status ")
    assert len(said) == len(refusals) + 1, done.stderr
    statuses = [int(text.split("\n", 1)[0]) for text in said[1:]]
    texts = [said[0], *(text.split("\n", 1)[1] for text in said[1:])]
    for (words, status, sentence), found, text in zip(refusals, statuses, texts, strict=False):
        assert found == status and sentence in text and "Traceback" not in text, (words, text)
    assert sorted(path.name for path in folder.iterdir()) == ["full", "mixture.toml", "start", "still.toml"]


def test_a_study_is_not_started_by_mpirun(folder):
    result = hpcmix("scaling", "mixture.toml", "--ranks", "1", ranks=2, folder=folder)
    assert result.returncode == 1 and "starts its ranks itself" in result.stderr
    assert not (folder / "runs").exists()
