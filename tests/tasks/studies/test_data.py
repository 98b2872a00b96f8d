"""Images to study on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import Dataset
from napari_stem3d.tasks.corners128 import Corners128
from napari_stem3d.tasks.studies import labelled_images, simulated_images
from napari_stem3d.tasks.studies.data import TRAINING_SEED


def folder_of(path: Path, objects: int) -> Path:
    rng = np.random.default_rng(0)
    for name in ("round", "square"):
        (path / name).mkdir(parents=True)
        for k in range(objects):
            stack = rng.random((3, 12, 10)).astype(np.float32)
            tifffile.imwrite(path / name / f"{k}.tif", stack, photometric="minisblack")
    return path


def test_simulated_images_are_scaled_and_labelled_by_their_truth() -> None:
    data = simulated_images("corners", "clean", count=12, validation=4, side=32)
    assert data.images.shape == (12, 32, 32, 1)
    assert data.validation_images.shape == (4, 32, 32, 1)
    assert 0 <= data.images.min() < data.images.max() <= 1
    truths = Dataset(Corners128("corners", "clean"), 12, TRAINING_SEED)
    assert data.labels.tolist() == [sample.truth()[0]["corners"] for sample in truths]


def test_larger_sets_begin_with_the_smaller_ones_and_validate_with_the_same_images() -> None:
    small = simulated_images("deformed", count=3, validation=5, side=16)
    large = simulated_images("deformed", count=6, validation=5, side=16)
    np.testing.assert_array_equal(large.images[:3], small.images)
    np.testing.assert_array_equal(large.validation_images, small.validation_images)
    assert not np.array_equal(small.images, small.validation_images[:3])
    most = np.bincount(large.validation_labels).max()
    assert large.baseline == pytest.approx(most / 5)


def test_folders_are_split_by_object_within_each_class(tmp_path: Path) -> None:
    data = labelled_images(folder_of(tmp_path / "shapes", 4), side=16)
    assert data.classes == ("round", "square")
    assert np.bincount(data.labels).tolist() == [9, 9]
    assert np.bincount(data.validation_labels).tolist() == [3, 3]
    assert data.images.shape == (18, 16, 16, 1)


def test_a_class_that_cannot_be_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"at least two objects.*Received: 1"):
        labelled_images(folder_of(tmp_path / "shapes", 1), side=16)
    with pytest.raises(InputError, match=r"between 0 and 1. Received: 1"):
        labelled_images(tmp_path / "shapes", validation=1)
