"""What `npe2 validate` lets pass: unknown keys, missing commands, unknown words in `when`."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from app_model.expressions import parse_expression
from napari._app_model.context import LayerListSelectionContextKeys
from npe2 import PluginManifest
from npe2.manifest.contributions import ContributionPoints

import napari_stem3d
from napari_stem3d.reader import ENDINGS

PATH = Path(napari_stem3d.__file__).parent / "napari.yaml"
MENUS = re.compile(
    r"napari/(file/(new_layer|io_utilities|acquire)|layers/(visualize|annotate|data|metadata"
    r"|layer_type|transform|measure|filter|register|project|segment|track|classify))"
)


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def commands(manifest: dict[str, Any]) -> dict[str, str]:
    return {c["id"]: c["python_name"] for c in manifest["contributions"]["commands"]}


def test_the_installed_package_offers_it() -> None:
    assert PluginManifest.from_distribution("napari-stem3d").name == "napari-stem3d"


def test_all_keys_are_known(manifest: dict[str, Any]) -> None:
    assert set(manifest) <= set(PluginManifest.model_fields)
    assert set(manifest["contributions"]) <= set(ContributionPoints.model_fields)


def test_commands_are_there_and_used(manifest: dict[str, Any], commands: dict[str, str]) -> None:
    points = manifest["contributions"]
    used = {
        item["command"] for point in ("readers", "widgets", "sample_data") for item in points[point]
    }
    used |= {item["command"] for items in points["menus"].values() for item in items}
    assert used == set(commands)


def test_python_names_can_be_imported(commands: dict[str, str]) -> None:
    for name in commands.values():
        module, _, attribute = name.partition(":")
        assert callable(getattr(import_module(module), attribute)), name


def test_menus_are_ones_that_napari_shows(manifest: dict[str, Any]) -> None:
    for menu in manifest["contributions"]["menus"]:
        assert MENUS.fullmatch(menu), menu


def test_conditions_use_words_that_napari_knows(manifest: dict[str, Any]) -> None:
    known = set(LayerListSelectionContextKeys.__members__)
    for items in manifest["contributions"]["menus"].values():
        for item in items:
            if "when" in item:
                assert parse_expression(item["when"])._names <= known


def test_patterns_are_those_of_the_reader(manifest: dict[str, Any]) -> None:
    (reader,) = manifest["contributions"]["readers"]
    assert reader["filename_patterns"] == [f"*{ending}" for ending in ENDINGS]


def test_widgets_are_in_the_menus(manifest: dict[str, Any]) -> None:
    points = manifest["contributions"]
    in_menus = {item["command"] for items in points["menus"].values() for item in items}
    assert in_menus == {widget["command"] for widget in points["widgets"]}
