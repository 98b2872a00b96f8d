"""Losses, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def test_any_allowed_class_is_right() -> None:
    from napari_stem3d.networks.losses import any_of

    told = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]], np.float32)
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], np.float32)
    expected = [-np.log(0.5), -np.log(0.8), 0]
    np.testing.assert_allclose(np.asarray(any_of(truth, told)), expected, rtol=1e-6)


def test_distances_count_where_they_are_known() -> None:
    from napari_stem3d.networks.losses import known_distance

    truth = np.array([[1.0, 1.2, 1.5], [0.0, 0.0, 0.0]], np.float32)
    told = np.array([[1.1, 1.2, 1.3], [9.0, 9.0, 9.0]], np.float32)
    np.testing.assert_allclose(np.asarray(known_distance(truth, told)), [0.1, 0], atol=1e-6)


def test_marks_weigh_eleven_times_the_empty_ground() -> None:
    from napari_stem3d.networks.losses import weighted_marks

    truth = np.zeros((1, 2, 2, 1), np.float32)
    truth[0, 0, 0] = 1
    half = np.full((1, 2, 2, 1), 0.5, np.float32)
    expected = np.log(2) * (11 + 3) / 4
    np.testing.assert_allclose(np.asarray(weighted_marks(truth, half)), [expected], rtol=1e-5)


def test_thickness_counts_relatively_where_it_is_thick() -> None:
    from napari_stem3d.networks.losses import log_thickness

    truth = np.full((1, 1, 1, 1), 99.0, np.float32)
    np.testing.assert_allclose(np.asarray(log_thickness(truth, truth * 1.1)), [0.0945], atol=1e-3)
