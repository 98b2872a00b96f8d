"""ADF-STEM images of three-dimensional particles, from exact line integrals to counts."""

from __future__ import annotations

from napari_stem3d.simulation.body import Body, Piece
from napari_stem3d.simulation.dataset import Dataset
from napari_stem3d.simulation.deformations import (
    BevelledEdges,
    BumpedFaces,
    CutCorners,
    Deformation,
    DentedFaces,
    MissingSlab,
    RoundedCorners,
    TruncatedCorners,
    places,
)
from napari_stem3d.simulation.detectability import Detectability, detect_deformation
from napari_stem3d.simulation.distributions import (
    Constant,
    Distribution,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
    draw,
)
from napari_stem3d.simulation.experiment import Experiment, RandomDeformation
from napari_stem3d.simulation.experiment_settings import (
    experiment_from_dict,
    experiment_to_dict,
    read_experiment,
    write_experiment,
)
from napari_stem3d.simulation.fields import length, quantity, switch, text, whole
from napari_stem3d.simulation.grid import Grid
from napari_stem3d.simulation.lattices import (
    Defects,
    Lattice,
    LatticeSample,
    LatticeScene,
    RandomLattices,
)
from napari_stem3d.simulation.microscope import (
    PRESETS,
    Beam,
    CarbonFilm,
    Contrast,
    Detector,
    Microscope,
    Probe,
    Scan,
    get_preset,
    metadata,
    microscope_from_dict,
    microscope_to_dict,
    read_settings,
    write_settings,
)
from napari_stem3d.simulation.mixtures import Choice, Random, Same
from napari_stem3d.simulation.motion import Motion
from napari_stem3d.simulation.movie import Movie
from napari_stem3d.simulation.orientation import random_rotation
from napari_stem3d.simulation.particle import Particle
from napari_stem3d.simulation.paths import brownian, spin
from napari_stem3d.simulation.placement import Placement
from napari_stem3d.simulation.projection import project, project_batch, project_particles
from napari_stem3d.simulation.random_scenes import Poses, simulate
from napari_stem3d.simulation.scene import Sample, Scene
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
    "PRESETS",
    "Beam",
    "BevelledEdges",
    "Body",
    "BumpedFaces",
    "CarbonFilm",
    "Choice",
    "Cone",
    "Constant",
    "Contrast",
    "Cuboid",
    "CutCorners",
    "Cylinder",
    "Dataset",
    "Decahedron",
    "Defects",
    "Deformation",
    "DentedFaces",
    "Detectability",
    "Detector",
    "Distribution",
    "Ellipsoid",
    "Experiment",
    "Grid",
    "Helix",
    "HexagonalPrism",
    "Icosahedron",
    "Lattice",
    "LatticeSample",
    "LatticeScene",
    "LogNormal",
    "LogUniform",
    "MeshShape",
    "Microscope",
    "MissingSlab",
    "Motion",
    "Movie",
    "Normal",
    "Octahedron",
    "Particle",
    "Piece",
    "Placement",
    "Polyhedron",
    "Poses",
    "Probe",
    "Random",
    "RandomDeformation",
    "RandomLattices",
    "Rod",
    "RoundedCorners",
    "Same",
    "Sample",
    "Scan",
    "Scene",
    "Shape",
    "Sphere",
    "SquarePyramid",
    "Tetrahedron",
    "Trajectory",
    "TruncatedCorners",
    "TruncatedOctahedron",
    "Uniform",
    "brownian",
    "corner_orbit",
    "corner_orbits",
    "detect_deformation",
    "draw",
    "experiment_from_dict",
    "experiment_to_dict",
    "get_preset",
    "length",
    "metadata",
    "microscope_from_dict",
    "microscope_to_dict",
    "places",
    "project",
    "project_batch",
    "project_particles",
    "quantity",
    "random_rotation",
    "read_experiment",
    "read_settings",
    "simulate",
    "spin",
    "switch",
    "symmetries",
    "text",
    "whole",
    "write_experiment",
    "write_settings",
]
