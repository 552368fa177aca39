"""Every block of code of tutorial and how-to pages does what the page says."""

import re
from pathlib import Path

import pytest
from system.pages import Block, Reader, blocks, merged

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = [
    DOCS / "tutorial" / f"{name}.md"
    for name in re.findall(r"^[\w-]+$", (DOCS / "tutorial" / "index.md").read_text(), re.MULTILINE)
]
HOW_TO = sorted(set((DOCS / "how-to").glob("*.md")) - {DOCS / "how-to" / "index.md"})

BATCH_SYSTEM = """#!/bin/bash
# A batch system, as far as a page needs it: takes a script that bash can read and that asks for something.
script=$(mktemp)
given=$([ "$#" -eq 0 ] || echo "${*: -1}")
if [ -f "$given" ]; then cat "$given"; else cat; fi > "$script"
bash -n "$script" && head -n 1 "$script" | grep -q '^#!' && grep -qE '^#(SBATCH|PBS| flux:)' "$script" && echo submitted
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A reader's folder, whose batch systems look at the scripts that they get."""
    (tmp_path / "bin").mkdir()
    for name in ("sbatch", "qsub", "flux"):
        (tmp_path / "bin" / name).write_text(BATCH_SYSTEM)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def follow(pages, reader):
    for page in pages:
        for block in blocks(page):
            try:
                reader.follow(block)
            except Exception as error:
                error.add_note(f"{page.relative_to(DOCS)}, line {block.line}")
                raise


def test_tutorial(folder):
    assert TUTORIAL
    follow(TUTORIAL, Reader(folder))


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_how_to(page, folder):
    follow([page], Reader(folder))


def test_readme(folder):
    """Its problem runs, and its commands are commands with these options."""
    text = (DOCS.parent / "README.md").read_text()
    (problem,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (folder / "drop.toml").write_text(problem)
    commands = re.findall(r"^    ((?:mpirun -n 2 )?hpcmix .*?)(?:  +#.*)?$", text, re.MULTILINE)
    assert len(commands) == 5, commands
    small = " --set grid.points=[24,24,24] --set time.final=0.04"
    for command in commands:
        Reader(folder).follow(Block("bash", command + (small if " run " in command else ""), {}, 1))


@pytest.mark.slow
def test_tutorial_in_a_shell(folder):
    follow(TUTORIAL, Reader(folder, shell=True))


@pytest.mark.slow
@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_how_to_in_a_shell(page, folder):
    follow([page], Reader(folder, shell=True))


@pytest.mark.parametrize("page", TUTORIAL, ids=lambda page: page.stem)
def test_every_page_of_the_tutorial_has_something_to_do(page):
    """A page without a block is followed whatever it lacks."""
    assert any(block.language == "bash" and "not executed" not in block.remarks for block in blocks(page))


def test_every_page_of_the_tutorial_is_followed():
    assert set(TUTORIAL) == set((DOCS / "tutorial").glob("*.md")) - {DOCS / "tutorial" / "index.md"}


@pytest.mark.parametrize(
    "block",
    [
        Block("bash", "hpcmix show nothing.toml", {}, 1),
        Block("bash", "false", {}, 1),
        Block("bash", "hpcmix run drop.toml", {"not executed": "long"}, 1),
        Block("toml", "[grid]\npoints = [8]", {}, 1),
        Block("python", "assert 1 == 2", {}, 1),
        Block("text", "this was not said", {"output": ""}, 1),
        Block("cobol", "STOP RUN.", {}, 1),
    ],
    ids=["status", "shell", "not executed", "no file", "python", "output", "language"],
)
def test_a_wrong_block_fails(block, folder):
    with pytest.raises(AssertionError):
        Reader(folder).follow(block)


def test_blocks_are_found_with_what_is_said_of_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- exit: 2 -->\n```bash\nhpcmix show x\n```\ntext\n\n1. item\n\n   ```toml\n   a = 1\n   ```\n")
    first, second = blocks(page)
    assert (first.text, first.remarks, first.line) == ("hpcmix show x", {"exit": "2"}, 2)
    assert (second.language, second.text, second.remarks) == ("toml", "a = 1", {})


def test_additions_to_a_file():
    file = {"grid": {"points": [8]}, "species": [{"name": "a", "mass": 1}], "interaction": [{"between": ["a", "a"]}]}
    change = {
        "grid": {"lengths": [1]},
        "species": [{"name": "a", "mass": 2}, {"name": "b"}],
        "interaction": [{"between": ["b", "a"]}],
    }
    assert merged(file, change) == {
        "grid": {"points": [8], "lengths": [1]},
        "species": [{"name": "a", "mass": 2}, {"name": "b"}],
        "interaction": [{"between": ["a", "a"]}, {"between": ["b", "a"]}],
    }
