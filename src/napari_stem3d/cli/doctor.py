"""`stem3d doctor`: what works on this machine, and what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from ._arguments import Json
from ._console import show_table

LIBRARIES = (
    "napari-stem3d",
    "numpy",
    "scipy",
    "numba",
    "scikit-image",
    "keras",
    "hyperspy",
    "rosettasciio",
    "napari",
    "npe2",
)

#: Modules that single formats need, and what they open.
READERS = {
    "sparse": "Velox .emd with EDS streams",
    "imagecodecs": "compressed .tif",
    "mrcz": ".mrcz",
    "hdf5plugin": "compressed .h5 of Arina detectors",
    "pyUSID": "USID .h5",
}

# The widest crash is a C library's, so each of these is tried in a process of its own.
OPENGL = """
from qtpy.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
app = QGuiApplication([])
surface = QOffscreenSurface(); surface.create()
context = QOpenGLContext()
assert context.create() and context.makeCurrent(surface), "no OpenGL context could be made"
from OpenGL.GL import GL_RENDERER, GL_VERSION, glGetString
print(glGetString(GL_VERSION).decode(), "on", glGetString(GL_RENDERER).decode())
"""
DEVICE = """
import tensorflow
version = f"TensorFlow {tensorflow.__version__}"
devices = tensorflow.config.list_physical_devices("GPU")
details = map(tensorflow.config.experimental.get_device_details, devices)
names = [detail.get("device_name", "GPU") for detail in details]
print(version, "on", ", ".join(names) or "the CPU: it finds no GPU")
"""
LOAD = """
import sys
from napari_stem3d.networks.store import load
print(f"{load(sys.argv[1]).model.count_params():,} parameters")
"""

#: What was looked at, how it is, and what there is to say.
Check = tuple[str, str, str]


def doctor(json: Json = False) -> None:
    """Check versions, OpenGL, the compute device, optional readers and the networks."""
    rows = [
        {"check": check, "status": status, "detail": detail}
        for part in (_versions, _machine, _readers, _networks)
        for check, status, detail in part()
    ]
    show_table(rows, "stem3d doctor", json)


def _versions() -> Iterator[Check]:
    yield "python", "ok", f"{platform.python_version()} on {platform.platform()}"
    for name in LIBRARIES:
        try:
            yield name, "ok", version(name)
        except PackageNotFoundError:
            yield name, "missing", ""


def _machine() -> Iterator[Check]:
    yield "compute device", *_try_out(DEVICE)
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        yield "OpenGL", "missing", "there is no display to open a window on"
    else:
        yield "OpenGL", *_try_out(OPENGL)


def _readers() -> Iterator[Check]:
    for module, formats in READERS.items():
        there = importlib.util.find_spec(module) is not None
        yield f"reader: {module}", "ok" if there else "missing", formats


def _networks() -> Iterator[Check]:
    from napari_stem3d.plugins import registry

    for name, spec in registry().networks.items():
        if spec.weights is None:
            yield f"network: {name}", "not trained", ""
        else:
            yield f"network: {name}", *_try_out(LOAD, name)


def _try_out(code: str, *arguments: str) -> tuple[str, str]:
    """Run code in a process of its own, and return how it went and its last line."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    last = lines[-1] if lines else f"ended with status {done.returncode}"
    return ("ok" if done.returncode == 0 else "failed"), last
