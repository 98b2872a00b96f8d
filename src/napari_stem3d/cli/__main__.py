"""`python -m napari_stem3d.cli` is `stem3d`."""

from napari_stem3d.cli import main

main()
