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

_OBJECT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
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
    recipe : str or None
        Import string ``"package.module:NAME"`` of the ``napari_stem3d.tasks.recipes.Recipe`` by
        which ``stem3d train`` trains it, or None where it is trained otherwise.
    """

    name: str
    task: str
    builder: str
    weights: str | None = None
    description: str = ""
    recipe: str | None = None

    def __post_init__(self) -> None:
        for field in ("name", "task"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip():
                raise InputError(f"The {field} of a network must be a word. Received: {value!r}")
        if not isinstance(self.builder, str) or not _OBJECT.fullmatch(self.builder):
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
        if self.recipe is not None and (
            not isinstance(self.recipe, str) or not _OBJECT.fullmatch(self.recipe)
        ):
            raise InputError(
                f"The recipe of network {self.name!r} must be None or an import string like "
                f"'package.module:NAME'. Received: {self.recipe!r}"
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
        builder = self._imported("builder", self.builder)
        if not callable(builder):
            raise InputError(
                f"The builder {self.builder!r} of network {self.name!r} must be a function. "
                f"Received: {type(builder).__name__}"
            )
        return builder

    def load_recipe(self) -> Any:
        """Import the recipe by which the network is trained.

        Returns
        -------
        Recipe
            What the string names, unchecked: this floor does not know recipes.

        Raises
        ------
        InputError
            If there is none, or it cannot be imported; the message names the network.
        """
        if self.recipe is None:
            raise InputError(
                f"The network {self.name!r} must have a recipe to be trained by. Received: none"
            )
        return self._imported("recipe", self.recipe)

    def _imported(self, what: str, name: str) -> Any:
        try:
            return pkgutil.resolve_name(name)
        except Exception as error:
            raise InputError(
                f"The {what} {name!r} of network {self.name!r} cannot be imported. "
                f"Received: {type(error).__name__}: {error}"
            ) from error

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
