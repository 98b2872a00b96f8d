"""Surfaces of fitted bodies, to be looked at and written to files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Particle

Surface = tuple[NDArray[np.float64], NDArray[np.int64]]
MESHES = (".stl", ".obj", ".ply")
_FINE = 8  # edges of triangles along the radius of a body


def place_mesh(particle: Particle) -> Surface:
    """Triangulate the surface of a body where it lies.

    Parameters
    ----------
    particle : Particle
        The body.

    Returns
    -------
    vertices : ndarray, shape (V, 3)
        Points (z, y, x) [nm], z along the beam.
    triangles : ndarray, shape (T, 3)
        Indices of their corners, counter-clockwise seen from outside.
    """
    turn = particle.rotation.as_matrix()
    y, x = particle.position
    points: list[NDArray[np.float64]] = []
    triangles: list[NDArray[np.int64]] = []
    for sign, (vertices, faces) in particle.body.meshes(particle.body.radius / _FINE):
        seen = vertices @ turn.T + (x, y, particle.z)
        # (x, y, z) read backwards has the other hand, as what is missing has the other side.
        outward = faces[:, ::-1] if sign > 0 else faces
        triangles.append(outward + sum(map(len, points)))
        points.append(seen[:, ::-1])
    return np.concatenate(points), np.concatenate(triangles)


def join_surfaces(surfaces: Iterable[Surface]) -> Surface:
    """Join several surfaces to one."""
    points, triangles, count = [np.empty((0, 3))], [np.empty((0, 3), np.int64)], 0
    for vertices, faces in surfaces:
        points.append(vertices)
        triangles.append(faces + count)
        count += len(vertices)
    return np.concatenate(points), np.concatenate(triangles)


def write_surface(surface: Surface, path: Path) -> None:
    """Write a surface, as (x, y, z) with z along the beam.

    Parameters
    ----------
    surface : tuple of ndarray
        Vertices (z, y, x) and triangles.
    path : Path
        File that ends in .stl, .obj or .ply.

    Raises
    ------
    InputError
        If trimesh is missing, or the ending is another one.
    """
    try:
        import trimesh
    except ImportError as error:
        raise InputError(
            "Writing a mesh needs trimesh, which `pip install napari-stem3d[mesh]` installs. "
            f"Received: {path}"
        ) from error
    if path.suffix.lower() not in MESHES:
        raise InputError(f"A mesh must end in {', '.join(MESHES)}. Received: {path}")
    points, triangles = surface
    # Read backwards, (z, y, x) has the other hand, and triangles the other side.
    mesh = trimesh.Trimesh(points[:, ::-1], triangles[:, ::-1], process=False)
    mesh.export(path, file_type=path.suffix[1:].lower())
