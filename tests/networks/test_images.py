"""The network of whole images: its map is all it has, and it looks close by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks.channels import CHANNELS, FIELD, FOREGROUND, SIDE, pixel_channels

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def network() -> Any:
    import keras

    from napari_stem3d.networks.images import build_image_classifier

    keras.utils.set_random_seed(1)
    return build_image_classifier((4, 6))


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, SIDE, SIDE, len(CHANNELS))).astype(np.float32)


def told(network: Any, image: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.asarray(values) for name, values in network(image).items()}


def test_the_number_is_the_sum_of_the_map_and_decides_the_label(
    network: Any, image: np.ndarray
) -> None:
    output = told(network, image)
    assert output["map"].shape == (2, 32, 32, 1)
    np.testing.assert_allclose(output["map"].sum(axis=(1, 2)), output["number"], rtol=1e-4)
    np.testing.assert_allclose(output["label"][:, :1], np.exp(-output["number"]), rtol=1e-4)
    np.testing.assert_allclose(output["label"].sum(axis=1), 1, atol=1e-6)
    # The training starts close to what is there on average, or it would begin with a shock.
    assert 0.5 < output["number"].min() <= output["number"].max() < 10


def test_a_point_of_the_map_sees_its_surroundings_alone(network: Any, image: np.ndarray) -> None:
    far = image.copy()
    far[:, 40:, :] += 5
    before, after = told(network, image)["map"], told(network, far)["map"]
    np.testing.assert_array_equal(before[:, :14], after[:, :14])
    assert np.abs(before[:, 22:] - after[:, 22:]).max() > 0


def test_it_survives_a_file(network: Any, image: np.ndarray, tmp_path: Path) -> None:
    import keras

    network.save(tmp_path / "images.keras")
    again = told(keras.models.load_model(tmp_path / "images.keras", safe_mode=True), image)
    for name, values in told(network, image).items():
        np.testing.assert_array_equal(again[name], values)


def test_half_precision_inside_stays_single_precision_outside(image: np.ndarray) -> None:
    import keras

    from napari_stem3d.networks.images import build_image_classifier

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        output = told(build_image_classifier((4, 6)), image)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert {str(values.dtype) for values in output.values()} == {"float32"}


def test_the_channels_are_what_the_segmentation_sees_at_half_resolution(tmp_path: Path) -> None:
    from napari_stem3d.networks.unet import build_particle_unet

    unet = build_particle_unet((4, 6), fine=2)
    unet.save(tmp_path / "unet.keras")
    images = np.random.default_rng(2).normal(size=(3, FIELD, FIELD)).astype(np.float32)
    channels = pixel_channels(images, str(tmp_path / "unet.keras"))
    assert channels.shape == (3, SIDE, SIDE, len(CHANNELS))
    # Neither gain nor offset matters, and an image's channels do not depend on its neighbours.
    one = pixel_channels([7 * images[2] + 50], str(tmp_path / "unet.keras"))
    np.testing.assert_allclose(one[0], channels[2], atol=1e-4)
    assert 0 <= channels[..., FOREGROUND].min() < channels[..., FOREGROUND].max() <= 1


def test_segmentation_networks_without_edges_and_corners_serve_as_well(tmp_path: Path) -> None:
    import keras

    image = keras.Input((None, None, 1))
    regions = keras.layers.Conv2D(3, 3, padding="same", activation="softmax")(image)
    thickness = keras.layers.Conv2D(1, 3, padding="same", activation="softplus")(image)
    model = keras.Model(image, {"regions": regions, "thickness": thickness})
    model.save(tmp_path / "plain.keras")
    channels = pixel_channels(np.eye(FIELD)[None], str(tmp_path / "plain.keras"))
    assert np.all(channels[..., 4:] == 0)
    assert np.ptp(channels[..., 3]) > 0
