"""The sizes of files that ``hpcmix plan`` tells, beside those that a run writes."""

import pytest
from physics.systems import contact, evolution, gaussian, harmonic, problem_text, species

from hpcmix.cli import main
from hpcmix.problem.files.load import load_problem
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines, readable

CLOSE = 0.2
"""Relative: descriptions of arrays grow in blocks, and texts with the digits of their numbers."""


def text(points, also=(), **snapshots):
    gases = [species(name, particles=100.0, potential=harmonic(1.0), initial=gaussian(1.0)) for name in "ab"]
    output = {
        "directory": "out", "snapshots": {"every": 2} | snapshots, "observables": {"every": 1, "also": list(also)},
        "checkpoints": {"every": 2, "keep": 1},
    }  # fmt: skip
    interaction = [contact(name, name, 0.01) for name in "ab"]
    return problem_text(points, [10.0] * len(points), gases, interaction, time=evolution(0.06, 0.01), output=output)


@pytest.mark.parametrize(
    "made",
    [
        text([24, 24], also=["momentum-distribution"]),
        text([32, 32, 32], slices=False, fields=["density", "wave_function"]),
    ],
    ids=["small", "larger"],
)
def test_what_is_planned_is_what_lies_on_the_disk(made, tmp_path, monkeypatch):
    """Every kind of file, and all of them: the checkpoint that is there beside the last one for a moment apart."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.toml").write_text(made)
    monkeypatch.setattr("sys.argv", ["hpcmix", "run", "one.toml"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code in (None, 0)
    files = {path.relative_to(tmp_path / "out"): path.stat().st_size for path in (tmp_path / "out").rglob("*.*")}

    def size(*folders):
        return sum(count for path, count in files.items() if path.parts[0] in folders)

    problem = load_problem("one.toml")
    plan = make_plan(problem, 1)
    assert plan.snapshots == 4 and plan.checkpoints == 1
    views = 4 * plan.snapshot_bytes
    assert views == pytest.approx(size("snapshots", "slices"), rel=CLOSE)
    assert plan.checkpoint_bytes == pytest.approx(size("checkpoints"), rel=CLOSE)
    others = sum(files.values()) - size("snapshots", "slices", "checkpoints")
    assert plan.other_bytes == pytest.approx(others, rel=CLOSE)
    assert plan.disk_bytes - plan.checkpoint_bytes == pytest.approx(sum(files.values()), rel=CLOSE)
    (line,) = [line for line in plan_lines(problem, plan, 1) if line.startswith("files")]
    assert f"small files of {readable(plan.other_bytes)}" in line
