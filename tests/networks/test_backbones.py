"""Backbones and where their weights come from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks.last_layer import LABEL
from napari_stem3d.plugins import get_network
from napari_stem3d.testing import check_network

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def backbones() -> Any:
    from napari_stem3d.networks import backbones

    return backbones


@pytest.fixture(scope="module")
def transfer() -> Any:
    from napari_stem3d.networks import transfer

    return transfer


def test_at_least_three_can_be_chosen_beside_our_own(backbones: Any) -> None:
    """ML-10: one registry, ours and Keras's."""
    assert {"inception-v3", "mobilenet-v2", "efficientnet-v2-b0", "particle-classes"} < set(
        backbones.names()
    )


def test_the_smallest_keeps_the_contract() -> None:
    check_network(get_network("mobilenet-v2"))


def test_only_the_last_layer_of_inception_v3_can_be_trained(backbones: Any, transfer: Any) -> None:
    """ML-01: 2,048 C + C parameters, and the frozen ones are those of the backbone."""
    backbone = get_network("inception-v3").load_builder()()
    before = backbones.fingerprint(backbone)
    classes = 5
    model = transfer.with_last_layer(backbone, np.zeros((2048, classes)), np.zeros(classes))
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert trained == 2048 * classes + classes
    assert model.count_params() == 21_802_784 + trained
    images = np.random.default_rng(0).random((2, 299, 299, 3))
    model.compile("sgd", {LABEL: "sparse_categorical_crossentropy"}, jit_compile=False)
    model.train_on_batch(images, {LABEL: np.array([0, 1])})
    assert backbones.fingerprint(backbone) == before
    assert np.abs(model.get_layer(LABEL).get_weights()[0]).max() > 0


def test_published_weights_come_from_a_file(tmp_path: Path, backbones: Any) -> None:
    """ML-01: offline, from the path of a file in the format that Keras publishes."""
    import keras

    base = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    path = tmp_path / "notop.h5"
    base.save(path)
    image = np.random.default_rng(1).random((1, 224, 224, 3)).astype(np.float32)
    backbone = backbones.load_backbone("mobilenet-v2", path)
    told = np.asarray(backbone(image)["features"])
    np.testing.assert_allclose(told, np.asarray(base(2 * image - 1)), atol=1e-4)
    assert backbones.fingerprint(backbone) == backbones.fingerprint(
        backbones.load_backbone("mobilenet-v2", path)
    )


def test_weights_of_another_network_are_one_sentence(tmp_path: Path, backbones: Any) -> None:
    import keras

    path = tmp_path / "other.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(InputError, match=r"other\.h5 must hold the weights of 'mobilenet-v2'"):
        backbones.load_backbone("mobilenet-v2", path)


def test_a_missing_file_and_a_network_without_features_are_one_sentence(
    tmp_path: Path, backbones: Any
) -> None:
    with pytest.raises(InputError, match="The weights must be a file"):
        backbones.load_backbone("mobilenet-v2", tmp_path / "none.h5")
    with pytest.raises(InputError, match="A backbone must give 'features'"):
        backbones.load_backbone("particle-unet")


def test_a_network_without_weights_needs_a_file(backbones: Any) -> None:
    with pytest.raises(InputError, match="'deepdog' comes without weights: --weights must name"):
        backbones.load_backbone("deepdog")


def test_weights_that_cannot_be_fetched_are_one_sentence_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    call = "transfer --task deformed --backbone mobilenet-v2 --out model.keras".split()
    nowhere = {"https_proxy": "http://127.0.0.1:9", "KERAS_HOME": str(tmp_path / "keras")}
    done = subprocess.run(
        [sys.executable, "-m", "napari_stem3d.cli", *call],
        cwd=tmp_path,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (1, "")
    assert last.startswith("stem3d: The ImageNet weights of 'mobilenet-v2' cannot be fetched")
    assert "https://storage.googleapis.com/" in last and "_no_top.h5" in last
    assert str(tmp_path / "keras" / "models") in last and "--weights" in last
    assert not list(tmp_path.glob("*.keras"))
