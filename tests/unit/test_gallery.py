"""Every card is in the gallery, with a picture that a script makes."""

import re
from pathlib import Path

import pytest

from hpcmix.problem.files.cards import cards
from hpcmix.studies.check import CLAIMS

ROOT = Path(__file__).parents[2]
GALLERY = ROOT / "docs" / "gallery"
SECTIONS = [
    section
    for page in sorted(GALLERY.glob("*.md"))
    for section in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]
    if page.stem != "index"
]
BY_CARD = {section.partition("\n")[0]: section for section in SECTIONS}
SCALING = {"scaling-mixture", "scaling-orbitals"}
"""Cards whose pictures scripts/benchmark/scaling makes."""


def test_every_card_is_there_once():
    assert sorted(section.partition("\n")[0] for section in SECTIONS) == sorted(cards())


@pytest.mark.parametrize("card", sorted(cards()))
def test_a_card_has_its_picture(card):
    section, front = BY_CARD[card], (GALLERY / "index.md").read_text()
    assert f"](../images/{card}.png)" in section
    assert f"```{{card}} {card}\n```" in section
    assert f"](../images/{card}.png)]({page_of(card)}#{card})" in front
    assert (ROOT / "docs" / "images" / f"{card}.png").stat().st_size > 5_000


@pytest.mark.parametrize("card", sorted(set(cards()) - SCALING))
def test_a_script_makes_its_picture(card):
    """As the figure of its run, or of the claim that is called like it."""
    script = (ROOT / "scripts" / "figures").read_text()
    assert re.search(rf"^    \[{card}\]=", script, re.MULTILINE)
    if not re.search(rf"^    \[{card}\]=[a-z-]+$", script, re.MULTILINE):
        assert card in CLAIMS


def test_every_picture_of_the_documentation_is_made_by_a_script_and_shown():
    script = (ROOT / "scripts" / "figures").read_text()
    made = set(re.findall(r"^    \[([a-z-]+)\]=", script, re.MULTILINE)) | SCALING
    texts = "\n".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    pictures = sorted(path.stem for path in (ROOT / "docs" / "images").iterdir())
    assert len(pictures) > 20
    assert [name for name in pictures if name not in made] == []
    assert [name for name in pictures if f"images/{name}.png" not in texts] == []


def page_of(card: str) -> str:
    return next(page.name for page in GALLERY.glob("*.md") if f"\n## {card}\n" in page.read_text())
