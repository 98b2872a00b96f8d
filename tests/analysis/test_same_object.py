"""One object in several images: which particle it is, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_stem3d._errors import InputError

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def labels() -> np.ndarray:
    """A large particle at the edge, two inside of which the second is larger."""
    labels = np.zeros((60, 70), np.int32)
    labels[:40, :30] = 1
    labels[5:10, 50:55] = 2
    labels[25:45, 40:60] = 3
    return labels


def test_the_object_is_the_largest_particle_wholly_inside(labels: np.ndarray) -> None:
    from napari_stem3d.analysis.same_object import the_object

    np.testing.assert_array_equal(the_object(labels), labels == 3)
    np.testing.assert_array_equal(the_object(np.where(labels == 1, 1, 0)), labels == 1)
    assert the_object(np.zeros((9, 9), np.int32)) is None


def test_one_view_says_what_the_classifier_says(
    labels: np.ndarray, unlearned: tuple[str, str]
) -> None:
    from napari_stem3d.analysis.classification import classify_frame
    from napari_stem3d.analysis.same_object import describe_frame, object_table
    from napari_stem3d.networks.set_views import VIEW, split_views

    image = np.random.default_rng(0).poisson(20 + 30 * (labels > 0)).astype(np.float32)
    view = describe_frame(image, labels, unlearned[1])
    assert view.shape == (1, VIEW)
    # The circle around 20 x 20 pixels, half a pixel wider; guesses of the outline differ a bit.
    radius = 20 * np.exp(split_views(view)["radius"][0, 0])
    assert abs(radius - np.hypot(9.5, 9.5)) < 1.5
    alone = classify_frame(image, labels, unlearned[1]).query("particle == 3").iloc[0]
    told = object_table(view, unlearned[0]).iloc[0]
    assert (told["images"], told["same_object"]) == (1, 1)
    assert [told[n] for n in ("shape", "corners")] == [alone[n] for n in ("shape", "corners")]
    chances = [name for name in told.index if name.startswith("p_")]
    np.testing.assert_allclose(told[chances].astype(float), alone[chances].astype(float), atol=1e-4)


def test_several_views_give_one_row_in_any_order(unlearned: tuple[str, str]) -> None:
    from napari_stem3d.analysis.same_object import COLUMNS, object_table
    from napari_stem3d.networks.set_views import VIEW

    views = np.random.default_rng(0).normal(-2, 1, (4, VIEW)).astype(np.float32)
    table = object_table(views, unlearned[0])
    assert list(table.columns) == list(COLUMNS)
    assert table["images"].tolist() == [4]
    assert 0 < table["same_object"][0] < 1
    again = object_table(views[::-1], unlearned[0])
    np.testing.assert_allclose(again["shape_probability"], table["shape_probability"], rtol=1e-4)


def test_images_without_a_particle_have_no_view(unlearned: tuple[str, str]) -> None:
    from napari_stem3d.analysis.same_object import describe_frame, object_table

    image = np.arange(400, dtype=np.float32).reshape(20, 20)
    none = describe_frame(image, np.zeros((20, 20), int), unlearned[1])
    assert none.shape == (0, 330)
    with pytest.raises(InputError, match=r"one view at least\. Received: \(0, 330\)"):
        object_table(none, unlearned[0])


def test_each_view_adds_a_row(unlearned: tuple[str, str]) -> None:
    from napari_stem3d.analysis.same_object import object_table, object_tables
    from napari_stem3d.networks.set_views import VIEW

    views = np.random.default_rng(0).normal(-2, 1, (3, VIEW)).astype(np.float32)
    table = object_tables(views, unlearned[0])
    assert table["images"].tolist() == [1, 2, 3]
    last = object_table(views, unlearned[0]).iloc[0]
    assert table["shape_probability"].iloc[-1] == pytest.approx(last["shape_probability"])
    # A network that knows nothing is sure of nothing.
    assert (table["more_images"].isna() | (table["more_images"] > 0)).all()
