"""What can be wrong with a particle: deformations turn one body into another."""

from __future__ import annotations

from napari_stem3d.plugins import hookimpl
from napari_stem3d.simulation.deformations._base import Deformation, places
from napari_stem3d.simulation.deformations.corners import RoundedCorners, TruncatedCorners
from napari_stem3d.simulation.deformations.cut_corners import CutCorners
from napari_stem3d.simulation.deformations.edges import BevelledEdges
from napari_stem3d.simulation.deformations.faces import BumpedFaces, DentedFaces
from napari_stem3d.simulation.deformations.slab import MissingSlab
from napari_stem3d.simulation.deformations.warps import Bent, Rough, Twisted, Warp

__all__ = [
    "Bent",
    "BevelledEdges",
    "BumpedFaces",
    "CutCorners",
    "Deformation",
    "DentedFaces",
    "MissingSlab",
    "Rough",
    "RoundedCorners",
    "TruncatedCorners",
    "Twisted",
    "Warp",
    "places",
]


@hookimpl
def register_deformations() -> list[type[Deformation]]:
    """Deformations that come with the package."""
    return [
        CutCorners,
        TruncatedCorners,
        RoundedCorners,
        BevelledEdges,
        DentedFaces,
        BumpedFaces,
        MissingSlab,
        Twisted,
        Bent,
        Rough,
    ]
