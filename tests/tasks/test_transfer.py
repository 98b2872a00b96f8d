"""From a folder of images to a classifier, features computed once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.labelling import label_images, load_classifier
from napari_stem3d.networks import store
from napari_stem3d.networks.last_layer import LastLayer
from napari_stem3d.tasks import bottlenecks
from napari_stem3d.tasks.folders import Folder
from napari_stem3d.tasks.simulated import Simulated
from napari_stem3d.tasks.transfer import PARTS, Split, transfer_to

QUICK = LastLayer(steps=200, rate=0.05)


def image(rng: np.random.Generator, side: str) -> np.ndarray:
    """Noise that is brighter on the left or on the right."""
    values = rng.normal(0, 0.2, (24, 24)).astype(np.float32)
    values[:, slice(12) if side == "left" else slice(12, None)] += 1
    return values


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    rng, path = np.random.default_rng(4), tmp_path_factory.mktemp("sides")
    for side in ("left", "right"):
        (path / side).mkdir()
        for k in range(40):
            tifffile.imwrite(path / side / f"{k}.tif", image(rng, side))
    return path


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Path:
    """Four random filters, and how they answer in each of nine squares."""
    import keras

    keras.utils.set_random_seed(5)
    shown = keras.Input((12, 12, 1))
    x = keras.layers.AveragePooling2D(4)(keras.layers.Conv2D(4, 3, padding="same")(shown))
    path = tmp_path_factory.mktemp("backbone") / "tiny.keras"
    store.write(keras.Model(shown, {"features": keras.layers.Flatten()(x)}), path, {})
    return path


def test_the_split_is_that_of_the_original_script() -> None:
    """ML-01: by a hash of the object's name, written down anew from retrain.py."""
    names = [f"cube/{k}" for k in range(3000)]
    parts = [Split().part(name) for name in names]
    for name, part in zip(names, parts):
        number = int(hashlib.sha1(name.encode()).hexdigest(), 16) % 2**27 * 100 / (2**27 - 1)
        assert part == ("validation" if number < 10 else "test" if number < 20 else "training")
    shares = [parts.count(part) / len(parts) for part in PARTS]
    np.testing.assert_allclose(shares, [0.8, 0.1, 0.1], atol=0.02)
    other = [Split(seed=1).part(name) for name in names]
    assert np.mean(np.array(other) == parts) == pytest.approx(0.66, abs=0.05)


def test_an_object_is_never_in_two_parts() -> None:
    rows = Split().rows([f"object {k // 10}" for k in range(1000)])
    objects = [{int(k) // 10 for k in rows[part]} for part in PARTS]
    assert sum(map(len, objects)) == len(set.union(*objects)) == 100


def test_a_part_without_images_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"so many different objects.*Received: 1 objects"):
        Split().rows(["one"] * 50)
    with pytest.raises(InputError, match="validation and test must be percentages"):
        Split(60, 40)


@pytest.mark.tensorflow
def test_the_second_run_asks_the_backbone_nothing(folder, backbone, tmp_path) -> None:
    """ML-01: cached bottlenecks, found by content, also when files were renamed."""
    import keras

    model = keras.models.load_model(backbone)
    first = bottlenecks.compute(model, Folder(folder), tmp_path)
    assert first.computed == 80
    assert first.features.shape == (80, 1, 36)

    def fail(*_: object) -> None:
        raise AssertionError("the backbone was called")

    model.predict_on_batch = fail
    again = bottlenecks.compute(model, Folder(folder), tmp_path)
    assert again.computed == 0
    np.testing.assert_array_equal(again.features, first.features)
    assert again.groups == first.groups
    model.layers[1].set_weights([w + 1 for w in model.layers[1].get_weights()])
    with pytest.raises(AssertionError, match="was called"):
        bottlenecks.compute(model, Folder(folder), tmp_path)


@pytest.mark.tensorflow
def test_copies_of_an_image_stay_in_one_part(folder, backbone, tmp_path) -> None:
    import keras

    pictures = list(Folder(folder))[:3]
    copy = pictures[0]._replace(group="another name")
    model = keras.models.load_model(backbone)
    found = bottlenecks.compute(model, [*pictures, copy], tmp_path)
    assert found.computed == 3
    assert found.groups[3] == found.groups[0]


@pytest.mark.tensorflow
@pytest.mark.parametrize("fine_tune", [0, 30])
def test_a_folder_becomes_a_classifier(folder, backbone, tmp_path, fine_tune) -> None:
    told = []
    made = transfer_to(
        Folder(folder),
        "mobilenet-v2",
        weights=backbone,
        settings=QUICK,
        fine_tune=fine_tune,
        cache=tmp_path,
        progress=lambda *step: told.append(step),
    )
    assert made.card["classes"] == ["left", "right"]
    assert sum(made.card["training"]["images"].values()) == 80
    (figure,) = made.card["figures"]
    assert figure["accuracy"] == 100 and figure["low"] < 100
    assert ("Train the last layer", 200, 200) in told
    assert any(what == "Train all layers" for what, *_ in told) == bool(fine_tune)
    path = tmp_path / "sides.keras"
    store.write(made.model, path, {"name": "sides", **made.card})
    rng = np.random.default_rng(6)
    sides = ["left", "right", "right", "left"]
    classifier = load_classifier(str(path))
    labels = [p.argmax() for p in label_images([image(rng, s) for s in sides], classifier)]
    assert [classifier.classes[k] for k in labels] == sides


@pytest.mark.tensorflow
def test_a_network_that_names_no_images_is_one_sentence(backbone) -> None:
    with pytest.raises(InputError, match="A network for images must give 'label'"):
        load_classifier(str(backbone))


@pytest.mark.parametrize("task", ["deformed", "corners", "shape"])
def test_simulated_classes_have_their_numbers_and_objects_of_their_own(task: str) -> None:
    source = Simulated(task, count=2, seed=7)
    pictures = list(source)
    assert len(pictures) == len(source)
    assert np.bincount([p.label for p in pictures]).tolist() == [2] * len(source.classes)
    assert len({p.group for p in pictures}) == len(pictures)
    np.testing.assert_array_equal(next(iter(source)).image, pictures[0].image)


def test_an_unknown_task_is_one_sentence() -> None:
    with pytest.raises(InputError, match="task must be one of"):
        Simulated("colour")
