"""What there is to choose about a training, and its file in TOML."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import Checked, choice, is_number, quantity, text, whole
from napari_stem3d.simulation.toml import read_toml, write_toml

PRECISIONS = ("mixed_bfloat16", "float32")


@dataclass(frozen=True)
class Training(Checked):
    """Settings of a training; every recipe brings its own defaults.

    The same settings and the same versions of the libraries give the same network, on one thread
    bit for bit, for any number of workers and interruptions.
    """

    steps: int = whole(4000, 1, 10**9, "batches to learn from, altogether")
    batch: int = whole(128, 1, 65_536, "samples in a batch")
    views: int = whole(
        1,
        1,
        8,
        "how often a fresh sample is used, each time turned or mirrored otherwise; worth it where "
        "simulating takes longer than learning",
    )
    rate: float = quantity(2e-3, "", 1e-9, 10, "highest learning rate")
    warmup: float = quantity(
        0.05, "", 0, 0.9, "part of the steps in which the rate rises; it falls along a cosine then"
    )
    decay: float = quantity(1e-3, "", 0, 1, "weight decay of the optimizer, AdamW")
    average: float = quantity(
        0.995, "", 0, 0.99999, "share of the old in the running average of the weights, per step"
    )
    precision: str = choice(
        PRECISIONS[0], PRECISIONS, "of the computation; weights are kept in single precision"
    )
    seed: int = whole(1, 0, 2**31 - 1, "of the samples and of the first weights")
    start: str = text(
        "", "trained network to start from, by name or as a .keras file; none for random weights"
    )
    interval: int = whole(100, 1, 10**6, "steps between two validations")
    validation: int = whole(512, 0, 10**6, "fresh samples to validate on; 0 for no validation")
    validation_seed: int = whole(2, 0, 2**31 - 1, "of the validation, other than that above")
    patience: int = whole(
        0, 0, 10**6, "validations without a better one after which it stops early; 0 for never"
    )
    checkpoint: float = quantity(3.0, "min", 0, 1440, "time between two checkpoints")
    workers: int = whole(1, 0, 1024, "processes that make samples; 0 for none besides the training")
    author: str = text("The napari-stem3d developers", "who trains it, for the card")
    licence: str = text("GPL-3.0-or-later", "of the trained weights, for the card")
    loss_weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no training can be."""
        super().__post_init__()
        for name, weight in self.loss_weights.items():
            if not (is_number(weight) and weight >= 0):
                raise InputError(
                    f"The loss weight of {name} must be a number from 0. Received: {weight!r}"
                )
        if self.validation and self.seed == self.validation_seed:
            raise InputError(
                "validation_seed must be another number than seed, or the validation would see "
                f"what was trained on. Received: {self.seed} for both"
            )


#: What may be changed between an interruption and going on, because the result stays the same.
FREE = ("checkpoint", "workers", "author", "licence")
_KEYS = tuple(f.name for f in dataclasses.fields(Training))


def training_to_dict(settings: Training) -> dict[str, Any]:
    """Return the settings as a TOML file has them; ``loss_weights`` is a table."""
    return {**dataclasses.asdict(settings), "loss_weights": dict(settings.loss_weights)}


def training_from_dict(tables: Mapping[str, Any], base: Training) -> Training:
    """Return settings of a file; what is missing stays as in `base`.

    Parameters
    ----------
    tables : mapping of str to object
        As `training_to_dict` gives them.
    base : Training
        Settings of the recipe; only losses that it weighs can be weighed.

    Returns
    -------
    Training
        The settings.

    Raises
    ------
    InputError
        If a key is unknown, or a value is not what it should be.
    """
    for key in tables:
        if key not in _KEYS:
            raise InputError(f"the keys must be among {', '.join(_KEYS)}. Received: {key!r}")
    weights = tables.get("loss_weights", {})
    if not isinstance(weights, Mapping):
        raise InputError(f"loss_weights must be a table. Received: {weights!r}")
    for name in weights:
        if name not in base.loss_weights:
            raise InputError(
                f"the keys of loss_weights must be among {', '.join(base.loss_weights)}. "
                f"Received: {name!r}"
            )
    changes = {**tables, "loss_weights": {**base.loss_weights, **weights}}
    return dataclasses.replace(base, **changes)


def read_training(path: str | Path, base: Training) -> Training:
    """Return the settings of a TOML file; see `training_from_dict`.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, is not TOML, or sets what is unknown or not allowed.
    """
    return read_toml(path, lambda tables: training_from_dict(tables, base))


def write_training(settings: Training, path: str | Path) -> None:
    """Write all settings to a TOML file.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_toml(path, training_to_dict(settings))
