"""Contract checks for whoever brings a shape, a deformation or a network; run them in your tests.

Each raises `AssertionError` with a sentence that says what is wrong, and returns nothing otherwise.
"""

from napari_stem3d.testing._deformations import check_deformation
from napari_stem3d.testing._networks import check_network
from napari_stem3d.testing._recipes import check_recipe
from napari_stem3d.testing._shapes import check_shape

__all__ = ["check_deformation", "check_network", "check_recipe", "check_shape"]
