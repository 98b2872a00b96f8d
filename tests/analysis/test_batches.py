"""Many images at a time give what they give one by one."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d.analysis.batches import particle_outputs, segment_frames
from napari_stem3d.analysis.classification import classify_frame
from napari_stem3d.analysis.frames import checked_frame
from napari_stem3d.analysis.segmentation import segment_frame
from napari_stem3d.networks.contracts import SHAPES
from napari_stem3d.simulation import Dataset
from napari_stem3d.tasks.corners128 import Corners128

pytestmark = pytest.mark.tensorflow


def test_labels_and_probabilities_are_those_of_single_images() -> None:
    images = [sample.image for sample in Dataset(Corners128("shape"), 5, seed=4)]
    images[2] = images[2][:100, :90]  # which does not fit into the batch
    images.append(np.ones((128, 128), np.float32))
    together = segment_frames(images)
    for image, labels in zip(images, together):
        alone = segment_frame(image).labels
        assert labels.dtype == alone.dtype
        assert np.mean(labels != alone) < 1e-3  # numbers are rounded in another order
    found = [(checked_frame(i), labels == 1) for i, labels in zip(images, together) if labels.any()]
    outputs = particle_outputs(found)
    assert len(found) == 5
    for k, (image, mask) in enumerate(found):
        row = classify_frame(image, mask).iloc[0]
        told = row[[f"p_{name}" for name in SHAPES[:8]]].to_numpy(float)
        np.testing.assert_allclose(outputs["shape"][k, :8], told, atol=2e-2)
        corners = row[[f"p_corners_{n}" for n in range(9)]].to_numpy(float)
        np.testing.assert_allclose(outputs["corners"][k], corners, atol=2e-2)
