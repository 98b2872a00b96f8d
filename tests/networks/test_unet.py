from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks.contracts import REGIONS

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def unet() -> Any:
    from napari_stem3d.networks.unet import build_particle_unet

    return build_particle_unet((8, 12, 16), fine=4)


@pytest.mark.parametrize("shape", [(64, 64), (32, 96)])
def test_every_pixel_gets_its_regions_and_a_thickness(unet: Any, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=(2, *shape, 1)).astype(np.float32)
    output = {name: np.asarray(values) for name, values in unet(image).items()}
    assert output["regions"].shape == (2, *shape, len(REGIONS))
    assert output["thickness"].shape == (2, *shape, 1)
    np.testing.assert_allclose(output["regions"].sum(axis=-1), 1, atol=1e-5)
    assert output["thickness"].min() >= 0
    for name in ("edges", "corners"):
        assert output[name].shape == (2, *shape, 1)
        assert 0 <= output[name].min() <= output[name].max() <= 1


def test_the_thickness_may_follow_the_grey_values() -> None:
    from napari_stem3d.networks.unet import build_particle_unet

    unet = build_particle_unet((8, 12), fine=4)
    for name, bias in (("gain", 1.0), ("thickness_scores", 0.0)):
        kernel, _ = unet.get_layer(name).get_weights()
        unet.get_layer(name).set_weights([0 * kernel, np.array([bias])])
    image = np.zeros((1, 32, 32, 1), np.float32)
    image[:, 8:24, 8:24] = np.linspace(0.5, 1, 16)[:, None]
    found = np.asarray(unet(image)["thickness"])[0, 9:23, 9:23, 0]
    np.testing.assert_allclose(found, 32 * image[0, 9:23, 9:23, 0], rtol=1e-4)


def test_no_sample_depends_on_its_batch(unet: Any) -> None:
    images = np.random.default_rng(3).normal(size=(3, 32, 32, 1)).astype(np.float32)
    together, alone = unet(images, training=True), unet(images[1:2], training=True)
    for name in together:
        np.testing.assert_allclose(together[name][1:2], alone[name], atol=1e-4, rtol=1e-3)


def test_the_default_widths_are_what_the_docstring_says_of_sides() -> None:
    from napari_stem3d.networks.unet import build_particle_unet

    unet = build_particle_unet()
    assert unet.count_params() < 2e6
    assert unet(np.zeros((1, 16, 48, 1), np.float32))["regions"].shape == (1, 16, 48, 3)


def test_half_precision_inside_stays_single_precision_outside() -> None:
    import keras

    from napari_stem3d.networks.unet import build_particle_unet

    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        unet = build_particle_unet((8, 12), fine=4)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    output = unet(np.zeros((1, 16, 16, 1), np.float32))
    assert {str(values.dtype) for values in map(np.asarray, output.values())} == {"float32"}


def test_it_survives_a_file(unet: Any, tmp_path: Path) -> None:
    import keras

    unet.save(tmp_path / "unet.keras")
    image = np.random.default_rng(1).normal(size=(1, 64, 64, 1)).astype(np.float32)
    again = keras.models.load_model(tmp_path / "unet.keras", safe_mode=True)(image)
    for name, values in unet(image).items():
        np.testing.assert_array_equal(np.asarray(again[name]), np.asarray(values))
