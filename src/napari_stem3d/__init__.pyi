"""The public interface on one page; `__init__.py` loads each name when it is first used."""

from . import analysis, engine, networks, plugins, signals, simulation, tasks, testing
from ._errors import InputError
from ._version import __version__
from .analysis.classification import classify_frame
from .analysis.fitting.frame import fit_frame
from .analysis.fitting.result import Fit
from .analysis.matching import match_microscope
from .analysis.measurement import Measurement, measure_frame
from .analysis.segmentation import Segmentation, segment_frame
from .analysis.weighing import (
    Balance,
    Weighing,
    balance_from_particles,
    estimate_balance,
    weigh_frame,
)
from .plugins import NetworkSpec, hookimpl, registry
from .signals import Axis, Stack, from_signal, load, save, to_signal
from .simulation import (
    PRESETS,
    CutCorners,
    Dataset,
    Experiment,
    Grid,
    Microscope,
    Particle,
    Polyhedron,
    Sample,
    Scene,
    Shape,
    project,
    read_experiment,
    simulate,
    write_experiment,
)

__all__ = [
    "PRESETS",
    "Axis",
    "Balance",
    "CutCorners",
    "Dataset",
    "Experiment",
    "Fit",
    "Grid",
    "InputError",
    "Measurement",
    "Microscope",
    "NetworkSpec",
    "Particle",
    "Polyhedron",
    "Sample",
    "Scene",
    "Segmentation",
    "Shape",
    "Stack",
    "Weighing",
    "__version__",
    "analysis",
    "balance_from_particles",
    "classify_frame",
    "engine",
    "estimate_balance",
    "fit_frame",
    "from_signal",
    "hookimpl",
    "load",
    "match_microscope",
    "measure_frame",
    "networks",
    "plugins",
    "project",
    "read_experiment",
    "registry",
    "save",
    "segment_frame",
    "signals",
    "simulate",
    "simulation",
    "tasks",
    "testing",
    "to_signal",
    "weigh_frame",
    "write_experiment",
]
