"""Evaluation: its arithmetic, and that it counts what it says."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.evaluation import CHANGES, evaluate
from napari_stem3d.tasks.scene_evaluation import evaluate_scenes, match, threshold_labels


def test_match_counts_found_particles_and_told_labels() -> None:
    truth = np.zeros((30, 40), int)
    truth[2:10, 2:10] = 1
    truth[2:10, 20:30] = 2
    truth[20:22, 20:22] = 3  # too small to be asked for
    labels = np.zeros_like(truth)
    labels[2:10, 2:9] = 4  # found
    labels[2:10, 20:24] = 5  # not half of it
    labels[20:22, 20:22] = 6  # a speck, neither right nor wrong
    labels[25:29, 2:9] = 7  # nothing there
    assert match(truth, labels).tolist() == [1, 2, 3]
    assert match(truth, np.zeros_like(truth)).tolist() == [0, 2, 0]


def test_the_baseline_finds_what_stands_alone() -> None:
    image = np.zeros((40, 40), np.float32)
    image[5:15, 5:15] = image[25:35, 20:36] = 1
    assert len(np.unique(threshold_labels(image))) == 3


def test_changes_of_the_grey_values() -> None:
    image = np.array([[0.0, 1234.5], [70_000, 3]], np.float32)
    assert CHANGES["uint16"](image).tolist() == [[0, 1234], [65_535, 3]]
    assert CHANGES["uint16"](image).dtype == np.uint16
    np.testing.assert_allclose(CHANGES["+500"](image), image + 500)
    np.testing.assert_allclose(CHANGES["x0.01"](image), image / 100)


@pytest.mark.parametrize(
    "wrong", [{"task": "colour"}, {"dose": "huge"}, {"change": "x2"}, {"count": 0}]
)
def test_unknown_conditions_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Received: "):
        evaluate(**wrong)  # type: ignore[arg-type]


@pytest.mark.tensorflow
def test_intact_cuboids_are_told_from_deformed_ones_far_better_than_by_guessing() -> None:
    row = evaluate(task="deformed", count=40, seed=5).iloc[0]
    assert row["low"] > row["baseline"]
    assert row["low"] < row["accuracy"] < row["high"] or row["accuracy"] == 100


@pytest.mark.tensorflow
def test_scenes_are_segmented_better_than_by_a_threshold() -> None:
    row = evaluate_scenes(count=12, seed=5).iloc[0]
    assert row["f1"] > row["baseline"] + 10
    assert row["foreground_iou"] > 80
