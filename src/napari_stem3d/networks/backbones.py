"""Backbones: networks whose features are worth reusing, and where their weights come from.

Inception-v4 is none of them: Keras has no such model. What comes closest in it is
Inception-ResNet-v2, which was published along with it (Szegedy et al. 2017).
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
from keras import layers

from napari_stem3d._errors import InputError
from napari_stem3d.networks import store
from napari_stem3d.networks.last_layer import FEATURES
from napari_stem3d.plugins import NetworkSpec, get_network, registry

#: What changes without changing what is computed: names are counted anew in every process.
_IMMATERIAL = frozenset(
    {"name", "inbound_nodes", "input_layers", "output_layers", "shared_object_id", "trainable"}
)
_PATIENCE = 20.0  # seconds without an answer after which a download has failed


def build_inception_v3(weights: str | None = None) -> keras.Model:
    """Inception-v3 without its last layer (Szegedy et al. 2016): 2,048 features of 299 pixels.

    Parameters
    ----------
    weights : str, optional
        ``"imagenet"`` fetches the weights from the net, or from Keras's folder if they have been
        fetched before; by default they are random.

    Returns
    -------
    keras.Model
        From ``(batch, 299, 299, 3)``, grey values in 0..1, to ``features`` (batch, 2048).
    """
    return _build(keras.applications.InceptionV3, 299, weights, scale=2, offset=-1)


def build_inception_resnet_v2(weights: str | None = None) -> keras.Model:
    """Inception-ResNet-v2 (Szegedy et al. 2017): 1,536 features; as `build_inception_v3`."""
    return _build(keras.applications.InceptionResNetV2, 299, weights, scale=2, offset=-1)


def build_resnet50_v2(weights: str | None = None) -> keras.Model:
    """ResNet-50 v2 (He et al. 2016): 2,048 features of 224 pixels; as `build_inception_v3`."""
    return _build(keras.applications.ResNet50V2, 224, weights, scale=2, offset=-1)


def build_mobilenet_v2(weights: str | None = None) -> keras.Model:
    """MobileNet-v2 (Sandler et al. 2018): 1,280 features; as `build_inception_v3`."""
    return _build(keras.applications.MobileNetV2, 224, weights, scale=2, offset=-1)


def build_efficientnet_v2_b0(weights: str | None = None) -> keras.Model:
    """EfficientNet-v2 B0 (Tan & Le 2021): 1,280 features; as `build_inception_v3`."""
    return _build(keras.applications.EfficientNetV2B0, 224, weights, scale=255, offset=0)


def _build(
    application: Callable[..., keras.Model],
    side: int,
    weights: str | None,
    scale: float,
    offset: float,
) -> keras.Model:
    image = keras.Input((side, side, 3), name="image")
    scaled = layers.Rescaling(scale, offset, name="as_published")(image)
    base = application(include_top=False, weights=weights, input_tensor=scaled, pooling="avg")
    return keras.Model(image, {FEATURES: base.output}, name=base.name)


def names() -> list[str]:
    """Names of the networks that can be a backbone: the task's own, and our classifiers."""
    known = registry().networks.values()
    return [spec.name for spec in known if spec.task in ("backbone", "classification")]


def load_backbone(name: str, weights: str | Path | None = None) -> keras.Model:
    """Load a network for its features.

    Parameters
    ----------
    name : str
        A registered network whose output is ``features``, or has ``features`` in it.
    weights : str or Path, optional
        File of its weights: a whole model (``.keras``), or weights alone (``.h5``), as Keras
        publishes them, without the last layer. By default those that come with it, or, where none
        do, those that its builder fetches from the net.

    Returns
    -------
    keras.Model
        To ``features`` (batch, n) alone; a copy of its own, so that it may be trained.

    Raises
    ------
    InputError
        If there is no such network or file, it gives no features, or it cannot be fetched.
    """
    spec = get_network(name)
    if weights is not None and not Path(weights).is_file():
        raise InputError(f"The weights must be a file, .keras or .h5. Received: {weights}")
    if weights is not None and Path(weights).suffix.lower() in (".h5", ".hdf5"):
        model = _with_weights(spec, Path(weights))
    elif weights is not None or spec.weights is not None:
        shared = store.load(str(weights) if weights is not None else name).model
        model = keras.models.clone_model(shared)
        model.set_weights(shared.get_weights())
    else:
        model = _fetched(spec)
    features = model.output.get(FEATURES) if isinstance(model.output, dict) else model.output
    if features is None or len(getattr(features, "shape", ())) != 2:
        told = ", ".join(model.output) if isinstance(model.output, dict) else str(model.output)
        raise InputError(
            f"A backbone must give {FEATURES!r} of shape (batch, n). "
            f"Received: {name!r}, which gives {told}"
        )
    return keras.Model(model.inputs[0], {FEATURES: features}, name=model.name)


def fingerprint(model: keras.Model) -> str:
    """Fingerprint of what a model computes: its layers, whatever their names, and its weights."""
    made = [type(layer).__name__ for layer in model.layers]
    settings = [_nameless(layer.get_config()) for layer in model.layers]
    digest = hashlib.sha256(json.dumps([made, settings], sort_keys=True, default=str).encode())
    for values in model.get_weights():
        digest.update(values.tobytes())
    return digest.hexdigest()


def _nameless(config: Any) -> Any:
    """Return a configuration without what is immaterial."""
    if isinstance(config, dict):
        return {k: _nameless(v) for k, v in config.items() if k not in _IMMATERIAL}
    if isinstance(config, list | tuple):
        return [_nameless(item) for item in config]
    return config


def _with_weights(spec: NetworkSpec, path: Path) -> keras.Model:
    model = spec.load_builder()()
    try:
        model.load_weights(path)
    except Exception as error:
        raise InputError(
            f"{path.name} must hold the weights of {spec.name!r} without its last layer. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from error
    return model


def _fetched(spec: NetworkSpec) -> keras.Model:
    builder = spec.load_builder()
    if "weights" not in inspect.signature(builder).parameters:
        raise InputError(
            f"The backbone {spec.name!r} comes without weights: --weights must name their file. "
            "Received: none"
        )
    try:
        with _impatient(), contextlib.redirect_stdout(sys.stderr):
            return builder(weights="imagenet")
    except Exception as error:
        home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
        raise InputError(
            f"The ImageNet weights of {spec.name!r} cannot be fetched: download the file named "
            f"below elsewhere, and put it into {home / 'models'} or name "
            f"it with --weights. Received: {error}"
        ) from error


@contextlib.contextmanager
def _impatient() -> Iterator[Any]:
    """Let no connection wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
