"""Several images of one object: how they are drawn, judged and counted."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.networks.contracts import MOST_CORNERS
from napari_stem3d.tasks.corners128 import Corners128, seen_again

pytestmark = pytest.mark.tensorflow


def test_the_same_object_is_seen_again_in_another_pose() -> None:
    rng = np.random.default_rng(0)
    scene = Corners128("corners")(rng)
    other = seen_again(rng, scene)
    (first,), (second,) = scene.particles, other.particles
    assert (first.shape, first.deformations) == (second.shape, second.deformations)
    assert scene.microscope == other.microscope
    assert first.position != second.position
    assert (first.rotation * second.rotation.inv()).magnitude() > 0.01
    thickness = other.image(rng).thickness
    edge = np.concatenate([thickness[[0, -1]].ravel(), thickness[:, [0, -1]].ravel()])
    assert thickness.any()
    assert not edge.any()


def test_one_row_per_number_of_images(unlearned: tuple[str, str]) -> None:
    from napari_stem3d.tasks.views import evaluate_views

    done = []
    table = evaluate_views(
        unlearned[0],
        views=(1, 3),
        count=4,
        seed=1,
        classifier=unlearned[1],
        progress=lambda *steps: done.append(steps),
    )
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert table["views"].tolist() == [1, 3]
    assert table["accuracy"][0] == table["naive"][0]
    assert table["one"].tolist()[0] == 100
    assert np.isnan(table["two_told"][0])
    assert table["baseline"].tolist() == [11.11, 11.11]


def test_images_in_which_nothing_was_found_are_left_out() -> None:
    from napari_stem3d.networks.set_views import VIEW, split_views
    from napari_stem3d.tasks.views import Seen, judged

    rows = np.zeros((3, 2, VIEW), np.float32)
    corners = split_views(rows)["corners"]
    corners[:, 0, 4] = corners[:, 1, 7] = 5.0
    corners[0, 0, 4] = 9.0
    overlap = np.array([[0.9, 0.8], [0.0, 0.9], [0.0, 0.0]])
    verdicts, same = judged(Seen("corners", np.array([4, 7, 2]), rows, overlap), 2, None)
    assert verdicts.told.tolist() == [4, 7, -1]
    assert verdicts.overlap.tolist() == [0.8, 0.9, 0]
    assert verdicts.probabilities.shape == (3, MOST_CORNERS + 1)
    assert same.tolist() == [[1], [1], [1]]


@pytest.mark.parametrize("wrong", [{"views": ()}, {"views": (0,)}, {"task": "colour"}])
def test_unknown_conditions_are_refused(wrong: dict[str, object]) -> None:
    from napari_stem3d.tasks.views import evaluate_views

    with pytest.raises(InputError, match="Received: "):
        evaluate_views(**wrong)  # type: ignore[arg-type]
