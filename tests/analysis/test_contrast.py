"""Images that are upside down are noticed; how often is measured by benchmarks/robustness.py."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.contrast import inverted, looks_inverted
from napari_stem3d.simulation import Dataset
from napari_stem3d.tasks.corners128 import Corners128


@pytest.mark.parametrize("dose", ["clean", "very-low"])
def test_particles_are_told_from_holes(dose: str) -> None:
    for sample in Dataset(Corners128("shape", dose), 10, seed=8):
        assert not looks_inverted(sample.image)
        assert looks_inverted(inverted(sample.image))


def test_scale_offset_size_and_gaps_do_not_matter() -> None:
    image = Dataset(Corners128("corners"), 1, seed=8)[0].image.astype(float)
    image[3, 5] = np.nan
    for values in (image, 1e-6 * image - 7, np.kron(image, np.ones((3, 3)))):
        assert not looks_inverted(values)
        assert looks_inverted(-values)


def test_without_contrast_nothing_is_said() -> None:
    assert not looks_inverted(np.full((20, 20), 3))


def test_an_unsigned_image_is_turned_over_without_overflow() -> None:
    assert inverted(np.array([[0, 255]], np.uint8)).tolist() == [[0, -255]]


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(InputError, match="must be a real grey image"):
        looks_inverted(np.zeros((3, 4, 5)))
