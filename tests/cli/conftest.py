"""The command line called in this process, and what it is called on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner


class Networks(NamedTuple):
    """Files of two networks of the kind that ships, with random weights."""

    segmentation: Path
    classification: Path


@pytest.fixture
def stem3d() -> Callable[..., Any]:
    """Call `stem3d` with arguments; gives exit_code, stdout and stderr."""
    from napari_stem3d.cli._app import app

    def call(*arguments: object) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="session")
def stack_file(tmp_path_factory) -> Path:
    """A stack of three images that are wider than high, with different pixel sizes."""
    import numpy as np

    from napari_stem3d import simulation
    from napari_stem3d.signals import Axis, Stack, save

    grid = simulation.Grid((64, 96), (0.4, 0.2))
    data = simulation.simulate(simulation.Cuboid(8, 9, 10), frames=3, grid=grid, seed=5)
    axes = (Axis("frame"), Axis("y", 0.4, units="nm"), Axis("x", 0.2, units="nm"))
    path = tmp_path_factory.mktemp("stack") / "cuboids.hspy"
    save(Stack(np.stack([sample.image for sample in data]), axes, "cuboids"), path)
    return path


@pytest.fixture(scope="session")
def networks(tmp_path_factory) -> Networks:
    """Networks that do the whole work without having learnt anything: quick to make."""
    from napari_stem3d.networks.classifiers import build_particle_classifier
    from napari_stem3d.networks.store import write
    from napari_stem3d.networks.unet import build_particle_unet

    folder = tmp_path_factory.mktemp("networks")
    files = Networks(folder / "unet.keras", folder / "classes.keras")
    write(build_particle_unet(), files.segmentation, {"name": "unet"})
    write(build_particle_classifier(), files.classification, {"name": "classes"})
    return files
