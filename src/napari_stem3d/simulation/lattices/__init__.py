"""Atomic-resolution images of crystals and their defects."""

from __future__ import annotations

from napari_stem3d.simulation.lattices.defects import Defects
from napari_stem3d.simulation.lattices.filling import fill
from napari_stem3d.simulation.lattices.lattice import Lattice
from napari_stem3d.simulation.lattices.microscopes import ATOMIC
from napari_stem3d.simulation.lattices.rendering import draw_atoms
from napari_stem3d.simulation.lattices.sample import LatticeSample
from napari_stem3d.simulation.lattices.scene import LatticeScene, RandomLattices
from napari_stem3d.simulation.lattices.specimen import CLASSES, Specimen
from napari_stem3d.simulation.lattices.structures import STRUCTURES

__all__ = [
    "ATOMIC",
    "CLASSES",
    "STRUCTURES",
    "Defects",
    "Lattice",
    "LatticeSample",
    "LatticeScene",
    "RandomLattices",
    "Specimen",
    "draw_atoms",
    "fill",
]
