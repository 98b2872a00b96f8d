"""Any closed surface, read from a file."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.bodies.body import Array
from napari_stem3d.simulation.fields import length, text
from napari_stem3d.simulation.shapes._base import Shape, centre_of_mass

_ENDINGS = (".stl", ".obj", ".ply")


@dataclass(frozen=True)
class MeshShape(Shape):
    """Closed surface of triangles from an STL, OBJ or PLY file, which trimesh reads.

    The file's unit does not matter: `diameter` sets the size. The surface must be closed and
    must not cross itself, which is not checked; shells inside out are cavities. It is read once,
    when the shape is made, and travels with it to other processes.
    """

    name: ClassVar[str] = "mesh"
    description: ClassVar[str] = "closed surface from an STL, OBJ or PLY file"

    path: str = text("", "file with the surface: .stl, .obj or .ply", file="*.stl *.obj *.ply")
    diameter: float = length(
        10.0, "diameter of the sphere about its centre of mass that holds it", relative=(0.5, 1.0)
    )

    def __post_init__(self) -> None:
        """Refuse a file that cannot be read or holds no closed surface."""
        super().__post_init__()
        if self.path:
            _ = self._surface

    @cached_property
    def _surface(self) -> tuple[Array, NDArray[np.int64]]:
        """Vertices within 1 of the centre of mass, and outward triangles."""
        file = Path(self.path)
        if file.suffix.lower() not in _ENDINGS or not file.is_file():
            missing = ", which does not exist" if file.suffix and not file.exists() else ""
            raise InputError(
                f"MeshShape.path must name a file that ends in {', '.join(_ENDINGS)}. "
                f"Received: {self.path!r}{missing}"
            )
        facts = file.stat()
        return _read(self.path, facts.st_mtime_ns, facts.st_size)

    def mesh(self) -> tuple[Array, NDArray[np.int64]]:
        """Vertices (V, 3) [nm] and outward triangles (T, 3)."""
        vertices, faces = self._surface
        return vertices * self.diameter / 2, faces

    @property
    def radius(self) -> float:
        """Half the diameter [nm]."""
        return self.diameter / 2


@functools.lru_cache(maxsize=8)
def _read(path: str, modified: int, size: int) -> tuple[Array, NDArray[np.int64]]:
    """Surface in a file, scaled to a radius of 1; `modified` and `size` tell its versions apart."""
    try:
        import trimesh
    except ModuleNotFoundError:
        raise InputError(
            "Reading a mesh file needs trimesh, which `pip install napari-stem3d[mesh]` installs. "
            f"Received: {path!r}"
        ) from None
    try:
        surface = trimesh.load_mesh(path, process=False)
        vertices, faces = np.array(surface.vertices, float), np.array(surface.faces, np.int64)
    except Exception as error:  # a parser may raise anything on a broken file
        raise _refused(path, f"cannot be read ({type(error).__name__}: {error})") from error
    if not len(faces):
        raise _refused(path, "has no triangles")
    if not np.isfinite(vertices[faces]).all():
        raise _refused(path, "has vertices that are not finite")
    vertices -= vertices[faces].reshape(-1, 3).mean(axis=0)
    extent = np.abs(vertices[faces]).max()
    if not extent > 0:
        raise _refused(path, "is a single point")
    # trimesh merges vertices closer than an absolute distance: first scale, then merge.
    merged = trimesh.Trimesh(vertices / extent, faces, process=False)
    merged.merge_vertices(merge_tex=True, merge_norm=True)
    return _checked(path, merged)


def _checked(path: str, surface: Any) -> tuple[Array, NDArray[np.int64]]:
    """Vertices and triangles of a trimesh after checking that they enclose a body."""
    ordered = np.sort(surface.faces, axis=1)
    surface.update_faces((np.diff(ordered, axis=1) > 0).all(axis=1))
    vertices, faces = np.array(surface.vertices), np.array(surface.faces, np.int64)
    if not surface.is_watertight:
        raise _refused(path, "is not watertight: two triangles must meet at every edge")
    if not surface.is_winding_consistent:
        raise _refused(path, "is partly inside out: its triangles do not run the same way around")
    corners = vertices[faces]
    volume = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    if volume < -1e-9:
        raise _refused(path, "is inside out: its triangles run clockwise seen from outside")
    if volume <= 1e-9:
        raise _refused(path, "encloses no volume")
    vertices -= centre_of_mass(vertices, faces)
    vertices /= np.linalg.norm(vertices, axis=1).max()
    return vertices, faces


def _refused(path: str, reason: str) -> InputError:
    return InputError(
        f"The mesh of a shape must be a closed surface. Received: {path!r}, which {reason}"
    )
