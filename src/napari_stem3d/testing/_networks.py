"""Checks of networks: they build, run, tell what their task asks for, and survive a file."""

from __future__ import annotations

import contextlib
import inspect
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import CROP, REGIONS
from napari_stem3d.networks.store import load
from napari_stem3d.plugins import NetworkSpec
from napari_stem3d.testing._require import require

Arrays = dict[str, NDArray[Any]]

_FREE_SIDES = (64, 96)  # multiples of 32: a network may halve its images five times


def check_network(spec: NetworkSpec, *, seed: int = 0) -> None:
    """Check that a network keeps the contract of its task.

    Its builder is called without arguments in an empty folder. The model is fed with random images
    of each size that it takes, saved as ``.keras``, and loaded again with safe mode on. Models of
    the task ``"segmentation"`` must take images (batch, y, x, 1) of any size and tell ``regions``
    (batch, y, x, 3), probabilities of background, interior and boundary, and ``thickness``
    (batch, y, x, 1); those of ``"classification"`` must take crops with their masks (batch, 64, 64,
    2) and tell ``shape`` (batch, classes) and ``corners`` (batch, counts), probabilities both.
    Those of ``"image-classification"`` must tell ``label`` (batch, classes), probabilities too,
    and those of ``"backbone"`` ``features`` (batch, n). Of other tasks the values must be finite.

    Parameters
    ----------
    spec : NetworkSpec
        The specification, as `register_networks` returns it.
    seed : int
        Seed of the random images.

    Raises
    ------
    AssertionError
        With the first broken promise in one sentence.
    """
    require(isinstance(spec, NetworkSpec), f"{spec!r} must be a NetworkSpec")
    what = f"The network {spec.name!r}"
    model = _build(spec, what)
    _check_input(spec.task, model, what)
    rng = np.random.default_rng(seed)
    for sides in (_FREE_SIDES, _FREE_SIDES[::-1]):
        images = rng.normal(size=_input_shape(model, sides)).astype(np.float32)
        outputs = _predict(model, images, what)
        _check_outputs(spec.task, images, outputs, what)
    _check_file(model, images, outputs, what)
    _check_weights(spec, images, outputs, what)


def _build(spec: NetworkSpec, what: str) -> Any:
    import keras

    try:
        builder = spec.load_builder()
    except InputError as error:
        raise AssertionError(str(error)) from error
    for parameter in inspect.signature(builder).parameters.values():
        optional = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        require(
            optional or parameter.default is not parameter.empty,
            f"The argument {parameter.name!r} of {spec.builder} must have a default",
        )
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        model = builder()
        written = sorted(path.name for path in Path(folder).iterdir())
    require(not written, f"{what} writes files while it is built: {', '.join(written)}")
    require(isinstance(model, keras.Model), f"{spec.builder} must return a keras.Model: {model!r}")
    return model


def _check_input(task: str, model: Any, what: str) -> None:
    require(len(model.inputs) == 1, f"{what} must have one input, not {len(model.inputs)}")
    wanted = {"segmentation": (None, None, None, 1), "classification": (None, CROP, CROP, 2)}
    shape = tuple(model.inputs[0].shape)
    require(
        shape == wanted.get(task, shape),
        f"{what} must take an input of shape {wanted.get(task)} for {task}, and takes {shape}",
    )


def _input_shape(model: Any, sides: tuple[int, int]) -> tuple[int, ...]:
    """Shape of a batch of two, with free sides filled in, different from each other."""
    _, *shape = model.inputs[0].shape
    free = iter(sides)
    return (2, *(next(free, sides[0]) if length is None else length for length in shape))


def _predict(model: Any, images: NDArray[np.float32], what: str) -> Arrays:
    import keras

    outputs = model(images, training=False)
    if not isinstance(outputs, Mapping):
        outputs = {"output": outputs}
    arrays = {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}
    for name, array in arrays.items():
        require(np.isfinite(array).all(), f"{what} gives values in {name!r} that are not finite")
    return arrays


def _check_outputs(task: str, images: NDArray[np.float32], outputs: Arrays, what: str) -> None:
    if task == "segmentation":
        _check_probabilities(outputs, "regions", (*images.shape[:3], len(REGIONS)), what)
        _check_present(outputs, "thickness", images.shape, what)
        require((outputs["thickness"] >= 0).all(), f"{what} gives a negative 'thickness'")
    elif task == "classification":
        for name in ("shape", "corners"):
            _check_probabilities(outputs, name, (len(images), None), what)
    elif task == "image-classification":
        _check_probabilities(outputs, "label", (len(images), None), what)
    elif task == "backbone":
        _check_present(outputs, "features", (len(images), None), what)


def _check_present(
    outputs: Arrays, name: str, shape: tuple[int | None, ...], what: str
) -> NDArray[Any]:
    require(name in outputs, f"{what} must give {name!r}, and gives {', '.join(outputs)}")
    array = outputs[name]
    fits = array.ndim == len(shape) and all(
        wanted in (None, length) for wanted, length in zip(shape, array.shape)
    )
    require(fits, f"{what} must give {name!r} with the shape {shape}, and gives {array.shape}")
    return array


def _check_probabilities(
    outputs: Arrays, name: str, shape: tuple[int | None, ...], what: str
) -> None:
    array = _check_present(outputs, name, shape, what)
    require(
        (array >= 0).all() and np.allclose(array.sum(axis=-1), 1, atol=1e-3),
        f"{what} must give probabilities in {name!r}: not negative, with the sum 1",
    )


def _check_file(model: Any, images: NDArray[np.float32], outputs: Arrays, what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        again = _predict(_load_saved(path, what), images, what)
    require(
        list(again) == list(outputs)
        and all(np.allclose(again[name], outputs[name], atol=1e-5) for name in outputs),
        f"{what} gives other values after it was saved and loaded",
    )


def _check_weights(
    spec: NetworkSpec, images: NDArray[np.float32], outputs: Arrays, what: str
) -> None:
    """Check that trained weights, where there are any, belong to this builder."""
    path = spec.weights_path
    if path is None:
        return
    require(path.is_file(), f"{what} promises weights that are missing: {spec.weights}")
    card = path.with_suffix(".json")
    require(card.is_file(), f"{what} has weights without a card {card.name!r} beside them")
    try:
        trained = _predict(load(str(path)).model, images, what)
    except InputError as error:
        raise AssertionError(f"{what} has weights that cannot be loaded. {error}") from error
    shapes = {name: array.shape for name, array in outputs.items()}
    require(
        {name: array.shape for name, array in trained.items()} == shapes,
        f"{what} has weights of another model than its builder builds",
    )


def _load_saved(path: Path, what: str) -> Any:
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise AssertionError(
            f"{what} cannot be loaded from a file in safe mode, without Lambda layers and with "
            f"every class of its own registered by keras.saving: {error}"
        ) from error
