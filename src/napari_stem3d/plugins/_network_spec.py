"""What is known about a network before any deep-learning library is imported."""

from __future__ import annotations

import importlib
import importlib.resources
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_stem3d._errors import InputError

_BUILDER = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_WEIGHTS = re.compile(r"[A-Za-z_][\w.]*:[^/:][^:]*\.keras")


@dataclass(frozen=True)
class NetworkSpec:
    """A network by name, with its builder and weights named by strings.

    Parameters
    ----------
    name : str
        The name that users type and choose, such as ``"particle-unet"``.
    task : str
        What it is for: ``"segmentation"``, ``"classification"`` or a word of your own.
    builder : str
        Import string ``"package.module:function"`` of the function that returns a Keras model.
        Every argument of the function must have a default.
    weights : str or None
        ``"package:path/inside/the/package.keras"`` of a trained model with its card beside it
        (the same path ending in ``.json``), or None where the network is still to be trained.
    description : str
        One sentence for menus and tables.
    """

    name: str
    task: str
    builder: str
    weights: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "task"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"The {field} of a network must be a word. Received: {value!r}")
        if not isinstance(self.builder, str) or not _BUILDER.fullmatch(self.builder):
            raise InputError(
                f"The builder of network {self.name!r} must be an import string like "
                f"'package.module:function'. Received: {self.builder!r}"
            )
        if self.weights is not None and (
            not isinstance(self.weights, str) or not _WEIGHTS.fullmatch(self.weights)
        ):
            raise InputError(
                f"The weights of network {self.name!r} must be None or like "
                f"'package:folder/name.keras'. Received: {self.weights!r}"
            )

    def load_builder(self) -> Callable[..., Any]:
        """Import the function that builds the model.

        Returns
        -------
        callable
            A function that returns a Keras model.

        Raises
        ------
        InputError
            If it cannot be imported, or is no function; the message names the network.
        """
        try:
            builder = pkgutil.resolve_name(self.builder)
        except Exception as error:
            raise InputError(
                f"The builder {self.builder!r} of network {self.name!r} cannot be imported. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        if not callable(builder):
            raise InputError(
                f"The builder {self.builder!r} of network {self.name!r} must be a function. "
                f"Received: {type(builder).__name__}"
            )
        return builder

    @property
    def weights_path(self) -> Path | None:
        """Where the trained model lies on disk, or None where the network brings no weights."""
        if self.weights is None:
            return None
        package, _, relative = self.weights.partition(":")
        try:
            folder = importlib.resources.files(package)
        except Exception as error:
            raise InputError(
                f"The package of the weights {self.weights!r} of network {self.name!r} cannot be "
                f"imported. Received: {type(error).__name__}: {error}"
            ) from error
        return Path(str(folder.joinpath(relative)))
