"""Settings of the site: `scripts/docs` builds it."""

import sys
from pathlib import Path

import hpcmix

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "hpcmix"
author = "hpcmix developers"
copyright = "hpcmix developers"
version = release = hpcmix.__version__

extensions = [
    "myst_parser",  # pages are Markdown, and read well without the site
    "sphinx.ext.autodoc",  # the Python reference, from docstrings
    "sphinx_click",  # the commands, from the command line itself,
    "command_line",  # all of them with their options
    "sphinx_copybutton",
    "repository",  # links from pages to files of the repository outside docs
    "columns",  # parameters of docstrings, which the house writes in two columns
    "observables",  # tables of what records hold, from the program
    "cards",  # example cards in the gallery, from their files
]
exclude_patterns = ["extensions"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
highlight_language = "none"  # blocks without a language are commands and formulas
default_role = "code"  # docstrings have names in single backquotes
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"hpcmix {version}"
html_show_copyright = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
