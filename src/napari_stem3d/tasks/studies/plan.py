"""What a study varies, and what it holds fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_number, is_whole

KINDS = ("size", "batch", "loss", "optimizer")
BATCHES = tuple(2**k for k in range(10))
LOSSES = {
    "cce": "categorical_crossentropy",
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "squared_hinge": "squared_hinge",
    "log_cosh": "log_cosh",
    "poisson": "poisson",
}
OPTIMIZERS = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam")
_SIZES = 5  # of a study by default, each half of the next


@dataclass(frozen=True)
class Job:
    """One network to train.

    Attributes
    ----------
    value : str
        What the study varies, as it is written into its tables.
    run : int
        Which of the runs with this value; runs of one number share images and first weights.
    images, batch : int
        Number of training images, and of those in a batch.
    loss, optimizer : str
        Short names.
    rate : float or None
        Learning rate; None for the optimizer's own in Keras.
    """

    value: str
    run: int
    images: int
    batch: int
    loss: str
    optimizer: str
    rate: float | None

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from the other runs of its study."""
        return self.value, "" if self.rate is None else f"{self.rate:g}", self.run


@dataclass(frozen=True)
class Study:
    """One choice, varied; everything else is held.

    Attributes
    ----------
    kind : str
        ``"size"`` (number of training images), ``"batch"``, ``"loss"`` or ``"optimizer"``.
    values : tuple
        What is tried; empty for all: sizes halved from the largest, batches of 1 to 512, all of
        `LOSSES` or `OPTIMIZERS`.
    rates : tuple of float
        Learning rates tried with each value; empty for the optimizer's own in Keras.
    network : str
        As `load_builder` takes it.
    runs : int
        How often each is tried, with other first weights and other images.
    batch : int
        Images in a batch.
    loss, optimizer : str
        One of `LOSSES` and of `OPTIMIZERS`.
    rounds : int
        Rounds at most. A round shows as many images as there are for training, so that small
        sets are shown several times in it.
    patience : int
        Rounds in a row without a better validation accuracy that end a run.
    seed : int
        Seed of the first weights and of the choice and order of images.
    """

    kind: str
    values: tuple[int | str, ...] = ()
    rates: tuple[float, ...] = ()
    network: str = "small-cnn"
    runs: int = 3
    batch: int = 32
    loss: str = "cce"
    optimizer: str = "adam"
    rounds: int = 50
    patience: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be studied."""
        _one_of("kind", self.kind, KINDS)
        _one_of("loss", self.loss, LOSSES)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("runs", "batch", "rounds", "patience"):
            _whole(name, getattr(self, name), 1)
        _whole("seed", self.seed, 0)
        for rate in self.rates:
            if not (is_number(rate) and rate > 0):
                raise InputError(f"A learning rate must be a positive number. Received: {rate!r}")
        check: dict[str, Callable[[Any], None]] = {
            "size": lambda value: _whole("A number of images", value, 1),
            "batch": lambda value: _whole("A batch", value, 1),
            "loss": lambda value: _one_of("A loss", value, LOSSES),
            "optimizer": lambda value: _one_of("An optimizer", value, OPTIMIZERS),
        }
        for value in self.values:
            check[self.kind](value)

    def jobs(self, images: int) -> Iterator[Job]:
        """Yield what is to be trained, where there are so many images: run by run.

        Parameters
        ----------
        images : int
            Number of images for training.

        Yields
        ------
        Job
            One network to train.

        Raises
        ------
        InputError
            If a size is larger than that.
        """
        sizes = sorted({max(1, images >> k) for k in range(_SIZES)})
        every = {"size": sizes, "batch": BATCHES, "loss": LOSSES, "optimizer": OPTIMIZERS}
        values = tuple(self.values or every[self.kind])
        if self.kind == "size" and max(map(int, values)) > images:
            raise InputError(
                f"A number of images must be at most that of the training set, {images}. "
                f"Received: {max(map(int, values))}"
            )
        held = {"size": images, "batch": self.batch, "loss": self.loss, "optimizer": self.optimizer}
        for run in range(self.runs):
            for value in dict.fromkeys(values):
                chosen: dict[str, Any] = {**held, self.kind: value}
                chosen["images"] = chosen.pop("size")
                for rate in self.rates or (None,):
                    yield Job(str(value), run, rate=rate, **chosen)


def _one_of(name: str, value: Any, known: Any) -> None:
    if value not in known:
        raise InputError(f"{name} must be one of {', '.join(known)}. Received: {value!r}")


def _whole(name: str, value: Any, least: int) -> None:
    if not is_whole(value, least):
        raise InputError(f"{name} must be a whole number from {least} on. Received: {value!r}")
