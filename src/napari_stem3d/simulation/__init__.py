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
    Ellipsoid,
    Octahedron,
    Polyhedron,
    Shape,
    Sphere,
    SquarePyramid,
    Tetrahedron,
)
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
    "Deformation",
    "Electrons",
    "Ellipsoid",
    "Grid",
    "LineJitter",
    "Microscope",
    "Octahedron",
    "Particle",
    "Piece",
    "Polyhedron",
    "Probe",
    "Sample",
    "Scene",
    "Shape",
    "Sphere",
    "SquarePyramid",
    "Tetrahedron",
    "Trajectory",
    "length",
    "project",
    "project_batch",
    "project_particles",
    "quantity",
    "random_rotation",
    "simulate",
    "switch",
]
