"""Training on an endless stream: cosine schedule, averaged weights, exact resume."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

from napari_stem3d._errors import InputError

Row = dict[str, float]
_SETTLING = 150  # batches after which normalisation at momentum 0.98 has forgotten its start


class Trainer:
    """A training that stands in a folder, and goes on from there after any interruption.

    Parameters
    ----------
    build : callable
        Builds the untrained model.
    batches : callable
        From the number of the first batch to a generator of batches, tuples as
        `keras.Model.train_on_batch` takes them.
    folder : Path
        For the checkpoint (``state.npz``), the weights that were best (``best.npz``) and the
        course (``history.csv``).
    settings : Training
        The attributes of `napari_stem3d.tasks.training_settings.Training` from ``steps`` to
        ``checkpoint``; this floor does not know that class.
    loss, loss_weights, metrics : mapping
        For each output, as `keras.Model.compile` takes them.
    validation : callable, optional
        Makes the batches to validate on; called once.
    start : keras.Model, optional
        Trained model of the same build to start from, instead of random weights.

    Attributes
    ----------
    step : int
        Batches learnt from so far.
    seconds : float
        Time spent so far, without interruptions.
    history : list of dict
        One row per validation: ``step``, means of loss and metrics since the row before, the same
        of the validation with ``val_`` before their names, and ``seconds``.
    best : dict or None
        The row with the lowest validation loss.
    model, averaged : keras.Model
        The model in training, with the outputs that have a loss; and the whole model with the
        averaged weights, as of the last validation.

    Raises
    ------
    InputError
        If `start`, or the checkpoint in the folder, belongs to another network.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        batches: Callable[[int], Generator[Any]],
        folder: Path,
        *,
        settings: Any,
        loss: Mapping[str, Any],
        loss_weights: Mapping[str, float],
        metrics: Mapping[str, Any] | None = None,
        validation: Callable[[], Iterable[Any]] | None = None,
        start: keras.Model | None = None,
    ) -> None:
        self.folder, self.settings = folder, settings
        self._build, self._make_batches, self._make_validation = build, batches, validation
        self._batches: Generator[Any] | None = None
        self._validation: list[Any] | None = None
        self.step, self.seconds, self.history = 0, 0.0, list[Row]()
        self.best: Row | None = None
        self._sums: Row = {}
        keras.utils.set_random_seed(settings.seed)
        with _precision(settings.precision):
            self._whole = build()
            self.model = _taught(self._whole, loss)
        with _precision("float32"):
            self.averaged = build()
            self._judged = _taught(self.averaged, loss)
        if start is not None:
            _check_same(start.get_weights(), self._whole.get_weights(), "The network to start from")
            self._whole.set_weights(start.get_weights())
        # On processors XLA is slower than oneDNN's ready-made convolutions; JAX is nothing else.
        compiled = {
            "loss": dict(loss),
            "loss_weights": dict(loss_weights),
            "weighted_metrics": dict(metrics or {}),
            "jit_compile": keras.config.backend() == "jax",
        }
        self.model.compile(_optimizer(settings), **compiled)
        self._judged.compile("sgd", **compiled)
        self.model.optimizer.build(self.model.trainable_variables)
        if self._state.is_file():
            self._load()
        self._saved = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether all steps are done, or no validation was better for as long as it may take."""
        if self.step >= self.settings.steps:
            return True
        waited = len(self.history) - 1 - self.history.index(self.best) if self.best else 0
        return 0 < self.settings.patience <= waited

    def advance(
        self,
        report: Callable[[int, Row], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Row:
        """Learn until the next validation, validate, and write a checkpoint if it is time.

        Parameters
        ----------
        report : callable, optional
            Called after every step with its number and the means since the last validation.
        stop : callable, optional
            Asked after every step whether to stop there.

        Returns
        -------
        dict
            The new row of the history.

        Raises
        ------
        KeyboardInterrupt
            After a checkpoint, if `stop` said so.
        InputError
            If the loss is no finite number any more.
        """
        if self.finished:
            return self.history[-1]
        if self._batches is None:
            self._batches = self._make_batches(self.step)
        interval = self.settings.interval
        end = min((self.step // interval + 1) * interval, self.settings.steps)
        begin = end - 1 - (end - 1) % interval  # where this interval began, before interruptions
        while self.step < end:
            clock = time.monotonic()
            self._learn(next(self._batches))
            self.seconds += time.monotonic() - clock
            means = {name: total / (self.step - begin) for name, total in self._sums.items()}
            if report is not None:
                report(self.step, means)
            if stop is not None and self.step < end and stop():
                self.save()
                raise KeyboardInterrupt
        clock = time.monotonic()
        row = {"step": self.step, **means, **self._validate()}
        self.seconds += time.monotonic() - clock
        self._note({**row, "seconds": round(self.seconds, 3)})
        if self.finished or time.monotonic() - self._saved >= 60 * self.settings.checkpoint:
            self.save()
        return self.history[-1]

    def save(self) -> None:
        """Write the checkpoint, complete or not at all."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
            "best": self.best,
            "sums": self._sums,
        }
        _write(self._state, self._variables, state)
        self._saved = time.monotonic()

    def close(self) -> None:
        """End the processes that make batches."""
        if self._batches is not None:
            self._batches.close()
            self._batches = None

    def result(self) -> keras.Model:
        """Return a model with the averaged weights that were best, in the training's precision."""
        if self.best is None:
            self._average()
        else:
            _assign(self.averaged.weights, _read(self._best)[0], self._best)
        with _precision(self.settings.precision):
            model = self._build()
        model.set_weights(self.averaged.get_weights())
        if any(v.path.endswith("moving_variance") for v in model.variables):
            # Statistics of normalisation belong to the weights they came from, not to an average.
            with closing(self._make_batches(self.step)) as batches:
                for inputs, *_ in itertools.islice(batches, _SETTLING):
                    model(inputs, training=True)
        return model

    @property
    def _state(self) -> Path:
        return self.folder / "state.npz"

    @property
    def _best(self) -> Path:
        return self.folder / "best.npz"

    @property
    def _variables(self) -> list[Any]:
        return [*self._whole.variables, *self.model.optimizer.variables]

    def _learn(self, batch: tuple[Any, ...]) -> None:
        self.model.reset_metrics()  # not all versions of Keras do it
        logs = self.model.train_on_batch(*batch, return_dict=True)
        self.step += 1
        if not math.isfinite(logs["loss"]):
            raise InputError(
                f"The loss must stay a finite number; a lower rate helps. Received: "
                f"{logs['loss']} at step {self.step}"
            )
        for name, value in logs.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)

    def _validate(self) -> Row:
        if self._make_validation is None:
            return {}
        if self._validation is None:
            self._validation = list(self._make_validation())
        self._average()
        rows = []
        for batch in self._validation:
            self._judged.reset_metrics()
            rows.append(self._judged.test_on_batch(*batch, return_dict=True))
        return {f"val_{name}": float(np.mean([row[name] for row in rows])) for name in rows[0]}

    def _average(self) -> None:
        """Give the averaged weights to the second model, and keep those in training."""
        model = self.model
        kept = [keras.ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
        model.optimizer.finalize_variable_values(model.trainable_variables)
        self.averaged.set_weights(self._whole.get_weights())
        for variable, value in zip(model.trainable_variables, kept):
            variable.assign(value)

    def _note(self, row: Row) -> None:
        self.history.append(row)
        self._sums = {}
        if "val_loss" in row and (self.best is None or row["val_loss"] < self.best["val_loss"]):
            self.best = row
            _write(self._best, self.averaged.weights, {"step": self.step})
        path = self.folder / "history.csv"
        part = path.with_suffix(".part")
        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(self.history)
        part.replace(path)

    def _load(self) -> None:
        arrays, state = _read(self._state)
        _assign(self._variables, arrays, self._state)
        self.step, self.seconds = state["step"], state["seconds"]
        self.history, self.best, self._sums = state["history"], state["best"], state["sums"]


def _optimizer(settings: Any) -> keras.optimizers.Optimizer:
    warmup = round(settings.warmup * settings.steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.rate / 20 if warmup else settings.rate,
        max(settings.steps - warmup, 1),
        alpha=0.005,
        warmup_target=settings.rate if warmup else None,
        warmup_steps=warmup,
    )
    return keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.decay,
        clipnorm=1.0,
        use_ema=True,
        ema_momentum=settings.average,
    )


def _taught(model: keras.Model, outputs: Iterable[str]) -> keras.Model:
    """Return the model without the outputs that have no loss, sharing its weights."""
    given = getattr(model, "output", None)
    if not isinstance(given, dict):
        return model
    return keras.Model(model.input, {name: given[name] for name in outputs})


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _write(path: Path, variables: Iterable[Any], state: dict[str, Any]) -> None:
    arrays = {f"{k:04}": keras.ops.convert_to_numpy(v) for k, v in enumerate(variables)}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, state=np.array(json.dumps(state)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _read(path: Path) -> tuple[list[Any], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            names = sorted(name for name in file.files if name != "state")
            return [file[name] for name in names], json.loads(str(file["state"]))
    except Exception as error:
        raise InputError(f"{path} must be a checkpoint of a training. Received: {error}") from error


def _assign(variables: Iterable[Any], arrays: list[Any], path: Path) -> None:
    variables = list(variables)
    _check_same(arrays, variables, str(path))
    for variable, value in zip(variables, arrays):
        variable.assign(value)


def _check_same(one: list[Any], other: list[Any], what: str) -> None:
    given, wanted = ([tuple(v.shape) for v in arrays] for arrays in (one, other))
    if given != wanted:
        raise InputError(
            f"{what} must have the weights of the network that is trained. Received: "
            f"{len(given)} arrays, {sum(map(math.prod, given))} numbers, where "
            f"{len(wanted)} with {sum(map(math.prod, wanted))} are needed"
        )
