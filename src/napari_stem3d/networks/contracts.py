"""What the built-in networks take and give; importable without any deep-learning library."""

from __future__ import annotations

REGIONS = ("background", "interior", "boundary")

CROP = 64  # pixels of the side of a particle's crop
RADIUS = 28.0  # pixels of the circle around the particle in it
CORNER_MAP = 32  # pixels of the side of the corner maps
MOST_CORNERS = 8
SHAPES = (
    "sphere",
    "ellipsoid",
    "cuboid",
    "tetrahedron",
    "square_pyramid",
    "cone",
    "cylinder",
    "octahedron",
)
