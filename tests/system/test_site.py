"""The site of the documentation: built by its script without a warning, and no link of it leads nowhere."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv").exists(), reason="scripts/docs uses the environment of scripts/setup"
)


class Page(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        """Links, pictures, scripts; anything with a name."""
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.targets.append(value)
            if name == "id" and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("site") / "html"
    built = subprocess.run([ROOT / "scripts" / "docs", output], capture_output=True, text=True, timeout=280)
    assert built.returncode == 0, built.stdout + built.stderr
    assert built.stderr == "", "Sphinx has something to say"
    return output


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_is_built(site, pages):
    sources = [path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")]
    assert {site / name for name in sources} <= set(pages)
    assert (site / "searchindex.js").stat().st_size > 10_000, "the search knows nothing"


def test_no_link_leads_nowhere(site, pages):
    broken = []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchored = place not in pages or unquote(parts.fragment) in pages[place].anchors
            if not place.exists() or not anchored:
                broken.append(f"{path.relative_to(site)}: {target}")
    assert not broken


def test_nothing_is_fetched_from_elsewhere(site, pages):
    """A cluster's browser may have no network, and a reader need not be told to anybody."""
    fetched = re.compile(r"""<(?:script|img)[^>]*\bsrc="https?:|<link[^>]*rel="stylesheet"[^>]*href="https?:""")
    assert not [str(path.relative_to(site)) for path in pages if fetched.search(path.read_text())]


def test_commands_have_all_their_options(site):
    """From the command line itself: the lists of options are not those of the deferred commands, which have none."""
    text = (site / "reference" / "commands.html").read_text()
    for option in ("--restart", "--max-wall", "--requeues", "--film", "--weak"):
        assert option in text, option
