from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_the_encoder_halves_the_size_between_its_widths() -> None:
    import keras

    from napari_stem3d.networks.blocks import decoder, encoder, stem

    image = keras.Input((64, 96, 3))
    stages = encoder(stem(image, 4), (4, 6, 8))
    assert [s.shape[1:] for s in stages] == [(32, 48, 4), (16, 24, 6), (8, 12, 8)]
    assert decoder(stages, (4, 6, 8)).shape[1:] == (32, 48, 4)
    names = [layer.name for layer in keras.Model(image, decoder(stages, (4, 6, 8), "again")).layers]
    assert len(set(names)) == len(names)


def test_a_block_begins_as_its_shortcut() -> None:
    import keras

    from napari_stem3d.networks.blocks import conv_block

    image = keras.Input((8, 8, 3))
    values = np.abs(np.random.default_rng(0).normal(size=(2, 8, 8, 3))).astype(np.float32)
    block = keras.Model(image, conv_block(image, 3, "block"))
    np.testing.assert_array_equal(np.asarray(block(values)), values)


def test_unfolding_doubles_the_size_and_keeps_places() -> None:
    import keras

    from napari_stem3d.networks.blocks import unfold

    image = keras.Input((4, 6, 8))
    model = keras.Model(image, unfold(image, "maps"))
    values = np.zeros((1, 4, 6, 8), np.float32)
    values[0, 1, 4] = 1
    maps = np.asarray(model(values))
    assert maps.shape == (1, 8, 12, 2)
    assert {(y // 2, x // 2) for _, y, x, _ in np.argwhere(maps)} == {(1, 4)}


def test_second_differences_see_edges_but_neither_offset_nor_slope() -> None:
    """ML-17: a layer of our own that targets deformations, and comes back from its description."""
    import keras

    from napari_stem3d.networks.blocks import SecondDifferences

    layer = SecondDifferences()
    y, x = np.mgrid[:32, :32].astype(np.float32)
    roof = np.minimum(x, 31 - x) + 0.3 * y + 5
    slope = 0.7 * x - 0.2 * y + 3
    images = np.stack([roof, slope])[..., None]
    out = np.asarray(layer(images))
    assert out.shape == (2, 32, 32, 4)
    np.testing.assert_array_equal(out[..., :1], images)
    inner = out[:, 4:-4, 4:-4, 1:]
    assert np.abs(inner[1]).max() < 1e-3
    strength = np.abs(inner[0, :, :, 0]).mean(axis=0)
    assert set(np.argsort(strength)[-2:]) == {11, 12}  # columns 15 and 16, where the roof bends
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.scale == layer.scale


def test_far_places_know_of_each_other() -> None:
    import keras

    from napari_stem3d.networks.blocks import relate

    image = keras.Input((6, 6, 3))
    model = keras.Model(image, relate(image, 8))
    rng = np.random.default_rng(0)
    one = rng.normal(size=(1, 6, 6, 3)).astype(np.float32)
    other = one.copy()
    other[0, 5, 5] += 1
    first, second = (np.asarray(model(values))[0] for values in (one, other))
    assert first.shape == (36, 8)
    assert np.abs(first[0] - second[0]).max() > 1e-4
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(np.asarray(again(one))[0], first, atol=1e-6)
