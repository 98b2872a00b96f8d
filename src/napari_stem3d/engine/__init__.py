"""Inference in a warm child process: streamed results, immediate cancel, plain errors.

TensorFlow and a window with software OpenGL crash each other in one process, so networks run in
a child. The child is a fresh interpreter, never a fork and never a second run of the caller's
script, and therefore works alike from napari, from Jupyter and from scripts without a main guard.
"""

from __future__ import annotations

from napari_stem3d.engine._engine import Engine, EngineError, Progress, Result, shared_engine

__all__ = ["Engine", "EngineError", "Progress", "Result", "shared_engine"]
