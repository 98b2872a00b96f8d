"""Settings of the training of a last layer, and what it learns from; without any Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError

Array = NDArray[np.floating]
FEATURES, LABEL = "features", "label"  # outputs of backbones, and of what is built upon them
_OPTIMIZERS = ("adam", "sgd")


@dataclass(frozen=True)
class LastLayer:
    """How the last layer is trained.

    Attributes
    ----------
    steps : int
        Number of batches.
    batch : int
        Images in a batch, drawn at random.
    rate : float
        Learning rate.
    optimizer : str
        ``"adam"``, or ``"sgd"`` without momentum.
    standardize : bool
        Whether features are scaled to mean 0 and deviation 1 while the layer learns; the scaling is
        then folded into its weights.
    best : bool
        Whether the weights with the least validation loss are kept, and not the last ones.
    """

    steps: int = 2000
    batch: int = 100
    rate: float = 1e-3
    optimizer: str = "adam"
    standardize: bool = True
    best: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with."""
        if self.optimizer not in _OPTIMIZERS:
            raise InputError(
                f"optimizer must be one of {', '.join(_OPTIMIZERS)}. Received: {self.optimizer!r}"
            )
        for name in ("steps", "batch", "rate"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be positive. Received: {getattr(self, name)!r}")


#: ``retrain`` has the settings of TensorFlow's script retrain.py (tensorflow/hub).
PRESETS = {
    "standard": LastLayer(),
    "retrain": LastLayer(4000, 100, 0.01, "sgd", standardize=False, best=False),
}


class Examples(NamedTuple):
    """Inputs of a network with their classes.

    Attributes
    ----------
    views : ndarray, shape (images, views, ...)
        Features, or inputs of the backbone; answers are averaged over the views of an image.
    labels : ndarray of int, shape (images,)
        Classes.
    """

    views: Array
    labels: NDArray[np.integer]

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[Array, NDArray[np.integer]]:
        """Return a random view of each of `batch` random images, and their classes."""
        rows = rng.integers(len(self.labels), size=batch)
        views = rng.integers(self.views.shape[1], size=batch)
        return np.asarray(self.views[rows, views], np.float32), self.labels[rows]
