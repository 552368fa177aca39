"""Pages that stand for files outside docs show these files, and links to the files lead to the pages.

Pages are read in the repository too: there `../../CONVENTIONS.md` is right, on the site it is the page that shows the
file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FILES = {
    "CONVENTIONS.md": "reference/conventions.md",
    "CONTRIBUTING.md": "development/contributing.md",
    "CHANGELOG.md": "development/changelog.md",
    "packaging/README.md": "development/packaging.md",
}
"""Files of the repository, each with the page that shows it."""

LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")


def target_on_site(written_in: Path, page: Path, target: str, root: Path) -> str:
    """A target as it is written in a file below `root`, as `page` has it on the site.

    Addresses stay what they are. A place outside `root` stays too, and is a link that leads nowhere.
    """
    if "://" in target or target.startswith("mailto:"):
        return target
    place = Path(os.path.normpath(written_in.parent / target))
    if not place.is_relative_to(root):
        return target
    name = place.relative_to(root).as_posix()
    return os.path.relpath(root / "docs" / FILES[name] if name in FILES else place, page.parent)


def page_as_on_site(app: Sphinx, document: str, source: list[str]) -> None:
    """Give a page the file that it stands for, and links their targets on the site, before it is parsed."""
    page, root = Path(app.env.doc2path(document)), Path(app.srcdir).parent
    written_in, text = page, source[0]
    for name, shown in FILES.items():
        if page == root / "docs" / shown:
            written_in = root / name
            text = written_in.read_text()
            app.env.note_dependency(str(written_in))

    def on_site(link: re.Match[str]) -> str:
        target = target_on_site(written_in, page, link[2], root)
        return link[1] + target + link[3]

    source[0] = LINK.sub(on_site, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.connect("source-read", page_as_on_site)
    return {"parallel_read_safe": True}
