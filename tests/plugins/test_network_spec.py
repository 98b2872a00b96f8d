"""A network that is known by strings, until it is used."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.plugins import NetworkSpec


def spec(**changes: Any) -> NetworkSpec:
    good = {"name": "tiny", "task": "segmentation", "builder": "math:hypot"}
    return NetworkSpec(**(good | changes))


def test_the_builder_is_what_the_string_names() -> None:
    assert spec().load_builder() is math.hypot


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        ("no_such_module:build", "'tiny' cannot be imported. Received: ModuleNotFoundError"),
        ("math:hypotenuse", "'tiny' cannot be imported. Received: AttributeError: .*hypotenuse"),
        ("math:pi", "'tiny' must be a function. Received: float"),
    ],
)
def test_a_builder_that_fails_is_named_with_its_network(builder: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        spec(builder=builder).load_builder()


def test_a_builder_whose_module_raises_is_named(
    write_plugin: Callable[[str, str], Path],
) -> None:
    write_plugin("raising-builder", "raise RuntimeError('no device')")
    with pytest.raises(InputError, match=r"'tiny' cannot be imported.*RuntimeError: no device"):
        spec(builder="raising_builder:build").load_builder()


def test_the_recipe_is_what_the_string_names() -> None:
    assert spec(recipe="math:pi").load_recipe() == math.pi


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        (None, "'tiny' must have a recipe to be trained by. Received: none"),
        ("math:tau_2", "recipe 'math:tau_2' of network 'tiny' cannot be imported"),
    ],
)
def test_a_recipe_that_is_missing_is_named_with_its_network(recipe: Any, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        spec(recipe=recipe).load_recipe()


def test_weights_lie_inside_their_package() -> None:
    path = spec(weights="napari_stem3d:networks/weights/tiny.keras").weights_path
    package = Path(__file__).parents[2] / "src" / "napari_stem3d"
    assert path == package / "networks" / "weights" / "tiny.keras"


def test_without_weights_there_is_no_path() -> None:
    assert spec().weights_path is None


def test_weights_of_a_missing_package_are_named() -> None:
    with pytest.raises(InputError, match=r"'no_such_package:tiny\.keras' of network 'tiny'"):
        _ = spec(weights="no_such_package:tiny.keras").weights_path


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name of a network must be a word. Received: ''"),
        ({"task": None}, "task of a network must be a word. Received: None"),
        ({"builder": "math.hypot"}, "'package.module:function'. Received: 'math.hypot'"),
        ({"builder": math.hypot}, "'package.module:function'. Received: <built-in"),
        ({"weights": "tiny.keras"}, "'package:folder/name.keras'. Received: 'tiny.keras'"),
        ({"weights": "package:/tiny.keras"}, "Received: 'package:/tiny.keras'"),
        ({"weights": "package:tiny.h5"}, "Received: 'package:tiny.h5'"),
        ({"recipe": "math.pi"}, "'package.module:NAME'. Received: 'math.pi'"),
    ],
)
def test_a_bad_specification_is_refused_where_it_is_written(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        spec(**changes)
