"""What the built-in networks take and give; importable without any deep-learning library."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

REGIONS = ("background", "interior", "boundary")

CROP = 64  # pixels of the side of a particle's crop
RADIUS = 28.0  # pixels of the circle around the particle in it
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
    "hexagonal_prism",
    "rod",
    "truncated_octahedron",
    "decahedron",
    "icosahedron",
    "helix",
)
OTHER = "other"  # what is none of these: aggregates, unknown shapes, no particle at all
CLASSES = (*SHAPES, OTHER)


def orbit(corners: Iterable[int]) -> str:
    """Name the set of corners of a box up to its symmetry, mirror images merged.

    A box and its mirror images differ by flips of its three axes, that is of the three bits of
    its corners' numbers. The name is that of the first set that can be reached so.

    Parameters
    ----------
    corners : iterable of int
        Numbers 4 i + 2 j + k of the corners, by their side along the edges a <= b <= c.

    Returns
    -------
    str
        One of `ORBITS`.
    """
    chosen = tuple(corners)
    first = min(sorted(k ^ flip for k in chosen) for flip in range(8))
    return "-".join(map(str, first)) or "none"


#: The 46 sets of deformed corners of a box with edges a <= b <= c, mirror images merged.
ORBITS = tuple(
    dict.fromkeys(
        orbit(corners)
        for count in range(MOST_CORNERS + 1)
        for corners in itertools.combinations(range(8), count)
    )
)
ORBIT_CORNERS = tuple(0 if name == "none" else len(name.split("-")) for name in ORBITS)
#: Along which edges the two corners of each pair differ.
PAIRS = {
    "0-4": "a",
    "0-2": "b",
    "0-1": "c",
    "0-6": "ab",
    "0-5": "ac",
    "0-3": "bc",
    "0-7": "abc",
}
ARRANGEMENTS = ("edge", "face", "body")  # of a pair: by how many edges its corners differ
