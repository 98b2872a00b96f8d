"""The law that learning curves follow, and what it says about numbers of images."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.tasks.studies import fit_learning_curve

SIZES = np.repeat([125, 250, 500, 1000, 2000, 4000], 3)
CHANCE = 0.5


def measured(a: float, b: float, c: float, seed: int = 1) -> np.ndarray:
    errors = np.minimum(CHANCE, a + b * SIZES**-c)
    return np.random.default_rng(seed).binomial(2000, errors) / 2000


def test_the_law_behind_noisy_errors_is_found_within_its_interval() -> None:
    """ML-18. With the first sizes no better than guessing, which the law allows for."""
    curve = fit_learning_curve(SIZES, measured(0.03, 6, 0.6), 2000, CHANCE)
    for name, truth in (("a", 0.03), ("c", 0.6)):
        low, high = curve.interval(name)
        assert low <= truth <= high
        assert low <= getattr(curve, name) <= high
    assert curve.error(125) == pytest.approx(min(0.5, curve.a + curve.b * 125**-curve.c))
    low, high = curve.error_interval([2000])
    assert low[0] < 0.03 + 6 * 2000**-0.6 < high[0]
    assert high[0] - low[0] < 0.03


def test_the_number_of_images_for_an_accuracy_brackets_the_truth() -> None:
    curve = fit_learning_curve(SIZES, measured(0.0, 4, 0.5), 2000, CHANCE)
    images, low, high = curve.images_for(0.95)
    assert low < (4 / 0.05) ** 2 < high
    assert low < images < high


def test_what_no_number_of_images_removes_is_said() -> None:
    curve = fit_learning_curve(SIZES, measured(0.2, 6, 0.8), 2000, CHANCE)
    images, low, high = curve.images_for(0.99)
    assert math.isinf(images)
    assert math.isinf(high)
    assert low > 4000


def test_curves_need_three_sizes_and_targets_above_guessing() -> None:
    with pytest.raises(InputError, match=r"three sizes.*Received: 2"):
        fit_learning_curve([10, 20, 20], [0.4, 0.3, 0.3], 2000, CHANCE)
    curve = fit_learning_curve([10, 20, 40], [0.4, 0.3, 0.2], 2000, CHANCE)
    with pytest.raises(InputError, match=r"guessing.*Received: 0.4"):
        curve.images_for(0.4)
