"""Links of Markdown pages lead to files and headings of the repository, and claims name their papers."""

import re
from functools import cache
from pathlib import Path

import pytest

from hpcmix.cli import app
from hpcmix.studies.check import CLAIMS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.joinpath("docs").rglob("*.md")])
FENCE = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors of its headings - lower case, without punctuation, blanks as hyphens - and those that it names."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    named = re.findall(r"^\(([\w.-]+)\)=$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings} | set(named)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page):
    for target in LINK.findall(INLINE_CODE.sub("", prose(page))):
        if "://" in target:
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), f"{target} leads nowhere"
        assert place.is_relative_to(ROOT), f"{target} leads out of the repository"
        assert not anchor or anchor in anchors(place), f"{target}: there is no such heading"


PATH = re.compile(r"`([\w<>/.-]+/[\w<>.-]+\.(?:py|md|toml|cpp|hpp))`")
"""Of a file, in the text of a page; <name> stands for what a reader adds."""
GUIDES = ("CONTRIBUTING.md", "CONVENTIONS.md", "docs/development/architecture.md")
"""Pages that lead through the code. They name modules from the root of the repository or of the package."""


@pytest.mark.parametrize("page", GUIDES)
def test_guides_name_files_that_there_are(page):
    paths = PATH.findall((ROOT / page).read_text())
    assert len(paths) > 3
    for path in paths:
        known = path.partition("<")[0].rpartition("/")[0] if "<" in path else path
        assert any((root / known).exists() for root in (ROOT, ROOT / "hpcmix")), path


REFERENCE = re.compile(r":(?:class|func|mod|meth|data|attr|exc):`~?(hpcmix[\w.\s]*)`")
"""To a name of the package, in a docstring; it may be broken over two lines."""


@cache
def source_of(module: Path) -> str:
    """The text of a module or of a package's own; empty where there is none."""
    files = (module.with_suffix(".py"), module / "__init__.py")
    return next((file.read_text() for file in files if file.exists()), "")


def names(module: Path, name: str) -> bool:
    """Whether a module defines or imports a class, function, attribute or variable of this name, at any depth."""
    pattern = rf"^\s*(?:(?:def|class) {name}\b|(?:self\.)?{name}\b[^=\n(]*[:=])|import\b.*\b{name}\b"
    return re.search(pattern, source_of(module), re.MULTILINE) is not None


def test_docstrings_refer_to_names_that_there_are():
    found, lost = 0, []
    for path in sorted((ROOT / "hpcmix").rglob("*.py")):
        for reference in REFERENCE.findall(path.read_text()):
            package, *parts = re.sub(r"\s", "", reference).split(".")
            module, found = ROOT / package, found + 1
            while parts and ((module / parts[0]).is_dir() or source_of(module / parts[0])):
                module /= parts.pop(0)
            if (module == ROOT / package and len(parts) > 1) or not all(names(module, name) for name in parts):
                lost.append(f"{path.relative_to(ROOT)}: {reference}")
    assert found > 300
    assert not lost, lost
    assert names(ROOT / "hpcmix" / "grid", "Grid") and not names(ROOT / "hpcmix" / "grid", "Greed")


def test_pages_are_found():
    assert len(PAGES) > 50


def test_links_and_anchors_are_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `name`, and more\n\n[x](other.md#part) `[y](z)`\n\n```bash\n# no heading [u](v)\n```\n")
    assert anchors(page) == {"a-name-and-more"}
    assert LINK.findall(INLINE_CODE.sub("", prose(page))) == ["other.md#part"]


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_a_claim_names_its_papers(claim):
    page = ROOT / "docs" / "claims" / f"{claim}.md"
    text = (page if page.exists() else ROOT / "docs" / "systems" / "fermions.md").read_text()
    assert claim in text
    papers = text.partition("## Source")[2]
    assert re.search(r"\]\(https://arxiv\.org/abs/\d{4}\.\d{5}\)", papers), "no arXiv number"
    assert re.search(r"\]\(https://doi\.org/10\.\d+/", papers), "no DOI"
    for number in re.findall(r"arXiv:(\d{4}\.\d{5})\]", papers):
        assert f"https://arxiv.org/abs/{number})" in papers


def test_the_table_of_what_works_names_every_command():
    row = re.search(r"^\| commands \| (.*) \|$", (ROOT / "docs/reference/what-works.md").read_text(), re.MULTILINE)
    named = re.findall(r"`([\w-]+)`", row[1])
    assert sorted(named) == sorted(name for name, command in app.commands.items() if not command.hidden)
