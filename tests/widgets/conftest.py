"""A window for every test of this folder, and small functions in place of the networks."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# Before napari reads it: the user's own settings are neither used nor changed.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="stem3d-napari-")) / "settings.yaml")

FUNCTIONS = """
import time
import numpy as np
import pandas as pd
from scipy.ndimage import label
from napari_stem3d import InputError
from napari_stem3d.analysis.particles import measure_particles

def segment(frame, network, sampling_nm, progress=None):
    if min(frame.shape) < 8:
        raise InputError(f"The image must be larger. Received: {frame.shape}")
    progress(1, 2)
    labels = label(frame > 0)[0].astype(np.int32)
    return labels, np.abs(frame).astype(np.float32), measure_particles(labels, sampling_nm)

def slow(frame, network, sampling_nm, progress=None):
    progress(0, 2)
    time.sleep(0 if frame.max() < 2 else 60)
    return segment(frame, network, sampling_nm, progress)

def classify(frame, labels, network, segmentation, sampling_nm, progress=None):
    if labels is None:
        labels = segment(frame, network, sampling_nm, progress)[0]
    table = measure_particles(labels, sampling_nm)
    names = np.array(["cuboid", "sphere"])[(table["particle"] % 2).to_numpy()]
    table.insert(1, "shape", names)
    return labels, table.assign(shape_probability=0.75, deformed=table["particle"] == 2, corners=1)

def measure(frame, labels, balance, network, segmentation, fit, sampling_nm, progress=None):
    labels, table = classify(frame, labels, network, segmentation, sampling_nm, progress)
    unit = "px" if sampling_nm is None else "nm"
    table[f"volume_{unit}3"] = 10.0 * table["particle"]
    table["corners_seen"] = 2
    places = table[["y", "x"]].to_numpy()
    table[f"corners_{unit}"] = [f"{y:g} {x:g}; {y:g} {x + 4:g}" for y, x in places]
    table["corners_probability"], table["edges_seen"] = "0.5; 0.9", "0-1"
    return labels, table, frame.astype(np.float32), (f"material {balance.contrast.material}",)

def classify_object(
    frame, labels, earlier, network, segmentation, ground_truth, sampling_nm, progress=None
):
    labels, table = classify(frame, labels, network, segmentation, sampling_nm, progress)
    view = np.full((int(frame.max() > 0), 5), frame.max())
    views = np.concatenate([*earlier, view])
    facts = {"shape": "square_pyramid", "shape_probability": 0.5, "corners": int(views.sum() / 5)}
    facts |= {"images": len(views), "corners_probability": 0.25, "same_object": 0.125}
    facts["more_images"] = 2
    return labels, table, view, pd.DataFrame([facts] if len(views) else [])

def fit(
    frame, labels, network, segmentation, sampling_nm, same_material, shapes=None, selected=None
):
    labels, table = classify(frame, labels, network, segmentation, sampling_nm, lambda *_: None)
    table = table[["particle", "y", "x"]].assign(shape="sphere", believable=True)
    corners = np.array([(0, 0, 0), (4, 0, 0), (0, 4, 0), (0, 0, 4)], float)
    faces = np.array([(0, 2, 1), (0, 3, 2), (0, 1, 3), (1, 2, 3)])
    return labels, table, np.zeros(frame.shape, np.float32), (corners, faces)
"""


@pytest.fixture(autouse=True)
def _needs_a_display() -> None:
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        pytest.skip("a napari window needs a display, for example that of xvfb-run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("gui")


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Module of small functions, known to a fresh child process of the engine."""
    from napari_stem3d.engine import shared_engine

    name = "stem3d_widget_functions"
    (tmp_path / f"{name}.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    shared_engine().close()
    yield name
    shared_engine().close()


@pytest.fixture
def blobs() -> np.ndarray:
    """Three frames with 1, 2 and 3 squares of 4 x 4 pixels."""
    stack = np.zeros((3, 24, 32), np.float32)
    for frame in range(3):
        for k in range(frame + 1):
            stack[frame, 2:6, 2 + 8 * k : 6 + 8 * k] = 1 + frame
    return stack


@pytest.fixture
def finish(qtbot: Any) -> Callable[[Any], None]:
    """Wait until the job of a panel has ended."""

    def wait(panel: Any) -> None:
        qtbot.waitUntil(lambda: not panel.job.is_running, timeout=60_000)

    return wait


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sentences that were shown to the user as errors."""
    shown: list[str] = []
    for module in ("_files", "_job", "_panel", "_preview"):
        monkeypatch.setattr(f"napari_stem3d.widgets.{module}.show_error", shown.append)
    return shown
