"""The public interface on one page; `__init__.py` loads each name when it is first used."""

from . import analysis, engine, networks, plugins, signals, simulation, tasks, testing
from ._errors import InputError
from ._version import __version__
from .analysis.classification import classify_frame
from .analysis.segmentation import Segmentation, segment_frame
from .plugins import NetworkSpec, hookimpl, registry
from .signals import Axis, Stack, from_signal, load, save, to_signal
from .simulation import (
    CutCorners,
    Dataset,
    Grid,
    Microscope,
    Particle,
    Polyhedron,
    Sample,
    Shape,
    project,
    simulate,
)

__all__ = [
    "Axis",
    "CutCorners",
    "Dataset",
    "Grid",
    "InputError",
    "Microscope",
    "NetworkSpec",
    "Particle",
    "Polyhedron",
    "Sample",
    "Segmentation",
    "Shape",
    "Stack",
    "__version__",
    "analysis",
    "classify_frame",
    "engine",
    "from_signal",
    "hookimpl",
    "load",
    "networks",
    "plugins",
    "project",
    "registry",
    "save",
    "segment_frame",
    "signals",
    "simulate",
    "simulation",
    "tasks",
    "testing",
    "to_signal",
]
