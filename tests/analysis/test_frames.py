from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.frames import checked_frame, checked_labels

RAMP = np.arange(80.0).reshape(8, 10)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int64, np.float16, np.float64])
def test_real_images_of_any_type_are_taken(kind: type) -> None:
    frame = checked_frame(RAMP.astype(kind))
    assert frame.dtype == np.float32
    np.testing.assert_allclose(np.diff(frame, axis=1), 1)


def test_lists_and_truth_values_are_images_too() -> None:
    np.testing.assert_array_equal(np.ptp(checked_frame(RAMP.tolist())), 79)
    assert np.ptp(checked_frame(RAMP > 40)) == 1


def test_missing_pixels_are_filled() -> None:
    frame = checked_frame(np.where(RAMP == 33, np.nan, RAMP))
    assert np.isfinite(frame).all()


@pytest.mark.parametrize(
    "frame",
    [
        RAMP + 1j, RAMP[0], RAMP[None], RAMP[:7], RAMP[:, :7], np.zeros((0, 20)), 5.0, None,
        "image",
        np.full((9, 9), "a"), np.full((9, 9), None), np.zeros((9, 9), "datetime64[s]"),
    ],
)  # fmt: skip
def test_what_is_no_grey_image_is_refused_in_one_sentence(frame: Any) -> None:
    with pytest.raises(InputError) as error:
        checked_frame(frame)
    array = np.asarray(frame)
    assert str(error.value) == (
        "An image must be a real grey image (y, x) of at least 8 x 8 pixels. "
        f"Received: an array of shape {array.shape} and type {array.dtype}"
    )


def test_labels_become_whole_numbers_of_one_kind() -> None:
    for labels in (RAMP.astype(np.uint8), RAMP.astype(np.int64), RAMP > 3):
        checked = checked_labels(labels, (8, 10))
        assert checked.dtype == np.int32
        np.testing.assert_array_equal(checked, labels)


@pytest.mark.parametrize(
    "labels", [RAMP, RAMP.astype(int) - 1, RAMP.astype(int)[:7], RAMP.astype(int).ravel(), None]
)
def test_what_are_no_labels_is_refused(labels: Any) -> None:
    with pytest.raises(InputError, match=r"^Labels must be whole numbers from 0 on in .*\(8, 10\)"):
        checked_labels(labels, (8, 10))
