"""Sphinx's settings; `make docs` builds, and a warning is an error there."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("_extensions")))

project = "archcost"
author = "the archcost authors"
release = installed_version("archcost")
version = release

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "generated",
]
# The table of calibration is part of the page on intervals.
exclude_patterns = ["_extensions", "generated/calibration.md"]
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
# Notebooks are stored executed (`make notebooks`); the tests execute them anew.
nb_execution_mode = "off"

# Docstrings name code in single backticks.
default_role = "code"
# Docstrings that give two attributes in one line ("macs, params: ...") read like a type and a name.
suppress_warnings = ["ref.python"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"archcost {release}"
html_static_path = ["_static"]
html_css_files = ["archcost.css"]
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#005a9c",
        "color-brand-content": "#005a9c",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7cc4ff",
        "color-brand-content": "#7cc4ff",
    },
}
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
