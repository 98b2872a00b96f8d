"""How the documentation is built: `make docs`."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "napari-stem3d"
author = "The napari-stem3d developers"
copyright = "The napari-stem3d developers, GPL-3.0-or-later"
release = version = installed_version("napari-stem3d")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "napari-stem3d"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections tell types together with shapes and units
napoleon_google_docstring = False
napoleon_use_ivar = True  # attributes of dataclasses are described once, in the class docstring
default_role = "code"  # `name` in a docstring is code
# Sphinx looks up every word of a numpydoc type, and takes the "classes" of "shape (n, classes)"
# for one of several attributes of that name.
suppress_warnings = ["ref.python"]
