"""The examples run as they stand, and say what is right; the notebooks run from the first cell to the last."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path

import matplotlib
import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))


def kohn_mode(said: str) -> None:
    """The trap's frequency, to the integrator's error and the fit's: 2e-8 was measured."""
    (frequency,) = re.findall(r"oscillates at ([0-9.]+), the trap at 0.7", said)
    assert float(frequency) == pytest.approx(0.7, abs=1e-6)


def breathing_mode(said: str) -> None:
    """Twice the trap's frequency at every strength, to the integrator's error: below 5e-7 was measured."""
    frequencies = re.findall(r"breathes at ([0-9.]+) times", said)
    assert [float(frequency) for frequency in frequencies] == pytest.approx([2.0] * 2, abs=2e-6)


def momentum_of_snapshots(said: str) -> None:
    """The kinetic energy of the wave function by numpy's transform is that of the record, to nine digits as printed."""
    pairs = re.findall(r"kinetic energy ([0-9.]+) of the snapshot, ([0-9.]+) of the record", said)
    assert len(pairs) == 5
    for ours, measured in pairs:
        assert float(ours) == pytest.approx(float(measured), rel=1e-9)
    assert 0.0 < float(re.findall(r"([0-9.]+)% of the particles came back", said)[0]) < 100.0


def miscibility(said: str) -> None:
    """Mixed below one, parted above: at 1.2 the interfaces of the two clouds, some healing lengths, still overlap."""
    overlaps = [float(overlap) for overlap in re.findall(r"overlap ([0-9.]+)", said)]
    assert overlaps[:2] == pytest.approx([1.0, 1.0], abs=1e-3)
    assert overlaps[3] < overlaps[2] < 0.1


CHECKS = {check.__name__: check for check in (kohn_mode, breathing_mode, momentum_of_snapshots, miscibility)}


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_example(name, tmp_path, capsys):
    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](tmp_path / "results")
    CHECKS[name](capsys.readouterr().out)


@pytest.fixture
def working_folder(tmp_path, monkeypatch):
    """An empty folder to be in, and figures on no screen."""
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    return tmp_path


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name, working_folder):
    """Cell by cell in this process, values that a notebook would show shown."""
    names: dict = {}
    shown = 0
    for cell in nbformat.read(EXAMPLES / f"{name}.ipynb", nbformat.NO_CONVERT).cells:
        if cell.cell_type != "code":
            continue
        assert not cell.outputs, "notebooks are stored without what they have shown"
        body = ast.parse(cell.source).body
        last = body.pop() if isinstance(body[-1], ast.Expr) and not cell.source.rstrip().endswith(";") else None
        exec(compile(ast.Module(body, []), name, "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
            shown += bool(value._repr_html_()) if hasattr(value, "_repr_html_") else 0
    matplotlib.pyplot.close("all")
    assert shown > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_in_a_kernel(name, working_folder):
    """As people execute it."""
    from nbclient import NotebookClient

    book = nbformat.read(EXAMPLES / f"{name}.ipynb", nbformat.NO_CONVERT)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(working_folder)}}).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_there_are_three():
    assert len(NOTEBOOKS) == 3
