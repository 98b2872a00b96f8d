"""Networks on disk: what is written comes back, what was tampered with does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks import store


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    store.load.cache_clear()
    yield
    store.load.cache_clear()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    import keras

    image = keras.Input((8, 8, 1))
    pixels = keras.layers.Conv2D(3, 3, activation="softmax", name="regions")(image)
    path = tmp_path / "tiny.keras"
    store.write(keras.Model(image, {"regions": pixels}), path, {"name": "tiny", "unit": "µm"})
    return path


def refusal(name: Path | str) -> str:
    with pytest.raises(InputError) as error:
        store.load(str(name))
    message = str(error.value)
    assert "\n" not in message
    assert "Received: " in message
    return message


@pytest.mark.tensorflow
def test_what_is_written_comes_back(saved: Path) -> None:
    network = store.load(str(saved))
    image = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)
    regions = np.asarray(network.model(image)["regions"])
    assert regions.shape == (2, 6, 6, 3)
    np.testing.assert_allclose(regions.sum(axis=-1), 1, rtol=1e-5)
    store.load.cache_clear()
    again = np.asarray(store.load(str(saved)).model(image)["regions"])
    np.testing.assert_array_equal(again, regions)
    assert network.card == {"name": "tiny", "unit": "µm", "sha256": store.sha256(saved)}
    assert sorted(p.name for p in saved.parent.iterdir()) == ["tiny.json", "tiny.keras"]


@pytest.mark.tensorflow
def test_a_network_is_read_once(saved: Path) -> None:
    assert store.load(str(saved)) is store.load(str(saved))


@pytest.mark.tensorflow
def test_a_file_changed_since_its_card_was_written_is_refused(saved: Path) -> None:
    with saved.open("ab") as file:
        file.write(b"x")
    assert refusal(saved).startswith("tiny.keras must be the file its card describes.")


@pytest.mark.tensorflow
def test_a_damaged_file_without_a_card_is_refused(saved: Path) -> None:
    saved.with_suffix(".json").unlink()
    saved.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    assert refusal(saved).startswith("tiny.keras must be a Keras model that can be loaded safely.")


@pytest.mark.tensorflow
def test_code_inside_a_file_is_not_run(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "code.keras"
    layers = [keras.Input((3,)), keras.layers.Lambda(lambda x: x * 2)]
    store.write(keras.Sequential(layers), path, {})
    assert "can be loaded safely" in refusal(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "must have trained weights in a file" in refusal(tmp_path / "none.keras")


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    assert "particle-unet" in refusal("particle-uent")


def test_a_damaged_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny.keras").write_bytes(b"weights")
    (tmp_path / "tiny.json").write_text("{broken")
    assert refusal(tmp_path / "tiny.keras").startswith("tiny.json must be")


def test_a_card_can_be_written_again(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    path.write_bytes(b"weights")
    store.write_card(path, {"accuracy": 0.9})
    assert store.read_card(path) == {"accuracy": 0.9, "sha256": store.sha256(path)}
    path.write_bytes(b"others")
    store.write_card(path, store.read_card(path))
    assert json.loads(path.with_suffix(".json").read_text())["sha256"] == store.sha256(path)


def test_no_card_is_an_empty_card(tmp_path: Path) -> None:
    assert store.read_card(tmp_path / "none.keras") == {}
