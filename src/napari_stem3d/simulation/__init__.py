"""ADF-STEM images of three-dimensional particles, from exact line integrals to counts."""

from __future__ import annotations

from napari_stem3d.simulation.body import Body, Piece
from napari_stem3d.simulation.dataset import Dataset, Sample, Scene, simulate
from napari_stem3d.simulation.deformations import CutCorners, Deformation
from napari_stem3d.simulation.fields import length, quantity, switch
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.microscope import (
    CarbonFilm,
    Contrast,
    Electrons,
    LineJitter,
    Microscope,
    Probe,
)
from napari_stem3d.simulation.orientation import random_rotation
from napari_stem3d.simulation.particle import Particle
from napari_stem3d.simulation.projection import project, project_batch, project_particles
from napari_stem3d.simulation.shapes import (
    Cone,
    Cuboid,
    Cylinder,
    Decahedron,
    Ellipsoid,
    Helix,
    HexagonalPrism,
    Icosahedron,
    MeshShape,
    Octahedron,
    Polyhedron,
    Rod,
    Shape,
    Sphere,
    SquarePyramid,
    Tetrahedron,
    TruncatedOctahedron,
)
from napari_stem3d.simulation.symmetry import corner_orbit, corner_orbits, symmetries
from napari_stem3d.simulation.trajectory import Trajectory

__all__ = [
    "Body",
    "CarbonFilm",
    "Cone",
    "Contrast",
    "Cuboid",
    "CutCorners",
    "Cylinder",
    "Dataset",
    "Decahedron",
    "Deformation",
    "Electrons",
    "Ellipsoid",
    "Grid",
    "Helix",
    "HexagonalPrism",
    "Icosahedron",
    "LineJitter",
    "MeshShape",
    "Microscope",
    "Octahedron",
    "Particle",
    "Piece",
    "Polyhedron",
    "Probe",
    "Rod",
    "Sample",
    "Scene",
    "Shape",
    "Sphere",
    "SquarePyramid",
    "Tetrahedron",
    "Trajectory",
    "TruncatedOctahedron",
    "corner_orbit",
    "corner_orbits",
    "length",
    "project",
    "project_batch",
    "project_particles",
    "quantity",
    "random_rotation",
    "simulate",
    "switch",
    "symmetries",
]
