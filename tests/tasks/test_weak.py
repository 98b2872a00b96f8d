"""Learning from labels of images alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_stem3d.networks.channels import CHANNELS, SIDE
from napari_stem3d.tasks.images import LabelledImages
from napari_stem3d.tasks.weak import (
    ARMS,
    PARTICLE_IMAGES,
    blind_hits,
    compare,
    evaluate_images,
    mcnemar,
)


def test_mcnemar_looks_at_what_differs_alone() -> None:
    first = np.array([True] * 50 + [False] * 10)
    second = np.array([True] * 60)
    assert mcnemar(first, second) == pytest.approx(2 * 0.5**10)
    assert mcnemar(first, first) == 1.0


def spots(count: int, seed: int) -> LabelledImages:
    """Images in which the number of bright spots shows in the last channel alone."""
    rng = np.random.default_rng(seed)
    channels = rng.normal(0, 0.1, (count, SIDE, SIDE, len(CHANNELS))).astype(np.float32)
    channels[..., 1] = 1
    numbers, pieces = rng.integers(0, 3, count), []
    for image, number in zip(channels, numbers):
        places = rng.integers(8, SIDE - 8, (number, 2))
        for y, x in places:
            image[y - 2 : y + 3, x - 2 : x + 3, -1] += 2
        centres = 2 * places[:, None] + 0.5
        pieces.append(centres + np.array([[-4, -4], [4, -4], [-4, 4], [4, 4]]))
    return LabelledImages(channels, numbers, pieces)


def test_a_blind_point_hits_as_often_as_its_share_of_the_particle() -> None:
    images = spots(40, 1)
    blind = blind_hits(images)
    assert np.all(blind[images.numbers == 0] == 0)
    one = blind[images.numbers == 1]
    assert np.all((one > 81 / 128**2) & (one < 250 / 128**2))  # 9 x 9 pixels and 3 around them


@pytest.mark.tensorflow
def test_it_finds_places_from_numbers_alone_where_the_maps_show_them() -> None:
    """ML-07: labels of images teach where to look, and maps as further channels help."""
    settings = replace(PARTICLE_IMAGES.training, steps=120, batch=16, average=0.9, interval=120)
    test = spots(100, 2)
    alone, shown = compare(spots(256, 3), test, settings).values()
    assert (len(ARMS), mcnemar(alone.right, shown.right) < 0.01) == (2, True)
    assert shown.right.mean() > 0.9 > alone.right.mean()
    assert shown.hit[test.numbers > 0].mean() > 0.9
    assert not shown.hit[test.numbers == 0].any()


@pytest.mark.tensorflow
def test_the_network_that_ships_is_better_than_guessing() -> None:
    table = evaluate_images(count=40, seed=8).set_index("figure")
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    assert table.loc["intact or deformed", "low"] > 50
    assert table.loc["looked at a deformed corner", "value"] > table["baseline"].iloc[-1]
    assert table.loc["looked at a deformed corner", "images"] < 40  # the intact have none
