"""What pages show of problem files names keys and kinds that there are."""

import re
import textwrap
import tomllib
from pathlib import Path

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4}.*\n|^\n(?= {4}))+", re.MULTILINE)
NO_SUCH_KEY = re.compile(r"unknown key|unknown kind|is called|unknown section(?!.*it belongs to)")
"""A key of a section that stands alone, without its section, is a part of a file and no mistake."""


def pieces(page: str) -> list[str]:
    """The blocks of a page that are TOML: those that say so, and what is indented and can be read as some."""
    fenced = [text for language, text in FENCED.findall(page) if language == "toml"]
    return fenced + [textwrap.dedent(text) for text in INDENTED.findall(FENCED.sub("", page))]


def strangers(page: str) -> tuple[list[str], int]:
    """Sentences about keys that no file takes, and the number of blocks that were read."""
    sentences: list[str] = []
    read = 0
    for text in pieces(page):
        try:
            read += bool(tomllib.loads(text))
            parse_problem(text)
        except tomllib.TOMLDecodeError:
            continue
        except ProblemError as error:
            found = [f"{item.key}: {item.message}" for item in error.complaints]
            sentences += [sentence for sentence in found if NO_SUCH_KEY.search(sentence)]
    return sentences, read


def test_pages_show_keys_that_there_are():
    total = 0
    for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        sentences, read = strangers(page.read_text())
        assert not sentences, f"{page.relative_to(ROOT)}: {sentences}"
        total += read
    assert total > 40


def test_a_key_that_there_is_not_is_seen():
    page = "    [ground_state]\n    coupling = [{ factor = 1 }]\n\nand\n\n```toml\n[grid]\npoint = [3]\n```\n"
    assert [sentence.partition(":")[0] for sentence in strangers(page)[0]] == ["grid.point", "ground_state.coupling"]
