"""Corners of the body that explains an image, as they are seen along the beam."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import ConvexHull

from napari_stem3d.analysis.features.corners import Corners
from napari_stem3d.analysis.features.outline import Array
from napari_stem3d.analysis.features.polygons import Polygon
from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.simulation import Particle
from napari_stem3d.simulation.scenes.creases import creases

_STEP = 1e-4  # nm, rad, and logarithms of lengths: over which a corner moves evenly


class Seen(NamedTuple):
    """What a body shows along the beam.

    Attributes
    ----------
    polygon : Polygon
        Vertices of its outline, in their order.
    corners : Corners
        The same vertices, and the corners of both sides within the outline.
    """

    polygon: Polygon
    corners: Corners


def seen_of(look: Look, sampling: tuple[float, float]) -> Seen:
    """Show the corners and edges of a fitted body of flat faces.

    Parameters
    ----------
    look : Look
        The body, laid over its image.
    sampling : tuple of float
        Sides (dy, dx) of the image's pixels, in the unit of the fit.

    Returns
    -------
    Seen
        Places in pixels, with the errors that those of the fit make.
    """
    variable = look.variable
    body = creases(variable.particle)
    places = _places(variable.particle, body.corners)
    moves = []
    for step in _STEP * np.eye(len(variable.names)):
        other = variable.at(step)
        ahead = _places(other, creases(other).corners)
        nearest = np.linalg.norm(places[:, None] - ahead, axis=-1).argmin(axis=1)
        moves.append((ahead[nearest] - places) / _STEP / sampling)
    by = np.stack(moves, axis=-1)
    variances = np.einsum("cdk,kl,cdl->cd", by, look.covariance, by)
    sigma = np.sqrt(variances.mean(axis=1))
    outline = ConvexHull(places).vertices
    order = np.array([*outline, *np.setdiff1d(np.arange(len(places)), outline)])
    rank = np.argsort(order)
    ends = np.linalg.norm(body.edges[:, :, None] - body.corners, axis=-1).argmin(axis=-1)
    edges = np.unique(np.sort(rank[ends], axis=1), axis=0)
    places, sigma = (places / sampling)[order], sigma[order]
    count = len(outline)
    corners = Corners(places, sigma, np.arange(len(places)) < count, edges)
    return Seen(Polygon(places[:count], sigma[:count]), corners)


def _places(particle: Particle, points: Array) -> Array:
    """Places (y, x) of points (n, 3) of a body, in the unit of its lengths."""
    turn = particle.rotation.as_matrix()[1::-1].T
    return np.asarray(points @ turn + particle.position)
