"""Images of one cuboid with a label for the whole image, and where the truth behind it lies.

Networks learn from images and numbers alone; the places serve to judge where they looked.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d.networks.channels import pixel_channels
from napari_stem3d.simulation import CutCorners, Dataset, Particle, Polyhedron
from napari_stem3d.tasks.corners128 import SAMPLING, Corners128

TOLERANCE = 3.0  # pixels of 128 beside a missing piece that still count as a hit: a map's pixel
Places = NDArray[np.float64]


class LabelledImages(NamedTuple):
    """Images of one cuboid each, at "corners-128".

    Attributes
    ----------
    channels : ndarray, shape (n, 64, 64, channels), float32
        The images as `pixel_channels` shows them.
    numbers : ndarray, shape (n,), int64
        Number of deformed corners, the label of each image.
    pieces : list of ndarray, each of shape (corners, 4, 2)
        For each deformed corner the four corners (y, x) of the piece that is missing [pixels].
    """

    channels: NDArray[np.float32]
    numbers: NDArray[np.int64]
    pieces: list[Places]


def labelled_images(
    count: int,
    seed: int,
    *,
    first: int = 0,
    dose: str = "standard",
    segmenter: str = "particle-unet",
) -> LabelledImages:
    """Simulate labelled images, half of them intact, half with 1 to 8 deformed corners.

    Parameters
    ----------
    count : int
        Number of images.
    seed : int
        Seed of the objects.
    first : int
        Number of the first of them.
    dose : str
        As in `Corners128`.
    segmenter : str
        Network whose view of the images makes their further channels.

    Returns
    -------
    LabelledImages
        Channels, labels and places.
    """
    objects = Dataset(Corners128("deformed", dose), first + count, seed)
    particles = [objects.scene(k).particles[0] for k in range(first, first + count)]
    return LabelledImages(
        pixel_channels(objects.images(first), segmenter),
        np.array([len(p.deformed_corners) for p in particles]),
        [missing_pieces(p) / SAMPLING for p in particles],
    )


def missing_pieces(particle: Particle) -> Places:
    """Corners of the tetrahedra that a polyhedron lacks, seen along the beam.

    Parameters
    ----------
    particle : Particle
        Polyhedron whose corners have three edges each, some of them cut.

    Returns
    -------
    ndarray, shape (corners, 4, 2)
        For each cut corner its place (y, x) before the cut, and the ends of the cut on its three
        edges [nm].
    """
    shape, pieces = particle.shape, []
    assert isinstance(shape, Polyhedron)
    points, neighbours = shape.vertices(), shape.neighbours()
    for cut in particle.deformations:
        assert isinstance(cut, CutCorners)
        for corner, fractions in zip(cut.corners, cut.fractions):
            edges = points[list(neighbours[corner])] - points[corner]
            ends = points[corner] + np.array(fractions)[:, None] * edges
            pieces.append(np.vstack([points[corner], ends]))
    bodies = np.array(pieces).reshape(-1, 3)
    seen = particle.rotation.apply(bodies)[:, 1::-1] + particle.position
    return seen.reshape(-1, 4, 2)


def distance_to(places: Places, piece: Places) -> NDArray[np.float64]:
    """Distance of places (..., 2) from the silhouette of four points (4, 2); 0 within it."""
    ends = np.array(list(combinations(piece, 2)))
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    offset = places[..., None, :] - start
    length = np.maximum((along**2).sum(axis=-1), 1e-12)
    part = np.clip((offset * along).sum(axis=-1) / length, 0, 1)
    away = np.linalg.norm(offset - part[..., None] * along, axis=-1).min(axis=-1)
    inside = np.zeros(away.shape, bool)
    for triangle in combinations(piece, 3):
        sides = [b - a for a, b in zip(triangle, (*triangle[1:], triangle[0]))]
        turns = [
            side[0] * (places[..., 1] - a[1]) - side[1] * (places[..., 0] - a[0])
            for side, a in zip(sides, triangle)
        ]
        inside |= (np.min(turns, axis=0) >= 0) | (np.max(turns, axis=0) <= 0)
    return np.where(inside, 0.0, away)


def hits(places: Places, pieces: Places) -> NDArray[np.bool_]:
    """Whether places (..., 2) [pixels] lie on one of some missing pieces, or close beside it."""
    nearest = np.min([distance_to(places, piece) for piece in pieces], axis=0)
    return nearest <= TOLERANCE
