from __future__ import annotations

import subprocess
import sys

import pytest

from napari_stem3d.networks import store
from napari_stem3d.networks.catalogue import register_networks
from napari_stem3d.plugins import NetworkSpec, registry

NETWORKS = register_networks()


TRAINED = [spec for spec in NETWORKS if spec.weights]


@pytest.mark.parametrize("spec", TRAINED, ids=lambda spec: spec.name)
def test_a_built_in_network_comes_trained_and_with_the_card_of_its_file(spec: NetworkSpec) -> None:
    path = spec.weights_path
    assert path is not None
    card = store.read_card(path)
    assert card["name"] == spec.name
    assert card["task"] == spec.task
    assert card["sha256"] == store.sha256(path)
    assert card["training"]["samples"] > 0


@pytest.mark.tensorflow
@pytest.mark.parametrize("spec", TRAINED, ids=lambda spec: spec.name)
def test_it_can_be_loaded_where_nothing_else_was_imported(spec: NetworkSpec) -> None:
    code = f"from napari_stem3d.networks.store import load; load({spec.name!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_built_in_networks_are_registered_like_everybodys() -> None:
    assert {spec.name: spec for spec in NETWORKS}.items() <= registry().networks.items()
    assert {spec.task for spec in TRAINED} >= {"segmentation", "classification"}
