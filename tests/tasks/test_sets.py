"""Sets of views: what they hold, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_stem3d.networks.contracts import CLASSES, ORBITS
from napari_stem3d.tasks import sets
from napari_stem3d.tasks.sets import Block, draw_sets

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def pool() -> Block:
    """Ten objects in four views, the first number of which tells object and view."""
    from napari_stem3d.networks.set_views import VIEW

    views = np.zeros((10, 4, VIEW), np.float32)
    views[..., 0] = 10 * np.arange(10)[:, None] + np.arange(4)
    return Block(views, np.arange(10), np.arange(10) % 9, np.eye(len(ORBITS))[:10])


def test_sets_hold_views_of_one_object_or_of_two(pool: Block) -> None:
    lengths = set()
    for seed in range(20):
        views, targets, weights = draw_sets(pool, np.random.default_rng(seed), 50)
        lengths.add(views.shape[1])
        owners = views[..., 0] // 10
        own = owners == targets["shape"][:, None]
        one = targets["same_object"][:, 0] > 0
        np.testing.assert_array_equal(own.all(axis=1), one)
        assert (own.sum(axis=1) >= views.shape[1] / 2).all()
        assert all(len(np.unique(row[mine])) == mine.sum() for row, mine in zip(views[..., 0], own))
        strangers = [set(row) - {first} for row, first in zip(owners, targets["shape"])]
        assert all(len(others) == 1 - same for others, same in zip(strangers, one))
        np.testing.assert_array_equal(targets["corners"], targets["shape"] % 9)
        for name in ("shape", "corners", "orbit"):
            np.testing.assert_array_equal(weights[name], one)
    assert lengths == {2, 3, 4}


def test_blocks_are_described_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_stem3d.networks.classifiers import build_particle_classifier
    from napari_stem3d.networks.set_views import VIEW
    from napari_stem3d.networks.store import write

    monkeypatch.setattr(sets, "FOLDER", tmp_path / "views")
    monkeypatch.setattr(sets, "FAMILIES", 1)
    network = tmp_path / "classes.keras"
    write(build_particle_classifier((8, 8, 8)), network, {"name": "classes"})
    made = sets.block(0, 5, str(network))
    assert made.views.shape == (2, 8, VIEW)
    assert made.orbit.shape == (2, len(ORBITS))
    sets.block.cache_clear()
    monkeypatch.setattr(sets, "describe", None)  # not again
    for array, kept in zip(made, sets.block(0, 5, str(network))):
        np.testing.assert_array_equal(array, kept)


def test_the_recipe_fits_the_network(pool: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    import pkgutil

    import keras

    from napari_stem3d.networks.sets import build_set_classifier

    asked = []
    monkeypatch.setattr(sets, "joined", lambda count, seed: asked.append((count, seed)) or pool)
    recipe = sets.SAME_PARTICLE
    model = build_set_classifier(8)
    model.compile(
        keras.optimizers.SGD(0.1),
        {n: pkgutil.resolve_name(f) if ":" in f else f for n, f in recipe.loss.items()},
        dict(recipe.training.loss_weights),
    )
    batch = recipe.batch(4, 16, 100)
    assert asked == [(7, 4)]  # more objects as the training goes on
    assert np.isfinite(model.train_on_batch(*batch)).all()
    assert len(recipe.card["shapes"]) == len(CLASSES)
