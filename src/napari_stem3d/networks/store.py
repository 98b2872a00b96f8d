"""Trained networks on disk: a .keras file, and a card beside it that says what it is."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_stem3d._errors import InputError
from napari_stem3d.networks.precision import suited
from napari_stem3d.plugins import get_network, registry

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Network:
    """A trained model and its card.

    Attributes
    ----------
    model : keras.Model
        Ready to predict.
    card : dict
        Task, classes, training and figures; see `write`.
    """

    model: keras.Model
    card: dict[str, Any]


def sha256(path: Path) -> str:
    """Fingerprint of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(model: keras.Model, path: Path, card: dict[str, Any]) -> None:
    """Save a model and its card, each complete or not at all.

    Parameters
    ----------
    model : keras.Model
        Trained model; one that was compiled takes its optimizer along.
    path : Path
        File ending in ``.keras``; the card goes beside it, ending in ``.json``.
    card : dict
        What to tell of the network; the fingerprint is added.
    """
    part = path.with_name(f"part-{path.name}")
    model.save(part)
    part.replace(path)
    write_card(path, card)


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card of the model at `path` with the model's present fingerprint."""
    part = path.with_suffix(".json.part")
    text = json.dumps({**card, "sha256": sha256(path)}, indent=1, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path.with_suffix(".json"))


def read_card(path: Path) -> dict[str, Any]:
    """Card of the model at `path`; empty where there is none."""
    card = path.with_suffix(".json")
    try:
        return json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
    except ValueError as error:
        raise InputError(f"{card.name} must be a card in JSON. Received: {error}") from error


def count_parameters(path: Path) -> int | None:
    """Count the numbers that a model consists of, without loading it.

    Parameters
    ----------
    path : Path
        File ending in ``.keras``.

    Returns
    -------
    int or None
        Numbers in all its layers, without the optimizer's; None where the file is no model.
    """
    import h5py

    total = 0

    def add(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and not name.startswith("optimizer"):
            total += item.size

    try:
        with zipfile.ZipFile(path) as archive:
            weights = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(weights) as file:
            file.visititems(add)
    except (OSError, KeyError, zipfile.BadZipFile):
        return None
    return total


@lru_cache(maxsize=8)
def load(name: str) -> Network:
    """Load a network by its registered name, or from a file.

    Parameters
    ----------
    name : str
        Registered name such as ``"particle-unet"``, or path of a ``.keras`` file.

    Returns
    -------
    Network
        The same object for the same name, so that it is read once.

    Raises
    ------
    InputError
        If there is no such network, it has no trained weights, its file was changed since its
        card was written, or it cannot be read.
    """
    path = Path(name) if name.endswith(".keras") else get_network(name).weights_path
    if path is None or not path.is_file():
        raise InputError(
            f"The network {name!r} must have trained weights in a file. "
            f"Received: {path if path is not None else 'a network without weights'}"
        )
    card = read_card(path)
    if "sha256" in card and card["sha256"] != sha256(path):
        raise InputError(
            f"{path.name} must be the file its card describes. Received: a file with another sha256"
        )
    import keras

    _import_layers()
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise InputError(
            f"{path.name} must be a Keras model that can be loaded safely. Received: {error}"
        ) from error
    return Network(suited(model), card)


def _import_layers() -> None:
    """Import the modules of all builders, whose layers and functions a file may name."""
    for spec in registry().of_kind("network").values():
        # A stranger's module may break in any way; it must not take others' networks down.
        with suppress(Exception):
            importlib.import_module(spec.builder.partition(":")[0])
