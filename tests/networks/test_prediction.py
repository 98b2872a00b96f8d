"""Tiles and batches are a matter of memory alone: they must not be seen in what is predicted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from napari_stem3d.networks import prediction

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def pixels() -> Any:
    """Network that sees five pixels in each direction, with random weights."""
    import keras

    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, 1))
    seen = keras.layers.Conv2D(6, 7, padding="same", activation="tanh")(image)
    seen = keras.layers.Conv2D(6, 5, padding="same", activation="tanh")(seen)
    regions = keras.layers.Conv2D(3, 1, activation="softmax")(seen)
    thickness = keras.layers.Conv2D(1, 1, activation="softplus")(seen)
    edges, corners = (keras.layers.Conv2D(1, 1, activation="sigmoid")(seen) for _ in range(2))
    outputs = {"regions": regions, "thickness": thickness, "edges": edges, "corners": corners}
    return keras.Model(image, outputs)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "TILE", 96)
    monkeypatch.setattr(prediction, "OVERLAP", 16)
    monkeypatch.setattr(prediction, "_ROUND", 32)


@pytest.mark.parametrize("shape", [(96, 96), (192, 288), (200, 250), (97, 60), (8, 300)])
def test_tiles_are_not_seen(pixels: Any, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    maps = prediction.predict_maps(pixels.predict_on_batch, image)
    whole = pixels(image[None, ..., None])
    regions, thickness = (np.asarray(whole[k])[0] for k in ("regions", "thickness"))
    # What lies beyond the edges is made up, in another way for each.
    own = np.s_[5 : shape[0] - 5, 5 : shape[1] - 5]
    expected = (255 * (1 - regions[..., 0]), 255 * regions[..., 1], thickness[..., 0])
    assert maps.edges is None
    assert maps.corners is None
    for found, wanted in zip(maps[:3], expected):
        assert found.shape == shape
        np.testing.assert_allclose(found[own].astype(float), wanted[own], atol=0.51, rtol=1e-3)
    np.testing.assert_allclose(maps.thickness[own].astype(float), thickness[..., 0][own], rtol=2e-3)
    assert np.ptp(maps.foreground) > 20  # there is something to get wrong


def test_a_tile_without_overlap_would_be_seen(pixels: Any, monkeypatch) -> None:
    image = np.random.default_rng(0).normal(size=(192, 192)).astype(np.float32)
    good = prediction.predict_maps(pixels.predict_on_batch, image).foreground
    monkeypatch.setattr(prediction, "OVERLAP", 0)
    bad = prediction.predict_maps(pixels.predict_on_batch, image).foreground
    assert abs(good.astype(int) - bad).max() > 5


def test_maps_cost_a_byte_or_two_per_pixel(pixels: Any) -> None:
    maps = prediction.predict_maps(
        pixels.predict_on_batch, np.zeros((40, 50), np.float32), marks=True
    )
    assert [m.dtype for m in maps] == [np.uint8, np.uint8, np.float16, np.uint8, np.uint8]


def test_marks_are_kept_if_asked_for(pixels: Any) -> None:
    image = np.random.default_rng(2).normal(size=(96, 192)).astype(np.float32)
    maps = prediction.predict_maps(pixels.predict_on_batch, image, marks=True)
    whole = pixels(image[None, ..., None])
    for name in ("edges", "corners"):
        found, wanted = getattr(maps, name), 255 * np.asarray(whole[name])[0, ..., 0]
        np.testing.assert_allclose(found[5:-5, 5:-5], wanted[5:-5, 5:-5], atol=0.51)


@pytest.mark.parametrize("shape", [(96, 96), (60, 82), (8, 30)])
def test_all_edges_of_an_image_are_treated_alike(pixels: Any, shape: tuple[int, int]) -> None:
    import keras

    # Symmetric kernels see the mirrored image mirrored, if nothing else tells the sides apart.
    even = keras.models.clone_model(pixels)
    for layer in even.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel + kernel[::-1] + kernel[:, ::-1] + kernel[::-1, ::-1], bias])
    image = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    maps = prediction.predict_maps(even.predict_on_batch, image)
    turned = prediction.predict_maps(even.predict_on_batch, image[::-1, ::-1])
    assert np.ptp(maps.foreground) > 20
    for one, other in zip(maps[:3], turned[:3]):
        np.testing.assert_allclose(one.astype(float), other[::-1, ::-1], atol=1, rtol=2e-3)


def test_progress_counts_the_tiles(pixels: Any) -> None:
    told: list[tuple[int, int]] = []
    image = np.zeros((100, 200), np.float32)
    prediction.predict_maps(
        pixels.predict_on_batch, image, lambda done, total: told.append((done, total))
    )
    assert told == [(k, 6) for k in range(1, 7)]


@pytest.fixture(scope="module")
def means() -> Any:
    import keras

    crop = keras.Input((4, 4, 2))
    mean = keras.layers.GlobalAveragePooling2D()(crop)
    return keras.Model(crop, {"mean": mean, "most": keras.layers.GlobalMaxPooling2D()(crop)})


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
def test_every_crop_gets_its_own_answer_in_order(means: Any, count: int) -> None:
    crops = np.random.default_rng(1).normal(size=(count, 4, 4, 2)).astype(np.float32)
    batches = list(prediction.predict_batches(means, iter(crops), size=4))
    assert [len(b["mean"]) for b in batches] == [4] * (count // 4) + [count % 4] * (count % 4 > 0)
    if count:
        found = {name: np.concatenate([b[name] for b in batches]) for name in ("mean", "most")}
        np.testing.assert_allclose(found["mean"], crops.mean(axis=(1, 2)), atol=1e-6)
        np.testing.assert_allclose(found["most"], crops.max(axis=(1, 2)), atol=1e-6)


def test_no_more_crops_are_made_than_a_batch_needs(means: Any) -> None:
    made = 0

    def crops() -> Iterator[np.ndarray]:
        nonlocal made
        while True:
            made += 1
            yield np.ones((4, 4, 2), np.float32)

    next(prediction.predict_batches(means, crops(), size=5))
    assert made == 5
